//! `lombard demo`: the documents' own flow, printed and checked.

mod check;
mod pay;
mod samples;
mod shapes;
mod show;
mod steps;
mod walk;

use std::io::{Write, stdout};

use kit::shutdown::Signals;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Demo,
    dev,
    identity::Identity,
    server::Server,
    stack::{Databases, SANDBOX, Stack},
};
use walk::Walk;

/// Walks the flow against the platform at a URL, or one of its own.
///
/// # Errors
///
/// When an answer is not as documented, or there is none.
pub async fn run(options: &Demo) -> anyhow::Result<()> {
    if let Some(url) = &options.url {
        return walk(url.trim_end_matches('/'), options, &mut stdout()).await;
    }
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    signals.run(&stop, on_own_platform(options, &stop)).await?;
    anyhow::ensure!(!stop.is_cancelled(), "interrupted");
    Ok(())
}

async fn on_own_platform(options: &Demo, stop: &CancellationToken) -> anyhow::Result<()> {
    let listener = dev::bind(([127, 0, 0, 1], 0).into()).await?;
    eprintln!("lombard: starting a platform for the demo");
    let server = Server::throw_away().await?;
    let files = tempfile::tempdir()?;
    let databases = Databases {
        server: server.options(),
        prefix: dev::DATABASE_PREFIX.to_owned(),
        files: files.path().to_owned(),
        documents: files.path().join("documents"),
    };
    let identity = Identity::default();
    let walk = async |stack: &Stack| {
        stack.seed(&SANDBOX).await?;
        walk(&stack.url(), options, &mut stdout()).await
    };
    let walked = dev::with_stack(&databases, &identity, listener, None, stop, walk).await;
    let stopped = server.stop().await;
    walked.and(stopped)
}

async fn walk(url: &str, options: &Demo, out: &mut impl Write) -> anyhow::Result<()> {
    let mut walk = Walk::new(url, out)?;
    steps::all(&mut walk, &options.email, &options.password).await?;
    walk.finish()
}

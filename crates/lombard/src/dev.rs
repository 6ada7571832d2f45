//! `lombard dev`: everything on one machine until somebody says stop.

use std::{
    io::{self, ErrorKind, Write, stdout},
    net::SocketAddr,
    path::Path,
};

use anyhow::{Context, anyhow};
use kit::{config::DatabaseUrl, peers::KYC, shutdown::Signals};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Dev,
    identity::Identity,
    server::Server,
    stack::{Databases, OTHER, SANDBOX, Stack},
    walkthrough,
};

/// What the databases' names begin with when nothing is said.
pub(crate) const DATABASE_PREFIX: &str = "lombard_";

/// Runs the platform until Ctrl-C or SIGTERM, then stops all of it, PostgreSQL last.
///
/// # Errors
///
/// When the address or the data directory is in use, when something does not start, and when a part
/// ends that should not.
pub async fn run(options: &Dev) -> anyhow::Result<()> {
    // From here on a signal no longer ends the process at once, which would leave PostgreSQL behind.
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    signals.run(&stop, platform(options, &stop)).await
}

async fn platform(options: &Dev, stop: &CancellationToken) -> anyhow::Result<()> {
    let given = options.database_url.as_ref().map(DatabaseUrl::options).transpose()?;
    let listener = bind(options.listen).await?;
    if !options.listen.ip().is_loopback() {
        eprintln!(
            "lombard: other machines can reach this one, and the sandbox's passwords are public"
        );
    }
    let server = match given {
        Some(server) => Server::Given(server),
        None => Server::durable(&options.data_dir).await?,
    };
    eprintln!("lombard: starting the services");
    let documents = match &server {
        Server::Own(_) => "documents".to_owned(),
        Server::Given(server) => documents_of(server, &options.database_prefix).await?,
    };
    let databases = Databases {
        server: server.options(),
        prefix: options.database_prefix.clone(),
        documents: options.data_dir.join(documents),
        files: options.data_dir.clone(),
    };
    let served = with_stack(
        &databases,
        &options.identity,
        listener,
        options.certificates.as_deref(),
        stop,
        async |stack: &Stack| {
            announce(stack).await?;
            stop.cancelled().await;
            Ok(())
        },
    )
    .await;
    eprintln!("lombard: stopping");
    let stopped = server.stop().await;
    served.and(stopped)
}

/// Where documents are kept of a database that is not in the data directory: beside those of others, which
/// the service would take for nobody's and delete. The name is the database's own, not its address's.
async fn documents_of(server: &PgConnectOptions, prefix: &str) -> anyhow::Result<String> {
    let database = format!("{prefix}{KYC}");
    let there = cluster::ensure_database(server, &database).await;
    there.with_context(|| format!("cannot have the database {database}"))?;
    let mut conn = PgConnection::connect_with(&server.clone().database(&database)).await?;
    let name = sqlx::query_scalar(
        "select format('documents-%s-%s', system_identifier, oid) \
         from pg_control_system(), pg_database where datname = current_database()",
    );
    let name = name.fetch_one(&mut conn).await.context("cannot tell one database from another")?;
    conn.close().await?;
    Ok(name)
}

/// Takes the gateway's address before anything is started for it.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        if error.kind() == ErrorKind::AddrInUse {
            anyhow!(
                "{address} is in use: stop the program that listens there, or choose another \
                 address with --listen"
            )
        } else {
            anyhow!("cannot listen on {address}: {error}")
        }
    })
}

/// Starts a stack, does `work` with it, and stops it: when the work is done, when a part of the
/// stack fails, or when told to.
pub(crate) async fn with_stack(
    databases: &Databases,
    identity: &Identity,
    listener: TcpListener,
    certificates: Option<&Path>,
    stop: &CancellationToken,
    work: impl AsyncFnOnce(&Stack) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let stack = tokio::select! {
        started = Box::pin(Stack::start(databases, identity, listener, certificates)) => started?,
        () = stop.cancelled() => return Ok(()),
    };
    let outcome = tokio::select! {
        done = work(&stack) => done,
        error = stack.failed() => Err(error),
        () = stop.cancelled() => Ok(()),
    };
    let stopped = stack.stop().await;
    outcome.and(stopped)
}

/// Says on standard output where everything is; programs read these lines.
async fn announce(stack: &Stack) -> anyhow::Result<()> {
    for (service, address) in stack.services() {
        say(&format!("grpc {service} {address}"))?;
    }
    for sandbox in [SANDBOX, OTHER] {
        let tenant = stack.seed(&sandbox).await?;
        say(&format!("tenant {} {tenant}", sandbox.name))?;
    }
    let url = stack.url();
    say(&format!("ready {url}"))?;
    say(&format!("\nPaste this into another terminal:\n\n{}", walkthrough::text(&url)))
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    let said: io::Result<()> = writeln!(out, "{line}").and_then(|()| out.flush());
    said.context("standard output cannot be written to")
}

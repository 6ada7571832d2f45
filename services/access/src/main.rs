//! The access service's program.

mod config;

use std::{
    io::{Write, stdin, stdout},
    time::Duration,
};

use access::Access;
use anyhow::Context;
use clap::Parser;
use kit::{
    postgres::check_schema,
    telemetry::{self, LogTo},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::config::{Command, Config, CreateUser, Serve};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let (telemetry, log_to) = match config.command {
        Command::Serve(_) => (config.telemetry.clone(), LogTo::Stdout),
        Command::Migrate(_) => (config.telemetry.of_command(), LogTo::Stdout),
        Command::CreateTenant { .. } | Command::CreateUser(_) => {
            (config.telemetry.of_command(), LogTo::Stderr)
        }
    };
    let _flush_on_exit = telemetry::init("access", &telemetry, log_to)?;
    let pool = config.postgres.pool()?;
    match config.command {
        Command::Migrate(how) => how.run(&pool, &access::MIGRATIONS, access::CITUS).await?,
        Command::Serve(options) => serve(&options, pool).await?,
        Command::CreateTenant { name } => {
            let tenant = provisioning(pool).await?.ensure_tenant(&name).await?;
            writeln!(stdout(), "{tenant}")?;
        }
        Command::CreateUser(user) => create_user(&user, pool).await?,
    }
    Ok(())
}

async fn serve(options: &Serve, pool: PgPool) -> anyhow::Result<()> {
    let mut signals = options.server.signals()?;
    let links = options.server.tls.links("access")?;
    let listener = links.listen(options.server.listen).await?;
    let drain_timeout = options.server.drain_timeout();
    let stop = CancellationToken::new();
    let serving = access::serve(listener, options.settings(), pool, drain_timeout, stop.clone());
    signals.run(&stop, serving).await
}

async fn create_user(user: &CreateUser, pool: PgPool) -> anyhow::Result<()> {
    let access = provisioning(pool).await?;
    let mut line = String::new();
    stdin().read_line(&mut line).context("the password could not be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    let scopes: Vec<&str> = user.scopes.split_whitespace().collect();
    let id = access.ensure_user(user.tenant, &user.email, password, &scopes).await?;
    writeln!(stdout(), "{id}")?;
    Ok(())
}

/// For use cases that issue no token.
async fn provisioning(pool: PgPool) -> anyhow::Result<Access> {
    check_schema(&pool, &access::MIGRATIONS).await?;
    Ok(Access::new(pool, Duration::ZERO))
}

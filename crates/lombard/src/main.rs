//! The `lombard` command.

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use kit::telemetry::{self, LogTo};
use lombard::{
    admin, audit, bench,
    cli::{AuditCommand, Cli, Command, DevCerts},
    demo, dev, verify,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("lombard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    let telemetry = match &cli.command {
        Command::Dev(_) => cli.telemetry(),
        // They run beside services, with their environment.
        Command::Admin(_)
        | Command::Demo(_)
        | Command::Bench(_)
        | Command::DevCerts(_)
        | Command::Verify(_)
        | Command::Audit(_) => cli.telemetry().of_command(),
    };
    let _flush_on_exit = telemetry::init("lombard", &telemetry, LogTo::Stderr)?;
    match &cli.command {
        Command::Dev(options) => dev::run(options).await?,
        Command::Admin(options) => admin::run(options).await?,
        Command::Demo(options) => demo::run(options).await?,
        Command::Bench(options) => bench::run(options).await?,
        Command::DevCerts(DevCerts { directory, domain, days }) => {
            let lifetime = Duration::from_hours(u64::from(*days).saturating_mul(24));
            devcerts::write_all(directory, domain, lifetime)?;
        }
        Command::Verify(options) => return Ok(code(verify::run(options).await?)),
        Command::Audit(options) => {
            let AuditCommand::Verify(options) = &options.command;
            return Ok(code(audit::verify(options).await?));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn code(sound: bool) -> ExitCode {
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! The `lombard` command.

use std::process::ExitCode;

use clap::Parser;
use kit::telemetry::{self, LogTo};
use lombard::{
    bench,
    cli::{Cli, Command},
    demo, dev,
};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lombard: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> anyhow::Result<()> {
    let _flush_on_exit = telemetry::init("lombard", &cli.telemetry(), LogTo::Stderr)?;
    match &cli.command {
        Command::Dev(options) => dev::run(options).await,
        Command::Demo(options) => demo::run(options).await,
        Command::Bench(options) => bench::run(options).await,
    }
}

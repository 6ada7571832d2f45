//! A gRPC server that tells its health, describes itself, and stops within a given time.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    context::ContextLayer,
    measure::{Rpcs, Watched},
    postgres,
    readiness::{INTERVAL, Need},
    shutdown,
};

/// What a server serves.
#[derive(Debug)]
pub struct Service {
    /// Full name of the service, for health: `lombard.ledger.v1.LedgerService`.
    pub name: &'static str,
    /// Its rpcs.
    pub routes: Routes,
    /// Full paths of rpcs that need no caller: `/package.Service/Rpc`.
    pub public: &'static [&'static str],
    /// All contracts, for reflection.
    pub descriptors: &'static [u8],
    /// Healthy means that this answers.
    pub database: PgPool,
}

/// Serves until `stop` is cancelled, then lets requests under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Service { name, routes, public, descriptors, database } = service;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "{name} listens on {address}");
    }
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(descriptors)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .context("the contracts cannot be described")?;
    let server = Server::builder()
        .layer(ContextLayer { public, rpcs: Arc::new(Rpcs::of(descriptors)?) })
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .max_concurrent_streams(1024)
        .add_routes(routes)
        .add_service(health_service)
        .add_service(reflection)
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            stop.clone().cancelled_owned(),
        );
    let _counted = Watched::new(&database);
    // Asking must not wait for requests: a busy pool is no reason to be taken out of service.
    let own_connection = postgres::pool(database.connect_options().as_ref().clone(), 1);
    // tonic alone would wait for ever for a client that keeps a request open.
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(drain_timeout).await;
    };
    tokio::select! {
        served = server => served.context("the gRPC server failed"),
        () = deadline => {
            tracing::warn!(name, "requests were cut off: the time to drain was over");
            Ok(())
        }
        never = report_health(name, &health, &own_connection, &stop) => never,
    }
}

/// Tells the health until the process leaves or `stop`, then that there is none, and never ends.
async fn report_health(
    name: &str,
    health: &HealthReporter,
    database: &PgPool,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let need = Need::new("database");
    let leaving = shutdown::leaving();
    loop {
        let answers = tokio::select! {
            () = stop.cancelled() => break,
            () = leaving.cancelled() => break,
            answers = answers(database) => answers,
        };
        need.set(answers);
        let status = if answers { ServingStatus::Serving } else { ServingStatus::NotServing };
        health.set_service_status(name, status).await;
        health.set_service_status("", status).await;
        tokio::select! {
            () = stop.cancelled() => break,
            () = leaving.cancelled() => break,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
    health.set_service_status(name, ServingStatus::NotServing).await;
    health.set_service_status("", ServingStatus::NotServing).await;
    std::future::pending().await
}

async fn answers(database: &PgPool) -> bool {
    let asked = sqlx::query("select 1").execute(database);
    matches!(tokio::time::timeout(INTERVAL, asked).await, Ok(Ok(_)))
}

//! A gRPC server that tells its health, describes itself, and stops within a given time.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{
    context::ContextLayer,
    measure::{Rpcs, Watched},
    peers::{Group, PeerLayer},
    postgres::{self, Database},
    readiness::{INTERVAL, Need},
    shutdown,
    tls::Listener,
};

/// How long a connection lasts.
const CONNECTION_AGE: Duration = Duration::from_mins(5);

/// What a server serves.
#[derive(Debug)]
pub struct Service {
    /// Full name of the service, for health: `lombard.ledger.v1.LedgerService`.
    pub name: &'static str,
    /// Its rpcs.
    pub routes: Routes,
    /// Full paths of rpcs that need no caller: `/package.Service/Rpc`.
    pub public: &'static [&'static str],
    /// Which peers may call its rpcs. What is in no group nobody may call, where peers are known.
    pub groups: &'static [Group],
    /// All contracts, for reflection.
    pub descriptors: &'static [u8],
    /// Healthy means that this answers.
    pub database: Database,
}

/// Serves until `stop` is cancelled, then lets requests under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the listener fails, or may not be without TLS.
pub async fn serve(
    listener: impl Into<Listener>,
    service: Service,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Service { name, routes, public, groups, descriptors, database } = service;
    let incoming = listener.into().start()?;
    let address = incoming.local_addr();
    tracing::info!(%address, "{name} listens on {address}");
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(descriptors)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .context("the contracts cannot be described")?;
    let server = builder(CONNECTION_AGE)
        .layer(ContextLayer { public, rpcs: Arc::new(Rpcs::of(descriptors)?) })
        .layer(PeerLayer { groups })
        .add_routes(routes)
        .add_service(health_service)
        .add_service(reflection)
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let _counted = Watched::pool(database.pool());
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

/// With what every connection is set to. An old one is closed when its requests have been answered, so
/// that clients behind one address spread over new replicas, too.
fn builder(connection_age: Duration) -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .max_concurrent_streams(1024)
        // Streams that a client resets again and again, and headers without end.
        .http2_max_pending_accept_reset_streams(Some(64))
        .http2_max_header_list_size(Some(32 * 1024))
        .max_connection_age(connection_age)
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;
    use crate::client;

    #[tokio::test]
    async fn a_connection_that_is_closed_for_its_age_fails_no_request() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (_health, service) = tonic_health::server::health_reporter();
        let server = builder(Duration::from_millis(100))
            .add_service(service)
            .serve_with_incoming(Listener::from(listener).start().unwrap());
        let client = HealthClient::new(client::channel(url).unwrap());
        let load = async {
            let begin = std::time::Instant::now();
            let mut asked = 0_u32;
            while begin.elapsed() < Duration::from_secs(2) {
                for client in [client.clone(), client.clone()] {
                    // As all our clients do: a connection may close on a request that was not sent yet.
                    let ask = async || client.clone().check(HealthCheckRequest::default()).await;
                    client::retry(ask).await.unwrap();
                }
                asked = asked.saturating_add(2);
            }
            asked
        };

        let asked = tokio::select! {
            asked = load => asked,
            served = server => panic!("{served:?}"),
        };

        assert!(asked > 100, "{asked}");
    }
}

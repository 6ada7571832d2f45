//! The admin port: for probes, Prometheus and operators, apart from the port that serves, so that
//! neither a certificate nor a crowd of requests keeps them out.
//!
//! - `GET /livez`: the process runs. It does not ask the database: restarting mends no database.
//! - `GET /readyz`: see [`crate::readiness`].
//! - `GET /metrics`: for Prometheus.
//! - `GET` and `PUT /log-filter`: which log lines are written, from now until the process ends.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::get,
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::{measure, readiness};

/// How often histograms are put in order while nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);
/// The longest log filter.
const FILTER: usize = 4 * 1024;

/// What the admin port tells and changes.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) filter: reload::Handle<EnvFilter, Registry>,
    pub(crate) metrics: PrometheusHandle,
}

/// Serves as long as the runtime lives: to the end of the last request.
pub(crate) fn serve(address: SocketAddr, admin: Admin) -> anyhow::Result<()> {
    let listener = std::net::TcpListener::bind(address)
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .and_then(TcpListener::from_std)
        .with_context(|| format!("the admin port cannot listen at {address}"))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(admin_address = %address, "the admin port is {address}");
    }
    let metrics = admin.metrics.clone();
    let upkeep = async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            metrics.run_upkeep();
        }
    };
    #[expect(clippy::disallowed_methods, reason = "it answers until the process has ended")]
    tokio::spawn(async move {
        tokio::select! {
            served = axum::serve(listener, router(admin)) => {
                tracing::error!("the admin port failed: {served:?}");
            }
            () = upkeep => {}
        }
    });
    Ok(())
}

fn router(admin: Admin) -> Router {
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/log-filter", get(filter).put(set_filter).post(set_filter))
        .layer(DefaultBodyLimit::max(FILTER))
        .with_state(admin)
}

async fn readyz() -> (StatusCode, String) {
    match readiness::obstacle() {
        None => (StatusCode::OK, "ready\n".to_owned()),
        Some(obstacle) => (StatusCode::SERVICE_UNAVAILABLE, format!("{obstacle}\n")),
    }
}

async fn metrics(State(admin): State<Admin>) -> String {
    measure::sample();
    admin.metrics.render()
}

async fn filter(State(admin): State<Admin>) -> (StatusCode, String) {
    match admin.filter.with_current(ToString::to_string) {
        Ok(filter) => (StatusCode::OK, format!("{filter}\n")),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

async fn set_filter(State(admin): State<Admin>, wanted: String) -> (StatusCode, String) {
    let wanted = match EnvFilter::try_new(wanted.trim()) {
        Ok(wanted) => wanted,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")),
    };
    let told = wanted.to_string();
    match admin.filter.reload(wanted) {
        Ok(()) => {
            tracing::warn!(filter = told, "the log filter is now {told}");
            (StatusCode::OK, format!("{told}\n"))
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

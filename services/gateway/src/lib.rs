//! The gateway: the documented JSON surface in front of the services. It takes requests apart, calls,
//! and renders the answers. It has no database and no rule of any domain, and never loops over rows
//! to ask for each.
//!
//! A body has 30 seconds to arrive, the answer 20 more. Connections that send nothing are the load
//! balancer's to close.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{Router, middleware, serve::ListenerExt};
use http::StatusCode;
use kit::readiness::Need;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{failure::Failure, peers::Peers};

mod auth;
mod body;
mod clock;
mod customers;
mod envelope;
mod failure;
mod layer;
mod ledgers;
mod login;
mod openapi;
mod outcome;
mod outgoing;
mod path;
mod payments;
mod peers;
mod query;
mod remains;
mod sandbox;
mod scope;
mod screening;
mod text;
mod transactions;
mod transfers;
mod unknown;
mod verifications;

/// What the gateway needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The access service.
    pub access: Channel,
    /// The customer service.
    pub customer: Channel,
    /// The KYC service.
    pub kyc: Channel,
    /// The ledger service, with its payments and its sandbox.
    pub ledger: Channel,
    /// Whether there are paths that play the outside world. Never in production.
    pub sandbox: bool,
    /// How long requests under way have to finish once the gateway stops.
    pub drain_timeout: Duration,
}

/// Every path, its description, and the layer around them.
pub fn router(settings: &Settings) -> Router {
    let peers = Peers::new(settings);
    let tokens = peers.tokens.clone();
    let (routes, description) = openapi::routes(settings.sandbox).split_for_parts();
    routes
        .with_state(peers)
        .merge(openapi::pages(description))
        .fallback(async || {
            Failure::new(StatusCode::NOT_FOUND, "PATH_NOT_FOUND", "There is no such path")
        })
        .method_not_allowed_fallback(async || {
            let message = "The path does not have this method";
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
        })
        .layer(middleware::from_fn_with_state(tokens, layer::around))
}

/// Serves until `stop`, then lets requests under way finish within the time set for it.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "gateway listens on {address}");
    }
    let router = router(&settings).into_make_service_with_connect_info::<SocketAddr>();
    // Without it a connection waits for acknowledgements that the client delays.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "a connection stays slow");
        }
    });
    let server =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(settings.drain_timeout).await;
    };
    let need = Need::new("access");
    tokio::select! {
        // Without it nobody is known; what else is missing fails only what is about it.
        never = need.watch(&settings.access) => never,
        served = server => served.context("the HTTP server failed"),
        () = deadline => {
            tracing::warn!("requests were cut off: the time to drain was over");
            Ok(())
        }
    }
}

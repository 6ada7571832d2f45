//! The gateway: the documented JSON surface in front of the services. It takes requests apart, calls,
//! and renders the answers. It has no database and no rule of any domain, and never loops over rows
//! to ask for each.
//!
//! A body has 30 seconds to arrive, the answer 20 more. What connections may do is in `connections`.

use std::{sync::Arc, time::Duration};

use axum::{Router, middleware};
use http::StatusCode;
use kit::{readiness::Need, tls::Listener};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::{failure::Failure, layer::Guard, load::Load, peers::Peers};

mod address;
mod allowances;
mod api_keys;
mod audit;
mod auth;
mod body;
mod callbacks;
mod clock;
mod connections;
mod customers;
mod envelope;
mod failure;
mod flights;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod layer;
mod ledgers;
mod limits;
mod load;
mod login;
mod openapi;
mod outcome;
mod outgoing;
mod path;
mod payments;
mod peers;
mod providers;
mod query;
mod remains;
mod retention;
mod reviews;
mod sandbox;
mod scope;
mod screening;
mod text;
mod transactions;
mod transfers;
mod unknown;
mod verifications;

pub use crate::{
    address::{ForwardedIn, Network, NotANetwork},
    limits::Limits,
};

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
    /// What is too much.
    pub limits: Limits,
}

/// Every path, its description, and the layer around them.
pub fn router(settings: &Settings) -> Router {
    let peers = Peers::new(settings);
    let guard = Guard {
        tokens: peers.tokens.clone(),
        allowances: peers.allowances.clone(),
        load: Load::new(&settings.limits),
        proxies: Arc::new(settings.limits.proxies()),
    };
    let (routes, description) = openapi::routes(settings.sandbox).split_for_parts();
    routes
        .with_state(peers)
        .merge(openapi::pages(&description))
        .fallback(async || {
            Failure::new(StatusCode::NOT_FOUND, "PATH_NOT_FOUND", "There is no such path")
        })
        .method_not_allowed_fallback(async || {
            let message = "The path does not have this method";
            Failure::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
        })
        .layer(middleware::from_fn_with_state(guard, layer::around))
}

/// Serves until `stop`, then lets requests under way finish within the time set for it.
///
/// # Errors
///
/// When it would be reached from elsewhere without TLS. What fails later is one connection's alone.
pub async fn serve(
    listener: impl Into<Listener>,
    settings: Settings,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let incoming = listener.into().start()?;
    let address = incoming.local_addr();
    tracing::info!(%address, "gateway listens on {address}");
    let server = connections::serve(incoming, router(&settings), &settings.limits, stop.clone());
    let deadline = async {
        stop.cancelled().await;
        tokio::time::sleep(settings.drain_timeout).await;
    };
    let need = Need::new("access");
    tokio::select! {
        // Without it nobody is known; what else is missing fails only what is about it.
        never = need.watch(&settings.access) => never,
        () = server => Ok(()),
        () = deadline => {
            tracing::warn!("requests were cut off: the time to drain was over");
            Ok(())
        }
    }
}

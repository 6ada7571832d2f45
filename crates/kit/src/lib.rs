//! What every service shares: how it is configured, started, stopped, called and seen, and how it
//! refuses. No rule of any domain is here.

pub mod address;
mod admin;
pub mod audit;
pub mod caller;
pub mod client;
pub mod config;
mod context;
pub mod errors;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod gauges;
pub mod hex;
pub mod idempotency;
pub mod keys;
pub mod measure;
pub mod page;
pub mod peers;
pub mod postgres;
mod propagation;
pub mod readiness;
pub mod server;
pub mod shutdown;
pub mod telemetry;
pub mod time;
pub mod tls;

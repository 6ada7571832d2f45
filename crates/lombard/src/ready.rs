//! Whether the platform answers.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use kit::client;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

/// How long everything may take to answer for the first time.
const PATIENCE: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(50);

/// Waits until each service says that it is serving and the gateway describes itself.
///
/// # Errors
///
/// When one does not in time.
pub(crate) async fn wait(
    services: &[(&'static str, SocketAddr)],
    gateway: &str,
) -> anyhow::Result<()> {
    for (name, address) in services {
        let health = HealthClient::new(client::channel(format!("http://{address}"))?);
        within_patience(name, async || is_serving(health.clone()).await).await?;
    }
    let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
    let url = format!("{gateway}/openapi.json");
    within_patience("gateway", async || {
        http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success())
    })
    .await
}

async fn is_serving(mut health: HealthClient<tonic::transport::Channel>) -> bool {
    let answer = health.check(HealthCheckRequest::default()).await;
    answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving)
}

async fn within_patience(name: &str, answers: impl AsyncFn() -> bool) -> anyhow::Result<()> {
    let waiting = async {
        while !answers().await {
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.with_context(|| format!("{name} does not answer"))
}

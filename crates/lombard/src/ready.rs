//! Whether the platform answers.

use std::time::Duration;

use anyhow::Context;
use tonic::transport::Channel;
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
    services: [anyhow::Result<(&'static str, Channel)>; 4],
    gateway: &str,
) -> anyhow::Result<()> {
    for service in services {
        let (name, channel) = service?;
        let health = HealthClient::new(channel);
        within_patience(name, async || is_serving(health.clone()).await).await?;
    }
    let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
    let url = format!("{gateway}/openapi.json");
    within_patience("gateway", async || {
        http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success())
    })
    .await
}

async fn is_serving(mut health: HealthClient<Channel>) -> bool {
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

//! Logs as JSON, one object a line; traces to an OTLP collector and metrics for Prometheus where that is
//! configured.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use http::HeaderMap;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::Span;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, layer::SubscriberExt};

use crate::{config::TelemetryConfig, propagation};

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTo {
    /// Services: the container's log.
    Stdout,
    /// Commands whose standard output is for their user.
    Stderr,
}

/// Sends what is left of the traces when dropped.
#[must_use = "traces stop when this is dropped"]
#[derive(Debug)]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown_with_timeout(Duration::from_secs(2))
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Starts logs and traces for this process. To be called once, inside a tokio runtime.
///
/// # Errors
///
/// When the filter or the collector's address is malformed, or this was called before.
pub fn init(
    service: &'static str,
    config: &TelemetryConfig,
    to: LogTo,
) -> anyhow::Result<Telemetry> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = config.otlp_endpoint.as_deref().map(|to| provider(service, to)).transpose()?;
    let traces = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("lombard")));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(true);
    let lines = match to {
        LogTo::Stdout => lines.with_span_list(false).with_writer(std::io::stdout).boxed(),
        LogTo::Stderr => lines.with_span_list(false).with_writer(std::io::stderr).boxed(),
    };
    let filter = EnvFilter::try_new(&config.log).context("the log filter cannot be read")?;
    let subscriber = Registry::default().with(traces).with(lines).with(filter);
    tracing::subscriber::set_global_default(subscriber).context("telemetry was started before")?;
    if let Some(address) = config.metrics_listen {
        serve_metrics(address)?;
    }
    Ok(Telemetry(provider))
}

/// Upper bounds of histograms: of seconds, from a tenth of a millisecond on.
const SECONDS: [f64; 13] =
    [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.5, 2.0, 10.0];
/// And of sizes.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Serves `/metrics` as long as the runtime lives.
fn serve_metrics(address: SocketAddr) -> anyhow::Result<()> {
    PrometheusBuilder::new()
        .with_http_listener(address)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_orders".to_owned()), &SIZES)
        })
        .and_then(PrometheusBuilder::install)
        .with_context(|| format!("metrics cannot be served at {address}"))
}

/// Makes `span` part of the trace that a request's headers name, if they name one.
pub fn adopt(span: &Span, headers: &HeaderMap) {
    propagation::adopt(span, headers);
}

fn provider(service: &'static str, endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .context("the trace collector's address cannot be used")?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name(service).build())
        .build())
}

//! Logs as JSON, one object a line; traces to an OTLP collector and the admin port where that is
//! configured. What of the traces is sampled and how they are sent is for the variables of the
//! OpenTelemetry specification: `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`. A collector that does not answer
//! loses traces and delays nothing.

use std::time::Duration;

use anyhow::Context;
use http::HeaderMap;
use opentelemetry::{
    global,
    trace::{SpanContext, Status, TraceContextExt, TracerProvider as _},
};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::{Level, Span, subscriber::Interest};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{dynamic_filter_fn, filter_fn},
    fmt,
    layer::SubscriberExt,
    reload,
};

use crate::{
    admin::{self, Admin},
    config::TelemetryConfig,
    measure, propagation,
};

mod lines;
mod statements;

use lines::WithTrace;
use statements::Statements;

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

/// Starts logs, traces and the admin port for this process. To be called once, inside a tokio runtime.
///
/// # Errors
///
/// When the filter or an address is malformed, or this was called before.
pub fn init(
    service: &'static str,
    config: &TelemetryConfig,
    to: LogTo,
) -> anyhow::Result<Telemetry> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let provider = config.otlp_endpoint.as_deref().map(|to| provider(service, to)).transpose()?;
    let mut layers = provider.as_ref().map(traces).unwrap_or_default();
    let filter = EnvFilter::try_new(&config.log).context("the log filter cannot be read")?;
    let filter = if let Some(address) = config.admin_listen {
        let (filter, handle) = reload::Layer::new(filter);
        layers.push(lines(to).with_filter(filter).boxed());
        Some((address, handle))
    } else {
        layers.push(lines(to).with_filter(filter).boxed());
        None
    };
    let subscriber = Registry::default().with(layers);
    tracing::subscriber::set_global_default(subscriber).context("telemetry was started before")?;
    if let Some((address, filter)) = filter {
        admin::serve(address, Admin { filter, metrics: measure::install()? })?;
    }
    Ok(Telemetry(provider))
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn lines(to: LogTo) -> BoxedLayer {
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .map_event_format(WithTrace);
    match to {
        LogTo::Stdout => lines.with_writer(std::io::stdout).boxed(),
        LogTo::Stderr => lines.with_writer(std::io::stderr).boxed(),
    }
}

/// Our own spans, whatever is logged, and those of statements. Libraries' spans are left out: the
/// exporter makes some itself.
fn traces(provider: &SdkTracerProvider) -> Vec<BoxedLayer> {
    let tracer = provider.tracer("lombard");
    let ours = filter_fn(|metadata| {
        metadata.is_span()
            && *metadata.level() <= Level::INFO
            && OURS.iter().any(|name| metadata.target().split("::").next() == Some(name))
    })
    .with_max_level_hint(Level::INFO);
    // Everything but statements is ruled out once, not each time.
    let statements = dynamic_filter_fn(|metadata, _| statements::is_sampled(metadata))
        .with_callsite_filter(|metadata| {
            if statements::is_told(metadata) { Interest::sometimes() } else { Interest::never() }
        })
        .with_max_level_hint(Level::DEBUG);
    vec![
        tracing_opentelemetry::layer()
            .with_tracer(tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
            .boxed(),
        Statements(tracer).with_filter(statements).boxed(),
    ]
}

/// The crates whose spans are traced.
const OURS: [&str; 7] = ["access", "customer", "gateway", "kit", "kyc", "ledger", "lombard"];

/// The id of the trace that the current span belongs to; none where traces are not made.
#[must_use]
pub fn trace_id() -> Option<String> {
    lines::trace_id()
}

/// The sampled request that some work is for, kept with the work for whoever does it; none where none
/// is sampled.
#[derive(Debug, Clone)]
pub struct Origin(Option<SpanContext>);

impl Origin {
    /// The current span.
    #[must_use]
    pub fn current() -> Self {
        Self(opentelemetry::Context::map_current(|context| {
            let span = context.span();
            span.span_context().is_sampled().then(|| span.span_context().clone())
        }))
    }
}

/// A span for work that is done for several requests at once: in the trace of the first that is sampled,
/// with links to the others. None is made where none is sampled.
pub fn span_for<'a>(
    origins: impl Iterator<Item = &'a Origin>,
    make: impl FnOnce() -> Span,
) -> Span {
    let mut sampled = origins.filter_map(|origin| origin.0.as_ref());
    let Some(first) = sampled.next() else {
        return Span::none();
    };
    let span = make();
    let parent = opentelemetry::Context::new().with_remote_span_context(first.clone());
    // It was made just now, so that nothing stands in the way.
    let _ = span.set_parent(parent);
    for other in sampled {
        span.add_link(other.clone());
    }
    span
}

/// Says in its trace that the current span has failed.
pub fn failed() {
    Span::current().set_status(Status::error(""));
}

/// Links `span` to the trace that a stranger's headers name, if they name one.
pub fn link(span: &Span, headers: &HeaderMap) {
    propagation::link(span, headers);
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

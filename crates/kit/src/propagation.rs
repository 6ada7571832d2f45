//! One trace over all hops: the W3C `traceparent` header in and out of metadata.

use http::HeaderMap;
use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
    trace::TraceContextExt,
};
use tonic::metadata::{MetadataKey, MetadataMap};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct Metadata<'a>(&'a mut MetadataMap);

impl Injector for Metadata<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (key.parse::<MetadataKey<_>>(), value.parse()) {
            self.0.insert(key, value);
        }
    }
}

/// Makes `span` a child of the span that the headers name, when they name one.
pub(crate) fn adopt(span: &Span, headers: &HeaderMap) {
    let parent =
        global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
    // Without a collector there is no trace to join.
    let _ = span.set_parent(parent);
}

/// Says in `span` which one the headers name, when they name one, and leaves it the root of a trace of its own:
/// whoever sends them decides neither what it is a part of nor whether it is kept.
pub(crate) fn link(span: &Span, headers: &HeaderMap) {
    let named = global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
    span.add_link(named.span().span_context().clone());
}

/// Names the current span in the metadata of an outgoing request.
pub(crate) fn inject(metadata: &mut MetadataMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut Metadata(metadata));
    });
}

//! One request, one trace: what a collector gets to see.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use serde_json::json;
use tokio::{net::TcpListener, time::sleep};
use tonic::{Request, Response, Status, transport::server::TcpIncoming};

use crate::{
    program::{Dev, PATIENCE, directory},
    stack::{Client, login_as, send},
};

/// Takes whatever is sent.
#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        let spans =
            resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        self.0.lock().unwrap().extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// One that listens, and its address.
    pub(crate) async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(server);
        (collector, url)
    }

    /// All that came.
    pub(crate) fn all(&self) -> Vec<Span> {
        self.0.lock().unwrap().clone()
    }

    /// The spans of the trace of the request that came with the id of a trace from outside, in no order.
    fn trace(&self, outside: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap();
        let is_linked = |span: &&Span| span.links.iter().any(|link| hex(&link.trace_id) == outside);
        let Some(request) = spans.iter().find(is_linked) else { return Vec::new() };
        assert!(request.parent_span_id.is_empty(), "a stranger's span is no parent");
        spans.iter().filter(|span| span.trace_id == request.trace_id).cloned().collect()
    }

    /// Waits until a trace has a span of that name, and answers the names from the root down to it.
    async fn chain(&self, trace: &str, name: &str) -> Vec<String> {
        let arrives = async {
            loop {
                let spans = self.trace(trace);
                let by_id: HashMap<_, _> =
                    spans.iter().map(|span| (span.span_id.clone(), span)).collect();
                let found = spans.iter().find(|span| span.name == name);
                let whole = found.map(|found| {
                    let above = |span: &&Span| by_id.get(&span.parent_span_id).copied();
                    std::iter::successors(Some(found), above).collect::<Vec<_>>()
                });
                if let Some(whole) = whole
                    && whole.last().unwrap().name == "request"
                {
                    return whole.iter().rev().map(|span| span.name.clone()).collect();
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, arrives).await.unwrap_or_else(|_| {
            let names = self.trace(trace).into_iter().map(|span| span.name).collect::<Vec<_>>();
            panic!("no {name} in {names:?}")
        })
    }
}

fn hex(trace: &[u8]) -> String {
    format!("{:032x}", u128::from_be_bytes(trace.try_into().unwrap()))
}

const QUICK: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "100");

async fn ledger(client: &Client) -> String {
    let customer = json!({
        "customer_type": "individual", "first_name": "Joe", "last_name": "Bloggs",
        "address": {"iso_country": "GB"}, "dob": "1988-10-03",
    });
    let (_, _, answer) = client.post("/accounts/create_customer", &customer).await;
    let ledger = json!({
        "customer_id": answer["data"]["customer_id"], "currency": "gbp",
        "primary_use": ["payments"], "owner": "me",
    });
    let (_, _, answer) = client.post("/accounts/customers/create_ledger", &ledger).await;
    answer["data"]["ledger_id"].as_str().unwrap().to_owned()
}

/// A request with a trace from outside.
async fn within(
    client: &Client,
    trace: &str,
    path: &str,
    body: &serde_json::Value,
) -> (u16, serde_json::Value) {
    // Not sampled, says who sends it, which is not theirs to say.
    let parent = format!("00-{trace}-00f067aa0ba902b7-00");
    let request = client.request(reqwest::Method::POST, path).json(body);
    let (status, _, answer) = send(request.header("traceparent", parent)).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn a_request_is_one_trace_from_the_gateway_to_the_statement() {
    let (collector, endpoint) = Collector::start().await;
    let directory = directory();
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), QUICK];
    let mut dev = Dev::start_in(directory.path(), &["--listen", "127.0.0.1:0"], &environment);
    let url = dev.url().await;
    let client = login_as(&url, "sandbox@lombard.test", "sandbox-password").await;
    let (from, to) = (ledger(&client).await, ledger(&client).await);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let mut transfer = crate::scene::transfer(&from, &to, "1.00");
    transfer["reference"] = "canary".into();

    let (status, answer) = within(&client, trace, "/accounts/internal_transfer", &transfer).await;
    let chain = collector.chain(trace, "update accounts").await;
    let (created, _) = within(
        &client,
        "0af7651916cd43dd8448eb211c80319c",
        "/accounts/create_customer",
        &json!({"customer_type": "company", "company_name": "Acme", "address": {"iso_country": "GB"}}),
    )
    .await;
    let created_chain =
        collector.chain("0af7651916cd43dd8448eb211c80319c", "insert customers").await;

    assert_eq!(status, 409, "{answer}");
    let own = hex(&collector.trace(trace)[0].trace_id);
    assert_eq!(answer["trace_id"], own);
    assert_ne!(own, trace);
    assert_eq!(chain, ["request", "rpc", "post", "update accounts"]);
    assert_eq!(created, 200);
    assert_eq!(created_chain, ["request", "rpc", "insert customers"]);
    let spans = collector.trace(trace);
    assert!(spans.iter().all(|span| !format!("{span:?}").contains("canary")), "{spans:?}");
    assert_eq!(dev.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn what_is_not_sampled_is_not_sent_and_a_missing_collector_fails_nothing() {
    let (collector, endpoint) = Collector::start().await;
    let (asked, lonely) = (directory(), directory());
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_TRACES_SAMPLER", "always_off"),
        QUICK,
    ];
    let mut unsampled = Dev::start_in(asked.path(), &["--listen", "127.0.0.1:0"], &environment);
    let nobody = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"), QUICK];
    let mut alone = Dev::start_in(lonely.path(), &["--listen", "127.0.0.1:0"], &nobody);

    for dev in [&mut unsampled, &mut alone] {
        let url = dev.url().await;
        let client = login_as(&url, "sandbox@lombard.test", "sandbox-password").await;
        ledger(&client).await;
    }
    sleep(Duration::from_millis(500)).await;

    assert_eq!(unsampled.terminate().await.code(), Some(0));
    assert_eq!(alone.terminate().await.code(), Some(0));
    assert!(collector.0.lock().unwrap().is_empty());
}

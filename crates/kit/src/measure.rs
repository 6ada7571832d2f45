//! Metrics: rate, errors and duration of what is served and called, and what is sampled when somebody
//! looks. No label holds what a caller can choose. Without an admin port nothing is recorded.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use metrics::Histogram;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use prost::Message;
use prost_types::FileDescriptorSet;
use sqlx::PgPool;
use tonic::Code;

/// Histogram: rpcs that were served, by `rpc` and `code`.
const RPC: &str = "lombard_rpc_seconds";
/// Histogram: HTTP requests that were served, by `method`, `route` and `status`.
const HTTP: &str = "lombard_http_seconds";
/// Histogram: calls to those outside, by `of` (who), `call` and `outcome`.
const OUTSIDE: &str = "lombard_outside_call_seconds";
/// Gauge: what workers have under way, by `of`.
const UNDER_WAY: &str = "lombard_work_under_way";
const POOL: &str = "lombard_database_connections";
const POOL_MOST: &str = "lombard_database_connections_max";
/// Gauge: when the certificate ends that is shown now, in Unix time, by `of`.
const CERTIFICATE: &str = "lombard_certificate_expiration_timestamp_seconds";

/// Upper bounds of histograms: of seconds, from a tenth of a millisecond on.
const SECONDS: [f64; 13] =
    [1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.5, 2.0, 10.0];
/// And of sizes.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

static ON: AtomicBool = AtomicBool::new(false);

/// Whether anything is recorded.
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Begins to record.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_orders".to_owned()), &SIZES)
        })
        .and_then(PrometheusBuilder::install_recorder)
        .context("metrics cannot be recorded")?;
    metrics::describe_histogram!(RPC, "Rpcs that were served, in seconds.");
    metrics::describe_histogram!(HTTP, "HTTP requests that were served, in seconds.");
    metrics::describe_histogram!(OUTSIDE, "Calls to identity providers and the like, in seconds.");
    metrics::describe_gauge!(UNDER_WAY, "Payments and verifications that are worked on.");
    metrics::describe_gauge!(POOL, "Connections of the service's pool to its database.");
    metrics::describe_gauge!(POOL_MOST, "Connections that the pool may have.");
    metrics::describe_gauge!(CERTIFICATE, "When the certificate in use ends, in Unix time.");
    metrics_process::Collector::default().describe();
    ON.store(true, Ordering::Relaxed);
    Ok(handle)
}

type Sample = Box<dyn Fn() + Send>;

/// What is read off when somebody looks.
static SAMPLES: Mutex<Vec<(Arc<()>, Sample)>> = Mutex::new(Vec::new());

/// Something that is read off when somebody looks, until dropped.
#[derive(Debug)]
pub(crate) struct Watched(Arc<()>);

impl Watched {
    fn new(sample: impl Fn() + Send + 'static) -> Self {
        let mark = Arc::new(());
        samples().push((Arc::clone(&mark), Box::new(sample)));
        Self(mark)
    }

    /// The connections of a pool.
    pub(crate) fn pool(pool: &PgPool) -> Self {
        let pool = pool.clone();
        Self::new(move || sample_pool(&pool))
    }

    /// When a certificate ends, in Unix time. `of` is the service that shows it, or `public`.
    pub(crate) fn certificate(of: &str, ends: impl Fn() -> i64 + Send + 'static) -> Self {
        let of = of.to_owned();
        Self::new(move || {
            let end = Duration::from_secs(u64::try_from(ends()).unwrap_or_default());
            metrics::gauge!(CERTIFICATE, "of" => of.clone()).set(end.as_secs_f64());
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        samples().retain(|(mark, _)| !Arc::ptr_eq(mark, &self.0));
    }
}

fn samples() -> MutexGuard<'static, Vec<(Arc<()>, Sample)>> {
    SAMPLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads off what is sampled.
pub(crate) fn sample() {
    for (_, sample) in samples().iter() {
        sample();
    }
    metrics_process::Collector::default().collect();
}

fn sample_pool(pool: &PgPool) {
    let options = pool.connect_options();
    let database = options.get_database().unwrap_or_default().to_owned();
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    let used = pool.size().saturating_sub(idle);
    for (state, count) in [("idle", idle), ("used", used)] {
        metrics::gauge!(POOL, "database" => database.clone(), "state" => state)
            .set(f64::from(count));
    }
    let most = pool.options().get_max_connections();
    metrics::gauge!(POOL_MOST, "database" => database).set(f64::from(most));
}

/// An HTTP request that was served. `route` is the pattern, never the path.
pub fn http(method: &http::Method, route: &str, status: u16, elapsed: Duration) {
    let method = match method.as_str() {
        known @ ("GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS") => known,
        _ => "other",
    };
    let (method, route, status) = (method.to_owned(), route.to_owned(), status.to_string());
    metrics::histogram!(HTTP, "method" => method, "route" => route, "status" => status)
        .record(elapsed);
}

/// A call to somebody outside, as a provider of identities, and what became of it in a word. `of` is one
/// of the names that the deployment knows, and `call` a word of the program.
pub async fn outside<T>(
    of: &str,
    call: &'static str,
    answer: impl Future<Output = T>,
    outcome: impl FnOnce(&T) -> &'static str,
) -> T {
    let begin = Instant::now();
    let answer = answer.await;
    let outcome = outcome(&answer);
    metrics::histogram!(OUTSIDE, "of" => of.to_owned(), "call" => call, "outcome" => outcome)
        .record(begin.elapsed());
    answer
}

/// How much work of a kind this process has under way.
pub fn under_way(of: &'static str, count: usize) {
    metrics::gauge!(UNDER_WAY, "of" => of).set(u32::try_from(count).unwrap_or(u32::MAX));
}

/// The rpcs that there are: each with its histograms, made when first needed, so that recording is a
/// look-up and no more.
#[derive(Debug, Default)]
pub(crate) struct Rpcs {
    known: HashMap<String, Rpc>,
    unknown: Rpc,
}

#[derive(Debug, Default)]
struct Rpc([OnceLock<Histogram>; 17]);

impl Rpcs {
    /// Those of all contracts.
    pub(crate) fn of(descriptors: &[u8]) -> anyhow::Result<Self> {
        let set = FileDescriptorSet::decode(descriptors).context("the contracts cannot be read")?;
        let mut known = HashMap::new();
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    known.insert(path, Rpc::default());
                }
            }
        }
        Ok(Self { known, unknown: Rpc::default() })
    }

    pub(crate) fn record(&self, path: &str, code: Code, elapsed: Duration) {
        let (rpc, name) = match self.known.get(path) {
            Some(rpc) => (rpc, path.trim_start_matches('/')),
            None => (&self.unknown, "(unknown)"),
        };
        let Some(of_code) = usize::try_from(code as i32).ok().and_then(|code| rpc.0.get(code))
        else {
            return;
        };
        let histogram = of_code.get_or_init(
            || metrics::histogram!(RPC, "rpc" => name.to_owned(), "code" => format!("{code:?}")),
        );
        histogram.record(elapsed);
    }
}

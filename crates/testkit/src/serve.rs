//! Services in the test's own process, called over real connections.

use std::time::Duration;

use kit::{
    caller::{Call, Caller},
    server::{self, Service},
    tls::Listener,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use types::{TenantId, UserId};

/// Serves on a free port of the loopback interface until the test ends, and connects to it.
///
/// # Panics
///
/// When there is no free port.
#[expect(clippy::expect_used, reason = "a test without its server has failed")]
pub async fn serve(service: Service) -> Channel {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    serve_on(listener, service);
    kit::client::channel(format!("http://{address}")).expect("an address is a URL")
}

/// Serves on a port that is there until the test ends.
pub fn serve_on(listener: impl Into<Listener>, service: Service) {
    let (drain, stop) = (Duration::from_secs(1), CancellationToken::new());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(server::serve(listener.into(), service, drain, stop));
}

/// A caller of a tenant that nobody else uses.
#[must_use]
pub fn caller() -> Caller {
    let call = Call::begin(None, Duration::from_secs(20));
    Caller::new(call, TenantId::new(), Some(UserId::new()), Vec::new())
}

//! Calls to other services.

use std::{error::Error, net::IpAddr, time::Duration};

use http::{Uri, uri::InvalidUri};
use tonic::{
    Status, TimeoutExpired,
    transport::{Channel, Endpoint},
};

mod balance;

pub(crate) use balance::host_and_port;

/// A channel that connects when first used and again after a failure, so that services start and
/// restart in any order. A name that leads to several addresses, or several URLs with commas between
/// them, are replicas, over which requests are spread. To be called inside a tokio runtime.
///
/// # Errors
///
/// When the address is no URL.
#[expect(clippy::needless_pass_by_value, reason = "it is asked for once, with what was configured")]
pub fn channel(url: String) -> Result<Channel, InvalidUri> {
    let urls = url.split(',').map(|url| url.trim().parse()).collect::<Result<Vec<Uri>, _>>()?;
    if let [one] = urls.as_slice()
        && is_address(one)
    {
        return Ok(endpoint(Endpoint::from(one.clone())).connect_lazy());
    }
    Ok(balance::channel(urls))
}

/// Whether there is nothing to resolve.
fn is_address(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// With what every connection is set to.
pub(crate) fn endpoint(to: Endpoint) -> Endpoint {
    to.connect_timeout(Duration::from_secs(2))
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
}

/// Tries a call that has no effect, or none the second time, up to three times while the connection to
/// the service breaks or cannot be had. A service that answers that it is unavailable is not asked
/// again here: its answer says when to, and who asked first decides. Every try must set its own
/// deadline, by [`crate::caller::Call::request`].
///
/// # Errors
///
/// Those of the last try.
pub async fn retry<T>(mut attempt: impl AsyncFnMut() -> Result<T, Status>) -> Result<T, Status> {
    for (least_ms, most_ms) in [(25, 75), (100, 300)] {
        match attempt().await {
            Err(status) if is_broken_transport(&status) => {
                let pause_ms = rand::random_range(least_ms..most_ms);
                tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            }
            done => return done,
        }
    }
    attempt().await
}

/// Whether a status was made on this side because the connection failed, whatever code it has.
#[must_use]
pub fn is_broken_transport(status: &Status) -> bool {
    let mut sources = std::iter::successors(status.source(), |error| (*error).source()).peekable();
    sources.peek().is_some() && !sources.any(<dyn Error>::is::<TimeoutExpired>)
}

//! Connections that go out.

use std::{io, net::SocketAddr, pin::Pin, sync::Arc};

use http::Uri;
use hyper_util::rt::TokioIo;
use rand::seq::SliceRandom;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::{Service, service_fn};

use super::identity::Identity;
use crate::client::host_and_port;

type Secured = TokioIo<TlsStream<TcpStream>>;
type Connecting = Pin<Box<dyn Future<Output = io::Result<Secured>> + Send>>;

/// Connects to the service of this name, and to nobody else, at one of the addresses of these URLs.
/// How long that may take, handshake and all, is the channel's to say.
pub(super) fn connector(
    identity: Arc<Identity>,
    service: &str,
    urls: Vec<Uri>,
) -> anyhow::Result<
    impl Service<Uri, Response = Secured, Error = io::Error, Future = Connecting> + Send + 'static,
> {
    let name = identity.name_of(service)?;
    let (service, urls) = (Arc::<str>::from(service), Arc::<[Uri]>::from(urls));
    Ok(service_fn(move |_| -> Connecting {
        let (identity, name) = (Arc::clone(&identity), name.clone());
        let (service, urls) = (Arc::clone(&service), Arc::clone(&urls));
        Box::pin(async move {
            let connecting = async {
                let stream = reach(&urls).await?;
                stream.set_nodelay(true)?;
                let tls = TlsConnector::from(Arc::clone(&identity.keys().client));
                Ok(TokioIo::new(tls.connect(name, stream).await?))
            };
            connecting.await.inspect_err(
                |error: &io::Error| tracing::warn!(%error, "{service} cannot be reached"),
            )
        })
    }))
}

/// The first of the addresses, in any order, that answers.
async fn reach(urls: &[Uri]) -> io::Result<TcpStream> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for (host, port) in urls.iter().filter_map(host_and_port) {
        match tokio::net::lookup_host((host, port)).await {
            Ok(found) => addresses.extend(found),
            Err(error) => tracing::warn!(%error, "{host} cannot be resolved"),
        }
    }
    addresses.shuffle(&mut rand::rng());
    TcpStream::connect(addresses.as_slice()).await
}

//! Connections that go out.

use std::{io, pin::Pin, sync::Arc};

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::{Service, service_fn};

use super::identity::Identity;

type Connecting = Pin<Box<dyn Future<Output = io::Result<TokioIo<TlsStream<TcpStream>>>> + Send>>;

/// Connects to the service of this name, and to nobody else. How long that may take, handshake and
/// all, is the channel's to say.
pub(super) fn connector(
    identity: Arc<Identity>,
    service: &str,
) -> anyhow::Result<
    impl Service<Uri, Response = TokioIo<TlsStream<TcpStream>>, Error = io::Error, Future = Connecting>
    + Send
    + 'static,
> {
    let (name, service) = (identity.name_of(service)?, Arc::<str>::from(service));
    Ok(service_fn(move |uri: Uri| -> Connecting {
        let (identity, name, service) = (Arc::clone(&identity), name.clone(), Arc::clone(&service));
        Box::pin(async move {
            let connecting = async {
                let host = uri.host().unwrap_or_default();
                let host = host.trim_start_matches('[').trim_end_matches(']');
                let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
                stream.set_nodelay(true)?;
                let tls = TlsConnector::from(Arc::clone(&identity.keys().client));
                Ok(TokioIo::new(tls.connect(name, stream).await?))
            };
            connecting
                .await
                .inspect_err(|error| tracing::warn!(%error, "{service} cannot be reached"))
        })
    }))
}

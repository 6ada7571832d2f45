//! A client that does what ours would not.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Trusts whom the file says, and shows the certificate of that name, if any.
pub(super) struct Intruder(TlsConnector);

impl Intruder {
    pub(super) fn new(directory: &Path, authority: &str, certificate: Option<&str>) -> Self {
        let read = |file: String| {
            let file = CertificateDer::pem_file_iter(directory.join(file)).unwrap();
            file.collect::<Result<Vec<_>, _>>().unwrap()
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(read(authority.to_owned()));
        let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match certificate {
            Some(name) => {
                let key = directory.join(format!("{name}.key"));
                let key = PrivateKeyDer::from_pem_file(key).unwrap();
                config.with_client_auth_cert(read(format!("{name}.crt")), key).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self(TlsConnector::from(Arc::new(config)))
    }

    /// Whether the server says anything in HTTP/2.
    pub(super) async fn gets_an_answer(&self, url: &str) -> bool {
        let stream = TcpStream::connect(url.trim_start_matches("https://")).await.unwrap();
        let name = ServerName::try_from("customer.lombard").unwrap();
        let Ok(mut stream) = self.0.connect(name, stream).await else { return false };
        let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        // In TLS 1.3 a client learns only when it reads that its certificate was refused.
        stream.write_all(hello).await.is_ok() && stream.read_u8().await.is_ok()
    }
}

//! How connections between services are secured: mutual TLS, with the name in a certificate for who is
//! there. Who may call what is said in [`crate::peers`].

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueEnum};
use http::Uri;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

use crate::client;

mod accept;
mod connect;
mod connection;
mod files;
mod identity;

pub use accept::{Accepting, Listener};
pub use connection::Connection;

use self::{
    accept::Security,
    identity::{Identity, Public},
};

/// The certificates of this process, and whether it may do without.
#[derive(Debug, Clone, Args)]
pub struct TlsConfig {
    /// This service's certificate and its intermediates, as PEM. Its name is the service's, in the
    /// domain: `ledger.lombard`. With it, peers must have certificates, too; read again when it
    /// changes.
    #[arg(long, env = "TLS_CERT_FILE", value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// The certificate's key, as PEM.
    #[arg(long, env = "TLS_KEY_FILE", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
    /// The authority that issues the services' certificates, as PEM; several while they change.
    #[arg(long, env = "TLS_CA_FILE", value_name = "FILE")]
    pub tls_ca_file: Option<PathBuf>,
    /// What the names in the services' certificates end with.
    #[arg(long, env = "TLS_DOMAIN", value_name = "NAME", default_value = "lombard")]
    pub tls_domain: String,
    /// Names of other certificates, without the domain, whose holders may do what the gateway may:
    /// name any tenant as the one that calls.
    #[arg(long, env = "INTERNAL_CALLERS", value_name = "NAMES", value_delimiter = ',')]
    pub internal_callers: Vec<String>,
    /// Where connections may go without TLS.
    #[arg(long, env = "PLAINTEXT", default_value = "loopback")]
    pub plaintext: Plaintext,
}

/// Where connections may go without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Plaintext {
    /// Within this machine.
    Loopback,
    /// Everywhere: something else secures the network.
    Allow,
}

/// How this process listens and connects.
#[derive(Debug, Clone)]
pub struct Links {
    identity: Option<Arc<Identity>>,
    plaintext: Plaintext,
}

impl TlsConfig {
    /// Those of `name` in a directory, in files as `lombard dev-certs` writes them.
    #[must_use]
    pub fn in_directory(directory: &Path, name: &str) -> Self {
        Self {
            tls_cert_file: Some(directory.join(format!("{name}.crt"))),
            tls_key_file: Some(directory.join(format!("{name}.key"))),
            tls_ca_file: Some(directory.join("ca.crt")),
            tls_domain: "lombard".to_owned(),
            internal_callers: Vec::new(),
            plaintext: Plaintext::Loopback,
        }
    }

    /// The links of the service of this name: `ledger`.
    ///
    /// # Errors
    ///
    /// When the certificate is not that of the service, or cannot be used.
    pub fn links(&self, service: &str) -> anyhow::Result<Links> {
        let identity = match (&self.tls_cert_file, &self.tls_key_file, &self.tls_ca_file) {
            (Some(certificate), Some(key), Some(authority)) => {
                let files = [certificate.clone(), key.clone(), authority.clone()];
                let callers = self.internal_callers.clone();
                Some(Arc::new(Identity::open(files, service, &self.tls_domain, callers)?))
            }
            (None, None, None) => None,
            _ => bail!("TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE belong together"),
        };
        Ok(Links { identity, plaintext: self.plaintext })
    }
}

impl Links {
    /// Without TLS.
    #[must_use]
    pub fn plaintext(plaintext: Plaintext) -> Self {
        Self { identity: None, plaintext }
    }

    /// Whether they are over TLS.
    #[must_use]
    pub fn are_secured(&self) -> bool {
        self.identity.is_some()
    }

    /// Listens for peers.
    ///
    /// # Errors
    ///
    /// When the address is not to be had, or is reached from elsewhere and would be without TLS.
    pub async fn listen(&self, address: SocketAddr) -> anyhow::Result<Listener> {
        let listener = self.listener(TcpListener::bind(address).await.context("cannot listen")?);
        listener.permitted()?;
        Ok(listener)
    }

    /// What listens for peers on a port that is there.
    #[must_use]
    pub fn listener(&self, tcp: TcpListener) -> Listener {
        let security = match &self.identity {
            Some(identity) => Security::Mutual(Arc::clone(identity)),
            None => Security::None(self.plaintext),
        };
        Listener::new(tcp, security)
    }

    /// Listens for anybody, with a certificate and its key in files, where there are any.
    ///
    /// # Errors
    ///
    /// As [`Self::listen`]; when the certificate cannot be used.
    pub async fn listen_to_public(
        &self,
        address: SocketAddr,
        certificate: Option<[PathBuf; 2]>,
    ) -> anyhow::Result<Listener> {
        let security = match certificate {
            Some(files) => Security::Server(Arc::new(Public::open(files)?)),
            None => Security::None(self.plaintext),
        };
        let tcp = TcpListener::bind(address).await.context("cannot listen")?;
        let listener = Listener::new(tcp, security);
        listener.permitted()?;
        Ok(listener)
    }

    /// A channel to the service of this name, as [`client::channel`] makes them. Over TLS, whoever
    /// answers must have the service's certificate, whatever the URL's host is called; of replicas one
    /// is taken by chance for each connection, not for each request.
    ///
    /// # Errors
    ///
    /// When the address is no URL, or its scheme is not that of these links.
    pub fn channel(&self, service: &str, url: &str) -> anyhow::Result<Channel> {
        let urls: Result<Vec<Uri>, _> = url.split(',').map(|url| url.trim().parse()).collect();
        let urls = urls.with_context(|| format!("{service}: {url} is no URL"))?;
        for url in &urls {
            self.check(service, url)?;
        }
        let (Some(identity), Some(first)) = (&self.identity, urls.first()) else {
            return Ok(client::channel(url.to_owned())?);
        };
        let endpoint = client::endpoint(Endpoint::from(first.clone()));
        let connector = connect::connector(Arc::clone(identity), service, urls)?;
        Ok(endpoint.connect_with_connector_lazy(connector))
    }

    fn check(&self, service: &str, url: &Uri) -> anyhow::Result<()> {
        let scheme = url.scheme_str();
        if self.are_secured() {
            ensure!(
                scheme == Some("https"),
                "{service}: {url} must begin with https://, because TLS_CERT_FILE is set"
            );
            return Ok(());
        }
        ensure!(scheme == Some("http"), "{service}: {url} needs TLS_CERT_FILE");
        ensure!(
            self.plaintext == Plaintext::Allow || is_loopback(url),
            "{service}: {url} is on another machine and would be reached without TLS: set \
             TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE, or PLAINTEXT=allow"
        );
        Ok(())
    }
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_tls_only_this_machine_is_reached_unless_told_otherwise() {
        let (here, anywhere) =
            (Links::plaintext(Plaintext::Loopback), Links::plaintext(Plaintext::Allow));
        for url in ["http://127.0.0.1:7002", "http://[::1]:7002", "http://localhost:7002"] {
            assert!(here.channel("customer", url).is_ok(), "{url}");
        }
        for url in ["http://customer:7002", "http://10.0.0.1:7002", "http://localhost.example:1"] {
            let refused = here.channel("customer", url).unwrap_err().to_string();
            assert!(refused.contains("PLAINTEXT=allow"), "{refused}");
            assert!(anywhere.channel("customer", url).is_ok(), "{url}");
        }
        assert!(anywhere.channel("customer", "https://customer:7002").is_err(), "no certificate");
    }
}

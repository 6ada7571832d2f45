//! Who this process is, and whom it trusts. TLS 1.3 alone, and no session is resumed: every connection
//! shows certificates that are good now.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, ensure};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::{Resumption, WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::{TLS12, TLS13},
};
use webpki::EndEntityCert;
use x509_parser::parse_x509_certificate;

use super::files::Reread;
use crate::{measure::Watched, peers::Peer};

/// This process among its peers.
#[derive(Debug)]
pub(crate) struct Identity {
    keys: Arc<Reread<Keys, 3>>,
    _watched: Watched,
    domain: String,
    internal_callers: Vec<String>,
}

/// What handshakes are made with.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) client: Arc<ClientConfig>,
    end: i64,
}

impl Identity {
    /// That of `service`, from the files of its certificate, key and authority.
    pub(crate) fn open(
        files: [PathBuf; 3],
        service: &str,
        domain: &str,
        internal_callers: Vec<String>,
    ) -> anyhow::Result<Self> {
        let domain = domain.to_ascii_lowercase();
        let (name, ending) = (service.to_owned(), domain.clone());
        let keys = Arc::new(Reread::open(files, move |files| keys(files, &name, &ending))?);
        let watched = Arc::clone(&keys);
        let watched = Watched::certificate(service, move || watched.current().end);
        Ok(Self { keys, _watched: watched, domain, internal_callers })
    }

    /// What the next handshake is to be made with.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        self.keys.current()
    }

    /// The name that the certificate of a service has.
    pub(crate) fn name_of(&self, service: &str) -> anyhow::Result<ServerName<'static>> {
        let name = format!("{service}.{}", self.domain);
        ServerName::try_from(name).with_context(|| format!("{} is no domain", self.domain))
    }

    /// Whom a certificate stands for that has been verified.
    pub(crate) fn peer(&self, certificates: Option<&[CertificateDer<'_>]>) -> Peer {
        let name = certificates.and_then(<[_]>::first).and_then(|first| name(first, &self.domain));
        match name {
            Some(name) => {
                let is_internal_caller = self.internal_callers.contains(&name);
                Peer::Named { name: name.into(), is_internal_caller }
            }
            None => Peer::Unnamed,
        }
    }
}

/// The one name that a certificate has in a domain. One that could be two services is none.
fn name(certificate: &CertificateDer<'_>, domain: &str) -> Option<String> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let mut names = certificate.valid_dns_names().filter_map(|name| {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(domain)?.strip_suffix('.')?;
        (!name.is_empty() && !name.contains(['.', '*'])).then(|| name.to_owned())
    });
    let first = names.next()?;
    names.all(|other| other == first).then_some(first)
}

fn keys(
    [certificate, key, authority]: &[PathBuf; 3],
    service: &str,
    domain: &str,
) -> anyhow::Result<Keys> {
    let chain = chain(certificate)?;
    let mut roots = RootCertStore::empty();
    for root in self::chain(authority)? {
        let cannot = || format!("{} holds no authority", authority.display());
        roots.add(root).with_context(cannot)?;
    }
    let roots = Arc::new(roots);
    check(&chain, &roots, service, domain).with_context(|| {
        let file = certificate.display();
        format!("the certificate in {file} is not a good one for {service}.{domain}")
    })?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider()).build()?;
    let end = end(&chain)?;
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain.clone(), self::key(key)?)
        .context("the certificate and its key do not belong together")?;
    server.alpn_protocols = vec![b"h2".to_vec()];
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, self::key(key)?)?;
    client.alpn_protocols = vec![b"h2".to_vec()];
    client.resumption = Resumption::disabled();
    Ok(Keys { server: Arc::new(server), client: Arc::new(client), end })
}

/// Whether peers will accept it: told here, not by each of them.
fn check(
    chain: &[CertificateDer<'_>],
    roots: &Arc<RootCertStore>,
    service: &str,
    domain: &str,
) -> anyhow::Result<()> {
    let (leaf, between) = chain.split_first().context("there is none")?;
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider()).build()?;
    let server_name = ServerName::try_from(format!("{service}.{domain}"))?;
    verifier.verify_server_cert(leaf, between, &server_name, &[], UnixTime::now())?;
    ensure!(name(leaf, domain).as_deref() == Some(service), "it has the names of several services");
    Ok(())
}

/// What is shown to clients that nobody knows.
#[derive(Debug)]
pub(crate) struct Public {
    offered: Arc<Reread<Offered, 2>>,
    _watched: Watched,
}

#[derive(Debug)]
struct Offered {
    server: Arc<ServerConfig>,
    end: i64,
}

impl Public {
    /// From the files of a certificate and its key.
    pub(crate) fn open(files: [PathBuf; 2]) -> anyhow::Result<Self> {
        let offered = Arc::new(Reread::open(files, offered)?);
        let watched = Arc::clone(&offered);
        let watched = Watched::certificate("public", move || watched.current().end);
        Ok(Self { offered, _watched: watched })
    }

    /// What the next handshake is to be made with.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.offered.current().server)
    }
}

fn offered([certificate, key]: &[PathBuf; 2]) -> anyhow::Result<Offered> {
    let chain = chain(certificate)?;
    let end = end(&chain)?;
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, self::key(key)?)
        .context("the certificate and its key do not belong together")?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Offered { server: Arc::new(server), end })
}

/// When the first of these certificates ends, in Unix time.
fn end(chain: &[CertificateDer<'_>]) -> anyhow::Result<i64> {
    let mut first = i64::MAX;
    for certificate in chain {
        let (_, parsed) = parse_x509_certificate(certificate).context("no X.509 certificate")?;
        first = first.min(parsed.validity().not_after.timestamp());
    }
    Ok(first)
}

fn chain(file: &PathBuf) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.with_context(|| format!("cannot read certificates in {}", file.display()))?;
    ensure!(!chain.is_empty(), "there is no certificate in {}", file.display());
    Ok(chain)
}

fn key(file: &PathBuf) -> anyhow::Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(file)
        .with_context(|| format!("cannot read a key in {}", file.display()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

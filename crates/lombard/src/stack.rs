//! The platform in this process: four services on loopback, talking real gRPC, and the gateway before
//! them. PostgreSQL is the caller's; see `server`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use access::{Access, SCOPES};
use anyhow::Context;
use clap::Parser;
use kit::{
    keys::{self, Keyring},
    peers::{ACCESS, CUSTOMER, GATEWAY, KYC, LEDGER, OPERATOR},
    tls::{Links, Listener, Plaintext, TlsConfig},
};
use kyc::Objects;
use sqlx::{PgPool, migrate::Migrator, postgres::PgConnectOptions};
use tokio::{net::TcpListener, sync::Mutex};
use tonic::transport::Channel;
use types::TenantId;

use crate::{identity::Identity, parts::Parts, ready};

/// How long requests under way have to finish when the platform stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a new token is good for.
const TOKEN_LIFETIME: Duration = Duration::from_hours(1);
/// Connections of each service to its database at most: four services fit into PostgreSQL's default
/// of 100.
const CONNECTIONS: u32 = 20;

/// A tenant to play with, and its one user.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox {
    /// The tenant's name.
    pub name: &'static str,
    /// The user's address.
    pub email: &'static str,
    /// The user's password, which everybody knows.
    pub password: &'static str,
}

/// The tenant that the documentation speaks of.
pub const SANDBOX: Sandbox =
    Sandbox { name: "sandbox", email: "sandbox@lombard.test", password: "sandbox-password" };
/// A second one, to see that tenants do not see each other.
pub const OTHER: Sandbox =
    Sandbox { name: "other", email: "other@lombard.test", password: "other-password" };

/// Where the services keep their data.
#[derive(Debug, Clone)]
pub struct Databases {
    /// A server on which databases may be created.
    pub server: PgConnectOptions,
    /// What the databases' names begin with; the services' names follow.
    pub prefix: String,
    /// A directory for what is in no database: keys.
    pub files: PathBuf,
    /// A directory for documents. It belongs to these databases alone: what they do not know is deleted.
    pub documents: PathBuf,
}

/// The running platform. Dropped, it ends at once; `stop` lets requests under way finish.
#[derive(Debug)]
pub struct Stack {
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    services: [(&'static str, SocketAddr); 4],
    access: Access,
    parts: Mutex<Parts>,
}

impl Stack {
    /// Creates and migrates the databases, starts everything, and waits until all of it answers. With
    /// a directory of certificates, the services talk over mutual TLS.
    ///
    /// # Errors
    ///
    /// When a database cannot be had, or a part of the platform does not start.
    pub async fn start(
        databases: &Databases,
        identity: &Identity,
        listener: TcpListener,
        certificates: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let links = |name| links(certificates, name);
        let (access, customer, kyc, ledger) = tokio::try_join!(
            Place::prepare(databases, ACCESS, links(ACCESS)?, &access::MIGRATIONS),
            Place::prepare(databases, CUSTOMER, links(CUSTOMER)?, &customer::MIGRATIONS),
            Place::prepare(databases, KYC, links(KYC)?, &kyc::MIGRATIONS),
            Place::prepare(databases, LEDGER, links(LEDGER)?, &ledger::MIGRATIONS),
        )?;
        identity.load_lists(&kyc.pool).await?;
        let gateway = listener.local_addr()?;
        let services = [&access, &customer, &kyc, &ledger].map(|place| (place.name, place.address));
        let users = Access::new(access.pool.clone(), TOKEN_LIFETIME);
        let gateways = links(GATEWAY)?;
        let channels = Channels {
            access: access.channel(&gateways)?,
            customer: customer.channel(&gateways)?,
            kyc: kyc.channel(&gateways)?,
            ledger: ledger.channel(&gateways)?,
        };
        let for_kyc = customer.channel(&kyc.links)?;
        let for_ledger = customer.channel(&ledger.links)?;
        let operators = links(OPERATOR)?;
        let probes = [&access, &customer, &kyc, &ledger]
            .map(|place| place.channel(&operators).map(|channel| (place.name, channel)));
        // Each needs those before it; they stop in the opposite order.
        let mut parts = Parts::default();
        start_access(&mut parts, access);
        start_customer(&mut parts, customer, &databases.files)?;
        let settings = kyc_settings(databases, identity)?;
        start_kyc(&mut parts, kyc, settings, for_kyc);
        start_ledger(&mut parts, ledger, for_ledger)?;
        // Whoever asked for it to be reached from elsewhere was told.
        let listener = Links::plaintext(Plaintext::Allow).listener(listener);
        start_gateway(&mut parts, listener, channels);
        let stack = Self { gateway, services, access: users, parts: Mutex::new(parts) };
        let url = stack.url();
        tokio::select! {
            ready = ready::wait(probes, &url) => ready?,
            error = stack.failed() => return Err(error),
        }
        Ok(stack)
    }

    /// The gateway's address as a URL that works on this machine, also where the gateway listens on
    /// all addresses.
    #[must_use]
    pub fn url(&self) -> String {
        let mut address = self.gateway;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V4(_) | IpAddr::V6(_) => {}
        }
        format!("http://{address}")
    }

    /// Where a service answers gRPC.
    #[must_use]
    pub fn grpc(&self, service: &str) -> Option<SocketAddr> {
        self.services.iter().find(|(name, _)| *name == service).map(|(_, address)| *address)
    }

    /// All services, with where they answer gRPC.
    #[must_use]
    pub fn services(&self) -> &[(&'static str, SocketAddr)] {
        &self.services
    }

    /// The users of the platform, to make more of.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Makes a tenant and its user, unless they are there.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn seed(&self, sandbox: &Sandbox) -> anyhow::Result<TenantId> {
        let tenant = self.access.ensure_tenant(sandbox.name).await?;
        self.access.ensure_user(tenant, sandbox.email, sandbox.password, &SCOPES).await?;
        Ok(tenant)
    }

    /// Waits until a part ends that should not, and says which and why.
    pub async fn failed(&self) -> anyhow::Error {
        self.parts.lock().await.failed().await
    }

    /// Stops everything, the gateway first; requests under way may finish.
    ///
    /// # Errors
    ///
    /// When a part fails while it stops. All are stopped nevertheless.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.parts.into_inner().stop().await
    }
}

/// What a service needs to start.
struct Place {
    name: &'static str,
    pool: PgPool,
    listener: Listener,
    address: SocketAddr,
    links: Links,
}

impl Place {
    async fn prepare(
        databases: &Databases,
        name: &'static str,
        links: Links,
        migrations: &Migrator,
    ) -> anyhow::Result<Self> {
        let database = format!("{}{name}", databases.prefix);
        let there = cluster::ensure_database(&databases.server, &database).await;
        there.with_context(|| format!("cannot have the database {database}"))?;
        let pool = kit::postgres::pool(databases.server.clone().database(&database), CONNECTIONS);
        let migrated = kit::postgres::migrate(&pool, migrations).await;
        migrated.with_context(|| format!("cannot migrate the database {database}"))?;
        let listener = links.listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let address = listener.local_addr()?;
        Ok(Self { name, pool, listener, address, links })
    }

    /// The way here, for somebody with these links.
    fn channel(&self, links: &Links) -> anyhow::Result<Channel> {
        let scheme = if links.are_secured() { "https" } else { "http" };
        links.channel(self.name, &format!("{scheme}://{}", self.address))
    }
}

/// How the holder of a name is linked to the others.
fn links(certificates: Option<&Path>, name: &str) -> anyhow::Result<Links> {
    match certificates {
        Some(directory) => TlsConfig::in_directory(directory, name).links(name),
        None => Ok(Links::plaintext(Plaintext::Loopback)),
    }
}

/// How the services are reached.
struct Channels {
    access: Channel,
    customer: Channel,
    kyc: Channel,
    ledger: Channel,
}

fn start_customer(
    parts: &mut Parts,
    Place { name, pool, listener, .. }: Place,
    files: &Path,
) -> anyhow::Result<()> {
    let keys = keyring(&files.join("customer-keys"))?;
    parts.start(name, |stop| customer::serve(listener, pool, keys, DRAIN_TIMEOUT, stop));
    Ok(())
}

/// The keys of a file, which are made when there is none.
fn keyring(file: &Path) -> anyhow::Result<Keyring> {
    keys::ensure_file(file)?;
    Keyring::from_file(file)
}

fn start_access(parts: &mut Parts, Place { name, pool, listener, .. }: Place) {
    let settings =
        access::Settings { token_lifetime: TOKEN_LIFETIME, ..access::Settings::default() };
    parts.start(name, |stop| access::serve(listener, settings, pool, DRAIN_TIMEOUT, stop));
}

fn start_kyc(
    parts: &mut Parts,
    Place { name, pool, listener, .. }: Place,
    settings: kyc::Settings,
    customer: Channel,
) {
    parts.start(name, |stop| kyc::serve(listener, settings, pool, customer, DRAIN_TIMEOUT, stop));
}

fn kyc_settings(databases: &Databases, identity: &Identity) -> anyhow::Result<kyc::Settings> {
    let keys = keyring(&databases.files.join("keys"))?;
    let objects = Objects::directory(&databases.documents)?;
    Ok(identity.settings(kyc::Settings::new(keys, objects).in_the_sandbox()))
}

fn start_ledger(
    parts: &mut Parts,
    Place { name, pool, listener, .. }: Place,
    customer: Channel,
) -> anyhow::Result<()> {
    let LedgerSettings { settings } = LedgerSettings::try_parse_from([name, "--sandbox"])?;
    parts
        .start(name, |stop| ledger::serve(listener, settings, pool, customer, DRAIN_TIMEOUT, stop));
    Ok(())
}

fn start_gateway(parts: &mut Parts, listener: Listener, channels: Channels) {
    let Channels { access, customer, kyc, ledger } = channels;
    let (sandbox, drain_timeout) = (true, DRAIN_TIMEOUT);
    let limits = gateway::Limits::default();
    let settings =
        gateway::Settings { access, customer, kyc, ledger, sandbox, drain_timeout, limits };
    parts.start("gateway", |stop| gateway::serve(listener, settings, stop));
}

/// The ledger's own settings: its defaults, or what the environment says.
#[derive(Parser)]
struct LedgerSettings {
    #[command(flatten)]
    settings: ledger::Settings,
}

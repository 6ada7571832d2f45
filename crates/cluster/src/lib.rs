//! A PostgreSQL cluster of our own on this machine: durable for `lombard dev`, throw-away for the tests.
//!
//! The server listens on no network address. It trusts whoever reaches its Unix socket, and the socket
//! is in a directory of mode 700: that is the user whom PostgreSQL runs as, and root. PostgreSQL
//! refuses to run as root, so root runs it as `postgres` or else `nobody`; whatever else runs as that
//! user can then connect too.
//!
//! Not here: schemas, roles and pools. Those belong to the services.

mod binaries;
mod database;
mod durable;
mod log;
mod place;
mod postmaster;
mod server;
mod throw_away;
mod user;

use std::path::{Path, PathBuf};

use anyhow::Result;
use sqlx::postgres::PgConnectOptions;

pub use crate::{binaries::installed, database::ensure_database, place::Moved};
use crate::{durable::Durable, place::Place, throw_away::ThrowAway};

/// A running cluster.
///
/// Dropping it stops the server: a durable one is told to and not waited for, a throw-away one is
/// waited for and its files are gone. [`Cluster::stop`] is the orderly way.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    directory: PathBuf,
    sockets: PathBuf,
    moved: Option<Moved>,
}

#[derive(Debug)]
enum Server {
    Durable(Durable),
    ThrowAway(ThrowAway),
}

impl Cluster {
    /// Starts the cluster in `directory`, making it first if it is not there.
    ///
    /// A server that a killed process has left behind is taken over as it runs.
    ///
    /// # Errors
    ///
    /// When another living process uses the directory, PostgreSQL can neither be found nor fetched, or it
    /// does not start.
    pub async fn durable(directory: &Path) -> Result<Self> {
        let place = Place::find(directory)?;
        let sockets = place.sockets()?;
        let server = Durable::start(&place, &sockets).await?;
        Ok(Self {
            server: Server::Durable(server),
            directory: place.directory,
            sockets,
            moved: place.moved,
        })
    }

    /// Starts a new, empty cluster that trades durability for speed, and ends with this process:
    /// however that dies, the server is stopped and its files are deleted.
    ///
    /// # Errors
    ///
    /// When PostgreSQL can neither be found nor fetched, or it does not start.
    pub async fn throw_away() -> Result<Self> {
        let server = ThrowAway::start().await?;
        let directory = server.directory().to_owned();
        Ok(Self {
            server: Server::ThrowAway(server),
            sockets: directory.clone(),
            directory,
            moved: None,
        })
    }

    /// How to connect to the database `postgres` as the superuser `postgres`.
    #[must_use]
    pub fn options(&self) -> PgConnectOptions {
        server::options(&self.sockets)
    }

    /// Where the cluster's files are: `data`, and for a durable one `log`.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Set when the files are not where they were wanted; made to be shown to a person.
    #[must_use]
    pub fn moved(&self) -> Option<&Moved> {
        self.moved.as_ref()
    }

    /// Stops the server, ending its sessions, and waits until it has.
    ///
    /// # Errors
    ///
    /// When it takes longer than a minute.
    pub async fn stop(self) -> Result<()> {
        match self.server {
            Server::Durable(server) => server.stop().await,
            Server::ThrowAway(server) => server.stop().await,
        }
    }
}

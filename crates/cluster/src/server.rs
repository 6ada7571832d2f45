//! What every server of ours has in common: its settings, and how to talk to it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

/// How long a start may take, recovery after a crash included.
pub(crate) const START_DEADLINE: Duration = Duration::from_mins(2);

/// How long a stop may take.
pub(crate) const STOP_DEADLINE: Duration = Duration::from_mins(1);

/// How often we look whether something has happened.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// Part of the socket's name; nothing listens on it.
const PORT: u16 = 5432;

/// The longest path of a socket, on the stricter of the systems (Linux allows 107).
const MAX_SOCKET_BYTES: usize = 103;

/// How `initdb` makes a cluster. Whoever reaches the socket is trusted; should somebody turn on
/// listening by hand, connections over the network are still refused.
///
/// The C locale compares bytes: it is the fastest, and no update of the system ever changes it.
pub(crate) const INITDB: [&str; 6] = [
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions",
];

/// The arguments to start a server with.
pub(crate) fn arguments(data: &Path, sockets: &Path, settings: &[&str]) -> Vec<OsString> {
    // The setting is a list: a path in quotes is one element, commas and all.
    let mut directories = OsString::from("unix_socket_directories=\"");
    directories.push(sockets);
    directories.push("\"");
    let mut arguments = vec![OsString::from("-D"), data.into(), OsString::from("-c"), directories];
    let port = format!("port={PORT}");
    let always = ["listen_addresses=", &port, "max_connections=200", "logging_collector=off"];
    for setting in always.iter().chain(settings) {
        arguments.extend([OsString::from("-c"), OsString::from(setting)]);
    }
    arguments
}

/// How to connect to the database `postgres` as its superuser.
pub(crate) fn options(sockets: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(sockets)
        .port(PORT)
        .username("postgres")
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
}

/// Whether a server answers.
pub(crate) async fn answers(options: &PgConnectOptions) -> bool {
    match PgConnection::connect_with(options).await {
        Ok(connection) => connection.close().await.is_ok(),
        Err(_) => false,
    }
}

/// Whether a socket can be made in a directory of this name.
pub(crate) fn fits_socket(directory: &Path) -> bool {
    socket(directory).as_os_str().len() <= MAX_SOCKET_BYTES
}

/// The file by which a server keeps others from its socket.
pub(crate) fn socket_lock(directory: &Path) -> PathBuf {
    socket(directory).with_added_extension("lock")
}

fn socket(directory: &Path) -> PathBuf {
    directory.join(format!(".s.PGSQL.{PORT}"))
}

//! Connections as axum takes them.

use std::{io, net::SocketAddr};

use kit::tls::{Accepting, Connection};

/// Those that come in, with or without TLS.
#[derive(Debug)]
pub(crate) struct Incoming(pub(crate) Accepting);

impl axum::serve::Listener for Incoming {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let connection = self.0.next().await;
        let address = connection.address();
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.local_addr())
    }
}

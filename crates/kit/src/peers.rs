//! Who may call which rpcs. The layer around the rpcs knows by the connection who is there, and lets
//! through what a service's groups allow and nothing else. For whom a peer calls, its metadata says:
//! that is believed of whoever is let through.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tonic::{Code, body::Body};
use tower::{Layer, Service};

use crate::{
    context::{ALWAYS_PUBLIC, domain},
    errors,
};

/// The access service.
pub const ACCESS: &str = "access";
/// The customer service.
pub const CUSTOMER: &str = "customer";
/// The gateway, which speaks for whoever has a token.
pub const GATEWAY: &str = "gateway";
/// The KYC service.
pub const KYC: &str = "kyc";
/// The ledger service.
pub const LEDGER: &str = "ledger";
/// An operator at a command line.
pub const OPERATOR: &str = "operator";

/// The reason of a refusal to a peer.
pub const NOT_ALLOWED: &str = "PEER_NOT_ALLOWED";

/// Who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// Whoever reaches a port without TLS. Where such a port may be, the operator has said.
    Plaintext,
    /// Somebody with a certificate of our authority that names no service.
    Unnamed,
    /// The holder of a certificate of our authority.
    Named {
        /// The service's name.
        name: Arc<str>,
        /// Whether the operator lets it do what the gateway may.
        is_internal_caller: bool,
    },
}

/// Some rpcs of a service, and who may call them.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// `lombard.ledger.v1.LedgerService`
    pub service: &'static str,
    /// `GetLedger`
    pub rpcs: &'static [&'static str],
    /// Names of peers.
    pub callers: &'static [&'static str],
}

impl Group {
    fn holds(&self, path: &str) -> bool {
        let rpc = path.strip_prefix('/').and_then(|path| path.split_once('/'));
        rpc.is_some_and(|(service, rpc)| service == self.service && self.rpcs.contains(&rpc))
    }
}

impl Peer {
    /// Whether it may call the rpc at a path.
    fn may_call(&self, path: &str, groups: &[Group]) -> bool {
        let is_public = ALWAYS_PUBLIC.iter().any(|prefix| path.starts_with(prefix));
        match self {
            Self::Plaintext => true,
            Self::Unnamed => is_public,
            Self::Named { name, is_internal_caller } => {
                let is_caller = |caller: &&str| {
                    **caller == **name || (*is_internal_caller && *caller == GATEWAY)
                };
                is_public
                    || groups
                        .iter()
                        .any(|group| group.holds(path) && group.callers.iter().any(is_caller))
            }
        }
    }
}

/// Wraps a server's routes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerLayer {
    pub(crate) groups: &'static [Group],
}

impl<S> Layer<S> for PeerLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { inner, groups: self.groups }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Guarded<S> {
    inner: S,
    groups: &'static [Group],
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let peer = request.extensions().get::<Peer>();
        if peer.is_some_and(|peer| peer.may_call(path, self.groups)) {
            return Box::pin(self.inner.call(request));
        }
        tracing::warn!(?peer, rpc.method = path, "a peer called what it may not");
        let message = "this peer may not call this";
        let refusal = errors::status(Code::PermissionDenied, domain(path), NOT_ALLOWED, message);
        Box::pin(std::future::ready(Ok(refusal.into_http())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: [Group; 2] = [
        Group { service: "a.A", rpcs: &["Read"], callers: &[GATEWAY, KYC] },
        Group { service: "a.A", rpcs: &["Write"], callers: &[GATEWAY] },
    ];

    fn named(name: &str, is_internal_caller: bool) -> Peer {
        Peer::Named { name: name.into(), is_internal_caller }
    }

    #[test]
    fn what_no_group_allows_is_denied() {
        let kyc = named(KYC, false);

        assert!(kyc.may_call("/a.A/Read", &GROUPS));
        for path in ["/a.A/Write", "/a.A/Other", "/a.B/Read", "a.A/Read", "/a.A/Read/", "/", ""] {
            assert!(!kyc.may_call(path, &GROUPS), "{path}");
        }
        assert!(!named("stranger", false).may_call("/a.A/Read", &GROUPS));
        assert!(!Peer::Unnamed.may_call("/a.A/Read", &GROUPS));
    }

    #[test]
    fn an_internal_caller_may_do_what_the_gateway_may_beside_its_own() {
        let groups = [Group { service: "a.A", rpcs: &["Report"], callers: &[KYC] }];

        assert!(named("payroll", true).may_call("/a.A/Write", &GROUPS));
        assert!(!named("payroll", true).may_call("/a.A/Report", &groups));
        assert!(named(KYC, true).may_call("/a.A/Report", &groups));
    }

    #[test]
    fn health_needs_a_certificate_and_no_name() {
        assert!(Peer::Unnamed.may_call("/grpc.health.v1.Health/Check", &GROUPS));
    }
}

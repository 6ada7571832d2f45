//! What is left of a body when its request has been answered without it, as refusals are. Somebody has
//! to read it: a server that closes the connection instead takes the answer away from clients that
//! send first and read then, and the connection from those that go on with it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use http::{Request, header::EXPECT};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

/// More than the largest body that any route takes.
const MOST: usize = 20 * 1024 * 1024;
/// How long a client may take to send the rest.
const PATIENCE: Duration = Duration::from_secs(2);

/// A body that is read by two, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Remains(Arc<Mutex<Body>>);

impl Remains {
    /// Those of a request that is about to be answered; none where there is no body, or where the
    /// client asks before it sends one.
    pub(crate) fn of(request: &mut Request<Body>) -> Option<Self> {
        if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
            return None;
        }
        let remains = Self(Arc::new(Mutex::new(std::mem::take(request.body_mut()))));
        *request.body_mut() = Body::new(remains.clone());
        Some(remains)
    }

    /// Reads what is left, within bounds.
    pub(crate) async fn read(mut self) {
        let read = async {
            let mut left = MOST;
            while !self.is_end_stream() && left > 0 {
                let Some(Ok(frame)) = self.frame().await else { break };
                left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            }
        };
        // Whoever is slower must live without the connection.
        let _ = tokio::time::timeout(PATIENCE, read).await;
    }

    fn body(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Remains {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.body()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body().size_hint()
    }
}

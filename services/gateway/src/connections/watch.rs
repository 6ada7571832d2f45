//! What a connection is doing, seen from its bytes and its requests: whether it is idle, or holds its
//! place without getting on.

use std::{
    collections::BTreeMap,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use kit::tls::Connection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long a client may take from the first byte of a request to the end of its headers; on a new
/// connection, from its beginning.
pub(super) const HEADERS: Duration = Duration::from_secs(10);
/// How long a connection may be without a request. Longer than load balancers keep theirs.
pub(super) const IDLE: Duration = Duration::from_secs(75);
/// How long a client may not take anything of an answer.
pub(super) const STUCK: Duration = Duration::from_secs(30);
/// How long a client may take to take all of an answer, of whatever is sent before its end. Of HTTP/2 one
/// answer can be left lying while others are taken.
pub(super) const TAKEN: Duration = Duration::from_mins(2);

/// What is to become of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays.
    Alive,
    /// It is told to end.
    Idle,
    /// It is ended.
    Stuck,
}

/// Times are milliseconds since the beginning, plus one; 0 is never.
#[derive(Debug)]
pub(super) struct Activity {
    begin: Instant,
    requests: AtomicUsize,
    had_request: AtomicBool,
    is_http2: AtomicBool,
    /// The end of the last request, or of the last piece of an answer.
    quiet_since: AtomicU64,
    /// The first byte after the last request began, of HTTP/1.
    headers_since: AtomicU64,
    /// Since when the client takes nothing.
    stuck_since: AtomicU64,
    /// Since when each answer is there of which something is still to be sent, by number.
    unsent: Mutex<BTreeMap<u64, u64>>,
    numbers: AtomicU64,
}

/// A request under way, until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    activity: Arc<Activity>,
    number: u64,
}

impl Activity {
    pub(super) fn begin() -> Self {
        Self {
            begin: Instant::now(),
            requests: AtomicUsize::new(0),
            had_request: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
            quiet_since: AtomicU64::new(1),
            headers_since: AtomicU64::new(1),
            stuck_since: AtomicU64::new(0),
            unsent: Mutex::default(),
            numbers: AtomicU64::new(0),
        }
    }

    /// A request has begun.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        self.requests.fetch_add(1, Relaxed);
        self.had_request.store(true, Relaxed);
        self.headers_since.store(0, Relaxed);
        UnderWay { activity: Arc::clone(self), number: self.numbers.fetch_add(1, Relaxed) }
    }

    /// Decides by what has been seen.
    pub(super) fn look(&self) -> Verdict {
        if self.has_passed(&self.stuck_since, STUCK) || self.has_left_one() {
            return Verdict::Stuck;
        }
        if self.requests.load(Relaxed) > 0 {
            return Verdict::Alive;
        }
        if self.has_passed(&self.headers_since, HEADERS) {
            return Verdict::Stuck;
        }
        if self.has_passed(&self.quiet_since, IDLE) { Verdict::Idle } else { Verdict::Alive }
    }

    fn has_left_one(&self) -> bool {
        // Numbers are given in the order of the requests, answers need not come in it.
        self.unsent().values().any(|since| self.is_over(*since, TAKEN))
    }

    fn unsent(&self) -> MutexGuard<'_, BTreeMap<u64, u64>> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_passed(&self, since: &AtomicU64, limit: Duration) -> bool {
        self.is_over(since.load(Relaxed), limit)
    }

    fn is_over(&self, since: u64, limit: Duration) -> bool {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        since > 0 && self.now().saturating_sub(since) > limit
    }

    fn now(&self) -> u64 {
        let elapsed = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        elapsed.saturating_add(1)
    }

    fn has_read(&self, bytes: &[u8]) {
        let is_first = !self.had_request.load(Relaxed);
        if is_first && bytes.starts_with(b"PRI ") {
            self.is_http2.store(true, Relaxed);
        }
        // Bytes of HTTP/2 need not be of a request: once it had one, it may be silent or ping.
        let may_be_headers = self.requests.load(Relaxed) == 0 && !self.is_http2.load(Relaxed);
        if may_be_headers {
            let _ = self.headers_since.compare_exchange(0, self.now(), Relaxed, Relaxed);
        }
    }

    fn has_written(&self, poll: &Poll<io::Result<usize>>) {
        if poll.is_pending() {
            let _ = self.stuck_since.compare_exchange(0, self.now(), Relaxed, Relaxed);
        } else {
            self.stuck_since.store(0, Relaxed);
            // What is written of HTTP/2 may be a ping, which says nothing.
            if !self.is_http2.load(Relaxed) {
                self.quiet_since.store(self.now(), Relaxed);
            }
        }
    }
}

impl UnderWay {
    /// The answer is there; it is still to be sent.
    pub(super) fn answered(&self) {
        self.activity.unsent().insert(self.number, self.activity.now());
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.activity.unsent().remove(&self.number);
        self.activity.quiet_since.store(self.activity.now(), Relaxed);
        self.activity.requests.fetch_sub(1, Relaxed);
    }
}

/// A stream whose bytes are noticed.
#[derive(Debug)]
pub(super) struct Watched {
    stream: Connection,
    activity: Arc<Activity>,
}

impl Watched {
    pub(super) fn new(stream: Connection, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(read @ [_, ..]) = buf.filled().get(before..) {
            self.activity.has_read(read);
        }
        poll
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.activity.has_written(&poll);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.activity.has_written(&poll);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Arc<Activity> {
        let begin = Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        Arc::new(Activity { begin, ..Activity::begin() })
    }

    #[test]
    fn a_new_connection_must_bring_a_request_in_time() {
        assert_eq!(after(9).look(), Verdict::Alive);
        assert_eq!(after(12).look(), Verdict::Stuck);
    }

    #[test]
    fn a_request_under_way_keeps_it_alive_and_then_it_may_be_idle_for_long() {
        let activity = after(100);

        let request = activity.request();
        assert_eq!(activity.look(), Verdict::Alive);
        drop(request);
        assert_eq!(activity.look(), Verdict::Alive);

        activity.quiet_since.store(1, Relaxed);
        assert_eq!(activity.look(), Verdict::Idle);
    }

    #[test]
    fn slow_headers_end_it_after_a_first_request_too() {
        let activity = after(100);
        drop(activity.request());

        activity.has_read(b"GET / HT");
        assert_eq!(activity.look(), Verdict::Alive);
        activity.headers_since.store(activity.now() - 11_000, Relaxed);
        activity.has_read(b"T");

        assert_eq!(activity.look(), Verdict::Stuck);
    }

    #[test]
    fn an_idle_http2_connection_may_ping() {
        let activity = after(5);
        activity.has_read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        drop(activity.request());

        activity.has_read(b"ping");

        assert_eq!(activity.headers_since.load(Relaxed), 0);
    }

    #[test]
    fn who_takes_nothing_of_an_answer_is_stuck_even_while_requests_are_under_way() {
        let activity = after(100);
        let _request = activity.request();

        activity.stuck_since.store(1, Relaxed);
        assert_eq!(activity.look(), Verdict::Stuck);
        activity.has_written(&Poll::Ready(Ok(1)));
        assert_eq!(activity.look(), Verdict::Alive);
    }

    #[test]
    fn an_answer_that_is_left_lying_ends_it_whatever_else_is_taken() {
        let activity = after(200);
        let lying = activity.request();
        lying.answered();
        let taken = activity.request();
        taken.answered();
        drop(taken);
        assert_eq!(activity.look(), Verdict::Alive);

        activity.unsent().insert(lying.number, 1);
        drop(activity.request());

        assert_eq!(activity.look(), Verdict::Stuck);
        drop(lying);
        assert_eq!(activity.look(), Verdict::Alive);
    }

    #[test]
    fn pings_do_not_keep_it_alive() {
        let activity = after(100);
        activity.has_read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        drop(activity.request());
        activity.quiet_since.store(1, Relaxed);

        activity.has_written(&Poll::Ready(Ok(17)));

        assert_eq!(activity.look(), Verdict::Idle);
    }
}

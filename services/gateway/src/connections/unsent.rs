//! Answers on their way out. A client of HTTP/2 need not take any of an answer and can go on asking, so what
//! it has not taken is watched for each answer by itself.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::watch::UnderWay;

/// An answer whose request is under way until it has been handed out or given up.
#[derive(Debug)]
pub(super) struct Unsent {
    body: Body,
    _under_way: UnderWay,
}

impl Unsent {
    pub(super) fn new(body: Body, under_way: UnderWay) -> Self {
        under_way.answered();
        Self { body, _under_way: under_way }
    }
}

impl HttpBody for Unsent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! The documented envelope of a success, and the headers of every answer.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::Failure;

/// Says that the answer is that of an earlier request with the same `Idempotency-Key`.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A success.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Success<T> {
    /// Always 1.
    #[schema(example = 1)]
    status: i32,
    /// Always "Success".
    #[schema(example = "Success")]
    message: &'static str,
    data: T,
}

impl<T> Success<T> {
    pub(crate) const fn of(data: T) -> Self {
        Self { status: 1, message: "Success", data }
    }
}

/// A success that says what it is about at the top, as documented, and in `data`, as everywhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Both<T> {
    /// Always 1.
    #[schema(example = 1)]
    status: i32,
    /// Always "Success".
    #[schema(example = "Success")]
    message: &'static str,
    #[serde(flatten)]
    top: T,
    data: T,
}

impl<T: Clone> Both<T> {
    pub(crate) fn of(data: T) -> Self {
        Self { status: 1, message: "Success", top: data.clone(), data }
    }
}

/// A page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// How many there are in all.
    total: i64,
    /// Those on this page.
    list: Vec<T>,
    /// There when more follow: the `cursor` of the next page.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    next_cursor: String,
}

impl<T> Page<T> {
    /// A page of what `view` makes of each row.
    pub(crate) fn of<R>(
        total: i64,
        rows: Vec<R>,
        next_cursor: String,
        view: impl FnMut(R) -> Result<T, Failure>,
    ) -> Result<Self, Failure> {
        let list = rows.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Self { total, list, next_cursor })
    }
}

/// What a service made of a request, or what the gateway makes of that.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) body: T,
    /// Whether it is the answer of an earlier request.
    pub(crate) replayed: bool,
}

impl<T> Answer<T> {
    /// An answer that says what `view` makes of it.
    pub(crate) fn view<V>(
        self,
        view: impl FnOnce(T) -> Result<V, Failure>,
    ) -> Result<Answer<V>, Failure> {
        Ok(Answer { body: view(self.body)?, replayed: self.replayed })
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.body) {
            Ok(body) => json(StatusCode::OK, body.into(), self.replayed),
            Err(_) => Failure::internal("an answer that is no JSON").into_response(),
        }
    }
}

/// An answer in JSON that nobody on the way may keep.
pub(crate) fn json(http: StatusCode, body: Body, replayed: bool) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = http;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

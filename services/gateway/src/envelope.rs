//! The documented envelope of a success, and the headers of every answer.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use proto::ledger::v1::ResponseCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{failure::Failure, text};

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

/// How a movement of money ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "response_code": "1",
    "response_message": "Transaction Success",
    "transaction_id": "9010ef5b-8b1a-484d-b27c-e9002dcd93d2"
}))]
pub(crate) struct Outcome {
    /// 1 Transaction Success, 12 Quarantined, 101 Declined, 606 Contact Support, 650 Insufficient
    /// Funds, 651 Compliance Firewall.
    response_code: String,
    /// The code in words.
    response_message: &'static str,
    /// The transaction of the side that asked.
    transaction_id: String,
}

impl Outcome {
    pub(crate) fn new(code: ResponseCode, transaction_id: String) -> Result<Self, Failure> {
        let response_message = text::RESPONSE_MESSAGES.word(code)?;
        Ok(Self { response_code: i32::from(code).to_string(), response_message, transaction_id })
    }

    pub(crate) fn response_code(&self) -> &str {
        &self.response_code
    }

    pub(crate) const fn response_message(&self) -> &'static str {
        self.response_message
    }

    pub(crate) fn transaction_id(&self) -> &str {
        &self.transaction_id
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

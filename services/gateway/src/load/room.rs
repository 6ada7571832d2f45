//! Long answers: counted from when they are there until the last of them is sent, however slowly it is taken.

use axum::{
    body::{Bytes, HttpBody},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;

use super::{Gate, Room};
use crate::failure::Failure;

/// The answer with memory for it, which lasts until the last of it is sent; a refusal where there is none.
pub(crate) async fn roomy(response: Response, gate: &Gate) -> Response {
    let size = response.body().size_hint().lower();
    let room = match gate.room(usize::try_from(size).unwrap_or(usize::MAX)) {
        Ok(Some(room)) => room,
        Ok(None) => return response,
        Err(refusal) => return refusal.into_response(),
    };
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => {
            let bytes = Bytes::from_owner(Roomy { bytes: body.to_bytes(), _room: room });
            Response::from_parts(parts, bytes.into())
        }
        Err(_) => Failure::internal("an answer without an end").into_response(),
    }
}

/// An answer that is counted as long as anything of it is in memory.
struct Roomy {
    bytes: Bytes,
    _room: Room,
}

impl AsRef<[u8]> for Roomy {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

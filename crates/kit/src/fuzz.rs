//! What holds of tokens and metadata, whatever they are. The fuzz targets look for input that breaks it; here
//! that is tried again which they have found worth keeping.

#![expect(clippy::missing_panics_doc, reason = "that a rule is broken is told by a panic")]

use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use crate::{
    caller::{Call, Caller, DEFAULT_DEADLINE, REQUEST_ID, SCOPES, TENANT, USER},
    errors::Violations,
    page,
};

/// A page token that is taken is one that was given, letter by letter.
pub fn page_tokens(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut bad = Violations::new();
    let places = [
        page::place::<i64>("page_token", text, &mut bad).map(|place| page::token(&place)),
        page::place::<Uuid>("page_token", text, &mut bad).map(|place| page::token(&place)),
    ];
    for token in places.into_iter().flatten() {
        assert_eq!(token, text);
    }
}

/// Whatever metadata says, a call has a bounded deadline and an id that fits a log, and a caller is one
/// whose metadata says the same again.
pub fn metadata(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let names = [TENANT, USER, SCOPES, REQUEST_ID, "grpc-timeout", "traceparent"];
    for (name, value) in names.into_iter().zip(data.split(|byte| *byte == b'\n')) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    let call = Call::from_headers(&headers);
    assert!(call.time_left() <= DEFAULT_DEADLINE);
    let id = call.request_id();
    assert!((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    if let Some(caller) = Caller::from_headers(call.clone(), &headers) {
        let passed_on = caller.request(()).into_parts().0.into_headers();
        let again = Caller::from_headers(call, &passed_on).map(|it| (it.tenant(), it.user()));
        assert_eq!(again, Some((caller.tenant(), caller.user())));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_fuzzing_has_found_keeps_the_rules() {
        testkit::replay("page_tokens", super::page_tokens);
        testkit::replay("metadata", super::metadata);
    }
}

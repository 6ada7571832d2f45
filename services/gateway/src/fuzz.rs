//! What holds of every request, whatever it brings. The fuzz targets look for input that breaks it; here
//! that is tried again which they have found worth keeping.

#![expect(clippy::missing_panics_doc, reason = "that a rule is broken is told by a panic")]

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Uri, header::AUTHORIZATION};
use time::Duration;

use crate::{
    address::{ForwardedIn, Proxies},
    auth, clock,
    query::{self, Parameters},
    text::DIRECTIONS,
};

pub use crate::body::fuzz::{base64, bodies};

/// A query is read or its faults are named, and what it names as a time has a beginning and an end.
pub fn queries(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(uri) = Uri::try_from(format!("/?{text}")) else { return };
    let (Everything, bad) = query::parse(&uri);
    let is_bad = !bad.is_empty();
    assert_eq!(is_bad, bad.into_result().is_err());
}

/// Reads each of some names in a way of its own.
struct Everything;

impl query::Parse for Everything {
    fn parse(query: &mut Parameters) -> Self {
        let limit = query.integer("limit");
        assert!(limit.is_none_or(|limit| limit >= 0));
        query.boolean("active");
        query.choice("in_out", &DIRECTIONS);
        query.from("from");
        query.to("to");
        query.last("at");
        let id = query.id("id");
        assert!(id.is_none_or(|id| id.len() == 36));
        query.text("email");
        Self
    }
}

/// A time that is read lies in what it names, and is read again as it is printed.
pub fn times(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (first, after) = (clock::first_moment(text), clock::moment_after(text));
    assert_eq!(first.is_some(), after.is_some(), "{text}");
    let Some(first) = first else { return };
    let end = first.checked_add(Duration::DAY);
    if let (Some(Some(after)), Some(end)) = (after, end) {
        assert!(first < after && after <= end, "{text}");
    }
    for print in [clock::print, clock::print_with_slashes] {
        let printed = print(Some(&kit::time::timestamp(first))).ok();
        let again = printed.as_deref().and_then(clock::first_moment);
        assert_eq!(again, first.replace_nanosecond(0).ok(), "{text}");
    }
}

/// Who is not a known proxy's client is believed to be nobody else, and a token is one word.
pub fn headers(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let mut headers = HeaderMap::new();
    for name in ["x-forwarded-for", "forwarded"] {
        headers.insert(name, value.clone());
    }
    headers.insert(AUTHORIZATION, value);
    let peer = IpAddr::from([192, 0, 2, 1]);
    for header in [ForwardedIn::XForwardedFor, ForwardedIn::Forwarded] {
        let stranger = Proxies { trusted: Vec::new(), header };
        assert_eq!(stranger.client(peer, &headers), peer);
        let known = Proxies { trusted: "192.0.2.0/24".parse().into_iter().collect(), header };
        known.client(peer, &headers);
    }
    let token = auth::token(&headers);
    assert!(token.is_none_or(|token| !token.is_empty() && !token.contains([' ', '\t'])));
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_fuzzing_has_found_keeps_the_rules() {
        testkit::replay("bodies", super::bodies);
        testkit::replay("base64", super::base64);
        testkit::replay("queries", super::queries);
        testkit::replay("times", super::times);
        testkit::replay("headers", super::headers);
    }
}

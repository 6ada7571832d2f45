//! Query parameters: read by name, with every bad, repeated and unknown one reported.

use axum::{
    extract::{self, FromRequestParts},
    http::request::Parts,
};
use http::Uri;
use kit::caller::Caller;
use prost_types::Timestamp;
use time::Duration;
use types::UserId;
use utoipa::IntoParams;

use crate::{
    clock,
    failure::{Failure, Violations},
    outgoing::Outgoing,
    text::Words,
};

/// What a route reads from its query.
pub(crate) trait Parse {
    /// Reads every parameter that the route has. A bad one is as if it were absent.
    fn parse(query: &mut Parameters) -> Self;
}

/// The extractor of requests without a body.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T, pub(crate) Outgoing);

/// No parameters.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Parse for Nothing {
    fn parse(_: &mut Parameters) -> Self {
        Self
    }
}

/// Which page of a list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// 1-1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<i32>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl Parse for Paging {
    fn parse(query: &mut Parameters) -> Self {
        Self { limit: query.integer("limit"), cursor: query.text("cursor") }
    }
}

impl<T: Parse, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| Failure::internal("a route without a caller"))?;
        let (parsed, bad) = parse(&parts.uri);
        Ok(Self(parsed, Outgoing::reading(caller, bad)))
    }
}

/// What a query says, and what is wrong with it.
pub(crate) fn parse<T: Parse>(uri: &Uri) -> (T, Violations) {
    let mut parameters = Parameters::of(uri);
    let parsed = T::parse(&mut parameters);
    (parsed, parameters.finish())
}

/// The parameters that have not been read yet.
#[derive(Debug)]
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
    bad: Violations,
}

impl Parameters {
    fn of(uri: &Uri) -> Self {
        // Never refused: any text is a list of pairs.
        let pairs = extract::Query::try_from_uri(uri).map_or_else(|_| Vec::new(), |query| query.0);
        Self { pairs, bad: Violations::default() }
    }

    /// A text; an empty one is absent.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let (named, others) = std::mem::take(&mut self.pairs)
            .into_iter()
            .partition::<Vec<_>, _>(|(known, _)| known == name);
        self.pairs = others;
        if named.len() > 1 {
            self.bad.add(name, "must not be repeated");
            return None;
        }
        named.into_iter().next().map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i32> {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let read = |text: &str| text.parse().ok().filter(|_| digits(text));
        self.read(name, read, || "must be a whole number, 1-1000".to_owned())
    }

    /// "true" or "false".
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.read(name, |text| text.parse().ok(), || "must be true or false".to_owned())
    }

    /// One of some words, as the number that messages have for it; 0 when absent.
    pub(crate) fn choice<T>(&mut self, name: &str, words: &Words<T>) -> i32
    where
        T: Copy + PartialEq + Into<i32>,
    {
        self.read(name, |text| words.value(text), || words.must_be()).map_or(0, Into::into)
    }

    /// The first moment that counts.
    pub(crate) fn from(&mut self, name: &str) -> Option<Timestamp> {
        let moment = self.read(name, clock::first_moment, || clock::MUST_BE.to_owned());
        moment.map(kit::time::timestamp)
    }

    /// The first moment that does not count any more; the one named, and its second or day, does.
    pub(crate) fn to(&mut self, name: &str) -> Option<Timestamp> {
        let moment = self.read(name, clock::moment_after, || clock::MUST_BE.to_owned());
        moment.flatten().map(kit::time::timestamp)
    }

    /// The last moment of what is named: of a second or of a day.
    pub(crate) fn last(&mut self, name: &str) -> Option<Timestamp> {
        let after = self.read(name, clock::moment_after, || clock::MUST_BE.to_owned()).flatten();
        after.and_then(|after| after.checked_sub(Duration::MICROSECOND)).map(kit::time::timestamp)
    }

    /// An id, of what is the services' business.
    pub(crate) fn id(&mut self, name: &str) -> Option<String> {
        let read = |text: &str| UserId::parse(text).ok().map(|id| id.to_string());
        self.read(name, read, || "must be a UUID".to_owned())
    }

    fn read<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        wrong: impl FnOnce() -> String,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.bad.add(name, wrong());
        }
        value
    }

    fn finish(mut self) -> Violations {
        for (name, _) in self.pairs {
            self.bad.add(&name, "is not a parameter of this request");
        }
        self.bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::DIRECTIONS;

    #[derive(Debug, PartialEq)]
    struct Filter {
        limit: Option<i32>,
        active: Option<bool>,
        in_out: i32,
        email: Option<String>,
        to: Option<i64>,
    }

    impl Parse for Filter {
        fn parse(query: &mut Parameters) -> Self {
            Self {
                limit: query.integer("limit"),
                active: query.boolean("active"),
                in_out: query.choice("in_out", &DIRECTIONS),
                email: query.text("email"),
                to: query.to("to").map(|at| at.seconds),
            }
        }
    }

    fn read(query: &str) -> (Filter, Vec<String>) {
        let uri = format!("/?{query}").parse().unwrap();
        let (filter, bad) = parse(&uri);
        (filter, bad.names())
    }

    const NONE: Filter = Filter { limit: None, active: None, in_out: 0, email: None, to: None };

    #[test]
    fn parameters_are_read_by_name() {
        let (filter, bad) =
            read("limit=5&active=false&in_out=out&email=a%2Bb%40c.uk&to=1970-01-01");

        let email = Some("a+b@c.uk".to_owned());
        let expected =
            Filter { limit: Some(5), active: Some(false), in_out: 2, email, to: Some(86_400) };
        assert_eq!(filter, expected);
        assert!(bad.is_empty());
    }

    #[test]
    fn an_empty_parameter_is_absent() {
        assert_eq!(read("limit=&active=&in_out=&email=&to="), (NONE, vec![]));
    }

    #[test]
    fn every_bad_repeated_and_unknown_parameter_is_named() {
        let (filter, bad) =
            read("limit=x&active=yes&in_out=sideways&email=a&email=b&to=soon&limits=3&A=1");

        assert_eq!(filter, NONE);
        assert_eq!(bad, ["limit", "active", "in_out", "email", "to", "limits", "A"]);
    }
}

use std::collections::BTreeSet;

use serde_json::Value;

use self::promised::{PLAYED, PROMISED};
use super::*;
use crate::body::{Object, Parse};

#[path = "../../tests/all/promised.rs"]
mod promised;

fn description(sandbox: bool) -> Value {
    serde_json::to_value(routes(sandbox).into_openapi()).unwrap()
}

fn operations(description: &Value) -> impl Iterator<Item = (String, &Value)> {
    description["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, one)| (format!("{} {path}", method.to_uppercase()), one))
    })
}

#[test]
fn every_promised_path_is_described_and_no_other() {
    let described = description(false);

    let described: BTreeSet<_> = operations(&described).map(|(name, _)| name).collect();
    assert_eq!(described, PROMISED.map(|(route, ..)| route.to_owned()).into());
}

#[test]
fn the_sandbox_is_described_where_it_is() {
    let described = description(true);

    let described: BTreeSet<_> = operations(&described).map(|(name, _)| name).collect();
    let promised = PROMISED.into_iter().chain(PLAYED).map(|(route, ..)| route.to_owned());
    assert_eq!(described, promised.collect());
}

#[test]
fn every_operation_tells_its_headers_its_refusals_and_its_proof() {
    let described = description(true);
    assert_eq!(described["openapi"], "3.1.0");

    for (name, operation) in operations(&described) {
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let headers: Vec<_> =
            parameters.filter(|one| one["in"] == "header").map(|one| &one["name"]).collect();
        let mut promised = PROMISED.into_iter().chain(PLAYED);
        let (_, scope, key) = promised.find(|(route, ..)| *route == name).unwrap();
        assert!(headers.contains(&&Value::from("X-Request-Id")), "{name}");
        assert_eq!(headers.contains(&&Value::from("Idempotency-Key")), key == "key", "{name}");
        for status in ["200", "400", "401", "403", "404", "409", "429", "500", "503"] {
            assert!(operation["responses"][status]["content"].is_object(), "{name} {status}");
        }
        for (i, proof) in ["token", "bearer"].iter().enumerate().filter(|_| !scope.is_empty()) {
            assert_eq!(operation["security"][i][proof], serde_json::json!([scope]), "{name}");
        }
        let is_open = operation["security"][0]["token"].as_array().is_none_or(Vec::is_empty);
        assert_eq!(is_open, scope.is_empty(), "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(value: &Value, root: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    let place = reference.strip_prefix('#').unwrap();
                    assert!(root.pointer(place).is_some(), "{reference}");
                }
                object.values().for_each(|inner| check(inner, root));
            }
            Value::Array(list) => list.iter().for_each(|inner| check(inner, root)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let described = description(true);

    check(&described, &described);
}

/// The example of a body is taken apart without a complaint, and its schema has the fields that are
/// read, no more and no less.
fn check_body<T: Parse>(name: &str) {
    let described = description(true);
    let schema = &described["components"]["schemas"][name];
    let example = schema["example"].to_string();
    let mut object = Object::of(&example).unwrap();
    T::parse(&mut object);
    assert_eq!(object.finish().names(), [""; 0], "{name}");

    let fields = properties(schema, &described);
    let all: serde_json::Map<_, _> =
        fields.iter().map(|field| (field.clone(), Value::Null)).collect();
    let body = Value::Object(all).to_string();
    let mut object = Object::of(&body).unwrap();
    T::parse(&mut object);
    let asked: BTreeSet<_> = object.asked().iter().cloned().collect();
    assert_eq!(asked, fields, "{name}");
}

fn properties(schema: &Value, root: &Value) -> BTreeSet<String> {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => root.pointer(&reference[1..]).unwrap(),
        None => schema,
    };
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let own = schema["properties"].as_object().into_iter().flat_map(|own| own.keys().cloned());
    parts.flat_map(|part| properties(part, root)).chain(own).collect()
}

#[test]
fn bodies_are_described_as_they_are_read() {
    check_body::<login::Credentials>("Credentials");
    check_body::<api_keys::requests::NewKey>("NewKey");
    check_body::<api_keys::requests::KeyChanges>("KeyChanges");
    check_body::<api_keys::requests::Rotation>("Rotation");
    check_body::<customers::NewCustomer>("NewCustomer");
    check_body::<customers::CustomerChanges>("CustomerChanges");
    check_body::<verifications::NewVerification>("NewVerification");
    check_body::<ledgers::NewLedger>("NewLedger");
    check_body::<ledgers::changes::LedgerChanges>("LedgerChanges");
    check_body::<transfers::NewTransfer>("NewTransfer");
    check_body::<transfers::reversal::Reversal>("Reversal");
    check_body::<payments::new::NewFasterPayment>("NewFasterPayment");
    check_body::<payments::new::NewSepaCredit>("NewSepaCredit");
    check_body::<payments::payee::Payee>("Payee");
    check_body::<sandbox::Inbound>("Inbound");
    check_body::<reviews::NewDecision>("NewDecision");
    check_body::<sandbox::PlayedDecision>("PlayedDecision");
    check_body::<reviews::NewPolicy>("NewPolicy");
    check_body::<providers::NewProvider>("NewProvider");
}

#[tokio::test]
async fn the_description_is_made_once_for_all_who_ask() {
    let pages = pages(&routes(true).split_for_parts().1);
    let ask = async || {
        let request = http::Request::get("/openapi.json").body(axum::body::Body::empty()).unwrap();
        let answer = tower::ServiceExt::oneshot(pages.clone(), request).await.unwrap();
        http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes()
    };

    let (one, other) = (ask().await, ask().await);

    assert!(one.len() > 10_000);
    assert_eq!(one.as_ptr(), other.as_ptr());
}

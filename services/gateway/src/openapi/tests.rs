use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::body::{Object, Parse};

/// The paths that are promised.
const PROMISED: [&str; 45] = [
    "GET /audit",
    "POST /access/keys",
    "GET /access/keys",
    "PUT /access/keys/{api_key_id}",
    "POST /access/keys/{api_key_id}/rotate",
    "POST /access/keys/{api_key_id}/revoke",
    "POST /login",
    "POST /logout",
    "POST /accounts/create_customer",
    "GET /accounts/customers/{customer_id}",
    "PUT /accounts/customers/{customer_id}",
    "GET /accounts/customers/list",
    "POST /accounts/customers/authenticate",
    "GET /accounts/customers/{customer_id}/verifications",
    "GET /accounts/verifications/{verification_id}/evidence",
    "GET /kyc/screening",
    "PUT /kyc/screening",
    "GET /accounts/verifications",
    "GET /accounts/verifications/{verification_id}/history",
    "POST /accounts/verifications/{verification_id}/decision",
    "GET /kyc/providers",
    "GET /kyc/providers/{provider}",
    "PUT /kyc/providers/{provider}",
    "DELETE /kyc/providers/{provider}",
    "GET /kyc/review_policy",
    "PUT /kyc/review_policy",
    "POST /callbacks/kyc/{provider}",
    "GET /accounts/customers/{customer_id}/retention",
    "PUT /accounts/customers/{customer_id}/retention",
    "DELETE /accounts/customers/{customer_id}/personal_data",
    "POST /accounts/customers/create_ledger",
    "PUT /accounts/customers/ledgers/{ledger_id}",
    "GET /accounts/customers/ledgers/{ledger_id}",
    "GET /accounts/customers/ledgers/transactions/{id}",
    "GET /accounts/customers/transactions/{id}",
    "GET /accounts/customers/{customer_id}/ledgers",
    "GET /accounts/customers/ledgers/{ledger_id}/balance",
    "POST /accounts/internal_transfer",
    "POST /accounts/reverse_transfer",
    "POST /accounts/faster_payment",
    "POST /accounts/sepa_credit",
    "GET /accounts/payments",
    "GET /accounts/payments/{payment_id}",
    "POST /accounts/payments/{payment_id}/cancel",
    "POST /accounts/confirm_payee",
];

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
    assert_eq!(described, PROMISED.map(str::to_owned).into());
}

#[test]
fn the_sandbox_is_described_where_it_is() {
    let described = description(true);

    let played =
        ["/sandbox/ledgers/{ledger_id}/inbound", "/sandbox/verifications/{verification_id}/decide"];
    for path in played {
        assert!(described["paths"][path]["post"].is_object(), "{path}");
    }
}

#[test]
fn every_operation_tells_its_headers_its_refusals_and_its_proof() {
    let described = description(true);
    assert_eq!(described["openapi"], "3.1.0");

    for (name, operation) in operations(&described) {
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let headers: Vec<_> =
            parameters.filter(|one| one["in"] == "header").map(|one| &one["name"]).collect();
        let (method, path) = name.split_once(' ').unwrap();
        let is_keyed = matches!(method, "POST" | "PUT") && !UNKEYED.contains(&path);
        assert!(headers.contains(&&Value::from("X-Request-Id")), "{name}");
        assert_eq!(headers.contains(&&Value::from("Idempotency-Key")), is_keyed, "{name}");
        for status in ["200", "400", "401", "403", "404", "409", "429", "500", "503"] {
            assert!(operation["responses"][status]["content"].is_object(), "{name} {status}");
        }
        let scopes = &operation["security"][0]["token"];
        let is_open = matches!(path, "/login" | "/logout" | "/callbacks/kyc/{provider}");
        assert_eq!(scopes.is_array(), !is_open, "{name}");
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

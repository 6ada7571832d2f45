//! `/openapi.json` and the pages that show it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::stack::login;

/// Every method and path of the surface. What is in braces may have any name.
const OPERATIONS: [(&str, &str); 47] = [
    ("get", "/audit"),
    ("post", "/access/keys"),
    ("get", "/access/keys"),
    ("put", "/access/keys/{}"),
    ("post", "/access/keys/{}/rotate"),
    ("post", "/access/keys/{}/revoke"),
    ("post", "/login"),
    ("post", "/logout"),
    ("post", "/accounts/create_customer"),
    ("get", "/accounts/customers/{}"),
    ("put", "/accounts/customers/{}"),
    ("get", "/accounts/customers/list"),
    ("post", "/accounts/customers/authenticate"),
    ("get", "/accounts/customers/{}/verifications"),
    ("post", "/accounts/customers/create_ledger"),
    ("put", "/accounts/customers/ledgers/{}"),
    ("get", "/accounts/customers/ledgers/{}"),
    ("get", "/accounts/customers/ledgers/transactions/{}"),
    ("get", "/accounts/customers/transactions/{}"),
    ("get", "/accounts/customers/{}/ledgers"),
    ("get", "/accounts/customers/ledgers/{}/balance"),
    ("post", "/accounts/internal_transfer"),
    ("post", "/accounts/reverse_transfer"),
    ("post", "/accounts/faster_payment"),
    ("post", "/accounts/sepa_credit"),
    ("get", "/accounts/payments"),
    ("get", "/accounts/payments/{}"),
    ("post", "/accounts/payments/{}/cancel"),
    ("post", "/accounts/confirm_payee"),
    ("post", "/sandbox/ledgers/{}/inbound"),
    ("post", "/sandbox/verifications/{}/decide"),
    ("get", "/accounts/verifications"),
    ("get", "/accounts/verifications/{}/history"),
    ("post", "/accounts/verifications/{}/decision"),
    ("get", "/kyc/providers"),
    ("get", "/kyc/providers/{}"),
    ("put", "/kyc/providers/{}"),
    ("delete", "/kyc/providers/{}"),
    ("get", "/kyc/review_policy"),
    ("put", "/kyc/review_policy"),
    ("post", "/callbacks/kyc/{}"),
    ("get", "/accounts/verifications/{}/evidence"),
    ("get", "/kyc/screening"),
    ("put", "/kyc/screening"),
    ("get", "/accounts/customers/{}/retention"),
    ("put", "/accounts/customers/{}/retention"),
    ("delete", "/accounts/customers/{}/personal_data"),
];

async fn description() -> Value {
    let (status, headers, description) = login().await.stranger().get("/openapi.json").await;
    assert_eq!(status, 200);
    assert!(headers["content-type"].to_str().unwrap().starts_with("application/json"));
    description
}

/// All operations, with their methods and their paths without the names of what is in braces.
fn operations(description: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        let nameless = |part| if str::starts_with(part, '{') { "{}" } else { part };
        let path = path.split('/').map(nameless).collect::<Vec<_>>().join("/");
        for method in ["get", "put", "post", "delete", "patch"] {
            if let Some(operation) = item.get(method) {
                found.push((method.to_owned(), path.clone(), operation));
            }
        }
    }
    found
}

/// Every reference in a value.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_description_is_openapi_3_1_and_lists_every_operation() {
    let description = description().await;

    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    let found = operations(&description);
    let found: BTreeSet<_> =
        found.iter().map(|(method, path, _)| (method.as_str(), path.as_str())).collect();
    assert_eq!(found, OPERATIONS.into());
}

#[tokio::test]
async fn every_operation_tells_its_answers() {
    let description = description().await;

    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        for status in ["200", "400", "401", "429", "500", "503"] {
            let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
            assert!(schema.is_object(), "{method} {path} {status}");
        }
        let has_body = operation.get("requestBody").is_some();
        let is_bare = path == "/logout" || path.ends_with("/cancel") || path.ends_with("/revoke");
        assert_eq!(has_body, !matches!(&*method, "get" | "delete") && !is_bare, "{method} {path}");
    }
    let mut found = BTreeSet::new();
    references(&description, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[tokio::test]
async fn the_pages_load_with_all_that_they_need_and_from_here_alone() {
    let client = login().await.stranger();
    let read = async |path: &str| {
        let response = client.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    };

    let page = read("/docs").await;

    let parts: Vec<_> = page
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("href=\"").or(word.strip_prefix("src=\"")))
        .map(|word| word.split('"').next().unwrap())
        .collect();
    assert!(parts.len() >= 4, "{page}");
    for part in parts {
        assert!(!part.contains("//"), "{part} is from elsewhere");
        let path = format!("/docs/{}", part.trim_start_matches("./"));
        assert!(!read(&path).await.is_empty(), "{path}");
    }
    assert!(read("/docs/swagger-initializer.js").await.contains("/openapi.json"));
}

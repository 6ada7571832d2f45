//! `/openapi.json` and the pages that show it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::stranger;
use crate::stack::{login, send};

/// Every path and method of the surface. What is in braces may have any name.
const OPERATIONS: [(&str, &str); 19] = [
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
    ("post", "/accounts/internal_transfer"),
    ("post", "/accounts/faster_payment"),
    ("post", "/accounts/sepa_credit"),
    ("post", "/sandbox/ledgers/{}/inbound"),
    ("", ""),
];

fn operations(description: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        let nameless = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
        let nameless = nameless.collect::<Vec<_>>().join("/");
        for method in ["get", "put", "post", "delete", "patch"] {
            if item.get(method).is_some() {
                found.insert((method.to_owned(), nameless.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn the_description_is_openapi_3_1_and_lists_every_operation() {
    let client = stranger(&login().await);

    let (status, headers, description) = client.get("/openapi.json").await;

    assert_eq!(status, 200);
    assert!(headers["content-type"].to_str().unwrap().starts_with("application/json"));
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."));
    let found = operations(&description);
    let expected: BTreeSet<_> = OPERATIONS
        .iter()
        .filter(|(method, _)| !method.is_empty())
        .map(|(method, path)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

//! What each route is asked for of another tenant's.

use serde_json::{Value, json};

use super::{Somebody, passport};
use crate::scene::{faster_payment, inbound, ledger, sepa_credit, transfer};

/// Paths and bodies, of which each must be answered with 404. None: the route takes no id of anything
/// that is a tenant's.
type Case = Vec<(String, Value)>;

/// Method and path of every operation that is described.
pub(super) fn operations(description: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if ["get", "put", "post", "delete", "patch", "head", "options"]
                .contains(&method.as_str())
            {
                found.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    found
}

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn cases(us: &Somebody, them: &Somebody) -> Vec<(&'static str, Case)> {
    let Somebody { customer, verification, payment, key, .. } = them;
    let theirs = &them.ledger;
    let at = |path: String| vec![(path, Value::Null)];
    let with = |path: &str, body: Value| vec![(path.to_owned(), body)];
    let no_id = Vec::new;
    let played = json!({"decision": "reject", "reason": "FORGED"});
    let decision = json!({"decision": "reject", "reason": "FORGED", "evidence_version": 1});
    let new_key = json!({"name": "theirs", "scopes": ["ledgers:read"], "user_id": them.user});
    let to_them = |send: fn(&str, &str) -> Value, path: &str| with(path, send(theirs, "1.00"));
    vec![
        ("POST /login", no_id()),
        ("POST /logout", no_id()),
        // The caller's own log alone, whatever object is named.
        ("GET /audit", no_id()),
        ("GET /access/keys", no_id()),
        ("POST /access/keys", with("/access/keys", new_key)),
        (
            "PUT /access/keys/{api_key_id}",
            with(&format!("/access/keys/{key}"), json!({"name": "x"})),
        ),
        (
            "POST /access/keys/{api_key_id}/rotate",
            with(&format!("/access/keys/{key}/rotate"), json!({})),
        ),
        (
            "POST /access/keys/{api_key_id}/revoke",
            with(&format!("/access/keys/{key}/revoke"), json!({})),
        ),
        ("POST /accounts/create_customer", no_id()),
        ("GET /accounts/customers/list", no_id()),
        ("GET /accounts/customers/{customer_id}", at(format!("/accounts/customers/{customer}"))),
        (
            "PUT /accounts/customers/{customer_id}",
            with(&format!("/accounts/customers/{customer}"), json!({"active": false})),
        ),
        (
            "GET /accounts/customers/{customer_id}/retention",
            at(format!("/accounts/customers/{customer}/retention")),
        ),
        (
            "PUT /accounts/customers/{customer_id}/retention",
            with(&format!("/accounts/customers/{customer}/retention"), json!({"legal_hold": true})),
        ),
        (
            "DELETE /accounts/customers/{customer_id}/personal_data",
            at(format!("/accounts/customers/{customer}/personal_data")),
        ),
        (
            "POST /accounts/customers/authenticate",
            with("/accounts/customers/authenticate", passport(customer)),
        ),
        (
            "GET /accounts/customers/{customer_id}/verifications",
            at(format!("/accounts/customers/{customer}/verifications")),
        ),
        ("GET /accounts/verifications", no_id()),
        (
            "POST /accounts/verifications/{verification_id}/decision",
            with(&format!("/accounts/verifications/{verification}/decision"), decision),
        ),
        (
            "GET /accounts/verifications/{verification_id}/history",
            at(format!("/accounts/verifications/{verification}/history")),
        ),
        (
            "GET /accounts/verifications/{verification_id}/evidence",
            at(format!("/accounts/verifications/{verification}/evidence")),
        ),
        (
            "POST /sandbox/verifications/{verification_id}/decide",
            with(&format!("/sandbox/verifications/{verification}/decide"), played),
        ),
        // Named by what the providers are called, within the caller's tenant.
        ("GET /kyc/providers", no_id()),
        ("GET /kyc/providers/{provider}", no_id()),
        ("PUT /kyc/providers/{provider}", no_id()),
        ("DELETE /kyc/providers/{provider}", no_id()),
        ("GET /kyc/review_policy", no_id()),
        ("PUT /kyc/review_policy", no_id()),
        ("GET /kyc/screening", no_id()),
        ("PUT /kyc/screening", no_id()),
        // A provider's, who is no tenant.
        ("POST /callbacks/kyc/{provider}", no_id()),
        (
            "POST /accounts/customers/create_ledger",
            with("/accounts/customers/create_ledger", ledger(customer, "gbp")),
        ),
        (
            "GET /accounts/customers/ledgers/{ledger_id}",
            at(format!("/accounts/customers/ledgers/{theirs}")),
        ),
        (
            "PUT /accounts/customers/ledgers/{ledger_id}",
            with(&format!("/accounts/customers/ledgers/{theirs}"), json!({"active": false})),
        ),
        (
            "GET /accounts/customers/ledgers/{ledger_id}/balance",
            at(format!("/accounts/customers/ledgers/{theirs}/balance")),
        ),
        (
            "GET /accounts/customers/{customer_id}/ledgers",
            at(format!("/accounts/customers/{customer}/ledgers")),
        ),
        ("GET /accounts/customers/ledgers/transactions/{id}", both(them, "ledgers/transactions")),
        ("GET /accounts/customers/transactions/{id}", both(them, "transactions")),
        (
            "POST /accounts/internal_transfer",
            [(theirs, &us.ledger), (&us.ledger, theirs)]
                .map(|(from, to)| {
                    ("/accounts/internal_transfer".to_owned(), transfer(from, to, "1.00"))
                })
                .into(),
        ),
        (
            "POST /accounts/reverse_transfer",
            with("/accounts/reverse_transfer", json!({"transaction_id": them.transfer})),
        ),
        ("POST /accounts/faster_payment", to_them(faster_payment, "/accounts/faster_payment")),
        ("POST /accounts/sepa_credit", to_them(sepa_credit, "/accounts/sepa_credit")),
        ("GET /accounts/payments", at(format!("/accounts/payments?ledger_id={theirs}"))),
        ("GET /accounts/payments/{payment_id}", at(format!("/accounts/payments/{payment}"))),
        (
            "POST /accounts/payments/{payment_id}/cancel",
            with(&format!("/accounts/payments/{payment}/cancel"), json!({})),
        ),
        // By account number, as banks elsewhere ask: numbers are the platform's.
        ("POST /accounts/confirm_payee", no_id()),
        (
            "POST /sandbox/ledgers/{ledger_id}/inbound",
            with(&format!("/sandbox/ledgers/{theirs}/inbound"), inbound("1.00")),
        ),
    ]
}

/// A ledger's transactions, and one alone.
fn both(them: &Somebody, path: &str) -> Case {
    [&them.ledger, &them.transaction]
        .map(|id| (format!("/accounts/customers/{path}/{id}"), Value::Null))
        .into()
}

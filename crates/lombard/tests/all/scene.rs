//! What tests of ledgers and of money begin with, and answers to the letter: their text, too.

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use crate::stack::{Client, login};

pub(crate) const CREATE_CUSTOMER: &str = "/accounts/create_customer";
pub(crate) const CREATE_LEDGER: &str = "/accounts/customers/create_ledger";
pub(crate) const TRANSFER: &str = "/accounts/internal_transfer";
pub(crate) const REVERSE: &str = "/accounts/reverse_transfer";
pub(crate) const FASTER_PAYMENT: &str = "/accounts/faster_payment";
pub(crate) const SEPA_CREDIT: &str = "/accounts/sepa_credit";
pub(crate) const PAYMENTS: &str = "/accounts/payments";
pub(crate) const CONFIRM_PAYEE: &str = "/accounts/confirm_payee";
/// Both paths to a ledger's transactions.
pub(crate) const TRANSACTIONS: [&str; 2] =
    ["/accounts/customers/ledgers/transactions", "/accounts/customers/transactions"];
/// The documents' own id, which nothing here has.
pub(crate) const NOBODY: &str = "859f4eef-6a53-4110-8757-371844df8e8c";

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Reply {
    /// The data of a success.
    pub(crate) fn data(&self) -> &Value {
        assert_eq!((self.status, &self.body["status"]), (200, &json!(1)), "{self:?}");
        assert_eq!(self.body["message"], "Success");
        &self.body["data"]
    }

    /// A text of the data.
    pub(crate) fn text(&self, name: &str) -> String {
        self.data()[name].as_str().unwrap().to_owned()
    }

    /// The parameters that were bad, in alphabetical order.
    pub(crate) fn bad(&self) -> Vec<&str> {
        assert_eq!(self.refusal(), (400, "INVALID_PARAMETERS"), "{self:?}");
        let errors = self.body["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| !error["reason"].as_str().unwrap().is_empty()));
        let mut names: Vec<_> =
            errors.iter().map(|error| error["parameter"].as_str().unwrap()).collect();
        names.sort_unstable();
        names
    }

    /// The status and the code of a failure.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        assert_eq!(self.body["status"], -1, "{self:?}");
        assert!((1..=100).contains(&self.body["message"].as_str().unwrap().chars().count()));
        assert_eq!(self.body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        (self.status, self.body["code"].as_str().unwrap())
    }

    /// Whether it is the answer of an earlier request.
    pub(crate) fn is_replayed(&self) -> bool {
        self.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
    }
}

/// Sends a request and reads the answer.
pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Reply { status, headers, text, body }
}

/// The names of an object's fields, in their order.
pub(crate) fn names(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The rows of a list.
pub(crate) fn rows(page: &Value) -> &[Value] {
    page["list"].as_array().unwrap()
}

/// A tenant of its own.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) client: Client,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self { client: login().await }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.client.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.client.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        send(self.client.request(Method::PUT, path).json(body)).await
    }

    /// A body that is sent as it is written.
    pub(crate) fn written(&self, method: Method, path: &str, body: &str) -> RequestBuilder {
        let request = self.client.request(method, path).header("Content-Type", "application/json");
        request.body(body.to_owned())
    }

    /// The id of a new customer, Joe with this last name.
    pub(crate) async fn customer(&self, last_name: &str) -> String {
        self.post(CREATE_CUSTOMER, &customer(last_name)).await.text("customer_id")
    }

    /// Enables or disables a customer.
    pub(crate) async fn set_customer(&self, id: &str, active: bool) {
        let path = format!("/accounts/customers/{id}");
        self.put(&path, &json!({"active": active})).await.data();
    }

    /// The id of a new ledger of this customer.
    pub(crate) async fn ledger_of(&self, customer: &str, currency: &str) -> String {
        self.post(CREATE_LEDGER, &ledger(customer, currency)).await.text("ledger_id")
    }

    /// The id of a new ledger of a new customer.
    pub(crate) async fn ledger(&self, currency: &str) -> String {
        self.ledger_of(&self.customer("Bloggs").await, currency).await
    }

    /// Enables or disables a ledger.
    pub(crate) async fn set_ledger(&self, id: &str, active: bool) {
        self.put(&ledger_path(id), &json!({"active": active})).await.data();
    }

    /// A ledger's details.
    pub(crate) async fn details(&self, id: &str) -> Value {
        self.get(&ledger_path(id)).await.data().clone()
    }

    /// A ledger's balance as it is printed.
    pub(crate) async fn balance(&self, id: &str) -> String {
        let text = self.get(&ledger_path(id)).await.text;
        let (_, rest) = text.split_once(r#""balance":"#).unwrap();
        rest.split_once(',').unwrap().0.to_owned()
    }

    /// Puts money on a ledger in pounds; answers the transaction's id.
    pub(crate) async fn fund(&self, id: &str, amount: &str) -> String {
        self.post(&inbound_path(id), &inbound(amount)).await.text("transaction_id")
    }

    /// Two ledgers in pounds, of different customers, with money on the first.
    pub(crate) async fn pair(&self, amount: &str) -> [String; 2] {
        let [from, to] = [self.ledger("gbp").await, self.ledger("gbp").await];
        self.fund(&from, amount).await;
        [from, to]
    }

    /// A ledger's transactions, newest first.
    pub(crate) async fn transactions(&self, id: &str, query: &str) -> Value {
        let path = format!("{}/{id}?{query}", TRANSACTIONS[0]);
        self.get(&path).await.data().clone()
    }
}

pub(crate) fn ledger_path(id: &str) -> String {
    format!("/accounts/customers/ledgers/{id}")
}

pub(crate) fn balance_path(id: &str) -> String {
    format!("/accounts/customers/ledgers/{id}/balance")
}

pub(crate) fn payment_path(id: &str) -> String {
    format!("{PAYMENTS}/{id}")
}

pub(crate) fn cancel_path(id: &str) -> String {
    format!("{PAYMENTS}/{id}/cancel")
}

pub(crate) fn inbound_path(id: &str) -> String {
    format!("/sandbox/ledgers/{id}/inbound")
}

pub(crate) fn customer(last_name: &str) -> Value {
    json!({
        "customer_type": "individual",
        "first_name": "Joe",
        "last_name": last_name,
        "address": {"iso_country": "GB"},
        "dob": "1988-10-03",
    })
}

pub(crate) fn ledger(customer: &str, currency: &str) -> Value {
    json!({
        "customer_id": customer,
        "currency": currency,
        "primary_use": ["payments", "settlement"],
        "owner": "me",
    })
}

/// The incoming payment of the documents' sample.
pub(crate) fn inbound(amount: &str) -> Value {
    json!({
        "amount": amount,
        "reference": "testing",
        "name": "Dave Bloggs",
        "sort_code": "400052",
        "account_number": "12345678",
    })
}

/// A payment to an account elsewhere, which settles at once.
pub(crate) fn faster_payment(from: &str, amount: &str) -> Value {
    json!({
        "from_ledger_id": from,
        "name": "Dave Bloggs",
        "sort_code": "400052",
        "account_number": "12345678",
        "amount": amount,
        "reference": "rent",
    })
}

/// The same in euros.
pub(crate) fn sepa_credit(from: &str, amount: &str) -> Value {
    json!({
        "from_ledger_id": from,
        "name": "Jeanne Dupont",
        "iban": "DE89370400440532013000",
        "amount": amount,
        "reference": "rent",
    })
}

pub(crate) fn transfer(from: &str, to: &str, amount: &str) -> Value {
    json!({"from_ledger_id": from, "to_ledger_id": to, "amount": amount, "reference": "rent"})
}

/// A transaction or a payment on its own, as a list shows it: what is not known is left out.
pub(crate) fn details_of(mut row: Value) -> Value {
    row.as_object_mut().unwrap().retain(|_, value| value != "");
    row
}

/// The same with one field changed; null takes it away.
pub(crate) fn with(mut body: Value, field: &str, value: &Value) -> Value {
    body[field] = value.clone();
    if value.is_null() {
        body.as_object_mut().unwrap().shift_remove(field);
    }
    body
}

//! What every answer of the surface has to be, whatever it says; and customers to ask about.

use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::stack::{Answer, Client, send};

/// The path of a new customer.
pub(crate) const CREATE: &str = "/accounts/create_customer";
/// The path of the list of customers.
pub(crate) const LIST: &str = "/accounts/customers/list";
/// The path of a new verification.
pub(crate) const AUTHENTICATE: &str = "/accounts/customers/authenticate";
/// The path of a new ledger.
pub(crate) const CREATE_LEDGER: &str = "/accounts/customers/create_ledger";

/// The names of an object's fields, in their order.
pub(crate) fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The data of a success, whose envelope has nothing else in it.
pub(crate) fn data((status, headers, body): &Answer) -> &Value {
    assert_eq!(*status, StatusCode::OK, "{body}");
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    assert_eq!(keys(body), ["status", "message", "data"], "{body}");
    assert_eq!((&body["status"], &body["message"]), (&json!(1), &json!("Success")));
    &body["data"]
}

/// The status and the code of a failure that is not about parameters.
pub(crate) fn refusal(answer: &Answer) -> (u16, &str) {
    let body = &answer.2;
    let mut expected = vec!["status", "message", "code"];
    if body["code"] == "PERMISSION_DENIED" {
        expected.push("missing_scope");
    }
    expected.push("request_id");
    assert_eq!(keys(body), expected, "{body}");
    failure(answer)
}

/// The names of the bad parameters that a failure is about, in the order of the alphabet.
pub(crate) fn bad(answer: &Answer) -> Vec<&str> {
    let body = &answer.2;
    assert_eq!(keys(body), ["status", "message", "code", "errors", "request_id"], "{body}");
    assert_eq!(failure(answer), (400, "INVALID_PARAMETERS"), "{body}");
    let errors = body["errors"].as_array().unwrap();
    for error in errors {
        assert_eq!(keys(error), ["parameter", "reason"], "{body}");
        assert!(!error["reason"].as_str().unwrap().is_empty(), "{body}");
    }
    let mut names: Vec<_> =
        errors.iter().map(|error| error["parameter"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

fn failure((status, headers, body): &Answer) -> (u16, &str) {
    assert_eq!(headers[CONTENT_TYPE], "application/json");
    assert_eq!(body["status"], -1, "{body}");
    assert_eq!(body["request_id"], headers["x-request-id"].to_str().unwrap(), "{body}");
    let message = body["message"].as_str().unwrap();
    assert!((1..=100).contains(&message.chars().count()), "{message}");
    let code = body["code"].as_str().unwrap();
    let is_upper_snake = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    assert!(code.bytes().all(is_upper_snake), "{code}");
    (status.as_u16(), code)
}

/// Sends a body letter by letter.
pub(crate) async fn send_text(client: &Client, method: Method, path: &str, body: &str) -> Answer {
    let request = client.request(method, path).header(CONTENT_TYPE, "application/json");
    send(request.body(body.to_owned())).await
}

/// An individual with nothing but what is required.
pub(crate) fn individual() -> Value {
    json!({
        "customer_type": "individual",
        "first_name": "Joe",
        "last_name": "Bloggs",
        "address": {"iso_country": "GB"},
        "dob": "1988-10-03",
    })
}

/// A company with nothing but what is required.
pub(crate) fn company() -> Value {
    json!({
        "customer_type": "company",
        "company_name": "Acme Ltd",
        "address": {"iso_country": "GB"},
    })
}

/// A value with another one in its place: `/address/city`. Null takes the field away.
pub(crate) fn with(mut value: Value, pointer: &str, replacement: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if replacement.is_null() {
        parent.shift_remove(name);
    } else {
        parent.insert(name.to_owned(), replacement);
    }
    value
}

/// The id of a new customer.
pub(crate) async fn create(client: &Client, body: &Value) -> String {
    let answer = client.post(CREATE, body).await;
    data(&answer)["customer_id"].as_str().unwrap().to_owned()
}

/// Where a customer is read and changed.
pub(crate) fn path_of(customer_id: &str) -> String {
    format!("/accounts/customers/{customer_id}")
}

/// A customer's details.
pub(crate) async fn details(client: &Client, customer_id: &str) -> Value {
    data(&client.get(&path_of(customer_id)).await).clone()
}

/// How many customers there are.
pub(crate) async fn count(client: &Client) -> i64 {
    data(&client.get(LIST).await)["total"].as_i64().unwrap()
}

impl Client {
    /// The same without its token.
    pub(crate) fn stranger(&self) -> Self {
        let mut stranger = self.clone();
        stranger.token.clear();
        stranger
    }
}

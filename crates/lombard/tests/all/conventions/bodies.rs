//! What a body may be before anything is known of its fields.

use reqwest::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::json;

use crate::{
    answers::{AUTHENTICATE, CREATE, bad, count, data, individual, path_of, refusal, send_text},
    stack::{login, send},
};

#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let client = login().await;
    let post = |path: &str| client.request(Method::POST, path).body(individual().to_string());
    let others = [
        "/accounts/reverse_transfer",
        "/accounts/faster_payment",
        "/accounts/sepa_credit",
        "/accounts/payments/x/cancel",
        "/accounts/confirm_payee",
    ];
    for path in [CREATE, AUTHENTICATE, "/login", "/logout"].into_iter().chain(others) {
        let answer = send(post(path)).await;
        assert_eq!(refusal(&answer), (415, "UNSUPPORTED_MEDIA_TYPE"), "none: {path}");
    }
    for kind in [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonx",
        "application/problem+json",
        "json",
    ] {
        let answer = send(post(CREATE).header(CONTENT_TYPE, kind)).await;
        assert_eq!(refusal(&answer), (415, "UNSUPPORTED_MEDIA_TYPE"), "{kind}");
    }
    let request = post(CREATE).header(CONTENT_TYPE, "application/json");
    let answer = send(request.header(CONTENT_ENCODING, "gzip")).await;
    assert_eq!(refusal(&answer), (415, "UNSUPPORTED_MEDIA_TYPE"));
    assert_eq!(count(&client).await, 0);
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
    ] {
        data(&send(post(CREATE).header(CONTENT_TYPE, kind)).await);
    }
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let client = login().await;
    let customer = individual().to_string();
    for body in [
        "{",
        "}",
        " ",
        "null",
        "true",
        "5",
        "\"{}\"",
        "[]",
        "[{}]",
        "{}{}",
        "{} x",
        "{'a': 1}",
        "{a: 1}",
        "{\"a\": 1,}",
        "{\"a\" 1}",
        "{\"a\": 01}",
        "{\"a\": NaN}",
        "{\"a\": \"\n\"}",
        "a=b",
        "<a/>",
        "// x\n{}",
        &customer[..customer.len() - 1],
        &format!("{customer},"),
    ] {
        for path in [
            CREATE,
            AUTHENTICATE,
            "/accounts/customers/create_ledger",
            "/accounts/reverse_transfer",
            "/accounts/faster_payment",
            "/login",
        ] {
            let answer = send_text(&client, Method::POST, path, body).await;
            assert_eq!(refusal(&answer), (400, "INVALID_JSON"), "{path} {body:.40}");
        }
    }
    let bytes = client.request(Method::POST, CREATE).header(CONTENT_TYPE, "application/json");
    let mut latin_1 = customer.clone().into_bytes();
    latin_1[20] = 0xe9;
    assert_eq!(refusal(&send(bytes.body(latin_1)).await), (400, "INVALID_JSON"));
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn a_body_may_be_32_deep() {
    let client = login().await;
    for deep in [32, 15_000] {
        let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(deep), "]".repeat(deep));
        let answer = send_text(&client, Method::POST, CREATE, &deep).await;
        assert_eq!(refusal(&answer), (400, "INVALID_JSON"));
        assert_eq!(answer.2["message"], "The body is nested more than 32 deep");
    }
    let deep = format!("{}{}", "[".repeat(31), "]".repeat(31));
    let body = format!(r#"{{"a": {deep}, "first_name": {deep}}}"#);

    let answer = send_text(&client, Method::POST, CREATE, &body).await;

    assert_eq!(
        bad(&answer),
        ["a", "address", "address.iso_country", "customer_type", "dob", "first_name", "last_name"]
    );
}

#[tokio::test]
async fn fields_that_come_twice_or_are_unknown_are_named_at_any_depth() {
    let client = login().await;
    let body = r#"{
        "customer_type": "individual", "first_name": "Joe", "first_name": "Jane",
        "last_name": "Bloggs",
        "address": {"iso_country": "GB", "town": "x", "city": "a", "city": "b", "number": {"a": 1}},
        "dob": "1988-10-03", "Email": "joe@example.com", "": 1, "a.b": 1, "x": {"y": 1}, "firstName": null
    }"#;

    let answer = send_text(&client, Method::POST, CREATE, body).await;

    let all = [
        "",
        "Email",
        "a.b",
        "address.city",
        "address.number",
        "address.town",
        "firstName",
        "first_name",
        "x",
    ];
    assert_eq!(bad(&answer), all);
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn a_name_that_is_too_long_is_not_repeated_whole() {
    let client = login().await;
    let mut body = individual();
    body["x".repeat(60_000)] = json!(1);

    let answer = client.post(CREATE, &body).await;

    let [name] = bad(&answer)[..] else { panic!("{}", answer.2) };
    assert!(name.starts_with("xxx") && name.len() <= 100);
}

#[tokio::test]
async fn texts_that_postgres_cannot_hold_are_refused_wherever_they_stand() {
    let client = login().await;
    let mut body = individual();
    for name in ["first_name", "middle_name", "last_name", "dob", "email", "phone"] {
        body[name] = json!("a\u{0}b");
    }
    body["address"] = json!({"number": "\u{0}", "city": "\u{0}", "iso_country": "\u{0}"});
    let answer = client.post(CREATE, &body).await;
    let all = [
        "address.city",
        "address.iso_country",
        "address.number",
        "dob",
        "email",
        "first_name",
        "last_name",
        "middle_name",
        "phone",
    ];
    assert_eq!(bad(&answer), all);

    let body = json!({
        "customer_id": "\u{0}", "third_party": "\u{0}", "id_type": "\u{0}",
        "front": {"image": "\u{0}", "mime_type": "\u{0}"}
    });
    let answer = client.post(AUTHENTICATE, &body).await;
    assert_eq!(
        bad(&answer),
        ["customer_id", "front.image", "front.mime_type", "id_type", "third_party"]
    );
    let body = r#"{"first_name": "\ud800", "last_name": "a"}"#;
    let answer = send_text(&client, Method::POST, CREATE, body).await;
    assert!(bad(&answer).contains(&"first_name"), "half a surrogate pair");
}

#[tokio::test]
async fn sixty_four_kibibytes_are_the_most() {
    let client = login().await;
    let mut greatest = individual().to_string();
    greatest.push_str(&" ".repeat(64 * 1024 - greatest.len()));
    let id =
        data(&send_text(&client, Method::POST, CREATE, &greatest).await)["customer_id"].clone();
    let customer = path_of(id.as_str().unwrap());

    let too_large = format!("{greatest} ");
    for (method, path) in [
        (Method::POST, CREATE),
        (Method::PUT, customer.as_str()),
        (Method::POST, "/accounts/customers/create_ledger"),
        (Method::POST, "/accounts/internal_transfer"),
        (Method::POST, "/accounts/reverse_transfer"),
        (Method::POST, "/accounts/faster_payment"),
        (Method::POST, "/accounts/sepa_credit"),
        (Method::POST, "/accounts/payments/x/cancel"),
        (Method::POST, "/accounts/confirm_payee"),
        (Method::POST, "/login"),
        (Method::POST, "/logout"),
    ] {
        let answer = send_text(&client, method, path, &too_large).await;
        assert_eq!(refusal(&answer), (413, "PAYLOAD_TOO_LARGE"), "{path}");
    }
    let far_too_large = " ".repeat(5 * 1024 * 1024);
    let answer = send_text(&client, Method::POST, CREATE, &far_too_large).await;
    assert_eq!(refusal(&answer), (413, "PAYLOAD_TOO_LARGE"));
    assert_eq!(count(&client).await, 1);
}

#[tokio::test]
async fn a_body_that_is_not_there_has_no_fields() {
    let client = login().await;

    let answer = send(client.request(Method::POST, CREATE)).await;

    assert!(bad(&answer).contains(&"customer_type"));
}

//! Logging in and out.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answers::{LIST, bad, count, data, keys, refusal, send_text},
    stack::{Answer, Client, login, login_as, platform, send},
};

const LOGIN: &str = "/login";

async fn try_login(client: &Client, email: &str, password: &str) -> Answer {
    client.post(LOGIN, &json!({"email": email, "password": password})).await
}

/// `login`, without the token.
async fn stranger() -> Client {
    login().await.stranger()
}

#[tokio::test]
async fn a_login_gives_a_token_and_when_it_ends() {
    let client = stranger().await;

    let answer = try_login(&client, &client.email, &client.password).await;

    let given = data(&answer);
    assert_eq!(keys(given), ["token", "expires"]);
    // 256 bits in hexadecimal or in base64.
    assert!(given["token"].as_str().unwrap().len() >= 43);
    let in_an_hour = |less_s: u64| {
        let at = kit::time::now() + std::time::Duration::from_secs(3600 - less_s);
        let (hour, minute, second) = at.to_hms();
        format!("{} {hour:02}:{minute:02}:{second:02}", at.date())
    };
    let expires = given["expires"].as_str().unwrap();
    assert!((in_an_hour(60).as_str()..=&in_an_hour(0)).contains(&expires), "{expires}");
}

#[tokio::test]
async fn an_email_is_the_same_in_any_case_and_a_password_is_not() {
    let client = stranger().await;

    let upper = try_login(&client, &client.email.to_uppercase(), &client.password).await;
    let wrong = try_login(&client, &client.email, &client.password.to_uppercase()).await;

    data(&upper);
    assert_eq!(refusal(&wrong), (401, "WRONG_CREDENTIALS"));
}

#[tokio::test]
async fn a_wrong_pair_is_told_the_same_whichever_half_is_wrong() {
    let client = stranger().await;
    let told = |answer: &Answer| -> Value {
        refusal(answer);
        let mut body = answer.2.clone();
        body.as_object_mut().unwrap().shift_remove("request_id");
        body
    };

    let wrong_password = try_login(&client, &client.email, "something else").await;
    let unknown = format!("{}@lombard.test", Uuid::now_v7().simple());
    let wrong_email = try_login(&client, &unknown, &client.password).await;
    let no_email = try_login(&client, "a\u{0}b", &client.password).await;

    assert_eq!(refusal(&wrong_password), (401, "WRONG_CREDENTIALS"));
    assert_eq!(told(&wrong_email), told(&wrong_password));
    assert_eq!(told(&no_email), told(&wrong_password));
}

#[tokio::test]
async fn after_ten_wrong_tries_nobody_gets_in_for_a_while() {
    let (client, other) = (stranger().await, stranger().await);
    for _ in 0..10 {
        let answer = try_login(&client, &client.email, "something else").await;
        assert_eq!(refusal(&answer), (401, "WRONG_CREDENTIALS"));
    }

    for password in ["something else", client.password.as_str()] {
        let answer = try_login(&client, &client.email.to_uppercase(), password).await;
        assert_eq!(answer.0, 429, "{}", answer.2);
        refusal(&answer);
        let retry_after: u64 = answer.1["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&retry_after), "{retry_after}");
    }
    data(&try_login(&other, &other.email, &other.password).await);
}

#[tokio::test]
async fn a_logout_revokes_the_one_token_that_it_is_called_with() {
    let first = login().await;
    let second = login_as(&platform().url, &first.email, &first.password).await;
    let third = login_as(&platform().url, &first.email, &first.password).await;

    // With fields that are not there, and without a body.
    assert_eq!(data(&first.post("/logout", &json!({})).await), &json!({}));
    data(&send(second.request(Method::POST, "/logout")).await);

    for client in [&first, &second] {
        assert_eq!(refusal(&client.get(LIST).await), (401, "UNAUTHENTICATED"));
    }
    assert_eq!(bad(&third.post("/logout", &json!({"all": true})).await), ["all"]);
    assert_eq!(count(&third).await, 0);
}

#[tokio::test]
async fn a_key_means_nothing_to_a_login() {
    let client = stranger().await;
    let body = json!({"email": client.email, "password": client.password});
    let mut tokens = Vec::new();
    for key in ["k", "k", "a b", ""] {
        let request = client.request(Method::POST, LOGIN).header("Idempotency-Key", key);
        let answer = send(request.json(&body)).await;
        assert!(!answer.1.contains_key("idempotent-replayed"));
        tokens.push(data(&answer)["token"].as_str().unwrap().to_owned());
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[tokio::test]
async fn a_login_needs_no_token_and_minds_no_bad_one() {
    let mut client = login().await;
    client.token = "nonsense".to_owned();

    data(&try_login(&client, &client.email, &client.password).await);
}

#[tokio::test]
async fn every_bad_parameter_of_a_login_is_named_at_once() {
    let client = stranger().await;
    for body in [
        json!({}),
        json!({"email": "", "password": ""}),
        json!({"email": null, "password": null}),
        json!({"email": 5, "password": ["x"]}),
        json!({"email": {"a": 1}, "password": true}),
        json!({"email": " ", "password": "x".repeat(2000)}),
        json!({"password": "x".repeat(2000)}),
        json!({"email": ""  , "password": "x".repeat(2000)}),
    ] {
        let answer = client.post(LOGIN, &body).await;
        assert_eq!(bad(&answer), ["email", "password"], "{body}");
    }
    let body = json!({"mail": "a@b.uk", "password": 5, "remember": true});
    let answer = client.post(&format!("{LOGIN}?next=x&next=y"), &body).await;
    assert_eq!(bad(&answer), ["email", "mail", "next", "password", "remember"]);
    let body = json!({"mail": 1, "email": " ", "password": "x".repeat(2000)});
    assert_eq!(bad(&client.post(LOGIN, &body).await), ["email", "mail", "password"]);
    let body = r#"{"email": "a@b.uk", "email": "a@b.uk", "password": "x", "password": "x"}"#;
    let answer = send_text(&client, Method::POST, LOGIN, body).await;
    assert_eq!(bad(&answer), ["email", "password"]);
}

#[tokio::test]
async fn a_crowd_that_comes_with_a_token_nobody_has_known_is_let_in() {
    let client = login().await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let client = client.clone();
        crowd.spawn(async move { client.get(LIST).await });
    }

    for (status, _, body) in crowd.join_all().await {
        assert_eq!(status, StatusCode::OK, "{body}");
    }
}

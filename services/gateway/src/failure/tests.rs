use std::{collections::HashMap, time::Duration};

use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::*;

fn status(code: Code, reason: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, "lombard.test.v1", HashMap::new());
    Status::with_error_details(code, "secret", details)
}

async fn body(failure: &Failure) -> Value {
    let bytes = failure.body("r-1", None).collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

fn answer(status: Status) -> (u16, String) {
    let failure = Failure::from(status);
    (failure.0.http.as_u16(), failure.code().to_owned())
}

#[test]
fn every_code_has_its_http_status() {
    for (code, reason, http, told) in [
        (Code::Ok, "", 500, "INTERNAL"),
        (Code::Cancelled, "", 504, "DEADLINE_EXCEEDED"),
        (Code::Unknown, "", 500, "INTERNAL"),
        (Code::InvalidArgument, "INVALID_FIELDS", 400, "INVALID_PARAMETERS"),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", 504, "DEADLINE_EXCEEDED"),
        (Code::NotFound, "LEDGER_NOT_FOUND", 404, "LEDGER_NOT_FOUND"),
        (Code::AlreadyExists, "REQUEST_ID_REUSED", 409, "IDEMPOTENCY_KEY_REUSED"),
        (Code::PermissionDenied, "", 403, "PERMISSION_DENIED"),
        (Code::PermissionDenied, "PEER_NOT_ALLOWED", 500, "INTERNAL"),
        (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS", 429, "TOO_MANY_ATTEMPTS"),
        (Code::FailedPrecondition, "CUSTOMER_DISABLED", 409, "CUSTOMER_DISABLED"),
        (Code::Aborted, "REQUEST_IN_PROGRESS", 409, "REQUEST_IN_PROGRESS"),
        (Code::OutOfRange, "", 500, "INTERNAL"),
        (Code::Unimplemented, "", 500, "INTERNAL"),
        (Code::Internal, "INTERNAL", 500, "INTERNAL"),
        (Code::Unavailable, "UNAVAILABLE", 503, "UNAVAILABLE"),
        (Code::DataLoss, "", 500, "INTERNAL"),
        (Code::Unauthenticated, "TOKEN_INVALID", 401, "UNAUTHENTICATED"),
        (Code::Unauthenticated, "WRONG_CREDENTIALS", 401, "WRONG_CREDENTIALS"),
        (Code::Unauthenticated, "CALLER_REQUIRED", 500, "INTERNAL"),
    ] {
        assert_eq!(answer(status(code, reason)), (http, told.to_owned()), "{code:?} {reason}");
    }
}

#[tokio::test]
async fn our_own_failures_say_nothing_of_what_broke() {
    for code in [Code::Internal, Code::Unknown, Code::Unavailable, Code::Cancelled] {
        let failure = Failure::from(status(code, "SECRET"));

        let told = body(&failure).await.to_string();
        assert!(!told.to_lowercase().contains("secret"), "{told}");
    }
}

#[tokio::test]
async fn a_reason_without_words_of_its_own_is_told_with_the_service_s() {
    let message = "long ".repeat(100);
    let details = ErrorDetails::with_error_info("NEWS", "lombard.test.v1", HashMap::new());
    let status = Status::with_error_details(Code::FailedPrecondition, &message, details);

    let told = body(&Failure::from(status)).await;

    assert_eq!(told["code"], "NEWS");
    assert_eq!(told["message"].as_str().unwrap().chars().count(), 100);
}

#[tokio::test]
async fn bad_fields_are_told_under_their_documented_names() {
    let mut details =
        ErrorDetails::with_error_info("INVALID_FIELDS", "lombard.customer.v1", HashMap::new());
    details.add_bad_request_violation("customer.date_of_birth", "must be a real day");
    details.add_bad_request_violation("request_id", "is too long");
    let status = Status::with_error_details(Code::InvalidArgument, "no", details);

    let told = body(&Failure::from(status)).await;

    let expected = json!({
        "status": -1,
        "message": "Some parameters are not valid",
        "code": "INVALID_PARAMETERS",
        "errors": [
            {"parameter": "dob", "reason": "must be a real day"},
            {"parameter": "Idempotency-Key", "reason": "is too long"}
        ],
        "request_id": "r-1"
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_decline_is_told_with_its_transaction() {
    let code = proto::ledger::v1::ResponseCode::InsufficientFunds;
    let outcome = crate::outcome::Outcome::new(code, "t-1".to_owned()).unwrap().into();

    let failure = Failure::declined("INSUFFICIENT_FUNDS", outcome, true);

    let three = json!({
        "response_code": "650",
        "response_message": "Insufficient Funds",
        "transaction_id": "t-1"
    });
    let mut expected = three.clone();
    let all = expected.as_object_mut().unwrap();
    all.insert("status".to_owned(), json!(-1));
    all.insert("message".to_owned(), json!("Insufficient Funds"));
    all.insert("code".to_owned(), json!("INSUFFICIENT_FUNDS"));
    all.insert("data".to_owned(), three);
    all.insert("request_id".to_owned(), json!("r-1"));
    assert_eq!(body(&failure).await, expected);
    let response = failure.into_response();
    assert_eq!(response.status(), 409);
    assert_eq!(response.headers()["idempotent-replayed"], "true");
}

#[test]
fn when_to_come_back_is_told_in_whole_seconds() {
    let after = |delay| {
        let mut details = ErrorDetails::with_error_info("X", "lombard.test.v1", HashMap::new());
        details.set_retry_info(delay);
        let status = Status::with_error_details(Code::ResourceExhausted, "", details);
        Failure::from(status).into_response().headers()["retry-after"].clone()
    };

    assert_eq!(after(Some(Duration::from_millis(1500))), "2");
    assert_eq!(after(Some(Duration::ZERO)), "1");
    assert_eq!(after(None), "1");
}

#[test]
fn a_missing_token_is_asked_for() {
    let response = Failure::unauthenticated().into_response();

    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}

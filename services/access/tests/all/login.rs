use access::SCOPES;
use kit::time::now;
use proto::access::v1::{LoginRequest, LoginResponse};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{EMAIL, PASSWORD, refusal, setup, wrong_credentials};

#[tokio::test]
async fn the_right_pair_gets_a_token_that_stands_for_the_user() {
    let setup = setup().await;

    let issued = setup.login(EMAIL, PASSWORD).await.unwrap();
    let found = setup.look_up(&issued.token).await.unwrap();

    assert_eq!(issued.token.len(), 64);
    assert!(issued.token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    assert_eq!(found.tenant_id, setup.tenant.to_string());
    assert_eq!(found.user_id, setup.user.to_string());
    assert_eq!(found.scopes, SCOPES);
    assert_eq!(found.expire_time, issued.expire_time);
    let left_s = issued.expire_time.unwrap().seconds - now().unix_timestamp();
    assert!((50..=61).contains(&left_s), "{left_s}");
}

#[tokio::test]
async fn every_login_gets_another_token() {
    let setup = setup().await;

    assert_ne!(setup.token().await, setup.token().await);
}

#[tokio::test]
async fn the_address_is_taken_in_any_case() {
    let setup = setup().await;

    for email in ["ann@example.com", "ANN@EXAMPLE.COM", " aNN@example.com "] {
        assert!(setup.login(email, PASSWORD).await.is_ok(), "{email}");
    }
}

#[tokio::test]
async fn which_half_is_wrong_is_not_told() {
    let setup = setup().await;

    let wrong_password = setup.login(EMAIL, "Correct horse battery").await.unwrap_err();
    let unknown = setup.login("bob@example.com", PASSWORD).await.unwrap_err();
    let malformed = setup.login("no address", PASSWORD).await.unwrap_err();

    for status in [&unknown, &malformed] {
        assert_eq!(status.code(), wrong_password.code());
        assert_eq!(status.message(), wrong_password.message());
        assert_eq!(status.details(), wrong_password.details());
    }
    assert_eq!(refusal::<()>(Err(wrong_password)), wrong_credentials());
}

#[tokio::test]
async fn every_bad_field_is_told_at_once() {
    let setup = setup().await;

    let empty = setup.login(" ", "").await.unwrap_err();
    let long = setup.login_from("192.0.2.1:80", EMAIL, &"a".repeat(1025)).await.unwrap_err();

    let told = |status: &tonic::Status| -> Vec<_> {
        let bad = status.get_error_details().bad_request().cloned().unwrap();
        bad.field_violations.into_iter().map(|bad| (bad.field, bad.description)).collect()
    };
    let expected = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(field, clause)| ((*field).into(), (*clause).into())).collect()
    };
    let required = [("email", "is required"), ("password", "is required")];
    assert_eq!(told(&empty), expected(&required));
    let broken = [
        ("password", "must have at most 1024 bytes"),
        ("client_address", "must be an IP address, without a port"),
    ];
    assert_eq!(told(&long), expected(&broken));
    assert_eq!(refusal::<()>(Err(long)), (Code::InvalidArgument, "INVALID_FIELDS".into()));
}

#[tokio::test]
async fn a_request_that_is_only_checked_is_no_try_and_gets_no_token() {
    let setup = setup().await;
    let check = async |email: &str, password: &str| {
        let (email, password) = (email.into(), password.into());
        let request = LoginRequest { email, password, validate_only: true, ..Default::default() };
        setup.client.clone().login(request).await.map(tonic::Response::into_inner)
    };

    for _ in 0..11 {
        assert_eq!(check(EMAIL, "wrong").await.unwrap(), LoginResponse::default());
    }
    assert_eq!(check(EMAIL, PASSWORD).await.unwrap(), LoginResponse::default());
    assert_eq!(check("", "x").await.unwrap_err().code(), Code::InvalidArgument);

    assert!(setup.login(EMAIL, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn an_address_may_hold_what_postgres_cannot() {
    let setup = setup().await;

    let refused = setup.login("ann\0@example.com", PASSWORD).await;

    assert_eq!(refusal(refused), wrong_credentials());
}

#[tokio::test]
async fn neither_token_nor_password_nor_tried_address_is_kept_in_clear() {
    let setup = setup().await;

    let token = setup.token().await;
    setup.login("eve@example.com", "a wrong password").await.unwrap_err();

    // Bytes are shown in hexadecimal, so that raw bits of the token would be found too.
    let kept: String = sqlx::query_scalar(
        "
        select concat_ws(' ',
            (select string_agg(to_json(tenants)::text, ' ') from tenants),
            (select string_agg(to_json(api_users)::text, ' ') from api_users),
            (select string_agg(to_json(tokens)::text, ' ') from tokens),
            (select string_agg(to_json(login_attempts)::text, ' ') from login_attempts))
        ",
    )
    .fetch_one(&setup.pool)
    .await
    .unwrap();
    assert!(kept.contains("token_hash") && kept.contains("attempt_id"), "the tables hold rows");
    for secret in [token.as_str(), PASSWORD, "a wrong password", "eve@example.com"] {
        assert!(!kept.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn passwords_are_kept_as_argon2id_with_the_recommended_parameters() {
    let setup = setup().await;

    let hash: String = sqlx::query_scalar("select password_hash from api_users")
        .fetch_one(&setup.pool)
        .await
        .unwrap();

    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}

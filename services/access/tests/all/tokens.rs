use std::time::Duration;

use proto::access::v1::LogoutRequest;
use tonic::Code;
use types::TenantId;

use crate::support::{refusal, setup, token_invalid, with_lifetime};

#[tokio::test]
async fn what_is_no_token_stands_for_nobody() {
    let setup = setup().await;
    let token = setup.token().await;

    for text in ["", "x", &token[1..], &token.to_uppercase(), &"0".repeat(64)] {
        assert_eq!(refusal(setup.look_up(text).await), token_invalid(), "{text}");
    }
}

#[tokio::test]
async fn a_token_expires() {
    let setup = setup().await;
    let token = setup.token().await;

    sqlx::query(
        "
        update tokens set
            create_time = create_time - interval '1 minute',
            expire_time = expire_time - interval '1 minute'
        ",
    )
    .execute(&setup.pool)
    .await
    .unwrap();

    assert_eq!(refusal(setup.look_up(&token).await), token_invalid());
}

#[tokio::test]
async fn expired_tokens_are_deleted_by_later_logins() {
    let setup = with_lifetime(Duration::ZERO).await;

    let first = setup.token().await;
    setup.token().await;

    assert_eq!(refusal(setup.look_up(&first).await), token_invalid());
    let kept: i64 =
        sqlx::query_scalar("select count(*) from tokens").fetch_one(&setup.pool).await.unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn logout_revokes_that_token_at_once_and_no_other() {
    let setup = setup().await;
    let (revoked, other) = (setup.token().await, setup.token().await);

    setup.logout(setup.tenant, &revoked).await.unwrap();

    assert_eq!(refusal(setup.look_up(&revoked).await), token_invalid());
    assert!(setup.look_up(&other).await.is_ok());
}

#[tokio::test]
async fn revoking_what_is_no_good_token_is_a_success() {
    let setup = setup().await;
    let token = setup.token().await;

    for text in [&token, &token, &"0".repeat(64), "no token"] {
        assert!(setup.logout(setup.tenant, text).await.is_ok(), "{text}");
    }
}

#[tokio::test]
async fn another_tenant_cannot_revoke_a_token() {
    let setup = setup().await;
    let token = setup.token().await;

    setup.logout(TenantId::new(), &token).await.unwrap();

    assert!(setup.look_up(&token).await.is_ok());
}

#[tokio::test]
async fn logout_asks_for_a_token_and_a_caller() {
    let setup = setup().await;
    let token = setup.token().await;

    let without_token = setup.logout(setup.tenant, "").await;
    let without_caller = setup.client.clone().logout(LogoutRequest { token: token.clone() }).await;

    assert_eq!(refusal(without_token), (Code::InvalidArgument, "INVALID_FIELDS".into()));
    assert_eq!(refusal(without_caller), (Code::Unauthenticated, "CALLER_REQUIRED".into()));
    assert!(setup.look_up(&token).await.is_ok());
}

#[tokio::test]
async fn a_scope_of_a_later_release_allows_nothing() {
    let setup = setup().await;
    let token = setup.token().await;

    sqlx::query("update api_users set scopes = array['kyc:write', 'moon:walk']")
        .execute(&setup.pool)
        .await
        .unwrap();

    assert_eq!(setup.look_up(&token).await.unwrap().scopes, ["kyc:write"]);
}

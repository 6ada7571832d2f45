use access::{PasswordError, ProvisionError, SCOPES};
use types::TenantId;

use crate::support::{EMAIL, PASSWORD, refusal, setup, wrong_credentials};

#[tokio::test]
async fn a_tenant_is_created_once() {
    let setup = setup().await;

    let other = setup.access.ensure_tenant("other").await.unwrap();
    let (first, second) =
        tokio::join!(setup.access.ensure_tenant("both"), setup.access.ensure_tenant("both"));

    assert_eq!(setup.access.ensure_tenant(" acme ").await.unwrap(), setup.tenant);
    assert_ne!(other, setup.tenant);
    assert_eq!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn a_user_is_created_once_and_then_left_alone() {
    let setup = setup().await;

    let again =
        setup.access.ensure_user(setup.tenant, "ANN@example.com", "another password", &[]).await;

    assert_eq!(again.unwrap(), setup.user);
    assert_eq!(refusal(setup.login(EMAIL, "another password").await), wrong_credentials());
    assert_eq!(setup.look_up(&setup.token().await).await.unwrap().scopes, SCOPES);
}

#[tokio::test]
async fn two_who_create_one_user_at_once_get_the_same() {
    let setup = setup().await;
    let ensure = || setup.access.ensure_user(setup.tenant, "bob@example.com", PASSWORD, &SCOPES);

    let (first, second) = tokio::join!(ensure(), ensure());

    assert_eq!(first.unwrap(), second.unwrap());
}

#[tokio::test]
async fn an_address_belongs_to_one_tenant() {
    let setup = setup().await;
    let other = setup.access.ensure_tenant("other").await.unwrap();

    let taken = setup.access.ensure_user(other, "ann@EXAMPLE.com", PASSWORD, &SCOPES).await;

    assert!(matches!(taken, Err(ProvisionError::EmailTaken)), "{taken:?}");
}

#[tokio::test]
async fn what_breaks_a_rule_is_not_created() {
    let setup = setup().await;
    let ensure = async |tenant, email, password, scopes: &[&str]| {
        setup.access.ensure_user(tenant, email, password, scopes).await.unwrap_err()
    };
    let bob = "bob@example.com";

    let nobody = ensure(TenantId::new(), bob, PASSWORD, &SCOPES).await;
    let no_address = ensure(setup.tenant, "bob", PASSWORD, &SCOPES).await;
    let short = ensure(setup.tenant, bob, "11character", &SCOPES).await;
    let no_scope = ensure(setup.tenant, bob, PASSWORD, &["moon:walk"]).await;

    assert!(matches!(nobody, ProvisionError::TenantNotFound(_)), "{nobody:?}");
    assert!(matches!(no_address, ProvisionError::Email(_)), "{no_address:?}");
    assert!(matches!(short, ProvisionError::Password(PasswordError::TooShort)), "{short:?}");
    assert!(matches!(no_scope, ProvisionError::Scope(_)), "{no_scope:?}");
    for name in ["", "<b>", &"a".repeat(101)] {
        let refused = setup.access.ensure_tenant(name).await;
        assert!(matches!(refused, Err(ProvisionError::Name(_))), "{refused:?}");
    }
}

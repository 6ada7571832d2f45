use std::time::Duration;

use kit::caller::{Call, Caller};
use proto::access::v1::{
    CreateTenantRequest, CreateUserRequest, ListTenantsRequest, ListUsersRequest, Tenant,
    UpdateTenantRequest, UpdateUserRequest, User, admin_service_client::AdminServiceClient,
};
use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;
use tonic::{Code, transport::Channel};

use crate::support::{EMAIL, PASSWORD, Setup, refusal, setup, token_invalid, wrong_credentials};

fn client(setup: &Setup) -> AdminServiceClient<Channel> {
    AdminServiceClient::new(setup.channel.clone())
}

fn mask(path: &str) -> prost_types::FieldMask {
    prost_types::FieldMask { paths: vec![path.into()] }
}

async fn set_active(setup: &Setup, active: bool) {
    let tenant_id = setup.tenant.to_string();
    let tenant = Some(Tenant { tenant_id, active, ..Tenant::default() });
    let message = UpdateTenantRequest { tenant, update_mask: Some(mask("active")) };
    client(setup).update_tenant(message).await.unwrap();
}

#[tokio::test]
async fn a_tenant_and_its_user_are_made_and_listed() {
    let setup = setup().await;
    let new = Tenant { name: "Umbrella".into(), requests_per_second: 5, ..Tenant::default() };

    let message = CreateTenantRequest { tenant: Some(new.clone()) };
    let tenant = client(&setup).create_tenant(message.clone()).await.unwrap().into_inner();
    let again = client(&setup).create_tenant(message).await;
    let tenant_id = tenant.tenant_id.clone();
    let user = User {
        tenant_id: tenant_id.clone(),
        email: "bob@example.com".into(),
        scopes: vec!["admin".into()],
        ..User::default()
    };
    let message = CreateUserRequest { user: Some(user), password: PASSWORD.into() };
    let user = client(&setup).create_user(message.clone()).await.unwrap().into_inner();
    let taken = client(&setup).create_user(message).await;

    assert!(tenant.active && user.active);
    assert_eq!((tenant.name.as_str(), tenant.requests_per_second), ("Umbrella", 5));
    assert_eq!(refusal(again), (Code::AlreadyExists, "TENANT_NAME_TAKEN".into()));
    assert_eq!(refusal(taken), (Code::AlreadyExists, "EMAIL_TAKEN".into()));
    let listed = client(&setup).list_tenants(ListTenantsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().tenants[0], tenant);
    let message = ListUsersRequest { tenant_id, ..ListUsersRequest::default() };
    let listed = client(&setup).list_users(message).await.unwrap().into_inner();
    assert_eq!(listed.users, [user]);
    let token = setup.login("bob@example.com", PASSWORD).await.unwrap().token;
    let found = setup.look_up(&token).await.unwrap();
    assert_eq!((found.tenant_requests_per_second, found.scopes), (5, vec!["admin".to_owned()]));
}

#[tokio::test]
async fn a_disabled_tenant_neither_logs_in_nor_calls_until_it_is_enabled() {
    let setup = setup().await;
    let token = setup.login(EMAIL, PASSWORD).await.unwrap().token;

    set_active(&setup, false).await;
    let login = setup.login(EMAIL, PASSWORD).await;
    let look_up = setup.look_up(&token).await;
    set_active(&setup, true).await;

    assert_eq!(refusal(login), wrong_credentials());
    assert_eq!(refusal(look_up), token_invalid());
    assert!(setup.look_up(&token).await.is_ok());
    assert!(setup.login(EMAIL, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_new_password_ends_the_tokens_and_the_old_password() {
    let setup = setup().await;
    let token = setup.login(EMAIL, PASSWORD).await.unwrap().token;
    let user = Some(User {
        tenant_id: setup.tenant.to_string(),
        user_id: setup.user.to_string(),
        ..User::default()
    });

    let password = "another long password".to_owned();
    let message =
        UpdateUserRequest { user, password: password.clone(), update_mask: Some(mask("password")) };
    client(&setup).update_user(message).await.unwrap();

    assert_eq!(refusal(setup.look_up(&token).await), token_invalid());
    assert_eq!(refusal(setup.login(EMAIL, PASSWORD).await), wrong_credentials());
    assert!(setup.login(EMAIL, &password).await.is_ok());
}

#[tokio::test]
async fn a_login_under_way_does_not_survive_a_new_password_or_the_end_of_its_user() {
    for change in ["password_hash = password_hash || 'x'", "disable_time = now()"] {
        let setup = setup().await;
        let mut changing = setup.pool.begin().await.unwrap();
        let change = AssertSqlSafe(format!("update api_users set {change}"));
        sqlx::query(change).execute(&mut *changing).await.unwrap();

        // It finds the old password to be right, and then waits for who changes it.
        let mut under_way = JoinSet::new();
        let somebody = setup.clone();
        under_way.spawn(async move { somebody.login(EMAIL, PASSWORD).await });
        let waits = "
            select exists (
                select from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
            )
        ";
        let mut ended = None;
        while ended.is_none() {
            let waits = sqlx::query_scalar(waits).fetch_one(&setup.pool);
            if waits.await.unwrap() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            ended = under_way.try_join_next();
        }
        changing.commit().await.unwrap();

        let ended = match ended {
            Some(ended) => ended,
            None => under_way.join_next().await.unwrap(),
        };
        assert_eq!(refusal(ended.unwrap()), wrong_credentials());
        let tokens: i64 =
            sqlx::query_scalar("select count(*) from tokens").fetch_one(&setup.pool).await.unwrap();
        assert_eq!(tokens, 0);
    }
}

/// What is on record, oldest first.
async fn recorded(setup: &Setup) -> Vec<String> {
    let actions = "select action from audit_records order by audit_record_id";
    sqlx::query_scalar(actions).fetch_all(&setup.pool).await.unwrap()
}

#[tokio::test]
async fn what_changes_nothing_and_who_is_nobody_are_not_on_record() {
    let setup = setup().await;
    let before = recorded(&setup).await;
    let user = Some(User {
        tenant_id: setup.tenant.to_string(),
        user_id: setup.user.to_string(),
        active: true,
        ..User::default()
    });
    let update =
        UpdateUserRequest { user, password: String::new(), update_mask: Some(mask("active")) };

    set_active(&setup, true).await;
    client(&setup).update_user(update).await.unwrap();
    setup.login("nobody@example.com", PASSWORD).await.unwrap_err();
    assert_eq!(recorded(&setup).await, before);

    set_active(&setup, false).await;
    setup.login(EMAIL, "a wrong password").await.unwrap_err();
    assert_eq!(recorded(&setup).await[before.len()..], ["tenant.update", "login.refuse"]);
}

#[tokio::test]
async fn no_api_user_administers_the_platform() {
    let setup = setup().await;
    let call = Call::begin(None, Duration::from_secs(20));
    let scopes = vec!["admin".to_owned()];
    let user = Caller::new(call, setup.tenant, Some(setup.user), scopes);
    let denied = (Code::PermissionDenied, "PERMISSION_DENIED".to_owned());

    let mut client = client(&setup);

    let request = user.request(CreateTenantRequest::default());
    assert_eq!(refusal(client.create_tenant(request).await), denied);
    let request = user.request(ListTenantsRequest::default());
    assert_eq!(refusal(client.list_tenants(request).await), denied);
    let request = user.request(UpdateTenantRequest::default());
    assert_eq!(refusal(client.update_tenant(request).await), denied);
    let request = user.request(CreateUserRequest::default());
    assert_eq!(refusal(client.create_user(request).await), denied);
    let request = user.request(ListUsersRequest::default());
    assert_eq!(refusal(client.list_users(request).await), denied);
    let request = user.request(UpdateUserRequest::default());
    assert_eq!(refusal(client.update_user(request).await), denied);
}

#[tokio::test]
async fn administration_has_no_address() {
    let pool = testkit::database("access", &access::MIGRATIONS).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stop = tokio_util::sync::CancellationToken::new();
    let (settings, drain) = (access::Settings::default(), Duration::ZERO);
    let serving = access::serve(listener, settings, pool, drain, stop.clone());
    let asking = async {
        let mut admin = AdminServiceClient::new(kit::client::channel(url).unwrap());
        let refused = admin.create_tenant(CreateTenantRequest::default()).await.unwrap_err();
        stop.cancel();
        refused.code()
    };

    let (served, code) = tokio::join!(serving, asking);

    assert!(served.is_ok());
    assert_eq!(code, Code::Unimplemented);
}

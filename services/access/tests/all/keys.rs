use std::time::Duration;

use kit::caller::{Call, Caller};
use proto::access::v1::{
    ApiKey, CreateApiKeyRequest, ListApiKeysRequest, RevokeApiKeyRequest, RotateApiKeyRequest,
    UpdateApiKeyRequest, UpdateUserRequest, User, admin_service_client::AdminServiceClient,
    api_key_service_client::ApiKeyServiceClient,
};
use tonic::{Code, Status, transport::Channel};
use types::{TenantId, UserId};

use crate::support::{Setup, refusal, setup, token_invalid};

struct Keys {
    setup: Setup,
    client: ApiKeyServiceClient<Channel>,
}

async fn keys() -> Keys {
    let setup = setup().await;
    let client = ApiKeyServiceClient::new(setup.channel.clone());
    Keys { setup, client }
}

fn caller(tenant: TenantId, user: Option<UserId>, scopes: &[&str]) -> Caller {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    Caller::new(Call::begin(None, Duration::from_secs(20)), tenant, user, scopes)
}

impl Keys {
    fn admin(&self) -> Caller {
        caller(self.setup.tenant, Some(self.setup.user), &access::SCOPES)
    }

    fn new_key(&self) -> ApiKey {
        ApiKey {
            user_id: self.setup.user.to_string(),
            name: "till".into(),
            scopes: vec!["ledgers:read".into(), "payments:write".into()],
            ..ApiKey::default()
        }
    }

    async fn create_for(&self, caller: &Caller, key: ApiKey) -> Result<(ApiKey, String), Status> {
        let message = CreateApiKeyRequest { api_key: Some(key), validate_only: false };
        let made = self.client.clone().create_api_key(caller.request(message)).await?.into_inner();
        Ok((made.api_key.unwrap(), made.secret))
    }

    async fn create(&self, key: ApiKey) -> Result<(ApiKey, String), Status> {
        self.create_for(&self.admin(), key).await
    }

    async fn update(&self, key: ApiKey, paths: &[&str]) -> Result<ApiKey, Status> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let message = UpdateApiKeyRequest {
            api_key: Some(key),
            update_mask: Some(prost_types::FieldMask { paths }),
            validate_only: false,
        };
        Ok(self.client.clone().update_api_key(self.admin().request(message)).await?.into_inner())
    }

    async fn rotate(&self, id: &str, old_until: Option<Duration>) -> Result<String, Status> {
        self.rotate_once("", id, old_until).await
    }

    async fn rotate_once(
        &self,
        request_id: &str,
        id: &str,
        old_until: Option<Duration>,
    ) -> Result<String, Status> {
        let at = |after| kit::time::now().saturating_add(after);
        let after = old_until.map(|after| time::Duration::try_from(after).unwrap());
        let old_secret_expire_time = after.map(|after| kit::time::timestamp(at(after)));
        let message = RotateApiKeyRequest {
            api_key_id: id.into(),
            old_secret_expire_time,
            validate_only: false,
            request_id: request_id.into(),
        };
        let rotated = self.client.clone().rotate_api_key(self.admin().request(message)).await?;
        Ok(rotated.into_inner().secret)
    }

    async fn revoke(&self, caller: &Caller, id: &str) -> Result<ApiKey, Status> {
        let message = RevokeApiKeyRequest { api_key_id: id.into() };
        Ok(self.client.clone().revoke_api_key(caller.request(message)).await?.into_inner())
    }

    async fn list(&self) -> Vec<ApiKey> {
        let message = self.admin().request(ListApiKeysRequest::default());
        self.client.clone().list_api_keys(message).await.unwrap().into_inner().api_keys
    }

    async fn change_user(&self, user: User, path: &str) {
        let user = User {
            tenant_id: self.setup.tenant.to_string(),
            user_id: self.setup.user.to_string(),
            ..user
        };
        let message = UpdateUserRequest {
            user: Some(user),
            password: String::new(),
            update_mask: Some(prost_types::FieldMask { paths: vec![path.into()] }),
        };
        AdminServiceClient::new(self.setup.channel.clone()).update_user(message).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_stands_for_its_user_and_is_kept_as_a_hash_alone() {
    let keys = keys().await;

    let (key, secret) = keys.create(keys.new_key()).await.unwrap();
    let found = keys.setup.look_up(&secret).await.unwrap();

    assert_eq!(found.tenant_id, keys.setup.tenant.to_string());
    assert_eq!(found.user_id, keys.setup.user.to_string());
    assert_eq!(found.api_key_id, key.api_key_id);
    assert_eq!(found.scopes, ["ledgers:read", "payments:write"]);
    assert_eq!(found.expire_time, None);
    let rows = "select row_to_json(k)::text || row_to_json(s)::text
        from api_keys k join api_key_secrets s using (tenant_id, key_id)";
    let kept: String = sqlx::query_scalar(rows).fetch_one(&keys.setup.pool).await.unwrap();
    assert!(!kept.contains(&secret[36..]), "{kept}");
}

#[tokio::test]
async fn a_secret_with_another_tenants_id_is_none() {
    let keys = keys().await;
    let (_, secret) = keys.create(keys.new_key()).await.unwrap();
    let other = keys.setup.access.ensure_tenant("other").await.unwrap();

    let forged = format!("lk_{}{}", other.uuid().simple(), &secret[35..]);

    assert_eq!(refusal(keys.setup.look_up(&forged).await), token_invalid());
}

#[tokio::test]
async fn a_key_allows_no_more_than_its_user() {
    let keys = keys().await;
    let (_, secret) = keys.create(keys.new_key()).await.unwrap();

    let scopes = vec!["ledgers:read".to_owned()];
    keys.change_user(User { scopes, ..User::default() }, "scopes").await;
    let found = keys.setup.look_up(&secret).await.unwrap();
    let name = "another".to_owned();
    let refused = keys.create(ApiKey { name, ..keys.new_key() }).await;

    assert_eq!(found.scopes, ["ledgers:read"]);
    assert_eq!(refusal(refused), (Code::InvalidArgument, "INVALID_FIELDS".into()));
}

#[tokio::test]
async fn a_key_of_a_disabled_user_is_none_until_they_are_enabled() {
    let keys = keys().await;
    let (_, secret) = keys.create(keys.new_key()).await.unwrap();

    keys.change_user(User { active: false, ..User::default() }, "active").await;
    let disabled = keys.setup.look_up(&secret).await;
    keys.change_user(User { active: true, ..User::default() }, "active").await;

    assert_eq!(refusal(disabled), token_invalid());
    assert!(keys.setup.look_up(&secret).await.is_ok());
}

#[tokio::test]
async fn an_expired_key_is_none() {
    let keys = keys().await;
    let expire_time = Some(kit::time::timestamp(kit::time::now() + Duration::from_millis(700)));
    let (_, secret) = keys.create(ApiKey { expire_time, ..keys.new_key() }).await.unwrap();

    assert_eq!(keys.setup.look_up(&secret).await.unwrap().expire_time, expire_time);
    tokio::time::sleep(Duration::from_secs(1)).await;

    assert_eq!(refusal(keys.setup.look_up(&secret).await), token_invalid());
}

#[tokio::test]
async fn after_a_rotation_the_old_secret_lives_until_its_time_and_an_older_one_no_longer() {
    let keys = keys().await;
    let (key, first) = keys.create(keys.new_key()).await.unwrap();
    let id = &key.api_key_id;

    let second = keys.rotate(id, Some(Duration::from_mins(5))).await.unwrap();
    assert_eq!(keys.setup.look_up(&first).await.unwrap().api_key_id, *id);
    let third = keys.rotate(id, Some(Duration::from_secs(1))).await.unwrap();

    assert_eq!(refusal(keys.setup.look_up(&first).await), token_invalid());
    assert!(keys.setup.look_up(&second).await.is_ok());
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert_eq!(refusal(keys.setup.look_up(&second).await), token_invalid());
    assert!(keys.setup.look_up(&third).await.is_ok());
    keys.rotate(id, None).await.unwrap();
    assert_eq!(refusal(keys.setup.look_up(&third).await), token_invalid());
}

#[tokio::test]
async fn a_rotation_that_comes_again_leaves_the_secret_in_use() {
    let keys = keys().await;
    let (key, first) = keys.create(keys.new_key()).await.unwrap();
    let (id, a_day) = (&key.api_key_id, Some(Duration::from_hours(24)));

    let second = keys.rotate_once("r1", id, a_day).await.unwrap();
    let again = keys.rotate_once("r1", id, None).await;

    assert_eq!(refusal(again), (Code::AlreadyExists, "API_KEY_ROTATED".into()));
    assert!(keys.setup.look_up(&first).await.is_ok());
    assert!(keys.setup.look_up(&second).await.is_ok());
    let bad = keys.rotate_once("r 1", id, None).await;
    assert_eq!(refusal(bad), (Code::InvalidArgument, "INVALID_FIELDS".into()));
    keys.rotate_once("r2", id, None).await.unwrap();
    assert_eq!(refusal(keys.setup.look_up(&second).await), token_invalid());
}

#[tokio::test]
async fn nobody_gives_more_than_they_have_and_a_key_gives_nothing() {
    let keys = keys().await;
    let (key, _) = keys.create(keys.new_key()).await.unwrap();
    let of = |scopes: &[&str]| caller(keys.setup.tenant, Some(keys.setup.user), scopes);
    let new = |name: &str| ApiKey { name: name.into(), ..keys.new_key() };

    let more = keys.create_for(&of(&["admin", "ledgers:read"]), new("more")).await;
    let as_much = of(&["admin", "ledgers:read", "payments:write"]);
    keys.create_for(&as_much, new("as much")).await.unwrap();
    let id = key.api_key_id.clone();
    let rotate = RotateApiKeyRequest { api_key_id: id, ..RotateApiKeyRequest::default() };
    let less = of(&["admin", "ledgers:read"]);
    let stolen = keys.client.clone().rotate_api_key(less.request(rotate.clone())).await;
    assert_eq!(refusal(stolen), (Code::PermissionDenied, "PERMISSION_DENIED".into()));
    let program = keys.admin().with_key(Some(types::ApiKeyId::new()));

    assert_eq!(refusal(more), (Code::InvalidArgument, "INVALID_FIELDS".into()));
    let login = (Code::PermissionDenied, "LOGIN_REQUIRED".to_owned());
    assert_eq!(refusal(keys.create_for(&program, new("its own")).await), login);
    assert_eq!(refusal(keys.revoke(&program, &key.api_key_id).await), login);
    let rotated = keys.client.clone().rotate_api_key(program.request(rotate)).await;
    assert_eq!(refusal(rotated), login);
    let paths = vec!["scopes".to_owned()];
    let update = UpdateApiKeyRequest {
        api_key: Some(ApiKey { scopes: vec!["admin".into()], ..key }),
        update_mask: Some(prost_types::FieldMask { paths }),
        validate_only: false,
    };
    let updated = keys.client.clone().update_api_key(program.request(update)).await;
    assert_eq!(refusal(updated), login);
}

#[tokio::test]
async fn a_revoked_key_is_none_for_good_and_its_name_is_free() {
    let keys = keys().await;
    let (key, secret) = keys.create(keys.new_key()).await.unwrap();
    let taken = keys.create(keys.new_key()).await;
    assert_eq!(refusal(taken), (Code::AlreadyExists, "API_KEY_NAME_TAKEN".into()));

    let revoked = keys.revoke(&keys.admin(), &key.api_key_id).await.unwrap();

    assert_eq!(refusal(keys.setup.look_up(&secret).await), token_invalid());
    assert_eq!(keys.revoke(&keys.admin(), &key.api_key_id).await.unwrap(), revoked);
    let gone = (Code::FailedPrecondition, "API_KEY_REVOKED".to_owned());
    assert_eq!(refusal(keys.rotate(&key.api_key_id, None).await), gone);
    assert_eq!(refusal(keys.update(key, &["scopes"]).await), gone);
    keys.create(keys.new_key()).await.unwrap();
    assert_eq!(keys.list().await.len(), 2);
}

#[tokio::test]
async fn only_what_the_mask_names_is_changed() {
    let keys = keys().await;
    let (key, _) = keys.create(keys.new_key()).await.unwrap();
    let given = ApiKey {
        api_key_id: key.api_key_id.clone(),
        name: "ignored".into(),
        allowed_addresses: vec!["192.0.2.77/24".into(), "2001:db8::1".into()],
        requests_per_second: 7,
        ..ApiKey::default()
    };

    let changed = keys.update(given, &["allowed_addresses", "requests_per_second"]).await.unwrap();

    let allowed_addresses = vec!["192.0.2.0/24".to_owned(), "2001:db8::1/128".to_owned()];
    assert_eq!(changed, ApiKey { allowed_addresses, requests_per_second: 7, ..key });
    assert_eq!(keys.list().await, [changed]);
}

#[tokio::test]
async fn every_bad_field_of_a_key_is_named() {
    use tonic_types::StatusExt;
    let keys = keys().await;
    let bad = ApiKey {
        user_id: "nobody".into(),
        name: "<b>".into(),
        scopes: vec!["everything".into()],
        allowed_addresses: vec!["192.0.2.1".into(), "acme.example".into()],
        expire_time: Some(kit::time::timestamp(kit::time::now() - Duration::from_secs(1))),
        requests_per_second: -1,
        ..ApiKey::default()
    };

    let refused = keys.create(bad).await.unwrap_err().get_error_details();

    let named: Vec<_> = refused.bad_request().unwrap().field_violations.clone();
    let named: Vec<_> = named.into_iter().map(|violation| violation.field).collect();
    assert_eq!(
        named,
        [
            "api_key.user_id",
            "api_key.name",
            "api_key.scopes",
            "api_key.allowed_addresses[1]",
            "api_key.expire_time",
            "api_key.requests_per_second"
        ]
    );
}

#[tokio::test]
async fn keys_are_the_tenants_own_and_its_administrators() {
    let keys = keys().await;
    let (key, secret) = keys.create(keys.new_key()).await.unwrap();
    let other = keys.setup.access.ensure_tenant("other").await.unwrap();
    let stranger = caller(other, None, &["admin"]);
    let others: Vec<_> = access::SCOPES.into_iter().filter(|scope| *scope != "admin").collect();
    let clerk = caller(keys.setup.tenant, Some(keys.setup.user), &others);

    let not_found = (Code::NotFound, "API_KEY_NOT_FOUND".to_owned());
    assert_eq!(refusal(keys.revoke(&stranger, &key.api_key_id).await), not_found);
    let no_user = (Code::NotFound, "USER_NOT_FOUND".to_owned());
    assert_eq!(refusal(keys.create_for(&stranger, keys.new_key()).await), no_user);
    let denied = (Code::PermissionDenied, "PERMISSION_DENIED".to_owned());
    assert_eq!(refusal(keys.revoke(&clerk, &key.api_key_id).await), denied);
    assert_eq!(refusal(keys.create_for(&clerk, keys.new_key()).await), denied);
    assert!(keys.setup.look_up(&secret).await.is_ok());
}

#[tokio::test]
async fn a_use_is_written_down_once_a_minute() {
    let keys = keys().await;
    let (_, secret) = keys.create(keys.new_key()).await.unwrap();
    assert_eq!(keys.list().await[0].last_use_time, None);

    keys.setup.look_up(&secret).await.unwrap();
    let first = loop {
        if let Some(first) = keys.list().await[0].last_use_time {
            break first;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    for _ in 0..5 {
        keys.setup.look_up(&secret).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;

    assert_eq!(keys.list().await[0].last_use_time, Some(first));
}

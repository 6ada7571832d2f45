//! Keys.

use kit::time::timestamp;
use proto::access::v1::{
    ApiKey, CreateApiKeyRequest, ListApiKeysRequest, RevokeApiKeyRequest, RotateApiKeyRequest,
    UpdateApiKeyRequest,
};
use serde_json::{Value, json};

use super::{Keys, PAGE, cli::KeyTask, key, mask, on_behalf_of, refused, say, words};

pub(super) async fn run(task: &KeyTask, mut access: Keys) -> anyhow::Result<()> {
    match task {
        KeyTask::Create { tenant, user, name, scopes, allow, expires, requests_per_second } => {
            let new = ApiKey {
                user_id: user.clone(),
                name: name.clone(),
                scopes: words(scopes),
                allowed_addresses: allow.clone(),
                expire_time: expires.map(timestamp),
                requests_per_second: *requests_per_second,
                ..ApiKey::default()
            };
            let message = CreateApiKeyRequest { api_key: Some(new), validate_only: false };
            let made = access.create_api_key(on_behalf_of(tenant, message)?).await;
            let made = made.map_err(|status| refused(&status))?.into_inner();
            say(&with_secret(made.api_key.as_ref(), &made.secret))
        }
        KeyTask::List { tenant } => list(access, tenant).await,
        KeyTask::Scopes { of, scopes } => {
            let api_key_id = of.id.clone();
            let changed = ApiKey { api_key_id, scopes: words(scopes), ..ApiKey::default() };
            let message = UpdateApiKeyRequest {
                api_key: Some(changed),
                update_mask: Some(mask("scopes")),
                validate_only: false,
            };
            let changed = access.update_api_key(on_behalf_of(&of.tenant, message)?).await;
            say(&key(changed.map_err(|status| refused(&status))?.get_ref()))
        }
        KeyTask::Rotate { of, old_until } => {
            let message = RotateApiKeyRequest {
                api_key_id: of.id.clone(),
                old_secret_expire_time: old_until.map(timestamp),
                validate_only: false,
                request_id: String::new(),
            };
            let rotated = access.rotate_api_key(on_behalf_of(&of.tenant, message)?).await;
            let rotated = rotated.map_err(|status| refused(&status))?.into_inner();
            say(&with_secret(rotated.api_key.as_ref(), &rotated.secret))
        }
        KeyTask::Revoke(of) => {
            let message = RevokeApiKeyRequest { api_key_id: of.id.clone() };
            let revoked = access.revoke_api_key(on_behalf_of(&of.tenant, message)?).await;
            say(&key(revoked.map_err(|status| refused(&status))?.get_ref()))
        }
    }
}

fn with_secret(made: Option<&ApiKey>, secret: &str) -> Value {
    let mut told = made.map_or(Value::Null, key);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("secret".to_owned(), json!(secret));
    }
    told
}

async fn list(mut access: Keys, tenant: &str) -> anyhow::Result<()> {
    let mut page_token = String::new();
    loop {
        let message = ListApiKeysRequest { page_size: PAGE, page_token };
        let page = access.list_api_keys(on_behalf_of(tenant, message)?).await;
        let page = page.map_err(|status| refused(&status))?.into_inner();
        page.api_keys.iter().try_for_each(|one| say(&key(one)))?;
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        page_token = page.next_page_token;
    }
}

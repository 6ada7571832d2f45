//! Keys: messages to domain values and back.

use kit::{
    caller::Caller,
    errors::{self, Violations},
    idempotency, page,
    time::{from_timestamp, now, timestamp},
};
use prost_types::Timestamp;
use proto::access::v1::{self as pb, api_key_service_server::ApiKeyService};
use time::{Duration, OffsetDateTime};
use tonic::{Request, Response, Status};
use types::{ApiKeyId, Text, UserId};

use super::{Rpc, scopes};
use crate::{
    domain::{ADMIN, Edit, Key, KeyChange, KeySettings, MOST_PER_S, Network, NewKey},
    error::Error,
};

/// How long at most an old secret may stay beside a new one.
const OVERLAP: Duration = Duration::days(90);
/// Networks of a key at most.
const NETWORKS: usize = 64;

#[tonic::async_trait]
impl ApiKeyService for Rpc {
    async fn create_api_key(
        &self,
        request: Request<pb::CreateApiKeyRequest>,
    ) -> Result<Response<pb::CreateApiKeyResponse>, Status> {
        let caller = person(&request)?;
        let message = request.into_inner();
        let given = message.api_key.unwrap_or_default();
        let mut bad = Violations::new();
        let own = caller.user().filter(|_| given.user_id.is_empty());
        let user = own.or_else(|| bad.required("api_key.user_id", &given.user_id, UserId::parse));
        let settings = settings(&given, &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let new = user.zip(settings).map(|(user, settings)| NewKey { user, settings });
        let Some(new) = new.filter(|_| !message.validate_only) else {
            return Ok(Response::new(pb::CreateApiKeyResponse::default()));
        };
        let (made, secret) = self.access.create_key(&caller, new).await?;
        let (api_key, secret) = (Some(key(made)), secret.reveal());
        Ok(Response::new(pb::CreateApiKeyResponse { api_key, secret }))
    }

    async fn list_api_keys(
        &self,
        request: Request<pb::ListApiKeysRequest>,
    ) -> Result<Response<pb::ListApiKeysResponse>, Status> {
        let caller = admin(&request)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let size = page::size("page_size", message.page_size, &mut bad);
        let before = page::place("page_token", &message.page_token, &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let limit = size.saturating_add(1);
        let (found, total_size) = self.access.list_keys(caller.tenant(), before, limit).await?;
        let (found, next_page_token) = super::page(found, size, |key| key.id.to_string());
        let api_keys = found.into_iter().map(key).collect();
        Ok(Response::new(pb::ListApiKeysResponse { api_keys, next_page_token, total_size }))
    }

    async fn update_api_key(
        &self,
        request: Request<pb::UpdateApiKeyRequest>,
    ) -> Result<Response<pb::ApiKey>, Status> {
        let caller = person(&request)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let given = message.api_key.unwrap_or_default();
        let id = bad.required("api_key.api_key_id", &given.api_key_id, ApiKeyId::parse);
        let paths = message.update_mask.unwrap_or_default().paths;
        let change = change(&given, &paths, &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let Some(id) = id.filter(|_| !message.validate_only) else {
            return Ok(Response::new(pb::ApiKey::default()));
        };
        Ok(Response::new(key(self.access.update_key(&caller, id, change).await?)))
    }

    async fn rotate_api_key(
        &self,
        request: Request<pb::RotateApiKeyRequest>,
    ) -> Result<Response<pb::RotateApiKeyResponse>, Status> {
        let caller = person(&request)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let id = bad.required("api_key_id", &message.api_key_id, ApiKeyId::parse);
        let field = "old_secret_expire_time";
        let until = moment(field, message.old_secret_expire_time, &mut bad);
        let latest = now().saturating_add(OVERLAP);
        if until.is_some_and(|until| until > latest) {
            bad.add(field, "must be at most 90 days from now");
        }
        let request_key =
            idempotency::Key::of(&caller, "RotateApiKey", &message.request_id, &message, &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let Some(id) = id.filter(|_| !message.validate_only) else {
            return Ok(Response::new(pb::RotateApiKeyResponse::default()));
        };
        let (rotated, secret) = self.access.rotate_key(&caller, request_key, id, until).await?;
        let (api_key, secret) = (Some(key(rotated)), secret.reveal());
        Ok(Response::new(pb::RotateApiKeyResponse { api_key, secret }))
    }

    async fn revoke_api_key(
        &self,
        request: Request<pb::RevokeApiKeyRequest>,
    ) -> Result<Response<pb::ApiKey>, Status> {
        let caller = person(&request)?;
        let mut bad = Violations::new();
        let id = bad.required("api_key_id", &request.get_ref().api_key_id, ApiKeyId::parse);
        bad.into_result().map_err(Error::Kit)?;
        let id = id.ok_or_else(|| errors::Error::Internal("an id that is lost".to_owned()));
        let revoked = self.access.revoke_key(&caller, id.map_err(Error::Kit)?).await?;
        Ok(Response::new(key(revoked)))
    }
}

/// The caller, when they may administer their tenant: an API user with the scope, or a service on its
/// own account.
fn admin<M>(request: &Request<M>) -> Result<Caller, Error> {
    let caller = Caller::of(request).map_err(Error::Kit)?;
    let may = caller.user().is_none() || caller.scopes().iter().any(|scope| scope == ADMIN);
    if may { Ok(caller) } else { Err(Error::ScopeMissing(ADMIN)) }
}

/// The same, who has not come with a key: one that could make keys would outlive its own end, and leave its
/// own networks.
fn person<M>(request: &Request<M>) -> Result<Caller, Error> {
    let caller = admin(request)?;
    if caller.key().is_some() { Err(Error::LoginRequired) } else { Ok(caller) }
}

fn settings(given: &pb::ApiKey, bad: &mut Violations) -> Option<KeySettings> {
    let name = name(given, bad);
    let scopes = scopes("api_key.scopes", &given.scopes, bad);
    let allowed_addresses = networks(&given.allowed_addresses, bad);
    let expire_time = expire_time(given, bad);
    let requests_per_s = rate("api_key.requests_per_second", given.requests_per_second, bad);
    let (name, scopes, allowed_addresses) = (name?, scopes?, allowed_addresses?);
    Some(KeySettings { name, scopes, allowed_addresses, expire_time, requests_per_s })
}

fn change(given: &pb::ApiKey, paths: &[String], bad: &mut Violations) -> KeyChange {
    let mut change = KeyChange::default();
    if paths.is_empty() {
        bad.add("update_mask", "must name at least one field");
    }
    for path in paths {
        match path.as_str() {
            "name" => change.name = name(given, bad),
            "scopes" => change.scopes = scopes("api_key.scopes", &given.scopes, bad),
            "allowed_addresses" => {
                change.allowed_addresses = networks(&given.allowed_addresses, bad);
            }
            "expire_time" => change.expire_time = Edit::Set(expire_time(given, bad)),
            "requests_per_second" => {
                let field = "api_key.requests_per_second";
                change.requests_per_s = Edit::Set(rate(field, given.requests_per_second, bad));
            }
            _ => bad.add("update_mask", "names a field that cannot be changed"),
        }
    }
    change
}

fn name(given: &pb::ApiKey, bad: &mut Violations) -> Option<String> {
    let name = bad.required("api_key.name", &given.name, |text| Text::parse(text, 1..=100));
    name.map(|name| name.as_str().to_owned())
}

fn networks(given: &[String], bad: &mut Violations) -> Option<Vec<Network>> {
    if given.len() > NETWORKS {
        bad.add("api_key.allowed_addresses", "must be at most 64");
        return None;
    }
    let read = given.iter().enumerate().map(|(i, text)| {
        let field = format!("api_key.allowed_addresses[{i}]");
        bad.take(&field, Network::parse(text))
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

fn expire_time(given: &pb::ApiKey, bad: &mut Violations) -> Option<OffsetDateTime> {
    let at = moment("api_key.expire_time", given.expire_time, bad);
    if at.is_some_and(|at| at <= now()) {
        bad.add("api_key.expire_time", "must be in the future");
    }
    at
}

fn moment(field: &str, given: Option<Timestamp>, bad: &mut Violations) -> Option<OffsetDateTime> {
    let read = from_timestamp(&given?);
    if read.is_none() {
        bad.add(field, "must be a time between the years 1 and 9999");
    }
    read
}

/// Requests each second; 0 is as the service is set.
pub(super) fn rate(field: &str, given: i32, bad: &mut Violations) -> Option<i32> {
    if !(0..=MOST_PER_S).contains(&given) {
        bad.add(field, format_args!("must be 0-{MOST_PER_S}"));
    }
    Some(given).filter(|given| *given > 0)
}

fn key(key: Key) -> pb::ApiKey {
    pb::ApiKey {
        api_key_id: key.id.to_string(),
        user_id: key.user.to_string(),
        name: key.name,
        scopes: key.scopes,
        allowed_addresses: key.allowed_addresses,
        expire_time: key.expire_time.map(timestamp),
        requests_per_second: key.requests_per_s.unwrap_or(0),
        create_time: Some(timestamp(key.create_time)),
        revoke_time: key.revoke_time.map(timestamp),
        last_use_time: key.last_use_time.map(timestamp),
    }
}

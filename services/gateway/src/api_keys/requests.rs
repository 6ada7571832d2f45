//! Keys as requests describe them.

use prost_types::{FieldMask, Timestamp};
use proto::access::v1::ApiKey;
use utoipa::ToSchema;

use crate::body::{Object, Parse};

/// A key to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "till 5",
    "scopes": ["ledgers:read", "payments:write"],
    "allowed_addresses": ["192.0.2.0/24"],
    "expires": "2099-12-31 00:00:00",
    "requests_per_second": 20
}))]
pub(crate) struct NewKey {
    /// The API user it stands for; yourself when absent.
    user_id: Option<String>,
    /// 1-100 characters; no two keys that are not revoked share one.
    #[schema(value_type = String)]
    name: Option<String>,
    /// Scopes that the user has.
    #[schema(value_type = Vec<String>)]
    scopes: Option<Vec<String>>,
    /// IP addresses and networks from which it may be used; from everywhere when absent.
    allowed_addresses: Option<Vec<String>>,
    /// When it stops being one: `YYYY-MM-DD HH:MM:SS` UTC, a date, or RFC 3339. Never when absent.
    #[schema(value_type = Option<String>)]
    expires: Option<Timestamp>,
    /// At most; 0 or absent: as many as any key.
    requests_per_second: Option<i32>,
}

impl Parse for NewKey {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            user_id: object.text("user_id"),
            name: object.text("name"),
            scopes: object.list("scopes"),
            allowed_addresses: object.list("allowed_addresses"),
            expires: object.moment("expires"),
            requests_per_second: object.integer("requests_per_second"),
        }
    }
}

impl From<NewKey> for ApiKey {
    fn from(new: NewKey) -> Self {
        Self {
            user_id: new.user_id.unwrap_or_default(),
            name: new.name.unwrap_or_default(),
            scopes: new.scopes.unwrap_or_default(),
            allowed_addresses: new.allowed_addresses.unwrap_or_default(),
            expire_time: new.expires,
            requests_per_second: new.requests_per_second.unwrap_or(0),
            ..Self::default()
        }
    }
}

/// What is to be changed of a key.
#[derive(ToSchema)]
#[schema(example = json!({"scopes": ["ledgers:read"], "allowed_addresses": []}))]
pub(crate) struct KeyChanges {
    name: Option<String>,
    /// Scopes that the user has.
    scopes: Option<Vec<String>>,
    /// An empty list: from everywhere.
    allowed_addresses: Option<Vec<String>>,
    /// A time that is to come.
    #[schema(value_type = Option<String>)]
    expires: Option<Timestamp>,
    /// 0: as many as any key.
    requests_per_second: Option<i32>,
}

impl Parse for KeyChanges {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            name: object.text("name"),
            scopes: object.list("scopes"),
            allowed_addresses: object.list("allowed_addresses"),
            expires: object.moment("expires"),
            requests_per_second: object.integer("requests_per_second"),
        }
    }
}

impl KeyChanges {
    /// Which fields are given.
    pub(super) fn mask(&self) -> FieldMask {
        let given = [
            ("name", self.name.is_some()),
            ("scopes", self.scopes.is_some()),
            ("allowed_addresses", self.allowed_addresses.is_some()),
            ("expire_time", self.expires.is_some()),
            ("requests_per_second", self.requests_per_second.is_some()),
        ];
        let paths = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
        FieldMask { paths: paths.collect() }
    }

    pub(super) fn into_key(self, api_key_id: String) -> ApiKey {
        ApiKey {
            api_key_id,
            name: self.name.unwrap_or_default(),
            scopes: self.scopes.unwrap_or_default(),
            allowed_addresses: self.allowed_addresses.unwrap_or_default(),
            expire_time: self.expires,
            requests_per_second: self.requests_per_second.unwrap_or(0),
            ..ApiKey::default()
        }
    }
}

/// How one secret takes over from another.
#[derive(ToSchema)]
#[schema(example = json!({"old_expires": "2099-12-31 00:00:00"}))]
pub(crate) struct Rotation {
    /// Until when the secret so far stays good, at most 90 days from now; it ends at once when absent.
    #[schema(value_type = Option<String>)]
    pub(crate) old_expires: Option<Timestamp>,
}

impl Parse for Rotation {
    fn parse(object: &mut Object<'_>) -> Self {
        Self { old_expires: object.moment("old_expires") }
    }
}

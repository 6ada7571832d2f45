//! Requests of the platform, which acts for no tenant, as domain values.

use std::{fmt, str::FromStr};

use kit::{caller::Caller, errors::Violations, page};
use proto::customer::v1 as pb;
use tonic::Request;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{domain::Seen, error::Error, store::changes::Place};

/// Refuses tenants: what is asked for is not theirs alone.
pub(super) fn for_the_platform<M>(request: &Request<M>) -> Result<(), Error> {
    let caller = Caller::of(request)?;
    if caller.tenant().uuid().is_nil() { Ok(()) } else { Err(Error::PlatformOnly) }
}

pub(super) fn size(asked: Option<i32>) -> Result<i64, Error> {
    let mut bad = Violations::new();
    let size = page::size("page_size", asked, &mut bad);
    bad.into_result()?;
    Ok(size)
}

/// What was seen. A batch that is too long is not read.
pub(super) fn seen(changes: &[pb::CustomerChange]) -> Result<Vec<Seen>, Error> {
    let mut bad = Violations::new();
    page::check_batch("changes", changes.len(), &mut bad);
    let read = if bad.is_empty() { changes } else { &[] };
    let mut seen = Vec::with_capacity(read.len());
    for (i, change) in read.iter().enumerate() {
        let field = |name: &str| format!("changes[{i}].{name}");
        let tenant = bad.required(&field("tenant_id"), &change.tenant_id, TenantId::parse);
        let customer = bad.required(&field("customer_id"), &change.customer_id, CustomerId::parse);
        let details_version = change.details_version;
        if let (Some(tenant), Some(customer)) = (tenant, customer) {
            seen.push(Seen { tenant, customer, details_version });
        }
    }
    bad.into_result()?;
    Ok(seen)
}

/// Whose customers are wanted, all tenants' if nobody's, after whom, and how many.
pub(super) fn everyone(
    message: &pb::ListEveryCustomerRequest,
) -> Result<(Option<TenantId>, Option<Place>, i64), Error> {
    let mut bad = Violations::new();
    let size = page::size("page_size", message.page_size, &mut bad);
    let after = after(&message.page_token, &mut bad);
    let tenant = match message.tenant_id.as_str() {
        "" => None,
        tenant => bad.required("tenant_id", tenant, TenantId::parse),
    };
    bad.into_result()?;
    Ok((tenant, after, size))
}

/// The place that a token is of.
pub(super) fn after(page_token: &str, bad: &mut Violations) -> Option<Place> {
    let after: Option<After> = page::place("page_token", page_token, bad);
    after.map(|After(tenant, id)| (TenantId::from_uuid(tenant), CustomerId::from_uuid(id)))
}

/// A tenant and its customer.
struct After(Uuid, Uuid);

impl FromStr for After {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tenant, customer) = text.split_once(' ').unwrap_or_default();
        Ok(Self(tenant.parse()?, customer.parse()?))
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

/// The place of a customer among all.
pub(super) fn token((tenant, customer): &Place) -> String {
    page::token(&After(tenant.uuid(), customer.uuid()))
}

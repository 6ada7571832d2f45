//! Changes that somebody has taken note of.

use types::{CustomerId, TenantId};

/// A change of a customer's details, as far as it was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
    pub(crate) details_version: i64,
}

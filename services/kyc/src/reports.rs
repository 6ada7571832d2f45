//! Telling the customer service how far a verification has come, and noting that it knows.

use kit::{caller::Caller, postgres::Database};

use crate::{
    customers::Customers,
    domain::{IdType, Status, Verification},
    error::Error,
    store::{matches, work},
};

/// The way to the customer service and back into our own records.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    database: Database,
    customers: Customers,
}

impl Reports {
    pub(crate) fn new(database: Database, customers: Customers) -> Self {
        Self { database, customers }
    }

    /// Reports, and notes that it was heard. Whatever fails can be repeated.
    pub(crate) async fn send(
        &self,
        caller: &Caller,
        verification: &Verification,
    ) -> Result<(), Error> {
        if self.concerns_the_customer(verification).await? {
            self.customers.report(caller, verification).await?;
        }
        let mut conn = self.database.of(verification.tenant).await?;
        work::acknowledge(&mut conn, verification).await
    }

    /// A review that screening asked for takes the place of an earlier verification for as long as it
    /// lasts. Where there is none, it must not end in one: to clear a match establishes no identity.
    async fn concerns_the_customer(&self, verification: &Verification) -> Result<bool, Error> {
        let of_screening = verification.id_type == IdType::None;
        if !of_screening || verification.lifecycle.status() == Status::Rejected {
            return Ok(true);
        }
        let mut conn = self.database.of(verification.tenant).await?;
        matches::was_verified(&mut conn, verification).await
    }
}

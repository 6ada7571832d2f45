//! Telling the customer service how far a verification has come, and noting that it knows.

use kit::caller::Caller;
use sqlx::PgPool;

use crate::{customers::Customers, domain::Verification, error::Error, store::work};

/// The way to the customer service and back into our own records.
#[derive(Debug, Clone)]
pub(crate) struct Reports {
    pool: PgPool,
    customers: Customers,
}

impl Reports {
    pub(crate) fn new(pool: PgPool, customers: Customers) -> Self {
        Self { pool, customers }
    }

    /// Reports, and notes that it was heard. Whatever fails can be repeated.
    pub(crate) async fn send(
        &self,
        caller: &Caller,
        verification: &Verification,
    ) -> Result<(), Error> {
        self.customers.report(caller, verification).await?;
        let mut conn = self.pool.acquire().await?;
        work::acknowledge(&mut conn, verification).await
    }
}

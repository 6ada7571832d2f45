//! What tenants, users and keys may spend: one count for all gateways.

use types::TenantId;
use uuid::Uuid;

use crate::{
    Access,
    domain::{self, Drawn},
    error::Error,
    store::allowances,
};

impl Access {
    /// Draws up to `asked` requests from the allowance of a tenant, or of a user or key of it.
    pub(crate) async fn draw(
        &self,
        tenant: TenantId,
        subject: Uuid,
        per_s: i32,
        asked: i32,
    ) -> Result<Drawn, Error> {
        let mut tx = self.database.begin(tenant).await?;
        let mut spent = allowances::lock(&mut tx, tenant, subject).await?;
        if spent.is_none() {
            allowances::ensure(&mut tx, tenant, subject).await?;
            spent = allowances::lock(&mut tx, tenant, subject).await?;
        }
        let spent = spent.ok_or(sqlx::Error::RowNotFound)?;
        let drawn = domain::draw(spent.now_us, spent.until_us, per_s, asked);
        if drawn.requests > 0 {
            allowances::save(&mut tx, tenant, subject, drawn.spent_until_us).await?;
        }
        tx.commit().await?;
        Ok(drawn)
    }
}

//! The ledgers of this platform, whosever they are.

use kit::{
    caller::{Call, Caller, DEFAULT_DEADLINE},
    postgres::Database,
};
use types::Text;

use super::{Answer, Payees};
use crate::{
    domain::{
        ledger::BankDetails,
        payee::{Confirmation, compare},
    },
    error::Error,
    peers::Customers,
    store,
};

pub(crate) struct Ours {
    database: Database,
    customers: Customers,
}

impl Ours {
    pub(crate) fn new(database: Database, customers: Customers) -> Self {
        Self { database, customers }
    }

    async fn look(
        &self,
        name: &Text,
        account: &BankDetails,
    ) -> Result<Option<Confirmation>, Error> {
        let mut conn = self.database.platform().await?;
        let addressed = store::addresses::find(&mut conn, self.database.layout(), account).await?;
        drop(conn);
        let Some(addressed) = addressed else { return Ok(None) };
        let call = Call::begin(None, DEFAULT_DEADLINE);
        let caller = Caller::service(call, addressed.tenant, "ledger");
        let names = self.customers.names(&caller, [addressed.customer]).await?;
        Ok(Some(compare(name.as_str(), names.of(addressed.customer))))
    }
}

impl Payees for Ours {
    fn confirm<'a>(&'a self, name: &'a Text, account: &'a BankDetails) -> Answer<'a> {
        Box::pin(async {
            self.look(name, account).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a holder's name cannot be had");
                Some(Confirmation::Unavailable)
            })
        })
    }
}

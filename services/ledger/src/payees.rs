//! Who holds an account: the port that those who know are behind.

use std::{pin::Pin, sync::Arc, time::Duration};

use types::Text;

use crate::domain::{ledger::BankDetails, payee::Confirmation};

mod ours;
mod sandbox;

pub(crate) use ours::Ours;
pub(crate) use sandbox::Sandbox;

/// How long somebody may take to say who holds an account.
const PATIENCE: Duration = Duration::from_secs(5);

/// One who knows who holds accounts.
pub(crate) trait Payees: Send + Sync {
    /// Whether an account is held in this name; none where the account is not one of theirs.
    fn confirm<'a>(&'a self, name: &'a Text, account: &'a BankDetails) -> Answer<'a>;
}

/// What will be said.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Option<Confirmation>> + Send + 'a>>;

/// All who know, in the order in which they are asked.
#[derive(Clone)]
pub(crate) struct Directory(Arc<[Arc<dyn Payees>]>);

impl Directory {
    pub(crate) fn new(known: Vec<Arc<dyn Payees>>) -> Self {
        Self(known.into())
    }

    /// What the first says whose account it is.
    pub(crate) async fn confirm(&self, name: &Text, account: &BankDetails) -> Confirmation {
        for payees in self.0.iter() {
            match tokio::time::timeout(PATIENCE, payees.confirm(name, account)).await {
                Ok(Some(confirmation)) => return confirmation,
                Ok(None) => {}
                Err(_) => return Confirmation::Unavailable,
            }
        }
        Confirmation::Unavailable
    }
}

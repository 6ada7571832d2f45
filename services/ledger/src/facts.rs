//! What never changes about a ledger, remembered, so that a transfer need not ask for it. What is not
//! known yet is read for everybody at once who waits for such an answer.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kit::postgres::Database;
use tokio::sync::Mutex as Turn;
use types::{Currency, CustomerId, LedgerId, TenantId};

use crate::{
    domain::account,
    error::Error,
    generations::Generations,
    queue::Queue,
    store::{self, accounts::Key},
};

/// What never changes about a ledger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) customer: CustomerId,
    pub(crate) currency: Currency,
}

/// Facts of ledgers. Only those that exist are remembered: one that does not may yet.
#[derive(Debug, Clone)]
pub(crate) struct Ledgers {
    database: Database,
    /// It is told of the accounts that were read on the way.
    queue: Queue,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    known: RwLock<Generations<Key, Facts>>,
    wanted: Mutex<Wanted>,
    /// Held by who reads.
    turn: Turn<()>,
}

/// What is to be read next.
#[derive(Debug, Default)]
struct Wanted {
    keys: Vec<Key>,
    /// Counts the readings begun: the number of the next one.
    next: u64,
    /// The last reading that succeeded.
    read: Option<u64>,
}

impl Ledgers {
    pub(crate) fn new(database: Database, queue: Queue) -> Self {
        Self { database, queue, shared: Arc::default() }
    }

    /// The facts of one ledger; none when there is no such ledger.
    pub(crate) async fn find(
        &self,
        tenant: TenantId,
        ledger: LedgerId,
    ) -> Result<Option<Facts>, Error> {
        if let Some(facts) = self.known(tenant, ledger) {
            return Ok(Some(facts));
        }
        self.learn(tenant, &[ledger]).await?;
        Ok(self.known(tenant, ledger))
    }

    /// What is remembered of a ledger.
    pub(crate) fn known(&self, tenant: TenantId, ledger: LedgerId) -> Option<Facts> {
        let key = (tenant, account::of_ledger(ledger));
        let known = self.shared.known.read().unwrap_or_else(PoisonError::into_inner);
        let (facts, is_old) = known.peek(&key)?;
        drop(known);
        if is_old {
            self.shared.known.write().unwrap_or_else(PoisonError::into_inner).get(&key);
        }
        Some(facts)
    }

    /// Makes known which of these ledgers exist, and the facts of those.
    pub(crate) async fn learn(&self, tenant: TenantId, ledgers: &[LedgerId]) -> Result<(), Error> {
        let is_unknown = |id: &&LedgerId| self.known(tenant, **id).is_none();
        let unknown = ledgers.iter().filter(is_unknown);
        let mine: Vec<Key> = unknown.map(|id| (tenant, account::of_ledger(*id))).collect();
        if mine.is_empty() {
            return Ok(());
        }
        let number = self.shared.want(&mine);
        {
            let _turn = self.shared.turn.lock().await;
            match self.shared.take(number) {
                Taken::Read => return Ok(()),
                Taken::ToRead(keys) => {
                    self.read(&keys).await?;
                    self.shared.has_read(number);
                    return Ok(());
                }
                Taken::Failed => {}
            }
        }
        // Whoever was to read this has failed, or gone. Not one after the other: each may fail late.
        self.read(&mine).await
    }

    async fn read(&self, keys: &[Key]) -> Result<(), Error> {
        let mut conn = self.database.of_each(keys.iter().map(|(tenant, _)| *tenant)).await?;
        let found = store::accounts::of_ledgers(&mut conn, keys).await?;
        drop(conn);
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        for (key, account, customer) in &found {
            known.put(*key, Facts { customer: *customer, currency: account.currency });
        }
        drop(known);
        self.queue.tell(found.into_iter().map(|(key, account, _)| (key, account)).collect());
        Ok(())
    }
}

enum Taken {
    /// Somebody has read it.
    Read,
    /// It is ours to read, and these with it.
    ToRead(Vec<Key>),
    Failed,
}

impl Shared {
    /// Asks for keys to be read. Answers the number of the reading.
    fn want(&self, keys: &[Key]) -> u64 {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.keys.extend(keys);
        wanted.next
    }

    fn take(&self, number: u64) -> Taken {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if number == wanted.next {
            wanted.next = wanted.next.saturating_add(1);
            Taken::ToRead(std::mem::take(&mut wanted.keys))
        } else if wanted.read == Some(number) {
            Taken::Read
        } else {
            Taken::Failed
        }
    }

    fn has_read(&self, number: u64) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        wanted.read = Some(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountId;

    fn key() -> Key {
        (TenantId::new(), AccountId::new())
    }

    #[test]
    fn the_first_reads_for_all_who_wait_and_the_others_know_that_it_is_done() {
        let (shared, keys) = (Shared::default(), [key(), key()]);
        let [first, second] = keys.map(|key| shared.want(&[key]));

        let Taken::ToRead(taken) = shared.take(first) else { panic!("not ours to read") };
        assert_eq!(taken, keys);
        shared.has_read(first);

        assert!(matches!(shared.take(second), Taken::Read));
    }

    #[test]
    fn who_comes_while_one_reads_is_read_next() {
        let shared = Shared::default();
        let first = shared.want(&[key()]);
        assert!(matches!(shared.take(first), Taken::ToRead(_)));
        let late = key();

        let second = shared.want(&[late]);
        shared.has_read(first);

        assert!(matches!(shared.take(second), Taken::ToRead(keys) if keys == [late]));
    }

    #[test]
    fn those_whose_reader_failed_are_told_until_their_own_reading() {
        let shared = Shared::default();
        let (gone, waits) = (shared.want(&[key()]), shared.want(&[key()]));
        assert!(matches!(shared.take(gone), Taken::ToRead(_)));

        assert!(matches!(shared.take(waits), Taken::Failed));
    }

    #[test]
    fn a_reading_after_a_failed_one_says_nothing_to_those_of_the_failed_one() {
        let shared = Shared::default();
        let (gone, waits) = (shared.want(&[key()]), shared.want(&[key()]));
        assert!(matches!(shared.take(gone), Taken::ToRead(_)));
        let later = shared.want(&[key()]);
        assert!(matches!(shared.take(later), Taken::ToRead(_)));
        shared.has_read(later);

        assert!(matches!(shared.take(waits), Taken::Failed));
    }
}

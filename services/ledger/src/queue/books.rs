//! The accounts as this process saw them last. A copy may be out of date: whatever is decided on it is
//! written only if it is not (see [`crate::store::postings::record`]).

use std::collections::HashMap;

use crate::{domain::account::Account, store::accounts::Key};

/// Accounts in each of two generations: some 50 MB each when full.
const GENERATION: usize = 262_144;

/// Copies of accounts, those longest unused forgotten first, a generation at a time.
#[derive(Debug, Default)]
pub(super) struct Books {
    young: HashMap<Key, Account>,
    old: HashMap<Key, Account>,
}

impl Books {
    pub(super) fn get(&mut self, key: &Key) -> Option<Account> {
        if let Some(account) = self.young.get(key) {
            return Some(*account);
        }
        let account = self.old.remove(key)?;
        self.put(*key, account);
        Some(account)
    }

    pub(super) fn put(&mut self, key: Key, account: Account) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, account);
    }

    pub(super) fn forget(&mut self, key: &Key) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use types::{Currency, TenantId};

    use super::*;
    use crate::domain::account::AccountId;

    fn account(version: i64) -> (Key, Account) {
        let id = AccountId::new();
        let account = Account {
            id,
            version,
            currency: Currency::parse("GBP").unwrap(),
            active: true,
            balance_minor: 0,
            held_minor: 0,
            floor_minor: Some(0),
            entry_count: 0,
            last_entry_time: None,
        };
        ((TenantId::new(), id), account)
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_is_forgotten() {
        let (mut books, (used, copy), (unused, other)) = (Books::default(), account(1), account(2));
        books.put(used, copy);
        books.put(unused, other);

        for _ in 0..2 {
            for n in 0..=GENERATION {
                let (key, account) = account(i64::try_from(n).unwrap());
                books.put(key, account);
                if n % 1_000 == 0 {
                    assert_eq!(books.get(&used), Some(copy));
                }
            }
        }

        assert_eq!(books.get(&unused), None);
        assert!(books.young.len() <= GENERATION && books.old.len() <= GENERATION);
    }

    #[test]
    fn the_latest_copy_counts_and_none_after_it_was_forgotten() {
        let (mut books, (key, first)) = (Books::default(), account(1));
        books.put(key, first);
        let second = Account { version: 2, ..first };
        books.put(key, second);
        assert_eq!(books.get(&key), Some(second));

        books.forget(&key);

        assert_eq!(books.get(&key), None);
    }
}

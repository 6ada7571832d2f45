//! What holds of every account, whatever is done to it. The fuzz targets look for steps that break it; here
//! those are tried again which they have found worth keeping.

use types::Currency;

use crate::domain::account::{Account, AccountId, Debit, Hold};

/// Whatever is debited, credited, held and released, an account holds what came in without what went out,
/// counted in more bits than it has; and it keeps its floor.
pub fn accounts(data: &[u8]) {
    let mut numbers = data.chunks(9).map(|chunk| match chunk {
        [kind, number @ ..] => (*kind, number_of(number)),
        [] => (0, 0),
    });
    let (kind, balance) = numbers.next().unwrap_or_default();
    let (_, floor) = numbers.next().unwrap_or_default();
    let floor_minor = (kind % 2 == 0).then_some(floor.min(0).min(balance));
    let Ok(currency) = Currency::parse("GBP") else { return };
    let mut account = Account {
        id: AccountId::new(),
        version: 0,
        currency,
        active: true,
        balance_minor: balance,
        held_minor: 0,
        floor_minor,
        entry_count: 0,
        last_entry_time: None,
    };
    for (kind, number) in numbers {
        if let Some(amount) = number.checked_abs().filter(|amount| *amount > 0) {
            step(&mut account, kind, amount);
        }
    }
}

fn number_of(bytes: &[u8]) -> i64 {
    let mut all = [0; 8];
    all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    i64::from_le_bytes(all)
}

fn step(account: &mut Account, kind: u8, amount: i64) {
    let before = *account;
    let moved = match kind % 4 {
        0 => match account.debit(amount) {
            Ok(Debit::Leaves(left)) => {
                account.balance_minor = left;
                i128::from(amount).saturating_neg()
            }
            Ok(Debit::InsufficientFunds) | Err(_) => 0,
        },
        1 => account.credit(amount).map_or(0, |grown| {
            account.balance_minor = grown;
            i128::from(amount)
        }),
        2 => {
            if let Ok(Hold::Holds(held)) = account.hold(amount) {
                account.held_minor = held;
            }
            0
        }
        _ => {
            account.held_minor = account.release(amount).unwrap_or(account.held_minor);
            0
        }
    };
    let expected = i128::from(before.balance_minor).checked_add(moved);
    assert_eq!(Some(i128::from(account.balance_minor)), expected);
    assert!(account.held_minor >= 0);
    let spendable = i128::from(account.balance_minor).checked_sub(account.held_minor.into());
    if let Some(floor) = account.floor_minor {
        assert!(spendable >= Some(floor.into()), "{before:?} {kind} {amount}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_fuzzing_has_found_keeps_the_rules() {
        testkit::replay("postings", super::accounts);
    }
}

//! What every posting must keep, whatever the accounts and the amount.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use proptest::prelude::*;
use time::Duration;
use types::{Amount, Currency, Reference, TransferId};

use super::*;
use crate::domain::transfer::{Sides, TransferType};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn account(balance_minor: i64, held_minor: i64, floor_minor: Option<i64>) -> Account {
    Account {
        id: AccountId::new(),
        currency: Currency::parse("GBP").unwrap(),
        active: true,
        balance_minor,
        held_minor,
        floor_minor,
        entry_count: 7,
        last_entry_time: Some(NOW),
    }
}

fn order(locked: &Locked, minor: i64) -> Order {
    Order {
        transfer_id: TransferId::new(),
        kind: TransferType::InternalTransfer,
        sides: Sides::new(locked.debit.id, locked.credit.id).unwrap(),
        payer: Payer::Customer,
        amount: Amount::new(minor, Currency::parse("GBP").unwrap()).unwrap(),
        reference: Reference::parse("rent").unwrap(),
    }
}

fn locked() -> impl Strategy<Value = Locked> {
    let balance = prop_oneof![0..20_000_i64, any::<i64>()];
    let floor = proptest::option::of(-5_000..=0_i64);
    (balance.clone(), 0..500_i64, floor, balance).prop_map(|(debit, held, floor, credit)| Locked {
        debit: account(debit, held, floor),
        credit: account(credit, 0, Some(0)),
    })
}

proptest! {
    #[test]
    fn posting_conserves_money(locked in locked(), minor in 1..20_000_i64) {
        if let Ok(posting) = post(order(&locked, minor), locked.clone(), NOW) {
            let moved: i64 = posting.entries.iter().map(|entry| entry.amount_minor).sum();
            prop_assert_eq!(moved, 0);
            for entry in &posting.entries {
                let accounts = [&locked.debit, &locked.credit];
                let of = accounts.into_iter().find(|account| account.id == entry.account);
                let before = of.unwrap().balance_minor;
                prop_assert_eq!(before + entry.amount_minor, entry.balance_after_minor);
                prop_assert_eq!(entry.sequence, 8);
            }
        }
    }

    #[test]
    fn posting_never_goes_below_the_floor(locked in locked(), minor in 1..20_000_i64) {
        let (held, floor) = (locked.debit.held_minor, locked.debit.floor_minor);

        if let Ok(posting) = post(order(&locked, minor), locked, NOW)
            && let (Some(floor), Outcome::Posted { .. }) = (floor, posting.transfer.outcome)
        {
            prop_assert!(posting.entries[0].balance_after_minor - held >= floor);
        }
    }

    #[test]
    fn what_is_there_can_be_spent_and_no_more(
        balance in 0..20_000_i64,
        held in 0..20_000_i64,
        minor in 1..20_000_i64,
    ) {
        let locked =
            Locked { debit: account(balance, held, Some(0)), credit: account(0, 0, Some(0)) };

        let posting = post(order(&locked, minor), locked, NOW).unwrap();

        let posted = posting.transfer.outcome.code() == ResponseCode::Success;
        prop_assert_eq!(posted, balance - held >= minor);
    }

    #[test]
    fn a_decline_moves_nothing(locked in locked(), minor in 1..20_000_i64) {
        let before = locked.debit.balance_minor;

        if let Ok(posting) = post(order(&locked, minor), locked, NOW)
            && let Outcome::Declined { code, .. } = posting.transfer.outcome
        {
            prop_assert_eq!(code, ResponseCode::InsufficientFunds);
            prop_assert_eq!(posting.entries.len(), 1);
            prop_assert_eq!(posting.entries[0].account, posting.transfer.sides.debit());
            prop_assert_eq!(posting.entries[0].amount_minor, 0);
            prop_assert_eq!(posting.entries[0].balance_after_minor, before);
        }
    }

    #[test]
    fn time_never_goes_back(debit_s in -9..9_i64, credit_s in -9..9_i64) {
        let mut locked =
            Locked { debit: account(100, 0, Some(0)), credit: account(0, 0, Some(0)) };
        let [debit, credit] = [debit_s, credit_s].map(|s| NOW + Duration::seconds(s));
        locked.debit.last_entry_time = Some(debit);
        locked.credit.last_entry_time = Some(credit);

        let posting = post(order(&locked, 1), locked, NOW).unwrap();

        prop_assert_eq!(posting.transfer.create_time, NOW.max(debit).max(credit));
    }
}

#[test]
fn a_balance_that_would_not_fit_is_refused() {
    let full = Locked { debit: account(1, 0, Some(0)), credit: account(i64::MAX, 0, Some(0)) };
    let deep = Locked { debit: account(i64::MIN, 0, None), credit: account(0, 0, Some(0)) };

    for locked in [full, deep] {
        assert_eq!(post(order(&locked, 1), locked, NOW).unwrap_err(), Refused::BalanceLimit);
    }
}

#[test]
fn refusals_come_in_the_documented_order() {
    let mut locked = Locked { debit: account(0, 0, Some(0)), credit: account(0, 0, Some(0)) };
    locked.credit.currency = Currency::parse("EUR").unwrap();
    locked.credit.active = false;
    let credit = locked.credit.id;
    let mut order = order(&locked, 1);
    order.payer = Payer::DisabledCustomer;
    let refused = |locked: &Locked, order: &Order| post(order.clone(), locked.clone(), NOW);

    assert_eq!(refused(&locked, &order), Err(Refused::CurrencyMismatch));
    locked.credit.currency = locked.debit.currency;
    assert_eq!(refused(&locked, &order), Err(Refused::AccountDisabled(credit)));
    locked.credit.active = true;
    assert_eq!(refused(&locked, &order), Err(Refused::CustomerDisabled));
    order.payer = Payer::Customer;
    let declined = refused(&locked, &order).unwrap().transfer.outcome;
    assert_eq!(declined.code(), ResponseCode::InsufficientFunds);
}

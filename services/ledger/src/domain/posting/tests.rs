//! What every posting must keep, whatever the accounts and the amount.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use proptest::prelude::*;
use time::Duration;
use types::{Amount, Currency, Reference, TenantId, TransferId};

use super::*;
use crate::domain::{
    metadata::Metadata,
    transfer::{Movement, Outside, Sides, TransferType},
};

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// The two accounts of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    debit: Account,
    credit: Account,
}

fn account(balance_minor: i64, held_minor: i64, floor_minor: Option<i64>) -> Account {
    Account {
        id: AccountId::new(),
        version: 3,
        currency: Currency::parse("GBP").unwrap(),
        active: true,
        balance_minor,
        held_minor,
        floor_minor,
        entry_count: 7,
        last_entry_time: Some(NOW),
    }
}

fn order(pair: &Pair, minor: i64) -> Order {
    Order {
        tenant: TenantId::new(),
        payer: Payer::Customer,
        request: None,
        movement: Movement {
            id: TransferId::new(),
            kind: TransferType::InternalTransfer,
            sides: Sides::new(pair.debit.id, pair.credit.id).unwrap(),
            outside: Outside::Neither,
            amount: Amount::new(minor, Currency::parse("GBP").unwrap()).unwrap(),
            reference: Reference::parse("rent").unwrap(),
            reverses: None,
            payment: None,
            initiator: None,
            metadata: Metadata::default(),
        },
    }
}

/// Posts to copies, and answers them too.
fn post_to(pair: &Pair, order: &Order) -> Result<(Posting, Pair), Refused> {
    let mut after = *pair;
    let posted = post(order, &mut after.debit, &mut after.credit);
    if posted.is_err() {
        assert_eq!(after, *pair, "what is refused changes nothing");
    }
    posted.map(|posting| (posting, after))
}

fn pair() -> impl Strategy<Value = Pair> {
    let balance = prop_oneof![0..20_000_i64, any::<i64>()];
    let floor = proptest::option::of(-5_000..=0_i64);
    (balance.clone(), 0..500_i64, floor, balance).prop_map(|(debit, held, floor, credit)| Pair {
        debit: account(debit, held, floor),
        credit: account(credit, 0, Some(0)),
    })
}

proptest! {
    #[test]
    fn posting_conserves_money(before in pair(), minor in 1..20_000_i64) {
        if let Ok((posting, after)) = post_to(&before, &order(&before, minor)) {
            let sum = |pair: &Pair| {
                i128::from(pair.debit.balance_minor) + i128::from(pair.credit.balance_minor)
            };
            prop_assert_eq!(sum(&before), sum(&after));
            prop_assert_eq!(posting.debit_balance_minor, after.debit.balance_minor);
            prop_assert_eq!(posting.outcome.debit_sequence(), 8);
            prop_assert_eq!(after.debit.entry_count, 8);
            if let Outcome::Posted { credit_sequence, .. } = posting.outcome {
                prop_assert_eq!(after.debit.balance_minor, before.debit.balance_minor - minor);
                prop_assert_eq!(posting.credit_balance_minor, Some(after.credit.balance_minor));
                prop_assert_eq!((credit_sequence, after.credit.entry_count), (8, 8));
            }
        }
    }

    #[test]
    fn posting_never_goes_below_the_floor(before in pair(), minor in 1..20_000_i64) {
        if let Ok((posting, after)) = post_to(&before, &order(&before, minor))
            && let (Some(floor), Outcome::Posted { .. }) = (before.debit.floor_minor, posting.outcome)
        {
            prop_assert!(after.debit.balance_minor - after.debit.held_minor >= floor);
        }
    }

    #[test]
    fn what_is_there_can_be_spent_and_no_more(
        balance in 0..20_000_i64,
        held in 0..20_000_i64,
        floor in -20_000..=0_i64,
        minor in 1..20_000_i64,
    ) {
        let before =
            Pair { debit: account(balance, held, Some(floor)), credit: account(0, 0, Some(0)) };

        let (posting, _) = post_to(&before, &order(&before, minor)).unwrap();

        let posted = posting.outcome.code() == ResponseCode::Success;
        prop_assert_eq!(posted, balance - held - floor >= minor);
    }

    #[test]
    fn a_decline_moves_nothing(before in pair(), minor in 1..20_000_i64) {
        if let Ok((posting, after)) = post_to(&before, &order(&before, minor))
            && let Outcome::Declined { code, .. } = posting.outcome
        {
            prop_assert_eq!(code, ResponseCode::InsufficientFunds);
            prop_assert_eq!(posting.debit_balance_minor, before.debit.balance_minor);
            prop_assert_eq!(posting.credit_balance_minor, None);
            prop_assert_eq!(after.debit.balance_minor, before.debit.balance_minor);
            prop_assert_eq!(after.credit, before.credit);
        }
    }

    #[test]
    fn time_never_goes_back(debit_s in -9..9_i64, credit_s in -9..9_i64) {
        let mut before = Pair { debit: account(100, 0, Some(0)), credit: account(0, 0, Some(0)) };
        let [debit, credit] = [debit_s, credit_s].map(|s| NOW + Duration::seconds(s));
        before.debit.last_entry_time = Some(debit);
        before.credit.last_entry_time = Some(credit);
        let order = order(&before, 1);

        let (posting, after) = post_to(&before, &order).unwrap();

        let latest = debit.max(credit);
        prop_assert_eq!(after.debit.last_entry_time, Some(latest));
        prop_assert_eq!(after.credit.last_entry_time, Some(latest));
        prop_assert_eq!(order.into_transfer(&posting, NOW).create_time, NOW.max(latest));
    }
}

#[test]
fn a_balance_that_would_not_fit_is_refused() {
    let full = Pair { debit: account(1, 0, Some(0)), credit: account(i64::MAX, 0, Some(0)) };
    let deep = Pair { debit: account(i64::MIN, 0, None), credit: account(0, 0, Some(0)) };

    for pair in [full, deep] {
        assert_eq!(post_to(&pair, &order(&pair, 1)).unwrap_err(), Refused::BalanceLimit);
    }
}

#[test]
fn refusals_come_in_the_documented_order() {
    let mut pair = Pair { debit: account(0, 0, Some(0)), credit: account(0, 0, Some(0)) };
    pair.credit.currency = Currency::parse("EUR").unwrap();
    pair.credit.active = false;
    let mut order = order(&pair, 1);
    order.payer = Payer::DisabledCustomer;

    assert_eq!(post_to(&pair, &order).unwrap_err(), Refused::CurrencyMismatch);
    pair.credit.currency = pair.debit.currency;
    assert_eq!(post_to(&pair, &order).unwrap_err(), Refused::AccountDisabled(pair.credit.id));
    pair.credit.active = true;
    assert_eq!(post_to(&pair, &order).unwrap_err(), Refused::CustomerDisabled);
    order.payer = Payer::Customer;
    let (declined, _) = post_to(&pair, &order).unwrap();
    assert_eq!(declined.outcome.code(), ResponseCode::InsufficientFunds);
}

#[test]
fn what_a_rail_has_moved_is_booked_whatever_is_disabled_by_now() {
    let mut pair = Pair { debit: account(1, 0, Some(0)), credit: account(0, 0, None) };
    pair.debit.active = false;
    let mut order = order(&pair, 1);
    assert_eq!(post_to(&pair, &order).unwrap_err(), Refused::AccountDisabled(pair.debit.id));

    order.payer = Payer::Rail;

    assert!(post_to(&pair, &order).is_ok());
}

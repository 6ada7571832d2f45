//! The books as a few lines of arithmetic: money is there or it is not.

#![expect(clippy::indexing_slicing, reason = "a wrong place fails the test")]

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use proto::ledger::v1::{ResponseCode, Transfer};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::actor::{RETURNED, Told};

/// A transfer as the database has it.
#[derive(Debug, FromRow)]
pub(super) struct Recorded {
    transfer_id: Uuid,
    response_code: i16,
    debit_account_id: Uuid,
    credit_account_id: Uuid,
    amount_minor: i64,
    reference: String,
    debit_sequence: i64,
    credit_sequence: Option<i64>,
    reverses: Option<Uuid>,
    request_id: Option<String>,
}

impl Recorded {
    /// The places that it has on its accounts.
    fn places(&self) -> impl Iterator<Item = (Uuid, i64)> {
        let credit = self.credit_sequence.map(|sequence| (self.credit_account_id, sequence));
        [(self.debit_account_id, self.debit_sequence)].into_iter().chain(credit)
    }
}

pub(super) async fn recorded(pool: &PgPool) -> Vec<Recorded> {
    let all = "
        select
            transfer_id, response_code, debit_account_id, credit_account_id, amount_minor, reference,
            debit_sequence, credit_sequence, reverses, request_id
        from transfers
    ";
    sqlx::query_as(all).fetch_all(pool).await.unwrap()
}

/// Some order in which each account sees its transfers in the order of their numbers there.
fn in_order(recorded: &[Recorded]) -> Vec<&Recorded> {
    let mut lines: BTreeMap<Uuid, BTreeMap<i64, usize>> = BTreeMap::new();
    for (at, transfer) in recorded.iter().enumerate() {
        for (account, sequence) in transfer.places() {
            let before = lines.entry(account).or_default().insert(sequence, at);
            assert_eq!(before, None, "two transfers are number {sequence} of {account}");
        }
    }
    let mut lines: BTreeMap<Uuid, VecDeque<usize>> =
        lines.into_iter().map(|(id, line)| (id, line.into_values().collect())).collect();
    let mut order = Vec::new();
    loop {
        // Whoever is first in each of its lines.
        let first = |at: &usize| {
            recorded[*at].places().all(|(account, _)| lines[&account].front() == Some(at))
        };
        let Some(next) = lines.values().filter_map(|line| line.front().copied()).find(first) else {
            break;
        };
        for (account, _) in recorded[next].places() {
            lines.get_mut(&account).unwrap().pop_front();
        }
        order.push(&recorded[next]);
    }
    assert_eq!(order.len(), recorded.len(), "the accounts' orders contradict each other");
    order
}

/// Plays the transfers to accounts that begin empty: each was posted if the money was there, and declined
/// if it was not; and what is left at the end is what the accounts say.
pub(super) async fn replay(pool: &PgPool, recorded: &[Recorded]) {
    let accounts = "select account_id, balance_minor, floor_minor from accounts";
    let accounts: Vec<(Uuid, i64, Option<i64>)> =
        sqlx::query_as(accounts).fetch_all(pool).await.unwrap();
    let floors: HashMap<Uuid, Option<i64>> =
        accounts.iter().map(|(id, _, floor)| (*id, *floor)).collect();
    let mut balances: HashMap<Uuid, i64> = HashMap::new();
    let (mut counts, mut posted) = (HashMap::<Uuid, i64>::new(), HashSet::new());
    let mut undone = HashSet::new();
    for transfer in in_order(recorded) {
        for (account, sequence) in transfer.places() {
            let count = counts.entry(account).or_default();
            *count += 1;
            assert_eq!(sequence, *count, "a gap: {transfer:?}");
        }
        let left = balances.entry(transfer.debit_account_id).or_default();
        let is_enough = floors[&transfer.debit_account_id]
            .is_none_or(|floor| *left - transfer.amount_minor >= floor);
        assert_eq!(transfer.response_code, if is_enough { 1 } else { 650 }, "{left}: {transfer:?}");
        assert_eq!(transfer.credit_sequence.is_some(), is_enough, "{transfer:?}");
        if is_enough {
            *left -= transfer.amount_minor;
            *balances.entry(transfer.credit_account_id).or_default() += transfer.amount_minor;
            posted.insert(transfer.transfer_id);
            if let Some(original) = transfer.reverses {
                assert!(posted.contains(&original), "undone before it was done: {transfer:?}");
                assert!(undone.insert(original), "undone twice: {transfer:?}");
            }
        }
    }
    for (account, balance, _) in accounts {
        assert_eq!(balances.get(&account).copied().unwrap_or_default(), balance, "{account}");
    }
    assert!(posted.len() > 20 && posted.len() < recorded.len(), "{} posted", posted.len());
}

/// Everything that was answered is recorded once, as it was answered; what was refused is not.
pub(super) fn compare(told: &[Told], recorded: &[Recorded]) {
    let mut by_reference: HashMap<&str, Vec<&Recorded>> = HashMap::new();
    for transfer in recorded {
        by_reference.entry(&transfer.reference).or_default().push(transfer);
    }
    let acknowledged: HashSet<&str> = told
        .iter()
        .filter(|told| told.answer.is_ok())
        .map(|told| told.reference.as_str())
        .collect();
    let mut of_key: HashMap<&str, &Transfer> = HashMap::new();
    for Told { reference, key, answer } in told {
        let there = by_reference.get(reference.as_str()).map_or(&[][..], Vec::as_slice);
        match answer {
            Ok(answer) => {
                assert_eq!(there.len(), 1, "{reference}: {there:?}");
                assert_same(answer, there[0]);
                if !key.is_empty() {
                    let first = of_key.entry(key).or_insert(answer);
                    assert_eq!(*first, answer, "two answers for {key}");
                    assert!(there[0].request_id.is_some());
                }
            }
            // The same content may have been taken at another time.
            Err(_) if acknowledged.contains(reference.as_str()) => {}
            Err(reason) if reason == RETURNED => {
                assert_eq!(there.len(), 1, "{reference}: {there:?}");
            }
            Err(reason) => assert!(there.is_empty(), "{reference}: {reason}, but {there:?}"),
        }
        if let Err(reason) = answer {
            let known = [
                "LEDGER_DISABLED",
                "REQUEST_ID_REUSED",
                "ALREADY_REVERSED",
                "NOT_REVERSIBLE",
                RETURNED,
            ];
            assert!(known.contains(&reason.as_str()), "{reference}: {reason}");
        }
    }
    let asked: HashSet<&str> = told.iter().map(|told| told.reference.as_str()).collect();
    for transfer in recorded.iter().filter(|transfer| transfer.reference != "salary") {
        assert!(asked.contains(transfer.reference.as_str()), "nobody asked for {transfer:?}");
    }
}

fn assert_same(answer: &Transfer, there: &Recorded) {
    assert_eq!(answer.transfer_id, there.transfer_id.to_string());
    assert_eq!(answer.amount.as_ref().unwrap().minor_units, there.amount_minor);
    assert_eq!(answer.response_code() == ResponseCode::Success, there.response_code == 1);
    assert_eq!(answer.to_ledger_id, there.credit_account_id.to_string());
    assert_eq!(answer.reference, there.reference);
    let undone = there.reverses.map(|id| id.to_string()).unwrap_or_default();
    assert_eq!(answer.reverses_transfer_id, undone);
}

//! What a try of a batch came to, order by order, and what their callers are told.

use std::ops::Range;

use kit::errors;
use time::OffsetDateTime;

use crate::{
    domain::{
        posting::Posting,
        transfer::{Order, Transfer},
    },
    error::Error,
    queue::{
        Posted,
        batch::{Plan, Verdict},
    },
};

/// What became of one order, before its transfer is put together.
#[derive(Debug)]
pub(super) enum Settled {
    New(Posting, OffsetDateTime),
    Before { transfer: Box<Transfer>, replayed: bool },
    Same(usize),
    Failed(Error),
}

impl Settled {
    /// The same in a longer row of orders, in which so many come before.
    pub(super) fn moved_by(self, before: usize) -> Self {
        match self {
            Self::Same(at) => Self::Same(at.saturating_add(before)),
            other @ (Self::New(..) | Self::Before { .. } | Self::Failed(_)) => other,
        }
    }
}

/// Orders that are still to be settled.
pub(super) struct Part {
    pub(super) range: Range<usize>,
    /// Whether a try of them may have had an effect that was not seen.
    pub(super) unseen_end: bool,
}

impl Part {
    pub(super) fn within(whole: &Range<usize>, part: Range<usize>, unseen_end: bool) -> Self {
        let [start, end] = [part.start, part.end].map(|at| at.saturating_add(whole.start));
        Self { range: start..end, unseen_end }
    }
}

pub(super) fn outcomes(plan: Plan, now: OffsetDateTime) -> Vec<Settled> {
    let settled = |verdict| match verdict {
        Verdict::Post(posting) => Settled::New(posting, now),
        Verdict::Same(at) => Settled::Same(at),
        Verdict::Replay(transfer) => Settled::Before { transfer, replayed: true },
        Verdict::Done(transfer) => Settled::Before { transfer, replayed: false },
        Verdict::Refuse(refused) => Settled::Failed(refused.into()),
    };
    plan.verdicts.into_iter().map(settled).collect()
}

/// Puts the transfers together.
pub(super) fn answers(
    orders: Vec<Order>,
    settled: Vec<Option<Settled>>,
) -> Vec<Result<Posted, Error>> {
    let mut answers: Vec<Result<Posted, Error>> = Vec::with_capacity(orders.len());
    for (order, settled) in orders.into_iter().zip(settled) {
        let answer = match settled {
            Some(Settled::New(posting, now)) => {
                Ok(Posted { transfer: order.into_transfer(&posting, now), replayed: false })
            }
            Some(Settled::Before { transfer, replayed }) => {
                Ok(Posted { transfer: *transfer, replayed })
            }
            Some(Settled::Same(at)) => match answers.get(at) {
                Some(Ok(first)) => Ok(Posted { transfer: first.transfer.clone(), replayed: true }),
                Some(Err(_)) | None => Err(given_up(true)),
            },
            Some(Settled::Failed(error)) => Err(error),
            None => Err(Error::corrupt("an order that was passed over")),
        };
        answers.push(answer);
    }
    answers
}

/// What callers are told when the database does not come back.
pub(super) fn given_up(unseen_end: bool) -> Error {
    let told = if unseen_end { errors::Error::OutcomeUnknown } else { errors::Error::Overloaded };
    told.into()
}

/// The halves of so many orders; none of a single one.
pub(super) fn halves(count: usize) -> Vec<Range<usize>> {
    let half = count.checked_div(2).unwrap_or_default();
    if half == 0 { Vec::new() } else { vec![0..half, half..count] }
}

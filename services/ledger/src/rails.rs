//! The rails that payments go over and come in from: the port that each is behind. What is done with
//! what they say is the worker's.

use std::{pin::Pin, time::Duration};

use types::{Amount, PaymentId, Reference};

use crate::domain::{
    ledger::BankDetails,
    transfer::{OutsideParty, TransferType},
};

mod sandbox;

pub(crate) use sandbox::Sandbox;

/// A rail.
pub(crate) trait Rail: Send + Sync {
    /// Gives it a payment. It may be given more than once: by a worker that died before it noted the
    /// answer, and after a failure that says nothing. Its id tells that it is the same one, which is
    /// paid once; the answer is how far that has come.
    ///
    /// [`RailError::Permanent`] says that the rail does not have the payment and will not take it: the
    /// payment ends, and its money is free again. A rail that calls the second time a duplicate is to
    /// be asked for the payment's state, and that is the answer.
    fn submit<'a>(&'a self, instruction: &'a Instruction) -> Answer<'a, Progress>;

    /// Asks about a payment that it has taken.
    fn fetch(&self, payment: PaymentId) -> Answer<'_, Progress>;

    /// What has come in and is not acknowledged, oldest first; only what stands behind the item with
    /// the reference `after`, where that is given.
    fn incoming<'a>(&'a self, after: Option<&'a str>, limit: i64) -> Answer<'a, Vec<Incoming>>;

    /// Says that what came in is in the books. Until then it comes again.
    fn acknowledge<'a>(&'a self, reference: &'a str) -> Answer<'a, ()>;
}

/// What a rail will say.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, RailError>> + Send + 'a>>;

/// What a rail is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Instruction {
    pub(crate) payment: PaymentId,
    pub(crate) kind: TransferType,
    pub(crate) amount: Amount,
    pub(crate) creditor: OutsideParty,
    pub(crate) reference: Reference,
}

/// How far a rail has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The money has gone.
    Settled,
    /// It will not go, for a reason in the rail's own code.
    Rejected(String),
    /// It has taken the payment; when to ask again.
    Pending(Duration),
}

/// What comes in from a rail.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Incoming {
    /// The rail's own name for it.
    pub(crate) reference: String,
    pub(crate) what: Coming,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Coming {
    /// A payment.
    Payment(Box<Arrival>),
    /// What a payment of ours has paid, sent back.
    Return(PaymentId),
}

/// A payment that comes in for an account, which may be none of ours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arrival {
    pub(crate) kind: TransferType,
    pub(crate) amount: Amount,
    pub(crate) reference: Reference,
    pub(crate) sender: OutsideParty,
    pub(crate) account: BankDetails,
}

/// Why a rail did not answer. The text goes to the log: no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RailError {
    /// It may well answer later; what was asked of it may have been done.
    #[error("for the moment: {0}")]
    Transient(String),
    /// It will never do this.
    #[error("for good: {0}")]
    Permanent(String),
}

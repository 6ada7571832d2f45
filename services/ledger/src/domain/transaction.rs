//! Transactions: transfers as one ledger sees them.

use time::OffsetDateTime;
use types::{Amount, CustomerId, LedgerId, PaymentId, Reference, TransferId};

use super::{
    ledger::BankDetails,
    metadata::Metadata,
    transfer::{Initiator, OutsideParty, ResponseCode, TransferType},
};

/// Whether money came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    /// A decline is what would have gone.
    Out,
}

impl Direction {
    /// The word for it in the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }

    /// The direction that a word of the database stands for.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::In, Self::Out].into_iter().find(|known| known.word() == word)
    }
}

/// The other side of a transfer.
#[derive(Debug)]
pub(crate) enum Counterparty {
    /// A ledger of the same tenant. The customer's name is the customer service's to say.
    Ledger { customer_id: CustomerId, account: BankDetails },
    /// Somebody elsewhere.
    Outside(OutsideParty),
}

/// A transfer as one ledger sees it.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) ledger_id: LedgerId,
    /// Its place in the ledger's list.
    pub(crate) sequence: i64,
    pub(crate) transfer_id: TransferId,
    pub(crate) kind: TransferType,
    pub(crate) response_code: ResponseCode,
    pub(crate) direction: Direction,
    pub(crate) counterparty: Counterparty,
    pub(crate) amount: Amount,
    pub(crate) reference: Reference,
    pub(crate) balance_after_minor: i64,
    pub(crate) create_time: OffsetDateTime,
    /// The transfer that it undoes.
    pub(crate) reverses: Option<TransferId>,
    /// The payment that it was made for.
    pub(crate) payment: Option<PaymentId>,
    /// On whose request it was made.
    pub(crate) initiator: Option<Initiator>,
    pub(crate) metadata: Metadata,
}

/// Which of a ledger's transactions are wanted. What is set must all hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) create_time_from: Option<OffsetDateTime>,
    pub(crate) create_time_before: Option<OffsetDateTime>,
    pub(crate) kind: Option<TransferType>,
    pub(crate) direction: Option<Direction>,
}

//! Transfers: what is to be moved, and what became of it. How that is decided is in [`super::posting`].

use std::ops::RangeInclusive;

use time::OffsetDateTime;
use types::{Amount, ApiKeyId, PaymentId, Reference, TenantId, Text, TransferId, UserId};

use super::{account::AccountId, ledger::BankDetails, metadata::Metadata, posting::Posting};

/// What made a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransferType {
    InternalTransfer,
    FasterPayment,
    SepaCredit,
    SwiftCredit,
}

impl TransferType {
    /// The rail on which money of a currency comes in from outside.
    pub(crate) fn inbound(currency_code: &str) -> Self {
        match currency_code {
            "GBP" => Self::FasterPayment,
            "EUR" => Self::SepaCredit,
            _ => Self::SwiftCredit,
        }
    }

    /// The word for it in the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InternalTransfer => "internal_transfer",
            Self::FasterPayment => "faster_payment",
            Self::SepaCredit => "sepa_credit",
            Self::SwiftCredit => "swift_credit",
        }
    }

    /// The type that a word of the database stands for.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::InternalTransfer, Self::FasterPayment, Self::SepaCredit, Self::SwiftCredit]
            .into_iter()
            .find(|known| known.word() == word)
    }
}

/// How a transfer ended, by the documented response codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseCode {
    Success,
    Quarantined,
    Declined,
    ContactSupport,
    InsufficientFunds,
    ComplianceFirewall,
}

impl ResponseCode {
    /// The documented number.
    pub(crate) fn number(self) -> i16 {
        match self {
            Self::Success => 1,
            Self::Quarantined => 12,
            Self::Declined => 101,
            Self::ContactSupport => 606,
            Self::InsufficientFunds => 650,
            Self::ComplianceFirewall => 651,
        }
    }

    /// The code with a documented number.
    pub(crate) fn from_number(number: i16) -> Option<Self> {
        [
            Self::Success,
            Self::Quarantined,
            Self::Declined,
            Self::ContactSupport,
            Self::InsufficientFunds,
            Self::ComplianceFirewall,
        ]
        .into_iter()
        .find(|known| known.number() == number)
    }
}

/// Characters that the name of somebody elsewhere may have.
pub(crate) const NAME_LENGTH: RangeInclusive<usize> = 1..=100;

/// Somebody elsewhere, as a payment tells of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutsideParty {
    pub(crate) name: Text,
    pub(crate) account: BankDetails,
}

/// The two sides of an order: different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sides {
    debit: AccountId,
    credit: AccountId,
}

/// Both sides are the same account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SameAccount;

impl Sides {
    pub(crate) fn new(debit: AccountId, credit: AccountId) -> Result<Self, SameAccount> {
        if debit == credit { Err(SameAccount) } else { Ok(Self { debit, credit }) }
    }

    pub(crate) fn debit(self) -> AccountId {
        self.debit
    }

    pub(crate) fn credit(self) -> AccountId {
        self.credit
    }
}

/// Which side of a transfer is not a ledger, and who is behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outside {
    /// Both are ledgers.
    Neither,
    /// The money comes from somebody elsewhere.
    Debit(OutsideParty),
    /// It goes to somebody elsewhere.
    Credit(OutsideParty),
    /// It passes through suspense, on its way back to somebody elsewhere.
    Both(OutsideParty),
}

impl Outside {
    /// Who is elsewhere.
    pub(crate) fn party(&self) -> Option<&OutsideParty> {
        match self {
            Self::Neither => None,
            Self::Debit(party) | Self::Credit(party) | Self::Both(party) => Some(party),
        }
    }

    /// Whether the side that is debited is a ledger.
    pub(crate) fn is_from_ledger(&self) -> bool {
        matches!(self, Self::Neither | Self::Credit(_))
    }

    /// Whether the side that is credited is a ledger.
    pub(crate) fn is_to_ledger(&self) -> bool {
        matches!(self, Self::Neither | Self::Debit(_))
    }
}

/// The API user on whose request money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Initiator {
    pub(crate) user: UserId,
    /// The API key that the request was made with; none after a login.
    pub(crate) key: Option<ApiKeyId>,
}

/// Money that is to move, or has.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Movement {
    pub(crate) id: TransferId,
    pub(crate) kind: TransferType,
    pub(crate) sides: Sides,
    pub(crate) outside: Outside,
    pub(crate) amount: Amount,
    pub(crate) reference: Reference,
    /// The transfer that it undoes.
    pub(crate) reverses: Option<TransferId>,
    /// The payment that it is made for.
    pub(crate) payment: Option<PaymentId>,
    /// None: a service moves it on its own account, or it was moved before this was kept.
    pub(crate) initiator: Option<Initiator>,
    pub(crate) metadata: Metadata,
}

/// On whose word money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payer {
    /// That of a customer who may send money.
    Customer,
    /// That of a customer who may not.
    DisabledCustomer,
    /// That of somebody elsewhere, through an account of the tenant's own.
    Outside,
    /// That of a rail which has moved it already: whether a ledger is disabled counts no more.
    Rail,
}

/// What makes two requests to move money the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestKey {
    /// The rpc and the caller's key, with a space between.
    pub(crate) id: String,
    pub(crate) hash: Vec<u8>,
}

/// What is to be moved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) tenant: TenantId,
    pub(crate) payer: Payer,
    pub(crate) request: Option<RequestKey>,
    pub(crate) movement: Movement,
}

impl Order {
    /// The transfer that a posting made of it, by the database's clock.
    pub(crate) fn into_transfer(self, posting: &Posting, now: OffsetDateTime) -> Transfer {
        Transfer {
            movement: self.movement,
            outcome: posting.outcome,
            create_time: posting.not_before.map_or(now, |earliest| earliest.max(now)),
        }
    }
}

/// How a transfer ended, with the sequence numbers of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The money has moved.
    Posted { debit_sequence: i64, credit_sequence: i64 },
    /// Nothing has moved; the code is not that of success.
    Declined { code: ResponseCode, debit_sequence: i64 },
}

impl Outcome {
    pub(crate) fn code(self) -> ResponseCode {
        match self {
            Self::Posted { .. } => ResponseCode::Success,
            Self::Declined { code, .. } => code,
        }
    }

    pub(crate) fn debit_sequence(self) -> i64 {
        match self {
            Self::Posted { debit_sequence, .. } | Self::Declined { debit_sequence, .. } => {
                debit_sequence
            }
        }
    }

    pub(crate) fn credit_sequence(self) -> Option<i64> {
        match self {
            Self::Posted { credit_sequence, .. } => Some(credit_sequence),
            Self::Declined { .. } => None,
        }
    }
}

/// A movement of money, or one that was declined.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transfer {
    pub(crate) movement: Movement,
    pub(crate) outcome: Outcome,
    pub(crate) create_time: OffsetDateTime,
}

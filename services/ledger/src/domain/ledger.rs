//! What a ledger is to its customer.

use time::OffsetDateTime;
use types::{AccountNumber, Bic, Currency, CustomerId, Iban, LedgerId, Owner, SortCode};

/// What a ledger is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PrimaryUse {
    Investment,
    Deposit,
    Payments,
    Settlement,
    Float,
    Fee,
    Collateral,
    Escrow,
}

impl PrimaryUse {
    /// All of them, in the order of the contract.
    pub(crate) const ALL: [Self; 8] = [
        Self::Investment,
        Self::Deposit,
        Self::Payments,
        Self::Settlement,
        Self::Float,
        Self::Fee,
        Self::Collateral,
        Self::Escrow,
    ];

    /// The documented word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Investment => "investment",
            Self::Deposit => "deposit",
            Self::Payments => "payments",
            Self::Settlement => "settlement",
            Self::Float => "float",
            Self::Fee => "fee",
            Self::Collateral => "collateral",
            Self::Escrow => "escrow",
        }
    }

    /// The use that a documented word stands for.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// An account as UK banks address it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UkAccount {
    pub(crate) sort_code: SortCode,
    pub(crate) account_number: AccountNumber,
}

/// An account as banks elsewhere address it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InternationalAccount {
    pub(crate) iban: Iban,
    /// Known of every ledger; somebody elsewhere may leave it out.
    pub(crate) bic: Option<Bic>,
}

/// Where money for somebody is sent, as far as it is known. A ledger has both addresses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BankDetails {
    pub(crate) uk: Option<UkAccount>,
    pub(crate) international: Option<InternationalAccount>,
}

/// A ledger to be issued.
#[derive(Debug)]
pub(crate) struct NewLedger {
    pub(crate) customer_id: CustomerId,
    pub(crate) currency: Currency,
    /// At least one, each once, in the order they were given.
    pub(crate) primary_use: Vec<PrimaryUse>,
    pub(crate) owner: Owner,
}

/// A customer's account with the tenant.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) id: LedgerId,
    pub(crate) customer_id: CustomerId,
    pub(crate) currency: Currency,
    pub(crate) primary_use: Vec<PrimaryUse>,
    pub(crate) owner: Owner,
    /// Whether money may move.
    pub(crate) active: bool,
    pub(crate) balance_minor: i64,
    /// Of the balance, what is reserved for payments under way.
    pub(crate) held_minor: i64,
    /// How far below zero the balance without what is held may go; not negative.
    pub(crate) overdraft_limit_minor: i64,
    pub(crate) bank_details: BankDetails,
    pub(crate) create_time: OffsetDateTime,
    /// When anything but the balance last changed.
    pub(crate) update_time: OffsetDateTime,
}

/// The ledgers of one customer, summed up.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) customer_id: CustomerId,
    pub(crate) ledger_count: i64,
    /// Each use once, in the order of the contract.
    pub(crate) primary_use: Vec<PrimaryUse>,
}

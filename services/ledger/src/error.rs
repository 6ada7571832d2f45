//! What can go wrong with ledgers and transfers, and how it is told.

use kit::{
    errors::{self, Violations},
    idempotency,
};
use tonic::{Code, Status};

use crate::{DOMAIN, domain::posting::Refused};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the ledger does not exist")]
    LedgerNotFound,
    #[error("the customer does not exist")]
    CustomerNotFound,
    #[error("the transfer does not exist")]
    TransferNotFound,
    #[error("the payment does not exist")]
    PaymentNotFound,
    #[error("the payment is on its way or has ended")]
    PaymentNotCancellable,
    #[error("the payment is in another state")]
    PaymentStateUnfit,
    #[error("no rail leads there")]
    RailMissing,
    #[error("the transaction does not exist")]
    TransactionNotFound,
    #[error("no ledger and no transaction has this id")]
    LedgerOrTransactionNotFound,
    #[error("the customer is disabled")]
    CustomerDisabled,
    #[error("a ledger of the transfer is disabled")]
    LedgerDisabled,
    #[error("the currencies differ")]
    CurrencyMismatch,
    #[error("a balance would become too large")]
    BalanceLimit,
    #[error("the transfer was reversed before")]
    AlreadyReversed,
    #[error("the transfer cannot be reversed")]
    NotReversible,
    #[error("the ledger is further overdrawn than the new limit")]
    OverdraftInUse,
    #[error("the sort code has no account numbers left")]
    AccountNumbersUsedUp,
    #[error(transparent)]
    Kit(#[from] errors::Error),
}

impl Error {
    /// For what the database holds and its own rules forbid. `what` must name no personal data.
    pub(crate) fn corrupt(what: &str) -> Self {
        Self::Kit(errors::Error::Internal(format!("kept value: {what}")))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Kit(error.into())
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Kit(violations.into())
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::CurrencyMismatch => Self::CurrencyMismatch,
            Refused::AccountDisabled(_) => Self::LedgerDisabled,
            Refused::CustomerDisabled => Self::CustomerDisabled,
            Refused::BalanceLimit => Self::BalanceLimit,
            Refused::NoSuchAccount => Self::LedgerNotFound,
            Refused::KeyReused => Self::Kit(idempotency::Refused::Reused.into()),
            Refused::AlreadyReversed => Self::AlreadyReversed,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match error {
            Error::LedgerNotFound => (Code::NotFound, "LEDGER_NOT_FOUND"),
            Error::CustomerNotFound => (Code::NotFound, "CUSTOMER_NOT_FOUND"),
            Error::TransferNotFound => (Code::NotFound, "TRANSFER_NOT_FOUND"),
            Error::PaymentNotFound => (Code::NotFound, "PAYMENT_NOT_FOUND"),
            Error::PaymentNotCancellable => (Code::FailedPrecondition, "PAYMENT_NOT_CANCELLABLE"),
            // No rpc asks for a transition that the state may not allow but the one above.
            Error::PaymentStateUnfit => (Code::Internal, "INTERNAL"),
            Error::RailMissing => (Code::FailedPrecondition, "RAIL_MISSING"),
            Error::TransactionNotFound => (Code::NotFound, "TRANSACTION_NOT_FOUND"),
            Error::LedgerOrTransactionNotFound => {
                (Code::NotFound, "LEDGER_OR_TRANSACTION_NOT_FOUND")
            }
            Error::CustomerDisabled => (Code::FailedPrecondition, "CUSTOMER_DISABLED"),
            Error::LedgerDisabled => (Code::FailedPrecondition, "LEDGER_DISABLED"),
            Error::CurrencyMismatch => (Code::FailedPrecondition, "CURRENCY_MISMATCH"),
            Error::BalanceLimit => (Code::FailedPrecondition, "BALANCE_LIMIT"),
            Error::AlreadyReversed => (Code::FailedPrecondition, "ALREADY_REVERSED"),
            Error::NotReversible => (Code::FailedPrecondition, "NOT_REVERSIBLE"),
            Error::OverdraftInUse => (Code::FailedPrecondition, "OVERDRAFT_IN_USE"),
            Error::AccountNumbersUsedUp => {
                tracing::error!("the sort code has no account numbers left: configure another");
                // Nothing that the caller could do anything about.
                return errors::unavailable(DOMAIN);
            }
            Error::Kit(error) => return error.into_status(DOMAIN),
        };
        errors::status(code, DOMAIN, reason, &error.to_string())
    }
}

//! What is not known of a transaction or a payment: left out of its details, and empty in a list.

use proto::{ledger::v1::BankDetails, r#type::v1::Money};
use types::{Side, TransferId};

use crate::{failure::Failure, text};

/// How an empty text is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    LeftOut,
    Empty,
}

/// An account elsewhere, in the one form that fits the currency.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) account_number: Option<String>,
    pub(crate) sort_code: Option<String>,
    pub(crate) iban: Option<String>,
    pub(crate) bic_swift: Option<String>,
}

impl Unknown {
    pub(crate) fn text(self, text: String) -> Option<String> {
        match self {
            Self::LeftOut => text::present(text),
            Self::Empty => Some(text),
        }
    }

    /// The account that this much went to or came from.
    pub(crate) fn account(self, details: Option<BankDetails>, amount: &Money) -> Shown {
        let details = details.unwrap_or_default();
        let is_gbp = text::is_gbp(amount);
        let shown = |text, is_shown: bool| is_shown.then(|| self.text(text)).flatten();
        Shown {
            account_number: shown(details.account_number, is_gbp),
            sort_code: shown(details.sort_code, is_gbp),
            iban: shown(details.iban, !is_gbp),
            bic_swift: shown(details.bic_swift, !is_gbp),
        }
    }

    /// A ledger's side of a transfer that there may be none of.
    pub(crate) fn side(self, transfer: &str, side: Side) -> Result<Option<String>, Failure> {
        if transfer.is_empty() {
            return Ok(self.text(String::new()));
        }
        let transfer =
            TransferId::parse(transfer).map_err(|_| Failure::internal("no transfer's id"))?;
        Ok(Some(transfer.transaction(side).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_is_told_as_the_ledgers_side_of_it() {
        let transfer = TransferId::new();

        let told = Unknown::LeftOut.side(&transfer.to_string(), Side::Debit).unwrap();

        assert_eq!(told, Some(transfer.transaction(Side::Debit).to_string()));
        assert_eq!(Unknown::LeftOut.side("", Side::Debit).unwrap(), None);
        assert_eq!(Unknown::Empty.side("", Side::Debit).unwrap(), Some(String::new()));
        assert!(Unknown::Empty.side("x", Side::Debit).is_err());
    }

    #[test]
    fn the_account_of_another_currency_is_not_even_empty() {
        let pounds = Money { currency: "GBP".to_owned(), minor_units: 1 };

        let account = Unknown::Empty.account(None, &pounds);

        assert_eq!(account.account_number.as_deref(), Some(""));
        assert_eq!((account.iban, account.bic_swift), (None, None));
    }
}

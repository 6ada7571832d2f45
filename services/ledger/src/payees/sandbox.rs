//! Everybody elsewhere, by the last digits of the account number, or of the IBAN:
//!
//! | account number, end of the IBAN | held by |
//! |---|---|
//! | `00000011` | Jane Smith: `jane smith` is a match, `J Smith` or `Jane Smyth` a close one, others none |
//! | `00000012` | somebody whose name is nobody's: no match |
//! | `00000013` | unavailable |
//! | anything else | whoever is asked for: a match |

use types::Text;

use super::{Answer, Payees};
use crate::domain::{
    ledger::BankDetails,
    payee::{Confirmation, compare},
};

const HOLDER: &str = "Jane Smith";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Sandbox;

fn decide(name: &Text, account: &BankDetails) -> Confirmation {
    let number = account.uk.as_ref().map(|uk| uk.account_number.as_str());
    let iban = account.international.as_ref().map(|known| known.iban.as_str());
    let account = number.or(iban).unwrap_or_default();
    if account.ends_with("00000011") {
        compare(name.as_str(), HOLDER)
    } else if account.ends_with("00000012") {
        Confirmation::NoMatch
    } else if account.ends_with("00000013") {
        Confirmation::Unavailable
    } else {
        Confirmation::Match
    }
}

impl Payees for Sandbox {
    fn confirm<'a>(&'a self, name: &'a Text, account: &'a BankDetails) -> Answer<'a> {
        Box::pin(std::future::ready(Some(decide(name, account))))
    }
}

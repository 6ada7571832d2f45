//! Amounts as requests give them: money, or a number whose currency is the ledger's.

use kit::{caller::Caller, errors::Violations};
use proto::{
    ledger::v1::{create_inbound_payment_request, create_payment_request, create_transfer_request},
    r#type::v1::Money,
};
use types::{Amount, Currency, DecimalText, LedgerId};

use crate::{
    error::Error,
    transfers::{Asked, Transfers},
};

/// One of the two, whichever request it stands in.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    Money(&'a Money),
    Decimal(&'a str),
}

impl<'a> From<&'a create_transfer_request::Amount> for Given<'a> {
    fn from(amount: &'a create_transfer_request::Amount) -> Self {
        match amount {
            create_transfer_request::Amount::Money(money) => Self::Money(money),
            create_transfer_request::Amount::Decimal(decimal) => Self::Decimal(decimal),
        }
    }
}

impl<'a> From<&'a create_inbound_payment_request::Amount> for Given<'a> {
    fn from(amount: &'a create_inbound_payment_request::Amount) -> Self {
        match amount {
            create_inbound_payment_request::Amount::Money(money) => Self::Money(money),
            create_inbound_payment_request::Amount::Decimal(decimal) => Self::Decimal(decimal),
        }
    }
}

impl<'a> From<&'a create_payment_request::Amount> for Given<'a> {
    fn from(amount: &'a create_payment_request::Amount) -> Self {
        match amount {
            create_payment_request::Amount::Money(money) => Self::Money(money),
            create_payment_request::Amount::Decimal(decimal) => Self::Decimal(decimal),
        }
    }
}

pub(super) fn parse(given: Option<Given<'_>>, bad: &mut Violations) -> Option<Asked> {
    match given {
        None => {
            bad.add("amount", "is required");
            None
        }
        Some(Given::Money(Money { currency, minor_units })) => {
            let currency = bad.required("money.currency", currency, Currency::parse)?;
            let amount = Amount::new(*minor_units, currency);
            bad.take("money.minor_units", amount).map(Asked::Money)
        }
        Some(Given::Decimal(decimal)) => {
            bad.required("decimal", decimal, DecimalText::parse).map(Asked::Decimal)
        }
    }
}

/// Tells whether a number fits the ledger's currency, for an answer that names other bad fields too.
/// Where there is no such ledger, that is told once everything else is right.
pub(super) async fn check(
    transfers: &Transfers,
    caller: &Caller,
    ledger: Option<LedgerId>,
    amount: Option<Asked>,
    bad: &mut Violations,
) -> Result<(), Error> {
    let Some((ledger, Asked::Decimal(decimal))) = ledger.zip(amount) else { return Ok(()) };
    if let Some(currency) = transfers.currency(caller, ledger).await? {
        bad.take("decimal", decimal.in_currency(currency));
    }
    Ok(())
}

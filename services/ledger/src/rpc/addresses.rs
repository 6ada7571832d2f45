//! Accounts of somebody elsewhere, as requests name them.

use std::fmt::Display;

use kit::errors::Violations;
use proto::ledger::v1::{self as pb};
use types::{AccountNumber, Bic, Iban, SortCode};

use crate::domain::{
    ledger::{BankDetails, InternationalAccount, UkAccount},
    transfer::TransferType,
};

/// The account that a payment of a type goes to: what the type does not need must be absent.
pub(super) fn creditor(
    kind: TransferType,
    given: &pb::BankDetails,
    bad: &mut Violations,
) -> Option<BankDetails> {
    match kind {
        TransferType::FasterPayment => {
            absent("creditor.iban", &given.iban, bad);
            absent("creditor.bic_swift", &given.bic_swift, bad);
            let uk = uk("creditor", given, bad)?;
            Some(BankDetails { uk: Some(uk), international: None })
        }
        TransferType::InternalTransfer | TransferType::SepaCredit | TransferType::SwiftCredit => {
            absent("creditor.sort_code", &given.sort_code, bad);
            absent("creditor.account_number", &given.account_number, bad);
            let international = international("creditor", given, bad)?;
            Some(BankDetails { uk: None, international: Some(international) })
        }
    }
}

/// At least one whole address, and no half of one.
pub(super) fn either(
    name: &str,
    given: &pb::BankDetails,
    bad: &mut Violations,
) -> Option<BankDetails> {
    let is_uk = !is_empty(&given.sort_code) || !is_empty(&given.account_number);
    let is_international = !is_empty(&given.iban) || !is_empty(&given.bic_swift);
    if !is_uk && !is_international {
        bad.add(
            format!("{name}.sort_code"),
            "is required, with account_number, where iban is absent",
        );
        bad.add(format!("{name}.iban"), "is required where sort_code is absent");
        return None;
    }
    // Both are parsed before either is missed.
    let uk = is_uk.then(|| uk(name, given, bad));
    let international = is_international.then(|| international(name, given, bad));
    Some(BankDetails {
        uk: uk.map_or(Some(None), |uk| uk.map(Some))?,
        international: international.map_or(Some(None), |known| known.map(Some))?,
    })
}

fn uk(name: &str, given: &pb::BankDetails, bad: &mut Violations) -> Option<UkAccount> {
    let sort_code = required(name, "sort_code", &given.sort_code, SortCode::parse, bad);
    let number = required(name, "account_number", &given.account_number, AccountNumber::parse, bad);
    Some(UkAccount { sort_code: sort_code?, account_number: number? })
}

fn international(
    name: &str,
    given: &pb::BankDetails,
    bad: &mut Violations,
) -> Option<InternationalAccount> {
    let iban = required(name, "iban", &given.iban, Iban::parse, bad);
    let bic = bad.optional(&format!("{name}.bic_swift"), &given.bic_swift, Bic::parse);
    Some(InternationalAccount { iban: iban?, bic: bic? })
}

fn required<T, E: Display>(
    name: &str,
    part: &str,
    value: &str,
    parse: fn(&str) -> Result<T, E>,
    bad: &mut Violations,
) -> Option<T> {
    bad.required(&format!("{name}.{part}"), value, parse)
}

fn absent(field: &str, value: &str, bad: &mut Violations) {
    if !is_empty(value) {
        bad.add(field, "must be absent from a payment of this type");
    }
}

fn is_empty(value: &str) -> bool {
    value.trim().is_empty()
}

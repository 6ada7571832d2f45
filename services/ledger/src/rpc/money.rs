//! Money, addresses and enums that several messages have.

use std::collections::BTreeMap;

use proto::{
    ledger::v1::{self as pb},
    r#type::v1::Money,
};
use types::{Currency, Id};

use crate::domain::{
    ledger::BankDetails,
    metadata::Metadata,
    transfer::{ResponseCode, TransferType},
};

pub(super) fn render(minor_units: i64, currency: Currency) -> Money {
    Money { currency: currency.code().to_owned(), minor_units }
}

/// What is not known is empty.
pub(super) fn render_details(details: &BankDetails) -> pb::BankDetails {
    let (uk, international) = (details.uk.as_ref(), details.international.as_ref());
    pb::BankDetails {
        sort_code: uk.map(|uk| uk.sort_code.to_string()).unwrap_or_default(),
        account_number: uk.map(|uk| uk.account_number.to_string()).unwrap_or_default(),
        iban: international.map(|known| known.iban.to_string()).unwrap_or_default(),
        bic_swift: international
            .and_then(|known| known.bic.as_ref())
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}

pub(super) fn render_metadata(metadata: &Metadata) -> BTreeMap<String, String> {
    metadata.pairs().clone()
}

/// An id that there may be none of.
pub(super) fn render_id<Kind>(id: Option<Id<Kind>>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) fn render_type(kind: TransferType) -> pb::TransactionType {
    match kind {
        TransferType::InternalTransfer => pb::TransactionType::InternalTransfer,
        TransferType::FasterPayment => pb::TransactionType::FasterPayment,
        TransferType::SepaCredit => pb::TransactionType::SepaCredit,
        TransferType::SwiftCredit => pb::TransactionType::SwiftCredit,
    }
}

pub(super) fn render_code(code: ResponseCode) -> pb::ResponseCode {
    match code {
        ResponseCode::Success => pb::ResponseCode::Success,
        ResponseCode::Quarantined => pb::ResponseCode::Quarantined,
        ResponseCode::Declined => pb::ResponseCode::Declined,
        ResponseCode::ContactSupport => pb::ResponseCode::ContactSupport,
        ResponseCode::InsufficientFunds => pb::ResponseCode::InsufficientFunds,
        ResponseCode::ComplianceFirewall => pb::ResponseCode::ComplianceFirewall,
    }
}

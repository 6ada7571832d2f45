//! Messages as domain values: every bad field is told, under its name in the contract.

use kit::{
    errors::{self, Violations},
    page,
    time::from_timestamp,
};
use prost_types::Timestamp;
use proto::{customer::v1 as pb, r#type::v1 as pb_type};
use time::OffsetDateTime;
use types::{CustomerId, VerificationId};

use crate::{
    domain::{Change, CustomerType, Report, VerificationStatus},
    store::{self, Filter, Page},
};

pub(super) fn customer_id(id: &str) -> Result<CustomerId, crate::error::Error> {
    let mut bad = Violations::new();
    let id = bad.required("customer_id", id, CustomerId::parse);
    id.ok_or_else(|| bad.into())
}

/// A batch, none left out. One that is too long is not read: what is wrong with it would be as long.
pub(super) fn customer_ids(ids: &[String]) -> Result<Vec<CustomerId>, crate::error::Error> {
    let mut bad = Violations::new();
    page::check_batch("customer_ids", ids.len(), &mut bad);
    let read = if bad.is_empty() { ids } else { &[] };
    let ids = read
        .iter()
        .enumerate()
        .filter_map(|(i, id)| bad.take(&format!("customer_ids[{i}]"), CustomerId::parse(id)))
        .collect();
    bad.into_result()?;
    Ok(ids)
}

pub(super) fn customer_type(number: i32, bad: &mut Violations) -> Option<CustomerType> {
    match pb::CustomerType::try_from(number) {
        Ok(pb::CustomerType::Individual) => Some(CustomerType::Individual),
        Ok(pb::CustomerType::Company) => Some(CustomerType::Company),
        Ok(pb::CustomerType::Unspecified) => {
            bad.add("customer.customer_type", "is required");
            None
        }
        Err(_) => {
            bad.add("customer.customer_type", "must be individual or company");
            None
        }
    }
}

/// All that can be said of a customer to be.
pub(super) fn everything(given: pb::Customer) -> Change {
    let address = given.address.unwrap_or_default();
    Change {
        first_name: Some(given.first_name),
        middle_name: Some(given.middle_name),
        last_name: Some(given.last_name),
        company_name: Some(given.company_name),
        number: Some(address.number),
        refinement: Some(address.refinement),
        street: Some(address.street),
        region: Some(address.region),
        city: Some(address.city),
        postal_code: Some(address.postal_code),
        iso_country: Some(address.iso_country),
        date_of_birth: Some(given.date_of_birth),
        email: Some(given.email),
        phone: Some(given.phone),
        active: None,
    }
}

/// Whom to change, and what the mask says of it.
pub(super) fn update(
    message: pb::UpdateCustomerRequest,
    bad: &mut Violations,
) -> (Option<CustomerId>, Change) {
    let given = message.customer.unwrap_or_default();
    let id = bad.required("customer.customer_id", &given.customer_id, CustomerId::parse);
    let paths = message.update_mask.unwrap_or_default().paths;
    if paths.is_empty() {
        bad.add("update_mask", "must name at least one field");
    }
    let active = given.active;
    let all = everything(given);
    let mut change = Change::default();
    for path in &paths {
        match path.as_str() {
            "first_name" => change.first_name.clone_from(&all.first_name),
            "middle_name" => change.middle_name.clone_from(&all.middle_name),
            "last_name" => change.last_name.clone_from(&all.last_name),
            "company_name" => change.company_name.clone_from(&all.company_name),
            "address" => {
                change.number.clone_from(&all.number);
                change.refinement.clone_from(&all.refinement);
                change.street.clone_from(&all.street);
                change.region.clone_from(&all.region);
                change.city.clone_from(&all.city);
                change.postal_code.clone_from(&all.postal_code);
                change.iso_country.clone_from(&all.iso_country);
            }
            "address.number" => change.number.clone_from(&all.number),
            "address.refinement" => change.refinement.clone_from(&all.refinement),
            "address.street" => change.street.clone_from(&all.street),
            "address.region" => change.region.clone_from(&all.region),
            "address.city" => change.city.clone_from(&all.city),
            "address.postal_code" => change.postal_code.clone_from(&all.postal_code),
            "address.iso_country" => change.iso_country.clone_from(&all.iso_country),
            "date_of_birth" => change.date_of_birth.clone_from(&all.date_of_birth),
            "email" => change.email.clone_from(&all.email),
            "phone" => change.phone.clone_from(&all.phone),
            "active" => change.active = Some(active),
            _ => bad.add("update_mask", "names a field that cannot be changed"),
        }
    }
    (id, change)
}

/// Which customers, which page, and its size.
pub(super) fn list(
    message: &pb::ListCustomersRequest,
) -> Result<(Filter, Page, i64), crate::error::Error> {
    let mut bad = Violations::new();
    let size = page::size("page_size", message.page_size, &mut bad);
    let after: Option<uuid::Uuid> = page::place("page_token", &message.page_token, &mut bad);
    let customer_type = match pb::CustomerType::try_from(message.customer_type) {
        Ok(pb::CustomerType::Unspecified) => None,
        Ok(pb::CustomerType::Individual) => Some(CustomerType::Individual),
        Ok(pb::CustomerType::Company) => Some(CustomerType::Company),
        Err(_) => {
            bad.add("customer_type", "must be individual or company");
            None
        }
    };
    let email = bad.optional("email", &message.email, types::Email::parse).flatten();
    let name = bad.optional("name_prefix", &message.name_prefix, name_prefix).flatten();
    let mut time = |field: &str, at: Option<&Timestamp>| instant(field, at, &mut bad);
    let filter = Filter {
        customer_type,
        active: message.active,
        verified: message.verified,
        email_key: email.map(|email| email.normal()),
        name_prefix: name.map(|name| store::key(&name)),
        create_time_from: time("create_time_from", message.create_time_from.as_ref()),
        create_time_before: time("create_time_before", message.create_time_before.as_ref()),
    };
    bad.into_result()?;
    let limit = size.saturating_add(1);
    Ok((filter, Page { after: after.map(CustomerId::from_uuid), limit }, size))
}

/// What a name begins with. A space at its end is the end of a word.
fn name_prefix(text: &str) -> Result<String, types::TextError> {
    let end = if text.ends_with(char::is_whitespace) { " " } else { "" };
    types::Text::parse(text, 1..=152).map(|name| format!("{}{end}", name.as_str()))
}

/// Whose verification has come how far.
pub(super) fn report(
    message: &pb::RecordVerificationRequest,
) -> Result<(CustomerId, Report), crate::error::Error> {
    let mut bad = Violations::new();
    let id = bad.required("customer_id", &message.customer_id, CustomerId::parse);
    let verification =
        bad.required("verification_id", &message.verification_id, VerificationId::parse);
    for (field, version) in [
        ("details_version", message.details_version),
        ("verification_version", message.verification_version),
    ] {
        if version < 1 {
            bad.add(field, "must be at least 1");
        }
    }
    let status = status(message.verification_status);
    if status.is_none() {
        bad.add("verification_status", "must be one that an attempt can have");
    }
    match (id, verification, status) {
        (Some(id), Some(verification), Some(status)) if bad.is_empty() => {
            let (details_version, version) =
                (message.details_version, message.verification_version);
            Ok((id, Report { details_version, verification, version, status }))
        }
        _ => Err(errors::Error::Invalid(bad).into()),
    }
}

fn status(number: i32) -> Option<VerificationStatus> {
    match pb_type::VerificationStatus::try_from(number).ok()? {
        pb_type::VerificationStatus::Unspecified | pb_type::VerificationStatus::Unverified => None,
        pb_type::VerificationStatus::Pending => Some(VerificationStatus::Pending),
        pb_type::VerificationStatus::InReview => Some(VerificationStatus::InReview),
        pb_type::VerificationStatus::Verified => Some(VerificationStatus::Verified),
        pb_type::VerificationStatus::ResubmissionRequired => {
            Some(VerificationStatus::ResubmissionRequired)
        }
        pb_type::VerificationStatus::Rejected => Some(VerificationStatus::Rejected),
        pb_type::VerificationStatus::Expired => Some(VerificationStatus::Expired),
        pb_type::VerificationStatus::Error => Some(VerificationStatus::Error),
    }
}

fn instant(field: &str, at: Option<&Timestamp>, bad: &mut Violations) -> Option<OffsetDateTime> {
    let at = at?;
    let instant = from_timestamp(at);
    if instant.is_none() {
        bad.add(field, "must be a time between the years 1 and 9999");
    }
    instant
}

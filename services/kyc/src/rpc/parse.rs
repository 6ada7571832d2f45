//! Requests to domain values, with all that is wrong with them.

use std::collections::HashSet;

use kit::{errors::Violations, page};
use proto::{kyc::v1 as pb, r#type::v1::VerificationStatus};
use types::{CustomerId, VerificationId};

use super::documents;
use crate::{
    domain::{IdType, Side},
    mrz::MAX_TEXT,
    providers::Providers,
    store::verifications::{Filter, Page},
    verifications::{NewVerification, Zone},
    wire,
};

/// An attempt that is asked for; `bad` holds what was found before.
pub(super) fn new(
    message: pb::CreateVerificationRequest,
    providers: &Providers,
    mut bad: Violations,
) -> Result<NewVerification, crate::Error> {
    let customer = bad.required("customer_id", &message.customer_id, CustomerId::parse);
    let provider = bad.required("provider", &message.provider, |name| {
        let name = name.trim();
        let known = providers.knows(name).then(|| name.to_owned());
        known.ok_or("must be the name of a configured provider")
    });
    let id_type = id_type(message.id_type, &mut bad);
    let zones = zones(&message, &mut bad);
    let (front, back, additional) = (message.front, message.back, message.additional_data);
    let documents = documents::parse(id_type, front, back, additional, &mut bad);
    let (Some(customer), Some(provider), Some(id_type), Some(documents), true) =
        (customer, provider, id_type, documents, bad.is_empty())
    else {
        return Err(bad.into());
    };
    Ok(NewVerification { customer, provider, id_type, documents, zones })
}

/// The machine-readable zones that the caller has read.
fn zones(message: &pb::CreateVerificationRequest, bad: &mut Violations) -> Vec<Zone> {
    let documents = [
        (Some(Side::Front), "front.mrz", &message.front),
        (Some(Side::Back), "back.mrz", &message.back),
        (None, "additional_data.mrz", &message.additional_data),
    ];
    let mut zones = Vec::new();
    for (side, field, document) in documents {
        let text = document.as_ref().map_or("", |document| document.mrz.as_str()).trim();
        match side {
            _ if text.is_empty() => {}
            _ if text.len() > MAX_TEXT => {
                bad.add(field, format_args!("must be at most {MAX_TEXT} characters"));
            }
            Some(side) => zones.push(Zone { side, text: text.to_owned() }),
            None => bad.add(field, "is for front and back alone"),
        }
    }
    zones
}

fn id_type(number: i32, bad: &mut Violations) -> Option<IdType> {
    match pb::IdType::try_from(number) {
        Ok(pb::IdType::Passport) => return Some(IdType::Passport),
        Ok(pb::IdType::DrivingLicense) => return Some(IdType::DrivingLicense),
        Ok(pb::IdType::IdCard) => return Some(IdType::IdCard),
        Ok(pb::IdType::Unspecified) => bad.add("id_type", "is required"),
        Err(_) => bad.add("id_type", "must be one of passport, driving_license, id_card"),
    }
    None
}

/// The id in a request to read one: one that is malformed names nothing.
pub(super) fn verification_id(text: &str) -> Result<VerificationId, crate::Error> {
    let mut bad = Violations::new();
    let id = bad.required("verification_id", text, VerificationId::parse);
    id.ok_or_else(|| bad.into())
}

/// Which verifications are wanted, and which page of them; the page's limit is its size.
pub(super) fn list(message: &pb::ListVerificationsRequest) -> Result<(Filter, Page), crate::Error> {
    let mut bad = Violations::new();
    let customer = bad.optional("customer_id", &message.customer_id, CustomerId::parse);
    let status = status(message.verification_status, &mut bad);
    let limit = page::size("page_size", message.page_size, &mut bad);
    let after = place(&message.page_token, &mut bad);
    let customer = customer.flatten();
    bad.into_result()?;
    Ok((Filter { customer, status }, Page { after, limit }))
}

fn status(number: i32, bad: &mut Violations) -> Option<crate::domain::Status> {
    if number == i32::from(VerificationStatus::Unspecified) {
        return None;
    }
    let status = wire::parse_status(number);
    if status.is_none() {
        bad.add("verification_status", "must be one that a verification can have");
    }
    status
}

fn place(token: &str, bad: &mut Violations) -> Option<VerificationId> {
    page::place("page_token", token, bad).map(VerificationId::from_uuid)
}

/// The ids of a batch, each once.
pub(super) fn customer_ids(texts: &[String]) -> Result<Vec<CustomerId>, crate::Error> {
    let mut bad = Violations::new();
    page::check_batch("customer_ids", texts.len(), &mut bad);
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    // A batch that is too long is not read: the answer would be as long.
    let read = if bad.is_empty() { texts } else { &[] };
    for (index, text) in read.iter().enumerate() {
        let id = bad.required(&format!("customer_ids[{index}]"), text, CustomerId::parse);
        ids.extend(id.filter(|id| seen.insert(*id)));
    }
    bad.into_result()?;
    Ok(ids)
}

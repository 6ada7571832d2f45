//! Domain values as messages.

use kit::time::timestamp;
use proto::{customer::v1 as pb, r#type::v1 as pb_type};
use types::{DateOfBirth, TenantId, Text};

use crate::domain::{Customer, CustomerType, Details, LEASE, Standings, VerificationStatus};

/// A customer in full.
pub(super) fn customer(customer: &Customer) -> pb::Customer {
    let fields = customer.details.fields();
    let customer_type = match customer.details.customer_type() {
        CustomerType::Individual => pb::CustomerType::Individual,
        CustomerType::Company => pb::CustomerType::Company,
    };
    pb::Customer {
        customer_id: customer.id.to_string(),
        customer_type: customer_type.into(),
        name: customer.details.name(),
        first_name: text(fields.first_name.as_ref()),
        middle_name: text(fields.middle_name.as_ref()),
        last_name: text(fields.last_name.as_ref()),
        company_name: text(fields.company_name.as_ref()),
        address: Some(address(&customer.details)),
        date_of_birth: fields
            .date_of_birth
            .as_ref()
            .map(DateOfBirth::to_string)
            .unwrap_or_default(),
        email: fields.email.as_ref().map_or("", |email| email.as_str()).to_owned(),
        phone: fields.phone.as_ref().map_or("", |phone| phone.as_str()).to_owned(),
        active: customer.active,
        verification_status: status(customer.verification.status).into(),
        details_version: customer.details_version,
        create_time: Some(timestamp(customer.create_time)),
        update_time: Some(timestamp(customer.update_time)),
    }
}

/// A customer with the tenant whose it is.
pub(super) fn tenant_customer((tenant, found): &(TenantId, Customer)) -> pb::TenantCustomer {
    pb::TenantCustomer { tenant_id: tenant.to_string(), customer: Some(customer(found)) }
}

/// Who may act, with the lease on it.
pub(super) fn standings(standings: &Standings) -> pb::BatchGetCustomerStandingsResponse {
    pb::BatchGetCustomerStandingsResponse {
        version: standings.version,
        valid_for: prost_types::Duration::try_from(LEASE).ok(),
        active_customer_ids: standings.active.iter().map(ToString::to_string).collect(),
    }
}

fn address(details: &Details) -> pb::Address {
    let fields = details.fields();
    pb::Address {
        number: text(fields.number.as_ref()),
        refinement: text(fields.refinement.as_ref()),
        street: text(fields.street.as_ref()),
        region: text(fields.region.as_ref()),
        city: text(fields.city.as_ref()),
        postal_code: text(fields.postal_code.as_ref()),
        iso_country: details.iso_country().to_string(),
    }
}

fn status(status: VerificationStatus) -> pb_type::VerificationStatus {
    match status {
        VerificationStatus::Unverified => pb_type::VerificationStatus::Unverified,
        VerificationStatus::Pending => pb_type::VerificationStatus::Pending,
        VerificationStatus::InReview => pb_type::VerificationStatus::InReview,
        VerificationStatus::Verified => pb_type::VerificationStatus::Verified,
        VerificationStatus::ResubmissionRequired => {
            pb_type::VerificationStatus::ResubmissionRequired
        }
        VerificationStatus::Rejected => pb_type::VerificationStatus::Rejected,
        VerificationStatus::Expired => pb_type::VerificationStatus::Expired,
        VerificationStatus::Error => pb_type::VerificationStatus::Error,
    }
}

fn text(text: Option<&Text>) -> String {
    text.map_or("", Text::as_str).to_owned()
}

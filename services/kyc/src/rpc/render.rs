//! Domain values to messages.

use kit::time::timestamp;
use proto::kyc::v1 as pb;

use crate::{
    domain::{IdType, Verification},
    wire,
};

pub(super) fn verification(verification: &Verification) -> pb::Verification {
    let lifecycle = &verification.lifecycle;
    let id_type = match verification.id_type {
        IdType::Passport => pb::IdType::Passport,
        IdType::DrivingLicense => pb::IdType::DrivingLicense,
        IdType::IdCard => pb::IdType::IdCard,
        IdType::None => pb::IdType::Unspecified,
    };
    pb::Verification {
        verification_id: verification.id.to_string(),
        customer_id: verification.customer.to_string(),
        provider: verification.provider.clone(),
        id_type: id_type.into(),
        verification_status: wire::status(lifecycle.status()).into(),
        reasons: lifecycle.reasons().to_vec(),
        details_version: verification.details_version,
        create_time: Some(timestamp(verification.create_time)),
        update_time: Some(timestamp(lifecycle.update_time())),
    }
}

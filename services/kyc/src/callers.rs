//! Which peers may call what.

use kit::peers::{GATEWAY, Group};
use proto::kyc::v1::{
    kyc_service_server::SERVICE_NAME as VERIFICATIONS,
    screening_service_server::SERVICE_NAME as SCREENING,
};

pub(crate) const GROUPS: [Group; 2] = [
    Group {
        service: VERIFICATIONS,
        rpcs: &[
            "CreateVerification",
            "GetVerification",
            "ListVerifications",
            "BatchGetLatestVerifications",
        ],
        callers: &[GATEWAY],
    },
    Group {
        service: SCREENING,
        rpcs: &["GetVerificationEvidence", "GetScreeningSettings", "UpdateScreeningSettings"],
        callers: &[GATEWAY],
    },
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_rpc_is_in_one_group() {
        testkit::peers::assert_complete(proto::DESCRIPTORS, crate::DOMAIN, &super::GROUPS);
    }
}

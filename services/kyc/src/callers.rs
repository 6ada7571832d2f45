//! Which peers may call what.

use kit::peers::{GATEWAY, Group};
use proto::kyc::v1::{
    document_service_server::SERVICE_NAME as DOCUMENTS,
    kyc_service_server::SERVICE_NAME as VERIFICATIONS,
    provider_service_server::SERVICE_NAME as PROVIDERS,
    review_service_server::SERVICE_NAME as REVIEWS,
    sandbox_service_server::SERVICE_NAME as SANDBOX,
    screening_service_server::SERVICE_NAME as SCREENING,
};

pub(crate) const GROUPS: [Group; 7] = [
    // Who did what: for a tenant's administrators.
    kit::audit::GROUP,
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
    Group {
        service: REVIEWS,
        rpcs: &[
            "DecideVerification",
            "GetVerificationHistory",
            "GetReviewPolicy",
            "SetReviewPolicy",
        ],
        callers: &[GATEWAY],
    },
    Group {
        service: PROVIDERS,
        rpcs: &["SetProvider", "GetProvider", "ListProviders", "DeleteProvider", "ReceiveCallback"],
        callers: &[GATEWAY],
    },
    // What a document shows.
    Group { service: DOCUMENTS, rpcs: &["GetDocument"], callers: &[GATEWAY] },
    // Plays the provider, and is served in the sandbox alone.
    Group { service: SANDBOX, rpcs: &["PlayDecision"], callers: &[GATEWAY] },
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_rpc_is_in_one_group() {
        testkit::peers::assert_complete(proto::DESCRIPTORS, crate::DOMAIN, &super::GROUPS);
    }
}

//! Which peers may call what.

use kit::peers::{GATEWAY, Group};
use proto::access::v1::access_service_server::SERVICE_NAME;

pub(crate) const GROUPS: [Group; 1] = [Group {
    service: SERVICE_NAME,
    rpcs: &["Login", "Logout", "LookUpToken"],
    callers: &[GATEWAY],
}];

#[cfg(test)]
mod tests {
    #[test]
    fn every_rpc_is_in_one_group() {
        testkit::peers::assert_complete(proto::DESCRIPTORS, crate::DOMAIN, &super::GROUPS);
    }
}

//! Which peers may call what.

use kit::peers::{GATEWAY, Group, OPERATOR};
use proto::access::v1::{
    access_service_server::SERVICE_NAME as TOKENS, admin_service_server::SERVICE_NAME as ADMIN,
    allowance_service_server::SERVICE_NAME as ALLOWANCES,
    api_key_service_server::SERVICE_NAME as KEYS,
};

pub(crate) const GROUPS: [Group; 5] = [
    // Who did what: for a tenant's administrators.
    kit::audit::GROUP,
    Group { service: TOKENS, rpcs: &["Login", "Logout", "LookUpToken"], callers: &[GATEWAY] },
    Group { service: ALLOWANCES, rpcs: &["DrawAllowance"], callers: &[GATEWAY] },
    Group {
        service: KEYS,
        rpcs: &["CreateApiKey", "ListApiKeys", "UpdateApiKey", "RotateApiKey", "RevokeApiKey"],
        callers: &[GATEWAY, OPERATOR],
    },
    // Of all tenants, and for no caller: `lombard admin` answers it in its own process.
    Group {
        service: ADMIN,
        rpcs: &[
            "CreateTenant",
            "ListTenants",
            "UpdateTenant",
            "CreateUser",
            "ListUsers",
            "UpdateUser",
        ],
        callers: &[],
    },
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_rpc_is_in_one_group() {
        testkit::peers::assert_complete(proto::DESCRIPTORS, crate::DOMAIN, &super::GROUPS);
    }
}

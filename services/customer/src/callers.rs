//! Which peers may call what.

use kit::peers::{GATEWAY, Group, KYC, LEDGER};
use proto::customer::v1::{
    customer_service_server::SERVICE_NAME as SERVICE,
    retention_service_server::SERVICE_NAME as RETENTION,
};

pub(crate) const GROUPS: [Group; 8] = [
    // Who did what: for a tenant's administrators.
    kit::audit::GROUP,
    Group {
        service: SERVICE,
        rpcs: &["CreateCustomer", "UpdateCustomer", "ListCustomers"],
        callers: &[GATEWAY],
    },
    Group { service: SERVICE, rpcs: &["GetCustomer"], callers: &[GATEWAY, KYC, LEDGER] },
    Group {
        service: SERVICE,
        rpcs: &["BatchGetCustomers", "BatchGetCustomerStandings"],
        callers: &[GATEWAY, LEDGER],
    },
    // Of all tenants at once, for screening.
    Group {
        service: SERVICE,
        rpcs: &["ListCustomerChanges", "AcknowledgeCustomerChanges", "ListEveryCustomer"],
        callers: &[KYC],
    },
    Group {
        service: RETENTION,
        rpcs: &["GetRetention", "UpdateRetention", "ErasePersonalData"],
        callers: &[GATEWAY],
    },
    // Of all tenants at once, too: whose documents are to be erased.
    Group { service: RETENTION, rpcs: &["ListErasures", "AcknowledgeErasures"], callers: &[KYC] },
    // Who decides whether a customer is verified.
    Group { service: SERVICE, rpcs: &["RecordVerification"], callers: &[KYC] },
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_rpc_is_in_one_group() {
        testkit::peers::assert_complete(proto::DESCRIPTORS, crate::DOMAIN, &super::GROUPS);
    }
}

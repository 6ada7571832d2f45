//! Which peers may call what.

use kit::peers::{GATEWAY, Group};
use proto::ledger::v1::{
    ledger_service_server::SERVICE_NAME as LEDGERS,
    payment_service_server::SERVICE_NAME as PAYMENTS,
    sandbox_service_server::SERVICE_NAME as SANDBOX,
};

pub(crate) const GROUPS: [Group; 6] = [
    // Who did what: for a tenant's administrators.
    kit::audit::GROUP,
    Group { service: LEDGERS, rpcs: &["CreateLedger", "UpdateLedger"], callers: &[GATEWAY] },
    Group {
        service: LEDGERS,
        rpcs: &[
            "GetLedger",
            "BatchGetLedgers",
            "ListLedgers",
            "BatchGetLedgerSummaries",
            "GetTransfer",
            "GetBalance",
            "ListTransactions",
            "GetTransaction",
            "QueryTransactions",
        ],
        callers: &[GATEWAY],
    },
    // What moves money.
    Group {
        service: LEDGERS,
        rpcs: &["CreateTransfer", "BatchCreateTransfers", "ReverseTransfer"],
        callers: &[GATEWAY],
    },
    Group {
        service: PAYMENTS,
        rpcs: &["CreatePayment", "GetPayment", "ListPayments", "CancelPayment", "ConfirmPayee"],
        callers: &[GATEWAY],
    },
    // Makes money, and is served in the sandbox alone.
    Group { service: SANDBOX, rpcs: &["CreateInboundPayment"], callers: &[GATEWAY] },
];

#[cfg(test)]
mod tests {
    #[test]
    fn every_rpc_is_in_one_group() {
        testkit::peers::assert_complete(proto::DESCRIPTORS, crate::DOMAIN, &super::GROUPS);
    }
}

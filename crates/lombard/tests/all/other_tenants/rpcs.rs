//! What each rpc is asked for of another tenant's.

use proto::{
    kyc::v1::{Decision, DocumentSide, IdType},
    ledger::v1::TransactionType,
    r#type::v1::VerificationStatus,
};
use serde_json::{Value, json};

use super::Somebody;

/// What must come of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// `NOT_FOUND`.
    Missing,
    /// An answer in which nothing of theirs is.
    Nothing,
}

use Expected::{Missing, Nothing};

/// Requests, and what must come of each. None: the rpc takes no id of anything that is a tenant's.
type Case = Vec<(Value, Expected)>;

#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn cases(us: &Somebody, them: &Somebody) -> Vec<(&'static str, Case)> {
    let Somebody { customer, ledger, verification, payment, key, .. } = them;
    let missing = |message: Value| vec![(message, Missing)];
    let nothing = |message: Value| vec![(message, Nothing)];
    let no_id = Vec::new;
    let mask = |path: &str| json!({"paths": [path]});
    let transfer = |from: &str, to: &str| json!({"from_ledger_id": from, "to_ledger_id": to, "decimal": "1.00", "reference": "rent"});
    let bank = json!({"sort_code": "400052", "account_number": "12345678"});
    let played = json!({
        "verification_id": verification, "decision": Decision::Reject as i32, "reason": "FORGED",
    });
    let mut decision = played.clone();
    decision["evidence_version"] = json!(1);
    let by_customer = json!({"customer_id": customer});
    let by_ledger = json!({"ledger_id": ledger});
    let by_verification = json!({"verification_id": verification});
    vec![
        ("access.v1.AccessService/Login", no_id()),
        // Of whose token it is, nothing is told.
        ("access.v1.AccessService/Logout", nothing(json!({"token": them.scene.client.token}))),
        ("access.v1.AccessService/LookUpToken", no_id()),
        // Operators', and served at no address.
        ("access.v1.AdminService/CreateTenant", no_id()),
        ("access.v1.AdminService/ListTenants", no_id()),
        ("access.v1.AdminService/UpdateTenant", no_id()),
        ("access.v1.AdminService/CreateUser", no_id()),
        ("access.v1.AdminService/ListUsers", no_id()),
        ("access.v1.AdminService/UpdateUser", no_id()),
        // Any id will do: it is counted within the caller's tenant.
        ("access.v1.AllowanceService/DrawAllowance", no_id()),
        // The caller's own log alone, whatever object is named.
        ("audit.v1.AuditService/ListAuditRecords", no_id()),
        (
            "access.v1.ApiKeyService/CreateApiKey",
            missing(json!({
                "api_key": {"user_id": them.user, "name": "theirs", "scopes": ["ledgers:read"]},
            })),
        ),
        ("access.v1.ApiKeyService/ListApiKeys", nothing(json!({}))),
        (
            "access.v1.ApiKeyService/UpdateApiKey",
            missing(json!({
                "api_key": {"api_key_id": key, "name": "x"}, "update_mask": mask("name"),
            })),
        ),
        ("access.v1.ApiKeyService/RotateApiKey", missing(json!({"api_key_id": key}))),
        ("access.v1.ApiKeyService/RevokeApiKey", missing(json!({"api_key_id": key}))),
        ("customer.v1.CustomerService/CreateCustomer", no_id()),
        ("customer.v1.CustomerService/GetCustomer", missing(by_customer.clone())),
        (
            "customer.v1.CustomerService/BatchGetCustomers",
            nothing(json!({"customer_ids": [customer]})),
        ),
        (
            "customer.v1.CustomerService/BatchGetCustomerStandings",
            nothing(json!({"customer_ids": [customer]})),
        ),
        (
            "customer.v1.CustomerService/UpdateCustomer",
            missing(json!({"customer": by_customer, "update_mask": mask("active")})),
        ),
        ("customer.v1.CustomerService/ListCustomers", nothing(json!({}))),
        (
            "customer.v1.CustomerService/RecordVerification",
            missing(json!({
                "customer_id": customer, "details_version": 1, "verification_id": verification,
                "verification_version": 9,
                "verification_status": VerificationStatus::Verified as i32,
            })),
        ),
        // The platform's, for which every tenant's customers are there.
        ("customer.v1.CustomerService/ListCustomerChanges", no_id()),
        ("customer.v1.CustomerService/AcknowledgeCustomerChanges", no_id()),
        ("customer.v1.CustomerService/ListEveryCustomer", no_id()),
        ("customer.v1.RetentionService/GetRetention", missing(by_customer.clone())),
        (
            "customer.v1.RetentionService/UpdateRetention",
            missing(json!({
                "retention": {"customer_id": customer, "legal_hold": true},
                "update_mask": mask("legal_hold"),
            })),
        ),
        ("customer.v1.RetentionService/ErasePersonalData", missing(by_customer.clone())),
        // The platform's, too.
        ("customer.v1.RetentionService/ListErasures", no_id()),
        ("customer.v1.RetentionService/AcknowledgeErasures", no_id()),
        (
            "kyc.v1.DocumentService/GetDocument",
            missing(json!({"verification_id": verification, "side": DocumentSide::Front as i32})),
        ),
        (
            "kyc.v1.KycService/CreateVerification",
            missing(json!({
                "customer_id": customer, "provider": "gb_group",
                "id_type": IdType::Passport as i32,
                "front": {"mime_type": "application/pdf", "content": PDF},
            })),
        ),
        ("kyc.v1.KycService/GetVerification", missing(by_verification.clone())),
        ("kyc.v1.KycService/ListVerifications", missing(by_customer.clone())),
        (
            "kyc.v1.KycService/BatchGetLatestVerifications",
            nothing(json!({"customer_ids": [customer]})),
        ),
        // Named by what the providers are called, within the caller's tenant.
        ("kyc.v1.ProviderService/SetProvider", no_id()),
        ("kyc.v1.ProviderService/GetProvider", no_id()),
        ("kyc.v1.ProviderService/ListProviders", nothing(json!({}))),
        ("kyc.v1.ProviderService/DeleteProvider", no_id()),
        ("kyc.v1.ProviderService/ReceiveCallback", no_id()),
        ("kyc.v1.ReviewService/DecideVerification", missing(decision)),
        ("kyc.v1.ReviewService/GetVerificationHistory", missing(by_verification.clone())),
        ("kyc.v1.ReviewService/GetReviewPolicy", no_id()),
        ("kyc.v1.ReviewService/SetReviewPolicy", no_id()),
        ("kyc.v1.SandboxService/PlayDecision", missing(played)),
        ("kyc.v1.ScreeningService/GetVerificationEvidence", missing(by_verification)),
        ("kyc.v1.ScreeningService/GetScreeningSettings", no_id()),
        ("kyc.v1.ScreeningService/UpdateScreeningSettings", no_id()),
        (
            "ledger.v1.LedgerService/CreateLedger",
            missing(json!({"ledger": {
                "customer_id": customer, "currency": "gbp", "primary_use": [3], "owner": "me",
            }})),
        ),
        ("ledger.v1.LedgerService/GetLedger", missing(by_ledger.clone())),
        ("ledger.v1.LedgerService/BatchGetLedgers", nothing(json!({"ledger_ids": [ledger]}))),
        ("ledger.v1.LedgerService/ListLedgers", missing(by_customer)),
        (
            "ledger.v1.LedgerService/BatchGetLedgerSummaries",
            nothing(json!({"customer_ids": [customer]})),
        ),
        (
            "ledger.v1.LedgerService/UpdateLedger",
            missing(json!({"ledger": by_ledger, "update_mask": mask("active")})),
        ),
        (
            "ledger.v1.LedgerService/CreateTransfer",
            vec![(transfer(ledger, &us.ledger), Missing), (transfer(&us.ledger, ledger), Missing)],
        ),
        (
            "ledger.v1.LedgerService/BatchCreateTransfers",
            nothing(json!({
                "transfers": [transfer(ledger, &us.ledger), transfer(&us.ledger, ledger)],
            })),
        ),
        ("ledger.v1.LedgerService/ReverseTransfer", missing(json!({"transfer_id": them.transfer}))),
        ("ledger.v1.LedgerService/GetTransfer", missing(json!({"transfer_id": them.transfer}))),
        ("ledger.v1.LedgerService/GetBalance", missing(by_ledger.clone())),
        ("ledger.v1.LedgerService/ListTransactions", missing(by_ledger.clone())),
        (
            "ledger.v1.LedgerService/GetTransaction",
            missing(json!({"transaction_id": them.transaction})),
        ),
        (
            "ledger.v1.LedgerService/QueryTransactions",
            [ledger, &them.transaction].map(|id| (json!({"id": id}), Missing)).into(),
        ),
        (
            "ledger.v1.PaymentService/CreatePayment",
            missing(json!({
                "type": TransactionType::FasterPayment as i32, "from_ledger_id": ledger,
                "creditor_name": "Dave", "creditor": bank, "decimal": "1.00", "reference": "rent",
            })),
        ),
        ("ledger.v1.PaymentService/GetPayment", missing(json!({"payment_id": payment}))),
        ("ledger.v1.PaymentService/ListPayments", missing(json!({"from_ledger_id": ledger}))),
        ("ledger.v1.PaymentService/CancelPayment", missing(json!({"payment_id": payment}))),
        // By account number, as banks elsewhere ask: numbers are the platform's.
        ("ledger.v1.PaymentService/ConfirmPayee", no_id()),
        (
            "ledger.v1.SandboxService/CreateInboundPayment",
            missing(json!({
                "ledger_id": ledger, "decimal": "1.00", "reference": "rent", "name": "Dave",
                "sender": bank,
            })),
        ),
    ]
}

/// An empty page.
const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj<</Type/Pages/Kids\
    [3 0 R]/Count 1>>\nendobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n\
    xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000053 00000 n \n0000000103 00000 n \n\
    trailer<</Size 4/Root 1 0 R>>\nstartxref\n163\n%%EOF\n";

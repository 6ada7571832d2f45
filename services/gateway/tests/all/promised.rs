//! What is promised of each route, beside the code: the scope that it needs, if it needs one, and whether it
//! takes an `Idempotency-Key`. A change here is a change of the API.

/// A route, its scope, and "key" where it takes one.
pub(crate) type Promise = (&'static str, &'static str, &'static str);

pub(crate) const PROMISED: [Promise; 45] = [
    ("GET /audit", "admin", ""),
    ("POST /access/keys", "admin", ""),
    ("GET /access/keys", "admin", ""),
    ("PUT /access/keys/{api_key_id}", "admin", ""),
    ("POST /access/keys/{api_key_id}/rotate", "admin", "key"),
    ("POST /access/keys/{api_key_id}/revoke", "admin", ""),
    ("POST /login", "", ""),
    ("POST /logout", "", ""),
    ("POST /accounts/create_customer", "customers:write", "key"),
    ("GET /accounts/customers/{customer_id}", "customers:read", ""),
    ("PUT /accounts/customers/{customer_id}", "customers:write", "key"),
    ("GET /accounts/customers/list", "customers:read", ""),
    ("POST /accounts/customers/authenticate", "kyc:write", "key"),
    ("GET /accounts/customers/{customer_id}/verifications", "customers:read", ""),
    ("GET /accounts/verifications/{verification_id}/evidence", "customers:read", ""),
    ("GET /kyc/screening", "customers:read", ""),
    ("PUT /kyc/screening", "admin", "key"),
    ("GET /accounts/verifications", "customers:read", ""),
    ("GET /accounts/verifications/{verification_id}/history", "customers:read", ""),
    ("POST /accounts/verifications/{verification_id}/decision", "kyc:write", "key"),
    ("GET /kyc/providers", "admin", ""),
    ("GET /kyc/providers/{provider}", "admin", ""),
    ("PUT /kyc/providers/{provider}", "admin", ""),
    ("DELETE /kyc/providers/{provider}", "admin", ""),
    ("GET /kyc/review_policy", "admin", ""),
    ("PUT /kyc/review_policy", "admin", ""),
    ("POST /callbacks/kyc/{provider}", "", ""),
    ("GET /accounts/customers/{customer_id}/retention", "customers:read", ""),
    ("PUT /accounts/customers/{customer_id}/retention", "customers:write", "key"),
    ("DELETE /accounts/customers/{customer_id}/personal_data", "customers:erase", ""),
    ("POST /accounts/customers/create_ledger", "ledgers:write", "key"),
    ("PUT /accounts/customers/ledgers/{ledger_id}", "ledgers:write", "key"),
    ("GET /accounts/customers/ledgers/{ledger_id}", "ledgers:read", ""),
    ("GET /accounts/customers/ledgers/transactions/{id}", "ledgers:read", ""),
    ("GET /accounts/customers/transactions/{id}", "ledgers:read", ""),
    ("GET /accounts/customers/{customer_id}/ledgers", "ledgers:read", ""),
    ("GET /accounts/customers/ledgers/{ledger_id}/balance", "ledgers:read", ""),
    ("POST /accounts/internal_transfer", "payments:write", "key"),
    ("POST /accounts/reverse_transfer", "payments:write", "key"),
    ("POST /accounts/faster_payment", "payments:write", "key"),
    ("POST /accounts/sepa_credit", "payments:write", "key"),
    ("GET /accounts/payments", "ledgers:read", ""),
    ("GET /accounts/payments/{payment_id}", "ledgers:read", ""),
    ("POST /accounts/payments/{payment_id}/cancel", "payments:write", "key"),
    ("POST /accounts/confirm_payee", "payments:write", ""),
];

/// Where the outside world is played.
pub(crate) const PLAYED: [Promise; 2] = [
    ("POST /sandbox/ledgers/{ledger_id}/inbound", "payments:write", "key"),
    ("POST /sandbox/verifications/{verification_id}/decide", "kyc:write", "key"),
];

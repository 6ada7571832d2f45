//! What services give as reasons, as REST tells it. A code never changes its meaning.

use http::StatusCode;

/// A reason in REST's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
}

/// Codes with their messages of at most 100 characters.
const MESSAGES: [(&str, &str); 39] = [
    ("UNAUTHENTICATED", "A valid token is required"),
    ("WRONG_CREDENTIALS", "The e-mail address or the password is wrong"),
    ("TOO_MANY_ATTEMPTS", "Too many wrong tries; try again later"),
    ("CUSTOMER_NOT_FOUND", "There is no such customer"),
    ("LEDGER_NOT_FOUND", "There is no such ledger"),
    ("TRANSACTION_NOT_FOUND", "There is no such transaction"),
    ("VERIFICATION_NOT_FOUND", "There is no such verification"),
    ("PAYMENT_NOT_FOUND", "There is no such payment"),
    ("LEDGER_OR_TRANSACTION_NOT_FOUND", "There is neither a ledger nor a transaction with this id"),
    ("CUSTOMER_DISABLED", "The customer is disabled"),
    ("CUSTOMER_ACTIVE", "The customer is active; disable it first"),
    ("CUSTOMER_ERASED", "The customer's personal data was erased"),
    ("LEGAL_HOLD", "A legal hold wants the personal data kept"),
    ("LEDGER_DISABLED", "The ledger is disabled"),
    ("CURRENCY_MISMATCH", "The currencies differ"),
    ("BALANCE_LIMIT", "The balance would be more than a ledger can hold"),
    ("ALREADY_REVERSED", "The transfer was reversed before"),
    ("NOT_REVERSIBLE", "A transfer of this kind cannot be reversed"),
    ("OVERDRAFT_IN_USE", "The ledger is further overdrawn than the new limit"),
    ("PAYMENT_NOT_CANCELLABLE", "The payment is on its way, or has ended"),
    ("RAIL_MISSING", "No rail leads to this account"),
    ("VERIFICATION_IN_PROGRESS", "Another verification is pending or in review"),
    ("VERIFICATION_NOT_IN_REVIEW", "The verification is not in review"),
    ("EVIDENCE_CHANGED", "Something was added to the evidence; read it again, then decide"),
    ("OPERATOR_REQUIRED", "Only an API user can decide"),
    ("PROVIDER_NOT_CONFIGURED", "The tenant has no account with this provider"),
    ("PROVIDER_NOT_OFFERED", "This deployment does not offer the provider"),
    ("PROVIDER_NOT_FOUND", "There is no such provider, or no account with it"),
    ("CALLBACK_REFUSED", "The call is not signed by the provider, is too old, or is about nothing"),
    ("IDEMPOTENCY_KEY_REUSED", "The Idempotency-Key was used for another request"),
    ("REQUEST_IN_PROGRESS", "A request with this Idempotency-Key is still running"),
    ("PERMISSION_DENIED", "The token does not allow this"),
    ("USER_NOT_FOUND", "There is no such API user"),
    ("API_KEY_NOT_FOUND", "There is no such API key"),
    ("API_KEY_NAME_TAKEN", "Another API key has this name"),
    ("API_KEY_REVOKED", "The API key is revoked"),
    ("API_KEY_ROTATED", "The request has rotated the key before; its secret is not told again"),
    ("LOGIN_REQUIRED", "An API key cannot do this; log in"),
    ("RATE_LIMITED", "Too many requests; try again later"),
];

/// A reason in REST's words, when it has words of its own there.
pub(super) fn told(reason: &str) -> Option<Told> {
    let renamed = match reason {
        "REQUEST_ID_REUSED" => "IDEMPOTENCY_KEY_REUSED",
        "TOKEN_INVALID" => "UNAUTHENTICATED",
        // A transfer goes by either of its transactions.
        "TRANSFER_NOT_FOUND" => "TRANSACTION_NOT_FOUND",
        same => same,
    };
    let found = MESSAGES.iter().find(|(code, _)| *code == renamed);
    found.map(|(code, message)| Told { code, message })
}

/// Whether UNAUTHENTICATED for this reason means the client's proof, and not the gateway's.
pub(super) fn is_about_the_client(reason: &str) -> bool {
    matches!(reason, "TOKEN_INVALID" | "WRONG_CREDENTIALS" | "CALLBACK_REFUSED")
}

/// For a status without a reason, as one that is made on the way.
pub(super) fn default_code(http: StatusCode) -> &'static str {
    match http {
        StatusCode::UNAUTHORIZED => "UNAUTHENTICATED",
        StatusCode::FORBIDDEN => "PERMISSION_DENIED",
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::TOO_MANY_REQUESTS => "RATE_LIMITED",
        _ => "CONFLICT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_is_longer_than_documented() {
        for (code, message) in MESSAGES {
            assert!((1..=100).contains(&message.chars().count()), "{code}");
            assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{code}");
        }
    }
}

//! What becomes of payments, as a few lines of arithmetic.

use proto::ledger::v1::{Payment, PaymentStatus as Status};

/// What the model knows of a ledger.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    pub(super) balance: i64,
    pub(super) held: i64,
    pub(super) overdraft: i64,
    pub(super) is_disabled: bool,
}

impl Account {
    pub(super) fn available(self) -> i64 {
        self.balance - self.held
    }

    pub(super) fn has(self, minor: i64) -> bool {
        self.available() - minor >= -self.overdraft
    }

    /// Lets go of what was held for a payment that has ended, and pays it if it was made.
    pub(super) fn end(&mut self, paid: &Paid) {
        if paid.status != Status::Submitted {
            self.held -= paid.minor;
        }
        if paid.status == Status::Settled {
            self.balance -= paid.minor;
        }
    }
}

/// Whom a payment goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// What the rail makes of it is in the number.
    Rail(&'static str),
    /// Another ledger of the tenant.
    Own(usize),
    /// The ledger of another tenant.
    OtherTenant,
}

/// What the model knows of a payment.
pub(super) struct Paid {
    pub(super) payment: Payment,
    pub(super) from: usize,
    pub(super) to: To,
    pub(super) minor: i64,
    pub(super) status: Status,
    /// Whether it has come back; none where it never will.
    pub(super) has_returned: Option<bool>,
}

/// What becomes of a payment that is taken up, and whether it is to come back.
pub(super) fn carried(to: To, is_other_disabled: bool) -> (Status, Option<bool>) {
    match to {
        To::Rail("00000001") => (Status::Submitted, None),
        To::Rail("00000002") => (Status::Rejected, None),
        To::Rail("00000003") => (Status::Settled, Some(false)),
        To::OtherTenant if is_other_disabled => (Status::Rejected, None),
        To::Rail(_) | To::OtherTenant | To::Own(_) => (Status::Settled, None),
    }
}

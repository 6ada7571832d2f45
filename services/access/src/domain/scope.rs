//! What an API user may do.

/// Every scope there is.
pub const SCOPES: [&str; 9] = [
    "admin",
    "customers:read",
    "customers:write",
    "customers:erase",
    "documents:read",
    "kyc:write",
    "ledgers:read",
    "ledgers:write",
    "payments:write",
];

/// What the tenant's own administrators need, to make keys for others.
pub(crate) const ADMIN: &str = "admin";

/// One of [`SCOPES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope(&'static str);

/// A text that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope must be one of {}", SCOPES.join(", "))]
pub struct UnknownScope;

impl Scope {
    pub(crate) fn parse(text: &str) -> Result<Self, UnknownScope> {
        SCOPES.into_iter().find(|scope| *scope == text).map(Self).ok_or(UnknownScope)
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scope in SCOPES {
            assert_eq!(Scope::parse(scope).unwrap().as_str(), scope);
        }
        assert_eq!(Scope::parse("Customers:read"), Err(UnknownScope));
    }
}

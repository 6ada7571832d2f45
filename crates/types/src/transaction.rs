//! The two sides of a transfer, each a transaction with an id of its own.
//!
//! The two lowest bits of a transfer's id are 00. Its debit side's id is the same with 01, its credit
//! side's with 10: neither has to be stored, and each leads to the transfer without a search.

use uuid::Uuid;

use crate::id::{TransactionId, TransferId};

/// Which of a transfer's accounts a transaction is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The account that paid.
    Debit,
    /// The account that received.
    Credit,
}

const SIDE_BITS: u128 = 0b11;

impl Side {
    const fn bits(self) -> u128 {
        match self {
            Self::Debit => 0b01,
            Self::Credit => 0b10,
        }
    }

    /// The side that this one is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }
}

impl TransferId {
    /// A new one, with room for its sides: its two lowest bits are 00.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    #[must_use]
    pub fn new() -> Self {
        Self::from_uuid(Uuid::from_u128(Uuid::now_v7().as_u128() & !SIDE_BITS))
    }

    /// The id of one of its sides.
    #[must_use]
    pub fn transaction(self, side: Side) -> TransactionId {
        let transfer = self.uuid().as_u128() & !SIDE_BITS;
        TransactionId::from_uuid(Uuid::from_u128(transfer | side.bits()))
    }
}

impl TransactionId {
    /// The transfer and which of its sides this is; none when the id is that of no side.
    #[must_use]
    pub fn split(self) -> Option<(TransferId, Side)> {
        let bits = self.uuid().as_u128();
        let side =
            [Side::Debit, Side::Credit].into_iter().find(|side| side.bits() == bits & SIDE_BITS)?;
        Some((TransferId::from_uuid(Uuid::from_u128(bits & !SIDE_BITS)), side))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_and_its_sides_have_three_ids() {
        let transfer = TransferId::new();
        let debit = transfer.transaction(Side::Debit);
        let credit = transfer.transaction(Side::Credit);

        assert_eq!(transfer.uuid().get_version_num(), 7);
        assert_ne!(debit, credit);
        assert_ne!(debit.uuid(), transfer.uuid());
        assert_ne!(credit.uuid(), transfer.uuid());
    }

    #[test]
    fn a_side_leads_back_to_its_transfer() {
        for _ in 0..64 {
            let transfer = TransferId::new();
            for side in [Side::Debit, Side::Credit] {
                assert_eq!(transfer.transaction(side).split(), Some((transfer, side)));
            }
        }
    }

    #[test]
    fn an_id_of_no_side_does_not_split() {
        for bits in [0b00, 0b11] {
            let id = TransferId::new().uuid().as_u128() | bits;

            assert_eq!(TransactionId::from_uuid(Uuid::from_u128(id)).split(), None);
        }
    }
}

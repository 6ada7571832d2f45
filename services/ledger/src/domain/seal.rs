//! What a seal is computed from, byte for byte. Stable for ever: seals that were made must verify, so
//! nothing here may come to mean something else (docs/adr/0011-seals.md). It works on columns as they
//! are stored, not on domain values, whose rules may change.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

/// What SHA-256 makes.
pub(crate) type Hash = [u8; 32];

/// Entries that one seal covers at most.
pub(crate) const SPAN: i64 = 1_024;

/// What begins the bytes that are hashed, so that none can be taken for another: a leaf, a node, a root.
const LEAF: u8 = 0;
const NODE: u8 = 1;
const ROOT: u8 = 2;

/// Which encoding a leaf has: it is what begins its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// That of the first seals, which knows nothing of who asked for a transfer.
    First = 1,
    Second = 2,
}

impl Version {
    /// The one that seals are made with.
    pub(crate) const NOW: Self = Self::Second;

    /// The number for it in the database.
    pub(crate) fn number(self) -> i16 {
        self as i16
    }

    /// The version with a number; a number that is none is nobody's seal, and will not verify as this.
    pub(crate) fn of(number: i16) -> Self {
        if number == 1 { Self::First } else { Self::Second }
    }
}

/// A span of an account's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) tenant: Uuid,
    pub(crate) account: Uuid,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// An entry and all of its transfer that never changes, as columns.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) tenant_id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) sequence: i64,
    pub(crate) transfer_id: Uuid,
    pub(crate) entry_type: String,
    pub(crate) direction: String,
    pub(crate) entry_amount_minor: i64,
    pub(crate) balance_after_minor: i64,
    pub(crate) entry_time: OffsetDateTime,
    pub(crate) transfer_type: String,
    pub(crate) response_code: i16,
    pub(crate) debit_account_id: Uuid,
    pub(crate) credit_account_id: Uuid,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) reference: String,
    pub(crate) debit_sequence: i64,
    pub(crate) credit_sequence: Option<i64>,
    pub(crate) request_id: Option<String>,
    pub(crate) request_hash: Option<Vec<u8>>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) api_key_id: Option<Uuid>,
    pub(crate) reverses: Option<Uuid>,
    pub(crate) payment_id: Option<Uuid>,
    /// JSON, an object of strings.
    pub(crate) metadata: Option<String>,
    pub(crate) outside_side: Option<String>,
    pub(crate) outside_name: Option<String>,
    pub(crate) outside_sort_code: Option<String>,
    pub(crate) outside_account_number: Option<String>,
    pub(crate) outside_iban: Option<String>,
    pub(crate) outside_bic_swift: Option<String>,
    pub(crate) transfer_time: OffsetDateTime,
}

/// Something that has no encoding: a time beyond 64 bits, or metadata that is no object of strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoEncoding;

impl Sealed {
    /// The hash of the leaf.
    pub(crate) fn leaf(&self, version: Version) -> Result<Hash, NoEncoding> {
        let mut bytes = Encoding::begin(version);
        bytes.uuid(self.tenant_id);
        bytes.uuid(self.account_id);
        bytes.int(self.sequence);
        bytes.uuid(self.transfer_id);
        bytes.text(&self.entry_type);
        bytes.text(&self.direction);
        bytes.int(self.entry_amount_minor);
        bytes.int(self.balance_after_minor);
        bytes.time(self.entry_time)?;
        bytes.text(&self.transfer_type);
        bytes.int(self.response_code.into());
        bytes.uuid(self.debit_account_id);
        bytes.uuid(self.credit_account_id);
        bytes.int(self.amount_minor);
        bytes.text(&self.currency);
        bytes.text(&self.reference);
        bytes.int(self.debit_sequence);
        bytes.optional(self.credit_sequence, Encoding::int);
        bytes.optional(self.request_id.as_deref(), Encoding::text);
        bytes.optional(self.request_hash.as_deref(), Encoding::bytes);
        bytes.optional(self.reverses, Encoding::uuid);
        bytes.optional(self.payment_id, Encoding::uuid);
        bytes.optional(self.pairs()?.as_ref(), Encoding::pairs);
        bytes.optional(self.outside_side.as_deref(), Encoding::text);
        bytes.optional(self.outside_name.as_deref(), Encoding::text);
        bytes.optional(self.outside_sort_code.as_deref(), Encoding::text);
        bytes.optional(self.outside_account_number.as_deref(), Encoding::text);
        bytes.optional(self.outside_iban.as_deref(), Encoding::text);
        bytes.optional(self.outside_bic_swift.as_deref(), Encoding::text);
        bytes.time(self.transfer_time)?;
        if version == Version::Second {
            bytes.optional(self.user_id, Encoding::uuid);
            bytes.optional(self.api_key_id, Encoding::uuid);
        }
        Ok(Sha256::digest(bytes.0).into())
    }

    fn pairs(&self) -> Result<Option<BTreeMap<String, String>>, NoEncoding> {
        let Some(json) = &self.metadata else { return Ok(None) };
        serde_json::from_str(json).map(Some).map_err(|_| NoEncoding)
    }
}

/// The bytes of a leaf: each value in a form that tells where it ends.
struct Encoding(Vec<u8>);

impl Encoding {
    fn begin(version: Version) -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.extend([LEAF, version as u8]);
        Self(bytes)
    }

    fn uuid(&mut self, id: Uuid) {
        self.0.extend(id.as_bytes());
    }

    fn int(&mut self, number: i64) {
        self.0.extend(number.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        // Nothing that PostgreSQL can hold in a row is longer.
        self.0.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn pairs(&mut self, pairs: &BTreeMap<String, String>) {
        self.length(pairs.len());
        for (key, value) in pairs {
            self.text(key);
            self.text(value);
        }
    }

    /// Microseconds since 1970.
    fn time(&mut self, time: OffsetDateTime) -> Result<(), NoEncoding> {
        let micros = time.unix_timestamp_nanos().div_euclid(1_000);
        self.int(i64::try_from(micros).map_err(|_| NoEncoding)?);
        Ok(())
    }

    fn optional<T>(&mut self, value: Option<T>, encode: fn(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            encode(self, value);
        }
    }
}

/// A Merkle tree as of RFC 6962, grown leaf by leaf; it keeps the roots of its perfect parts only.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    leaves: u64,
    parts: Vec<Hash>,
}

impl Tree {
    /// Adds a leaf by its hash.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut part = leaf;
        // Each trailing 1 of the count is a part as large as the one that is complete now.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.parts.pop() {
                part = node(&left, &part);
            }
        }
        self.parts.push(part);
        self.leaves = self.leaves.saturating_add(1);
    }

    /// How many leaves it has.
    pub(crate) fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root over all leaves; without any the hash of nothing.
    pub(crate) fn root(&self) -> Hash {
        let mut parts = self.parts.iter().rev();
        let Some(last) = parts.next() else { return Sha256::digest([]).into() };
        parts.fold(*last, |right, left| node(left, &right))
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let node = Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right);
    node.finalize().into()
}

/// The root of a seal: its span, the root of the account's seal before (32 zeros when it is the first),
/// and the tree of its leaves.
pub(crate) fn root(span: &Span, before: Option<&Hash>, tree: &Tree) -> Hash {
    let root = Sha256::new()
        .chain_update([ROOT])
        .chain_update(span.tenant.as_bytes())
        .chain_update(span.account.as_bytes())
        .chain_update(span.from.to_be_bytes())
        .chain_update(span.to.to_be_bytes())
        .chain_update(before.unwrap_or(&[0; 32]))
        .chain_update(tree.root());
    root.finalize().into()
}

/// The leaf that stands for a seal in the tree over all seals, whose leaves are in the order of tenant,
/// account and span.
pub(crate) fn leaf_of_seal(span: &Span, root: &[u8]) -> Hash {
    let leaf = Sha256::new()
        .chain_update([LEAF])
        .chain_update(span.tenant.as_bytes())
        .chain_update(span.account.as_bytes())
        .chain_update(span.from.to_be_bytes())
        .chain_update(span.to.to_be_bytes())
        .chain_update(root);
    leaf.finalize().into()
}

#[cfg(test)]
mod tests;

//! What an object is bound to.

/// Where an object belongs: what it is and the ids of its place, none of it secret. Two that differ in
/// any part are never the same bytes: every part carries its length.
#[derive(Debug, Clone)]
pub struct AssociatedData {
    bytes: Vec<u8>,
}

impl AssociatedData {
    /// Of objects of one sort, by a name that never changes: `lombard.kyc.document`.
    #[must_use]
    pub fn new(sort: &'static str) -> Self {
        Self { bytes: Vec::new() }.field(sort.as_bytes())
    }

    /// One more part of the place. Their order counts.
    #[must_use]
    pub fn field(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        self.bytes.extend_from_slice(part);
        self
    }

    pub(super) fn of_object(&self) -> Vec<u8> {
        self.within(b"object")
    }

    pub(super) fn of_key(&self) -> Vec<u8> {
        self.within(b"data key")
    }

    /// A wrapped key is never taken for an object, nor the other way round.
    fn within(&self, domain: &[u8]) -> Vec<u8> {
        Self { bytes: Vec::new() }
            .field(b"lombard.envelope.v1")
            .field(domain)
            .field(&self.bytes)
            .bytes
    }
}

//! Documents at rest: each is an object, encrypted under a data key of its own and bound to its tenant, its
//! verification and what it is. Which object a document is, and its wrapped data key, stand in the
//! database.
//!
//! An object is written before the row that makes it a document. What is cut off between the two leaves an
//! object that nobody knows of, and no document without its object; `upkeep` sweeps the former.

use kit::keys::{AssociatedData, KeyError, Keyring, WrappedKey};
use types::{TenantId, VerificationId};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    domain::{Document, Documents, MimeType, Side},
    error::Error,
    objects::{ObjectName, Objects},
};

/// The encrypted objects and their keys.
#[derive(Debug, Clone)]
pub(crate) struct Safe {
    keys: Keyring,
    objects: Objects,
}

/// Which document of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    pub(crate) tenant: TenantId,
    pub(crate) verification: VerificationId,
    pub(crate) side: Side,
    pub(crate) mime_type: MimeType,
}

impl Label {
    /// Never to be changed: what was sealed opens with this alone.
    fn associated_data(self) -> AssociatedData {
        AssociatedData::new("lombard.kyc.document")
            .field(self.tenant.uuid().as_bytes())
            .field(self.verification.uuid().as_bytes())
            .field(self.side.as_str())
            .field(self.mime_type.as_str())
    }
}

/// A document that is in the safe.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) label: Label,
    pub(crate) object: Uuid,
    pub(crate) key: WrappedKey,
}

impl Safe {
    pub(crate) fn new(keys: Keyring, objects: Objects) -> Self {
        Self { keys, objects }
    }

    /// Puts the documents of an attempt into the safe. They are durable, and nobody's until they are
    /// recorded.
    pub(crate) async fn keep_all(
        &self,
        tenant: TenantId,
        verification: VerificationId,
        documents: &Documents,
    ) -> Result<Vec<Kept>, Error> {
        let mut kept = Vec::new();
        for (side, document) in documents.iter() {
            let label = Label { tenant, verification, side, mime_type: document.mime_type() };
            kept.push(self.keep(label, document).await?);
        }
        Ok(kept)
    }

    /// Puts one document into the safe.
    pub(crate) async fn keep(&self, label: Label, document: &Document) -> Result<Kept, Error> {
        let sealed = self.keys.seal(document.content(), &label.associated_data())?;
        let object = Uuid::now_v7();
        self.objects
            .put(ObjectName { tenant: label.tenant, id: object }, sealed.ciphertext)
            .await?;
        Ok(Kept { label, object, key: sealed.key })
    }

    /// What is in a document. None: its object is not there, because it was erased or is lost.
    pub(crate) async fn open(&self, kept: &Kept) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let name = ObjectName { tenant: kept.label.tenant, id: kept.object };
        let Some(ciphertext) = self.objects.get(name).await? else { return Ok(None) };
        Ok(Some(self.keys.open(&kept.key, &ciphertext, &kept.label.associated_data())?))
    }

    /// A document's data key, wrapped by the newest key-encryption key; none when it is that already.
    pub(crate) fn rewrap(&self, kept: &Kept) -> Result<Option<WrappedKey>, KeyError> {
        self.keys.rewrap(&kept.key, &kept.label.associated_data())
    }

    pub(crate) fn newest_key_version(&self) -> i32 {
        self.keys.newest_version()
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }
}

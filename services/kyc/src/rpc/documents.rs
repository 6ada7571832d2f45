//! Documents in a request, with all that is wrong with them.

use kit::errors::Violations;
use proto::kyc::v1 as pb;

use crate::{
    domain::{Document, Documents, IdType, MimeType},
    prove::Prover,
};

/// Adds what shows only when the images are decoded. What else is wrong with them is left to [`parse`].
pub(super) async fn prove(
    prover: &Prover,
    message: &pb::CreateVerificationRequest,
    bad: &mut Violations,
) {
    let documents = [
        ("front.content", &message.front),
        ("back.content", &message.back),
        ("additional_data.content", &message.additional_data),
    ];
    for (field, document) in documents {
        let Some(document) = document else { continue };
        let Some(kind) = MimeType::parse(&document.mime_type) else { continue };
        bad.take(field, prover.check(kind, &document.content).await);
    }
}

/// The documents that prove an identity. A back is only missed where the kind of document is known.
pub(super) fn parse(
    id_type: Option<IdType>,
    front: Option<pb::Document>,
    back: Option<pb::Document>,
    additional_data: Option<pb::Document>,
    bad: &mut Violations,
) -> Option<Documents> {
    let front = required("front", front, bad);
    let back = if id_type.is_some_and(IdType::needs_back) {
        required("back", back, bad).map(Some)
    } else {
        optional("back", back, bad)
    };
    let additional_data = optional("additional_data", additional_data, bad);
    Some(Documents { front: front?, back: back?, additional_data: additional_data? })
}

fn required(field: &str, message: Option<pb::Document>, bad: &mut Violations) -> Option<Document> {
    let Some(message) = message else {
        bad.add(field, "is required");
        return None;
    };
    document(field, message, bad)
}

#[expect(clippy::option_option, reason = "bad, absent and present are three things")]
fn optional(
    field: &str,
    message: Option<pb::Document>,
    bad: &mut Violations,
) -> Option<Option<Document>> {
    match message {
        None => Some(None),
        Some(message) => document(field, message, bad).map(Some),
    }
}

fn document(field: &str, message: pb::Document, bad: &mut Violations) -> Option<Document> {
    let mime_type = bad.required(&format!("{field}.mime_type"), &message.mime_type, |text| {
        MimeType::parse(text).ok_or_else(|| {
            format!("must be one of {}", MimeType::ALL.map(MimeType::as_str).join(", "))
        })
    });
    let field = format!("{field}.content");
    let Some(mime_type) = mime_type else {
        bad.take(&field, Document::check_size(&message.content));
        return None;
    };
    bad.take(&field, Document::new(mime_type, message.content.into()))
}

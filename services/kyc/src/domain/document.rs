//! What a customer sends in to prove an identity: a file of a known kind. What it shows is not looked
//! at here.

use std::fmt;

/// Bytes of a document at most.
pub(crate) const MAX_CONTENT: usize = 4 * 1024 * 1024;

/// What a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MimeType {
    Jpeg,
    Bmp,
    Png,
    Pdf,
    Tiff,
}

impl MimeType {
    pub(crate) const ALL: [Self; 5] = [Self::Jpeg, Self::Bmp, Self::Png, Self::Pdf, Self::Tiff];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Bmp => "image/bmp",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
            Self::Tiff => "image/tiff",
        }
    }

    /// Names of media types are the same in either case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// Whether content begins as one of this kind does.
    fn begins(self, content: &[u8]) -> bool {
        match self {
            Self::Jpeg => content.starts_with(b"\xFF\xD8\xFF"),
            Self::Bmp => content.starts_with(b"BM"),
            Self::Png => content.starts_with(b"\x89PNG\r\n\x1A\n"),
            Self::Pdf => {
                let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
                content.trim_ascii_start().starts_with(b"%PDF-")
            }
            Self::Tiff => content.starts_with(b"II*\0") || content.starts_with(b"MM\0*"),
        }
    }
}

/// A file that is what its kind says, of a size that is taken.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Document {
    mime_type: MimeType,
    content: Vec<u8>,
}

/// Documents are personal data: only what they are is shown.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("mime_type", &self.mime_type).finish_non_exhaustive()
    }
}

/// Why content is not a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotADocument {
    #[error("must not be empty")]
    Empty,
    #[error("must be at most 4 MiB")]
    TooLarge,
    #[error("must be what the mime_type says, by its first bytes")]
    OtherKind,
}

impl Document {
    pub(crate) fn new(mime_type: MimeType, content: Vec<u8>) -> Result<Self, NotADocument> {
        Self::check(mime_type, &content)?;
        Ok(Self { mime_type, content })
    }

    /// Whether content is one of this kind.
    pub(crate) fn check(mime_type: MimeType, content: &[u8]) -> Result<(), NotADocument> {
        Self::check_size(content)?;
        if mime_type.begins(content) { Ok(()) } else { Err(NotADocument::OtherKind) }
    }

    /// One that was checked before.
    pub(crate) fn restore(mime_type: MimeType, content: Vec<u8>) -> Self {
        Self { mime_type, content }
    }

    /// What can be said of content whose kind is not known.
    pub(crate) fn check_size(content: &[u8]) -> Result<(), NotADocument> {
        match content.len() {
            0 => Err(NotADocument::Empty),
            1..=MAX_CONTENT => Ok(()),
            _ => Err(NotADocument::TooLarge),
        }
    }

    pub(crate) fn mime_type(&self) -> MimeType {
        self.mime_type
    }

    pub(crate) fn content(&self) -> &[u8] {
        &self.content
    }
}

/// Which of the documents of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Front,
    Back,
    AdditionalData,
}

impl Side {
    const ALL: [Self; 3] = [Self::Front, Self::Back, Self::AdditionalData];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.as_str() == text)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Back => "back",
            Self::AdditionalData => "additional_data",
        }
    }
}

/// The documents of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Documents {
    pub(crate) front: Document,
    pub(crate) back: Option<Document>,
    pub(crate) additional_data: Option<Document>,
}

impl Documents {
    /// Those that there are.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Side, &Document)> {
        let back = self.back.iter().map(|document| (Side::Back, document));
        let additional = self.additional_data.iter().map(|one| (Side::AdditionalData, one));
        std::iter::once((Side::Front, &self.front)).chain(back).chain(additional)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bytes of each kind, some in more than one form.
    const BEGINNINGS: [(MimeType, &[u8]); 8] = [
        (MimeType::Jpeg, b"\xFF\xD8\xFF\xE0"),
        (MimeType::Bmp, b"BM\x3A\0\0\0"),
        (MimeType::Png, b"\x89PNG\r\n\x1A\n\0"),
        (MimeType::Pdf, b"%PDF-1.7\n"),
        (MimeType::Pdf, b"\xEF\xBB\xBF%PDF-1.7\n"),
        (MimeType::Pdf, b"\r\n %PDF-1.7\n"),
        (MimeType::Tiff, b"II*\0\x08\0\0\0"),
        (MimeType::Tiff, b"MM\0*\0\0\0\x08"),
    ];

    #[test]
    fn content_is_taken_only_as_what_it_is() {
        for (is, content) in BEGINNINGS {
            for claimed in MimeType::ALL {
                let document = Document::new(claimed, content.to_vec());

                if claimed == is {
                    assert_eq!(document.map(|document| document.mime_type()), Ok(is));
                } else {
                    assert_eq!(document, Err(NotADocument::OtherKind), "{is:?} as {claimed:?}");
                }
            }
        }
    }

    #[test]
    fn four_mebibytes_are_the_most() {
        let mut content = b"BM".to_vec();
        content.resize(MAX_CONTENT, 0);
        assert!(Document::new(MimeType::Bmp, content.clone()).is_ok());

        content.push(0);

        assert_eq!(Document::new(MimeType::Bmp, content), Err(NotADocument::TooLarge));
        assert_eq!(Document::new(MimeType::Bmp, Vec::new()), Err(NotADocument::Empty));
    }

    #[test]
    fn a_media_type_is_read_in_either_case() {
        assert_eq!(MimeType::parse("image/JPEG"), Some(MimeType::Jpeg));
        assert_eq!(MimeType::parse("image/gif"), None);
    }

    #[test]
    fn a_document_does_not_show_its_content() {
        let document = Document::new(MimeType::Bmp, b"BM secret".to_vec()).unwrap();

        assert!(!format!("{document:?}").contains("66"));
    }
}

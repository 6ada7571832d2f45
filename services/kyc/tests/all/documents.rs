//! Documents of each kind that is taken.

use proto::kyc::v1::Document;
pub(crate) use testkit::files::{BMP, JPEG, PDF, PNG, TIFF};

/// Each kind's name, and one of it.
pub(crate) const ALL: [(&str, &[u8]); 5] = [
    ("image/jpeg", JPEG),
    ("image/bmp", BMP),
    ("image/png", PNG),
    ("application/pdf", PDF),
    ("image/tiff", TIFF),
];

pub(crate) fn document(mime_type: &str, content: &[u8]) -> Document {
    Document {
        mime_type: mime_type.to_owned(),
        content: content.to_vec().into(),
        ..Default::default()
    }
}

pub(crate) fn png() -> Document {
    document("image/png", PNG)
}

/// A bitmap's beginning and zeros, so many bytes in all.
pub(crate) fn bmp_of(bytes: usize) -> Document {
    let mut content = BMP.to_vec();
    content.resize(bytes, 0);
    document("image/bmp", &content)
}

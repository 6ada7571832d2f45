//! The smallest real file of each kind that is taken.

use proto::kyc::v1::Document;

/// A white pixel.
pub(crate) const PNG: &[u8] = b"\
    \x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9BU\0\0\0\nIDATx\xDAc\
    \xF8\x0F\0\x01\x01\x01\0\x1C\xB0\x8C\x99\0\0\0\0IEND\xAEB`\x82";

/// A grey pixel.
pub(crate) const JPEG: &[u8] = b"\
    \xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xDB\0C\0\x01\x01\x01\x01\x01\
    \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\
    \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\
    \x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\xFF\xC0\0\x0B\x08\0\x01\0\
    \x01\x01\x01\x11\0\xFF\xC4\0\x14\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xC4\0\x14\x10\
    \x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xDA\0\x08\x01\x01\0\0?\0?\xFF\xD9";

/// A white pixel.
pub(crate) const BMP: &[u8] = b"\
    BM:\0\0\0\0\0\0\x006\0\0\0(\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0\0\0\0\0\x04\0\0\0\x13\
    \x0B\0\0\x13\x0B\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xFF\0";

/// A white pixel.
pub(crate) const TIFF: &[u8] = b"\
    II*\0\x08\0\0\0\x09\0\0\x01\x03\0\x01\0\0\0\x01\0\0\0\x01\x01\x03\0\x01\0\0\0\x01\0\0\0\
    \x02\x01\x03\0\x01\0\0\0\x08\0\0\0\x03\x01\x03\0\x01\0\0\0\x01\0\0\0\x06\x01\x03\0\x01\0\
    \0\0\x01\0\0\0\x11\x01\x04\0\x01\0\0\0z\0\0\0\x15\x01\x03\0\x01\0\0\0\x01\0\0\0\x16\x01\
    \x03\0\x01\0\0\0\x01\0\0\0\x17\x01\x04\0\x01\0\0\0\x01\0\0\0\0\0\0\0\xFF";

/// An empty page.
pub(crate) const PDF: &[u8] = b"\
    %PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj<</T\
    ype/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj<</Type/Page/Parent 2\
    \x200 R/MediaBox[0 0 9 9]>>\nendobj\nxref\n0 4\n0000000000 65535 f\
    \x20\n0000000009 00000 n \n0000000053 00000 n \n0000000103 00000\
    \x20n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n163\n%%EOF\n";

/// Each kind's name, and one of it.
pub(crate) const ALL: [(&str, &[u8]); 5] = [
    ("image/jpeg", JPEG),
    ("image/bmp", BMP),
    ("image/png", PNG),
    ("application/pdf", PDF),
    ("image/tiff", TIFF),
];

pub(crate) fn document(mime_type: &str, content: &[u8]) -> Document {
    Document { mime_type: mime_type.to_owned(), content: content.to_vec(), ..Default::default() }
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

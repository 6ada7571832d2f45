//! Files inside JSON: base64, as lenient as real clients are different.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of a file in standard base64, with or without padding, white space between, or the
/// beginning of a `data:` URL.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let encoded = match text.trim_start().strip_prefix("data:") {
        Some(url) => {
            let (media, encoded) = url.split_once(',')?;
            media.trim_end().ends_with(";base64").then_some(encoded)?
        }
        None => text,
    };
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    if encoded.bytes().any(|byte| is_space(&byte)) {
        let packed: Vec<u8> = encoded.bytes().filter(|byte| !is_space(byte)).collect();
        return LENIENT.decode(packed).ok();
    }
    LENIENT.decode(encoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_written_in_many_ways() {
        for text in [
            "iVBORw==",
            "iVBORw",
            "iVBO\r\nRw==\n",
            " iVBORw==",
            "data:image/png;base64,iVBORw==",
            "data:image/png;name=a.png;base64, iVBORw",
            "data:;base64,iVBORw",
        ] {
            assert_eq!(decode(text).as_deref(), Some(&b"\x89PNG"[..]), "{text}");
        }
        assert_eq!(decode("+/+/").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["64BITFORMAT", "-_-_", "a", "é", "data:image/png,iVBORw", "data:"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}

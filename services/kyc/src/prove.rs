//! Proves that images are what they say, by decoding them. Whoever sends an image chooses what its decoding
//! costs, up to these limits: pixels, memory, time, and how many are decoded at once.

use std::{io::Cursor, sync::Arc, time::Duration};

use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use tokio::sync::Semaphore;

use crate::{
    domain::{Document, MimeType},
    error::Error,
};

/// A page of A4 at 600 dots an inch has 35 million.
const MAX_PIXELS: u64 = 40_000_000;
/// In one direction.
const MAX_SIDE: u32 = 20_000;
/// Bytes that a decoder may take, the decoded image among them.
const MAX_MEMORY: u64 = 192 * 1024 * 1024;
/// An image of the most pixels takes about a second where nobody else has work.
const MAX_TIME: Duration = Duration::from_secs(5);
/// Images that are decoded at a time.
const AT_ONCE: usize = 2;

/// Decodes images, a few at a time.
#[derive(Debug, Clone)]
pub(crate) struct Prover {
    permits: Arc<Semaphore>,
    max_time: Duration,
}

/// Why an image is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAnImage {
    #[error("must be an image that can be decoded")]
    Broken,
    #[error("must be an image of at most 40 million pixels, and 20,000 in a row or column")]
    TooLarge,
}

impl Prover {
    pub(crate) fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), max_time: MAX_TIME }
    }

    /// Whether content is a whole image of a kind. Content that is not taken for another reason, and a PDF,
    /// are not looked at. The caller's deadline bounds the wait for others.
    ///
    /// The outer error says nothing of the image: there was no time to decode it.
    pub(crate) async fn check(
        &self,
        kind: MimeType,
        content: &[u8],
    ) -> Result<Result<(), NotAnImage>, Error> {
        let Some(format) = format(kind) else { return Ok(Ok(())) };
        if Document::check(kind, content).is_err() {
            return Ok(Ok(()));
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        // Copied when it is its turn: those who wait hold their request's memory alone.
        let content = content.to_vec();
        let decoding = tokio::task::spawn_blocking(move || {
            // Held until the decoding has ended, also when nobody waits for it any more.
            let _permit = permit;
            decode(format, &content)
        });
        match tokio::time::timeout(self.max_time, decoding).await {
            Ok(Ok(decoded)) => Ok(decoded),
            // A decoder that panics has not decoded it.
            Ok(Err(_)) => Ok(Err(NotAnImage::Broken)),
            Err(_) => Err(Error::DecodingTooSlow),
        }
    }
}

pub(crate) fn format(kind: MimeType) -> Option<ImageFormat> {
    match kind {
        MimeType::Jpeg => Some(ImageFormat::Jpeg),
        MimeType::Bmp => Some(ImageFormat::Bmp),
        MimeType::Png => Some(ImageFormat::Png),
        MimeType::Tiff => Some(ImageFormat::Tiff),
        MimeType::Pdf => None,
    }
}

pub(crate) fn decode(format: ImageFormat, content: &[u8]) -> Result<(), NotAnImage> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|error| why(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width).saturating_mul(height.into()) > MAX_PIXELS {
        return Err(NotAnImage::TooLarge);
    }
    let bytes = decoder.total_bytes();
    limits.reserve(bytes).map_err(|error| why(&error))?;
    decoder.set_limits(limits).map_err(|error| why(&error))?;
    let length = usize::try_from(bytes).map_err(|_| NotAnImage::TooLarge)?;
    decoder.read_image(&mut vec![0; length]).map_err(|error| why(&error))
}

fn why(error: &ImageError) -> NotAnImage {
    match error {
        ImageError::Limits(_) => NotAnImage::TooLarge,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => NotAnImage::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_time_to_decode_says_nothing_of_the_image() {
        let mut image = Cursor::new(Vec::new());
        image::DynamicImage::new_luma8(2000, 2000).write_to(&mut image, ImageFormat::Png).unwrap();
        let (whole, busy) = (Prover::new(), Prover { max_time: Duration::ZERO, ..Prover::new() });

        let decoded = whole.check(MimeType::Png, image.get_ref()).await;
        let undecoded = busy.check(MimeType::Png, image.get_ref()).await;

        assert!(matches!(decoded, Ok(Ok(()))));
        assert!(matches!(undecoded, Err(Error::DecodingTooSlow)));
    }
}

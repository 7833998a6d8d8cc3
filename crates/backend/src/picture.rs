//! Turns an uploaded image into a small square one.
//!
//! What is served is always encoded here, never the bytes that somebody
//! uploaded. This module knows no users and touches no files.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

/// The width and height of a picture, in pixels.
pub(crate) const SIDE: u32 = 256;

/// An image may not be wider or higher than this, in pixels.
const MAX_SIDE: u32 = 16_384;

/// How much memory the decoder may use, in bytes: a few kilobytes of upload can
/// claim to be a picture of many gigabytes.
const MAX_ALLOC: u64 = 256 << 20;

/// From 0 to 100.
const JPEG_QUALITY: u8 = 85;

/// A square picture, encoded.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    /// The extension of the file name, which also tells the format.
    pub(crate) extension: &'static str,
}

/// Why an image cannot be used. The text finishes a sentence that begins with
/// the name of the part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("must be a PNG, JPEG, GIF or WebP image")]
    Unknown,
    #[error("must be at most {MAX_SIDE} pixels wide and high, and need at most 256 MiB to decode")]
    TooLarge(#[source] ImageError),
    #[error("is damaged and cannot be decoded as {}", name(*.0))]
    Damaged(ImageFormat, #[source] ImageError),
    #[error("could not be encoded")]
    Encode(#[source] ImageError),
}

/// Decodes `bytes`, turns the image upright, crops it to the square in its
/// middle and scales that to [`SIDE`]. With transparency the picture is a PNG,
/// otherwise a JPEG. Of an animation the first frame counts.
pub(crate) fn square(bytes: &[u8]) -> Result<Picture, PictureError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| PictureError::Encode(ImageError::IoError(error)))?;
    let format = reader
        .format()
        .filter(ImageFormat::reading_enabled)
        .ok_or(PictureError::Unknown)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);

    let undecodable = |error| match error {
        ImageError::Limits(_) => PictureError::TooLarge(error),
        error => PictureError::Damaged(format, error),
    };
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    // Orientation is advice in the metadata; an image without readable advice
    // is upright.
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;

    let side = image.width().min(image.height());
    let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
    image = image
        .crop_imm(left, top, side, side)
        .resize_exact(SIDE, SIDE, FilterType::Lanczos3);
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    encode(image).map_err(PictureError::Encode)
}

fn encode(image: DynamicImage) -> Result<Picture, ImageError> {
    let mut bytes = Vec::new();
    if image.color().has_alpha() {
        image
            .into_rgba8()
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?;
        Ok(Picture {
            bytes,
            extension: "png",
        })
    } else {
        image
            .into_rgb8()
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
        Ok(Picture {
            bytes,
            extension: "jpg",
        })
    }
}

fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Gif => "GIF",
        ImageFormat::WebP => "WebP",
        _ => "an image",
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    const RED: Rgb<u8> = Rgb([255, 0, 0]);
    const BLUE: Rgb<u8> = Rgb([0, 0, 255]);

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image
            .into()
            .write_to(&mut Cursor::new(&mut bytes), format)
            .expect("encodes");
        bytes
    }

    #[track_caller]
    fn check(bytes: &[u8], extension: &str) -> RgbaImage {
        let picture = square(bytes).expect("is an image");
        assert_eq!(picture.extension, extension);
        let image =
            image::load_from_memory(&picture.bytes).expect("what was encoded can be decoded");
        assert_eq!((image.width(), image.height()), (SIDE, SIDE));
        image.into_rgba8()
    }

    #[track_caller]
    fn check_refused(bytes: &[u8], expected: &str) {
        let error = square(bytes).expect_err("must be refused");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn every_format_becomes_a_square() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            check(&encoded(RgbImage::from_pixel(300, 500, RED), format), "jpg");
        }
        check(
            &encoded(
                RgbaImage::from_pixel(300, 500, Rgba([255, 0, 0, 255])),
                ImageFormat::Gif,
            ),
            "png",
        );
    }

    #[test]
    fn a_small_image_is_enlarged() {
        check(
            &encoded(RgbImage::from_pixel(1, 1, RED), ImageFormat::Png),
            "jpg",
        );
    }

    #[test]
    fn transparency_is_kept() {
        let clear = RgbaImage::from_pixel(10, 10, Rgba([0, 0, 0, 0]));
        assert_eq!(
            check(&encoded(clear, ImageFormat::Png), "png")
                .get_pixel(128, 128)
                .0[3],
            0
        );
    }

    #[test]
    fn the_middle_is_kept() {
        // Red, with a blue square in the middle that the crop just takes.
        let wide = RgbImage::from_fn(
            900,
            300,
            |x, _| if (300..600).contains(&x) { BLUE } else { RED },
        );
        let high = RgbImage::from_fn(
            300,
            900,
            |_, y| if (300..600).contains(&y) { BLUE } else { RED },
        );
        for image in [wide, high] {
            let picture = check(&encoded(image, ImageFormat::Png), "jpg");
            for (x, y) in [(2, 2), (253, 2), (2, 253), (253, 253), (128, 128)] {
                let [red, _, blue, _] = picture.get_pixel(x, y).0;
                assert!(red < 40 && blue > 215, "red {red}, blue {blue} at {x}, {y}");
            }
        }
    }

    #[test]
    fn a_photo_is_turned_upright() {
        // Left red, right blue, and the advice to turn it clockwise.
        let image = RgbImage::from_fn(100, 100, |x, _| if x < 50 { RED } else { BLUE });
        let turn_clockwise = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder
            .set_exif_metadata(turn_clockwise.to_vec())
            .expect("is supported");
        DynamicImage::from(image)
            .write_with_encoder(encoder)
            .expect("encodes");

        let picture = check(&bytes, "jpg");
        assert!(
            picture.get_pixel(128, 5).0[0] > 215,
            "the left side is on top"
        );
        assert!(
            picture.get_pixel(128, 250).0[2] > 215,
            "the right side is at the bottom"
        );
    }

    #[test]
    fn what_is_no_image_is_refused() {
        check_refused(b"", "must be a PNG, JPEG, GIF or WebP image");
        check_refused(
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "must be a PNG, JPEG, GIF or WebP image",
        );
    }

    #[test]
    fn half_an_image_is_refused() {
        let whole = encoded(RgbImage::from_pixel(300, 300, RED), ImageFormat::Png);
        check_refused(
            &whole[..whole.len() / 2],
            "is damaged and cannot be decoded as PNG",
        );
    }

    #[test]
    fn a_decompression_bomb_is_refused_before_it_is_decoded() {
        // A valid header of a PNG that claims 60,000 pixels each way.
        let bytes = encoded(RgbImage::from_pixel(1, 1, RED), ImageFormat::Png);
        let mut bomb = bytes.clone();
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        check_refused(
            &bomb,
            "must be at most 16384 pixels wide and high, and need at most 256 MiB to decode",
        );
    }

    /// The checksum of a PNG chunk.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
            })
        })
    }
}

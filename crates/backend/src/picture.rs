//! Turns an uploaded image into a small square one.
//!
//! What is served is always encoded here, never the bytes that somebody
//! uploaded. This module knows no users and touches no files.
//!
//! # Memory
//!
//! A few kilobytes of upload can claim to be a picture of many gigabytes, so the
//! size in the header decides before anything is decoded. The decoded image is the
//! one large buffer that is made here: whatever is computed of it is as large as
//! what is left. Decoders of progressive JPEG and of animated WebP need up to twice
//! as much beside it. The guide of the backend has what was measured.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

/// The width and height of a picture, in pixels.
pub(crate) const SIDE: u32 = 256;

/// How many pixels an image may have.
const MAX_PIXELS: u64 = 25_000_000;

/// How many of them may be in a row or a column. A decoder keeps a few rows.
const MAX_SIDE: u32 = 16_384;

/// How much memory the metadata of an image may take, in bytes.
const MAX_METADATA: u64 = 16 << 20;

/// How much memory a frame of an animation may take beside the image, in bytes.
const MAX_FRAME: u64 = 4 * MAX_PIXELS;

/// To this side an image is reduced by averaging, which takes no memory beside
/// what is left. The filter that gives better pictures does the rest.
const REDUCED: u32 = 4 * SIDE;

/// From 0 to 100.
const JPEG_QUALITY: u8 = 85;

/// A square picture, encoded.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) bytes: Bytes,
    /// The extension of the file name, which also tells the format.
    pub(crate) extension: &'static str,
}

/// Why an image cannot be used. The text finishes a sentence that begins with
/// the name of the part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    #[error("must be a PNG, JPEG, GIF or WebP image")]
    Unknown,
    #[error(
        "has {width} × {height} = {} pixels, and may have {MAX_PIXELS} at most, with no side \
         longer than {MAX_SIDE}",
        u64::from(*width) * u64::from(*height)
    )]
    TooLarge { width: u32, height: u32 },
    #[error("needs more memory to decode than an image may take")]
    TooMuchMemory(#[source] ImageError),
    #[error("is damaged and cannot be decoded as {}", name(*.0))]
    Damaged(ImageFormat, #[source] ImageError),
    #[error("is damaged: a part of it ends after the file")]
    Truncated,
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
    if format == ImageFormat::WebP {
        let chunks = bytes.get(12..).unwrap_or_default();
        check_chunks(chunks, Level::File)?;
    }
    reader.limits(at_most(MAX_METADATA));

    let undecodable = |error| match error {
        ImageError::Limits(_) => PictureError::TooMuchMemory(error),
        error => PictureError::Damaged(format, error),
    };
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    // Orientation is advice in the metadata; an image without readable advice
    // is upright.
    let orientation = decoder.orientation().ok();
    decoder
        .set_limits(at_most(MAX_FRAME))
        .map_err(undecodable)?;
    let image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;

    let has_alpha = image.color().has_alpha();
    let mut small =
        DynamicImage::from(middle(&image)).resize_exact(SIDE, SIDE, FilterType::Lanczos3);
    drop(image);
    if let Some(orientation) = orientation {
        small.apply_orientation(orientation);
    }
    encode(small, has_alpha).map_err(PictureError::Encode)
}

/// The square in the middle of an image, reduced to what the filter may take.
fn middle(image: &DynamicImage) -> image::RgbaImage {
    let side = image.width().min(image.height());
    let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
    let square = imageops::crop_imm(image, left, top, side, side);
    if side > REDUCED {
        imageops::thumbnail(&*square, REDUCED, REDUCED)
    } else {
        square.to_image()
    }
}

fn at_most(bytes: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(bytes);
    limits
}

fn check_size(width: u32, height: u32) -> Result<(), PictureError> {
    if width.max(height) > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooLarge { width, height });
    }
    Ok(())
}

/// Where chunks of a WebP file are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    File,
    Frame,
}

/// Checks the chunks of a WebP file. The [decoder] reserves what a chunk claims to
/// have, and what the header of a lossy frame claims, before it compares that with
/// anything.
///
/// [decoder]: https://developers.google.com/speed/webp/docs/riff_container
fn check_chunks(mut chunks: &[u8], level: Level) -> Result<(), PictureError> {
    while let Some((&[a, b, c, d, size @ ..], rest)) = chunks.split_first_chunk::<8>() {
        let size = u32::from_le_bytes(size) as usize;
        let content = rest.get(..size).ok_or(PictureError::Truncated)?;
        match &[a, b, c, d] {
            // Its own chunks begin after where it lies and how long it is shown.
            b"ANMF" if level == Level::File => {
                check_chunks(content.get(16..).unwrap_or_default(), Level::Frame)?;
            }
            b"VP8 " => {
                // A tag and a start code come before the size, which has 14 bits.
                if let Some(&[_, _, _, _, _, _, a, b, c, d]) = content.first_chunk::<10>() {
                    let width = u16::from_le_bytes([a, b]) & 0x3fff;
                    let height = u16::from_le_bytes([c, d]) & 0x3fff;
                    check_size(width.into(), height.into())?;
                }
            }
            _ => {}
        }
        // Chunks begin at even places.
        chunks = rest.get(size + size % 2..).unwrap_or_default();
    }
    Ok(())
}

fn encode(image: DynamicImage, has_alpha: bool) -> Result<Picture, ImageError> {
    let mut bytes = Vec::new();
    if has_alpha {
        image
            .into_rgba8()
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)?;
        Ok(Picture {
            bytes: bytes.into(),
            extension: "png",
        })
    } else {
        image
            .into_rgb8()
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
        Ok(Picture {
            bytes: bytes.into(),
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

    /// A PNG of one pixel whose header claims this size.
    fn claiming(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = encoded(RgbImage::from_pixel(1, 1, RED), ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    #[track_caller]
    fn check_too_large(bytes: &[u8], found: &str) {
        let allowed = "and may have 25000000 at most, with no side longer than 16384";
        check_refused(bytes, &format!("has {found} pixels, {allowed}"));
    }

    #[test]
    fn the_header_decides_whether_an_image_is_too_large() {
        check_too_large(&claiming(16_384, 16_384), "16384 × 16384 = 268435456");
        check_too_large(&claiming(5_000, 5_001), "5000 × 5001 = 25005000");
        check_too_large(&claiming(16_385, 1), "16385 × 1 = 16385");
        // Not too large, so it is decoded.
        check_refused(
            &claiming(5_000, 5_000),
            "is damaged and cannot be decoded as PNG",
        );
    }

    #[test]
    fn a_row_of_gigabytes_is_refused() {
        check_refused(
            &claiming(1 << 30, 1),
            "needs more memory to decode than an image may take",
        );
    }

    #[test]
    fn a_large_image_becomes_a_square() {
        // Twice what the filter takes, and not a multiple of it.
        let (width, height) = (2_100, 3_000);
        let image = RgbImage::from_fn(
            width,
            height,
            |_, y| if y < height / 2 { RED } else { BLUE },
        );
        let picture = check(&encoded(image, ImageFormat::Png), "jpg");
        assert!(picture.get_pixel(128, 120).0[0] > 215, "red is on top");
        assert!(picture.get_pixel(128, 136).0[2] > 215, "blue is below");
    }

    #[test]
    fn sixteen_bits_are_enough() {
        let deep = image::ImageBuffer::from_pixel(1_500, 1_500, Rgb([u16::MAX, 0, 0]));
        let picture = check(
            &encoded(DynamicImage::ImageRgb16(deep), ImageFormat::Png),
            "jpg",
        );
        assert!(picture.get_pixel(128, 128).0[0] > 240);
    }

    /// A GIF with a screen of one size and a frame of another, which is not there.
    fn gif(screen: u16, frame: u16) -> Vec<u8> {
        let mut bytes = b"GIF89a".to_vec();
        bytes.extend([screen.to_le_bytes(), screen.to_le_bytes()].concat());
        // A palette of two colours, and the frame with its place and size.
        bytes.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255, b',', 0, 0, 0, 0]);
        bytes.extend([frame.to_le_bytes(), frame.to_le_bytes()].concat());
        bytes.extend([0, 2, 0, b';']);
        bytes
    }

    #[test]
    fn an_animation_on_a_huge_screen_is_refused() {
        check_too_large(&gif(u16::MAX, 1), "65535 × 65535 = 4294836225");
    }

    #[test]
    fn a_frame_that_is_larger_than_its_screen_is_bounded_too() {
        check_refused(
            &gif(1, u16::MAX),
            "needs more memory to decode than an image may take",
        );
    }

    /// A chunk of a WebP file.
    fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len())
            .expect("is short")
            .to_le_bytes();
        [&name[..], &size, content].concat()
    }

    /// A WebP file of 2 by 2 pixels with these chunks.
    fn webp(flags: u8, chunks: &[u8]) -> Vec<u8> {
        let header = chunk(*b"VP8X", &[flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]);
        let content = [b"WEBP", &header[..], chunks].concat();
        chunk(*b"RIFF", &content)
    }

    /// The header of a lossy frame with this side.
    fn frame(side: u16) -> Vec<u8> {
        let [low, high] = side.to_le_bytes();
        chunk(
            *b"VP8 ",
            &[0x10, 0, 0, 0x9d, 0x01, 0x2a, low, high, low, high],
        )
    }

    #[test]
    fn a_frame_that_is_larger_than_its_webp_file_is_refused() {
        let found = "16383 × 16383 = 268402689";
        check_too_large(&webp(0, &frame(16_383)), found);
        let place = [0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let animated = chunk(*b"ANMF", &[&place[..], &frame(16_383)].concat());
        check_too_large(&webp(2, &animated), found);
    }

    #[test]
    fn a_chunk_that_claims_gigabytes_is_refused() {
        let mut exif = chunk(*b"EXIF", b"");
        exif[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        check_refused(
            &webp(8, &exif),
            "is damaged: a part of it ends after the file",
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

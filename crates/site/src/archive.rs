//! Files in one archive.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};

use crate::input::Source;

/// The size of a block of a tar archive.
const BLOCK: usize = 512;

/// A gzipped tar archive (POSIX.1-1988, "ustar") of files below a directory. It is the
/// same for the same files, whoever makes it and when.
///
/// # Errors
///
/// A path or a file is too long for the format.
pub(crate) fn tar_gz(directory: &str, files: &[Source]) -> io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    for file in files {
        let path = format!("{directory}/{}", file.path);
        let bytes = file.content.as_bytes();
        gzip.write_all(&header(&path, bytes.len())?)?;
        gzip.write_all(bytes)?;
        gzip.write_all(&vec![0; bytes.len().next_multiple_of(BLOCK) - bytes.len()])?;
    }
    gzip.write_all(&[0; 2 * BLOCK])?;
    gzip.finish()
}

fn header(path: &str, size: usize) -> io::Result<[u8; BLOCK]> {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, most: usize, text: &str| {
        let bytes = text.as_bytes();
        if bytes.len() > most {
            let message = format!("{text:?} is longer than {most} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        header[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    };
    put(0, 100, path)?;
    put(100, 7, "0000644")?;
    put(108, 7, "0000000")?;
    put(116, 7, "0000000")?;
    put(124, 11, &format!("{size:011o}"))?;
    put(136, 11, "00000000000")?;
    // The sum counts itself as blanks.
    put(148, 8, "        ")?;
    put(156, 1, "0")?;
    put(257, 6, "ustar\0")?;
    put(263, 2, "00")?;
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    header[148..156].copy_from_slice(sum.as_bytes());
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn source(path: &str, content: &str) -> Source {
        Source {
            path: path.to_owned(),
            content: content.to_owned(),
        }
    }

    #[test]
    fn an_archive_has_whole_blocks_and_two_empty_ones() {
        let archive = tar_gz("proto", &[source("a.proto", "abc"), source("b.proto", "")]).unwrap();
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(archive.as_slice())
            .read_to_end(&mut tar)
            .unwrap();
        assert_eq!(tar.len(), 5 * BLOCK);
        assert!(tar.starts_with(b"proto/a.proto\0"));
        assert_eq!(&tar[BLOCK..BLOCK + 4], b"abc\0");
        assert!(tar[3 * BLOCK..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_path_that_is_too_long_is_refused() {
        let long = source(&"a".repeat(100), "");
        tar_gz("proto", &[long]).unwrap_err();
    }
}

//! The files of a site.

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// A file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path from the root of the site, such as `grpc/user.html`.
    pub path: String,
    /// Its media type, with the character set where it has one.
    pub media_type: &'static str,
    /// What a browser may do for it, in the form of a `Content-Security-Policy`
    /// ([CSP3](https://www.w3.org/TR/CSP3/)). Pages alone have one.
    pub policy: Option<String>,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Plain(Vec<u8>),
    /// What these bytes are when gzip ([RFC 1952]) is undone.
    ///
    /// [RFC 1952]: https://www.rfc-editor.org/rfc/rfc1952
    Gzip(&'static [u8]),
}

impl File {
    /// Returns what the file holds.
    ///
    /// # Errors
    ///
    /// What is kept compressed is damaged.
    pub fn bytes(&self) -> io::Result<Cow<'_, [u8]>> {
        match &self.content {
            Content::Plain(bytes) => Ok(bytes.into()),
            Content::Gzip(bytes) => {
                let mut plain = Vec::new();
                GzDecoder::new(*bytes).read_to_end(&mut plain)?;
                Ok(plain.into())
            }
        }
    }

    /// Returns what the file holds, compressed with gzip. It is the same for the same
    /// file.
    ///
    /// # Errors
    ///
    /// None that memory does not have.
    pub fn gzip(&self) -> io::Result<Cow<'_, [u8]>> {
        match &self.content {
            Content::Plain(bytes) => {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
                gzip.write_all(bytes)?;
                Ok(gzip.finish()?.into())
            }
            Content::Gzip(bytes) => Ok((*bytes).into()),
        }
    }
}

//! The documentation of the API as a static site.
//!
//! [`build`] turns the OpenAPI document, the descriptors and what else is published of
//! the contract into files: pages, downloads, and what the pages need. Every page works
//! from any directory of any web server, since all links among them are relative.
//!
//! The crate reads and writes no files, opens no connection and knows no resource. Its
//! pages load nothing from elsewhere; [`File::policy`] holds a browser to that.

mod api;
mod archive;
mod assets;
mod changelog;
mod comments;
mod downloads;
mod grpc;
mod home;
mod html;
mod markdown;
mod operations;
mod page;
mod policy;
mod reasons;
mod reference;
mod rest;
mod search;
mod start;
mod types;

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost_reflect::DescriptorPool;
use serde_json::Value;

use crate::api::Api;
use crate::rest::Rest;

/// A reason that errors of the API have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its name, such as `NOT_FOUND`.
    pub name: String,
    /// The HTTP status of the errors that have it.
    pub status: u16,
    /// What it tells a caller, in Markdown.
    pub meaning: String,
}

/// A file that is offered as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path, such as `schemas/User.json`.
    pub path: String,
    /// What it holds.
    pub content: String,
}

/// What a site is made from.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The OpenAPI documents and the JSON Schemas, by their paths below `openapi/`. The
    /// REST reference is made from `openapi.json`.
    pub documents: &'a [Source],
    /// The encoded descriptors of the gRPC services and of all that they import.
    pub descriptors: &'a [u8],
    /// The protos, by the paths under which they import each other.
    pub protos: &'a [Source],
    /// The changes of the contract, in Markdown.
    pub changelog: &'a str,
    /// The reasons that errors have.
    pub reasons: &'a [Reason],
}

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

/// Why there is no site.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no `openapi.json` among the documents.
    #[error("no openapi.json is among the documents, and the REST reference is made from it")]
    NoDocument,
    /// The OpenAPI document is not JSON.
    #[error("openapi.json is not JSON")]
    Document(#[source] serde_json::Error),
    /// The descriptors do not hold together.
    #[error("the descriptors of the gRPC services cannot be read")]
    Descriptors(#[source] prost_reflect::DescriptorError),
    /// The archive of the protos cannot be written.
    #[error("the protos cannot be put into an archive")]
    Archive(#[source] io::Error),
}

/// Makes every file of the site.
///
/// # Errors
///
/// The document or the descriptors cannot be read.
pub fn build(input: &Input<'_>) -> Result<Vec<File>, Error> {
    let document = input
        .documents
        .iter()
        .find(|document| document.path == "openapi.json")
        .ok_or(Error::NoDocument)?;
    let document: Value = serde_json::from_str(&document.content).map_err(Error::Document)?;
    let pool = DescriptorPool::decode(input.descriptors).map_err(Error::Descriptors)?;
    let rest = Rest::read(&document);
    let api = Api::read(&pool, &rest);

    let mut pages = vec![
        home::page(&rest, &api),
        operations::page(&rest, &api),
        reasons::page(input.reasons, &document),
        changelog::page(input.changelog),
        downloads::page(input, &document),
    ];
    pages.extend(start::pages(&api));
    pages.extend(grpc::pages(&api, &rest));

    let mut files = vec![search::index(&pages, &rest, &api, input.reasons)];
    files.push(reference::page(&document, &rest, &api));
    files.extend(pages.iter().map(|page| page.file(&rest.version)));
    files.extend(downloads::files(input)?);
    files.extend(assets::files());
    Ok(files)
}

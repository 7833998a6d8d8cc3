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
mod error;
mod file;
mod grpc;
mod home;
mod html;
mod input;
mod markdown;
mod not_found;
mod operations;
mod page;
mod policy;
mod reasons;
mod reference;
mod rest;
mod search;
mod start;
mod types;

pub use error::Error;
pub use file::{Content, File};
pub use input::{Input, Reason, Source};
use prost_reflect::DescriptorPool;
use serde_json::Value;

use crate::api::Api;
use crate::rest::Rest;

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
    files.push(not_found::file(input.root, &rest.version));
    files.extend(downloads::files(input)?);
    files.extend(assets::files());
    Ok(files)
}

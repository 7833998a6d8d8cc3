//! What has changed between two OpenAPI documents, and whom it breaks.
//!
//! [`diff`] judges changes by what they do to the values that travel: what a
//! request may hold may only grow, what a response can hold may only shrink.
//! How a document is written does not matter: moving a schema behind a
//! reference, spelling `null` differently or changing an order is no change.
//!
//! What cannot be shown to be safe is an error: a changed pattern that is not
//! regular, a condition with another test. So is what takes from clients that
//! conform although every value stays valid: a property that is no longer read
//! or sent, another default. A warning is left for what only the two parties
//! can know, such as a format that no standard defines.
//!
//! Two readings are those of practice, not of JSON Schema. Properties that no
//! schema declares are not sent, so declaring one is no restriction. And
//! objects of a new branch of `oneOf` are told from the old ones.
//!
//! The crate opens no files and no connections; see [`Document::load`].

#![forbid(unsafe_code)]

// The example in the README is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod alternatives;
mod bounds;
mod canonical;
mod children;
mod classes;
mod compare;
mod dialect;
mod digits;
mod document;
mod ecmascript;
mod error;
mod file;
mod finding;
mod join;
mod json;
mod level;
mod lines;
mod link;
mod media;
mod number_set;
mod operation_list;
mod operations;
mod path_items;
mod pattern;
mod places;
mod registry;
pub mod rules;
mod sentence;
mod stack;
mod yaml;

pub use jiff::civil::Date;

pub use url::Url;

pub use bounds::{MAX_BYTES, MAX_FILES};
pub use document::Document;
pub use error::{BoxError, DocumentError};
pub use file::SourceText;
pub use finding::{Finding, Location};
pub use level::{Direction, Level};
pub use link::Referred;
pub use operation_list::OperationList;
pub use rules::Rule;
pub use stack::on_deep_stack;
pub use yaml::YamlError;

/// Every change from `base` to `revision`, the worst first. A deprecated operation may
/// go once its sunset (`x-sunset`) is reached by `today`.
pub fn diff(base: &Document, revision: &Document, today: Date) -> Vec<Finding> {
    let mut findings = on_deep_stack(|| operations::documents(base, revision, today));
    let places = findings.iter_mut();
    base.locate(places.filter_map(|finding| finding.base.as_mut()));
    let places = findings.iter_mut();
    revision.locate(places.filter_map(|finding| finding.revision.as_mut()));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

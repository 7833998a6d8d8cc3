//! What is published of a contract, and what a change may do to it.
//!
//! [`Settings`] say where the statements of an API lie, whose ever it is.
//! [`Published`] is the contract as it was last published, held by a manifest of
//! digests; [`version`] and [`changelog`] tell its history. [`choose`] finds the
//! commit that a change is compared with, and [`exceptions`] shows what a change
//! adds to the rules that it is judged by: that fails, unless the commit already
//! allows it.
//!
//! Every path is handed in. The module reads files and asks git; it writes
//! nothing but what [`publish`] is given, and prints nothing.

mod allowance;
mod base;
pub mod changelog;
mod document;
mod error;
pub mod exceptions;
mod files;
mod finding;
mod git;
pub mod manifest;
mod published;
mod settings;
#[cfg(test)]
mod tests;
pub mod version;

pub use allowance::{Allowance, Exception, settle};
pub use base::{Base, Choice, choose};
pub use document::Whole;
pub use error::ReleaseError;
pub use files::{Files, protos, read_all, read_if_there, write};
pub use git::Git;
pub use published::{Published, publish, version_in, version_of};
pub use settings::{Linted, Recorded, Settings};

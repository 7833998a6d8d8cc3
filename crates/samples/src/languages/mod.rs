//! Samples, language by language.

pub(crate) mod command;
pub(crate) mod curl;
pub(crate) mod go;
mod json;
pub(crate) mod python;
pub(crate) mod rust;
pub(crate) mod typescript;

//! The files that a document consists of.

use std::borrow::Cow;

use serde_json::Value;
use url::Url;

use super::bounds::{Budget, MAX_BYTES, MAX_DEPTH};
use super::digits::Digits;
use super::error::DocumentError;
use super::lines::{Wanted, prefixes};
use super::yaml::Elsewhere;
use super::{json, yaml};

/// A text in JSON or YAML, and where it is from.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// What messages call it, such as a path.
    pub source: String,
    /// Where it was found, redirects followed. References in it are relative to that.
    pub url: Url,
    /// What it holds.
    pub text: String,
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Yaml,
}

/// A file that has been read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) source: String,
    pub(super) url: Url,
    pub(super) value: Value,
    text: String,
    format: Format,
    /// The places that are written elsewhere, by an alias or a merge key of YAML.
    elsewhere: Elsewhere,
    /// The numbers that lose digits as values.
    pub(super) digits: Digits,
}

impl File {
    /// Reads a text: as JSON where it begins like an object of JSON, else as YAML.
    pub(super) fn read(from: SourceText, budget: &mut Budget) -> Result<Self, DocumentError> {
        let SourceText { source, url, text } = from;
        let not_open_api = |problem: &str| DocumentError::NotOpenApi {
            source_name: source.clone(),
            problem: problem.to_owned(),
        };
        let content = text.trim_start_matches('\u{feff}');
        let start = content.trim_start();
        if start.is_empty() {
            return Err(not_open_api("is empty; is it the right file?"));
        }
        if start.starts_with('<') {
            return Err(not_open_api(
                "is a page of HTML or XML; name the JSON or YAML document itself",
            ));
        }
        if text.len() > MAX_BYTES {
            return Err(not_open_api(&format!(
                "has more than {} MiB",
                MAX_BYTES >> 20
            )));
        }
        budget
            .bytes(text.len())
            .map_err(|problem| not_open_api(&format!("exceeds what is read: {problem}")))?;
        let inner = start.strip_prefix('{').map(str::trim_start);
        let is_json = inner.is_some_and(|inner| inner.is_empty() || inner.starts_with(['"', '}']));
        let (format, value, elsewhere, digits) = if is_json {
            match json::read(content, budget) {
                Ok((value, digits)) => (Format::Json, value, Elsewhere::new(), digits),
                Err(error) => {
                    return Err(DocumentError::Json {
                        source_name: source,
                        source: error,
                    });
                }
            }
        } else {
            match yaml::read(content, budget) {
                Ok(yaml) => (Format::Yaml, yaml.value, yaml.elsewhere, yaml.digits),
                Err(error) => {
                    return Err(DocumentError::Yaml {
                        source_name: source,
                        source: error,
                    });
                }
            }
        };
        Ok(Self {
            source,
            url,
            value,
            text,
            format,
            elsewhere,
            digits,
        })
    }

    /// What stands at a place of this file.
    pub(super) fn at(&self, place: &Place) -> Option<&Value> {
        self.value.pointer(&place.pointer)
    }

    /// The lines of places, in their order.
    pub(super) fn lines(&self, pointers: &[&str]) -> Vec<u32> {
        let written: Vec<Cow<'_, str>> = pointers.iter().map(|at| self.written(at)).collect();
        let wanted = Wanted::new(written.iter().map(AsRef::as_ref));
        let text = self.text.trim_start_matches('\u{feff}');
        let mut lines = wanted.lines();
        match self.format {
            Format::Json => json::find_lines(text, &wanted, &mut lines),
            Format::Yaml => yaml::find_lines(text, &wanted, &mut lines),
        }
        written.iter().map(|at| lines.of(at)).collect()
    }

    /// The pointer to where a place is written.
    fn written<'p>(&self, pointer: &'p str) -> Cow<'p, str> {
        if self.elsewhere.is_empty() {
            return pointer.into();
        }
        let mut at = pointer.to_owned();
        // Each step leads further up in the text, or into a merge key.
        for _ in 0..2 * MAX_DEPTH {
            let moved = prefixes(&at).find_map(|prefix| {
                let written = self.elsewhere.get(prefix)?;
                Some((prefix.len(), written))
            });
            match moved {
                // The alias itself stands where it stands.
                Some((length, _)) if length == at.len() && !is_merged(&self.elsewhere, &at) => {
                    break;
                }
                Some((length, written)) => at = format!("{written}{}", &at[length..]),
                None => break,
            }
        }
        at.into()
    }
}

/// Returns whether a merge key has brought in what stands at a pointer.
fn is_merged(elsewhere: &Elsewhere, pointer: &str) -> bool {
    let Some((outer, token)) = pointer.rsplit_once('/') else {
        return false;
    };
    let written = elsewhere.get(pointer).and_then(|at| at.rsplit_once('/'));
    written.is_some_and(|(at, name)| {
        let inner = at.strip_prefix(outer);
        name == token && inner.is_some_and(|inner| inner.starts_with("/<<"))
    })
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// The index of the file.
    pub(super) file: usize,
    /// The pointer in it.
    pub(super) pointer: String,
}

impl Place {
    /// That of a whole file.
    pub(super) fn whole(file: usize) -> Self {
        Self {
            file,
            pointer: String::new(),
        }
    }
}

//! The files that a document consists of.

use std::collections::HashMap;

use serde_json::Value;
use url::Url;

use super::bounds::{Budget, MAX_BYTES, MAX_DEPTH};
use super::error::DocumentError;
use super::lines::{Lines, prefixes, with_outer};
use super::places::escape;
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
    elsewhere: HashMap<String, String>,
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
        let (format, value, elsewhere) = if is_json {
            match json::read(content, budget) {
                Ok(value) => (Format::Json, value, HashMap::new()),
                Err(error) => {
                    return Err(DocumentError::Json {
                        source_name: source,
                        source: error,
                    });
                }
            }
        } else {
            match yaml::read(content, budget) {
                Ok(yaml) => (Format::Yaml, yaml.value, yaml.elsewhere),
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
        })
    }

    /// The lines of places, in their order.
    pub(super) fn lines(&self, pointers: &[&str]) -> Vec<u32> {
        let written: Vec<String> = pointers.iter().map(|at| self.written(at)).collect();
        let wanted = with_outer(written.iter().map(String::as_str));
        let text = self.text.trim_start_matches('\u{feff}');
        let lines = Lines {
            found: match self.format {
                Format::Json => json::lines(text, &wanted),
                Format::Yaml => yaml::lines(text, &wanted),
            },
        };
        written.iter().map(|at| lines.of(at)).collect()
    }

    /// The pointer to where a place is written.
    fn written(&self, pointer: &str) -> String {
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
        at
    }
}

/// Returns whether a merge key has brought in what stands at a pointer.
fn is_merged(elsewhere: &HashMap<String, String>, pointer: &str) -> bool {
    let Some((outer, _)) = pointer.rsplit_once('/') else {
        return false;
    };
    let inner = elsewhere
        .get(pointer)
        .and_then(|written| written.strip_prefix(outer));
    inner.is_some_and(|inner| inner.starts_with("/<</"))
}

/// The files of a document as one value. Those beyond the first stand under a key of the
/// root that no file has; schemas of theirs that have a name stand among the components.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) files: Vec<File>,
    pub(super) joined: Joined,
}

/// Where places of files are in the value that holds all of them.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// The key of the root under which the other files stand.
    pub(super) key: String,
    /// By file and pointer: the pointers of the schemas that stand among the components.
    pub(super) named: HashMap<usize, HashMap<String, String>>,
    /// The same the other way round.
    pub(super) names: HashMap<String, Place>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// The index of the file.
    pub(super) file: usize,
    /// The pointer in it.
    pub(super) pointer: String,
}

impl Joined {
    /// The pointer to a place of a file in the value that holds all.
    pub(super) fn pointer(&self, place: &Place) -> String {
        if let Some(named) = self.named.get(&place.file) {
            for prefix in prefixes(&place.pointer) {
                if let Some(name) = named.get(prefix) {
                    return format!("{name}{}", &place.pointer[prefix.len()..]);
                }
            }
        }
        match place.file.checked_sub(1) {
            None => place.pointer.clone(),
            Some(index) => format!("/{}/{index}{}", escape(&self.key), place.pointer),
        }
    }

    /// The place in a file that a pointer means.
    pub(super) fn place(&self, pointer: &str) -> Place {
        if !self.names.is_empty() {
            for prefix in prefixes(pointer) {
                if let Some(place) = self.names.get(prefix) {
                    return Place {
                        file: place.file,
                        pointer: format!("{}{}", place.pointer, &pointer[prefix.len()..]),
                    };
                }
            }
        }
        let other = || {
            let inner = pointer.strip_prefix(&format!("/{}/", escape(&self.key)))?;
            let (index, rest) = match inner.split_once('/') {
                Some((index, _)) => (index, &inner[index.len()..]),
                None => (inner, ""),
            };
            Some(Place {
                file: index.parse::<usize>().ok()? + 1,
                pointer: rest.to_owned(),
            })
        };
        other().unwrap_or_else(|| Place {
            file: 0,
            pointer: pointer.to_owned(),
        })
    }
}

//! One document of several files: what the references to other files lead to is put into
//! the document, and the references lead there.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::diff::BoxError;
use crate::path_name::{beside, normal};
use crate::reference::escape;

/// Where the other files stand in the document.
const PLACE: &str = "x-bundled";

/// More files than this are not put together.
const MAX_FILES: usize = 1000;

/// What hinders a document from being put together.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file that is referred to cannot be read.
    #[error("{path}, which {by} refers to, cannot be read")]
    Read {
        /// The path of the file, beside the document.
        path: String,
        /// The file with the reference.
        by: String,
        /// Why.
        source: BoxError,
    },
    /// A reference leads where no file is read.
    #[error("{by} refers to {reference}, which is no file beside it; bundle the document first")]
    Elsewhere {
        /// The reference.
        reference: String,
        /// The file with the reference.
        by: String,
    },
    /// There are more files than anybody writes.
    #[error("{by} refers to more than {MAX_FILES} files")]
    TooMany {
        /// The file with the reference.
        by: String,
    },
}

/// Puts the files that a document refers to into it. `name` is the path of the document,
/// and `fetch` returns what a file says, by its path.
pub(super) fn bundle(
    root: &mut Value,
    name: &str,
    fetch: &mut dyn FnMut(&str) -> Result<Value, BoxError>,
) -> Result<(), BundleError> {
    let name = normal(name);
    let mut files = Map::new();
    let mut wanted = BTreeSet::new();
    let mut seen = BTreeSet::from([name.clone()]);
    rewrite(root, &name, &name, &mut wanted)?;
    let mut by = name.clone();
    while let Some(path) = wanted.pop_first() {
        if !seen.insert(path.clone()) {
            continue;
        }
        if seen.len() > MAX_FILES {
            return Err(BundleError::TooMany { by });
        }
        let fetched = fetch(&path).map_err(|source| BundleError::Read {
            path: path.clone(),
            by: by.clone(),
            source,
        });
        let mut file = fetched?;
        rewrite(&mut file, &path, &name, &mut wanted)?;
        files.insert(path.clone(), file);
        by = path;
    }
    if !files.is_empty() {
        root[PLACE] = files.into();
    }
    Ok(())
}

/// Makes the references of a file lead into the document, and notes the files that they
/// name.
fn rewrite(
    value: &mut Value,
    file: &str,
    document: &str,
    wanted: &mut BTreeSet<String>,
) -> Result<(), BundleError> {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match (key.as_str(), member) {
                    // What stands there is data.
                    ("example" | "default" | "const" | "enum" | "value", _) => {}
                    ("$ref", Value::String(reference)) => {
                        *reference = moved(reference, file, document, wanted)?;
                    }
                    (_, member) => rewrite(member, file, document, wanted)?,
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                rewrite(item, file, document, wanted)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Where a reference leads in the document.
fn moved(
    reference: &str,
    file: &str,
    document: &str,
    wanted: &mut BTreeSet<String>,
) -> Result<String, BundleError> {
    let (path, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let target = if path.is_empty() {
        file.to_owned()
    } else if path.contains(':') || path.starts_with('/') || path.contains('?') {
        return Err(BundleError::Elsewhere {
            reference: reference.to_owned(),
            by: file.to_owned(),
        });
    } else {
        beside(file, &percent_decode_str(path).decode_utf8_lossy())
    };
    if target == document {
        return Ok(format!("#{fragment}"));
    }
    let key = utf8_percent_encode(&escape(&target), NON_ALPHANUMERIC).to_string();
    wanted.insert(target);
    Ok(format!("#/{PLACE}/{key}{fragment}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{BoxError, BundleError, bundle};
    use crate::reference;

    fn fetch(path: &str) -> Result<Value, BoxError> {
        match path {
            "api/common/shoe.yaml" => Ok(json!({
                "Shoe": {"properties": {"sole": {"$ref": "#/Sole"}, "shop": {"$ref": "../shop.yaml#/Shop"}}},
                "Sole": {"type": "string"},
            })),
            other => Err(format!("there is no {other}").into()),
        }
    }

    fn bundled(reference: &str) -> Result<Value, BundleError> {
        let mut root = json!({"Shop": {"type": "object"}, "a": {"$ref": reference}});
        bundle(&mut root, "./api/shop.yaml", &mut fetch)?;
        Ok(root)
    }

    #[test]
    fn references_from_file_to_file_are_followed() {
        let root = bundled("common/shoe.yaml#/Shoe").expect("all is there");
        let shoe = reference::follow(&root, &root["a"]);
        let property = |name: &str| reference::follow(&root, &shoe["properties"][name]);
        assert_eq!(property("sole"), &json!({"type": "string"}));
        assert_eq!(property("shop"), &json!({"type": "object"}));
    }

    #[test]
    fn a_whole_file_can_be_referred_to() {
        let root = bundled("common/shoe.yaml").expect("all is there");
        assert!(reference::follow(&root, &root["a"])["Sole"].is_object());
    }

    #[test]
    fn a_document_alone_stays_as_it_is() {
        let root = bundled("#/Shop").expect("all is there");
        assert_eq!(root["a"]["$ref"], "#/Shop");
        assert!(root.get("x-bundled").is_none());
    }

    #[test]
    fn a_file_that_is_not_there_is_named_with_the_one_that_refers_to_it() {
        let error = bundled("common/boot.yaml").expect_err("it is not there");
        let expected = "api/common/boot.yaml, which api/shop.yaml refers to, cannot be read";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_network_is_not_asked() {
        let error = bundled("https://example.com/a.yaml").expect_err("it is elsewhere");
        assert!(matches!(error, BundleError::Elsewhere { .. }), "{error}");
    }
}

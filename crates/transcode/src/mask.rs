//! Field masks: which fields of a request an update sends.
//!
//! The rules are those of AIP-134 and AIP-161. Without a mask, or with an empty
//! one, the fields that are set are sent. With a mask exactly its paths are,
//! where an unset field is sent as null and an empty list as `[]`. A mask of
//! `*` stands for every field that a caller may write.

use std::collections::BTreeMap;

use crate::json::{Children, Field};

/// What of a message is written.
#[derive(Debug, Clone, Copy)]
pub enum Mask<'a> {
    /// What is set.
    Set,
    /// Every field, an unset one as null.
    All,
    /// The fields in the tree, an unset one as null.
    Only(&'a Tree),
}

/// The paths of a field mask, resolved and merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Tree>);

/// A field mask after it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// No mask was given.
    Set,
    /// `*`.
    All,
    /// Some paths.
    Only(Tree),
}

/// A path that does not name a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} {reason}")]
pub struct UnknownPath {
    /// The path as it was given.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Tree {
    /// What is selected of the field, if anything is.
    pub(crate) fn below(&self, name: &str) -> Option<Mask<'_>> {
        self.0.get(name).map(|tree| {
            if tree.0.is_empty() {
                Mask::All
            } else {
                Mask::Only(tree)
            }
        })
    }

    /// The names at the top of the tree.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Selection {
    /// Resolves the paths of a mask against the fields of the message that it
    /// applies to, less those `except` that are not part of the body, which are
    /// paths as well.
    ///
    /// # Errors
    ///
    /// Names every path that leads to no field, and a `*` beside other paths.
    pub fn resolve(
        mask: Option<&prost_types::FieldMask>,
        fields: &'static [Field],
        except: &[&str],
    ) -> Result<Self, Vec<UnknownPath>> {
        let paths = match mask {
            Some(mask) if !mask.paths.is_empty() => &mask.paths,
            _ => return Ok(Self::Set),
        };
        let mut root = Tree::default();
        if let [path] = paths.as_slice()
            && path == "*"
        {
            if except.is_empty() {
                return Ok(Self::All);
            }
            for path in expand("", fields, except) {
                insert(&mut root, &path);
            }
            return Ok(Self::Only(root));
        }
        let mut unknown = Vec::new();
        for path in paths {
            let excepted = except
                .iter()
                .any(|other| other == path || is_below(path, other));
            let children = if excepted {
                Err("is not part of the body".to_owned())
            } else {
                resolve_path(path, fields)
            };
            match children {
                Ok(Children::Fields(fields))
                    if except.iter().any(|other| is_below(other, path)) =>
                {
                    for path in expand(path, fields(), except) {
                        insert(&mut root, &path);
                    }
                }
                Ok(_) => insert(&mut root, path),
                Err(reason) => unknown.push(UnknownPath {
                    path: path.clone(),
                    reason,
                }),
            }
        }
        if unknown.is_empty() {
            Ok(Self::Only(root))
        } else {
            Err(unknown)
        }
    }

    /// The mask to write with.
    #[must_use]
    pub fn mask(&self) -> Mask<'_> {
        match self {
            Self::Set => Mask::Set,
            Self::All => Mask::All,
            Self::Only(tree) => Mask::Only(tree),
        }
    }
}

/// Whether a path leads to something within what the other one leads to.
fn is_below(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// The paths of every field that a caller may write, less those `except`.
fn expand(above: &str, fields: &'static [Field], except: &[&str]) -> Vec<String> {
    let mut paths = Vec::new();
    for field in fields.iter().filter(|field| !field.output_only) {
        let path = match above {
            "" => field.name.to_owned(),
            _ => format!("{above}.{}", field.name),
        };
        match field.children {
            _ if except.contains(&path.as_str()) => {}
            Children::Fields(fields) if except.iter().any(|other| is_below(other, &path)) => {
                paths.extend(expand(&path, fields(), except));
            }
            _ => paths.push(path),
        }
    }
    paths
}

/// A path that is selected as a whole swallows the paths below it.
fn insert(root: &mut Tree, path: &str) {
    let mut tree = root;
    let mut steps = path.split('.').peekable();
    while let Some(step) = steps.next() {
        let known = tree.0.contains_key(step);
        tree = tree.0.entry(step.to_owned()).or_default();
        if known && tree.0.is_empty() {
            return;
        }
        if steps.peek().is_none() {
            tree.0.clear();
        }
    }
}

/// Follows a path and returns what may follow it.
fn resolve_path(path: &str, fields: &'static [Field]) -> Result<Children, String> {
    if path == "*" {
        return Err("stands for every field, so it cannot stand beside other paths".to_owned());
    }
    let mut children = Children::None;
    let mut known = fields;
    let mut last = None;
    for step in path.split('.') {
        if let Some(last) = last {
            match children {
                Children::Fields(fields) => known = fields(),
                // Keys are not declared, so any will do.
                Children::Keys if path.split('.').all(|step| !step.is_empty()) => {
                    return Ok(children);
                }
                Children::Keys => return Err("has an empty key".to_owned()),
                Children::None => {
                    return Err(format!("goes on behind {last:?}, which has no fields"));
                }
            }
        }
        let Some(field) = known.iter().find(|field| field.name == step) else {
            let json_name = known.iter().find(|field| field.json_name == step);
            return Err(match json_name {
                Some(field) => format!("is not a field; did you mean {:?}?", field.name),
                None => "is not a field".to_owned(),
            });
        };
        children = field.children;
        last = Some(step);
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        Field::new("first_name", "firstName", Children::None),
        Field::new("child", "child", Children::Fields(|| FIELDS)),
        Field::new("free", "free", Children::Keys).output_only(),
    ];

    fn mask(paths: &[&str]) -> prost_types::FieldMask {
        prost_types::FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        }
    }

    fn flat(tree: &Tree, prefix: &str, out: &mut Vec<String>) {
        for (name, below) in &tree.0 {
            let path = format!("{prefix}{name}");
            if below.0.is_empty() {
                out.push(path);
            } else {
                flat(below, &format!("{path}."), out);
            }
        }
    }

    #[track_caller]
    fn selects(paths: &[&str], expected: &[&str]) {
        let Ok(Selection::Only(tree)) = Selection::resolve(Some(&mask(paths)), FIELDS, &[]) else {
            panic!("{paths:?} is a mask of paths");
        };
        let mut found = Vec::new();
        flat(&tree, "", &mut found);
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn refuses(paths: &[&str], expected: &[&str]) {
        let unknown =
            Selection::resolve(Some(&mask(paths)), FIELDS, &[]).expect_err("unknown paths");
        let found: Vec<_> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn no_mask_and_an_empty_mask_select_what_is_set() {
        assert_eq!(Selection::resolve(None, FIELDS, &[]), Ok(Selection::Set));
        assert_eq!(
            Selection::resolve(Some(&mask(&[])), FIELDS, &[]),
            Ok(Selection::Set)
        );
    }

    #[test]
    fn a_star_selects_everything() {
        assert_eq!(
            Selection::resolve(Some(&mask(&["*"])), FIELDS, &[]),
            Ok(Selection::All)
        );
    }

    #[test]
    fn what_is_not_part_of_the_body_is_not_selected() {
        let star = Selection::resolve(Some(&mask(&["*"])), FIELDS, &["child"]);
        let expected = Tree([("first_name".to_owned(), Tree::default())].into());
        assert_eq!(star, Ok(Selection::Only(expected)));
        let named = Selection::resolve(Some(&mask(&["child.first_name"])), FIELDS, &["child"]);
        assert!(
            named.is_err(),
            "a field that is bound to the path was selected"
        );
    }

    #[test]
    fn paths_merge_and_the_wider_one_wins() {
        selects(&["first_name"], &["first_name"]);
        selects(
            &["child.first_name", "child.free.a"],
            &["child.first_name", "child.free.a"],
        );
        selects(&["child.first_name", "child"], &["child"]);
        selects(&["child", "child.first_name"], &["child"]);
        selects(&["free.a.b", "free.c"], &["free.a.b", "free.c"]);
    }

    #[test]
    fn every_unknown_path_is_named() {
        refuses(
            &[
                "nope",
                "firstName",
                "child.nope",
                "first_name.x",
                "child.",
                "",
                "free.",
                "*",
            ],
            &[
                "\"nope\" is not a field",
                "\"firstName\" is not a field; did you mean \"first_name\"?",
                "\"child.nope\" is not a field",
                "\"first_name.x\" goes on behind \"first_name\", which has no fields",
                "\"child.\" is not a field",
                "\"\" is not a field",
                "\"free.\" has an empty key",
                "\"*\" stands for every field, so it cannot stand beside other paths",
            ],
        );
    }
}

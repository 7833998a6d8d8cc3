//! Field masks: which fields of a request an update sends.
//!
//! The rules are those of AIP-134, AIP-161 and AIP-203, for an upstream that
//! takes a merge patch (RFC 7396):
//!
//! - Without a mask, or with an empty one, the fields that are set are sent.
//! - With a mask exactly its paths are sent. An unset field is sent as null and
//!   an empty list as `[]`. A path that leads through a message that is not set
//!   sends the null of what it names.
//! - A mask of `*` stands for every field, and a path that names a message for
//!   every field of the message. What cannot be meant by that is left out: a
//!   field that only the upstream sets, and, unless it has a value, one that
//!   cannot be read (`INPUT_ONLY`) or changed (`IMMUTABLE`, `IDENTIFIER`). So
//!   what was read can be sent back without clearing a password.
//! - A path that names a field which only the upstream sets is ignored, so that
//!   one mask serves for reading and writing (AIP-161).
//! - The keys of a map or a free-form object can be named one by one. A key that
//!   is more than letters, digits and underscores stands in backticks, in which
//!   two stand for one. A map or object that is named as a whole is merged: its
//!   keys are sent, and other keys of the upstream stay.
//! - A list is sent as a whole. A path into it is refused, and so is a wildcard
//!   anywhere but alone: no merge patch changes parts of elements.
//! - A path into a member of a oneof is refused unless the member is set: the
//!   upstream would switch to it.
//!
//! Whatever cannot be sent as it is named is refused and never sent otherwise.

mod field;

use std::collections::BTreeMap;

pub use field::{Behavior, Children, Field};

/// How many steps a path may have. As deep as replies are read.
const MAX_STEPS: usize = 32;

/// What of a message is written.
#[derive(Debug, Clone, Copy)]
pub enum Mask<'a> {
    /// What is set.
    Set,
    /// Every field, an unset one as null.
    All,
    /// What the tree selects, an unset field as null.
    Only(&'a Tree),
}

/// The paths of a field mask, resolved and merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// Whether everything is selected that has no entry of its own.
    whole: bool,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// A path leads here.
    Named(Tree),
    /// Selected with the whole, less what is excluded below.
    Implied(Tree),
    Excluded,
}

/// How a field or key is selected.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Selected<'a> {
    No,
    /// As a part of something that a path names.
    Implied(Mask<'a>),
    /// By a path of its own.
    Named(Mask<'a>),
}

/// A field mask after it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// No mask was given.
    Set,
    /// `*`.
    All,
    /// Some paths, or `*` less what is not part of the body.
    Only(Tree),
}

/// A path that cannot be sent as it is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path:?} {reason}")]
pub struct UnknownPath {
    /// The path as it was given.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl<'a> Mask<'a> {
    /// How the field or key of this name is selected, where unset ones are.
    pub(crate) fn select(self, name: &str) -> Selected<'a> {
        match self {
            Mask::Set => Selected::Implied(Mask::Set),
            Mask::All => Selected::Implied(Mask::All),
            Mask::Only(tree) => match tree.entries.get(name) {
                Some(Entry::Named(tree)) => Selected::Named(tree.mask()),
                Some(Entry::Implied(tree)) => Selected::Implied(tree.mask()),
                None if tree.whole => Selected::Implied(Mask::All),
                Some(Entry::Excluded) | None => Selected::No,
            },
        }
    }
}

impl Tree {
    fn mask(&self) -> Mask<'_> {
        if self.whole && self.entries.is_empty() {
            Mask::All
        } else {
            Mask::Only(self)
        }
    }

    /// The names that have an entry of their own.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Returns whether what has no entry of its own is selected.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Adds a path. What it names is selected as a whole, less `except`.
    fn insert(&mut self, path: &[String], except: Tree) {
        let Some((first, rest)) = path.split_first() else {
            self.whole = true;
            for (name, entry) in except.entries {
                self.entries.entry(name).or_insert(entry);
            }
            return;
        };
        let mut below = match self.entries.remove(first) {
            Some(Entry::Named(tree) | Entry::Implied(tree)) => tree,
            Some(Entry::Excluded) | None => Self::default(),
        };
        below.insert(rest, except);
        self.entries.insert(first.clone(), Entry::Named(below));
    }

    /// A whole without what lies at these paths.
    fn without<'p>(paths: impl Iterator<Item = &'p str>) -> Self {
        let mut tree = Self {
            whole: true,
            ..Self::default()
        };
        let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in paths {
            match path.split_once('.') {
                Some((first, rest)) => below.entry(first).or_default().push(rest),
                None => {
                    tree.entries.insert(path.to_owned(), Entry::Excluded);
                }
            }
        }
        for (first, rest) in below {
            let rest = Self::without(rest.into_iter());
            tree.entries
                .entry(first.to_owned())
                .or_insert(Entry::Implied(rest));
        }
        tree
    }
}

impl Selection {
    /// Resolves the paths of a mask against the fields of the message that it
    /// applies to, less those `except` that are not part of the body, which are
    /// paths as well.
    ///
    /// # Errors
    ///
    /// Names every path that cannot be sent as it is named, and a `*` beside
    /// other paths.
    pub fn resolve(
        mask: Option<&prost_types::FieldMask>,
        fields: &'static [Field],
        except: &[&str],
    ) -> Result<Self, Vec<UnknownPath>> {
        let paths = match mask {
            Some(mask) if !mask.paths.is_empty() => &mask.paths,
            _ => return Ok(Self::Set),
        };
        if let [path] = paths.as_slice()
            && path == "*"
        {
            if except.is_empty() {
                return Ok(Self::All);
            }
            return Ok(Self::Only(Tree::without(except.iter().copied())));
        }
        let mut root = Tree::default();
        let mut unknown = Vec::new();
        for path in paths {
            match resolve_path(path, fields, except) {
                Ok(Some(steps)) => {
                    let named = steps.join(".");
                    let below = except.iter().filter_map(|other| below(other, &named));
                    root.insert(&steps, Tree::without(below));
                }
                Ok(None) => {}
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

/// What leads on from the other path to the path, if it lies below.
fn below<'p>(path: &'p str, other: &str) -> Option<&'p str> {
    path.strip_prefix(other)?.strip_prefix('.')
}

/// The steps of a path (AIP-161): names, and keys that may stand in backticks.
fn steps(path: &str) -> Result<Vec<String>, String> {
    let mut steps = Vec::new();
    let mut rest = path;
    loop {
        let step;
        if let Some(quoted) = rest.strip_prefix('`') {
            (step, rest) = unquoted(quoted)?;
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            step = rest[..end].to_owned();
            rest = &rest[end..];
            if step.is_empty() {
                return Err("has an empty step".to_owned());
            }
            if step.contains('`') {
                return Err("has a backtick within a step".to_owned());
            }
            if step == "*" {
                return Err(if path == "*" {
                    "stands for every field, so it cannot stand beside other paths".to_owned()
                } else {
                    "holds a wildcard, which can only stand alone".to_owned()
                });
            }
        }
        steps.push(step);
        if steps.len() > MAX_STEPS {
            return Err(format!("has more than {MAX_STEPS} steps"));
        }
        if rest.is_empty() {
            return Ok(steps);
        }
        let Some(behind) = rest.strip_prefix('.') else {
            return Err("has something behind a backtick that ends a key".to_owned());
        };
        rest = behind;
    }
}

/// A key behind its first backtick, and what stands behind its last one.
fn unquoted(text: &str) -> Result<(String, &str), String> {
    let mut key = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('`') {
        key.push_str(before);
        match behind.strip_prefix('`') {
            Some(behind) => {
                key.push('`');
                rest = behind;
            }
            None => return Ok((key, behind)),
        }
    }
    Err("has no backtick that ends a key".to_owned())
}

/// Follows a path. Returns its steps, with keys as they are written in JSON, or
/// nothing where the path is to be ignored.
fn resolve_path(
    path: &str,
    fields: &'static [Field],
    except: &[&str],
) -> Result<Option<Vec<String>>, String> {
    let mut steps = steps(path)?;
    let named = steps.join(".");
    let is_excepted = |other: &&str| named == *other || below(&named, other).is_some();
    if except.iter().any(is_excepted) {
        return Err("is not part of the body".to_owned());
    }
    let mut siblings = fields;
    let mut last: Option<&'static Field> = None;
    // At the root there is no field above.
    let mut children = None;
    let mut is_ignored = false;
    for step in &mut steps {
        let name = last.map_or("", |field| field.name);
        match children {
            None => {}
            Some(Children::Fields(fields)) => siblings = fields(),
            // Keys are not declared, so any will do.
            Some(Children::Keys) => break,
            Some(Children::Undeclared) => {
                let mut others = siblings.iter().filter(|field| field.name != name);
                if let Some(other) = others.find(|field| field.json_name == step) {
                    return Err(format!(
                        "names a property that the field {:?} is for",
                        other.name
                    ));
                }
                break;
            }
            Some(Children::Entries { key, values }) => {
                *step = key(step).ok_or("has a key that does not fit its map")?;
                children = Some(*values);
                continue;
            }
            Some(Children::Elements) => {
                return Err(format!(
                    "goes on behind {name:?}, which is a list and only sent as a whole"
                ));
            }
            Some(Children::None) => {
                return Err(format!("goes on behind {name:?}, which has no fields"));
            }
        }
        let Some(field) = siblings.iter().find(|field| field.name == step) else {
            let json_name = siblings.iter().find(|field| field.json_name == step);
            return Err(match json_name {
                Some(field) => format!("is not a field; did you mean {:?}?", field.name),
                None => "is not a field".to_owned(),
            });
        };
        is_ignored |= field.behavior == Behavior::OutputOnly;
        children = Some(field.children);
        last = Some(field);
    }
    Ok((!is_ignored).then_some(steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &[Field] = &[
        Field::new("first_name", "firstName", Children::None),
        Field::new("child", "child", Children::Fields(|| FIELDS)),
        Field::new("free", "free", Children::Keys),
        Field::new("tags", "tags", Children::Elements),
        Field::new("extra", "extra", Children::Undeclared),
        Field::new(
            "by_number",
            "byNumber",
            Children::Entries {
                key: |text| text.parse().ok().map(|number: i32| number.to_string()),
                values: &Children::Fields(|| FIELDS),
            },
        ),
        Field::new("made", "made", Children::Fields(|| FIELDS)).behaving(Behavior::OutputOnly),
    ];

    fn mask(paths: &[&str]) -> prost_types::FieldMask {
        prost_types::FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        }
    }

    /// The named leaves of a tree, and what is left out with a minus.
    fn flat(tree: &Tree, prefix: &str, out: &mut Vec<String>) {
        for (name, entry) in &tree.entries {
            let path = format!("{prefix}{name}");
            match entry {
                Entry::Named(below) | Entry::Implied(below) => {
                    if below.whole {
                        out.push(path.clone());
                    }
                    flat(below, &format!("{path}."), out);
                }
                Entry::Excluded => out.push(format!("-{path}")),
            }
        }
    }

    #[track_caller]
    fn selects_except(paths: &[&str], except: &[&str], expected: &[&str]) {
        let selection = Selection::resolve(Some(&mask(paths)), FIELDS, except);
        let Ok(Selection::Only(tree)) = selection else {
            panic!("{paths:?} should be a mask of paths: {selection:?}");
        };
        let mut found = Vec::new();
        flat(&tree, "", &mut found);
        assert_eq!(found, expected, "of {paths:?}");
    }

    #[track_caller]
    fn selects(paths: &[&str], expected: &[&str]) {
        selects_except(paths, &[], expected);
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
        selects_except(&["*"], &["child"], &["-child"]);
        selects_except(
            &["*"],
            &["child.first_name", "tags"],
            &["child", "-child.first_name", "-tags"],
        );
        selects_except(
            &["child"],
            &["child.first_name"],
            &["child", "-child.first_name"],
        );
        for path in ["child", "child.first_name", "`child`", "`child`.first_name"] {
            let named = Selection::resolve(Some(&mask(&[path])), FIELDS, &["child"]);
            assert!(named.is_err(), "{path:?} is bound to the path");
        }
    }

    #[test]
    fn paths_merge() {
        selects(&["first_name", "first_name"], &["first_name"]);
        selects(
            &["child.first_name", "child.free.a"],
            &["child.first_name", "child.free.a"],
        );
        let both = ["child", "child.first_name"];
        selects(&["child.first_name", "child"], &both);
        selects(&["child", "child.first_name"], &both);
        selects(&["free.a.b", "free.c"], &["free.a.b", "free.c"]);
    }

    #[test]
    fn what_only_the_upstream_sets_is_ignored() {
        selects(&["made"], &[]);
        selects(&["made.first_name", "first_name"], &["first_name"]);
        refuses(&["made.nope"], &["\"made.nope\" is not a field"]);
    }

    #[test]
    fn keys_are_steps() {
        selects(&["free.a.b"], &["free.a.b"]);
        selects(&["free.`a.b`.c"], &["free.a.b.c"]);
        selects(&["free.`a``b`"], &["free.a`b"]);
        selects(&["by_number.007"], &["by_number.7"]);
        selects(&["by_number.`-7`.tags"], &["by_number.-7.tags"]);
        selects(&["extra.new"], &["extra.new"]);
        selects(&["extra.extra"], &["extra.extra"]);
    }

    #[test]
    fn every_path_that_cannot_be_sent_is_named() {
        refuses(
            &[
                "nope",
                "firstName",
                "child.nope",
                "first_name.x",
                "child.",
                "",
                "child..tags",
                ".child",
                "free.",
                "*",
                "child.*",
                "tags.*.x",
                "tags.0",
                "by_number.x",
                "by_number.*.tags",
                "by_number.7.nope",
                "extra.firstName",
                "free.`a",
                "free.`a`b",
                "free.a`b",
            ],
            &[
                "\"nope\" is not a field",
                "\"firstName\" is not a field; did you mean \"first_name\"?",
                "\"child.nope\" is not a field",
                "\"first_name.x\" goes on behind \"first_name\", which has no fields",
                "\"child.\" has an empty step",
                "\"\" has an empty step",
                "\"child..tags\" has an empty step",
                "\".child\" has an empty step",
                "\"free.\" has an empty step",
                "\"*\" stands for every field, so it cannot stand beside other paths",
                "\"child.*\" holds a wildcard, which can only stand alone",
                "\"tags.*.x\" holds a wildcard, which can only stand alone",
                "\"tags.0\" goes on behind \"tags\", which is a list and only sent as a whole",
                "\"by_number.x\" has a key that does not fit its map",
                "\"by_number.*.tags\" holds a wildcard, which can only stand alone",
                "\"by_number.7.nope\" is not a field",
                "\"extra.firstName\" names a property that the field \"first_name\" is for",
                "\"free.`a\" has no backtick that ends a key",
                "\"free.`a`b\" has something behind a backtick that ends a key",
                "\"free.a`b\" has a backtick within a step",
            ],
        );
    }

    #[test]
    fn a_path_has_a_bound() {
        let path = vec!["child"; 32].join(".");
        selects(&[&path], &[&path]);
        let deep = vec!["child"; 100_000].join(".");
        let refused = Selection::resolve(Some(&mask(&[&deep])), FIELDS, &[]);
        let refused = refused.expect_err("the path is too deep");
        assert_eq!(refused[0].reason, "has more than 32 steps");
    }
}

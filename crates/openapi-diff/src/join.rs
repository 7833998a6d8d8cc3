//! Making one value of the files of a document, with references that are pointers in it.
//!
//! Files beyond the first stand under a key of the root that the first does not have.
//! Schemas in them that have a name stand among the components, as they would in a document
//! that is bundled: names tell the alternatives of unions apart.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::bounds::MAX_CHAIN;
use super::file::{File, Place};
use super::lines::prefixes;
use super::link::{Keyword, Linked};
use super::places::{Kind, escape};
use super::registry::percent_decode;

/// Where places of files are in the value that holds all of them.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// The key of the root under which the other files stand.
    key: String,
    /// The pointers of the schemas that stand among the components, by file and pointer.
    named: HashMap<usize, HashMap<String, String>>,
    /// The same the other way round.
    names: HashMap<String, Place>,
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
            Some(index) => format!("/{}/{index}{}", self.key, place.pointer),
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
        self.other(pointer).unwrap_or_else(|| Place {
            file: 0,
            pointer: pointer.to_owned(),
        })
    }

    /// The place in a file beyond the first.
    fn other(&self, pointer: &str) -> Option<Place> {
        let inner = pointer.strip_prefix('/')?.strip_prefix(&self.key)?;
        let inner = inner.strip_prefix('/')?;
        let end = inner.find('/').unwrap_or(inner.len());
        let index: usize = inner[..end].parse().ok()?;
        Some(Place {
            file: index + 1,
            pointer: inner[end..].to_owned(),
        })
    }
}

/// Makes the value of the first file that of all, and takes the others'.
pub(super) fn join(linked: Linked) -> (Vec<File>, Joined) {
    let mut key = "x-files".to_owned();
    while linked.files[0].value.get(&key).is_some() {
        key.push('_');
    }
    let mut joined = Joined {
        key,
        ..Joined::default()
    };
    if linked.files.len() > 1 {
        name(&linked, &mut joined);
    }
    let mut files = rewrite(linked, &joined);
    if files.len() > 1 {
        assemble(&mut files, &joined);
    }
    (files, joined)
}

/// Gives schemas of other files the names that they have among the components, or would
/// have in a document that is bundled.
fn name(linked: &Linked, joined: &mut Joined) {
    let Linked { files, found, .. } = linked;
    let root = &files[0].value;
    let components = root.get("components");
    let schemas = components.and_then(|components| components.get("schemas"));
    if [components, schemas]
        .iter()
        .flatten()
        .any(|value| !value.is_object())
    {
        return;
    }
    let references = found.iter();
    let leads: HashMap<&Place, &Place> = references
        .filter(|(reference, _)| reference.keyword == Keyword::Ref)
        .map(|(reference, place)| (&reference.at, place))
        .collect();
    // What a chain of mere references ends at, in another file.
    let end = |place: &Place| -> Option<Place> {
        let mut at = place;
        for _ in 0..MAX_CHAIN {
            if !is_reference(files[at.file].at(at)?) {
                return (at.file != 0).then(|| at.clone());
            }
            at = leads.get(at)?;
        }
        None
    };
    let mut give = |place: Place, name: &str| {
        let pointer = component(name);
        let named = joined.named.entry(place.file).or_default();
        if !named.contains_key(&place.pointer) && !joined.names.contains_key(&pointer) {
            named.insert(place.pointer.clone(), pointer.clone());
            joined.names.insert(pointer, place);
        }
    };
    for (name, value) in schemas.and_then(Value::as_object).into_iter().flatten() {
        if is_reference(value) {
            let place = Place {
                file: 0,
                pointer: component(name),
            };
            if let Some(place) = end(&place) {
                give(place, name);
            }
        }
    }
    let schemas = found.iter();
    let mut targets: Vec<Place> = schemas
        .filter(|(reference, _)| reference.kind == Kind::Schema)
        .filter_map(|(_, place)| end(place))
        .collect();
    targets.sort();
    targets.dedup();
    for place in targets {
        match name_of(&place, &files[place.file]) {
            Some(name) if !is_component(root, &name) => give(place, &name),
            _ => {}
        }
    }
}

fn component(name: &str) -> String {
    format!("/components/schemas/{}", escape(name))
}

fn is_component(root: &Value, name: &str) -> bool {
    root.pointer(&component(name)).is_some()
}

/// What a schema is called where it stands, or else its file.
fn name_of(place: &Place, file: &File) -> Option<String> {
    let Some((outer, token)) = place.pointer.rsplit_once('/') else {
        let segment = file.url.path_segments()?.next_back()?;
        let file = percent_decode(segment)?;
        let name = file.rsplit_once('.').map_or(&*file, |(name, _)| name);
        return (!name.is_empty()).then(|| name.to_owned());
    };
    let section = outer.rsplit('/').next().unwrap_or_default();
    let has_names = matches!(section, "" | "schemas" | "$defs" | "definitions");
    has_names.then(|| unescape(token))
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Makes pointers of references.
fn rewrite(linked: Linked, joined: &Joined) -> Vec<File> {
    let Linked {
        mut files,
        registry,
        found,
    } = linked;
    for (reference, place) in found {
        let pointer = joined.pointer(&place);
        let spelled_so = reference.text.strip_prefix('#').and_then(percent_decode);
        let is_dynamic = reference.keyword == Keyword::DynamicRef;
        if spelled_so.as_ref() == Some(&pointer) && !is_dynamic {
            continue;
        }
        let named = files[place.file].at(&place);
        let anchor = named.and_then(|value| value.get("$dynamicAnchor"));
        let anchor = anchor.and_then(Value::as_str);
        let is_open = is_dynamic && anchor.is_some_and(|anchor| registry.is_dynamic(anchor));
        let is_name = is_component(&files[0].value, &reference.text);
        let value = files[reference.at.file]
            .value
            .pointer_mut(&reference.at.pointer);
        let Some(Value::Object(map)) = value else {
            continue;
        };
        let text = Value::String(spelled(&pointer));
        match &reference.keyword {
            Keyword::Ref => {
                map.insert("$ref".to_owned(), text);
            }
            // With a reference beside it, or several schemas that it may mean, it stays.
            Keyword::DynamicRef if is_open || map.contains_key("$ref") => {}
            Keyword::DynamicRef => {
                map.shift_remove("$dynamicRef");
                map.insert("$ref".to_owned(), text);
            }
            Keyword::Mapping(_) if is_name => {}
            Keyword::Mapping(name) => {
                let discriminator = map.get_mut("discriminator");
                let mapping = discriminator.and_then(|value| value.get_mut("mapping"));
                if let Some(target) = mapping.and_then(|mapping| mapping.get_mut(name)) {
                    *target = text;
                }
            }
        }
    }
    files
}

/// Moves schemas to their names, and the other files into the first.
fn assemble(files: &mut [File], joined: &Joined) {
    let mut names: Vec<(&String, &Place)> = joined.names.iter().collect();
    // What stands within another moves first.
    names.sort_by_key(|(name, place)| (std::cmp::Reverse(place.pointer.len()), *name));
    let mut moved = Vec::new();
    for (pointer, place) in names {
        if let Some(value) = files[place.file].value.pointer_mut(&place.pointer) {
            let text = Value::String(spelled(pointer));
            let reference = Map::from_iter([("$ref".to_owned(), text)]);
            let value = std::mem::replace(value, Value::Object(reference));
            let name = pointer.rsplit('/').next().unwrap_or_default();
            moved.push((unescape(name), value));
        }
    }
    let others = files.iter_mut().skip(1);
    let others: Vec<Value> = others.map(|file| file.value.take()).collect();
    let Value::Object(root) = &mut files[0].value else {
        return;
    };
    root.insert(joined.key.clone(), Value::Array(others));
    if moved.is_empty() {
        return;
    }
    let empty = || Value::Object(Map::new());
    let components = root.entry("components").or_insert_with(empty);
    if let Value::Object(components) = components
        && let Value::Object(schemas) = components.entry("schemas").or_insert_with(empty)
    {
        schemas.extend(moved);
    }
}

/// Returns whether an object is a reference and nothing else.
fn is_reference(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1)
        && value.get("$ref").is_some_and(Value::is_string)
}

/// A pointer as a reference.
fn spelled(pointer: &str) -> String {
    format!("#{}", pointer.replace('%', "%25"))
}

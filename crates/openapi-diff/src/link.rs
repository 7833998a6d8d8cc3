//! Following the references of a document from file to file, and making one value of all.
//!
//! Afterwards every reference is a pointer within that value. Nothing is opened here: a
//! caller hands over the files that references name.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};
use url::Url;

use super::bounds::{Budget, MAX_CHAIN, MAX_FILES};
use super::dialect::{self, Dialect};
use super::error::{BoxError, DocumentError};
use super::file::{File, Files, Joined, Place, SourceText};
use super::lines::prefixes;
use super::places::{Kind, escape, is_map, within};

/// A file that a reference names.
#[derive(Debug, Clone, Copy)]
pub struct Referred<'u> {
    /// Its URL, without a fragment.
    pub url: &'u Url,
    /// The URL of the file in which the reference stands.
    pub by: &'u Url,
}

/// How a caller hands over files.
pub(super) type Fetch<'f> = dyn FnMut(Referred<'_>) -> Result<SourceText, BoxError> + 'f;

/// A reference that stands in a file.
#[derive(Debug, Clone)]
struct Reference {
    at: Place,
    kind: Kind,
    keyword: &'static str,
    /// The index of the URL that it is relative to.
    base: usize,
    text: String,
}

/// What a reference leads to.
enum Target {
    Found(Place),
    /// No file with this URL has been read.
    Missing(Url),
    /// There is nothing of that name.
    Nothing,
}

struct Linker<'f, 'b> {
    files: Vec<File>,
    dialect: Dialect,
    budget: &'b mut Budget,
    fetch: Option<&'f mut Fetch<'f>>,
    /// What references are relative to: the URLs of files, and every `$id`.
    bases: Vec<Url>,
    base_of_file: Vec<usize>,
    /// Files and schemas, by their URLs.
    resources: HashMap<Url, Place>,
    /// By URL and name.
    anchors: HashMap<(Url, String), Place>,
    /// How many schemas have a dynamic anchor of a name.
    dynamic: HashMap<String, HashSet<Place>>,
    seen: HashSet<(Place, Kind)>,
    scanned: HashSet<(Place, Kind)>,
    queue: VecDeque<Reference>,
    /// The values of `mapping` of discriminators.
    mappings: Vec<(Reference, String)>,
    found: Vec<(Reference, Place)>,
}

/// Reads all files that the references of the first one need, and joins them.
pub(super) fn link<'f>(
    root: File,
    dialect: Dialect,
    budget: &mut Budget,
    fetch: Option<&'f mut Fetch<'f>>,
) -> Result<Files, DocumentError> {
    let mut linker = Linker {
        files: Vec::new(),
        dialect,
        budget,
        fetch,
        bases: Vec::new(),
        base_of_file: Vec::new(),
        resources: HashMap::new(),
        anchors: HashMap::new(),
        dynamic: HashMap::new(),
        seen: HashSet::new(),
        scanned: HashSet::new(),
        queue: VecDeque::new(),
        mappings: Vec::new(),
        found: Vec::new(),
    };
    linker.add(root);
    let whole = Place {
        file: 0,
        pointer: String::new(),
    };
    linker.walk(&whole, Kind::Document, 0, true)?;
    linker.follow()?;
    linker.join()
}

impl Linker<'_, '_> {
    /// Adds a file under its URL, or the one that it gives itself.
    fn add(&mut self, file: File) -> usize {
        let index = self.files.len();
        let whole = Place {
            file: index,
            pointer: String::new(),
        };
        let mut base = file.url.clone();
        base.set_fragment(None);
        self.resources.insert(base.clone(), whole.clone());
        let own = file.value.get("$self").and_then(Value::as_str);
        if let Some(mut own) = own.and_then(|own| base.join(own).ok()) {
            own.set_fragment(None);
            self.resources.insert(own.clone(), whole);
            base = own;
        }
        self.base_of_file.push(self.bases.len());
        self.bases.push(base);
        self.files.push(file);
        index
    }

    fn error(&self, at: &Place, problem: String) -> DocumentError {
        DocumentError::Located {
            source_name: self.files[at.file].source.clone(),
            pointer: at.pointer.clone(),
            problem,
        }
    }

    /// Goes through an object and all in it: for what has a name, and, if told to follow,
    /// for references.
    fn walk(
        &mut self,
        start: &Place,
        kind: Kind,
        base: usize,
        follow: bool,
    ) -> Result<(), DocumentError> {
        let file = start.file;
        let Some(value) = self.files[file].value.pointer(&start.pointer) else {
            return Ok(());
        };
        let mut problem = None;
        let mut todo = vec![(start.pointer.clone(), kind, value, base)];
        while let Some((pointer, kind, value, mut base)) = todo.pop() {
            let at = Place { file, pointer };
            let seen = if follow {
                &mut self.seen
            } else {
                &mut self.scanned
            };
            if !seen.insert((at.clone(), kind)) {
                continue;
            }
            if let Some(key) = misplaced(kind, value) {
                let message = format!(
                    "`{key}` is a reference, where OpenAPI allows none; bundle the document first"
                );
                problem = Some((at, message));
                break;
            }
            if kind == Kind::Schema && self.dialect == Dialect::V31 {
                let named = names(value, &self.bases[base]);
                let anchors = match named {
                    Ok((None, anchors)) => anchors,
                    Ok((Some(id), anchors)) => {
                        base = self.bases.len();
                        self.bases.push(id.clone());
                        let other = self.resources.insert(id, at.clone());
                        if let Some(other) = other.filter(|other| {
                            *other != at
                                && self.files[other.file].value.pointer(&other.pointer)
                                    != Some(value)
                        }) {
                            problem = Some((at, twice("$id", &self.files[other.file], &other)));
                            break;
                        }
                        anchors
                    }
                    Err(message) => {
                        problem = Some((at, message));
                        break;
                    }
                };
                for (anchor, is_dynamic) in anchors {
                    if is_dynamic {
                        let all = self.dynamic.entry(anchor.clone()).or_default();
                        all.insert(at.clone());
                    }
                    let key = (self.bases[base].clone(), anchor);
                    let other = self.anchors.insert(key, at.clone());
                    if let Some(other) = other.filter(|other| {
                        *other != at
                            && self.files[other.file].value.pointer(&other.pointer) != Some(value)
                    }) {
                        problem = Some((
                            at.clone(),
                            twice("$anchor", &self.files[other.file], &other),
                        ));
                        break;
                    }
                }
                if problem.is_some() {
                    break;
                }
            }
            todo.extend(
                within(kind, &at.pointer, value)
                    .into_iter()
                    .map(|(pointer, kind, value)| (pointer, kind, value, base)),
            );
            if !follow {
                continue;
            }
            for keyword in ["$ref", "$dynamicRef"] {
                let is_dynamic = keyword == "$dynamicRef";
                if is_dynamic && (kind != Kind::Schema || self.dialect != Dialect::V31) {
                    continue;
                }
                if let Some(text) = value.get(keyword).and_then(Value::as_str) {
                    self.queue.push_back(Reference {
                        at: at.clone(),
                        kind,
                        keyword,
                        base,
                        text: text.to_owned(),
                    });
                }
            }
            if kind == Kind::Schema {
                let mapping = value.pointer("/discriminator/mapping");
                for (name, text) in mapping.and_then(Value::as_object).into_iter().flatten() {
                    if let Some(text) = text.as_str() {
                        let reference = Reference {
                            at: at.clone(),
                            kind,
                            keyword: "mapping",
                            base,
                            text: text.to_owned(),
                        };
                        self.mappings.push((reference, name.clone()));
                    }
                }
            }
        }
        match problem {
            Some((at, problem)) => Err(self.error(&at, problem)),
            None => Ok(()),
        }
    }

    /// Follows all references, and those of what they lead to.
    fn follow(&mut self) -> Result<(), DocumentError> {
        // Those to files that have not been read yet, by their URLs.
        let mut waiting: BTreeMap<Url, Vec<Reference>> = BTreeMap::new();
        // Those to what has no name yet.
        let mut open: Vec<Reference> = Vec::new();
        loop {
            while let Some(reference) = self.queue.pop_front() {
                match self.target(&reference)? {
                    Target::Found(place) => {
                        let base = self.base_at(&place);
                        self.walk(&place, reference.kind, base, true)?;
                        self.found.push((reference, place));
                    }
                    Target::Missing(_) | Target::Nothing if reference.keyword != "$ref" => {
                        open.push(reference);
                    }
                    Target::Missing(url) => waiting.entry(url).or_default().push(reference),
                    Target::Nothing => open.push(reference),
                }
            }
            // What has been read since may have given them names.
            let known = waiting.extract_if(.., |url, _| self.resources.contains_key(url));
            let known: Vec<Reference> = known.flat_map(|(_, references)| references).collect();
            self.queue.extend(known);
            let mut still = Vec::new();
            for reference in std::mem::take(&mut open) {
                match self.target(&reference)? {
                    Target::Found(_) => self.queue.push_back(reference),
                    _ => still.push(reference),
                }
            }
            open = still;
            if !self.queue.is_empty() {
                continue;
            }
            // The one that stands first, so that the order of files is that of the text.
            let first = waiting
                .values()
                .flatten()
                .min_by_key(|reference| &reference.at);
            match first.cloned() {
                Some(reference) => self.load(&reference)?,
                None => break,
            }
        }
        let dangling = open.iter().filter(|reference| reference.keyword == "$ref");
        match dangling.min_by_key(|reference| &reference.at) {
            Some(Reference { at, text, .. }) => Err(self.error(
                at,
                format!("the reference `{text}` leads nowhere; add what it names"),
            )),
            None => Ok(()),
        }
    }

    /// Where a reference leads, as far as is known.
    fn target(&self, reference: &Reference) -> Result<Target, DocumentError> {
        let wrong = |problem: String| {
            let text = &reference.text;
            self.error(&reference.at, format!("the reference `{text}` {problem}"))
        };
        let (resource, fragment) = match reference.text.strip_prefix('#') {
            Some(fragment) => (self.bases[reference.base].clone(), fragment.to_owned()),
            None => {
                let mut url = self.bases[reference.base]
                    .join(&reference.text)
                    .map_err(|error| wrong(format!("is not understood: {error}")))?;
                let fragment = url.fragment().unwrap_or_default().to_owned();
                url.set_fragment(None);
                (url, fragment)
            }
        };
        let Some(fragment) = percent_decode(&fragment) else {
            return Err(wrong("has a fragment that is not UTF-8".to_owned()));
        };
        let Some(place) = self.resources.get(&resource) else {
            return Ok(Target::Missing(resource));
        };
        if fragment.is_empty() {
            return Ok(Target::Found(place.clone()));
        }
        if !fragment.starts_with('/') {
            let place = self.anchors.get(&(resource, fragment));
            return Ok(place.map_or(Target::Nothing, |place| Target::Found(place.clone())));
        }
        // Within a schema with an `$id` pointers start there; many mean the file all the same.
        let value = &self.files[place.file].value;
        let pointers = [format!("{}{fragment}", place.pointer), fragment];
        let there = pointers.into_iter().find(|at| value.pointer(at).is_some());
        Ok(there.map_or(Target::Nothing, |pointer| {
            Target::Found(Place {
                file: place.file,
                pointer,
            })
        }))
    }

    /// What references at a place are relative to, an `$id` at that place itself aside.
    fn base_at(&mut self, place: &Place) -> usize {
        let mut base = self.base_of_file[place.file];
        if self.dialect != Dialect::V31 {
            return base;
        }
        let value = &self.files[place.file].value;
        let mut outer: Vec<&str> = prefixes(&place.pointer).skip(1).collect();
        outer.reverse();
        for pointer in outer {
            let id = value.pointer(pointer).and_then(|value| value.get("$id"));
            let url = id
                .and_then(Value::as_str)
                .and_then(|id| self.bases[base].join(id).ok());
            if let Some(mut url) = url {
                url.set_fragment(None);
                base = self.bases.len();
                self.bases.push(url);
            }
        }
        base
    }

    /// Reads the file that a reference names.
    fn load(&mut self, reference: &Reference) -> Result<(), DocumentError> {
        let Target::Missing(url) = self.target(reference)? else {
            return Ok(());
        };
        let text = &reference.text;
        let Some(fetch) = self.fetch.as_mut() else {
            let problem =
                format!("the reference `{text}` leaves the document; bundle the document first");
            return Err(self.error(&reference.at, problem));
        };
        if self.files.len() >= MAX_FILES {
            let problem = format!("the reference `{text}` leads to one file more than {MAX_FILES}");
            return Err(self.error(&reference.at, problem));
        }
        let from = &self.files[reference.at.file];
        let by = &from.url;
        let read = fetch(Referred { url: &url, by }).map_err(|source| DocumentError::Unread {
            source_name: from.source.clone(),
            pointer: reference.at.pointer.clone(),
            reference: text.clone(),
            source,
        })?;
        // Two URLs may redirect to one.
        let mut own = read.url.clone();
        own.set_fragment(None);
        if let Some(place) = self.resources.get(&own).cloned() {
            self.resources.insert(url, place);
            return Ok(());
        }
        let file = File::read(read, self.budget)?;
        if file.value.get("openapi").is_some() || file.value.get("swagger").is_some() {
            let dialect = dialect::of(&file.source, &file.value)?;
            if dialect != self.dialect {
                return Err(DocumentError::NotOpenApi {
                    source_name: file.source,
                    problem: format!(
                        "is of another version than {}, which refers to it; use one in all files",
                        self.files[0].source
                    ),
                });
            }
        }
        let is_document = file.value.get("openapi").is_some();
        let index = self.add(file);
        let whole = Place {
            file: index,
            pointer: String::new(),
        };
        self.resources.insert(url, whole.clone());
        let kind = if is_document {
            Kind::Document
        } else {
            reference.kind
        };
        self.walk(&whole, kind, self.base_of_file[index], false)
    }

    /// Makes one value of all files, with references that are pointers in it.
    fn join(mut self) -> Result<Files, DocumentError> {
        let mut key = "x-files".to_owned();
        while self.files[0].value.get(&key).is_some() {
            key.push('_');
        }
        let mut joined = Joined {
            key,
            ..Joined::default()
        };
        if self.files.len() > 1 {
            self.name(&mut joined);
        }
        for (reference, name) in std::mem::take(&mut self.mappings) {
            if self.is_component(&reference.text) {
                continue;
            }
            if let Ok(Target::Found(place)) = self.target(&reference) {
                let text = spelled(&joined.pointer(&place));
                let discriminator = self.files[reference.at.file]
                    .value
                    .pointer_mut(&reference.at.pointer);
                let mapping =
                    discriminator.and_then(|value| value.pointer_mut("/discriminator/mapping"));
                if let Some(target) = mapping.and_then(|mapping| mapping.get_mut(&name)) {
                    *target = Value::String(text);
                }
            }
        }
        for (reference, place) in &self.found {
            let pointer = joined.pointer(place);
            let is_spelled = reference.text.strip_prefix('#').and_then(percent_decode);
            if is_spelled.as_ref() == Some(&pointer) && reference.keyword == "$ref" {
                continue;
            }
            let is_open = reference.keyword == "$dynamicRef" && self.is_open(place);
            let value = self.files[reference.at.file]
                .value
                .pointer_mut(&reference.at.pointer);
            let Some(Value::Object(map)) = value else {
                continue;
            };
            if reference.keyword == "$dynamicRef" {
                // With a reference beside it, it stays what it is.
                if is_open || map.contains_key("$ref") {
                    continue;
                }
                map.shift_remove("$dynamicRef");
            }
            map.insert("$ref".to_owned(), Value::String(spelled(&pointer)));
        }
        self.assemble(&joined);
        Ok(Files {
            files: self.files,
            joined,
        })
    }

    /// Returns whether a dynamic reference to a place can mean another, too.
    fn is_open(&self, place: &Place) -> bool {
        let value = self.files[place.file].value.pointer(&place.pointer);
        let anchor = value.and_then(|value| value.get("$dynamicAnchor"));
        let anchor = anchor.and_then(Value::as_str);
        let all = anchor.and_then(|anchor| self.dynamic.get(anchor));
        all.is_some_and(|all| all.len() > 1)
    }

    fn is_component(&self, name: &str) -> bool {
        let schemas = self.files[0].value.pointer("/components/schemas");
        schemas.is_some_and(|schemas| schemas.get(name).is_some())
    }

    /// Gives schemas of other files the names that they have among the components, or
    /// would have in a document that is bundled.
    fn name(&self, joined: &mut Joined) {
        let leads: HashMap<&Place, &Place> = self
            .found
            .iter()
            .filter(|(reference, _)| reference.keyword == "$ref")
            .map(|(reference, place)| (&reference.at, place))
            .collect();
        let end = |place: &Place| -> Option<Place> {
            let mut at = place;
            for _ in 0..MAX_CHAIN {
                let value = self.files[at.file].value.pointer(&at.pointer)?;
                if !is_reference(value) {
                    return (at.file != 0).then(|| at.clone());
                }
                at = leads.get(at)?;
            }
            None
        };
        let mut give = |place: Place, name: &str| {
            let pointer = format!("/components/schemas/{}", escape(name));
            let named = joined.named.entry(place.file).or_default();
            if !named.contains_key(&place.pointer) && !joined.names.contains_key(&pointer) {
                named.insert(place.pointer.clone(), pointer.clone());
                joined.names.insert(pointer, place);
            }
        };
        let root = &self.files[0].value;
        let components = root.get("components");
        let schemas = components.and_then(|components| components.get("schemas"));
        let is_object = |value: Option<&Value>| value.is_none_or(Value::is_object);
        if !is_object(components) || !is_object(schemas) {
            return;
        }
        for (name, value) in schemas.and_then(Value::as_object).into_iter().flatten() {
            let place = Place {
                file: 0,
                pointer: format!("/components/schemas/{}", escape(name)),
            };
            if let Some(place) = is_reference(value).then(|| end(&place)).flatten() {
                give(place, name);
            }
        }
        let schemas = self.found.iter();
        let mut targets: Vec<Place> = schemas
            .filter(|(reference, _)| reference.kind == Kind::Schema)
            .filter_map(|(_, place)| end(place))
            .collect();
        targets.sort();
        targets.dedup();
        for place in targets {
            if let Some(name) = self.name_of(&place).filter(|name| !self.is_component(name)) {
                give(place, &name);
            }
        }
    }

    /// What a schema is called where it stands, or else its file.
    fn name_of(&self, place: &Place) -> Option<String> {
        let Some((outer, token)) = place.pointer.rsplit_once('/') else {
            let segment = self.files[place.file].url.path_segments()?.next_back()?;
            let file = percent_decode(segment)?;
            let name = file.split('.').next().unwrap_or_default();
            return (!name.is_empty()).then(|| name.to_owned());
        };
        let section = outer.rsplit('/').next().unwrap_or_default();
        let names = matches!(section, "" | "schemas" | "$defs" | "definitions");
        names.then(|| token.replace("~1", "/").replace("~0", "~"))
    }

    /// Moves schemas to their names, and the other files into the first.
    fn assemble(&mut self, joined: &Joined) {
        let mut names: Vec<(&String, &Place)> = joined.names.iter().collect();
        // What stands within another moves first.
        names.sort_by_key(|(name, place)| (std::cmp::Reverse(place.pointer.len()), *name));
        let mut moved = Vec::new();
        for (name, place) in names {
            if let Some(value) = self.files[place.file].value.pointer_mut(&place.pointer) {
                let reference = Map::from_iter([("$ref".to_owned(), Value::String(spelled(name)))]);
                moved.push((name, std::mem::replace(value, Value::Object(reference))));
            }
        }
        let others = self.files.iter_mut().skip(1);
        let others: Vec<Value> = others.map(|file| file.value.take()).collect();
        let Value::Object(root) = &mut self.files[0].value else {
            return;
        };
        if others.is_empty() {
            return;
        }
        root.insert(joined.key.clone(), Value::Array(others));
        if moved.is_empty() {
            return;
        }
        let empty = || Value::Object(Map::new());
        let components = root.entry("components").or_insert_with(empty);
        let Value::Object(components) = components else {
            return;
        };
        let schemas = components.entry("schemas").or_insert_with(empty);
        let Value::Object(schemas) = schemas else {
            return;
        };
        for (name, value) in moved {
            let token = name.rsplit('/').next().unwrap_or_default();
            schemas.insert(token.replace("~1", "/").replace("~0", "~"), value);
        }
    }
}

/// Returns whether an object is a reference and nothing else.
fn is_reference(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1)
        && value.get("$ref").is_some_and(Value::is_string)
}

/// What stands in the way of reading an object: the key under which a reference stands
/// that OpenAPI has no place for.
fn misplaced(kind: Kind, value: &Value) -> Option<&str> {
    let is_reference = |value: &Value| value.get("$ref").is_some_and(Value::is_string);
    if kind == Kind::Components && is_reference(value) {
        return Some("components");
    }
    let members = value.as_object().into_iter().flatten();
    let mut maps = members.filter(|(key, _)| is_map(kind, key));
    maps.find_map(|(key, member)| is_reference(member).then_some(key.as_str()))
}

type Anchor = (String, bool);

/// The `$id` of a schema as a URL, and its anchors, each with whether it is dynamic.
fn names(value: &Value, base: &Url) -> Result<(Option<Url>, Vec<Anchor>), String> {
    let text = |keyword: &str| value.get(keyword).and_then(Value::as_str);
    let id = match text("$id") {
        Some(id) if !id.starts_with('#') => {
            let joined = base.join(id);
            let mut url =
                joined.map_err(|error| format!("the `$id` `{id}` is not understood: {error}"))?;
            url.set_fragment(None);
            Some(url)
        }
        _ => None,
    };
    let anchors = [("$anchor", false), ("$dynamicAnchor", true)];
    let anchors = anchors
        .into_iter()
        .filter_map(|(keyword, is_dynamic)| Some((text(keyword)?.to_owned(), is_dynamic)));
    Ok((id, anchors.collect()))
}

fn twice(keyword: &str, file: &File, place: &Place) -> String {
    format!(
        "this `{keyword}` also stands at {}#{}; choose another",
        file.source, place.pointer
    )
}

/// A pointer as a reference.
fn spelled(pointer: &str) -> String {
    format!("#{}", pointer.replace('%', "%25"))
}

fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

//! Following the references of a document from file to file.
//!
//! Nothing is opened here: a caller hands over the files that references name.

use std::collections::{BTreeMap, HashSet, VecDeque};

use serde_json::Value;
use url::Url;

use super::bounds::{Budget, MAX_FILES};
use super::dialect::{self, Dialect};
use super::error::{BoxError, DocumentError};
use super::file::{File, Place, SourceText};
use super::places::{Kind, is_map, within};
use super::registry::{Base, Registry, Target};

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
pub(super) struct Reference {
    pub(super) at: Place,
    pub(super) kind: Kind,
    pub(super) keyword: Keyword,
    base: Base,
    pub(super) text: String,
}

/// What holds a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keyword {
    Ref,
    DynamicRef,
    /// The mapping of a discriminator, under this value.
    Mapping(String),
}

/// The files of a document, and where the references in them lead.
pub(super) struct Linked {
    pub(super) files: Vec<File>,
    pub(super) registry: Registry,
    /// Those that lead somewhere.
    pub(super) found: Vec<(Reference, Place)>,
}

struct Linker<'f, 'b> {
    files: Vec<File>,
    registry: Registry,
    dialect: Dialect,
    budget: &'b mut Budget,
    fetch: Option<&'f mut Fetch<'f>>,
    /// What has been gone through, for references and for names.
    seen: HashSet<(Place, Kind)>,
    scanned: HashSet<(Place, Kind)>,
    queue: VecDeque<Reference>,
    found: Vec<(Reference, Place)>,
}

/// Reads all files that the references of the first one need.
pub(super) fn link<'f>(
    root: File,
    dialect: Dialect,
    budget: &mut Budget,
    fetch: Option<&'f mut Fetch<'f>>,
) -> Result<Linked, DocumentError> {
    let mut linker = Linker {
        files: Vec::new(),
        registry: Registry::default(),
        dialect,
        budget,
        fetch,
        seen: HashSet::new(),
        scanned: HashSet::new(),
        queue: VecDeque::new(),
        found: Vec::new(),
    };
    let whole = linker.add(root);
    let base = linker.registry.of_file(whole.file);
    linker.walk(&whole, Kind::Document, base, true)?;
    linker.follow()?;
    Ok(Linked {
        files: linker.files,
        registry: linker.registry,
        found: linker.found,
    })
}

impl Linker<'_, '_> {
    fn add(&mut self, file: File) -> Place {
        self.registry.add_file(&file);
        self.files.push(file);
        Place::whole(self.files.len() - 1)
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
        base: Base,
        follow: bool,
    ) -> Result<(), DocumentError> {
        let file = start.file;
        let Some(value) = self.files[file].at(start) else {
            return Ok(());
        };
        let mut todo = vec![(start.pointer.clone(), kind, value, base)];
        while let Some((pointer, kind, value, base)) = todo.pop() {
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
                let problem = format!(
                    "`{key}` is a reference, where OpenAPI allows none; bundle the document first"
                );
                return Err(self.error(&at, problem));
            }
            let mut base = base;
            if kind == Kind::Schema && self.dialect == Dialect::V31 {
                base = match self.registry.add_schema(&at, value, base, &self.files) {
                    Ok(base) => base,
                    Err(problem) => return Err(self.error(&at, problem)),
                };
            }
            let inner = within(kind, &at.pointer, value).into_iter();
            todo.extend(inner.map(|(pointer, kind, value)| (pointer, kind, value, base)));
            if follow {
                let references = references(kind, value, self.dialect).into_iter();
                self.queue
                    .extend(references.map(|(keyword, text)| Reference {
                        at: at.clone(),
                        kind,
                        keyword,
                        base,
                        text,
                    }));
            }
        }
        Ok(())
    }

    /// Follows all references, and those of what they lead to.
    fn follow(&mut self) -> Result<(), DocumentError> {
        // Those to files that have not been read yet, by their URLs.
        let mut waiting: BTreeMap<Url, Vec<Reference>> = BTreeMap::new();
        // Those to what has no name yet, or is no reason to read a file.
        let mut open: Vec<Reference> = Vec::new();
        loop {
            while let Some(reference) = self.queue.pop_front() {
                match self.target(&reference)? {
                    Target::Found(place) => self.lead(reference, place)?,
                    Target::Missing(url) if reference.keyword == Keyword::Ref => {
                        waiting.entry(url).or_default().push(reference);
                    }
                    _ => open.push(reference),
                }
            }
            // What has been read since may have given them names.
            let named = waiting.extract_if(.., |url, _| self.registry.at_url(url).is_some());
            self.queue
                .extend(named.flat_map(|(_, references)| references));
            let mut still = Vec::new();
            for reference in open {
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
            let all = waiting.values().flatten();
            match all.min_by_key(|reference| &reference.at).cloned() {
                Some(reference) => self.load(&reference)?,
                None => break,
            }
        }
        let open = open.iter();
        let dangling = open.filter(|reference| reference.keyword == Keyword::Ref);
        match dangling.min_by_key(|reference| &reference.at) {
            Some(Reference { at, text, .. }) => Err(self.error(
                at,
                format!("the reference `{text}` leads nowhere; add what it names"),
            )),
            None => Ok(()),
        }
    }

    /// Goes on with what a reference leads to.
    fn lead(&mut self, reference: Reference, place: Place) -> Result<(), DocumentError> {
        let key = (place, reference.kind);
        if !self.seen.contains(&key) {
            let base = match self.dialect {
                Dialect::V30 => self.registry.of_file(key.0.file),
                Dialect::V31 => self.registry.around(&key.0, &self.files),
            };
            self.walk(&key.0, reference.kind, base, true)?;
        }
        self.found.push((reference, key.0));
        Ok(())
    }

    fn target(&self, reference: &Reference) -> Result<Target, DocumentError> {
        let text = &reference.text;
        let target = self.registry.target(text, reference.base, &self.files);
        match (target, &reference.keyword) {
            (Ok(target), _) => Ok(target),
            (Err(problem), Keyword::Ref) => {
                Err(self.error(&reference.at, format!("the reference `{text}` {problem}")))
            }
            (Err(_), _) => Ok(Target::Nothing),
        }
    }

    /// Reads the file that a reference names.
    fn load(&mut self, reference: &Reference) -> Result<(), DocumentError> {
        let Target::Missing(url) = self.target(reference)? else {
            return Ok(());
        };
        let text = &reference.text;
        if self.files.len() >= MAX_FILES {
            let problem = format!("the reference `{text}` leads to one file more than {MAX_FILES}");
            return Err(self.error(&reference.at, problem));
        }
        let Some(fetch) = self.fetch.as_mut() else {
            let problem =
                format!("the reference `{text}` leaves the document; bundle the document first");
            return Err(self.error(&reference.at, problem));
        };
        let from = &self.files[reference.at.file];
        let referred = Referred {
            url: &url,
            by: &from.url,
        };
        let read = fetch(referred).map_err(|source| DocumentError::Unread {
            source_name: from.source.clone(),
            pointer: reference.at.pointer.clone(),
            reference: text.clone(),
            source,
        })?;
        // Two URLs may redirect to one.
        if let Some(place) = self.registry.at_url(&read.url).cloned() {
            self.registry.add_url(url, place);
            return Ok(());
        }
        let file = File::read(read, self.budget)?;
        let is_document = file.value.get("openapi").is_some();
        if (is_document || file.value.get("swagger").is_some())
            && dialect::of(&file.source, &file.value)? != self.dialect
        {
            let root = &self.files[0].source;
            return Err(DocumentError::NotOpenApi {
                source_name: file.source,
                problem: format!(
                    "is of another version than {root}, which refers to it; use one in all files"
                ),
            });
        }
        let whole = self.add(file);
        self.registry.add_url(url, whole.clone());
        let kind = if is_document {
            Kind::Document
        } else {
            reference.kind
        };
        let base = self.registry.of_file(whole.file);
        self.walk(&whole, kind, base, false)
    }
}

/// The references that stand right in an object.
fn references(kind: Kind, value: &Value, dialect: Dialect) -> Vec<(Keyword, String)> {
    let text = |keyword: &str| Some(value.get(keyword)?.as_str()?.to_owned());
    let mut found = Vec::new();
    found.extend(text("$ref").map(|text| (Keyword::Ref, text)));
    if kind != Kind::Schema {
        return found;
    }
    if dialect == Dialect::V31 {
        found.extend(text("$dynamicRef").map(|text| (Keyword::DynamicRef, text)));
    }
    let mapping = value
        .get("discriminator")
        .and_then(|discriminator| discriminator.get("mapping"));
    for (name, target) in mapping.and_then(Value::as_object).into_iter().flatten() {
        if let Some(target) = target.as_str() {
            found.push((Keyword::Mapping(name.clone()), target.to_owned()));
        }
    }
    found
}

/// The key under which a reference stands right in an object although OpenAPI has no place
/// for one there.
fn misplaced(kind: Kind, value: &Value) -> Option<&str> {
    let is_reference = |value: &Value| value.get("$ref").is_some_and(Value::is_string);
    let is_no_place =
        |key: &str| is_map(kind, key) || (kind, key) == (Kind::Document, "components");
    let members = value.as_object().into_iter().flatten();
    let mut members = members.filter(|(key, member)| is_no_place(key) && is_reference(member));
    members.next().map(|(key, _)| key.as_str())
}

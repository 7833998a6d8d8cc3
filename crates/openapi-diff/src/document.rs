//! An OpenAPI document whose references all resolve.
//!
//! Nobody vouches for what is read. Whatever is wrong is an error that names the place: a
//! duplicate key, a reference that leads nowhere or round in a circle, nesting or aliases
//! without end. What is read is a plain JSON value, whatever files it is from.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;
use url::Url;

use super::bounds::{Budget, MAX_CHAIN};
use super::dialect;
pub(super) use super::dialect::Dialect;
use super::digits::Digits;
use super::error::{BoxError, DocumentError};
use super::file::{File, Place, SourceText};
use super::finding::Location;
use super::join::{Joined, join};
use super::link::{Fetch, Referred, link};
use super::path_items;
use super::places::{Kind, escape, target, within};

/// An OpenAPI 3.0, 3.1 or 3.2 document whose references all resolve.
#[derive(Debug)]
pub struct Document {
    pub(super) source: String,
    /// All of it, with references that are pointers within it.
    pub(super) root: Value,
    pub(super) dialect: Dialect,
    /// The files, without their values.
    files: Vec<File>,
    joined: Joined,
    /// Whole numbers in [`root`](Self::root) that have lost digits there.
    pub(super) digits: Digits,
}

impl Document {
    /// Reads a document that consists of one text; `source` is what messages call it. A
    /// text that begins like an object of JSON is read as JSON, any other as YAML.
    ///
    /// # Errors
    ///
    /// If it is not an OpenAPI document of a known version, refers to other files, or
    /// cannot be judged as it stands.
    pub fn parse(source: &str, text: &str) -> Result<Self, DocumentError> {
        let url = Url::parse("document:///").map_err(|error| DocumentError::NotOpenApi {
            source_name: source.to_owned(),
            problem: error.to_string(),
        })?;
        let root = SourceText {
            source: source.to_owned(),
            url,
            text: text.to_owned(),
        };
        Self::read(root, None)
    }

    /// Reads a document and the files that its references name, which `fetch` hands over.
    /// It is asked once for each, and never for the URL of the document itself.
    ///
    /// # Errors
    ///
    /// If it is not an OpenAPI document of a known version, if `fetch` fails, or if a file
    /// cannot be judged as it stands.
    pub fn load(
        root: SourceText,
        fetch: &mut dyn FnMut(Referred<'_>) -> Result<SourceText, BoxError>,
    ) -> Result<Self, DocumentError> {
        Self::read(root, Some(fetch))
    }

    fn read<'f>(root: SourceText, fetch: Option<&'f mut Fetch<'f>>) -> Result<Self, DocumentError> {
        let mut budget = Budget::new();
        let root = File::read(root, &mut budget)?;
        let dialect = dialect::of(&root.source, &root.value)?;
        for section in ["paths", "components", "webhooks"] {
            let members = root.value.get(section);
            if members.is_some_and(|members| !members.is_object()) {
                return Err(DocumentError::Located {
                    source_name: root.source,
                    pointer: format!("/{section}"),
                    problem: "must be an object".to_owned(),
                });
            }
        }
        let (mut files, joined) = join(link(root, dialect, &mut budget, fetch)?);
        let mut digits = Digits::new();
        for (number, file) in files.iter_mut().enumerate() {
            for (pointer, whole) in std::mem::take(&mut file.digits) {
                let place = Place {
                    file: number,
                    pointer,
                };
                digits.insert(joined.pointer(&place), whole);
            }
        }
        let mut document = Document {
            source: files[0].source.clone(),
            root: files[0].value.take(),
            dialect,
            files,
            joined,
            digits,
        };
        path_items::spread(&mut document.root);
        document.check()?;
        Ok(document)
    }

    /// Returns all of it as one value. References in it are pointers within it. Schemas of
    /// other files stand among the components, what else these hold stands under a key
    /// that the document does not have.
    pub fn value(&self) -> &Value {
        &self.root
    }

    /// Says of places in [`value`](Self::value) where they are written: in which file, where
    /// in it, and on which line.
    pub fn locate<'l>(&self, places: impl Iterator<Item = &'l mut Location>) {
        let mut by_file: Vec<Vec<&mut Location>> = Vec::new();
        by_file.resize_with(self.files.len(), Vec::new);
        for location in places {
            let place = self.joined.place(&location.pointer);
            let file = &self.files[place.file];
            location.source.clone_from(&file.source);
            location.pointer = place.pointer;
            by_file[place.file].push(location);
        }
        for (file, locations) in self.files.iter().zip(by_file) {
            if locations.is_empty() {
                continue;
            }
            let pointers: Vec<&str> = locations.iter().map(|at| at.pointer.as_str()).collect();
            let lines = file.lines(&pointers);
            for (location, line) in locations.into_iter().zip(lines) {
                location.line = Some(line);
            }
        }
    }

    fn error(&self, pointer: &str, problem: String) -> DocumentError {
        let place = self.joined.place(pointer);
        DocumentError::Located {
            source_name: self.files[place.file].source.clone(),
            pointer: place.pointer,
            problem,
        }
    }

    /// Follows every reference once.
    fn check(&self) -> Result<(), DocumentError> {
        let Walked { references, .. } = self.walk()?;
        for pointer in references {
            let mut seen = HashSet::from([pointer.clone()]);
            let mut at = pointer.clone();
            while let Some(reference) = self
                .root
                .pointer(&at)
                .and_then(|value| value.get("$ref"))
                .and_then(Value::as_str)
            {
                let Some(target) = self.target(reference) else {
                    break;
                };
                if !seen.insert(target.clone()) {
                    return Err(self.error(
                        &pointer,
                        format!("the reference `{reference}` only ever leads to itself"),
                    ));
                }
                if seen.len() > MAX_CHAIN {
                    let problem = format!("more than {MAX_CHAIN} references follow each other");
                    return Err(self.error(&pointer, problem));
                }
                at = target;
            }
        }
        Ok(())
    }

    /// The pointers of all schemas, those that are reached by references included, in
    /// order. They take much room, so they are found when they are needed.
    pub(super) fn schemas(&self) -> Vec<String> {
        // What is wrong was told when the document was read.
        self.walk()
            .map_or_else(|_| Vec::new(), |walked| walked.schemas)
    }

    /// The dialect of its schemas that `jsonSchemaDialect` names, if that is not compared.
    pub(super) fn foreign_dialect(&self) -> Option<&Value> {
        let stated = self.root.get("jsonSchemaDialect")?;
        (self.dialect == Dialect::V31 && dialect::is_foreign(stated)).then_some(stated)
    }

    /// The schemas that a dynamic reference may lead to, by their anchors.
    pub(super) fn dynamic_targets(&self, reference: &Value) -> Vec<Located<'_>> {
        let anchor = reference.as_str().and_then(|text| text.rsplit_once('#'));
        let Some((_, anchor)) = anchor else {
            return Vec::new();
        };
        let schemas = self.schemas().into_iter();
        let schemas = schemas.filter_map(|pointer| {
            let value = self.root.pointer(&pointer)?;
            Some(Located { pointer, value })
        });
        schemas
            .filter(|place| place.text("$dynamicAnchor") == Some(anchor))
            .collect()
    }

    /// Finds the schemas and the references.
    fn walk(&self) -> Result<Walked, DocumentError> {
        let mut walked = Walked::default();
        let mut todo = vec![(String::new(), Kind::Document, &self.root)];
        // By their addresses, which take less room than pointers.
        let mut seen: HashSet<(usize, Kind)> = HashSet::new();
        while let Some((pointer, kind, value)) = todo.pop() {
            if !seen.insert((std::ptr::from_ref(value).addr(), kind)) {
                continue;
            }
            let properties = value.get("properties");
            if kind == Kind::Schema && properties.is_some_and(|properties| !properties.is_object())
            {
                let problem = "`properties` must be an object".to_owned();
                return Err(self.error(&pointer, problem));
            }
            todo.extend(within(kind, &pointer, value));
            let reference = value.get("$ref").and_then(Value::as_str);
            if let Some(reference) = reference {
                // What it leads to can stand where nothing else would look, such as
                // under an extension.
                let target = self.target(reference);
                let target = target.and_then(|at| Some((at.clone(), self.root.pointer(&at)?)));
                todo.extend(target.map(|(at, value)| (at, kind, value)));
                walked.references.push(pointer.clone());
            }
            if kind == Kind::Schema {
                walked.schemas.push(pointer);
            }
        }
        walked.references.sort_unstable();
        walked.schemas.sort_unstable();
        Ok(walked)
    }

    /// The whole number at a pointer, if it has more digits than the value there.
    pub(super) fn digits(&self, pointer: impl FnOnce() -> String) -> Option<i128> {
        if self.digits.is_empty() {
            return None;
        }
        self.digits.get(&pointer()).copied()
    }

    /// The whole numbers among the values that a schema lists which have more digits than
    /// the values there.
    pub(super) fn listed_digits(&self, pointer: &str, schema: &Value) -> BTreeSet<i128> {
        if self.digits.is_empty() {
            return BTreeSet::new();
        }
        let listed = schema.get("enum").and_then(Value::as_array);
        let indices = 0..listed.map_or(0, Vec::len);
        let of_enum =
            indices.filter_map(|index| self.digits.get(&format!("{pointer}/enum/{index}")));
        let of_const = self.digits.get(&format!("{pointer}/const"));
        of_enum.chain(of_const).copied().collect()
    }

    /// The pointer that a reference names, if there is something.
    pub(super) fn target(&self, reference: &str) -> Option<String> {
        target(&self.root, reference)
    }

    /// Follows a Reference Object to what it stands for.
    pub(super) fn resolve<'a>(&'a self, at: Located<'a>) -> Located<'a> {
        let mut at = at;
        // `check` has shown that no chain is circular.
        while let Some(target) = at
            .value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.target(reference))
        {
            match self.root.pointer(&target) {
                Some(value) => {
                    at = Located {
                        pointer: target,
                        value,
                    }
                }
                None => break,
            }
        }
        at
    }

    pub(super) fn place(&self, pointer: &str) -> Option<Located<'_>> {
        let value = self.root.pointer(pointer)?;
        Some(self.resolve(Located {
            pointer: pointer.to_owned(),
            value,
        }))
    }

    /// A member of an object, references followed.
    pub(super) fn member<'a>(&'a self, of: &Located<'a>, name: &str) -> Option<Located<'a>> {
        of.raw_member(name).map(|member| self.resolve(member))
    }

    /// All members of the object that is a member, references followed.
    pub(super) fn members<'a>(
        &'a self,
        of: &Located<'a>,
        name: &str,
    ) -> Vec<(String, Located<'a>)> {
        let Some(inner) = self.member(of, name) else {
            return Vec::new();
        };
        let Value::Object(map) = inner.value else {
            return Vec::new();
        };
        map.keys()
            .filter_map(|key| Some((key.clone(), self.member(&inner, key)?)))
            .collect()
    }
}

/// What stands in a document, by pointers in order.
#[derive(Debug, Default)]
struct Walked {
    schemas: Vec<String>,
    references: Vec<String>,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Located<'a> {
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl<'a> Located<'a> {
    pub(super) fn raw_member(&self, name: &str) -> Option<Located<'a>> {
        let value = self.value.get(name)?;
        Some(Located {
            pointer: format!("{}/{}", self.pointer, escape(name)),
            value,
        })
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value.get(name).and_then(Value::as_bool) == Some(true)
    }
}

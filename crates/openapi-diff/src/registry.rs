//! The names by which references find files and schemas: URLs, `$id` and anchors.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use url::Url;

use super::file::{File, Place};
use super::lines::prefixes;

/// The URL that references are relative to, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base(usize);

/// What a reference leads to.
pub(super) enum Target {
    Found(Place),
    /// No file with this URL has been read.
    Missing(Url),
    /// There is nothing of that name.
    Nothing,
}

/// All names that have been found.
#[derive(Default)]
pub(super) struct Registry {
    /// The URLs of files, and every `$id`.
    bases: Vec<Url>,
    of_file: Vec<Base>,
    /// Files and schemas, by their URLs.
    resources: HashMap<Url, Place>,
    /// Schemas, by the URL that they are in and their anchor.
    anchors: HashMap<(Url, String), Place>,
    /// The schemas that have a dynamic anchor.
    dynamic: HashMap<String, HashSet<Place>>,
}

impl Registry {
    fn base(&mut self, url: Url) -> Base {
        self.bases.push(url);
        Base(self.bases.len() - 1)
    }

    /// Adds the next file, under its URL and the one that it gives itself.
    pub(super) fn add_file(&mut self, file: &File) {
        let whole = Place::whole(self.of_file.len());
        let mut url = without_fragment(file.url.clone());
        self.resources.insert(url.clone(), whole.clone());
        let own = file.value.get("$self").and_then(Value::as_str);
        if let Some(own) = own.and_then(|own| url.join(own).ok()) {
            url = without_fragment(own);
            self.resources.insert(url.clone(), whole);
        }
        let base = self.base(url);
        self.of_file.push(base);
    }

    /// Adds another URL of a file.
    pub(super) fn add_url(&mut self, url: Url, place: Place) {
        self.resources.insert(url, place);
    }

    /// What has a URL.
    pub(super) fn at_url(&self, url: &Url) -> Option<&Place> {
        self.resources.get(url)
    }

    /// Adds the names of a schema, and returns what references in it are relative to.
    ///
    /// # Errors
    ///
    /// If they cannot be used, or another schema has them.
    pub(super) fn add_schema(
        &mut self,
        at: &Place,
        value: &Value,
        base: Base,
        files: &[File],
    ) -> Result<Base, String> {
        let text = |keyword: &str| value.get(keyword).and_then(Value::as_str);
        // What an alias of YAML has repeated is no other schema.
        let alone = |other: Option<Place>, keyword: &str| match other {
            Some(other) if other != *at && files[other.file].at(&other) != Some(value) => {
                let source = &files[other.file].source;
                let pointer = other.pointer;
                Err(format!(
                    "this `{keyword}` also stands at {source}#{pointer}; choose another"
                ))
            }
            _ => Ok(()),
        };
        let mut base = base;
        if let Some(id) = text("$id").filter(|id| !id.starts_with('#')) {
            let url = self.bases[base.0].join(id);
            let url =
                url.map_err(|error| format!("the `$id` `{id}` is not understood: {error}"))?;
            let url = without_fragment(url);
            alone(self.resources.insert(url.clone(), at.clone()), "$id")?;
            base = self.base(url);
        }
        for keyword in ["$anchor", "$dynamicAnchor"] {
            let Some(anchor) = text(keyword) else {
                continue;
            };
            if keyword == "$dynamicAnchor" {
                let all = self.dynamic.entry(anchor.to_owned()).or_default();
                all.insert(at.clone());
            }
            let key = (self.bases[base.0].clone(), anchor.to_owned());
            alone(self.anchors.insert(key, at.clone()), keyword)?;
        }
        Ok(base)
    }

    /// What references in a file are relative to.
    pub(super) fn of_file(&self, file: usize) -> Base {
        self.of_file[file]
    }

    /// What references at a place are relative to, an `$id` at that place itself aside.
    pub(super) fn around(&mut self, place: &Place, files: &[File]) -> Base {
        let mut base = self.of_file[place.file];
        let value = &files[place.file].value;
        let mut outer: Vec<&str> = prefixes(&place.pointer).skip(1).collect();
        outer.reverse();
        for pointer in outer {
            let id = value.pointer(pointer).and_then(|value| value.get("$id"));
            let id = id.and_then(Value::as_str);
            if let Some(url) = id.and_then(|id| self.bases[base.0].join(id).ok()) {
                base = self.base(without_fragment(url));
            }
        }
        base
    }

    /// Where a reference leads, as far as is known.
    ///
    /// # Errors
    ///
    /// If it is no reference, in words that go on from it.
    pub(super) fn target(
        &self,
        reference: &str,
        base: Base,
        files: &[File],
    ) -> Result<Target, String> {
        let base = &self.bases[base.0];
        let (url, fragment) = if let Some(fragment) = reference.strip_prefix('#') {
            (base.clone(), fragment.to_owned())
        } else {
            let url = base.join(reference);
            let url = url.map_err(|error| format!("is not understood: {error}"))?;
            let fragment = url.fragment().unwrap_or_default().to_owned();
            (without_fragment(url), fragment)
        };
        let Some(fragment) = percent_decode(&fragment) else {
            return Err("has a fragment that is not UTF-8".to_owned());
        };
        let Some(place) = self.resources.get(&url) else {
            return Ok(Target::Missing(url));
        };
        if fragment.is_empty() {
            return Ok(Target::Found(place.clone()));
        }
        if !fragment.starts_with('/') {
            let place = self.anchors.get(&(url, fragment)).cloned();
            return Ok(place.map_or(Target::Nothing, Target::Found));
        }
        // In a schema with an `$id` pointers begin there; many mean the file all the same.
        let value = &files[place.file].value;
        let pointers = [format!("{}{fragment}", place.pointer), fragment];
        let there = pointers.into_iter().find(|at| value.pointer(at).is_some());
        Ok(there.map_or(Target::Nothing, |pointer| {
            let file = place.file;
            Target::Found(Place { file, pointer })
        }))
    }

    /// Returns whether several schemas have a dynamic anchor.
    pub(super) fn is_dynamic(&self, anchor: &str) -> bool {
        self.dynamic.get(anchor).is_some_and(|all| all.len() > 1)
    }
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

/// A part of a URL as it is meant; nothing if it is not UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.ok().map(std::borrow::Cow::into_owned)
}

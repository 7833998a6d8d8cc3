//! The derived schemas say what the vendor's documented ones say.
//!
//! `tests/documented` holds the draft-04 schemas of the vendor's reference,
//! without their prose: the body of one request or one reply each.

use std::{collections::BTreeSet, ffi::OsStr, fs, path::Path};

use contract::{find, schema::SchemaDocument};
use serde_json::Value;

use crate::waivers::Waivers;

#[test]
fn schemas_agree_with_the_documented_ones() {
    let waivers = Waivers::of(&[
        "missing",
        "undocumented",
        "type",
        "enum",
        "required",
        "default",
    ]);
    let mut differences = Vec::new();
    for (name, documented) in documented() {
        let (operation, direction) = name.split_once('.').expect("<operation>.<direction>");
        let operation = find(operation).unwrap_or_else(|| panic!("{name}: no such operation"));
        let is_request = direction == "request";
        let document = if is_request {
            operation.body.document()
        } else {
            operation.reply.body.document()
        };
        let mut comparison = Comparison {
            name: &name,
            document: document.unwrap_or_else(|| panic!("{name}: no body is declared")),
            is_request,
            waivers: &waivers,
            differences: &mut differences,
        };
        comparison.objects("", &documented, comparison.document.root());
    }
    assert!(
        differences.is_empty(),
        "the contract differs from the documentation; correct the types, or give the reason in \
         tests/waivers.json:\n{}",
        differences.join("\n"),
    );
    waivers.check_all_were_needed();
}

fn documented() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documented");
    let mut schemas: Vec<_> = directory
        .read_dir()
        .expect("tests/documented")
        .map(|entry| {
            let path = entry.expect("tests/documented").path();
            let schema = serde_json::from_slice(&fs::read(&path).expect("a file"))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_stem().and_then(OsStr::to_str).expect("a name");
            (name.to_owned(), schema)
        })
        .collect();
    schemas.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(schemas.len(), 46, "the reference documents 46 schemas");
    schemas
}

struct Comparison<'a> {
    name: &'a str,
    document: &'static SchemaDocument,
    is_request: bool,
    waivers: &'a Waivers,
    differences: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn differ(&mut self, property: &str, kind: &str, what: &str) {
        if !self.waivers.cover(self.name, property, kind) {
            self.differences
                .push(format!("{} {property:?} {kind}: {what}", self.name));
        }
    }

    fn values(&mut self, path: &str, documented: &Value, derived: &Value) {
        let target = self.document.resolve(derived);
        if let Some(name) = documented["type"].as_str() {
            let types = types(target);
            if types != [name] {
                self.differ(path, "type", &format!("{name}, not {}", types.join(" or ")));
            }
        }
        let [is, should] = [target, documented].map(|schema| names(&schema["enum"]));
        if is != should && !(is.is_empty() && should.is_empty()) {
            self.differ(path, "enum", &format!("{should:?}, not {is:?}"));
        }
        if documented.get("default") != derived.get("default") {
            let [is, should] = [derived, documented].map(|schema| &schema["default"]);
            self.differ(path, "default", &format!("{should}, not {is}"));
        }
        if documented["properties"].is_object() {
            self.objects(path, documented, target);
        }
        if documented["items"].is_object() {
            self.values(&format!("{path}[]"), &documented["items"], &target["items"]);
        }
    }

    fn objects(&mut self, path: &str, documented: &Value, derived: &Value) {
        let [should, is] = [documented, derived].map(|schema| schema["properties"].as_object());
        let member = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        for (name, schema) in should.into_iter().flatten() {
            match is.and_then(|is| is.get(name)) {
                // What a request may hold, but not change, is not part of it.
                Some(derived) if !self.is_ignored(derived) => {
                    self.values(&member(name), schema, derived);
                }
                _ => self.differ(
                    &member(name),
                    "missing",
                    "documented, but not in the contract",
                ),
            }
        }
        for (name, schema) in is.into_iter().flatten() {
            let is_documented = should.is_some_and(|should| should.contains_key(name));
            if !is_documented && !self.is_ignored(schema) {
                self.differ(
                    &member(name),
                    "undocumented",
                    "in the contract, but not documented",
                );
            }
        }
        let [should, is] = [documented, derived].map(|schema| names(&schema["required"]));
        for name in should.symmetric_difference(&is) {
            let what = if should.contains(name) {
                "is"
            } else {
                "is not"
            };
            self.differ(
                &member(name),
                "required",
                &format!("{what} required by the documentation"),
            );
        }
    }

    fn is_ignored(&self, derived: &Value) -> bool {
        self.is_request && derived["readOnly"] == true
    }
}

fn types(schema: &Value) -> Vec<&str> {
    let all = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        only => Vec::from_iter(only.as_str()),
    };
    all.into_iter().filter(|name| *name != "null").collect()
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

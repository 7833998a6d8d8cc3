//! What an OpenAPI document says, as far as the laws need it: operations, and the
//! resources that they list, create, read, change and delete.
//!
//! Everything follows from paths, methods and schemas. Nothing here knows an API.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::document::ApiDocument;
use super::operation::{Operation, operation};
use super::schema;
use super::scheme::Scheme;
use crate::methods;
use crate::reference;

/// What has a collection and elements: `/things` and `/things/{id}`. The members
/// are numbers of operations.
#[derive(Debug)]
pub(crate) struct Resource {
    /// The path of the collection.
    pub(crate) collection: String,
    /// The path of an element.
    pub(crate) item: String,
    pub(crate) list: Option<usize>,
    pub(crate) create: Option<usize>,
    pub(crate) read: Option<usize>,
    pub(crate) patch: Option<usize>,
    pub(crate) put: Option<usize>,
    pub(crate) delete: Option<usize>,
    /// The property that identifies an element.
    pub(crate) id: String,
    /// What a property that refers to an element may be called.
    pub(crate) names: BTreeSet<String>,
    /// Properties of which the document says that they are shown once, in the reply
    /// to the write that has set them.
    pub(crate) once: BTreeSet<String>,
    /// Properties of which the document says what they are where they are not given.
    pub(crate) derived: BTreeSet<String>,
    /// Whether the document says that a DELETE archives, so that what is deleted can
    /// still be read.
    pub(crate) archives: bool,
}

/// How a document says that a property is shown once.
const ONCE: &str = "shown once";

/// How a document says that a property follows from others.
const DERIVED: [&str; 2] = ["Where it is not given", "in place of"];

/// A document, read.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) document: ApiDocument,
    pub(crate) scheme: Scheme,
    pub(crate) operations: Vec<Operation>,
    /// Those that others refer to come first.
    pub(crate) resources: Vec<Resource>,
}

impl Model {
    pub(crate) fn new(document: ApiDocument) -> Self {
        let root = &document.root;
        let mut operations = Vec::new();
        for (path, item) in root["paths"].as_object().into_iter().flatten() {
            let item = reference::follow(root, item);
            let stated = methods::operations(item);
            operations.extend(stated.filter_map(|stated| operation(root, path, &stated)));
        }
        let resources = in_order(root, resources(root, &operations), &operations);
        let scheme = Scheme::of_document(root);
        Self {
            document,
            scheme,
            operations,
            resources,
        }
    }

    pub(crate) fn root(&self) -> &Value {
        &self.document.root
    }

    pub(crate) fn operation(&self, number: Option<usize>) -> Option<&Operation> {
        self.operations.get(number?)
    }

    /// The path of an operation that reads and needs nothing to be known.
    pub(crate) fn plain_path(&self) -> Option<&str> {
        let mut plain = self.operations.iter().filter(|operation| {
            let is_complete = operation.query.iter().all(|parameter| !parameter.required);
            operation.method == Method::GET && !operation.path.contains('{') && is_complete
        });
        plain.next().map(|operation| operation.path.as_str())
    }

    /// The resource that a property of a body refers to.
    pub(crate) fn referred(&self, property: &str) -> Option<&Resource> {
        let name = stem(property);
        self.resources
            .iter()
            .find(|resource| resource.names.contains(&name))
    }

    /// The schemas of what identifies elements.
    pub(crate) fn is_identifier(&self, schema: &Value) -> bool {
        let pattern = schema.get("pattern").filter(|pattern| pattern.is_string());
        if schema["format"] == "uuid" {
            return true;
        }
        pattern.is_some_and(|pattern| {
            self.operations.iter().any(|operation| {
                let mut parameters = operation.path_parameters.iter();
                parameters.any(|parameter| {
                    let of = schema::resolve(self.root(), &parameter.schema);
                    of.get("pattern") == Some(pattern) || {
                        let mut options = of["anyOf"].as_array().into_iter().flatten();
                        options.any(|of| {
                            schema::resolve(self.root(), of).get("pattern") == Some(pattern)
                        })
                    }
                })
            })
        })
    }
}

fn resources(root: &Value, operations: &[Operation]) -> Vec<Resource> {
    let find = |method: &Method, path: &str| {
        let mut all = operations.iter();
        all.position(|operation| operation.method == *method && operation.path == path)
    };
    let items: BTreeSet<_> = operations
        .iter()
        .filter(|operation| operation.path.ends_with('}'))
        .map(|operation| operation.path.as_str())
        .collect();
    let mut found = Vec::new();
    for item in items {
        let Some((collection, variable)) = item.rsplit_once('/') else {
            continue;
        };
        let Some(variable) = variable.strip_prefix('{').and_then(|v| v.strip_suffix('}')) else {
            continue;
        };
        let lists = |number: &usize| {
            let reply = operations[*number]
                .success()
                .and_then(|(_, reply)| reply.schema.as_ref());
            reply.is_some_and(|reply| schema::elements(root, reply).is_some())
        };
        let list = find(&Method::GET, collection).filter(lists);
        let read = find(&Method::GET, item);
        let of = |number: Option<usize>| operations.get(number?)?.success()?.1.schema.as_ref();
        let element = of(read).or_else(|| schema::elements(root, of(list)?).map(|(_, of)| of));
        let properties = element.map(|element| schema::properties(root, element));
        let has = |name: &String| {
            properties
                .as_ref()
                .is_some_and(|properties| properties.contains_key(name))
        };
        let camel = camel(variable);
        let mut candidates = [
            variable.to_owned(),
            camel,
            "id".to_owned(),
            "_id".to_owned(),
        ]
        .into_iter()
        .chain(["uuid", "key", "slug", "name"].map(str::to_owned));
        let id = candidates.find(has).unwrap_or_else(|| "id".to_owned());
        let segment = collection.rsplit('/').next().unwrap_or_default();
        let names = [stem(segment), stem(variable)];
        let create = find(&Method::POST, collection);
        let patch = find(&Method::PATCH, item);
        let put = find(&Method::PUT, item);
        let delete = find(&Method::DELETE, item);
        let written = [create, patch, put]
            .into_iter()
            .filter_map(|number| operations.get(number?));
        let bodies = written.filter_map(|operation| Some(&operation.body.as_ref()?.schema));
        let shown = [of(create), of(read), of(patch), of(put)]
            .into_iter()
            .flatten();
        let all: Vec<_> = bodies.chain(shown).collect();
        let saying = |words: &str| {
            let properties = all.iter().flat_map(|of| schema::properties(root, of));
            let found = properties.filter(|(_, property)| schema::says(root, property, words));
            found.map(|(name, _)| name).collect::<BTreeSet<_>>()
        };
        let archives = delete.is_some_and(|delete| {
            operations[delete]
                .description
                .to_lowercase()
                .contains("archive")
        });
        found.push(Resource {
            collection: collection.to_owned(),
            item: item.to_owned(),
            list,
            create,
            read,
            patch,
            put,
            delete,
            id,
            names: names
                .into_iter()
                .filter(|name| !name.is_empty() && name != "id")
                .collect(),
            once: saying(ONCE),
            derived: DERIVED.into_iter().flat_map(saying).collect(),
            archives,
        });
    }
    found
}

/// Puts resources behind those that they refer to, as far as that goes.
fn in_order(root: &Value, resources: Vec<Resource>, operations: &[Operation]) -> Vec<Resource> {
    let wants = |resource: &Resource| -> BTreeSet<String> {
        let create = resource.create.and_then(|number| operations.get(number));
        let body = create.and_then(|create| create.body.as_ref());
        let properties = body.map(|body| schema::properties(root, &body.schema));
        let names = properties.into_iter().flatten();
        names.map(|(name, _)| stem(&name)).collect()
    };
    let mut left: Vec<_> = resources.into_iter().map(|of| (wants(&of), of)).collect();
    let mut done: Vec<Resource> = Vec::new();
    while !left.is_empty() {
        let is_ready = |(wants, of): &(BTreeSet<String>, Resource)| {
            left.iter().all(|(_, other)| {
                other.item == of.item
                    // What is below something cannot be there before it.
                    || other.collection.starts_with(&format!("{}/", of.item))
                    || (!of.item.starts_with(&format!("{}/", other.item))
                        && (other.create.is_none() || wants.is_disjoint(&other.names)))
            })
        };
        // In a circle somebody has to be the first.
        let next = left.iter().position(is_ready).unwrap_or(0);
        done.push(left.remove(next).1);
    }
    done
}

/// A name without what tells that it is one of several, or an identifier.
fn stem(name: &str) -> String {
    let name = name.to_lowercase().replace(['_', '-'], "");
    let name = name
        .strip_suffix("ids")
        .or_else(|| name.strip_suffix("id"))
        .unwrap_or(&name);
    if let Some(start) = name.strip_suffix("ies") {
        return format!("{start}y");
    }
    name.strip_suffix('s').unwrap_or(name).to_owned()
}

fn camel(name: &str) -> String {
    let mut camel = String::new();
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' || letter == '-' {
            upper = true;
        } else if upper {
            camel.extend(letter.to_uppercase());
            upper = false;
        } else {
            camel.push(letter);
        }
    }
    camel
}

//! What an OpenAPI document says, as far as the laws need it: operations, and the
//! resources that they list, create, read, change and delete.
//!
//! Everything follows from paths, methods and schemas. Nothing here knows an API.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::Value;

use super::document::Document;
use super::schema;

/// More operations than this are not verified.
const MAX_OPERATIONS: usize = 2000;

/// A parameter of the query or the path.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) schema: Value,
    pub(crate) example: Option<Value>,
    pub(crate) description: String,
}

/// A JSON body of a request.
#[derive(Debug)]
pub(crate) struct RequestBody {
    pub(crate) media_type: String,
    pub(crate) schema: Value,
    pub(crate) example: Option<Value>,
}

/// A declared reply.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// The schema of a JSON body.
    pub(crate) schema: Option<Value>,
    pub(crate) example: Option<Value>,
    /// The names of the headers, in lower case.
    pub(crate) headers: BTreeSet<String>,
    pub(crate) description: String,
    /// Whether a body of some type is declared.
    pub(crate) has_body: bool,
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) description: String,
    /// Its place in the document, as a JSON pointer.
    pub(crate) pointer: String,
    pub(crate) path_parameters: Vec<Parameter>,
    pub(crate) query: Vec<Parameter>,
    /// Its JSON body, where it has one.
    pub(crate) body: Option<RequestBody>,
    /// Whether it has a body that is not JSON.
    pub(crate) other_body: bool,
    pub(crate) replies: BTreeMap<String, Reply>,
    pub(crate) authenticated: bool,
}

impl Operation {
    /// As a person writes it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The first declared status that is a success, and the reply.
    pub(crate) fn success(&self) -> Option<(&str, &Reply)> {
        let mut replies = self.replies.iter();
        let found = replies.find(|(status, _)| status.starts_with('2'));
        found.map(|(status, reply)| (status.as_str(), reply))
    }

    pub(crate) fn reply(&self, status: u16) -> Option<&Reply> {
        let exact = self.replies.get(&status.to_string());
        let class = || self.replies.get(&format!("{}XX", status / 100));
        exact.or_else(class).or_else(|| self.replies.get("default"))
    }

    /// Returns whether a status is declared by itself, not as one of all others.
    pub(crate) fn declares(&self, status: u16) -> bool {
        self.replies.contains_key(&status.to_string())
            || self.replies.contains_key(&format!("{}XX", status / 100))
    }

    pub(crate) fn parameter(&self, names: &[&str]) -> Option<&Parameter> {
        let mut found = names
            .iter()
            .filter_map(|name| self.query.iter().find(|parameter| parameter.name == *name));
        found.next()
    }
}

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

/// How a caller says who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// In the header `Authorization`, behind this word.
    Authorization(&'static str),
    /// In a header of this name.
    Header(http::HeaderName),
}

/// A document, read.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) document: Document,
    pub(crate) scheme: Scheme,
    pub(crate) operations: Vec<Operation>,
    /// Those that others refer to come first.
    pub(crate) resources: Vec<Resource>,
}

impl Model {
    pub(crate) fn new(document: Document) -> Self {
        let root = &document.root;
        let mut operations = Vec::new();
        for (path, item) in root["paths"].as_object().into_iter().flatten() {
            let item = schema::follow(root, item);
            for (method, stated) in item.as_object().into_iter().flatten() {
                let known = ["get", "put", "post", "delete", "patch"];
                if known.contains(&method.as_str()) && operations.len() < MAX_OPERATIONS {
                    operations.push(operation(root, path, method, item, stated));
                }
            }
        }
        let resources = in_order(root, resources(root, &operations), &operations);
        let scheme = scheme(root);
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

/// The first security scheme that a token fits. What is none of them is taken to be
/// a bearer token.
fn scheme(root: &Value) -> Scheme {
    let stated = root["components"]["securitySchemes"].as_object();
    let schemes = stated.into_iter().flatten();
    let mut known = schemes.filter_map(|(_, scheme)| {
        let scheme = schema::follow(root, scheme);
        match (scheme["type"].as_str()?, scheme["in"].as_str()) {
            ("http", _) if scheme["scheme"] == "basic" => Some(Scheme::Authorization("Basic")),
            ("http" | "oauth2" | "openIdConnect", _) => Some(Scheme::Authorization("Bearer")),
            ("apiKey", Some("header")) => {
                Some(Scheme::Header(scheme["name"].as_str()?.parse().ok()?))
            }
            _ => None,
        }
    });
    known.next().unwrap_or(Scheme::Authorization("Bearer"))
}

fn operation(root: &Value, path: &str, method: &str, item: &Value, stated: &Value) -> Operation {
    let mut path_parameters: Vec<Parameter> = Vec::new();
    let mut query: Vec<Parameter> = Vec::new();
    // What is stated for the operation comes before what is stated for the path.
    let both = [&stated["parameters"], &item["parameters"]];
    for parameter in both.into_iter().filter_map(Value::as_array).flatten() {
        let parameter = schema::follow(root, parameter);
        let name = parameter["name"].as_str().unwrap_or_default();
        let found = match parameter["in"].as_str() {
            Some("path") => &mut path_parameters,
            Some("query") => &mut query,
            _ => continue,
        };
        if found.iter().any(|other| other.name == name) {
            continue;
        }
        found.push(Parameter {
            name: name.to_owned(),
            required: parameter["required"] == true,
            schema: parameter["schema"].clone(),
            example: example(root, parameter),
            description: parameter["description"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        });
    }
    let body = schema::follow(root, &stated["requestBody"]);
    let media = json(&body["content"]);
    let mut replies = BTreeMap::new();
    for (status, reply) in stated["responses"].as_object().into_iter().flatten() {
        let reply = schema::follow(root, reply);
        let media = json(&reply["content"]);
        let headers = reply["headers"].as_object().into_iter().flatten();
        let stated = Reply {
            schema: media.map(|media| media["schema"].clone()),
            example: media.and_then(|media| example(root, media)),
            headers: headers.map(|(name, _)| name.to_lowercase()).collect(),
            description: reply["description"].as_str().unwrap_or_default().to_owned(),
            has_body: reply["content"]
                .as_object()
                .is_some_and(|content| !content.is_empty()),
        };
        replies.insert(status.clone(), stated);
    }
    let method_name = method.to_uppercase();
    let security = stated.get("security").unwrap_or(&root["security"]);
    let requirements = security.as_array().map(Vec::as_slice).unwrap_or_default();
    let optional = requirements.iter().any(|requirement| {
        requirement
            .as_object()
            .is_some_and(serde_json::Map::is_empty)
    });
    Operation {
        id: stated["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        method: Method::from_bytes(method_name.as_bytes()).unwrap_or(Method::GET),
        path: path.to_owned(),
        description: ["summary", "description"]
            .map(|name| stated[name].as_str().unwrap_or_default())
            .join(" "),
        pointer: format!("/paths/{}/{method}", schema::escape(path)),
        path_parameters,
        query,
        body: media.map(|media| RequestBody {
            media_type: media_type(&body["content"]),
            schema: media["schema"].clone(),
            example: example(root, media),
        }),
        other_body: body["content"].is_object() && media.is_none(),
        replies,
        authenticated: !requirements.is_empty() && !optional,
    }
}

/// The name of the JSON among the content types.
fn media_type(content: &Value) -> String {
    let chosen = json(content);
    let types = content.as_object().into_iter().flatten();
    let mut names =
        types.filter(|(_, media)| chosen.is_some_and(|chosen| std::ptr::eq(chosen, *media)));
    names
        .next()
        .map(|(name, _)| name.clone())
        .unwrap_or_default()
}

/// The JSON among the content types.
fn json(content: &Value) -> Option<&Value> {
    let mut types = content.as_object()?.iter();
    let found = types.find(|(name, _)| {
        let name = name.split(';').next().unwrap_or_default().trim();
        name == "application/json" || name.ends_with("+json")
    });
    found.map(|(_, media)| media)
}

/// The example of a parameter or a body.
fn example(root: &Value, of: &Value) -> Option<Value> {
    if let Some(example) = of.get("example") {
        return Some(example.clone());
    }
    let mut several = of["examples"].as_object().into_iter().flatten();
    if let Some((_, example)) = several.next() {
        return schema::follow(root, example).get("value").cloned();
    }
    schema::example(root, &of["schema"])
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
        let delete = find(&Method::DELETE, item);
        let written = [create, patch]
            .into_iter()
            .filter_map(|number| operations.get(number?));
        let bodies = written.filter_map(|operation| Some(&operation.body.as_ref()?.schema));
        let shown = [of(create), of(read), of(patch)].into_iter().flatten();
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

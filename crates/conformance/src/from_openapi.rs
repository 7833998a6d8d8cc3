//! The API as an OpenAPI 3.1 document states it.
//!
//! Every fact is read from the document itself. The forms that are understood
//! are those that the contract publishes; any other is a problem of the
//! document, because nobody could hold it equal to the other statements.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::api::{Api, Body, Failure, Http, Kind, Operation, Place, Property, Shape, Side};
use crate::json_schema::{Schemas, snake, snake_variables};
use crate::methods::{ADDITIONAL, METHODS, Stated, operations};
use crate::reference::escape;
use crate::reference::follow;

const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data";
/// A value that is not an OpenAPI 3.1 document.
#[derive(Debug, thiserror::Error)]
pub enum OpenApiError {
    /// It states another version, or none.
    #[error("{source_name}: `openapi` is {found}, and only 3.1 is read here")]
    Version {
        /// The document.
        source_name: String,
        /// What stands there.
        found: String,
    },
    /// It has no paths.
    #[error("{source_name}: `paths` is not an object")]
    NoPaths {
        /// The document.
        source_name: String,
    },
}

/// Reads the API from an OpenAPI 3.1 document. Messages call the document
/// `source`, which is its file where it has one.
///
/// # Errors
///
/// Fails where the value is no such document. Whatever is wrong within it is
/// one of the problems of the API.
pub fn from_openapi(document: &Value, source: &str) -> Result<Api, OpenApiError> {
    let source_name = source.to_owned();
    let version = &document["openapi"];
    if !version
        .as_str()
        .is_some_and(|version| version.starts_with("3.1."))
    {
        return Err(OpenApiError::Version {
            source_name,
            found: version.to_string(),
        });
    }
    let Some(paths) = document["paths"].as_object() else {
        return Err(OpenApiError::NoPaths { source_name });
    };
    let source: Arc<str> = source.into();
    let named = document["components"]["schemas"].as_object();
    let reader = Reader {
        document,
        schemas: Schemas {
            prefix: "#/components/schemas/",
            named: named
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.as_str(), schema))
                .collect(),
            document: Some(source.clone()),
        },
        source,
    };
    let mut api = Api::new(Side::Document, source_name, reader.place(String::new()));
    reader.servers(&mut api);
    for (path, item) in paths {
        reader.path(path, item, &mut api);
    }
    reader.tags(&mut api);
    let mut reached = BTreeSet::new();
    reader.reach(&document["paths"], &mut reached);
    reader.components(&reached, &mut api);
    let mut schemas = BTreeSet::new();
    for place in std::iter::once(&document["paths"]).chain(
        reached
            .iter()
            .filter_map(|pointer| document.pointer(pointer)),
    ) {
        reader.schemas.reach(place, &mut schemas);
    }
    reader.schemas.declare_types(&mut api, &schemas);
    Ok(api)
}

struct Reader<'a> {
    document: &'a Value,
    schemas: Schemas<'a>,
    source: Arc<str>,
}

impl<'a> Reader<'a> {
    fn place(&self, pointer: String) -> Place {
        Place::Document {
            source: self.source.clone(),
            pointer,
        }
    }

    fn servers(&self, api: &mut Api) {
        match self.document["servers"].as_array().map(Vec::as_slice) {
            Some([only]) => api.base_path = only["url"].as_str().map(ToOwned::to_owned),
            _ => api.convention(
                "the API",
                "there is not exactly one server",
                self.place("/servers".to_owned()),
            ),
        }
    }

    /// Every tag is declared and used.
    fn tags(&self, api: &mut Api) {
        let declared: BTreeSet<_> = items(&self.document["tags"])
            .filter_map(|tag| tag["name"].as_str())
            .collect();
        let used: BTreeSet<_> = api
            .operations
            .values()
            .map(|operation| operation.group.clone())
            .collect();
        for tag in used.iter().filter(|tag| !declared.contains(tag.as_str())) {
            let place = self.place("/tags".to_owned());
            api.convention(tag, "the tag is not declared", place);
        }
        for tag in declared.into_iter().filter(|tag| !used.contains(*tag)) {
            let place = self.place("/tags".to_owned());
            api.convention(tag, "no operation has the tag", place);
        }
    }

    /// Collects the pointers of all components but schemas that a value refers
    /// to, directly or not.
    fn reach(&self, value: &'a Value, reached: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match member {
                        Value::String(target) if key == "$ref" => {
                            if let Some(pointer) = target.strip_prefix('#')
                                && !target.starts_with(self.schemas.prefix)
                                && let Some(value) = self.document.pointer(pointer)
                                && reached.insert(pointer)
                            {
                                self.reach(value, reached);
                            }
                        }
                        _ if key == "example" || key == "examples" => {}
                        member => self.reach(member, reached),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.reach(item, reached)),
            _ => {}
        }
    }

    fn components(&self, reached: &BTreeSet<&str>, api: &mut Api) {
        let sections = self.document["components"].as_object();
        for (section, members) in sections.into_iter().flatten() {
            // Schemas have their own reckoning.
            if section == "schemas" {
                continue;
            }
            for name in members
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name)
            {
                let pointer = format!("/components/{section}/{}", escape(name));
                let is_used = if section == "securitySchemes" {
                    self.is_required(name)
                } else {
                    reached.contains(pointer.as_str())
                };
                if !is_used {
                    api.convention(name, "no operation uses it", self.place(pointer));
                }
            }
        }
    }

    /// Returns whether calls have to keep the security scheme unless they say
    /// otherwise.
    fn is_required(&self, scheme: &str) -> bool {
        items(&self.document["security"]).any(|requirement| requirement.get(scheme).is_some())
    }

    fn path(&self, path: &str, item: &'a Value, api: &mut Api) {
        let pointer = format!("/paths/{}", escape(path));
        for stated in operations(item) {
            let place = format!("{pointer}{}", stated.below);
            self.operation(path, &stated, &place, api);
        }
        for (key, _) in item.as_object().into_iter().flatten() {
            let place = format!("{pointer}/{}", escape(key));
            let key = key.as_str();
            let is_known = METHODS.contains(&key) || key == ADDITIONAL;
            if !is_known && !matches!(key, "summary" | "description") {
                let message = format!("{key:?} is stated for all operations of the path");
                api.problem(path, message, self.place(place));
            }
        }
    }

    fn operation(&self, path: &str, stated: &Stated<'a>, pointer: &str, api: &mut Api) {
        let place = self.place(pointer.to_owned());
        let method = &stated.method;
        let stated = stated.operation;
        let route = format!("{method} {path}");
        let id = stated["operationId"].as_str().unwrap_or_else(|| {
            api.convention(&route, "it has no operationId", place.clone());
            &route
        });
        let tags: Vec<_> = items(&stated["tags"]).filter_map(Value::as_str).collect();
        if tags.len() != 1 {
            api.convention(id, "it does not have exactly one tag", place.clone());
        }
        let tag = tags.first().copied().unwrap_or_default().to_owned();
        let [path_parameters, query] = self.parameters(id, stated, pointer, api);
        let (body, body_required, content_types) = self.body(&stated["requestBody"]);
        let mut failures = BTreeMap::new();
        let mut successes = Vec::new();
        for (status, response) in stated["responses"].as_object().into_iter().flatten() {
            let response = follow(self.document, response);
            if status.starts_with('2') {
                successes.push((status, response));
            } else {
                let body = self.content(response).unwrap_or_else(|| nothing("no body"));
                let headers = self.headers(response);
                failures.insert(status.clone(), Failure { body, headers });
            }
        }
        if successes.len() != 1 {
            let message = "it does not have exactly one response without an error";
            api.problem(id, message, place.clone());
        }
        let (status, response) = successes
            .first()
            .map_or(("none", &Value::Null), |(status, response)| {
                (status.as_str(), *response)
            });
        let operation = Operation {
            method: method.clone(),
            path: snake_variables(path),
            status: status.to_owned(),
            path_parameters,
            query,
            body,
            body_required,
            reply: self.content(response),
            paged: response["headers"].get("Link").is_some(),
            group: tag.clone(),
            deprecated: stated["deprecated"] == true,
            http: Some(Http {
                tag,
                authenticated: self.authenticated(id, stated, &place, api),
                headers: self.headers(response),
                content_types,
                failures,
            }),
            place: place.clone(),
        };
        if api.operations.insert(id.to_owned(), operation).is_some() {
            api.problem(id, "two operations have this id", place);
        }
    }

    /// Returns whether the operation asks for a bearer token, the only kind of
    /// credential that there is.
    fn authenticated(&self, id: &str, stated: &Value, place: &Place, api: &mut Api) -> bool {
        let security = stated.get("security").unwrap_or(&self.document["security"]);
        let schemes: Vec<_> = items(security)
            .flat_map(|requirement| requirement.as_object().into_iter().flatten())
            .map(|(name, _)| &self.document["components"]["securitySchemes"][name])
            .collect();
        let is_bearer = |scheme: &&Value| scheme["type"] == "http" && scheme["scheme"] == "bearer";
        let is_one = items(security).count() == 1 && schemes.len() == 1;
        match (items(security).next(), schemes.first()) {
            (None, _) => false,
            (Some(_), Some(scheme)) if is_one && is_bearer(scheme) => true,
            _ => {
                let message = "it asks for something else than a bearer token";
                api.convention(id, message, place.clone());
                true
            }
        }
    }

    /// The parameters in the path and in the query.
    fn parameters(
        &self,
        id: &str,
        stated: &'a Value,
        pointer: &str,
        api: &mut Api,
    ) -> [BTreeMap<String, Property>; 2] {
        let mut parameters = [BTreeMap::new(), BTreeMap::new()];
        for (number, parameter) in items(&stated["parameters"]).enumerate() {
            let place = self.place(format!("{pointer}/parameters/{number}"));
            let parameter = follow(self.document, parameter);
            let name = parameter["name"].as_str().unwrap_or_default();
            let (found, name) = match parameter["in"].as_str() {
                Some("path") => (&mut parameters[0], snake(name)),
                Some("query") => (&mut parameters[1], name.to_owned()),
                _ => {
                    let message = format!("{name:?} is a parameter neither of path nor of query");
                    api.problem(id, message, place);
                    continue;
                }
            };
            let mut shape = self.schemas.unmarked_shape(&parameter["schema"]);
            let rules = shape.rules.get_or_insert_default();
            for (keyword, rule) in parameter.as_object().into_iter().flatten() {
                let is_read = matches!(
                    keyword.as_str(),
                    "name" | "in" | "schema" | "required" | "deprecated"
                );
                let is_prose = matches!(keyword.as_str(), "description" | "example" | "examples");
                if !is_read && !is_prose {
                    rules.insert(keyword.clone(), rule.clone());
                }
            }
            let is = |mark: &str| parameter["schema"][mark] == true;
            let read = Property {
                place: place.clone(),
                shape,
                required: parameter["required"] == true,
                read_only: is("readOnly"),
                write_only: is("writeOnly"),
                deprecated: parameter["deprecated"] == true || is("deprecated"),
            };
            if found.insert(name.clone(), read).is_some() {
                let message = format!("two of its parameters are called {name:?}");
                api.problem(id, message, place);
            }
        }
        parameters
    }

    /// The names of the headers, all of which are texts.
    fn headers(&self, response: &'a Value) -> BTreeSet<String> {
        let headers = response["headers"].as_object().into_iter().flatten();
        let names = headers.map(|(name, header)| {
            if follow(self.document, header)["schema"]["type"] == "string" {
                name.clone()
            } else {
                format!("{name} (not a string)")
            }
        });
        names.collect()
    }

    /// What a message carries, unless it carries nothing.
    fn content(&self, message: &Value) -> Option<Shape> {
        let content = message["content"]
            .as_object()
            .filter(|content| !content.is_empty())?;
        match only(content) {
            Some((JSON, media)) => Some(self.schemas.shape(&media["schema"])),
            _ => Some(nothing(&kinds(content))),
        }
    }

    /// The body, whether it is required, and the content types of a file in it.
    fn body(&self, stated: &'a Value) -> (Body, bool, String) {
        if stated.is_null() {
            return (Body::None, false, String::new());
        }
        let stated = follow(self.document, stated);
        let required = stated["required"] == true;
        let nothing_yet = Map::new();
        let content = stated["content"].as_object().unwrap_or(&nothing_yet);
        match only(content) {
            Some((JSON, media)) => {
                let shape = self.schemas.shape(&media["schema"]);
                (Body::Json(shape), required, String::new())
            }
            Some((FORM, media)) => {
                let schema = &media["schema"];
                let part = schema["properties"].as_object().and_then(only);
                let expected = part.map(|(name, _)| Value::from(vec![name]));
                match part {
                    Some((part, file))
                        if file["type"] == "string"
                            && file["contentMediaType"] == "application/octet-stream"
                            && has_only(file, &["type", "contentMediaType"])
                            && schema["type"] == "object"
                            && has_only(schema, &["type", "properties", "required"])
                            && Some(&schema["required"]) == expected.as_ref() =>
                    {
                        let types = media["encoding"][part]["contentType"].as_str();
                        let types = types.unwrap_or_default().to_owned();
                        (Body::Upload(part.to_owned()), required, types)
                    }
                    _ => {
                        let what = "a form that is not one required file";
                        (Body::Other(what.to_owned()), required, String::new())
                    }
                }
            }
            _ => (Body::Other(kinds(content)), required, String::new()),
        }
    }
}

/// Returns whether an object has no other members than these and prose.
fn has_only(value: &Value, names: &[&str]) -> bool {
    let members = value.as_object().into_iter().flatten();
    let mut names_of = members.map(|(name, _)| name.as_str());
    names_of.all(|name| name == "description" || names.contains(&name))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn only(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut members = members.iter();
    let (name, value) = members.next()?;
    members.next().is_none().then_some((name, value))
}

/// A shape that no other statement shares.
fn nothing(what: &str) -> Shape {
    Shape::one(Kind::Other(what.to_owned()))
}

fn kinds(content: &Map<String, Value>) -> String {
    let kinds: Vec<_> = content.keys().map(String::as_str).collect();
    format!("content of the types [{}]", kinds.join(", "))
}

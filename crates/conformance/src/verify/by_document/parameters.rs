//! Judges what a request has in its path, query and headers.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};

use super::checker::{At, Checker};
use crate::reference::place;
use crate::report::{Direction, Level};
use crate::verify::check::decode;
use crate::verify::laws::{
    Parameter, Scheme, cookies, has_type, properties, resolve, scalar, typed,
};

/// How a parameter of the query is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One value.
    One,
    /// A list: the name again for each element, or the elements with this between.
    List(Option<char>),
    /// An object whose properties are parameters of their own.
    Exploded,
    /// An object, as `name[property]=value`.
    Deep,
    /// JSON, or another content type, in one value.
    Content,
}

fn form(root: &Value, parameter: &Parameter) -> Form {
    let stated = root.pointer(&parameter.pointer).unwrap_or(&Value::Null);
    if stated["content"].is_object() {
        return Form::Content;
    }
    let style = stated["style"].as_str().unwrap_or("form");
    let explode = stated["explode"].as_bool().unwrap_or(style == "form");
    let is = |name| has_type(root, &parameter.schema, name);
    match style {
        "deepObject" => Form::Deep,
        _ if is("array") && explode => Form::List(None),
        "spaceDelimited" if is("array") => Form::List(Some(' ')),
        "pipeDelimited" if is("array") => Form::List(Some('|')),
        _ if is("array") => Form::List(Some(',')),
        _ if is_object(root, parameter) && explode => Form::Exploded,
        _ => Form::One,
    }
}

fn is_object(root: &Value, parameter: &Parameter) -> bool {
    has_type(root, &parameter.schema, "object") || !properties(root, &parameter.schema).is_empty()
}

impl Checker<'_> {
    /// Judges the values of the variables in a path, which are still encoded.
    pub(super) fn path(&mut self, at: At<'_>, variables: &[(String, String)]) {
        for (name, text) in variables {
            let mut declared = at.operation.path_parameters.iter();
            let Some(parameter) = declared.find(|parameter| parameter.name == *name) else {
                continue;
            };
            let value = typed(self.model.root(), &parameter.schema, &decode(text));
            self.value(at, parameter, "the path", &value);
        }
    }

    /// Judges the headers of a request.
    pub(super) fn request_headers(&mut self, at: At<'_>, headers: &HeaderMap) {
        // OpenAPI has other words for these.
        let elsewhere = [ACCEPT, AUTHORIZATION, CONTENT_TYPE];
        for parameter in &at.operation.headers {
            if elsewhere
                .iter()
                .any(|of| parameter.name.eq_ignore_ascii_case(of.as_str()))
            {
                continue;
            }
            match headers
                .get(parameter.name.as_str())
                .map(|given| given.to_str())
            {
                None if parameter.required => self.missing(at, parameter, "the headers"),
                Some(Ok(text)) => {
                    let value = typed(self.model.root(), &parameter.schema, text);
                    self.value(at, parameter, "the headers", &value);
                }
                None | Some(Err(_)) => {}
            }
        }
    }

    /// Judges the cookies of a request.
    pub(super) fn cookies(&mut self, at: At<'_>, headers: &HeaderMap) {
        let given = cookies(headers);
        for parameter in &at.operation.cookies {
            let found = given.iter().find(|(name, _)| *name == parameter.name);
            match found {
                None if parameter.required => self.missing(at, parameter, "the cookies"),
                None => {}
                Some((_, text)) => {
                    let text = decode(text);
                    let value = typed(self.model.root(), &parameter.schema, &text);
                    self.value(at, parameter, "the cookies", &value);
                }
            }
        }
    }

    /// Judges whether a request says who makes it, as its operation asks.
    pub(crate) fn credentials(
        &mut self,
        at: At<'_>,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) {
        let root = self.model.root();
        let stated = root.pointer(&at.operation.pointer).unwrap_or(&Value::Null);
        let required = Scheme::required(root, stated);
        let is_given = |of: &Vec<Scheme>| of.iter().all(|scheme| scheme.is_given(headers, query));
        if required.is_empty() || required.iter().any(is_given) {
            return;
        }
        let names = required.iter().map(|of| {
            let names: Vec<_> = of.iter().map(ToString::to_string).collect();
            names.join(" with ")
        });
        let names: Vec<_> = names.collect();
        let message = format!(
            "the request does not say who makes it, and the reply is no refusal; {} is needed, \
             unless the capture leaves credentials out",
            names.join(" or ")
        );
        let id = "request-without-credentials";
        self.find(at, Level::Warning, id, "/security", message);
    }

    /// Judges the query of a request.
    pub(super) fn query(&mut self, at: At<'_>, query: &[(String, String)]) {
        let root = self.model.root();
        let mut given: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, text) in query {
            given.entry(name).or_default().push(text);
        }
        let mut takes_any = false;
        for parameter in &at.operation.query {
            let form = form(root, parameter);
            let name = parameter.name.as_str();
            match form {
                Form::Exploded => {
                    let known = properties(root, &parameter.schema);
                    let schema = resolve(root, &parameter.schema);
                    takes_any |= schema.get("additionalProperties") != Some(&Value::Bool(false));
                    let found = known.iter().filter_map(|(property, schema)| {
                        let texts = given.remove(property.as_str())?;
                        Some((property.clone(), typed(root, schema, texts.first()?)))
                    });
                    let value: Map<_, _> = found.collect();
                    if !value.is_empty() {
                        self.value(at, parameter, "the query", &value.into());
                    }
                }
                Form::Deep => {
                    let known = properties(root, &parameter.schema);
                    let mut value = Map::new();
                    given.retain(|key, texts| {
                        let rest = key
                            .strip_prefix(name)
                            .and_then(|rest| rest.strip_prefix('['));
                        let Some((property, rest)) = rest.and_then(|rest| rest.split_once(']'))
                        else {
                            return true;
                        };
                        // What is deeper has no meaning in OpenAPI.
                        if let (true, Some(text)) = (rest.is_empty(), texts.first()) {
                            let schema = known.get(property).copied().unwrap_or(&Value::Null);
                            value.insert(property.to_owned(), typed(root, schema, text));
                        }
                        false
                    });
                    if !value.is_empty() {
                        self.value(at, parameter, "the query", &value.into());
                    } else if parameter.required {
                        self.missing(at, parameter, "the query");
                    }
                }
                Form::One | Form::List(_) | Form::Content => match given.remove(name) {
                    Some(texts) => self.texts(at, parameter, form, &texts),
                    None if parameter.required => self.missing(at, parameter, "the query"),
                    None => {}
                },
            }
        }
        let level = if self.strict_parameters {
            Level::Error
        } else {
            Level::Warning
        };
        let credentials = Scheme::all(root);
        let is_credential = |name: &str| {
            let mut schemes = credentials.iter();
            schemes.any(|scheme| matches!(scheme, Scheme::Query(known) if known == name))
        };
        let mut names: Vec<_> = given.into_keys().filter(|_| !takes_any).collect();
        names.retain(|name| !is_credential(name));
        for name in names {
            let name: String = name.chars().take(40).collect();
            let message = format!("`{name}` in the query is not declared in the contract");
            let id = "request-undeclared-parameter";
            self.find(at, level, id, "/parameters", message);
        }
    }

    /// Judges a parameter of the query that stands under its own name.
    fn texts(&mut self, at: At<'_>, parameter: &Parameter, form: Form, texts: &[&str]) {
        let root = self.model.root();
        let first = texts.first().copied().unwrap_or_default();
        if texts.len() > 1 && form != Form::List(None) {
            let message = format!("`{}` is given more than once in the query", parameter.name);
            let id = "request-repeated-parameter";
            self.find(at, Level::Error, id, "/parameters", message);
        }
        let list = |texts: &mut dyn Iterator<Item = &str>| {
            let items = &resolve(root, &parameter.schema)["items"];
            let items: Vec<_> = texts.map(|text| typed(root, items, text)).collect();
            Value::Array(items)
        };
        let value = match form {
            Form::List(None) => list(&mut texts.iter().copied()),
            Form::List(Some(_)) if first.is_empty() => Value::Array(Vec::new()),
            Form::List(Some(between)) => list(&mut first.split(between)),
            Form::Content => return self.content(at, parameter, first),
            Form::One | Form::Exploded | Form::Deep => typed(root, &parameter.schema, first),
        };
        self.value(at, parameter, "the query", &value);
    }

    /// Judges a parameter that has JSON.
    fn content(&mut self, at: At<'_>, parameter: &Parameter, text: &str) {
        let pointer = format!("{}/content/application~1json/schema", parameter.pointer);
        if self.model.root().pointer(&pointer).is_none() {
            return;
        }
        match serde_json::from_str(text) {
            Ok(value) => self.by(at, &pointer, &parameter.name, "the query", &value),
            Err(error) => {
                let message = format!("`{}` in the query is not JSON: {error}", parameter.name);
                let id = "request-invalid-value";
                self.find(at, Level::Error, id, "/parameters", message);
            }
        }
    }

    fn value(&mut self, at: At<'_>, parameter: &Parameter, place: &str, value: &Value) {
        let pointer = format!("{}/schema", parameter.pointer);
        if self.model.root().pointer(&pointer).is_some() {
            self.by(at, &pointer, &parameter.name, place, value);
        }
    }

    fn by(&mut self, at: At<'_>, pointer: &str, name: &str, place: &str, value: &Value) {
        let mut problems = self.problems_of(at, Direction::Request, pointer, value);
        for problem in &mut problems {
            let name = crate::reference::escape(name);
            problem.pointer = format!("/{name}{}", problem.pointer);
        }
        self.note(at, Level::Error, Direction::Request, place, problems);
    }

    fn missing(&mut self, at: At<'_>, parameter: &Parameter, place: &str) {
        let message = format!("/{} in {place} is required and missing", parameter.name);
        let id = "request-missing-property";
        self.find(at, Level::Error, id, "/parameters", message);
    }
}

/// An object with these members, each by the schema at `pointer`.
pub(super) fn form_fields(root: &Value, pointer: &str, pairs: &[(String, String)]) -> Value {
    let at = place(root, pointer.to_owned());
    let schema = root.pointer(&at).unwrap_or(&Value::Null);
    let known = properties(root, schema);
    let mut members: Map<String, Value> = Map::new();
    for (name, text) in pairs {
        let property = known.get(name).copied().unwrap_or(&Value::Null);
        if has_type(root, property, "array") {
            // The name is given again for each element.
            let item = scalar(root, &resolve(root, property)["items"], text);
            let list = members
                .entry(name.clone())
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = list {
                items.push(item);
            }
        } else {
            members.insert(name.clone(), scalar(root, property, text));
        }
    }
    members.into()
}

//! The operations of an OpenAPI document: what they take, and what they reply.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::Value;

use super::schema;
use crate::methods::Stated;
use crate::reference;

/// A parameter of the query, the path or the headers.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// Its place in the document, as a JSON pointer.
    pub(crate) pointer: String,
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
    /// Where the schema stands in the document, as a JSON pointer.
    pub(crate) schema_at: String,
    pub(crate) example: Option<Value>,
}

/// A content type that is declared for a body.
#[derive(Debug)]
pub(crate) struct Media {
    /// The type without parameters, in lower case; `*` stands for any.
    pub(crate) name: String,
    /// Its place in the document, as a JSON pointer.
    pub(crate) pointer: String,
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
    /// Its place in the document, as a JSON pointer.
    pub(crate) pointer: String,
    /// The content types that a body can have.
    pub(crate) content: Vec<Media>,
    /// Whether a body of some type is declared.
    pub(crate) has_body: bool,
    /// Why no client can provoke it, where the document says so: `x-unprovoked`.
    pub(crate) unprovoked: Option<String>,
}

impl Reply {
    /// Returns whether the document promises a `BadRequest` that names what is wrong.
    pub(crate) fn promises_violations(&self) -> bool {
        self.description.contains("BadRequest")
    }
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
    pub(crate) headers: Vec<Parameter>,
    pub(crate) cookies: Vec<Parameter>,
    /// Its JSON body, where it has one.
    pub(crate) body: Option<RequestBody>,
    /// The content types that its body can have.
    pub(crate) body_content: Vec<Media>,
    pub(crate) body_required: bool,
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

    /// Returns whether laws are stated of its method. Operations of others are only judged
    /// where they are captured.
    pub(crate) fn has_laws(&self) -> bool {
        let methods = [
            Method::GET,
            Method::PUT,
            Method::POST,
            Method::DELETE,
            Method::PATCH,
        ];
        methods.contains(&self.method)
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

/// The parameters that a query must have, with the values of their examples.
pub(crate) fn required_query(operation: &Operation) -> Result<Vec<(String, String)>, String> {
    let required = operation
        .query
        .iter()
        .filter(|parameter| parameter.required);
    let pairs = required.map(|parameter| match &parameter.example {
        Some(Value::String(text)) => Ok((parameter.name.clone(), text.clone())),
        Some(other) => Ok((parameter.name.clone(), other.to_string())),
        None => Err(format!(
            "there is no value for its parameter {}",
            parameter.name
        )),
    });
    pairs.collect()
}

/// Reads an operation of a document; nothing where no request can have its method.
pub(super) fn operation(root: &Value, path: &str, stated: &Stated<'_>) -> Option<Operation> {
    let item_at = reference::place(root, format!("/paths/{}", reference::escape(path)));
    let stated_at = format!("{item_at}{}", stated.below);
    let method = Method::from_bytes(stated.method.as_bytes()).ok()?;
    let stated = stated.operation;
    let at = |pointer: &str| root.pointer(pointer).unwrap_or(&Value::Null);
    let mut path_parameters: Vec<Parameter> = Vec::new();
    let mut query: Vec<Parameter> = Vec::new();
    let mut headers: Vec<Parameter> = Vec::new();
    let mut cookies: Vec<Parameter> = Vec::new();
    // What is stated for the operation comes before what is stated for the path.
    let both = [&stated_at, &item_at].map(|at| format!("{at}/parameters"));
    let places = both.iter().flat_map(|list| {
        let count = at(list).as_array().map_or(0, Vec::len);
        (0..count).map(move |index| format!("{list}/{index}"))
    });
    for pointer in places {
        let pointer = reference::place(root, pointer);
        let parameter = at(&pointer);
        let name = parameter["name"].as_str().unwrap_or_default();
        let found = match parameter["in"].as_str() {
            Some("path") => &mut path_parameters,
            Some("query") => &mut query,
            Some("header") => &mut headers,
            Some("cookie") => &mut cookies,
            _ => continue,
        };
        if found.iter().any(|other| other.name == name) {
            continue;
        }
        found.push(Parameter {
            name: name.to_owned(),
            pointer: pointer.clone(),
            required: parameter["required"] == true,
            schema: parameter["schema"].clone(),
            example: example(root, parameter),
            description: parameter["description"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        });
    }
    let body_at = reference::place(root, format!("{stated_at}/requestBody"));
    let body = at(&body_at);
    let media = json(&body["content"]);
    let security = stated.get("security").unwrap_or(&root["security"]);
    let requirements = security.as_array().map(Vec::as_slice).unwrap_or_default();
    let optional = requirements.iter().any(|requirement| {
        requirement
            .as_object()
            .is_some_and(serde_json::Map::is_empty)
    });
    Some(Operation {
        id: stated["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        method,
        path: path.to_owned(),
        description: ["summary", "description"]
            .map(|name| stated[name].as_str().unwrap_or_default())
            .join(" "),
        path_parameters,
        query,
        headers,
        cookies,
        body: media.map(|media| RequestBody {
            media_type: media_type(&body["content"]),
            schema: media["schema"].clone(),
            schema_at: schema_at(&body["content"], &body_at),
            example: example(root, media),
        }),
        body_content: content(body, &body_at),
        body_required: body["required"] == true,
        other_body: body["content"].is_object() && media.is_none(),
        replies: replies(root, stated, &stated_at),
        pointer: stated_at,
        authenticated: !requirements.is_empty() && !optional,
    })
}

/// The declared replies of an operation that stands at a place, by their status.
fn replies(root: &Value, stated: &Value, stated_at: &str) -> BTreeMap<String, Reply> {
    let mut replies = BTreeMap::new();
    for (status, _) in stated["responses"].as_object().into_iter().flatten() {
        let pointer = format!("{stated_at}/responses/{}", reference::escape(status));
        let pointer = reference::place(root, pointer);
        let reply = root.pointer(&pointer).unwrap_or(&Value::Null);
        let media = json(&reply["content"]);
        let headers = reply["headers"].as_object().into_iter().flatten();
        let stated = Reply {
            schema: media.map(|media| media["schema"].clone()),
            example: media.and_then(|media| example(root, media)),
            headers: headers.map(|(name, _)| name.to_lowercase()).collect(),
            description: reply["description"].as_str().unwrap_or_default().to_owned(),
            content: content(reply, &pointer),
            pointer,
            unprovoked: reply["x-unprovoked"]
                .as_str()
                .filter(|reason| !reason.trim().is_empty())
                .map(str::to_owned),
            has_body: reply["content"]
                .as_object()
                .is_some_and(|content| !content.is_empty()),
        };
        replies.insert(status.clone(), stated);
    }
    replies
}

/// The content types of a body that stands at a place.
fn content(body: &Value, pointer: &str) -> Vec<Media> {
    let types = body["content"].as_object().into_iter().flatten();
    let types = types.map(|(name, _)| Media {
        name: bare(name),
        pointer: format!("{pointer}/content/{}", reference::escape(name)),
    });
    types.collect()
}

/// A content type without its parameters, in lower case.
pub(crate) fn bare(content_type: &str) -> String {
    let bare = content_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Returns whether a content type without parameters is one of JSON.
pub(crate) fn is_json(content_type: &str) -> bool {
    content_type == "application/json" || content_type.ends_with("+json")
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

/// Where the schema of the JSON among the content types stands, below a place.
fn schema_at(content: &Value, pointer: &str) -> String {
    let name = reference::escape(&media_type(content));
    format!("{pointer}/content/{name}/schema")
}

/// The JSON among the content types.
fn json(content: &Value) -> Option<&Value> {
    let mut types = content.as_object()?.iter();
    let found = types.find(|(name, _)| is_json(&bare(name)));
    found.map(|(_, media)| media)
}

/// The example of a parameter or a body.
fn example(root: &Value, of: &Value) -> Option<Value> {
    if let Some(example) = of.get("example") {
        return Some(example.clone());
    }
    let mut several = of["examples"].as_object().into_iter().flatten();
    if let Some((_, example)) = several.next() {
        return reference::follow(root, example).get("value").cloned();
    }
    schema::example(root, &of["schema"])
}

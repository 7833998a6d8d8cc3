//! The operations whose traffic is recorded, as an OpenAPI document states them.
//!
//! What a document does not state is not known to be harmless: the redaction takes it
//! out. So nothing here has to be complete, and a schema that is not understood costs
//! an example its values, and nobody a secret.

use std::collections::BTreeSet;

use crate::in_place::in_place;
use crate::methods::operations;
use crate::reference::follow;
use crate::verify::Scheme;
use crate::verify::check::query;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use contract::openapi::PUBLIC_URL;
use contract::schema::Definitions;

/// More schemas than this within each other are a circle.
const MAX_DEPTH: usize = 8;

/// The operations of an API.
#[derive(Debug)]
pub struct Operations {
    /// What the URL of the first server has before its path; empty where that is a path
    /// alone.
    origin: String,
    /// The path that all others are below; empty where there is none.
    base: String,
    all: Vec<Operation>,
    /// How a caller says who it is.
    schemes: Vec<Scheme>,
    /// The schemas by their names, which refer to each other as `#/$defs/NAME`.
    pub(crate) definitions: Definitions,
    /// Whether they are those of the contract that is built in.
    pub(crate) are_built_in: bool,
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The status of a reply without an error.
    pub(crate) success: u16,
    /// The schemas of the variables in the path, by their names.
    pub(crate) path_parameters: Map<String, Value>,
    /// The schemas of the parameters in the query, by their names.
    pub(crate) query_parameters: Map<String, Value>,
    /// The schema of a JSON body.
    pub(crate) body: Option<Value>,
    /// Whether a body of whatever type is declared.
    pub(crate) takes_body: bool,
    /// The names of the parts of a form.
    pub(crate) parts: BTreeSet<String>,
    /// The schemas of the replies by their status, or `default`.
    replies: Map<String, Value>,
    /// The schemas of the headers of replies by their names, in the same way.
    headers: Map<String, Value>,
}

impl Operation {
    /// Returns the schema of the reply with this status: nothing where none is
    /// declared.
    pub(crate) fn reply(&self, status: u16) -> &Value {
        of_status(&self.replies, status)
    }

    /// Returns the schemas of the headers of the reply with this status, by their names.
    pub(crate) fn headers(&self, status: u16) -> impl Iterator<Item = (&String, &Value)> {
        members(of_status(&self.headers, status))
    }
}

/// What is declared for a status.
fn of_status(all: &Map<String, Value>, status: u16) -> &Value {
    all.get(&status.to_string())
        .or_else(|| all.get(&format!("{}XX", status / 100)))
        .or_else(|| all.get("default"))
        .unwrap_or(&Value::Null)
}

impl Operations {
    /// Returns the operations of the contract that is built in.
    pub fn built_in() -> Self {
        Self {
            are_built_in: true,
            // The document that is derived names no host.
            origin: origin_of(PUBLIC_URL).to_owned(),
            ..Self::of(&contract::openapi::openapi())
        }
    }

    /// Returns the operations of a document; those without an id have none.
    pub fn of(document: &Value) -> Self {
        let document = &in_place(document);
        let mut definitions = Definitions::new();
        for (name, schema) in members(&document["components"]["schemas"]) {
            definitions.insert(name.clone(), flat(document, schema, 0));
        }
        let base = document["servers"][0]["url"].as_str().unwrap_or_default();
        let mut all = Vec::new();
        for (path, item) in members(&document["paths"]) {
            let item = follow(document, item);
            for stated in operations(item) {
                // What is no method is in no request.
                if let Some(id) = stated.operation["operationId"].as_str()
                    && let Ok(method) = Method::from_bytes(stated.method.as_bytes())
                {
                    all.push(operation(
                        document,
                        id,
                        &method,
                        path,
                        item,
                        stated.operation,
                    ));
                }
            }
        }
        Self {
            origin: origin_of(base).to_owned(),
            base: path_of(base).trim_end_matches('/').to_owned(),
            all,
            schemes: Scheme::all(document),
            definitions,
            are_built_in: false,
        }
    }

    /// Returns the operation that a request is of, with the values of the variables in
    /// its path, still encoded. A path without variables comes before one with some.
    pub(crate) fn route(&self, method: &Method, path: &str) -> Option<(&Operation, Vec<Variable>)> {
        self.all
            .iter()
            .filter(|operation| operation.method == *method)
            .filter_map(|operation| Some((operation, variables(&operation.path, path)?)))
            .min_by_key(|(_, variables)| variables.len())
    }

    /// Returns whether a request says who makes it: with `Authorization`, or in a way that
    /// the document has.
    pub(crate) fn are_given_credentials(&self, headers: &HeaderMap, target: &str) -> bool {
        let pairs = query(target.split_once('?').map_or("", |(_, query)| query));
        let mut schemes = self.schemes.iter();
        headers.contains_key(AUTHORIZATION) || schemes.any(|of| of.is_given(headers, &pairs))
    }

    /// Returns the scheme, host and port of the API; nothing where the document has none.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the base path; empty where there is none.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Returns the path of a URL, or a path, below the base path of the API.
    pub(crate) fn below_base<'a>(&self, location: &'a str) -> &'a str {
        let path = path_of(location);
        let below = path.find(&format!("{}/", self.base));
        below.map_or(path, |at| &path[at + self.base.len()..])
    }
}

/// A variable and its value.
pub(crate) type Variable = (String, String);

/// What a URL has before its path. A path has nothing there.
fn origin_of(url: &str) -> &str {
    let Some(scheme) = url.find("://") else {
        return "";
    };
    let host = scheme + "://".len();
    let path = url[host..].find('/').map_or(url.len(), |at| host + at);
    &url[..path]
}

/// The path of a URL, or the path that a text is.
fn path_of(location: &str) -> &str {
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => location,
    };
    path.split(['?', '#']).next().unwrap_or_default()
}

fn operation(
    document: &Value,
    id: &str,
    method: &Method,
    path: &str,
    item: &Value,
    stated: &Value,
) -> Operation {
    let mut path_parameters = Map::new();
    let mut query_parameters = Map::new();
    // Those of the operation come last, and win.
    for parameter in items(&item["parameters"]).chain(items(&stated["parameters"])) {
        let parameter = follow(document, parameter);
        let name = parameter["name"].as_str().unwrap_or_default().to_owned();
        let schema = flat(document, &parameter["schema"], 0);
        match parameter["in"].as_str() {
            Some("path") => path_parameters.insert(name, schema),
            Some("query") => query_parameters.insert(name, schema),
            _ => None,
        };
    }
    let carrier = follow(document, &stated["requestBody"]);
    let body = json_schema(document, carrier);
    let form = &carrier["content"]["multipart/form-data"]["schema"];
    let parts = members(&flat(document, follow(document, form), 0)["properties"])
        .map(|(name, _)| name.clone())
        .collect();
    let replies = members(&stated["responses"]).map(|(status, response)| {
        let schema = json_schema(document, follow(document, response));
        (status.clone(), schema.unwrap_or_default())
    });
    let replies: Map<_, _> = replies.collect();
    let headers = members(&stated["responses"]).map(|(status, response)| {
        let stated = members(&follow(document, response)["headers"]);
        let schemas = stated.map(|(name, header)| {
            let schema = flat(document, &follow(document, header)["schema"], 0);
            (name.clone(), schema)
        });
        (status.clone(), schemas.collect::<Map<_, _>>().into())
    });
    let statuses = replies.keys().filter_map(|status| status.parse().ok());
    let success = statuses.filter(|status: &u16| (200..300).contains(status));
    Operation {
        id: id.to_owned(),
        method: method.clone(),
        path: path.to_owned(),
        success: success.min().unwrap_or(200),
        path_parameters,
        query_parameters,
        body,
        takes_body: members(&carrier["content"]).next().is_some(),
        parts,
        replies,
        headers: headers.collect(),
    }
}

/// The schema of the JSON that a body or a reply carries.
fn json_schema(document: &Value, carrier: &Value) -> Option<Value> {
    let mut content = members(&carrier["content"]);
    let (_, media) = content.find(|(name, _)| name.contains("json"))?;
    Some(flat(document, &media["schema"], 0))
}

/// A schema whose references lead to the definitions, and with the properties of all
/// the schemas that it consists of.
fn flat(document: &Value, schema: &Value, depth: usize) -> Value {
    match schema {
        _ if depth > 4 * MAX_DEPTH => Value::Null,
        Value::Object(members) => {
            let mut flattened = Map::new();
            for (key, member) in members {
                let member = match member {
                    Value::String(target) if key == "$ref" => {
                        target.replace("#/components/schemas/", "#/$defs/").into()
                    }
                    member => flat(document, member, depth + 1),
                };
                flattened.insert(key.clone(), member);
            }
            let parts = items(&schema["allOf"]);
            for part in parts {
                let part = flat(document, follow(document, part), depth + MAX_DEPTH);
                let properties = flattened
                    .entry("properties")
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Some(properties) = properties.as_object_mut() {
                    for (name, property) in self::members(&part["properties"]) {
                        properties
                            .entry(name.clone())
                            .or_insert_with(|| property.clone());
                    }
                }
            }
            Value::Object(flattened)
        }
        Value::Array(items) => items
            .iter()
            .map(|item| flat(document, item, depth + 1))
            .collect(),
        other => other.clone(),
    }
}

/// The values of the variables of a template in a path that fits it.
fn variables(template: &str, path: &str) -> Option<Vec<Variable>> {
    let (wanted, given) = (template.split('/'), path.trim_end_matches('/').split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut variables = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        let Some((before, rest)) = wanted.split_once('{') else {
            if wanted != given {
                return None;
            }
            continue;
        };
        let (name, after) = rest.split_once('}')?;
        let value = given.strip_prefix(before)?.strip_suffix(after)?;
        if value.is_empty() {
            return None;
        }
        variables.push((name.to_owned(), value.to_owned()));
    }
    Some(variables)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::exchange::{Captured, Unrecorded};
    use crate::record::redact::Redactor;

    fn shop() -> Operations {
        Operations::of(&json!({
            "openapi": "3.0.3",
            "servers": [{"url": "https://api.example.com/shop/v1/"}],
            "paths": {
                "/shoes/{shoeId}.json": {
                    "parameters": [{"name": "shoeId", "in": "path", "schema": {"type": "string"}}],
                    "put": {
                        "operationId": "putShoe",
                        "requestBody": {"$ref": "#/components/requestBodies/Shoe"},
                        "responses": {
                            "200": {"content": {"application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Boot"}}
                            }}},
                            "4XX": {"content": {"application/json": {"schema": {
                                "properties": {"code": {"enum": ["gone"]}}
                            }}}}
                        }
                    }
                },
                "/shoes/best.json": {"put": {"operationId": "putBest", "responses": {}}}
            },
            "components": {
                "requestBodies": {"Shoe": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Shoe"}
                }}}},
                "schemas": {
                    "Shoe": {"properties": {
                        "colour": {"type": "string", "enum": ["red"]},
                        "owner": {"type": "string"}
                    }},
                    "Boot": {"allOf": [
                        {"$ref": "#/components/schemas/Shoe"},
                        {"properties": {"height": {"type": "integer"}}}
                    ]},
                    "Circle": {"allOf": [{"$ref": "#/components/schemas/Circle"}]}
                }
            }
        }))
    }

    fn captured(target: &str, status: u16, request: &Value, response: &Value) -> Captured {
        Captured {
            method: Method::PUT,
            target: target.to_owned(),
            authorized: true,
            content_type: "application/json".to_owned(),
            request: request.to_string().into_bytes(),
            status: http::StatusCode::from_u16(status).expect("a status"),
            headers: http::HeaderMap::new(),
            response: response.to_string().into_bytes(),
        }
    }

    #[test]
    fn traffic_of_any_document_is_recorded_without_anything_private() {
        let redactor = Redactor::with_key(&[7; 32]);
        let shoe = json!({"colour": "red", "owner": "Marie Curie", "phone": "0612345678"});
        let boots = json!([{"colour": "red", "height": 30, "owner": "Marie Curie"}]);
        let exchange = captured("/shop/v1/shoes/31.json?size=42", 200, &shoe, &boots);
        let redacted = exchange
            .redact(&shop(), &redactor)
            .expect("it is of an operation");
        let exchange = redacted.exchange;
        assert_eq!(exchange["operation"], "putShoe");
        assert_eq!(exchange["pathTemplate"], "/shoes/{shoeId}.json");
        assert_eq!(exchange["request"]["body"]["colour"], "red");
        assert_eq!(exchange["response"]["body"][0]["colour"], "red");
        assert_eq!(exchange["response"]["body"][0]["height"], 30);
        assert_eq!(
            exchange["request"]["body"]["owner"],
            exchange["response"]["body"][0]["owner"]
        );
        let text = exchange.to_string();
        for private in ["Marie", "Curie", "phone", "0612345678", "size"] {
            assert!(!text.contains(private), "{private} is in {text}");
        }
    }

    #[test]
    fn a_reply_has_the_schema_of_its_status() {
        let redactor = Redactor::with_key(&[7; 32]);
        let gone = json!({"code": "gone", "message": "Marie had it."});
        let exchange = captured("/shop/v1/shoes/31.json", 410, &Value::Null, &gone);
        let redacted = exchange
            .redact(&shop(), &redactor)
            .expect("it is of an operation");
        assert_eq!(redacted.exchange["response"]["body"]["code"], "gone");
        assert!(!redacted.exchange.to_string().contains("Marie"));
    }

    #[test]
    fn a_path_without_variables_comes_first() {
        let shop = shop();
        let id = |path| {
            shop.route(&Method::PUT, path)
                .map(|(operation, _)| &*operation.id)
        };
        assert_eq!(id("/shoes/best.json"), Some("putBest"));
        assert_eq!(id("/shoes/31.json"), Some("putShoe"));
        assert_eq!(id("/shoes/.json"), None);
        assert_eq!(id("/shoes/31"), None);
    }

    #[test]
    fn the_origin_is_what_a_url_has_before_its_path() {
        assert_eq!(
            origin_of("https://api.example.com:8080/v1"),
            "https://api.example.com:8080"
        );
        assert_eq!(
            origin_of("https://api.example.com"),
            "https://api.example.com"
        );
        assert_eq!(origin_of("/v1"), "");
        assert_eq!(origin_of(""), "");
    }

    #[test]
    fn the_base_path_is_that_of_the_server() {
        assert_eq!(
            shop().below_base("https://other.example/shop/v1/shoes/1?a"),
            "/shoes/1"
        );
        assert_eq!(shop().below_base("/shoes/1"), "/shoes/1");
        assert_eq!(
            Operations::built_in().below_base("/v2/users/me"),
            "/users/me"
        );
    }

    #[test]
    fn the_document_states_every_operation_that_is_built_in() {
        let built_in = Operations::built_in();
        assert_eq!(built_in.all.len(), contract::catalogue().len());
        for (stated, operation) in built_in
            .all
            .iter()
            .map(|stated| (stated, contract::find(&stated.id)))
        {
            let operation = operation.expect("it is in the catalogue");
            assert_eq!(stated.success, operation.status.as_u16(), "{}", stated.id);
        }
    }

    /// An API whose key stands in a header, a parameter or a cookie.
    fn keyed() -> Operations {
        let form = |names: &[&str]| {
            let properties = names.iter().map(|name| ((*name).to_owned(), json!({})));
            let properties: Map<_, _> = properties.collect();
            json!({"content": {"multipart/form-data": {"schema": {"properties": properties}}}})
        };
        let scheme = |place: &str, name: &str| json!({"type": "apiKey", "in": place, "name": name});
        Operations::of(&json!({
            "openapi": "3.1.0",
            "paths": {"/files": {
                "put": {
                    "operationId": "putFile", "requestBody": form(&["file"]), "responses": {}
                },
                "patch": {
                    "operationId": "patchFile",
                    "requestBody": {"content": {"application/merge-patch+json": {"schema": {}}}},
                    "responses": {}
                }
            }},
            "components": {"securitySchemes": {
                "header": scheme("header", "X-Api-Key"),
                "query": scheme("query", "key"),
                "cookie": scheme("cookie", "sid")
            }}
        }))
    }

    #[test]
    fn credentials_are_seen_wherever_the_document_has_them() {
        let check = |name: &'static str, value: &str, target: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a value"));
            let given = keyed().are_given_credentials(&headers, target);
            assert_eq!(given, expected, "{name} {target}");
        };
        check("x-api-key", "secret", "/files", true);
        check("x-other", "secret", "/files?key=secret", true);
        check("cookie", "a=b; sid=secret", "/files", true);
        check("authorization", "Bearer secret", "/files", true);
        check("x-other", "secret", "/files?other=secret", false);
    }

    /// A form with files of these names, as it is sent.
    fn upload(names: &[&str]) -> Captured {
        let parts = names.iter().map(|name| {
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"Marie.pdf\"\r\n\
                 Content-Type: application/pdf\r\n\r\nMarie Curie\r\n"
            )
        });
        let parts: Vec<_> = parts.collect();
        Captured {
            content_type: "multipart/form-data; boundary=b".to_owned(),
            request: format!("{}--b--\r\n", parts.concat()).into_bytes(),
            ..captured("/files", 200, &Value::Null, &Value::Null)
        }
    }

    #[test]
    fn an_upload_is_recorded_with_another_file() {
        let redactor = Redactor::with_key(&[7; 32]);
        let redacted = upload(&["file"]).redact(&keyed(), &redactor);
        let request = redacted.expect("it is recorded").exchange["request"].clone();
        assert_eq!(request["contentType"], "multipart/form-data");
        assert_eq!(request["part"]["name"], "file");
        assert_eq!(request["part"]["contentType"], "application/pdf");
        assert!(!request.to_string().contains("Marie"));
    }

    #[test]
    fn an_upload_that_no_exchange_has_a_form_for_is_left_out() {
        let redactor = Redactor::with_key(&[7; 32]);
        for names in [&["file", "other"][..], &["other"]] {
            let redacted = upload(names).redact(&keyed(), &redactor);
            let left_out = matches!(redacted, Err(Unrecorded::Body { .. }));
            assert!(left_out, "{names:?}");
        }
    }

    #[test]
    fn a_body_keeps_its_content_type() {
        let redactor = Redactor::with_key(&[7; 32]);
        let patch = Captured {
            method: Method::PATCH,
            content_type: "application/merge-patch+json; charset=utf-8".to_owned(),
            ..captured("/files", 200, &json!({"a": 1}), &Value::Null)
        };
        let redacted = patch.redact(&keyed(), &redactor).expect("it is recorded");
        let content_type = &redacted.exchange["request"]["contentType"];
        assert_eq!(content_type, "application/merge-patch+json");
    }
}

//! Judges requests: path, query and body.

use contract::operation::{BodyInfo, OperationInfo, TypeInfo, Upload};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::{Checker, Sent, decode, is_json, pointer, text};
use crate::multipart;
use crate::report::{Direction, Level};
use crate::verify::schema;

impl Checker {
    /// Judges the path, the query and the body of a request.
    pub(crate) fn request(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        path: &[(&'static str, String)],
        sent: &Sent<'_>,
        body: Option<&[u8]>,
    ) {
        let path: Vec<_> = path
            .iter()
            .map(|(name, value)| ((*name).to_owned(), decode(value)))
            .collect();
        self.parameters(
            operation,
            seen_in,
            &operation.path_parameters,
            "the path",
            &path,
        );
        self.parameters(
            operation,
            seen_in,
            &operation.query_parameters,
            "the query",
            sent.query,
        );
        let Some(body) = body else {
            return;
        };
        let media_type = sent
            .headers
            .map(|headers| text(headers, CONTENT_TYPE.as_str()));
        match operation.body {
            BodyInfo::None => {}
            BodyInfo::Upload { part } => {
                let content_type = media_type.unwrap_or_default();
                self.upload(operation, seen_in, part, &content_type, body);
            }
            BodyInfo::Json(_) | BodyInfo::Create(_) | BodyInfo::Update(_) => {
                if let Some(found) = media_type.filter(|found| !is_json(found)) {
                    let found = found.split(';').next().unwrap_or_default();
                    self.find(
                        operation,
                        Level::Error,
                        "request-wrong-content-type",
                        "/requestBody",
                        seen_in,
                        format!("the body is sent as `{found}`; application/json is expected"),
                    );
                }
                let Some(document) = operation.body.document() else {
                    return;
                };
                match serde_json::from_slice(body) {
                    Ok(value) => {
                        let problems = schema::request(document).problems(&value);
                        let what = "the request body";
                        self.problems(operation, Direction::Request, seen_in, what, problems);
                    }
                    Err(error) => self.find(
                        operation,
                        Level::Error,
                        "request-body-not-json",
                        "/requestBody",
                        seen_in,
                        format!("the request body is not JSON: {error}"),
                    ),
                }
            }
        }
    }

    fn upload(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        part: &str,
        content_type: &str,
        body: &[u8],
    ) {
        match multipart::parse(content_type, body) {
            Err(error) => self.invalid_upload(operation, seen_in, &error.to_string()),
            Ok(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| (part.name.as_deref(), part.content_type.as_deref()));
                self.parts(operation, seen_in, part, parts);
            }
        }
    }

    /// Judges the names and content types of the parts of an upload.
    pub(crate) fn parts<'a>(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        part: &str,
        mut parts: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) {
        let Some((_, given)) = parts.find(|(name, _)| *name == Some(part)) else {
            self.invalid_upload(operation, seen_in, &format!("no part is named `{part}`"));
            return;
        };
        if !Upload::CONTENT_TYPES.contains(&given.unwrap_or_default()) {
            let problem = format!(
                "the part `{part}` must be one of {}",
                Upload::CONTENT_TYPES.join(", ")
            );
            self.invalid_upload(operation, seen_in, &problem);
        }
    }

    fn invalid_upload(&mut self, operation: &OperationInfo, seen_in: &str, problem: &str) {
        self.find(
            operation,
            Level::Error,
            "request-invalid-upload",
            "/requestBody",
            seen_in,
            format!("the upload is not as the contract has it: {problem}"),
        );
    }

    fn parameters(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        of: &TypeInfo,
        place: &str,
        given: &[(String, String)],
    ) {
        let document = &of.views().create;
        let properties = &document.root()["properties"];
        let mut values = Map::new();
        for (name, text) in given {
            let Some(property) = properties.get(name) else {
                self.find(
                    operation,
                    Level::Error,
                    "request-undeclared-parameter",
                    "/parameters",
                    seen_in,
                    format!(
                        "`{}` in {place} is not declared in the contract",
                        brief(name)
                    ),
                );
                continue;
            };
            let repeated = values.contains_key(name);
            let value = typed(&document.definitions, property, text);
            values.insert(name.clone(), value);
            if repeated {
                self.find(
                    operation,
                    Level::Error,
                    "request-repeated-parameter",
                    "/parameters",
                    seen_in,
                    format!("`{name}` is given more than once in {place}"),
                );
            }
        }
        let mut problems = schema::request(document).problems(&values.into());
        for problem in &mut problems {
            // The type of parameters is not published; its members stand with the operation.
            problem.schema = format!("{}/parameters", pointer(operation));
        }
        self.problems(operation, Direction::Request, seen_in, place, problems);
    }
}

/// A name for a report.
fn brief(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The JSON value that a parameter stands for.
fn typed(definitions: &contract::schema::Definitions, schema: &Value, text: &str) -> Value {
    let mut schema = schema;
    while let Some(target) = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
        .and_then(|name| definitions.get(name))
    {
        schema = target;
    }
    let is = |name: &str| match &schema["type"] {
        Value::Array(types) => types.iter().any(|kind| kind == name),
        only => only == name,
    };
    if is("array") {
        let items = text.split(',');
        return items
            .map(|item| typed(definitions, &schema["items"], item))
            .collect();
    }
    let number = is("integer") || is("number");
    match text.parse::<Value>() {
        Ok(value) if number && value.is_number() => value,
        Ok(value) if is("boolean") && value.is_boolean() => value,
        _ => text.into(),
    }
}

//! Errors of an API that has a form of its own for them: where in their bodies the parts
//! are.

use std::collections::HashMap;

use serde_json::Value;
use tonic_types::{BadRequest, ErrorInfo, FieldViolation};

use crate::error_body::{ErrorBody, MAX_VIOLATIONS};
use crate::pointer::{self, Pointer};
use crate::reason::{self, MAX_REASON};
use crate::rpc_status::code_of_name;

/// How many bytes of each text are passed on.
const MAX_TEXT: usize = 1024;

/// Where in the JSON body of an error its parts are, for an API whose errors are neither a
/// `google.rpc.Status` nor problem details.
///
/// Both of these are read without it. What a pointer leads to stands in place of what is
/// read otherwise; where it leads to nothing of use, nothing changes.
///
/// ```
/// use transcode::{ErrorShape, InvalidPointer};
///
/// // {"errors": [{"loc": ["body", "age"], "msg": "must be positive"}],
/// //  "error": "pet_is_sold", "error_description": "Rex was sold"}
/// let shape = ErrorShape {
///     code: Some("/error".parse()?),
///     message: Some("/error_description".parse()?),
///     violations: Some("/errors".parse()?),
///     field: "/loc".parse()?,
///     description: "/msg".parse()?,
/// };
/// # assert!(shape.code.is_some());
/// # Ok::<(), InvalidPointer>(())
/// ```
#[derive(Debug, Clone)]
pub struct ErrorShape {
    /// The code. The name of a code of gRPC, such as `NOT_FOUND`, is the code of the call.
    /// Any other text leaves the code to the HTTP status and is the reason of the
    /// `google.rpc.ErrorInfo`: `pet_is_sold` is `PET_IS_SOLD`. What cannot be a reason, such
    /// as a number, is its metadata `code`.
    pub code: Option<Pointer>,
    /// The message for people: a text, or a list of texts.
    pub message: Option<Pointer>,
    /// What is wrong with which field: a list of objects, or an object with a member for
    /// each field that holds a text or a list of texts. It becomes a
    /// `google.rpc.BadRequest`.
    pub violations: Option<Pointer>,
    /// From an element of that list to the name of the field: a text, a JSON pointer, or a
    /// list of names and indices. By default `/field`.
    pub field: Pointer,
    /// From an element of that list to the text that says what is wrong. By default
    /// `/message`.
    pub description: Pointer,
}

impl Default for ErrorShape {
    fn default() -> Self {
        let member = |pointer: &str| pointer.parse().expect("it begins with a slash");
        Self {
            code: None,
            message: None,
            violations: None,
            field: member("/field"),
            description: member("/message"),
        }
    }
}

impl ErrorShape {
    /// Puts what the pointers lead to in place of what was read otherwise.
    pub(crate) fn read(&self, body: &Value, said: &mut ErrorBody) {
        let at = |pointer: &Option<Pointer>| pointer.as_ref()?.find(body);
        let mut details = Vec::new();
        if let Some(code) = at(&self.code) {
            said.code = code.as_str().and_then(code_of_name).or(said.code);
            details.extend(info(code).map(Into::into));
        }
        if let Some(message) = at(&self.message).and_then(message) {
            said.message = Some(message);
        }
        let violations = at(&self.violations).map(|fields| self.violations_of(fields));
        let violations = violations.filter(|violations| !violations.is_empty());
        details.extend(violations.map(|violations| BadRequest::new(violations).into()));
        if !details.is_empty() {
            said.details = details;
        }
    }

    fn violations_of(&self, fields: &Value) -> Vec<FieldViolation> {
        match fields {
            Value::Array(list) => {
                let elements = list.iter().take(MAX_VIOLATIONS);
                let violations = elements.filter_map(|element| {
                    let description = self.description.find(element)?.as_str()?;
                    let field = self.field.find(element).map(field).unwrap_or_default();
                    Some(FieldViolation::new(cut(&field), cut(description)))
                });
                violations.collect()
            }
            Value::Object(members) => {
                let texts = members.iter().flat_map(|(name, value)| {
                    let texts = match value {
                        Value::Array(list) => list.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    texts.iter().map(move |text| (name, text.as_str()))
                });
                let violations = texts
                    .filter_map(|(name, text)| Some(FieldViolation::new(cut(name), cut(text?))));
                violations.take(MAX_VIOLATIONS).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What an `ErrorInfo` has of a code that is none of gRPC.
fn info(code: &Value) -> Option<ErrorInfo> {
    let text = match code {
        Value::String(text) if code_of_name(text).is_some() => return None,
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    if let Some(reason) = reason::of_code(&text) {
        return Some(ErrorInfo::new(reason, "", HashMap::new()));
    }
    let is_code =
        (1..=MAX_REASON).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let metadata = HashMap::from([("code".to_owned(), text)]);
    is_code.then(|| ErrorInfo::new("", "", metadata))
}

/// A message that has text.
fn message(value: &Value) -> Option<String> {
    let message = match value {
        Value::String(text) => cut(text),
        Value::Array(list) => {
            let texts = list.iter().take(MAX_VIOLATIONS).filter_map(Value::as_str);
            let texts: Vec<_> = texts.map(cut).collect();
            texts.join("; ")
        }
        _ => return None,
    };
    (!message.is_empty()).then_some(message)
}

/// The path of a field, from the name that an API gives it.
fn field(name: &Value) -> String {
    match name {
        Value::String(text) if text.starts_with('/') || text.starts_with("#/") => {
            pointer::field(text)
        }
        Value::String(text) => text.clone(),
        Value::Array(steps) => {
            let mut path = String::new();
            for token in steps.iter().take(MAX_VIOLATIONS) {
                match token {
                    Value::String(text) => pointer::step(&mut path, text),
                    Value::Number(index) => pointer::step(&mut path, &index.to_string()),
                    _ => {}
                }
            }
            path
        }
        _ => String::new(),
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tonic::Code;
    use tonic_types::ErrorDetail;

    fn pointer(text: &str) -> Pointer {
        text.parse().expect("a pointer")
    }

    fn read(shape: &ErrorShape, body: &Value) -> ErrorBody {
        let mut said = ErrorBody::default();
        shape.read(body, &mut said);
        said
    }

    /// The violations that are read of the fields, a line for each.
    #[track_caller]
    fn check_fields(field: &str, description: &str, fields: &Value, expected: &[&str]) {
        let shape = ErrorShape {
            violations: Some(pointer("")),
            field: pointer(field),
            description: pointer(description),
            ..ErrorShape::default()
        };
        let said = read(&shape, fields);
        let violations = said.details.iter().flat_map(|detail| match detail {
            ErrorDetail::BadRequest(bad) => bad.field_violations.as_slice(),
            _ => &[],
        });
        let lines: Vec<_> = violations
            .map(|violation| format!("{}: {}", violation.field, violation.description))
            .collect();
        assert_eq!(lines, expected, "{fields}");
    }

    #[test]
    fn a_code_is_a_code_or_a_reason_or_metadata() {
        let shape = ErrorShape {
            code: Some(pointer("/code")),
            ..ErrorShape::default()
        };
        let check = |code: Value, expected: Option<Code>, reason: &str, kept: Option<&str>| {
            let said = read(&shape, &json!({ "code": code }));
            assert_eq!(said.code, expected, "{code}");
            let info = said.details.first().map(|detail| match detail {
                ErrorDetail::ErrorInfo(info) => info.clone(),
                other => panic!("{other:?} is no ErrorInfo"),
            });
            let found = info.as_ref().map_or(("", None), |info| {
                let kept = info.metadata.get("code").map(String::as_str);
                (info.reason.as_str(), kept)
            });
            assert_eq!(found, (reason, kept), "{code}");
        };
        check(json!("NOT_FOUND"), Some(Code::NotFound), "", None);
        check(json!("pet-is-sold"), None, "PET_IS_SOLD", None);
        check(json!(20404), None, "", Some("20404"));
        check(json!("20404"), None, "", Some("20404"));
        check(json!("OK"), None, "OK", None);
        check(json!("a ".repeat(100)), None, "", None);
        check(json!("ä ö"), None, "", None);
        check(json!(null), None, "", None);
        check(json!({"secret": 1}), None, "", None);
    }

    #[test]
    fn a_message_is_a_text_or_several() {
        let shape = ErrorShape {
            message: Some(pointer("/message")),
            ..ErrorShape::default()
        };
        let message = |message: Value| read(&shape, &json!({ "message": message })).message;
        assert_eq!(message(json!("gone")).as_deref(), Some("gone"));
        assert_eq!(message(json!(["a", 1, "b"])).as_deref(), Some("a; b"));
        for none in [json!(""), json!([]), json!(7), json!({"secret": "s"})] {
            assert_eq!(message(none.clone()), None, "{none}");
        }
        let long = message(json!("ü".repeat(MAX_TEXT))).expect("a message");
        assert_eq!(long.len(), MAX_TEXT);
    }

    #[test]
    fn violations_are_read_in_the_forms_that_apis_have() {
        check_fields(
            "/field",
            "/message",
            &json!([{"field": "age", "message": "too old"}, {"message": "m"}, {"field": "f"}, 7]),
            &["age: too old", ": m"],
        );
        // JSON:API.
        check_fields(
            "/source/pointer",
            "/detail",
            &json!([{"source": {"pointer": "/data/pets/0/age"}, "detail": "too old"}]),
            &["data.pets[0].age: too old"],
        );
        // FastAPI.
        check_fields(
            "/loc",
            "/msg",
            &json!([{"loc": ["body", "pets", 0, "age"], "msg": "too old", "type": "t"}]),
            &["body.pets[0].age: too old"],
        );
        // Rails, Laravel, Django.
        check_fields(
            "/field",
            "/message",
            &json!({"age": ["too old", "odd"], "name": "too long", "n": 1}),
            &["age: too old", "age: odd", "name: too long"],
        );
        check_fields("/field", "/message", &json!("age"), &[]);
    }

    #[test]
    fn violations_have_a_bound() {
        let many: Vec<_> = (0..1000)
            .map(|n| json!({"field": n.to_string(), "message": "m"}))
            .collect();
        let shape = ErrorShape {
            violations: Some(pointer("")),
            ..ErrorShape::default()
        };
        assert_eq!(shape.violations_of(&json!(many)).len(), MAX_VIOLATIONS);
        let members: serde_json::Map<_, _> =
            (0..1000).map(|n| (n.to_string(), json!("m"))).collect();
        assert_eq!(shape.violations_of(&json!(members)).len(), MAX_VIOLATIONS);
    }

    #[test]
    fn what_is_not_there_leaves_what_was_read_otherwise() {
        let shape = ErrorShape {
            code: Some(pointer("/a")),
            message: Some(pointer("/b")),
            violations: Some(pointer("/c")),
            ..ErrorShape::default()
        };
        let mut said = ErrorBody {
            code: Some(Code::Aborted),
            message: Some("m".to_owned()),
            details: vec![ErrorInfo::new("R", "d", HashMap::new()).into()],
        };
        shape.read(&json!({"c": []}), &mut said);
        assert_eq!(said.code, Some(Code::Aborted));
        assert_eq!(said.message.as_deref(), Some("m"));
        assert_eq!(said.details.len(), 1);
    }
}

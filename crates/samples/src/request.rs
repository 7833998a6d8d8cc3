//! What a recorded exchange asks for, over REST.

use contract::operation::OperationInfo;
use contract::recorded::{RecordedExchange, RecordedPart};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::error::Error;

/// What RFC 3986 leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The variable with the base URL of the REST API.
pub(crate) const URL: &str = "WEB1ON1_URL";
/// The variable with the URL of the gateway.
pub(crate) const ADDRESS: &str = "WEB1ON1_ADDRESS";
/// The variable with the access token.
pub(crate) const TOKEN: &str = "WEB1ON1_TOKEN";

/// A request over REST.
pub(crate) struct Request<'a> {
    pub(crate) operation: &'static OperationInfo,
    /// The variables of the path, in its order.
    pub(crate) path: Vec<(&'a str, &'a str)>,
    pub(crate) query: Vec<(&'a str, Parameter)>,
    /// The JSON body.
    pub(crate) body: Option<Value>,
    /// The file of an upload.
    pub(crate) file: Option<&'a RecordedPart>,
}

/// The value of a parameter.
pub(crate) enum Parameter {
    /// As the schema of the parameter has it.
    Value(Value),
    /// A secret, which is in this variable.
    Variable(&'static str),
}

impl<'a> Request<'a> {
    pub(crate) fn of(exchange: &'a RecordedExchange) -> Result<Self, Error> {
        let operation = contract::find(&exchange.operation)
            .ok_or_else(|| Error::UnknownOperation(exchange.operation.clone()))?;
        let path = variables(operation.path).map(|name| {
            let value = exchange.path_parameters.get(name);
            let value = value.ok_or_else(|| Error::NoValue {
                operation: operation.id,
                field: name.to_owned(),
                value: "nothing".to_owned(),
            })?;
            Ok((name, value.as_str()))
        });
        let query = exchange.query.iter().map(|(name, text)| {
            let value = match name.as_str() {
                "refreshToken" => Parameter::Variable("WEB1ON1_REFRESH_TOKEN"),
                name => Parameter::Value(typed(operation, name, text)),
            };
            (name.as_str(), value)
        });
        let body = exchange
            .request
            .as_ref()
            .and_then(|request| request.body.clone());
        let file = exchange
            .request
            .as_ref()
            .and_then(|request| request.part.as_ref());
        Ok(Self {
            operation,
            path: path.collect::<Result<_, _>>()?,
            query: query.collect(),
            body: body.map(|body| operation.body.without_read_only(body)),
            file,
        })
    }

    /// The path with its variables filled in, and the query, below the base URL. Where the
    /// query ends with a variable, that is behind the text.
    pub(crate) fn target(&self) -> (String, Option<&'static str>) {
        let mut target = self.operation.path.to_owned();
        for (name, value) in &self.path {
            let value = utf8_percent_encode(value, RESERVED).to_string();
            target = target.replace(&format!("{{{name}}}"), &value);
        }
        let mut variable = None;
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, RESERVED));
            target.push('=');
            match value {
                Parameter::Value(value) => {
                    target.extend(utf8_percent_encode(&text_of(value), RESERVED));
                }
                Parameter::Variable(name) => variable = Some(*name),
            }
        }
        (target, variable)
    }
}

/// The names of the variables in a template, in its order.
pub(crate) fn variables(template: &str) -> impl Iterator<Item = &str> {
    let behind = template.split('{').skip(1);
    behind.filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// A parameter as the type that its schema has.
fn typed(operation: &OperationInfo, name: &str, text: &str) -> Value {
    let document = &operation.query_parameters.views().read;
    let schema = document.resolve(&document.root()["properties"][name]);
    let is = |kind: &str| match &schema["type"] {
        Value::Array(types) => types.iter().any(|of| of == kind),
        only => only == kind,
    };
    if is("array") {
        return text.split(',').map(Value::from).collect();
    }
    let literal = (is("integer") || is("number") || is("boolean"))
        .then(|| serde_json::from_str(text).ok())
        .flatten();
    literal.unwrap_or_else(|| text.into())
}

/// A value as it stands in a query.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

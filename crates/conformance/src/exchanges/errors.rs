//! Whether the error in an exchange is what its status, its request and the table of
//! reasons make it.

use std::collections::BTreeSet;

use contract::recorded::RecordedExchange;
use serde_json::Value;

use crate::verify::{Broken, Hints, Model, Operation, Received};
use crate::verify::{carried, error_of, properties, unkept_promises};

/// Requests with this status lack a token, or have one that is not good.
pub(super) const UNAUTHORIZED: u16 = 401;

/// The reason of an error for want of a token.
const TOKEN_MISSING: &str = "TOKEN_MISSING";

/// What is wrong with an error: where in the exchange, and the end of a sentence about it.
pub(super) fn wrong_error(
    model: &Model,
    hints: &Hints,
    operation: &Operation,
    exchange: &RecordedExchange,
) -> Vec<(String, String)> {
    let response = &exchange.response;
    let status = response.status.as_u16();
    let (Some(declared), Some(body)) = (operation.reply(status), &response.body) else {
        return Vec::new();
    };
    if status < 400 {
        return Vec::new();
    }
    let headers = response.header_map();
    let received = Received {
        status,
        headers: &headers,
        body: &[],
        value: Some(body),
    };
    let broken = carried(model, hints, declared, &received).into_iter();
    let mut found: Vec<_> = broken
        .map(
            |Broken {
                 pointer, message, ..
             }| (format!("/response/body{pointer}"), message),
        )
        .collect();
    let (at, error) = error_of(body);
    let place = match error.get("details") {
        Some(_) => format!("/response/body{at}/details"),
        None => format!("/response/body{at}"),
    };
    for name in unkept_promises(declared, body) {
        let message = format!("the error has no `{name}`, which the document promises");
        found.push((place.clone(), message));
    }
    let has_id = response.header("x-request-id").is_some();
    if hints.reasons.is_some() && has_id && !has_detail(error, "RequestInfo") {
        let message = "the error has no `RequestInfo` with the X-Request-Id".to_owned();
        found.push((place, message));
    }
    if hints.reasons.is_some() {
        found.extend(strange_details(at, error));
    }
    found.extend(strange_fields(model, operation, exchange, at, error));
    found
}

/// The details of errors that google.rpc defines.
const DETAILS: [&str; 10] = [
    "BadRequest",
    "DebugInfo",
    "ErrorInfo",
    "Help",
    "LocalizedMessage",
    "PreconditionFailure",
    "QuotaFailure",
    "RequestInfo",
    "ResourceInfo",
    "RetryInfo",
];

/// The details of types that nobody knows.
fn strange_details(at: &str, error: &Value) -> Vec<(String, String)> {
    let details = error["details"].as_array().into_iter().flatten();
    let mut found = Vec::new();
    for (index, detail) in details.enumerate() {
        let of = detail["@type"].as_str().unwrap_or_default();
        let name = of.rsplit(['.', '/']).next().unwrap_or_default();
        if !DETAILS.contains(&name) {
            let pointer = format!("/response/body{at}/details/{index}/@type");
            found.push((
                pointer,
                format!("the detail is of the type `{of}`, which is none of google.rpc"),
            ));
        }
    }
    found
}

fn has_detail(error: &Value, name: &str) -> bool {
    let details = error["details"].as_array().into_iter().flatten();
    let mut types = details.filter_map(|detail| detail["@type"].as_str());
    types.any(|of| of.rsplit(['.', '/']).next() == Some(name))
}

/// What is wrong with a token, or the want of one, beside the status 401.
pub(super) fn wrong_token(exchange: &RecordedExchange) -> Option<(String, String)> {
    if exchange.response.status.as_u16() != UNAUTHORIZED {
        return None;
    }
    let body = exchange.response.body.as_ref().unwrap_or(&Value::Null);
    let (at, error) = error_of(body);
    let details = error["details"].as_array().into_iter().flatten();
    let reasons = details.enumerate().filter_map(|(index, detail)| {
        let pointer = format!("/response/body{at}/details/{index}/reason");
        Some((pointer, detail["reason"].as_str()?))
    });
    let own = error["reason"].as_str();
    let own = own.map(|reason| (format!("/response/body{at}/reason"), reason));
    let reason = own.into_iter().chain(reasons).next();
    // RFC 6750: a token that was sent and is not good.
    let challenge = exchange.response.header("www-authenticate");
    let is_refused = challenge.is_some_and(|challenge| challenge.contains("invalid_token"));
    let of_token = |reason: &str| reason.starts_with("TOKEN_") && reason != TOKEN_MISSING;
    match reason {
        Some((_, reason)) if exchange.authenticated && of_token(reason) => None,
        Some((pointer, reason)) if !exchange.authenticated && of_token(reason) => {
            let message = format!("its reason is {reason}, and the request carries no token");
            Some((pointer, message))
        }
        _ if exchange.authenticated && !is_refused => {
            let message = "its status is 401, and the request carries a token of which the reply \
                           does not say that it was refused; an example of 401 has none";
            Some(("/authenticated".to_owned(), message.to_owned()))
        }
        _ => None,
    }
}

/// The violations of fields that the request has not, and could not have.
fn strange_fields(
    model: &Model,
    operation: &Operation,
    exchange: &RecordedExchange,
    at: &str,
    error: &Value,
) -> Vec<(String, String)> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let parameters = [
        &operation.path_parameters,
        &operation.query,
        &operation.headers,
        &operation.cookies,
    ];
    let parameters = parameters.into_iter().flatten();
    names.extend(parameters.map(|parameter| parameter.name.clone()));
    names.extend(exchange.query.keys().cloned());
    if let Some(body) = &operation.body {
        names.extend(properties(model.root(), &body.schema).into_keys());
    }
    let request = exchange.request.as_ref();
    let sent = request.and_then(|request| request.body.as_ref());
    names.extend(
        sent.and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone()),
    );
    // The parts of a form have no schema here.
    let has_form = operation.other_body;
    let details = error["details"].as_array().into_iter().flatten();
    let mut found = Vec::new();
    for (index, detail) in details.enumerate() {
        let violations = detail["fieldViolations"].as_array().into_iter().flatten();
        for (number, violation) in violations.enumerate() {
            let Some(field) = violation["field"].as_str() else {
                continue;
            };
            let first = field.split(['.', '[', '/']).find(|part| !part.is_empty());
            // Without a name it is the body as a whole, or an element of it.
            let Some(first) = first.filter(|first| !first.ends_with(']')) else {
                continue;
            };
            if !has_form && !names.contains(first) {
                let pointer =
                    format!("/response/body{at}/details/{index}/fieldViolations/{number}/field");
                let message = format!(
                    "the violation is of `{first}`, which the request neither has nor could have"
                );
                found.push((pointer, message));
            }
        }
    }
    found
}

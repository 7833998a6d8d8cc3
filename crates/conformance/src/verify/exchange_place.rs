//! Where in a recorded exchange the values stand that were judged by themselves.

use contract::recorded::RecordedExchange;

use crate::report::{Direction, Finding};

/// Moves a finding from the value that it is about to the place of that in the exchange.
pub(super) fn place(finding: &mut Finding, exchange: &RecordedExchange) {
    let described = finding.base.as_ref().map_or("", |place| &place.pointer);
    let Some(seen) = &mut finding.revision else {
        return;
    };
    let inner = std::mem::take(&mut seen.pointer);
    seen.pointer = match finding.direction {
        Some(Direction::Request) => in_request(&finding.id, described, &inner, exchange),
        Some(Direction::Response) => in_response(&finding.id, described, &inner),
        None => inner,
    };
}

/// `inner` is the place in the body, or begins with the name of a parameter.
fn in_request(id: &str, described: &str, inner: &str, exchange: &RecordedExchange) -> String {
    if is_of_parameter(described) {
        let name = inner.split('/').nth(1).unwrap_or_default();
        let is_in_path = exchange.path_parameters.contains_key(name);
        let of = if is_in_path {
            "pathParameters"
        } else {
            "query"
        };
        return format!("/{of}{inner}");
    }
    match id {
        "request-wrong-content-type" => "/request/contentType".to_owned(),
        "request-unexpected-body" => "/request".to_owned(),
        _ => format!("/request/body{inner}"),
    }
}

/// Returns whether a place in the document is that of parameters, or of the schema of one.
fn is_of_parameter(described: &str) -> bool {
    let mut tokens = described.split('/').rev();
    let last = tokens.next();
    last == Some("parameters")
        || (last == Some("schema") && described.contains("/parameters/"))
        || described
            .rsplit_once("/schema/")
            .is_some_and(|(of, _)| of.rsplit('/').nth(1) == Some("parameters"))
}

fn in_response(id: &str, described: &str, inner: &str) -> String {
    if let Some((_, name)) = described.rsplit_once("/headers/") {
        return format!("/response/headers/{name}");
    }
    match id {
        "response-undocumented-status" | "response-unexpected-status" => {
            "/response/status".to_owned()
        }
        "response-wrong-content-type" => "/response/contentType".to_owned(),
        _ => format!("/response/body{inner}"),
    }
}

//! The document that is published says what the derived one says, which is held equal to
//! the protos and the types. It may differ where a generator needs another form, and only
//! in the ways that are listed here.

use conformance::diff::{Date, Document, diff};
use conformance::report::Finding;

/// What the published form may say otherwise: the rule that tells the change apart, what
/// its message or operation has, and why.
const LIBERTIES: &[(&str, &str, &str)] = &[
    (
        "api-schema-removed",
        "`ServiceParams",
        "the parameters of services are told apart by the type of the service",
    ),
    (
        "request-body-discriminator-added",
        "POST /services",
        "the type of a service tells its schemas apart",
    ),
    (
        "request-body-one-of-added",
        "/services",
        "there is a schema for each type of service",
    ),
    (
        "request-body-one-of-removed",
        "/services",
        "there is a schema for each type of service",
    ),
    (
        "response-body-one-of-added",
        "/services",
        "there is a schema for each type of service",
    ),
    (
        "response-property-one-of-added",
        "GET /services",
        "there is a schema for each type of service",
    ),
    (
        "response-body-discriminator-added",
        "POST /services",
        "the type of a service tells its schemas apart",
    ),
    (
        "response-property-discriminator-added",
        "GET /services",
        "the type of a service tells its schemas apart",
    ),
    (
        "response-body-one-of-removed",
        "POST /services",
        "there is a schema for each type of service",
    ),
    (
        "response-property-one-of-removed",
        "GET /services",
        "there is a schema for each type of service",
    ),
    (
        "request-parameter-became-not-enum",
        "`sort`",
        "`name` and `-name` are one constant in most languages; a pattern has both",
    ),
    (
        "request-parameter-pattern-generalized",
        "`createdAt`",
        "the calendar makes a pattern that nobody reads; the form is enough",
    ),
    (
        "request-property-default-value-removed",
        "no longer defaults to",
        "many generators require a property that has a default; it is told in words",
    ),
    (
        "response-property-default-value-removed",
        "no longer defaults to",
        "a reply has a value, or has none",
    ),
    (
        "response-property-became-required",
        "is now required",
        "replies always have it",
    ),
    (
        "response-property-became-not-nullable",
        "may no longer be null",
        "replies never have null in its place",
    ),
];

/// Returns true if a liberty with this rule and part is taken by what was found.
fn is_taken((rule, part): (&str, &str), finding: &Finding) -> bool {
    let operation = finding.operation.as_deref().unwrap_or_default();
    finding.id.as_str() == rule && (finding.message.contains(part) || operation.contains(part))
}

#[test]
fn what_is_published_differs_in_its_form_alone() {
    let read = |name: &str, document: &serde_json::Value| {
        Document::parse(name, &document.to_string()).expect("is an OpenAPI document")
    };
    let derived = read("derived", &contract::openapi::openapi());
    let mut published = contract::published::document(None);
    // Where the servers are is no part of what the types say.
    published["servers"] = contract::openapi::openapi()["servers"].clone();
    let published = read("published", &published);
    let today = Date::constant(2026, 1, 1);
    let found = diff(&derived, &published, today);
    let unknown: Vec<_> = found
        .iter()
        .filter(|finding| {
            !LIBERTIES
                .iter()
                .any(|(rule, part, _)| is_taken((rule, part), finding))
        })
        .map(|finding| {
            let operation = finding.operation.as_deref().unwrap_or_default();
            format!("{} {operation}: {}", finding.id, finding.message)
        })
        .collect();
    assert!(
        unknown.is_empty(),
        "the published document says something else than the types; mend \
         crates/contract/src/published, or say in LIBERTIES why it has to:\n  {}",
        unknown.join("\n  ")
    );
    let unused: Vec<_> = LIBERTIES
        .iter()
        .filter(|(rule, part, _)| !found.iter().any(|finding| is_taken((rule, part), finding)))
        .collect();
    assert!(
        unused.is_empty(),
        "remove these, which nothing needs: {unused:?}"
    );
}

//! The document that is published says what the derived one says, which is held equal to
//! the protos and the types. It may differ where a generator needs another form, and only
//! in the ways that are listed here.

use std::collections::BTreeSet;

use conformance::diff::{Date, Document, diff};

/// What the published form may say otherwise, by the rule that tells the change apart.
const LIBERTIES: &[(&str, &str)] = &[];

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
    let ids: BTreeSet<_> = found.iter().map(|finding| finding.id.as_str()).collect();
    let known: BTreeSet<_> = LIBERTIES.iter().map(|(id, _)| *id).collect();
    let unknown: Vec<_> = found
        .iter()
        .filter(|finding| !known.contains(finding.id.as_str()))
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
    let unused: Vec<_> = known.difference(&ids).collect();
    assert!(
        unused.is_empty(),
        "remove these, which nothing needs: {unused:?}"
    );
}

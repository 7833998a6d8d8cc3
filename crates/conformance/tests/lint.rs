//! Nothing in the published documents makes a generated client ugly, or keeps it from
//! compiling.

use conformance::lint::lint;
use contract::published;
use serde_json::Value;

#[track_caller]
fn check(document: &Value) {
    let found: Vec<_> = lint(document, "openapi.json")
        .into_iter()
        .map(|finding| {
            let place = finding.revision.map(|place| place.pointer);
            format!("{}: {}", place.unwrap_or_default(), finding.message)
        })
        .collect();
    assert!(
        found.is_empty(),
        "clients that are generated from this are ugly; mend the types, or \
         crates/contract/src/published:\n  {}",
        found.join("\n  ")
    );
}

#[test]
fn the_published_document_makes_good_clients() {
    check(&published::document(None));
}

#[test]
fn the_older_published_document_makes_good_clients() {
    check(&published::to_3_0(&published::document(None)));
}

//! The backend as it is keeps every law.

use conformance::verify::Laws;

use crate::faulty::{Fault, Faulty, serious};

#[tokio::test]
async fn the_backend_keeps_every_law() {
    let backend = Faulty::start(Fault::none()).await;
    let report = backend.verify(Laws::default(), true).await;
    let found = serious(&report);
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn without_permission_nothing_is_written() {
    let backend = Faulty::start(Fault::in_requests(|asked| {
        assert_eq!(asked.method, "GET", "{} was called", asked.path);
    }))
    .await;
    let report = backend.verify(Laws::default(), false).await;
    let found = serious(&report);
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn nothing_stays_behind() {
    let backend = Faulty::start(Fault::none()).await;
    backend.verify(Laws::default(), true).await;
    let report = backend.verify(Laws::default(), true).await;
    let found = serious(&report);
    assert!(
        found.is_empty(),
        "what the first run has left disturbs the second: {found:#?}"
    );
}

/// The reasons that a source file of the backend or the contract has.
fn reasons_in(directory: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if path.file_name() != Some("tests".as_ref()) {
                reasons_in(&path, found);
            }
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        for line in text.lines().map(str::trim) {
            let is_one = line.starts_with("reason: \"") || line.contains("=> (Code::");
            let reason = line.split('"').nth(1).filter(|_| is_one);
            found.extend(reason.map(str::to_owned));
        }
    }
}

#[test]
fn every_reason_of_the_backend_is_in_the_table() {
    let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/backend/src");
    let mut found = Vec::new();
    reasons_in(&sources, &mut found);
    assert!(
        found.len() > 10,
        "reasons are written in another way now: {found:?}"
    );
    for reason in found {
        let is_known = contract::reasons::REASONS
            .iter()
            .any(|known| known.name == reason);
        assert!(is_known, "add {reason} to crates/contract/src/reasons.rs");
    }
}

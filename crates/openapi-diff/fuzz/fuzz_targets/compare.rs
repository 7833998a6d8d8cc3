//! Reads two documents that may refer to a file, and compares them both ways. None of that
//! may panic, and a document has no changes against itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use openapi_diff::{Date, Document, SourceText, Url, diff};

const TODAY: Date = Date::constant(2030, 1, 31);

fn load(text: &str, more: &str) -> Option<Document> {
    let source = |name: &str, text: &str| {
        Some(SourceText {
            source: name.to_owned(),
            url: Url::parse(&format!("file:///{name}")).ok()?,
            text: text.to_owned(),
        })
    };
    let mut fetch = |referred: openapi_diff::Referred<'_>| {
        let more = source("more.yaml", more).filter(|more| more.url == *referred.url);
        more.ok_or_else(|| "there is no such file".into())
    };
    Document::load(source("api.yaml", text)?, &mut fetch).ok()
}

fuzz_target!(|text: &str| {
    let mut parts = text.split("\n=====\n");
    let (old, new) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let more = parts.next().unwrap_or_default();
    let (old, new) = (load(old, more), load(new, more));
    for document in old.iter().chain(&new) {
        assert!(diff(document, document, TODAY).is_empty());
    }
    if let (Some(old), Some(new)) = (old, new) {
        diff(&old, &new, TODAY);
        diff(&new, &old, TODAY);
    }
});

//! An API with conventions of its own, with one fault at a time.

use conformance::verify::Law;

use crate::library::{told, verified};

/// Checks that a fault is found as a law, with these words, and as nothing else.
async fn check(fault: &'static str, law: Law, words: &str) {
    let (report, _) = verified(fault).await;
    let told = told(&report);
    let is_it = |line: &String| line.starts_with(&format!("{} ", law.id()));
    assert!(
        !told.is_empty() && told.iter().all(is_it),
        "{fault}: {told:#?}"
    );
    assert!(
        told.iter().any(|line| line.contains(words)),
        "{fault}: {told:#?}"
    );
}

#[tokio::test]
async fn a_library_without_a_fault_is_accused_of_nothing() {
    for fault in ["none", "relative links, which are none"] {
        let (report, _) = verified(fault).await;
        let told = told(&report);
        assert!(told.is_empty(), "{fault}: {told:#?}");
    }
}

#[tokio::test]
async fn an_error_of_another_content_type_than_declared_is_found() {
    let words = "the content type is `application/json`; application/problem+json is expected";
    let fault = "errors of another content type";
    check(fault, Law::ErrorAsDeclared, words).await;
}

#[tokio::test]
async fn a_header_of_another_type_than_declared_is_found() {
    let words = "the header X-Total-Count must be an integer, and is a string";
    check("a header of another type", Law::ReplyAsDeclared, words).await;
}

#[tokio::test]
async fn a_link_that_leads_out_of_the_api_is_found() {
    let words = "leads out of the path below which the API is";
    check("links without the base", Law::PageLinksLeadOn, words).await;
}

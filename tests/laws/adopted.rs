//! An API with conventions of its own, with one fault at a time.

use conformance::verify::Law;

use crate::library::{told, verified};

/// The laws whose faults are seeded here.
pub(crate) const LAWS: &[Law] = &[
    Law::PutSetsWhatItNames,
    Law::PutReplaces,
    Law::MalformedBodyRefused,
    Law::MissingPropertyRefused,
    Law::NullRefused,
];

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
    for fault in [
        "none",
        "relative links, which are none",
        "every change is one",
    ] {
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

#[tokio::test]
async fn a_put_that_is_not_stored_is_found() {
    let words = "is not what the reply to the write has shown";
    let (report, _) = verified("a PUT that is not stored").await;
    let told = told(&report);
    let has = |law: Law| {
        let mut of = told.iter().filter(|line| line.starts_with(law.id()));
        of.any(|line| line.contains(words))
    };
    assert!(has(Law::ReadShowsWhatWasWritten), "{told:#?}");
    assert!(has(Law::ListShowsWhatWasWritten), "{told:#?}");
}

#[tokio::test]
async fn a_put_that_does_not_set_a_property_is_found() {
    let words = "`events` is not what the PUT has set it to";
    check(
        "a PUT that leaves the events",
        Law::PutSetsWhatItNames,
        words,
    )
    .await;
}

#[tokio::test]
async fn a_put_that_keeps_what_it_does_not_name_is_found() {
    let words = "the PUT does not name `active`, which has not its declared default";
    let fault = "a PUT that keeps what it does not name";
    check(fault, Law::PutReplaces, words).await;
}

#[tokio::test]
async fn a_default_is_verified_where_something_must_be_unique() {
    let words = "`active` was not sent, and does not have its declared default";
    check("another default of hooks", Law::DefaultsAreFilled, words).await;
}

#[tokio::test]
async fn laws_that_a_refused_create_keeps_from_being_tried_are_told() {
    let (report, _) = verified("no more than one hook").await;
    let told = told(&report);
    assert!(told.is_empty(), "{told:#?}");
    let mut notes = report.findings.iter();
    let is_it = |message: &str| {
        message.contains(Law::DefaultsAreFilled.id()) && message.contains("answered with 409")
    };
    assert!(
        notes.any(|note| is_it(&note.message)),
        "{:#?}",
        report.findings
    );
}

#[tokio::test]
async fn a_required_property_that_may_be_missing_is_found() {
    let law = Law::MissingPropertyRefused;
    let words = "nothing, where a value is required, at /title";
    check("a title is not required", law, words).await;
}

#[tokio::test]
async fn a_required_property_of_a_part_that_may_be_missing_is_found() {
    let law = Law::MissingPropertyRefused;
    let words = "nothing, where a value is required, at /author/city";
    let (report, _) = verified("a city is not required").await;
    let told = told(&report);
    let is_it = |line: &String| line.starts_with(law.id()) && line.contains(words);
    assert!(told.iter().any(is_it), "{told:#?}");
}

#[tokio::test]
async fn a_null_that_is_not_allowed_and_taken_is_found() {
    let (report, _) = verified("null is taken for anything").await;
    let told = told(&report);
    let words = "null, which is not allowed, at /title";
    let is_it = |line: &String| line.starts_with(Law::NullRefused.id()) && line.contains(words);
    assert!(told.iter().any(is_it), "{told:#?}");
}

/// Checks that a fault is found as a law with these words, whatever else it is.
async fn check_some(fault: &'static str, law: Law, words: &str) {
    let (report, _) = verified(fault).await;
    let told = told(&report);
    let is_it = |line: &String| line.starts_with(&format!("{} ", law.id())) && line.contains(words);
    assert!(told.iter().any(is_it), "{fault}: {told:#?}");
}

#[tokio::test]
async fn an_order_that_only_longer_pages_show_is_found() {
    let words = "in another order";
    check("short pages in another order", Law::PagesJoinToList, words).await;
}

#[tokio::test]
async fn a_create_that_takes_what_only_the_server_sets_is_found() {
    let law = Law::UndeclaredPropertyRefused;
    let words = "a property that only the server sets, which is not declared, at /id";
    check_some("a create that takes the identifier", law, words).await;
}

#[tokio::test]
async fn a_change_that_takes_what_only_the_server_sets_is_found() {
    let law = Law::UndeclaredPropertyRefused;
    let words = "a property that only the server sets, which is not declared, at /createdAt";
    check_some("a change that takes the time of creation", law, words).await;
}

#[tokio::test]
async fn a_read_only_number_that_is_set_is_found() {
    let law = Law::ReadOnlyIsIgnored;
    let words = "`id` is read-only, and was set by the caller";
    check_some("a create that shows another identifier", law, words).await;
    check_some("a PUT that sets what is read-only", law, words).await;
}

#[tokio::test]
async fn a_body_that_is_no_json_and_fails_is_found() {
    let law = Law::MalformedBodyRefused;
    let words = "a body that is no JSON is answered with 500";
    check_some("a body that is no JSON fails", law, words).await;
}

#[tokio::test]
async fn a_status_that_is_not_declared_where_another_is_is_found() {
    let words = "with no token is answered with 403, and declared for that is 401";
    let fault = "another status without a token";
    check_some(fault, Law::NoTokenRefused, words).await;
    let words = "is answered with 418, and declared for that is 400 or 422";
    let fault = "another status for a wrong body";
    check_some(fault, Law::WrongTypeRefused, words).await;
}

#[tokio::test]
async fn the_summary_tells_how_many_operations_succeeded() {
    let (report, _) = verified("every PUT is refused").await;
    let title = &report.title;
    assert!(
        title.contains("10 of 10 operations, 9 of them with success"),
        "{title}"
    );
}

//! What `check` says of the recorded exchanges.

use std::fs;

use crate::repository::Repository;

#[test]
fn a_recorded_exchange_that_breaks_the_contract_is_an_error() {
    let repository = Repository::copy();
    repository.replace(
        "openapi/recorded/getForm.json",
        "\"status\": 200",
        "\"status\": 204",
    );
    repository.check(
        &["check"],
        1,
        &["FAIL  recorded", "openapi/recorded/getForm.json"],
    );
}

#[test]
fn a_known_deviation_that_is_gone_is_an_error() {
    let repository = Repository::copy();
    repository.replace("openapi/recorded.toml", "GET /services", "GET /bots");
    let expected = ["error[ignore-unused]", "error[response-missing-property]"];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn one_that_is_deleted_is_an_error() {
    let repository = Repository::copy();
    let gone = "openapi/recorded/errors/getForm-404.json";
    fs::remove_file(repository.path(gone)).expect("it was there");
    let expected = ["error[exchange-missing]", "record one as getForm-404.json"];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn one_that_is_renamed_is_an_error() {
    let repository = Repository::copy();
    let [from, to] = ["getForm", "fetchForm"].map(|name| format!("openapi/recorded/{name}.json"));
    fs::rename(repository.path(&from), repository.path(&to)).expect("it was there");
    let expected = ["error[exchange-misnamed]", "error[exchange-missing]", &to];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn one_that_is_emptied_is_an_error() {
    let repository = Repository::copy();
    repository.write("openapi/recorded/getForm.json", "");
    repository.check(&["check"], 1, &["error[exchange-malformed]", "restore it"]);
}

#[test]
fn a_request_that_was_bad_keeps_nothing() {
    let repository = Repository::copy();
    let bad = repository.read("openapi/recorded/errors/createForm-400.json");
    let good = bad.replace("\"status\": 400", "\"status\": 404");
    repository.write("openapi/recorded/errors/createForm-404.json", &good);
    let expected = [
        "error[exchange-undeclared-status]",
        "error[request-wrong-type]",
    ];
    repository.check(&["check"], 1, &expected);
}

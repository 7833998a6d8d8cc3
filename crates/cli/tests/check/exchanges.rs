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

/// Checks what is found once one text in an exchange is another.
#[track_caller]
fn check_edit(name: &str, from: &str, to: &str, expected: &str) {
    let repository = Repository::copy();
    let file = format!("openapi/recorded/{name}.json");
    repository.replace(&file, from, to);
    let expected = format!("error[{expected}]");
    repository.check(&["check"], 1, &[&expected, "FAIL  recorded", &file]);
}

#[test]
fn a_header_that_is_missing_is_an_error() {
    let header = "\"Location\": \"/v2/forms/5656f3ca42fc302027eba5c6\",";
    check_edit("createForm", header, "", "exchange-headers");
    let header = "\"WWW-Authenticate\": \"Bearer\",";
    check_edit("errors/getForm-401", header, "", "exchange-headers");
}

#[test]
fn a_header_that_is_wrong_is_an_error() {
    let id = "/v2/forms/5656f3ca42fc302027eba5c6";
    let other = "/v2/forms/5656f3ca42fc302027eba5c7";
    check_edit("createForm", id, other, "response-wrong-location");
    check_edit("createForm", id, "/v2/form/1", "exchange-headers");
    let next = "<https://api.web1on1.chat/v2/forms?limit=1&offset=1>";
    let far = "<https://api.web1on1.chat/v2/forms?limit=1&offset=2>";
    check_edit("listForms", next, far, "response-wrong-link");
    check_edit(
        "listForms",
        next,
        "<https://api.web1on1.chat/v2/bots?limit=1&offset=1>",
        "response-wrong-link",
    );
}

#[test]
fn a_header_that_is_not_declared_is_an_error() {
    let headers = "\"headers\": {";
    let more = "\"headers\": { \"Retry-After\": \"1\",";
    check_edit("getForm", headers, more, "exchange-headers");
}

#[test]
fn a_content_type_that_is_missing_or_wrong_is_an_error() {
    let stated = "\"contentType\": \"application/json\",\n    \"headers\"";
    check_edit("getForm", stated, "\"headers\"", "exchange-content-type");
    let other = "\"contentType\": \"text/html\",\n    \"headers\"";
    check_edit("getForm", stated, other, "response-wrong-content-type");
    check_edit("deleteForm", "\"headers\"", other, "exchange-content-type");
}

#[test]
fn a_request_that_was_bad_keeps_nothing() {
    let repository = Repository::copy();
    let bad = repository.read("openapi/recorded/errors/createForm-400.json");
    let good = bad.replace("\"status\": 400", "\"status\": 404");
    repository.write("openapi/recorded/errors/createForm-404.json", &good);
    let expected = [
        "error[exchange-undeclared-status]",
        "error[request-missing-property]",
    ];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn a_link_to_another_host_than_the_others_is_an_error() {
    let place = "\"/v2/forms/5656f3ca42fc302027eba5c6\"";
    let far = "\"https://evil.example.com/v2/forms/5656f3ca42fc302027eba5c6\"";
    check_edit("createForm", place, far, "exchange-contradiction");
    let (host, other) = ("https://api.web1on1.chat", "https://evil.example.com");
    check_edit("listForms", host, other, "exchange-contradiction");
}

#[test]
fn a_reply_that_lacks_what_was_sent_is_an_error() {
    let repository = Repository::copy();
    let text = repository.read("openapi/recorded/createBot.json");
    let (request, response) = text.split_once("\"response\"").expect("it has a response");
    let shown = "      \"description\": \"This is the test bot\",\n";
    let lacking = response.replace(shown, "");
    assert_ne!(lacking, response, "the reply has the description");
    let text = format!("{request}\"response\"{lacking}");
    repository.write("openapi/recorded/createBot.json", &text);
    let expected = ["error[exchange-contradiction]", "lacks `description`"];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn a_list_of_what_was_not_asked_for_is_an_error() {
    let (asked, owners) = ("\"limit\": \"1\"", "\"limit\": \"1\", \"role\": \"owner\"");
    check_edit("listUsers", asked, owners, "exchange-contradiction");
}

#[test]
fn a_detail_of_no_known_type_is_an_error() {
    let (known, other) = ("google.rpc.ErrorInfo", "google.rpc.Foo");
    check_edit("errors/getBot-404", known, other, "exchange-error");
}

#[test]
fn a_member_that_is_there_twice_is_an_error() {
    let (once, twice) = ("\"id\": ", "\"id\": \"1\", \"id\": ");
    check_edit("getForm", once, twice, "exchange-malformed");
}

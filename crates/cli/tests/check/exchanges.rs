//! What `check` says of the recorded exchanges.

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

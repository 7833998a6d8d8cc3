//! Mistakes in the recorded exchanges of the contract: each is an error that names the
//! exchange and the place.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use conformance::exchanges::judge;
use conformance::report::Level;
use conformance::verify::Against;
use serde_json::{Value, json};

const ERROR: &str = "/response/body/error";
const OTHER_ID: &str = "57c8479433f5d57d3013a0bd";

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/recorded")
}

/// Copies one exchange to a directory of its own, changed.
#[track_caller]
fn errors(name: &str, change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
    let directory = tempfile::tempdir().expect("a directory");
    let text = fs::read_to_string(recorded().join(name)).expect("the exchange is there");
    let mut exchange: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut exchange);
    let file = Path::new(name).file_name().expect("a file");
    fs::write(directory.path().join(file), exchange.to_string()).expect("a file");
    let found = judge(directory.path(), &Against::Contract, &BTreeMap::new());
    let found = found.expect("the directory can be read").into_iter();
    // The other exchanges are not there, and the reference shows passwords.
    let known = ["exchange-missing", "response-write-only-property"];
    let found = found
        .filter(|finding| finding.level == Level::Error && !known.contains(&finding.id.as_str()));
    let found = found.map(|finding| {
        let place = finding.revision.expect("a finding has a place");
        assert!(
            place.source.ends_with(&*file.to_string_lossy()),
            "{}",
            place.source
        );
        (finding.id, place.pointer)
    });
    found.collect()
}

/// Sets a value, or removes it.
#[track_caller]
fn set(exchange: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = exchange.pointer_mut(parent).expect("the place is there");
    match (parent, value) {
        (Value::Object(members), Some(value)) => drop(members.insert(key.to_owned(), value)),
        (Value::Object(members), None) => drop(members.remove(key).expect("it is there")),
        (Value::Array(items), value) => {
            let index: usize = key.parse().expect("an index");
            match value {
                Some(value) => items[index] = value,
                None => drop(items.remove(index)),
            }
        }
        _ => panic!("nothing is at {pointer}"),
    }
}

/// Checks that a changed value is an error with an id, at a place.
#[track_caller]
fn check(name: &str, pointer: &str, value: impl Into<Option<Value>>, id: &str, place: &str) {
    let found = errors(name, |exchange| set(exchange, pointer, value.into()));
    let expected = (id.to_owned(), place.to_owned());
    assert!(
        found.contains(&expected),
        "{name} with another {pointer}: {found:?}"
    );
}

/// The same of a value of an error, which stands where the mistake is.
#[track_caller]
fn check_error(name: &str, below: &str, value: impl Into<Option<Value>>) {
    check_error_at(name, below, value, below);
}

#[track_caller]
fn check_error_at(name: &str, below: &str, value: impl Into<Option<Value>>, place: &str) {
    let name = format!("errors/{name}.json");
    let (pointer, place) = (format!("{ERROR}{below}"), format!("{ERROR}{place}"));
    check(&name, &pointer, value, "exchange-error", &place);
}

const GONE: Option<Value> = None;

#[test]
fn every_exchange_as_it_stands_is_true() {
    let found = judge(&recorded(), &Against::Contract, &BTreeMap::new());
    let found = found.expect("the directory can be read");
    let wrong: Vec<_> = found
        .iter()
        .filter(|finding| finding.id.starts_with("exchange-") && finding.id != "exchange-missing")
        .map(|finding| &finding.message)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reason_of_an_error_is_one_of_its_status() {
    let reason = "/details/0/reason";
    check_error("getUser-404", reason, json!("USER_ABSENT"));
    check_error("createUser-403", reason, json!("NOT_FOUND"));
    check_error("createUser-409", reason, json!("LAST_OWNER"));
    check_error_at("getUser-404", "/details", GONE, "");
    check_error_at("getUser-404", "/details/0", GONE, "/details");
}

#[test]
fn an_error_has_the_details_that_its_status_declares() {
    check_error_at("createUser-400", "/details/1", GONE, "/details");
    check_error_at("getUser-404", "/details/1", GONE, "/details");
}

#[test]
fn the_details_of_an_error_are_whole() {
    let at = "/details/1";
    let violations = "/details/1/fieldViolations";
    check_error_at("createUser-400", violations, json!([]), at);
    let description = "/details/1/fieldViolations/0/description";
    let violation = "/details/1/fieldViolations/0";
    check_error_at("createUser-400", description, json!(""), violation);
    check_error_at("getUser-404", "/details/0/domain", GONE, "/details/0");
    check_error("getUser-404", "/details/0/domain", json!("example.com"));
    check_error("getUser-404", "/details/0/reson", json!("NOT_FOUND"));
    let kind = "/details/0/@type";
    check_error(
        "getUser-404",
        kind,
        json!("type.googleapis.com/google.rpc.ErorInfo"),
    );
    let kind = "/details/1/@type";
    check_error(
        "getUser-404",
        kind,
        json!("type.googleapis.com/google.rpc.ErrorInfo"),
    );
}

#[test]
fn a_violation_is_of_what_a_request_can_have() {
    let field = "/details/1/fieldViolations/0/field";
    check_error("listUsers-400", field, json!("limt"));
}

#[test]
fn code_status_and_message_of_an_error_fit_its_reply() {
    check_error("getUser-404", "/code", json!(403));
    check_error("getUser-404", "/status", json!("PERMISSION_DENIED"));
    check_error("createUser-415", "/status", json!("NOT_FOUND"));
    check_error("getUser-404", "/message", json!(""));
    check_error("getUser-404", "/details/1/requestId", json!("other"));
}

#[test]
fn a_401_is_of_a_request_without_a_token() {
    let id = "exchange-with-token";
    let (name, token) = ("errors/getUser-401.json", "/authenticated");
    check(name, token, json!(true), id, token);
    let reason = "/response/body/error/details/0/reason";
    check(name, reason, json!("TOKEN_EXPIRED"), id, reason);
    let both = errors(name, |exchange| {
        set(exchange, token, Some(json!(true)));
        set(exchange, reason, Some(json!("TOKEN_EXPIRED")));
    });
    assert!(
        both.is_empty(),
        "a token that has expired is refused: {both:?}"
    );
}

#[test]
fn a_challenge_is_for_what_the_document_declares() {
    let header = "/response/headers/WWW-Authenticate";
    let id = "exchange-contradiction";
    check(
        "errors/getUser-401.json",
        header,
        json!("Basic"),
        id,
        header,
    );
}

#[test]
fn a_location_leads_to_what_was_created() {
    let header = "/response/headers/Location";
    for location in [
        format!("/v2/users/{OTHER_ID}"),
        "/v2/bots/57c8479433f5d57d3013a0bc".to_owned(),
    ] {
        let id = "exchange-contradiction";
        check("createUser.json", header, json!(location), id, header);
    }
}

#[test]
fn a_header_is_there_once() {
    let header = "/response/headers/x-request-id";
    let id = "exchange-contradiction";
    check("getUser.json", header, json!("another"), id, header);
}

#[test]
fn a_reply_is_of_what_the_path_names() {
    for name in ["getUser.json", "updateUser.json"] {
        let found = errors(name, |exchange| {
            set(exchange, "/path", Some(json!(format!("/users/{OTHER_ID}"))));
            set(exchange, "/pathParameters/user_id", Some(json!(OTHER_ID)));
        });
        let pointer = "/pathParameters/user_id";
        let expected = ("exchange-contradiction".to_owned(), pointer.to_owned());
        assert_eq!(found, [expected], "{name}");
    }
}

#[test]
fn a_reply_shows_what_was_sent() {
    let id = "exchange-contradiction";
    let place = "/response/body/familyName";
    let sent = "/request/body/familyName";
    check("createUser.json", sent, json!("Jansen"), id, place);
    check("updateUser.json", place, json!("Jansen"), id, place);
}

#[test]
fn a_thing_is_created_before_it_is_changed() {
    let id = "exchange-contradiction";
    let place = "/response/body/updatedAt";
    check(
        "getUser.json",
        place,
        json!("2001-01-01T00:00:00Z"),
        id,
        place,
    );
}

#[test]
fn a_list_has_each_thing_once() {
    let found = errors("listBots.json", |exchange| {
        let list = exchange["response"]["body"].as_array_mut().expect("a list");
        list.push(list[0].clone());
        exchange["query"] = json!({});
        exchange["response"]["headers"]
            .as_object_mut()
            .expect("headers")
            .remove("Link");
    });
    let id = "exchange-contradiction";
    assert!(found.iter().any(|(found, _)| found == id), "{found:?}");
}

#[test]
fn a_picture_is_of_its_type() {
    let id = "exchange-contradiction";
    let content_type = "/request/part/contentType";
    let name = "uploadUserAvatar.json";
    check(name, content_type, json!("image/gif"), id, "/request/part");
}

#[test]
fn what_is_unsupported_was_sent() {
    let id = "exchange-request-body";
    check("errors/createUser-415.json", "/request", GONE, id, "");
}

#[test]
fn values_keep_their_schemas() {
    let body = |name: &str| format!("/request/body/{name}");
    let name = "createUser.json";
    let wrong = [
        ("familyName", json!(3), "request-wrong-type"),
        ("nickname", json!("x"), "request-undeclared-property"),
        ("role", json!("king"), "request-unknown-enum-value"),
    ];
    for (property, value, id) in wrong {
        check(name, &body(property), value, id, &body(property));
    }
    check(
        name,
        &body("email"),
        GONE,
        "request-missing-property",
        "/request/body/email",
    );
    let id = "request-unknown-enum-value";
    check(
        "errors/createUser-409.json",
        &body("role"),
        json!("king"),
        id,
        "/request/body/role",
    );
}

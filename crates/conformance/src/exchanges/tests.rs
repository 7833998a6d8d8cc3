use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::{check, is_numbered};
use crate::verify::{Against, ApiDocument};

fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://shop.example.com/v1/"}],
        "security": [{"bearer": []}],
        "paths": {
            "/shoes": {
                "post": {
                    "operationId": "createShoe",
                    "requestBody": {
                        "required": true,
                        "content": {"application/json; charset=utf-8": {}}
                    },
                    "responses": {
                        "201": {"headers": {
                            "Location": {"required": true},
                            "Link": {},
                            "Content-Type": {}
                        }, "content": {"application/json": {}}},
                        "415": {"$ref": "#/components/responses/Error"},
                        "429": {"$ref": "#/components/responses/Error"},
                        "default": {"$ref": "#/components/responses/Error"}
                    }
                }
            },
            "/shoes/{id}/picture": {
                "put": {
                    "operationId": "putPicture",
                    "requestBody": {"content": {"multipart/form-data": {
                        "schema": {"properties": {"file": {}}},
                        "encoding": {"file": {"contentType": "image/png, image/gif"}}
                    }}},
                    "responses": {"204": {}}
                }
            },
            "/shoes/{id}": {
                "get": {"operationId": "getShoe", "responses": {}},
                "delete": {
                    "operationId": "deleteShoe",
                    "responses": {
                        "204": {},
                        "401": {"$ref": "#/components/responses/Error"}
                    }
                }
            }
        },
        "components": {"responses": {"Error": {"content": {"application/json": {}}}}}
    })
}

/// Exchanges that are whole and true, by the names of their files.
fn exchanges() -> BTreeMap<&'static str, Value> {
    let of = |operation: &str, status: u16| {
        json!({
            "operation": operation,
            "method": if operation == "createShoe" { "POST" } else { "DELETE" },
            "pathTemplate": if operation == "createShoe" { "/shoes" } else { "/shoes/{id}" },
            "path": if operation == "createShoe" { "/shoes" } else { "/shoes/a%20b" },
            "pathParameters": if operation == "createShoe" { json!({}) } else { json!({"id": "a b"}) },
            "authenticated": status != 401,
            "response": {
                "status": status,
                "contentType": "application/json",
                "body": {"error": "no"}
            }
        })
    };
    let mut created = of("createShoe", 201);
    created["request"] = json!({"contentType": "application/json", "body": {"size": 42}});
    created["response"]["headers"] = json!({
        "location": "/v1/shoes/1",
        "Link": "</v1/shoes/2?a=b>; rel=\"next\"",
    });
    let mut unsupported = of("createShoe", 415);
    unsupported["request"] = json!({"contentType": "text/plain"});
    let mut deleted = of("deleteShoe", 204);
    deleted["response"] = json!({"status": 204});
    let picture = json!({
        "operation": "putPicture",
        "method": "PUT",
        "pathTemplate": "/shoes/{id}/picture",
        "path": "/shoes/1/picture",
        "pathParameters": {"id": "1"},
        "authenticated": true,
        "request": {"contentType": "multipart/form-data", "part": {
            "name": "file",
            "filename": "a.gif",
            "contentType": "image/gif",
            "contentTransferEncoding": "base64",
            "body": "R0lGODlh"
        }},
        "response": {"status": 204}
    });
    BTreeMap::from([
        ("putPicture.json", picture),
        ("createShoe.json", created),
        ("createShoe-415.json", unsupported),
        ("deleteShoe.json", deleted),
        ("deleteShoe-401.json", of("deleteShoe", 401)),
    ])
}

/// Checks what is found once something has happened to the exchanges.
#[track_caller]
fn check_after(change: impl FnOnce(&mut BTreeMap<&'static str, Value>), expected: &[&str]) {
    let mut all = exchanges();
    change(&mut all);
    let directory = tempfile::tempdir().expect("a directory");
    for (name, exchange) in &all {
        let text = match exchange {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        fs::write(directory.path().join(name), text).expect("a file");
    }
    let unreachable = BTreeMap::from([("createShoe 429".to_owned(), "It is rare.".to_owned())]);
    let document = document().to_string();
    let against = Against::Document {
        document: ApiDocument::parse("shop.json", &document).expect("a document"),
        strict_parameters: false,
    };
    let found = check(directory.path(), &against, &unreachable).expect("it can be read");
    let found: Vec<_> = found.iter().map(|finding| &*finding.id).collect();
    assert_eq!(found, expected);
}

/// The same after one value of one exchange was changed.
#[track_caller]
fn check_with(name: &str, pointer: &str, value: Value, expected: &[&str]) {
    let change = |all: &mut BTreeMap<&'static str, Value>| {
        let exchange = all.get_mut(name).expect("it is there");
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        exchange.pointer_mut(parent).expect("a place")[key] = value;
    };
    check_after(change, expected);
}

#[test]
fn what_is_whole_and_true_is_in_order() {
    check_after(|_| {}, &[]);
}

#[test]
fn one_that_is_deleted_is_missing() {
    for name in [
        "createShoe.json",
        "createShoe-415.json",
        "deleteShoe-401.json",
    ] {
        check_after(
            |all| {
                all.remove(name);
            },
            &["exchange-missing"],
        );
    }
}

#[test]
fn one_that_is_renamed_is_misnamed_and_missing() {
    check_after(
        |all| {
            let renamed = all.remove("deleteShoe.json").expect("it is there");
            all.insert("removeShoe.json", renamed);
        },
        &["exchange-misnamed", "exchange-missing"],
    );
}

#[test]
fn one_that_is_emptied_is_an_error() {
    let emptied = |text: &'static str| {
        move |all: &mut BTreeMap<&'static str, Value>| {
            all.insert("deleteShoe.json", text.into());
        }
    };
    check_after(emptied(""), &["exchange-malformed", "exchange-missing"]);
    check_after(emptied("{}"), &["exchange-malformed", "exchange-missing"]);
    for nothing in [json!({}), json!([]), json!("")] {
        let body = "/response/body";
        check_with(
            "createShoe.json",
            body,
            nothing.clone(),
            &["exchange-emptied"],
        );
        let body = "/request/body";
        check_with("createShoe.json", body, nothing, &["exchange-emptied"]);
    }
}

#[test]
fn one_of_another_request_is_an_error() {
    let name = "deleteShoe.json";
    check_with(name, "/method", "GET".into(), &["exchange-other-method"]);
    check_with(name, "/path", "/shoes/c".into(), &["exchange-other-path"]);
    check_with(
        name,
        "/pathTemplate",
        "/boots/{id}".into(),
        &["exchange-other-template", "exchange-other-path"],
    );
    let parameters = json!({"id": "a b", "size": "1"});
    check_with(
        name,
        "/pathParameters",
        parameters,
        &["exchange-other-path"],
    );
    check_with(
        name,
        "/operation",
        "wearShoe".into(),
        &["exchange-unknown-operation", "exchange-missing"],
    );
}

#[test]
fn a_token_is_there_where_one_is_needed() {
    let expected = &["exchange-without-token"];
    check_with("deleteShoe.json", "/authenticated", false.into(), expected);
}

#[test]
fn a_body_is_as_the_operation_has_it() {
    let request = json!({"contentType": "application/json", "body": {}});
    check_with(
        "deleteShoe.json",
        "/request",
        request,
        &["exchange-request-body"],
    );
    check_with(
        "createShoe.json",
        "/request",
        Value::Null,
        &["exchange-request-body"],
    );
    let content_type = "/request/contentType";
    let expected = &["exchange-content-type"];
    check_with(
        "createShoe.json",
        content_type,
        "text/plain".into(),
        expected,
    );
    check_with(
        "createShoe-415.json",
        content_type,
        "application/json".into(),
        expected,
    );
    let expected = &["exchange-response-body"];
    check_with(
        "deleteShoe.json",
        "/response/body",
        json!({"a": 1}),
        expected,
    );
    check_with("createShoe.json", "/response/body", Value::Null, expected);
}

#[test]
fn headers_are_as_the_operation_has_them() {
    let expected = &["exchange-headers"];
    let headers = "/response/headers";
    let link = json!({"Link": "</v1/shoes/2>; rel=\"next\""});
    check_with("createShoe.json", headers, link, expected);
    let more = json!({"Location": "/v1/shoes/1"});
    check_with("deleteShoe.json", headers, more, expected);
}

#[test]
fn a_header_that_need_not_be_there_is_in_one_of_the_exchanges() {
    let location = json!({"Location": "/v1/shoes/1"});
    let expected = &["exchange-headers"];
    check_with(
        "createShoe.json",
        "/response/headers",
        location.clone(),
        expected,
    );
    let change = |all: &mut BTreeMap<&'static str, Value>| {
        let mut other = all["createShoe.json"].clone();
        other["response"]["headers"] = location;
        all.insert("createShoe-2.json", other);
    };
    check_after(change, &[]);
}

#[test]
fn a_header_that_refers_leads_somewhere() {
    let expected = &["exchange-headers"];
    for location in ["/v1/boots/1", "/v1/shoes/", "/shoes/1"] {
        let pointer = "/response/headers/location";
        check_with("createShoe.json", pointer, location.into(), expected);
    }
    for link in ["/v1/shoes/1", "</v1/boots/1>; rel=\"next\""] {
        check_with(
            "createShoe.json",
            "/response/headers/Link",
            link.into(),
            expected,
        );
    }
}

#[test]
fn a_location_is_on_a_host_of_the_api() {
    let pointer = "/response/headers/location";
    let known = "https://shop.example.com/v1/shoes/1";
    check_with("createShoe.json", pointer, known.into(), &[]);
    let elsewhere = "https://boots.example.com/v1/shoes/1";
    let expected = &["exchange-contradiction"];
    check_with("createShoe.json", pointer, elsewhere.into(), expected);
}

#[test]
fn a_header_is_not_empty() {
    let pointer = "/response/headers/Link";
    check_with("createShoe.json", pointer, "".into(), &["exchange-emptied"]);
}

#[test]
fn a_reply_has_a_content_type_where_it_has_a_body() {
    let pointer = "/response/contentType";
    let expected = &["exchange-content-type"];
    check_with("createShoe.json", pointer, Value::Null, expected);
    check_with("deleteShoe.json", pointer, "text/plain".into(), expected);
}

#[test]
fn a_part_is_as_the_operation_has_it() {
    let name = "putPicture.json";
    let part = |of: &str| format!("/request/part/{of}");
    check_with(
        name,
        &part("name"),
        "photo".into(),
        &["exchange-request-body"],
    );
    check_with(
        name,
        &part("body"),
        "no base64".into(),
        &["exchange-request-body"],
    );
    let is_no_picture = part("body");
    check_with(
        name,
        &is_no_picture,
        "AAAA".into(),
        &["exchange-contradiction"],
    );
    let encoding = part("contentTransferEncoding");
    check_with(name, &encoding, "binary".into(), &["exchange-request-body"]);
    let content_type = part("contentType");
    check_with(
        name,
        &content_type,
        "text/plain".into(),
        &["exchange-content-type"],
    );
}

#[test]
fn a_status_that_is_not_declared_is_an_error() {
    check_after(
        |all| {
            let mut exchange = all["deleteShoe.json"].clone();
            exchange["response"]["status"] = 404.into();
            all.insert("deleteShoe-404.json", exchange);
        },
        &["exchange-undeclared-status"],
    );
}

#[test]
fn more_than_one_of_a_kind_are_numbered() {
    assert!(is_numbered("getShoe", "getShoe"));
    assert!(is_numbered("getShoe-2", "getShoe"));
    assert!(is_numbered("getShoe-404-2", "getShoe-404"));
    assert!(!is_numbered("getShoe-404", "getShoe"));
    assert!(!is_numbered("getShoes", "getShoe"));
    assert!(!is_numbered("getShoe-1", "getShoe"));
}

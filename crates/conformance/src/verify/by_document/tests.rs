//! Captured traffic of an API that nobody here knows.

use serde_json::{Value, json};

use crate::report::{Direction, Level, Report};
use crate::verify::{Against, ApiDocument, har, recorded};

const SHOP: &str = r##"
openapi: 3.0.3
info: {title: Shoes, version: 1.0.0}
servers:
  - url: https://shop.example.com/api
paths:
  /shoes:
    get:
      operationId: listShoes
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 10}}
        - {name: size, in: query, schema: {type: array, items: {type: integer}}}
        - name: colours
          in: query
          explode: false
          schema: {type: array, items: {$ref: "#/components/schemas/Colour"}}
        - name: price
          in: query
          style: deepObject
          schema: {type: object, properties: {min: {type: integer}, max: {type: integer}}}
        - {name: X-Shop, in: header, required: true, schema: {type: string, enum: [a, b]}}
      responses:
        "200":
          description: Shoes.
          headers:
            X-Total: {required: true, schema: {type: integer}}
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Shoe"}}
    post:
      operationId: createShoe
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Shoe"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Shoe"}}
      responses:
        "201":
          description: The shoe.
          content:
            application/json: {schema: {$ref: "#/components/schemas/Shoe"}}
        4XX: {$ref: "#/components/responses/Error"}
  /shoes/new:
    get:
      operationId: listNewShoes
      responses:
        "200": {description: How many., content: {text/plain: {schema: {type: string}}}}
  /shoes/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
    get:
      operationId: getShoe
      responses:
        "200":
          description: The shoe.
          content:
            application/json: {schema: {$ref: "#/components/schemas/Shoe"}}
        default: {$ref: "#/components/responses/Error"}
    delete:
      operationId: deleteShoe
      responses:
        "204": {description: It is gone.}
  /shoes/{id}/picture:
    put:
      operationId: putPicture
      requestBody:
        content:
          multipart/form-data:
            schema: {type: object, required: [file], properties: {file: {type: string}}}
            encoding: {file: {contentType: "image/png, image/gif"}}
      responses:
        "204": {description: It is there.}
components:
  responses:
    Error:
      description: What is wrong.
      content:
        application/problem+json:
          schema:
            type: object
            additionalProperties: false
            required: [title]
            properties: {title: {type: string}}
  schemas:
    Colour: {type: string, enum: [red, blue]}
    Shoe:
      type: object
      required: [id, colour, code]
      properties:
        id: {type: integer, readOnly: true}
        colour: {$ref: "#/components/schemas/Colour"}
        code: {type: string, writeOnly: true}
        name: {type: string, nullable: true}
        lace:
          type: object
          additionalProperties: false
          properties: {length: {type: number, minimum: 0}}
"##;

const HOST: &str = "https://shop.example.com/api";

/// An entry of a HAR file that breaks nothing: the reading of a shoe.
fn read_shoe() -> Value {
    json!({
        "request": {"method": "GET", "url": format!("{HOST}/shoes/7"), "bodySize": 0},
        "response": reply(200, &json!({"id": 7, "colour": "red"}))
    })
}

/// A reply with a JSON body.
fn reply(status: u16, body: &Value) -> Value {
    let kind = if status < 400 { "json" } else { "problem+json" };
    let content_type = format!("application/{kind}; charset=utf-8");
    json!({
        "status": status,
        "headers": [
            {"name": "Content-Type", "value": content_type},
            {"name": "X-Total", "value": "1"}
        ],
        "content": {"size": 1, "text": body.to_string()}
    })
}

fn list_shoes(query: &str) -> Value {
    let headers = json!([{"name": "X-Shop", "value": "a"}]);
    let url = format!("{HOST}/shoes{query}");
    json!({
        "request": {"method": "GET", "url": url, "headers": headers},
        "response": reply(200, &json!([{"id": 7, "colour": "red"}]))
    })
}

/// The creation of a shoe with a body of a content type.
fn create_shoe(content_type: &str, text: &str) -> Value {
    let headers = json!([{"name": "Content-Type", "value": content_type}]);
    json!({
        "request": {
            "method": "POST", "url": format!("{HOST}/shoes"), "headers": headers,
            "postData": {"mimeType": content_type, "text": text}
        },
        "response": reply(201, &json!({"id": 7, "colour": "red"}))
    })
}

fn verified(document: &str, entries: &[Value]) -> Report {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("shop.har");
    let text = json!({"log": {"entries": entries}}).to_string();
    std::fs::write(&path, text).expect("a file");
    let against = Against::Document {
        document: ApiDocument::parse("shop.yaml", document).expect("a document"),
        strict_parameters: false,
    };
    har(&path, &against).expect("a HAR file")
}

/// The level and the id of each finding, and where in the value it is.
fn lines(report: &Report) -> Vec<String> {
    let findings = report.findings.iter().map(|finding| {
        let level = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
        };
        let place = finding.revision.as_ref().map_or("", |place| &place.pointer);
        format!("{level} {} {place}", finding.id)
            .trim_end()
            .to_owned()
    });
    findings.collect()
}

/// Checks what is found in one entry.
#[track_caller]
fn check(entry: &Value, expected: &[&str]) {
    let report = verified(SHOP, std::slice::from_ref(entry));
    assert_eq!(lines(&report), expected, "{:#?}", report.findings);
}

/// Checks what is found in the entry that breaks nothing, once it has this reply.
#[track_caller]
fn check_reply(status: u16, body: &Value, expected: &[&str]) {
    let mut entry = read_shoe();
    entry["response"] = reply(status, body);
    check(&entry, expected);
}

#[test]
fn traffic_that_keeps_the_document_breaks_nothing() {
    check(&read_shoe(), &[]);
    check(&list_shoes(""), &[]);
    let body = json!({"colour": "red", "code": "c", "name": null, "lace": {"length": 1.5}});
    check(&create_shoe("application/json", &body.to_string()), &[]);
}

#[test]
fn values_of_a_reply_keep_their_schemas() {
    check_reply(
        200,
        &json!({"id": "7", "colour": "red"}),
        &["error response-wrong-type /id"],
    );
    check_reply(
        200,
        &json!({"id": 7}),
        &["error response-missing-property /colour"],
    );
    let green = json!({"id": 7, "colour": "green"});
    check_reply(200, &green, &["error response-unknown-enum-value /colour"]);
    let short = json!({"id": 7, "colour": "red", "lace": {"length": -1}});
    check_reply(200, &short, &["error response-invalid-value /lace/length"]);
}

#[test]
fn what_is_write_only_is_in_no_reply() {
    let shoe = json!({"id": 7, "colour": "red", "code": "c"});
    check_reply(200, &shoe, &["error response-write-only-property /code"]);
}

#[test]
fn what_is_not_declared_is_an_error_where_the_schema_is_closed() {
    let shoe = json!({"id": 7, "colour": "red", "lace": {"tip": 1}});
    check_reply(
        200,
        &shoe,
        &["error response-undeclared-property /lace/tip"],
    );
    let shoe = json!({"id": 7, "colour": "red", "heel": 1});
    check_reply(200, &shoe, &["warning response-undeclared-property /heel"]);
}

#[test]
fn errors_are_as_declared_by_themselves_or_by_default() {
    check_reply(404, &json!({"title": "no"}), &[]);
    check_reply(
        503,
        &json!({"title": 1}),
        &["error response-wrong-type /title"],
    );
    let mut entry = create_shoe("application/json", r#"{"colour": "red", "code": "c"}"#);
    entry["response"] = reply(409, &json!({}));
    check(&entry, &["error response-missing-property /title"]);
}

#[test]
fn a_status_that_is_not_declared_is_told() {
    let mut entry = list_shoes("");
    entry["response"] = reply(202, &json!([]));
    check(&entry, &["error response-undocumented-status"]);
    entry["response"] = reply(500, &json!({}));
    check(&entry, &["warning response-undocumented-status"]);
}

#[test]
fn a_reply_has_its_content_type_and_its_form() {
    let mut entry = read_shoe();
    entry["response"]["headers"] = json!([{"name": "Content-Type", "value": "text/html"}]);
    entry["response"]["content"]["text"] = "<p>".into();
    let expected = [
        "error response-wrong-content-type",
        "error response-body-not-json",
    ];
    check(&entry, &expected);
    let mut entry = read_shoe();
    entry["request"]["url"] = format!("{HOST}/shoes/new").into();
    entry["response"]["headers"] = json!([{"name": "Content-Type", "value": "text/plain"}]);
    check(&entry, &[]);
}

#[test]
fn a_body_where_none_is_declared_is_an_error() {
    let mut entry = read_shoe();
    entry["request"]["method"] = "DELETE".into();
    entry["response"] = reply(204, &json!({}));
    check(&entry, &["error response-unexpected-body"]);
    entry["response"] = json!({"status": 204});
    check(&entry, &[]);
    entry["request"]["postData"] = json!({"mimeType": "application/json", "text": "{}"});
    check(&entry, &["error request-unexpected-body"]);
}

#[test]
fn declared_headers_are_there_and_keep_their_schemas() {
    let mut entry = list_shoes("");
    entry["response"]["headers"][1]["value"] = "many".into();
    check(&entry, &["error response-wrong-header"]);
    entry["response"]["headers"][1]["name"] = "X-Other".into();
    check(&entry, &["error response-missing-header"]);
    let mut entry = list_shoes("");
    entry["request"]["headers"][0]["value"] = "c".into();
    check(&entry, &["error request-unknown-enum-value /X-Shop"]);
    entry["request"]["headers"] = json!([]);
    check(&entry, &["error request-missing-property"]);
}

#[test]
fn parameters_are_read_in_the_style_that_they_have() {
    let good = "?limit=10&size=41&size=42&colours=red,blue&price%5Bmin%5D=1&price%5Bmax%5D=2";
    check(&list_shoes(good), &[]);
    check(
        &list_shoes("?limit=11"),
        &["error request-invalid-value /limit"],
    );
    check(
        &list_shoes("?size=41&size=big"),
        &["error request-wrong-type /size/1"],
    );
    let green = ["error request-unknown-enum-value /colours/1"];
    check(&list_shoes("?colours=red,green"), &green);
    check(
        &list_shoes("?price[min]=low"),
        &["error request-wrong-type /price/min"],
    );
    let twice = ["error request-repeated-parameter"];
    check(&list_shoes("?limit=1&limit=2"), &twice);
    let undeclared = ["warning request-undeclared-parameter"];
    check(&list_shoes("?page=1"), &undeclared);
    let mut entry = read_shoe();
    entry["request"]["url"] = format!("{HOST}/shoes/seven").into();
    check(&entry, &["error request-wrong-type /id"]);
}

#[test]
fn a_request_has_the_body_that_is_declared() {
    let json = "application/json";
    check(&create_shoe(json, "{"), &["error request-body-not-json"]);
    let coded = r#"{"code": "c"}"#;
    check(
        &create_shoe(json, coded),
        &["error request-missing-property /colour"],
    );
    let form = "application/x-www-form-urlencoded";
    check(&create_shoe(form, "colour=red&code=7"), &[]);
    let green = ["error request-unknown-enum-value /colour"];
    check(&create_shoe(form, "colour=green&code=7"), &green);
    let wrong = ["error request-wrong-content-type"];
    check(&create_shoe("text/plain", "red"), &wrong);
    let mut entry = create_shoe(json, "");
    entry["request"]["postData"] = Value::Null;
    check(&entry, &[]);
    entry["request"]["bodySize"] = 0.into();
    check(&entry, &["error request-missing-body"]);
}

#[test]
fn an_upload_has_the_parts_that_are_declared() {
    let upload = |name: &str, content_type: &str| {
        let param = json!({"name": name, "contentType": content_type});
        json!({
            "request": {
                "method": "PUT", "url": format!("{HOST}/shoes/7/picture"),
                "postData": {"mimeType": "multipart/form-data; boundary=b", "params": [param]}
            },
            "response": {"status": 204}
        })
    };
    let wrong = ["error request-invalid-upload"];
    check(&upload("file", "image/gif"), &[]);
    check(&upload("picture", "image/gif"), &wrong);
    check(&upload("file", "text/html"), &wrong);
}

#[test]
fn what_a_browser_asks_of_others_is_passed_over() {
    let at = |url: &str| {
        let mut entry = read_shoe();
        entry["request"]["url"] = url.into();
        entry
    };
    let local = at("http://127.0.0.1:8000/api/shoes/seven");
    check(&local, &["error request-wrong-type /id"]);
    let nothing = [
        "info traffic-unmatched /log/entries/0",
        "error nothing-verified",
    ];
    check(&at("http://127.0.0.1:8000/shoes/7"), &nothing);
    // Once the server itself was asked, only that is meant.
    let report = verified(SHOP, &[read_shoe(), local]);
    assert_eq!(lines(&report), ["info traffic-unmatched /log/entries/1"]);
}

#[test]
fn a_finding_tells_where_the_document_and_the_traffic_have_it() {
    let mut entry = read_shoe();
    entry["response"] = reply(200, &json!({"id": 7, "colour": 1}));
    let report = verified(SHOP, &[entry]);
    let [finding] = &report.findings[..] else {
        panic!("{:#?}", report.findings);
    };
    assert_eq!(finding.operation.as_deref(), Some("GET /shoes/{id}"));
    let base = finding.base.as_ref().expect("a place in the document");
    assert_eq!(base.source, "shop.yaml");
    assert_eq!(base.pointer, "/components/schemas/Colour/type");
    let revision = finding.revision.as_ref().expect("a place in the traffic");
    assert!(revision.source.ends_with("shop.har#/log/entries/0"));
}

#[test]
fn coverage_is_that_of_the_document() {
    let report = verified(SHOP, &[read_shoe()]);
    let coverage = report.coverage.expect("a coverage");
    assert_eq!(coverage.operations.seen, ["GET /shoes/{id}"]);
    assert_eq!(coverage.operations.unseen.len(), 5);
    assert_eq!(coverage.statuses.seen, ["GET /shoes/{id} 200"]);
    assert_eq!(coverage.properties.seen, ["Shoe.colour", "Shoe.id"]);
    assert_eq!(coverage.enum_values.seen, ["Colour=red"]);
}

#[test]
fn a_schema_that_nothing_can_be_made_of_is_told_once() {
    let mut document: Value = yaml_serde::from_str(SHOP).expect("YAML");
    document["components"]["schemas"]["Shoe"]["properties"]["name"]["pattern"] = "[".into();
    let report = verified(&document.to_string(), &[read_shoe(), read_shoe()]);
    assert_eq!(lines(&report), ["warning schema-not-understood"]);
}

#[test]
fn operations_of_any_method_are_judged() {
    let mut document: Value = yaml_serde::from_str(SHOP).expect("YAML");
    document["openapi"] = "3.2.0".into();
    let read = document["paths"]["/shoes/{id}"]["get"].clone();
    let item = &mut document["paths"]["/shoes/{id}"];
    item["head"] = read.clone();
    item["additionalOperations"] = json!({ "COPY": read });
    let check = |method: &str, body: &Value, expected: &[&str]| {
        let mut entry = read_shoe();
        entry["request"]["method"] = method.into();
        entry["response"] = reply(200, body);
        let report = verified(&document.to_string(), &[entry]);
        assert_eq!(lines(&report), expected, "{method}");
    };
    let wrong = json!({"id": "7", "colour": "red"});
    check("COPY", &wrong, &["error response-wrong-type /id"]);
    // It has no body, whatever a capture makes of it.
    check("HEAD", &wrong, &[]);
}

#[test]
fn newer_documents_in_json_are_read_too() {
    let mut document: Value = yaml_serde::from_str(SHOP).expect("YAML");
    document["openapi"] = "3.1.0".into();
    document["components"]["schemas"]["Shoe"]["properties"]["name"] =
        json!({"type": ["string", "null"]});
    let body = json!({"colour": "red", "code": "c", "name": null});
    let entry = create_shoe("application/json", &body.to_string());
    let report = verified(&document.to_string(), &[entry]);
    assert_eq!(lines(&report), Vec::<String>::new());
}

#[test]
fn recorded_exchanges_are_judged_alike() {
    let directory = tempfile::tempdir().expect("a directory");
    let exchange = |operation: &str| {
        json!({
            "operation": operation, "method": "GET", "pathTemplate": "/shoes/{id}",
            "path": "/shoes/7", "pathParameters": {"id": "7"}, "authenticated": false,
            "response": {"status": 200, "body": {"id": 7, "colour": "green"}}
        })
    };
    for operation in ["getShoe", "getBoot"] {
        let path = directory.path().join(format!("{operation}.json"));
        std::fs::write(path, exchange(operation).to_string()).expect("a file");
    }
    let against = Against::Document {
        document: ApiDocument::parse("shop.yaml", SHOP).expect("a document"),
        strict_parameters: false,
    };
    let report = recorded(directory.path(), &against).expect("exchanges");
    let expected = [
        "error exchange-unknown-operation /operation",
        "error response-unknown-enum-value /response/body/colour",
    ];
    assert_eq!(lines(&report), expected);
}

/// The id, the operation and the place of each error in a reply. Requests that are refused
/// are bad in ways of which the contract says more.
fn errors(report: &Report) -> Vec<String> {
    let errors = report.findings.iter();
    let errors = errors.filter(|finding| {
        finding.level == Level::Error && finding.direction == Some(Direction::Response)
    });
    let mut errors: Vec<_> = errors
        .map(|finding| {
            let operation = finding.operation.as_deref().unwrap_or_default();
            let place = finding.revision.as_ref().map_or("", |place| &place.pointer);
            format!("{} {operation} {place}", finding.id)
        })
        .collect();
    errors.sort();
    errors
}

#[test]
fn the_document_of_the_contract_judges_replies_as_the_contract_does() {
    let openapi = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi");
    // As it is derived: what is published asks more of replies than was recorded.
    let text = contract::openapi::openapi().to_string();
    let against = Against::Document {
        document: ApiDocument::parse("openapi/openapi.json", &text).expect("a document"),
        strict_parameters: true,
    };
    for directory in ["recorded", "recorded/errors"] {
        let directory = format!("{openapi}/{directory}");
        let by_document = recorded(directory.as_ref(), &against).expect("exchanges");
        let by_contract = recorded(directory.as_ref(), &Against::Contract).expect("exchanges");
        let mut expected = errors(&by_contract);
        // The document asks for no property in a list, of which `select` can take any.
        let of_list = "response-missing-property GET /services /response/body/0/name";
        expected.retain(|error| error != of_list);
        assert_eq!(errors(&by_document), expected, "{directory}");
    }
}

/// A document whose one operation asks for a cookie and an API key, or for a login.
const GUARDED: &str = r#"
openapi: 3.0.3
info: {title: Vault, version: 1.0.0}
security: [{sid: [], key: []}, {login: []}]
paths:
  /gold:
    get:
      operationId: readGold
      parameters:
        - {name: lang, in: cookie, required: true, schema: {type: string, enum: [en, nl]}}
      responses:
        "204": {description: It is there.}
        "401": {description: Nobody knows who asks.}
components:
  securitySchemes:
    sid: {type: apiKey, in: cookie, name: sid}
    key: {type: apiKey, in: query, name: key}
    login: {type: http, scheme: basic}
"#;

#[track_caller]
fn check_guarded(query: &str, headers: &[(&str, &str)], status: u16, expected: &[&str]) {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let entry = json!({
        "request": {"method": "GET", "url": format!("http://v/gold{query}"), "headers": headers},
        "response": {"status": status, "headers": [], "content": {"size": 0}},
    });
    let report = verified(GUARDED, &[entry]);
    let ids: Vec<_> = report.findings.iter().map(|found| &*found.id).collect();
    assert_eq!(ids, expected, "{:#?}", report.findings);
}

#[test]
fn a_request_says_who_makes_it_in_one_of_the_ways_that_are_declared() {
    let cookies = ("cookie", "lang=en; sid=1");
    check_guarded("?key=k", &[cookies], 204, &[]);
    let login = ("authorization", "Basic YTpi");
    check_guarded("", &[("cookie", "lang=nl"), login], 204, &[]);
    let expected = &["request-without-credentials"];
    check_guarded("", &[cookies], 204, expected);
    let bearer = ("authorization", "Bearer t");
    check_guarded("", &[("cookie", "lang=nl"), bearer], 204, expected);
    check_guarded("", &[cookies], 401, &[]);
}

#[test]
fn cookies_keep_their_schemas() {
    let login = ("authorization", "Basic YTpi");
    let expected = &["request-unknown-enum-value"];
    check_guarded("", &[login, ("cookie", "lang=fr")], 204, expected);
    check_guarded("", &[login], 204, &["request-missing-property"]);
}

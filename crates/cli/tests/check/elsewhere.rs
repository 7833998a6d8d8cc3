//! What the commands do in a repository that is not this one.

use std::fs;

use conformance::release::read_all;

use crate::command::program;
use crate::repository::Repository;

const PROTO: &str = r#"
syntax = "proto3";

package shop.v1;

import "google/api/annotations.proto";
import "google/api/field_behavior.proto";

service ShoeService {
  rpc GetShoe(GetShoeRequest) returns (Shoe) {
    option (google.api.http) = {get: "/shoes/{shoe_id}"};
  }
  rpc CreateShoe(CreateShoeRequest) returns (Shoe) {
    option (google.api.http) = {post: "/shoes" body: "shoe"};
  }
  rpc DeleteShoe(DeleteShoeRequest) returns (DeleteShoeResponse) {
    option (google.api.http) = {delete: "/shoes/{shoe_id}"};
  }
}

message GetShoeRequest {
  string shoe_id = 1;
  bool in_full = 2;
}

message CreateShoeRequest {
  Shoe shoe = 1 [(google.api.field_behavior) = REQUIRED];
}

message DeleteShoeRequest {
  string shoe_id = 1;
}

message DeleteShoeResponse {}

message Shoe {
  string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY];
  string colour = 2 [(google.api.field_behavior) = REQUIRED];
  Width width = 3;
}

enum Width {
  WIDTH_UNSPECIFIED = 0;
  WIDTH_NARROW = 1;
  WIDTH_WIDE = 2;
}
"#;

const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Shoes, version: 1.0.0}
paths:
  /shoes:
    post:
      operationId: createShoe
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: "#/components/schemas/NewShoe"}
      responses:
        "200":
          description: The shoe.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Shoe"}
  /shoes/{shoeId}:
    parameters:
      - {name: shoeId, in: path, required: true, schema: {type: string}}
      - {name: X-Trace, in: header, schema: {type: string}}
    get:
      operationId: getShoe
      parameters:
        - {name: inFull, in: query, schema: {type: boolean}}
      responses:
        "200":
          description: The shoe.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Shoe"}
    delete:
      operationId: deleteShoe
      responses:
        "204": {description: It is gone.}
components:
  schemas:
    Shoe:
      type: object
      required: [colour]
      properties:
        id: {type: string, readOnly: true}
        colour: {type: string}
        width: {$ref: "#/components/schemas/Width"}
    NewShoe:
      type: object
      required: [colour]
      properties:
        id: {type: string, readOnly: true}
        colour: {type: string}
        width: {$ref: "#/components/schemas/Width"}
    Width:
      type: string
      enum: [WIDTH_NARROW, WIDTH_WIDE]
"##;

const API: [&str; 4] = ["--document", "api/shop.yaml", "--proto", "./protobuf"];

/// A repository of another team: a document and protos, and nothing of ours.
pub(crate) fn stranger() -> Repository {
    let repository = Repository::empty();
    for directory in ["api", "protobuf/shop/v1"] {
        fs::create_dir_all(repository.path(directory)).expect("a directory");
    }
    repository.write("api/shop.yaml", DOCUMENT);
    repository.write("protobuf/shop/v1/shop.proto", PROTO);
    repository
}

#[track_caller]
fn check(repository: &Repository, command: &str, more: &[&str], code: i32, expected: &[&str]) {
    repository.check(&[&[command], &API[..], more].concat(), code, expected);
}

#[test]
fn elsewhere_nothing_is_taken_for_granted() {
    for command in ["check", "agree", "bless"] {
        let expected = [
            "there is no contract.toml here",
            "in the root of the repository",
            "--document FILE and --proto DIR",
        ];
        Repository::empty().check(&[command], 2, &expected);
    }
    for arguments in [
        &["lint"][..],
        &["diff"],
        &["export"],
        &["site", "--out", "site"],
        &["verify", "--recorded", "."],
        &["record", "--upstream", "http://127.0.0.1:1", "--out", "out"],
    ] {
        let repository = Repository::empty();
        let expected = ["there is no contract.toml here, so nothing says"];
        repository.check(arguments, 2, &expected);
        let files = read_all(&repository.path("")).expect("the files");
        assert_eq!(files.len(), 1, "{arguments:?} wrote {:?}", files.keys());
    }
}

#[test]
fn the_api_that_is_built_in_is_not_written_into_another_repository() {
    let repository = stranger();
    repository.write("contract.toml", "document = \"api/shop.yaml\"\n");
    for arguments in [&["export"][..], &["site", "--out", "site"]] {
        let expected = ["the API of this directory is another", "give --built-in"];
        repository.check(arguments, 2, &expected);
    }
    assert!(!repository.path("openapi").exists());
    let asked = ["export", "--built-in", "--out", "other"];
    repository.check(&asked, 0, &["wrote other/openapi.json"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let repository = stranger();
    let settings = "document = \"api/shop.yaml\"\nprotos = [\"protobuf\"]\n";
    repository.write("contract.toml", settings);
    for arguments in [
        &["export", "--built-in", "--out", "other"][..],
        &["bless"],
        &["bless"],
        &["agree"],
        &["rules"],
        &["diff", "api/shop.yaml", "api/shop.yaml"],
    ] {
        let ended = repository.unread(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.text);
        assert_eq!(ended.text, "", "{arguments:?}");
    }
}

#[test]
fn one_statement_does_not_agree_with_itself() {
    let document = ["agree", "--document", "api/shop.yaml"];
    stranger().check(&document, 2, &["name its protos: --proto DIR"]);
    let protos = ["agree", "--proto", "protobuf"];
    stranger().check(&protos, 2, &["name the other: --document FILE"]);
    let nowhere = ["agree", "--document", "api/shop.yaml", "--proto", "nowhere"];
    stranger().check(&nowhere, 2, &["nowhere"]);
    let nothing = ["agree", "--document", "api/shop.yaml", "--proto", "api"];
    stranger().check(&nothing, 2, &["there is no proto below api"]);
}

#[test]
fn protos_that_are_built_in_are_never_compared() {
    let repository = stranger();
    repository.write(
        "contract.toml",
        "document = \"api/shop.yaml\"\nprotos = [\"protobuf\"]\n",
    );
    let expected = ["protos and document on 3 operations and", "0 errors"];
    repository.check(&["agree"], 0, &expected);
    let other = "document = \"api/shop.yaml\"\nprotos = [\"protobuf\"]\nbuilt-in = true\n";
    repository.write("contract.toml", other);
    repository.check(&["agree"], 1, &["createBot: it is stated in the contract"]);
}

#[test]
fn another_api_is_compared_by_what_its_clients_notice() {
    let repository = stranger();
    check(&repository, "agree", &[], 0, &["3 operations", "0 errors"]);
    repository.replace(
        "api/shop.yaml",
        "[WIDTH_NARROW, WIDTH_WIDE]",
        "[WIDTH_NARROW]",
    );
    let expected = [
        "error[disagreement]",
        "Shoe.width",
        "protobuf/shop/v1/shop.proto:39",
        "#/components/schemas/Shoe/properties/width",
    ];
    check(&repository, "agree", &[], 1, &expected);
    repository.write(
        "api/shop.yaml",
        &DOCUMENT.replace("/shoes/{shoeId}", "/boots/{shoeId}"),
    );
    check(
        &repository,
        "agree",
        &[],
        1,
        &["the path is", "/boots/{shoe_id}"],
    );
    repository.write("api/shop.yaml", &DOCUMENT.replace("inFull", "full"));
    check(
        &repository,
        "agree",
        &[],
        1,
        &["getShoe?full", "getShoe?inFull"],
    );
}

#[test]
fn another_api_is_published_and_held() {
    let repository = stranger();
    check(
        &repository,
        "check",
        &[],
        2,
        &["publish a first contract with `contract bless`"],
    );
    check(
        &repository,
        "bless",
        &[],
        0,
        &["published 1.0.0, the first; commit blessed/"],
    );
    repository.commit();
    repository.branch();
    let expected = [
        "skip  backend",
        "ok    rest      nothing breaks clients of 1.0.0",
        "HEAD, the first commit",
        "0 errors, 0 warnings, 0 notes",
    ];
    check(&repository, "check", &[], 0, &expected);

    repository.commit();
    check(
        &repository,
        "check",
        &[],
        0,
        &["the merge base of HEAD and main"],
    );
    // A property goes, from both statements at once.
    repository.replace("protobuf/shop/v1/shop.proto", "  Width width = 3;\n", "");
    let document = DOCUMENT.replace(
        "        width: {$ref: \"#/components/schemas/Width\"}\n",
        "",
    );
    repository.write("api/shop.yaml", &document);
    let expected = ["FAIL  rest", "`width`", "error[unpublished-change]"];
    check(&repository, "check", &[], 1, &expected);
    let expected = ["states the version 1.0.0, and these changes ask for 2.0.0"];
    check(&repository, "bless", &[], 1, &expected);
    repository.replace("api/shop.yaml", "version: 1.0.0", "version: 2.0.0");
    check(
        &repository,
        "bless",
        &[],
        0,
        &["published 2.0.0 after 1.0.0"],
    );
    let expected = ["error[version-raised]", "from 1.0.0 to 2.0.0"];
    check(&repository, "check", &[], 1, &expected);
}

#[test]
fn an_api_without_protos_is_held_too() {
    let repository = stranger();
    repository.write(
        "contract.toml",
        "document = \"api/shop.yaml\"\nchangelog = \"CHANGES.md\"\n",
    );
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    let log = repository.read("CHANGES.md");
    assert!(log.contains("## 1.0.0 ("), "{log}");
    assert!(
        log.contains("The first version that is published."),
        "{log}"
    );
    let expected = ["skip  agree", "skip  proto", "0 errors"];
    repository.check(&["check"], 0, &expected);
}

#[test]
fn prose_does_not_switch_a_law_off_unseen() {
    let repository = stranger();
    repository.write("contract.toml", "document = \"api/shop.yaml\"\n");
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    repository.commit();
    repository.branch();
    repository.replace(
        "api/shop.yaml",
        "operationId: deleteShoe",
        "operationId: deleteShoe\n      description: Archives the shoe.",
    );
    repository.commit();
    let id = "error[law-exempted]";
    let subject = "subject = \"DELETE /shoes/{shoeId}\"";
    repository.check(&["check"], 1, &[id, subject]);
}

#[test]
fn the_document_of_another_api_is_not_that_of_ours() {
    let repository = Repository::copy();
    fs::create_dir_all(repository.path("api")).expect("a directory");
    repository.write("api/shop.yaml", DOCUMENT);
    let arguments = ["agree", "--document", "api/shop.yaml"];
    let expected = ["createBot: it is stated in the protos, but absent in api/shop.yaml"];
    repository.check(&arguments, 1, &expected);
}

#[test]
fn a_server_of_another_api_is_not_held_to_ours() {
    let repository = stranger();
    check(&repository, "bless", &[], 0, &["published"]);
    let url = ["--url", "http://127.0.0.1:1", "--token", "t"];
    // Nothing of this API can be read without the id of a shoe.
    check(&repository, "check", &url, 1, &["error[nothing-verified]"]);
}

#[test]
fn the_id_of_an_operation_is_what_generated_clients_call() {
    let repository = stranger();
    repository.write("contract.toml", "document = \"api/shop.yaml\"\n");
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    repository.commit();
    repository.replace(
        "api/shop.yaml",
        "operationId: getShoe",
        "operationId: readShoe",
    );
    let expected = [
        "FAIL  rest",
        "error[api-operation-id-removed]",
        "`readShoe`",
    ];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn recorded_exchanges_of_another_api_are_whole_too() {
    let repository = stranger();
    repository.write(
        "contract.toml",
        "document = \"api/shop.yaml\"\n[recorded]\ndirectory = \"recorded\"\n",
    );
    fs::create_dir_all(repository.path("recorded")).expect("a directory");
    repository.write(
        "recorded/deleteShoe.json",
        r#"{"operation": "deleteShoe", "method": "DELETE", "pathTemplate": "/shoes/{shoeId}",
            "path": "/shoes/7", "pathParameters": {"shoeId": "7"}, "authenticated": false,
            "response": {"status": 204}}"#,
    );
    repository.check(&["bless"], 0, &["published"]);
    let expected = [
        "2 errors",
        "no exchange shows `getShoe` with the status 200",
    ];
    repository.check(&["check"], 1, &expected);
}

/// A stranger that has recorded a shoe of this colour and width.
fn with_a_recorded_shoe(shoe: &str) -> Repository {
    let repository = stranger();
    repository.write(
        "contract.toml",
        "document = \"api/shop.yaml\"\n[recorded]\ndirectory = \"recorded\"\n\
         unreachable = { \"createShoe 200\" = \"No.\", \"deleteShoe 204\" = \"No.\" }\n",
    );
    fs::create_dir_all(repository.path("recorded")).expect("a directory");
    let exchange = format!(
        r#"{{"operation": "getShoe", "method": "GET", "pathTemplate": "/shoes/{{shoeId}}",
            "path": "/shoes/7", "pathParameters": {{"shoeId": "7"}}, "query": {{"inFull": "true"}},
            "authenticated": false, "response": {{"status": 200,
                "contentType": "application/json", "body": {shoe}}}}}"#
    );
    repository.write("recorded/getShoe.json", &exchange);
    repository
}

#[test]
fn recorded_values_of_another_api_keep_its_schemas() {
    let repository = with_a_recorded_shoe(r#"{"colour": "red", "width": "WIDTH_WIDE"}"#);
    repository.check(&["bless"], 0, &["published"]);
    repository.check(&["check"], 0, &["ok    recorded", "0 errors"]);

    let repository = with_a_recorded_shoe(r#"{"colour": 7, "width": "WIDTH_HUGE"}"#);
    repository.check(&["bless"], 0, &["published"]);
    let expected = [
        "FAIL  recorded",
        "error[response-wrong-type] GET /shoes/{shoeId}",
        "/colour in the reply must be a string, and is a number",
        "#/components/schemas/Shoe/properties/colour",
        "error[response-unknown-enum-value]",
        "must be one of WIDTH_NARROW, WIDTH_WIDE, and is `WIDTH_HUGE`",
        "2 errors",
    ];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn recorded_traffic_of_another_api_is_verified() {
    let repository = with_a_recorded_shoe(r#"{"width": "WIDTH_WIDE"}"#);
    let expected = [
        "error[response-missing-property]",
        "recorded against api/shop.yaml, 1 exchanges",
    ];
    let recorded = ["verify", "--recorded", "recorded"];
    repository.check(&recorded, 1, &expected);
    let named = [&recorded[..], &["--document", "api/shop.yaml"]].concat();
    repository.check(&named, 1, &expected);
}

#[test]
fn captured_traffic_of_another_api_is_verified() {
    let repository = stranger();
    let har = |colour: &str| {
        format!(
            r#"{{"log": {{"entries": [
                {{"request": {{"method": "GET", "url": "http://127.0.0.1:8000/shoes/7?size=42"}},
                  "response": {{"status": 200,
                    "headers": [{{"name": "Content-Type", "value": "application/json"}}],
                    "content": {{"size": 1, "text": "{{\"colour\": {colour}}}"}}}}}},
                {{"request": {{"method": "GET", "url": "http://127.0.0.1:8000/boots"}},
                  "response": {{"status": 404}}}}
            ]}}}}"#
        )
    };
    let arguments = ["verify", "--har", "shop.har", "--document", "api/shop.yaml"];
    repository.write("shop.har", &har("\\\"red\\\""));
    let expected = [
        "warning[request-undeclared-parameter]",
        "traffic-unmatched",
        "shop.har against api/shop.yaml, 1 of 2 entries",
        "0 errors",
    ];
    repository.check(&arguments, 0, &expected);
    let strict = [&arguments[..], &["--strict-parameters"]].concat();
    repository.check(&strict, 1, &["error[request-undeclared-parameter]"]);
    repository.write("shop.har", &har("7"));
    repository.check(
        &arguments,
        1,
        &["error[response-wrong-type] GET /shoes/{shoeId}"],
    );
}

#[test]
fn an_api_can_lie_in_a_directory_of_a_repository() {
    let repository = stranger();
    fs::create_dir_all(repository.path("services/shop")).expect("a directory");
    for name in ["api", "protobuf"] {
        let to = repository.path(&format!("services/shop/{name}"));
        fs::rename(repository.path(name), to).expect("it was there");
    }
    repository.write("services/shop/waivers.toml", "");
    repository.write(
        "services/shop/contract.toml",
        "document = \"api/shop.yaml\"\nprotos = [\"protobuf\"]\nwaivers = \"waivers.toml\"\n",
    );
    let shop = repository.below("services/shop");
    shop.check(&["bless"], 0, &["published 1.0.0"]);
    repository.commit();
    repository.branch();
    repository.replace("services/shop/api/shop.yaml", "{shoeId}", "{boot}");
    repository.write(
        "services/shop/waivers.toml",
        "[[waiver]]\nsubject = \"getShoe\"\naspect = \"path\"\nside = \"protos\"\nreason = \"No.\"\n",
    );
    repository.commit();
    let expected = [
        "the merge base of HEAD and main",
        "error[waiver-added]",
        ":waivers.toml",
    ];
    shop.check(&["check"], 1, &expected);
    repository.check(&["check"], 2, &["there is no contract.toml here"]);
}

#[test]
fn help_tells_which_api() {
    let output = program()
        .args(["contract", "check", "--help"])
        .output()
        .expect("the command starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("--document <FILE>"), "{text}");
    assert!(text.contains("--proto <DIR>"), "{text}");
}

#[test]
fn what_is_new_and_makes_generated_clients_ugly_is_told() {
    let repository = stranger();
    let settings = "document = \"api/shop.yaml\"\n";
    repository.write("contract.toml", settings);
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    // `inFull` has no example, and had none when it was published.
    let expected = ["ok    lint      nothing new makes generated clients ugly"];
    repository.check(&["check"], 0, &expected);

    let ugly = "colour: {type: string, enum: [red, blue]}";
    repository.replace("api/shop.yaml", "colour: {type: string}", ugly);
    let expected = ["warn  lint      1 to look at", "warning[enum-without-name]"];
    repository.check(&["check"], 1, &expected);
    let level = ["check", "--level", "enum-without-name=error"];
    repository.check(&level, 1, &["FAIL  lint      1 wrong"]);
    let level = ["lint", "--level", "enum-without-name=none"];
    repository.check(&level, 0, &["0 errors, 0 warnings, 3 notes"]);

    repository.write("contract.toml", &format!("{settings}lint = \"all\"\n"));
    let expected = ["[parameter-without-example]"];
    repository.check(&["check"], 1, &expected);
    repository.write("contract.toml", &format!("{settings}lint = \"none\"\n"));
    let expected = ["skip  lint      contract.toml wants no lint"];
    repository.check(&["check"], 1, &expected);
}

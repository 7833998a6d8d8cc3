//! An API whose document consists of several files.

use std::fs;

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
}

message GetShoeRequest {
  string shoe_id = 1;
  bool in_full = 2;
}

message Shoe {
  string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY];
  Sole sole = 2;
  string other_id = 3;
}

message Sole {
  string colour = 1;
}
"#;

const FILES: [(&str, &str); 6] = [
    ("protobuf/shop/v1/shop.proto", PROTO),
    (
        "contract.toml",
        "document = \"api/shop.yaml\"\nprotos = [\"protobuf\"]\n",
    ),
    (
        "api/shop.yaml",
        "openapi: 3.0.3
info: {title: Shoes, version: 1.0.0}
servers: [{url: 'https://shop.example.com'}]
paths:
  /shoes/{shoeId}: {$ref: paths/shoe.yaml}
",
    ),
    (
        "api/paths/shoe.yaml",
        "parameters: [{$ref: '../common.yaml#/ShoeId'}, {$ref: '../common.yaml#/InFull'}]
get:
  operationId: getShoe
  responses:
    '200': {$ref: '../common.yaml#/Found'}
",
    ),
    (
        "api/common.yaml",
        "ShoeId: {name: shoeId, in: path, required: true, schema: {type: string}}
InFull: {name: inFull, in: query, schema: {type: boolean}}
Found:
  description: The shoe.
  content:
    application/json:
      schema: {$ref: 'schemas/Shoe.yaml'}
",
    ),
    (
        "api/schemas/Shoe.yaml",
        "type: object
properties:
  id: {type: string, readOnly: true}
  sole: {$ref: '#/definitions/Sole'}
  otherId: {$ref: '#/definitions/Sole/properties/colour'}
definitions:
  Sole: {type: object, properties: {colour: {type: string}}}
",
    ),
];

fn several_files() -> Repository {
    let repository = Repository::empty();
    for (path, text) in FILES {
        let path = repository.path(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("it can be written");
    }
    repository
}

#[test]
fn statements_agree_across_files() {
    let repository = several_files();
    let nothing = ["1 operations and 2 types", "0 errors, 0 warnings, 0 notes"];
    repository.check(&["agree"], 0, &nothing);
    repository.replace("api/common.yaml", "name: inFull", "name: full");
    repository.check(&["agree"], 1, &["getShoe?full", "getShoe?inFull"]);
    repository.replace("api/common.yaml", "name: full", "name: inFull");
    repository.replace(
        "api/schemas/Shoe.yaml",
        "colour: {type: string}",
        "colour: {type: integer}",
    );
    let expected = [
        "it is a string in the protos, but an integer",
        "api/schemas/Shoe.yaml:7#/definitions/Sole/properties/colour",
    ];
    repository.check(&["agree"], 1, &expected);
}

#[test]
fn what_is_ugly_is_named_in_its_file() {
    let repository = several_files();
    repository.replace(
        "api/schemas/Shoe.yaml",
        "  otherId:",
        "  other_id: {type: string}\n  otherId:",
    );
    let expected = ["error[names-coincide]", "api/schemas/Shoe.yaml"];
    repository.check(&["lint"], 1, &expected);
}

#[test]
fn all_files_are_published_and_compared() {
    let repository = several_files();
    repository.check(&["bless"], 0, &["published 1.0.0, the first"]);
    assert_eq!(repository.read("blessed/paths/shoe.yaml"), FILES[3].1);
    let expected = ["nothing breaks clients of 1.0.0", "0 errors, 0 warnings"];
    repository.check(&["check"], 0, &expected);
    repository.replace(
        "api/schemas/Shoe.yaml",
        "  id: {type: string, readOnly: true}\n",
        "",
    );
    repository.replace(
        "protobuf/shop/v1/shop.proto",
        "  string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY];\n",
        "",
    );
    let expected = [
        "error[response-optional-property-removed]",
        "blessed/schemas/Shoe.yaml:3",
        "error[unpublished-change]",
    ];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn what_lies_elsewhere_is_compared_but_not_published() {
    let repository = several_files();
    fs::rename(
        repository.path("api/common.yaml"),
        repository.path("common.yaml"),
    )
    .expect("it can be moved");
    repository.replace("common.yaml", "schemas/Shoe.yaml", "api/schemas/Shoe.yaml");
    for _ in 0..3 {
        repository.replace(
            "api/paths/shoe.yaml",
            "'../common.yaml",
            "'../../common.yaml",
        );
    }
    repository.check(&["agree"], 0, &["0 errors"]);
    let expected = ["common.yaml, which does not lie below api, so it cannot be published"];
    repository.check(&["bless"], 2, &expected);
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_one_that_refers_to_it() {
    let repository = several_files();
    fs::remove_file(repository.path("api/schemas/Shoe.yaml")).expect("it was there");
    for command in ["agree", "lint", "bless"] {
        let expected = [
            "api/common.yaml#/Found/content/application~1json/schema",
            "Shoe.yaml",
        ];
        repository.check(&[command], 2, &expected);
    }
}

//! What the statements of another API may say in other ways, and what must not pass.

use crate::elsewhere::stranger;
use crate::repository::Repository;

const DOCUMENT: &str = "api/shop.yaml";
const PROTO: &str = "protobuf/shop/v1/shop.proto";
const SETTINGS: &str =
    "document = \"api/shop.yaml\"\nprotos = [\"protobuf\"]\nwaivers = \"waivers.toml\"\n";

fn shop() -> Repository {
    let repository = stranger();
    repository.write("contract.toml", SETTINGS);
    repository
}

/// Checks what `agree` says once a text of the protos is another.
#[track_caller]
fn check_proto(from: &str, to: &str, code: i32, expected: &[&str]) {
    let repository = shop();
    repository.replace(PROTO, from, to);
    repository.check(&["agree"], code, expected);
}

#[test]
fn the_order_of_enum_values_means_nothing() {
    let repository = shop();
    let (from, to) = ("WIDTH_NARROW, WIDTH_WIDE", "WIDTH_WIDE, WIDTH_NARROW");
    repository.replace(DOCUMENT, from, to);
    repository.check(&["agree"], 0, &["0 errors, 0 warnings, 0 notes"]);
}

#[test]
fn a_list_of_waivers_need_not_be_there_yet() {
    shop().check(&["agree"], 0, &["0 errors, 0 warnings, 0 notes"]);
}

#[test]
fn a_finding_names_the_aspect_that_waives_it() {
    let repository = shop();
    repository.replace(DOCUMENT, "[WIDTH_NARROW, WIDTH_WIDE]", "[WIDTH_NARROW]");
    let expected = ["Shoe.width: it is one of", "(`values`)", "2 errors,"];
    repository.check(&["agree"], 1, &expected);
    let waiver = "[[waiver]]\nsubject = \"*Shoe.width\"\naspect = \"valuess\"\n\
                  side = \"document\"\nreason = \"Nobody has wide ones.\"\n";
    repository.write("waivers.toml", waiver);
    let expected =
        ["waivers.toml: line 3: no difference has the aspect `valuess`; perhaps `values`"];
    repository.check(&["agree"], 2, &expected);
    repository.replace("waivers.toml", "valuess", "values");
    repository.check(&["agree"], 0, &["0 errors, 0 warnings, 0 notes"]);
}

#[test]
fn a_binding_that_is_not_compared_is_a_warning() {
    check_proto(
        "{get: \"/shoes/{shoe_id}\"}",
        "{get: \"/shoes/{shoe_id}\" additional_bindings {get: \"/boots/{shoe_id}\"}}",
        0,
        &[
            "warning[statement-not-understood]",
            "additional_bindings",
            "(`binding`)",
        ],
    );
    check_proto(
        "  rpc GetShoe(",
        "  rpc Secret(DeleteShoeRequest) returns (DeleteShoeResponse);\n  rpc GetShoe(",
        0,
        &[
            "warning[statement-not-understood]",
            "no verb and path",
            "(`binding`)",
        ],
    );
}

#[test]
fn a_link_to_another_parameter_is_an_error() {
    let repository = shop();
    repository.replace(
        PROTO,
        "import \"google/api/field_behavior.proto\";",
        "import \"google/api/field_behavior.proto\";\nimport \"transcode/v1/options.proto\";",
    );
    repository.replace(
        PROTO,
        "message DeleteShoeResponse {}",
        "message DeleteShoeResponse {\n  \
         optional string next = 1 [(transcode.v1.next_link) = \"cursor\"];\n}",
    );
    let expected = ["error[disagreement]", "next does not take", "(`next-link`)"];
    repository.check(&["agree"], 1, &expected);
}

#[test]
fn what_a_patch_does_not_require_is_said_to_be_of_a_patch() {
    let repository = shop();
    repository.replace(
        PROTO,
        "  rpc DeleteShoe(",
        "  rpc UpdateShoe(UpdateShoeRequest) returns (Shoe) {\n    \
         option (google.api.http) = {patch: \"/shoes/{shoe_id}\" body: \"shoe\"};\n  }\n  \
         rpc DeleteShoe(",
    );
    repository.replace(
        PROTO,
        "message DeleteShoeResponse {}",
        "message DeleteShoeResponse {}\n\nmessage UpdateShoeRequest {\n  string shoe_id = 1;\n  \
         Shoe shoe = 2 [(google.api.field_behavior) = REQUIRED];\n}",
    );
    repository.replace(
        DOCUMENT,
        "    delete:\n",
        "    patch:
      operationId: updateShoe
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: \"#/components/schemas/NewShoe\"}
      responses:
        \"200\":
          description: The shoe.
          content:
            application/json:
              schema: {$ref: \"#/components/schemas/Shoe\"}
    delete:
",
    );
    let expected = [
        "colour: in a PATCH it is not required in the protos, but required in",
        "it has no update_mask to clear a field with",
        "1 error, 1 warning",
    ];
    repository.check(&["agree"], 1, &expected);
}

#[test]
fn a_document_that_is_not_there_is_named() {
    let repository = shop();
    repository.write("contract.toml", "document = \"nope.yaml\"\n");
    for command in ["check", "bless", "agree", "lint"] {
        let expected: &[&str] = match command {
            "agree" => &["name its protos"],
            _ => &["error: there is no document nope.yaml"],
        };
        repository.check(&[command], 2, expected);
    }
}

#[test]
fn a_version_that_people_write_is_theirs_to_raise() {
    let repository = shop();
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    repository.replace(DOCUMENT, "version: 1.0.0", "version: 1.1.0");
    let expected = ["1.0.0 was published last; publish it with `contract bless`"];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn a_level_that_cannot_be_chosen_is_refused_with_the_way_out() {
    let repository = shop();
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    let level = ["check", "--level", "unpublished-change=warning"];
    let expected = [
        "the level of `unpublished-change` cannot be chosen",
        "[[ignore]]",
    ];
    repository.check(&level, 2, &expected);
}

#[test]
fn a_token_that_is_needed_no_more_has_to_be_allowed() {
    let repository = shop();
    let document = repository.read(DOCUMENT);
    let safe = document.replace(
        "paths:\n  /shoes:",
        "security: [{key: []}]\npaths:\n  /shoes:",
    );
    repository.write(
        DOCUMENT,
        &format!("{safe}  securitySchemes: {{key: {{type: apiKey, in: header, name: K}}}}\n"),
    );
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    repository.commit();
    repository.branch();
    repository.replace(
        DOCUMENT,
        "security: [{key: []}]",
        "security: [{key: []}, {}]",
    );
    let expected = [
        "error[law-exempted]",
        "`DELETE /shoes/{shoeId}` no longer asks for a token, or lets it be left out",
    ];
    repository.check(&["check"], 1, &expected);
}

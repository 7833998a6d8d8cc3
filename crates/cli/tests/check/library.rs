//! `contract agree` on an API whose document says things in the ways that documents do:
//! extension and unions, objects in place, maps, nullable references, several content
//! types, no names for operations, and schemas that requests and replies share or do not.

use std::fs;

use crate::repository::Repository;

const DOCUMENT: &str = include_str!("library/library.yaml");
const PROTO: &str = include_str!("library/library.proto");

const AGREE: [&str; 5] = [
    "agree",
    "--document",
    "api/library.yaml",
    "--proto",
    "protobuf",
];

fn library() -> Repository {
    let repository = Repository::empty();
    for directory in ["api", "protobuf/lib/v1"] {
        fs::create_dir_all(repository.path(directory)).expect("a directory");
    }
    repository.write("api/library.yaml", DOCUMENT);
    repository.write("protobuf/lib/v1/library.proto", PROTO);
    repository
}

/// Replaces text that has to be there.
#[track_caller]
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in the fixture");
    text.replace(from, to)
}

#[test]
fn what_says_the_same_differs_in_nothing() {
    let repository = library();
    let nothing = ["7 operations", "0 errors, 0 warnings, 0 notes"];
    repository.check(&AGREE, 0, &nothing);
    for (from, to) in [
        // The version that has other words.
        ("openapi: 3.0.3", "openapi: 3.1.0"),
        // A name in place of the route, in another case.
        ("operationId: bookById", "operationId: get_book"),
        // Paths as the protos have them.
        ("https://lib.example.com/v1", "https://lib.example.com/v1/"),
        // A union that is written otherwise.
        ("owner: {oneOf:", "owner: {anyOf:"),
        (
            "parent: {$ref: '#/components/schemas/Book'}",
            "parent: {oneOf: [{type: 'null'}, {$ref: '#/components/schemas/Book'}]}",
        ),
        // A size that is not stated, and one that is.
        (
            "total: {type: integer}",
            "total: {type: integer, format: int32}",
        ),
        (
            "copies: {type: integer, format: int64}",
            "copies: {type: integer}",
        ),
        // Free form.
        (
            "extra: {type: object}",
            "extra: {type: object, additionalProperties: {}}",
        ),
        // A property that only requests have.
        (
            "        secret: {type: string, writeOnly: true}",
            "        secret: {writeOnly: true, type: string}",
        ),
        // What replies always have is nothing that protos say.
        ("required: [data]", "required: [data, total]"),
        ("required: [id, createdAt]", "required: [id]"),
    ] {
        repository.write("api/library.yaml", &replaced(DOCUMENT, from, to));
        repository.check(&AGREE, 0, &nothing);
    }
}

#[test]
fn what_a_client_would_notice_is_a_difference() {
    let repository = library();
    for (from, to, expected) in [
        (
            "    BookBase:\n      type: object\n      required: [title]",
            "    BookBase:\n      type: object\n      required: [title, weight]",
            "BookBase.weight: it is not required in the protos, but required",
        ),
        (
            "id: {type: string, readOnly: true}",
            "id: {type: string}",
            "Book.id",
        ),
        (
            "title: {type: string}\n        kind",
            "title: {type: string, readOnly: true}\n        kind",
            "BookBase.title: it is not read-only in the protos, but read-only",
        ),
        (
            "secret: {type: string, writeOnly: true}",
            "secret: {type: string}",
            "Book.secret: it is write-only in the protos, but not write-only",
        ),
        (
            "additionalProperties: {type: string}",
            "additionalProperties: {type: boolean}",
            "a map, each value a boolean",
        ),
        (
            "born: {type: string, format: date}",
            "birth: {type: string, format: date}",
            "author.birth: it is stated in api/library.yaml, but absent in the protos",
        ),
        (
            "vat: {type: string}",
            "vat: {type: integer}",
            "owner.vat: it is a string in the protos, but an integer",
        ),
        (
            "copies: {type: integer, format: int64}",
            "copies: {type: integer, format: int32}",
            "copies: it is an integer of more than 32 bits in the protos, but an integer of 32",
        ),
        (
            "hash: {type: string, format: byte}",
            "hash: {type: string}",
            "hash: it is bytes in base64 in the protos, but a string",
        ),
        (
            "additionalProperties: {type: integer, format: int64}",
            "additionalProperties: {type: string}",
            "getStats: the reply is a map",
        ),
        (
            "enum: [PAPER, AUDIO]",
            "enum: [PAPER]",
            "it is one of PAPER, AUDIO in the protos, but one of PAPER in",
        ),
        (
            "tags, in: query, explode: false, schema: {type: array, items: {type: string}}",
            "tags, in: query, explode: false, schema: {type: string}",
            "listBooks?tags: it is a list, each a string in the protos, but a string",
        ),
        (
            "nextCursor: {type: string, nullable: true}",
            "next: {type: string}",
            "reply.next: it is stated in api/library.yaml, but absent in the protos",
        ),
        (
            "operationId: deleteBook",
            "operationId: deleteBook\n      parameters: [{name: force, in: query, schema: {type: boolean}}]",
            "deleteBook?force: it is stated in api/library.yaml, but absent in the protos",
        ),
        (
            "    put:\n      operationId: replaceBook",
            "    patch:\n      operationId: replaceBook",
            "replaceBook: the method is PUT in the protos, but PATCH",
        ),
        (
            "application/json; charset=utf-8",
            "text/csv",
            "listBooks: the reply is",
        ),
    ] {
        repository.write("api/library.yaml", &replaced(DOCUMENT, from, to));
        repository.check(&AGREE, 1, &["error[disagreement]", expected]);
    }
}

#[test]
fn a_difference_is_shown_where_it_was_written() {
    let repository = library();
    let document = replaced(DOCUMENT, "born: {type", "birth: {type");
    repository.write("api/library.yaml", &document);
    let expected = [
        "protobuf/lib/v1/library.proto:",
        "api/library.yaml:",
        "#/components/schemas/BookBase/properties/author/properties/birth",
    ];
    repository.check(&AGREE, 1, &expected);
}

#[test]
fn messages_and_rpcs_of_one_name_are_told_apart() {
    let repository = library();
    // A second service with an rpc of the same name, and a nested message of one.
    let proto = format!(
        "{PROTO}\n{}",
        r#"
message Shelf {
  message Author {
    bool is_known = 1;
  }
  Author author = 1;
}

service Shelves {
  rpc GetBook(GetBookRequest) returns (Shelf) {
    option (google.api.http) = {get: "/v1/shelves/{id}"};
  }
}
"#
    );
    repository.write("protobuf/lib/v1/library.proto", &proto);
    let shelves = r"
  /shelves/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                type: object
                properties:
                  author: {type: object, properties: {isKnown: {type: boolean}}}
components:
  securitySchemes";
    let document = replaced(DOCUMENT, "\ncomponents:\n  securitySchemes", shelves);
    repository.write("api/library.yaml", &document);
    repository.check(
        &AGREE,
        0,
        &["8 operations", "0 errors, 0 warnings, 0 notes"],
    );
    let other = replaced(
        &document,
        "isKnown: {type: boolean}",
        "isKnown: {type: string}",
    );
    repository.write("api/library.yaml", &other);
    repository.check(
        &AGREE,
        1,
        &["author.isKnown: it is a boolean in the protos"],
    );
}

#[test]
fn a_base_that_lists_its_kinds_is_read_whole() {
    let repository = library();
    let from = "    Person: {type: object, required: [name], properties: {name: {type: string}, age: \
                {type: integer, format: int32}}}\n    Company: {type: object, required: [name, vat], \
                properties: {name: {type: string}, vat: {type: string}}}";
    // Each kind extends the base, which is any of its kinds.
    let to = "    Party:
      type: object
      required: [name]
      properties:
        name: {type: string}
        employer: {allOf: [{$ref: '#/components/schemas/Party'}, {properties: {since: {type: string}}}]}
      oneOf: [{$ref: '#/components/schemas/Person'}, {$ref: '#/components/schemas/Company'}]
    Person: {allOf: [{$ref: '#/components/schemas/Party'}, {properties: {age: {type: integer, format: int32}}}]}
    Company: {allOf: [{$ref: '#/components/schemas/Party'}, {properties: {vat: {type: string}}}]}";
    repository.write("api/library.yaml", &replaced(DOCUMENT, from, to));
    let owner = "    string vat = 3;";
    let proto = replaced(
        PROTO,
        owner,
        "    string vat = 3;\n    Employer employer = 4;",
    );
    let employer = "  message Employer {
    string name = 1 [(google.api.field_behavior) = REQUIRED];
    optional int32 age = 2;
    string vat = 3;
    Employer employer = 4;
    string since = 5;
  }
  message Owner {";
    let proto = replaced(&proto, "  message Owner {", employer);
    repository.write("protobuf/lib/v1/library.proto", &proto);
    repository.check(
        &AGREE,
        0,
        &["7 operations", "0 errors, 0 warnings, 0 notes"],
    );
}

#[test]
fn no_operation_is_lost_to_another_of_nearly_its_name() {
    let repository = library();
    let more = "  /stats:
    put:
      operationId: get_Stats
      responses: {'204': {description: ok}}
    get:";
    repository.write(
        "api/library.yaml",
        &replaced(DOCUMENT, "  /stats:\n    get:", more),
    );
    let expected = "get_Stats: it is stated in api/library.yaml, but absent in the protos";
    repository.check(&AGREE, 1, &["8 operations", "1 error", expected]);
}

#[test]
fn circles_end() {
    let repository = library();
    let from = "Person: {type: object, required: [name], properties: {name: {type: string}, age: \
                {type: integer, format: int32}}}";
    for circle in [
        "{allOf: [{$ref: '#/components/schemas/Person'}]}",
        "{oneOf: [{$ref: '#/components/schemas/Person'}, {$ref: '#/components/schemas/Company'}]}",
        "{type: object, additionalProperties: {$ref: '#/components/schemas/Person'}}",
    ] {
        let document = replaced(DOCUMENT, from, &format!("Person: {circle}"));
        repository.write("api/library.yaml", &document);
        repository.check(&AGREE, 1, &["owner"]);
    }
    let document = replaced(
        DOCUMENT,
        from,
        "Person: {$ref: '#/components/schemas/Person'}",
    );
    repository.write("api/library.yaml", &document);
    repository.check(&AGREE, 2, &["only ever leads to itself"]);
}

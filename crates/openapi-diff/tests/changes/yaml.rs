//! What of YAML is read, and how.

use std::fmt::Write as _;

use openapi_diff::{Document, diff};
use serde_json::{Value, json};

use crate::reading::{refusal, refused};
use crate::{TODAY, parse};

/// Checks that a text of YAML is the document that a value is.
#[track_caller]
fn same(text: &str, value: &Value) {
    let read = Document::parse("api.yaml", text).unwrap_or_else(|error| panic!("{error:?}"));
    let expected = parse("expected", value);
    for (base, revision) in [(&read, &expected), (&expected, &read)] {
        let findings = diff(base, revision, TODAY);
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

/// A document whose only response has these properties, in YAML that begins with `before`.
fn response(before: &str, properties: &str) -> String {
    format!(
        "{before}openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        200:\n          description: Done\n          content:\n            application/json:\n              schema:\n                type: object\n                properties:\n{properties}"
    )
}

fn with_properties(properties: &Value) -> Value {
    json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {
        "description": "Done", "content": {"application/json": {"schema": {
            "type": "object", "properties": properties}}}}}}}}})
}

#[test]
fn merge_keys_take_several_maps_of_which_the_first_wins() {
    let before =
        "x-one: &one {type: string, maxLength: 5}\nx-two: &two {maxLength: 9, minLength: 2}\n";
    let properties = "                  a: {<<: [*one, *two]}\n                  b: {<<: *one, maxLength: 7}\n                  c:\n                    <<: *two\n                    <<: *one\n";
    same(
        &response(before, properties),
        &with_properties(&json!({
            "a": {"type": "string", "maxLength": 5, "minLength": 2},
            "b": {"type": "string", "maxLength": 7},
            "c": {"type": "string", "maxLength": 9, "minLength": 2},
        })),
    );
}

#[test]
fn a_merge_key_in_quotes_or_in_json_is_a_key() {
    let members = json!({"<<": {"type": "string"}});
    same(
        &response("", "                  '<<': {type: string}\n"),
        &with_properties(&members),
    );
    let text = with_properties(&members).to_string();
    let findings = diff(
        &Document::parse("a.json", &text).expect("is a document"),
        &parse(
            "b.json",
            &with_properties(&json!({"type": {"type": "string"}})),
        ),
        TODAY,
    );
    assert!(!findings.is_empty(), "`<<` of JSON was merged");
}

#[test]
fn keys_are_the_texts_that_stand_there() {
    let properties = "                  true: {type: string}\n                  1.10: {type: string}\n                  0x10: {type: string}\n                  null: {type: string}\n                  ? &k 'on'\n                  : {type: string}\n";
    let text = json!({"type": "string"});
    same(
        &response("", properties),
        &with_properties(
            &json!({"true": text, "1.10": text, "0x10": text, "null": text, "on": text}),
        ),
    );
}

#[test]
fn tags_of_the_core_schema_are_obeyed() {
    same(
        &response(
            "",
            "                  a: {const: !!str 1}\n                  b: {const: !!int '1'}\n                  c: !!map {const: ! 1}\n",
        ),
        &with_properties(&json!({"a": {"const": "1"}, "b": {"const": 1}, "c": {"const": "1"}})),
    );
    refused(
        "openapi: 3.1.0\nx-a:\n  b: !include c.yaml\n",
        "the tag `!include` is not understood; write what it stands for at /x-a/b, line 3",
    );
    refused(
        "openapi: 3.1.0\nx: !!int a\n",
        "`a` is not of the type `!!int` at /x, line 2",
    );
}

#[test]
fn objects_in_braces_without_quotes_are_read() {
    same(
        "{openapi: 3.1.0, paths: {}}",
        &json!({"openapi": "3.1.0", "paths": {}}),
    );
}

#[test]
fn a_duplicate_key_is_refused_with_pointer_and_line() {
    refused(
        "openapi: 3.1.0\npaths:\n  /a: {}\n  /b: {}\n  /a: {}\n",
        "the key `/a` stands twice at /paths, line 5",
    );
    refused(
        "openapi: 3.1.0\nx:\n  200: 1\n  '200': 2\n",
        "the key `200` stands twice at /x, line 4",
    );
}

#[test]
fn what_json_cannot_hold_is_refused_with_pointer_and_line() {
    refused(
        "openapi: 3.1.0\nx:\n  - .inf\n",
        "`.inf` is not a JSON number at /x/0, line 3",
    );
    refused(
        "openapi: 3.1.0\nx:\n  ? [a]\n  : 1\n",
        "a key is no text at /x, line 3",
    );
    refused(
        "openapi: 3.1.0\n---\nopenapi: 3.1.0\n",
        "a second document begins",
    );
}

#[test]
fn a_syntax_error_is_told_with_pointer_and_line() {
    refused("openapi: 3.1.0\npaths:\n  /a: [1\n", "at /paths/~1a");
    refused("openapi: 3.1.0\npaths:\n  /a: \"1\n", "line ");
}

#[test]
fn an_alias_within_what_it_names_is_refused() {
    refused(
        "openapi: 3.1.0\nx: &x\n  y: *x\n",
        "an alias stands within what it names at /x/y, line 3",
    );
    refused("openapi: 3.1.0\nx: *x\n", "line 2");
}

#[test]
fn aliases_are_bounded_by_the_values_and_the_text_that_they_produce() {
    let mut bomb = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        let _ = writeln!(bomb, "a{level}: &a{level} [{before}x]");
    }
    refused(&bomb, "values at /a");
    let mut long = format!("openapi: 3.1.0\na: &a {}\nb:\n", "x".repeat(1_000_000));
    for _ in 0..200 {
        long.push_str("  - *a\n");
    }
    refused(&long, "values at /b/");
    let mut merged = "openapi: 3.1.0\nm0: &m0 {a: 1, b: 2}\n".to_owned();
    for level in 1..40 {
        let _ = writeln!(
            merged,
            "m{level}: &m{level} {{c: [*m{0}, *m{0}], <<: *m{0}}}",
            level - 1
        );
    }
    refused(&merged, "more than ");
}

#[test]
fn aliases_cannot_nest_deeper_than_text() {
    let mut deep = "openapi: 3.1.0\na0: &a0 {x: 1}\n".to_owned();
    for level in 1..120 {
        let _ = writeln!(deep, "a{level}: &a{level} {{x: *a{}}}", level - 1);
    }
    refused(&deep, "more than 100 levels of nesting at /a100/x");
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    let n = 100_000;
    let mut indented = "openapi: 3.1.0\n".to_owned();
    for level in 0..2_000 {
        let _ = writeln!(indented, "{}a:", " ".repeat(level));
    }
    refused(&indented, "levels of nesting");
    for deep in [
        "- ".repeat(n),
        "? ".repeat(n),
        "a: {".repeat(n),
        "&a [".repeat(n),
        "!!seq [".repeat(n),
        "[a: ".repeat(n),
        "[? ".repeat(n),
        "[\n".repeat(n),
        "- [".repeat(n),
    ] {
        refusal(&deep);
        refusal(&format!("openapi: 3.1.0\nx:\n {deep}"));
    }
}

/// Checks on which line the first finding stands when `new` follows `old`.
#[track_caller]
fn line(old: &str, new: &str, pointer: &str, expected: u32) {
    let read =
        |text: &str| Document::parse("api.yaml", text).unwrap_or_else(|error| panic!("{error:?}"));
    let findings = diff(&read(old), &read(new), TODAY);
    let places = findings
        .iter()
        .filter_map(|finding| finding.revision.as_ref());
    let places: Vec<_> = places
        .map(|place| (place.pointer.as_str(), place.line))
        .collect();
    assert!(places.contains(&(pointer, Some(expected))), "{places:?}");
}

const SCHEMA: &str = "/paths/~1a/get/responses/200/content/application~1json/schema";

#[test]
fn what_an_alias_brings_has_the_line_where_it_is_written() {
    let text = |kind: &str| {
        let before =
            format!("x-one: &one\n  type: object\n  properties:\n    b: {{type: {kind}}}\n");
        response(&before, "                  a: *one\n")
    };
    let pointer = format!("{SCHEMA}/properties/a/properties/b");
    line(&text("string"), &text("integer"), &pointer, 4);
}

#[test]
fn what_a_merge_key_brings_has_the_line_where_it_is_written() {
    let text = |kind: &str| {
        let before = format!("x-one: &one\n  b:\n    type: {kind}\n");
        response(&before, "                  <<: [{c: {}}, *one]\n")
    };
    let pointer = format!("{SCHEMA}/properties/b");
    line(&text("string"), &text("integer"), &pointer, 2);
}

#[test]
fn places_in_braces_have_their_own_lines() {
    let text = |kind: &str| {
        response(
            "",
            &format!(
                "                  {{a: {{type: string}},\n                  b: {{type: {kind}}}}}\n"
            ),
        )
    };
    let pointer = format!("{SCHEMA}/properties/b");
    line(&text("string"), &text("integer"), &pointer, 14);
}

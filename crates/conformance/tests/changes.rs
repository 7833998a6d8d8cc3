//! The change classifier, on pairs of documents with known verdicts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use conformance::diff::{Document, Policy, diff, rules};
use conformance::report::{Finding, Level};
use serde::Deserialize;
use serde_json::{Value, json};

/// A pair of documents, given by the part that differs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The versions of both documents.
    openapi: Option<Pair>,
    /// The schema of the body of `POST /things`.
    request: Option<Pair>,
    /// The schema of the 200 response of `GET /things`.
    response: Option<Pair>,
    /// The schema of the query parameter `q` of `GET /things`.
    query: Option<Pair>,
    /// The operation `GET /things`.
    get: Option<Pair>,
    /// The operation `POST /things`.
    post: Option<Pair>,
    /// The whole document but for its version and title.
    document: Option<Pair>,
    /// `components.schemas` of both documents.
    schemas: Option<Pair>,
    verdict: Verdict,
    /// Identifiers at the level of the verdict, or all of them if none is
    /// worse than a note. Left out where only the verdict matters.
    ids: Option<BTreeSet<String>>,
}

type Pair = (Value, Value);

#[derive(Deserialize, Clone, Copy, PartialEq, Debug)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Breaking,
    Warning,
    Harmless,
}

impl Case {
    fn document(&self, new: bool) -> Value {
        let pick = |pair: &Option<Pair>| {
            let (old, revised) = pair.as_ref()?;
            Some(if new { revised.clone() } else { old.clone() })
        };
        let version = pick(&self.openapi).unwrap_or_else(|| json!("3.1.0"));
        let mut document = pick(&self.document).unwrap_or_else(|| json!({ "paths": {} }));
        document["openapi"] = version;
        document["info"] = json!({ "title": "Things", "version": "1" });
        let ok = json!({ "204": { "description": "done" } });
        if let Some(schema) = pick(&self.request) {
            document["paths"]["/things"]["post"] = json!({
                "requestBody": { "content": { "application/json": { "schema": schema } } },
                "responses": ok,
            });
        }
        if let Some(schema) = pick(&self.response) {
            document["paths"]["/things"]["get"] = json!({ "responses": { "200": {
                "description": "the thing",
                "content": { "application/json": { "schema": schema } },
            } } });
        }
        if let Some(schema) = pick(&self.query) {
            document["paths"]["/things"]["get"] = json!({
                "parameters": [{ "in": "query", "name": "q", "schema": schema }],
                "responses": ok,
            });
        }
        for (method, pair) in [("get", &self.get), ("post", &self.post)] {
            if let Some(mut operation) = pick(pair) {
                if operation.get("responses").is_none() {
                    operation["responses"] = ok.clone();
                }
                document["paths"]["/things"][method] = operation;
            }
        }
        if let Some(schemas) = pick(&self.schemas) {
            document["components"]["schemas"] = schemas;
        }
        document
    }
}

fn parse(source: &str, value: &Value) -> Document {
    Document::parse(source, &value.to_string()).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diff");
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("the corpus is there")
        .map(|entry| entry.expect("the corpus can be listed").path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("the corpus can be read");
        let here: Vec<Case> = yaml_serde::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let subject = file.file_stem().unwrap_or_default().to_string_lossy();
        cases.extend(here.into_iter().map(|case| Case {
            name: format!("{subject}: {}", case.name),
            ..case
        }));
    }
    cases
}

fn changes(case: &Case) -> Vec<Finding> {
    let base = parse("base", &case.document(false));
    let revision = parse("revision", &case.document(true));
    diff(&base, &revision, "2030-01-31")
}

#[test]
fn every_pair_has_its_verdict_and_ids() {
    let mut wrong = String::new();
    let all = cases();
    for case in &all {
        let findings = changes(case);
        let worst = findings.iter().map(|finding| finding.level).max();
        let verdict = match worst {
            Some(Level::Error) => Verdict::Breaking,
            Some(Level::Warning) => Verdict::Warning,
            _ => Verdict::Harmless,
        };
        let ids: BTreeSet<String> = findings
            .iter()
            .filter(|finding| Some(finding.level) == worst)
            .map(|finding| finding.id.clone())
            .collect();
        if verdict != case.verdict || case.ids.as_ref().is_some_and(|expected| *expected != ids) {
            let _ = writeln!(
                wrong,
                "\n{}: {verdict:?} {ids:?}, expected {:?} {:?}",
                case.name, case.verdict, case.ids
            );
            for finding in findings {
                let _ = writeln!(
                    wrong,
                    "    {} {} {}",
                    finding.level, finding.id, finding.message
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(
        all.len() >= 1_000,
        "the corpus has lost cases: {}",
        all.len()
    );
}

#[test]
fn a_document_against_itself_has_no_changes() {
    for case in cases() {
        let document = case.document(true);
        let findings = diff(
            &parse("base", &document),
            &parse("revision", &document),
            "2030-01-31",
        );
        assert!(findings.is_empty(), "{}: {findings:?}", case.name);
    }
}

#[test]
fn every_id_and_pointer_that_is_reported_exists() {
    let known = rules::all();
    for case in cases() {
        for finding in changes(&case) {
            assert!(
                known.contains_key(&finding.id),
                "{} is not in the table",
                finding.id
            );
            for (place, new) in [(&finding.base, false), (&finding.revision, true)] {
                let Some(place) = place else { continue };
                assert!(
                    case.document(new).pointer(&place.pointer).is_some(),
                    "{}: {} points nowhere: {}",
                    case.name,
                    finding.id,
                    place.pointer
                );
            }
        }
    }
}

/// Checks that every place that is reported has the line that its key stands on.
fn lines_are_those_of_keys(write: impl Fn(&Value) -> String) {
    for case in cases() {
        let texts = [false, true].map(|new| write(&case.document(new)));
        let [base, revision] = texts
            .each_ref()
            .map(|text| Document::parse("x", text).expect("the document is valid"));
        for finding in diff(&base, &revision, "2030-01-31") {
            for (place, text) in [(&finding.base, &texts[0]), (&finding.revision, &texts[1])] {
                let Some(place) = place else { continue };
                let number = place.line.expect("every place is on a line") as usize;
                let line = text.lines().nth(number - 1).unwrap_or_default();
                let token = place.pointer.rsplit('/').next().unwrap_or_default();
                let key = token.replace("~1", "/").replace("~0", "~");
                let element = token.parse::<usize>().is_ok();
                assert!(
                    line.contains(&key) || element,
                    "{}: {} is not on line {number}: {line}",
                    case.name,
                    place.pointer
                );
            }
        }
    }
}

#[test]
fn places_in_json_have_lines() {
    lines_are_those_of_keys(|document| format!("{document:#}"));
}

#[test]
fn places_in_yaml_have_lines() {
    lines_are_those_of_keys(|document| yaml_serde::to_string(document).expect("JSON is YAML"));
}

#[test]
fn the_table_of_ids_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/changes.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, rules::table()).expect("docs/changes.md can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == rules::table(),
        "docs/changes.md is stale: UPDATE=1 cargo test -p web1on1-conformance --test changes"
    );
}

/// The message with its sources.
fn refusal(text: &str) -> String {
    let error = Document::parse("api.yaml", text).expect_err("the document must be refused");
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        let _ = write!(message, ": {cause}");
        source = cause.source();
    }
    message
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let message = refusal(text);
    assert!(
        message.contains(expected),
        "{expected:?} is not said: {message}"
    );
}

#[test]
fn a_duplicate_key_is_refused_with_its_place() {
    refused(
        r#"{"openapi": "3.1.0", "paths": {"/a": {"get": {}, "get": {}}}}"#,
        "the key `get` stands twice at /paths/~1a",
    );
    refused("openapi: 3.1.0\npaths:\n  /a: {}\n  /a: {}\n", "`/a`");
}

#[test]
fn a_dangling_reference_is_refused_with_its_place() {
    refused(
        r##"{"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}}}}"##,
        "api.yaml#/components/schemas/A: the reference `#/components/schemas/B` leads nowhere",
    );
}

/// Checks that a document can be read.
#[track_caller]
fn is_read(document: &Value) {
    if let Err(error) = Document::parse("api.yaml", &document.to_string()) {
        panic!("{error}");
    }
}

#[test]
fn what_is_data_is_no_reference() {
    let elsewhere = json!({"$ref": "https://api.example/users/1"});
    is_read(&json!({"openapi": "3.1.0", "components": {
        "examples": {"user": {"value": {"members": [elsewhere]}}},
        "schemas": {"A": {
            "default": elsewhere, "enum": [elsewhere], "const": elsewhere,
            "properties": {"$ref": {"type": "string"}, "example": {"type": "object"}},
            "example": {"inner": elsewhere}, "x-source": elsewhere,
        }},
    }}));
}

#[test]
fn references_with_unlucky_names_are_followed() {
    let round = json!({"$ref": "#/paths/~1a/get/responses/default"});
    let responses = json!({"paths": {"/a": {"get": {"responses": {"default": round}}}}});
    let missing = json!({"$ref": "#/components/schemas/B"});
    let schemas = |name: &str| json!({"components": {"schemas": {name: missing}}});
    let property = json!({"components": {"schemas": {"A": {"properties": {"x-a": missing}}}}});
    let extension = json!({
        "components": {"schemas": {"A": {"$ref": "#/x-schemas/A"}}},
        "x-schemas": {"A": {"items": missing}},
    });
    for (mut document, expected) in [
        (responses, "only ever leads to itself"),
        (schemas("default"), "leads nowhere"),
        (schemas("x-a"), "leads nowhere"),
        (property, "leads nowhere"),
        (extension, "leads nowhere"),
    ] {
        document["openapi"] = "3.1.0".into();
        refused(&document.to_string(), expected);
    }
}

#[test]
fn callbacks_that_lead_back_are_compared_once() {
    let item = json!({"$ref": "#/paths/~1a"});
    let document = |kind: &str| {
        json!({"openapi": "3.1.0", "paths": {"/a": {"post": {
            "responses": {"200": {"description": "Done"}},
            "parameters": [{"name": "q", "in": "query", "schema": {"type": kind}}],
            "callbacks": {"one": {"{$url}": item}, "two": {"{$url}": item, "x-note": "data"}},
        }}}})
    };
    let parse = |document: Value| Document::parse("api.yaml", &document.to_string());
    let base = parse(document("string")).expect("is a document");
    let revision = parse(document("integer")).expect("is a document");
    let findings = diff(&base, &revision, "2030-01-31");
    assert!((1..=4).contains(&findings.len()), "{findings:?}");
}

#[test]
fn properties_that_are_no_object_are_refused() {
    refused(
        r#"{"openapi": "3.1.0", "components": {"schemas": {"A": {"properties": ["a"]}}}}"#,
        "`properties` must be an object",
    );
}

#[test]
fn a_reference_to_another_file_is_refused() {
    refused(
        r#"{"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": "b.yaml#/B"}}}}"#,
        "bundle the document first",
    );
}

#[test]
fn references_that_go_round_in_a_circle_are_refused() {
    refused(
        r##"{"openapi": "3.0.0", "components": {"schemas": {
            "A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}}}"##,
        "only ever leads to itself",
    );
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(
        "{{\"openapi\": \"3.1.0\", \"x\": {}1{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    refused(&deep, "nesting");
    for deep in [
        format!("x: {}1{}", "[".repeat(5_000), "]".repeat(5_000)),
        format!("x: {}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("x: {}1", "{a: ".repeat(100_000)),
        format!("x:\n  {}1", "- ".repeat(100_000)),
        format!("x: {}1{}", "[".repeat(150), "]".repeat(150)),
    ] {
        refused(&format!("openapi: 3.1.0\n{deep}\n"), "levels of nesting");
    }
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        let _ = writeln!(bomb, "a{level}: &a{level} [{before}x]");
    }
    refusal(&bomb);
}

#[test]
fn other_versions_are_refused() {
    refused("info: {}\n", "`openapi` is missing");
    refused("openapi: 4.0.0\n", "OpenAPI 3.0 and 3.1");
}

#[test]
fn what_is_no_document_is_named() {
    refused("swagger: '2.0'\n", "api.yaml is a Swagger 2.0 document");
    refused("\u{feff} \n", "api.yaml is empty");
    refused(
        "<!doctype html><p>Docs",
        "name the JSON or YAML document itself",
    );
    refused(
        "openapi: 3.1\n",
        "`openapi` is the number 3.1; write a text",
    );
    refused("- openapi\n", "api.yaml is not an object");
    refused("just text", "api.yaml is not an object");
}

#[test]
fn statuses_without_quotes_are_read() {
    Document::parse(
        "a.yaml",
        "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        200:\n          description: fine\n",
    )
    .expect("200 is a status");
}

#[test]
fn recursive_schemas_are_compared_once() {
    let tree = |bound: u32| {
        json!({
            "openapi": "3.1.0",
            "info": { "title": "Trees", "version": "1" },
            "paths": { "/trees": { "post": {
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Tree" } } } },
                "responses": {},
            } } },
            "components": { "schemas": { "Tree": {
                "type": "object",
                "properties": {
                    "size": { "type": "integer", "maximum": bound },
                    "left": { "$ref": "#/components/schemas/Tree" },
                    "right": { "oneOf": [{ "$ref": "#/components/schemas/Tree" }, { "type": "null" }] },
                },
            } } },
        })
    };
    let findings = diff(
        &parse("base", &tree(9)),
        &parse("revision", &tree(8)),
        "2030-01-31",
    );
    let ids: Vec<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["request-property-max-decreased"]);
}

/// Operators whose operands are expressions again.
#[test]
fn a_union_of_many_that_hold_it_is_judged() {
    let document = |required: &[&str]| {
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let names: Vec<String> = (0..14).map(|number| format!("Op{number}")).collect();
        let mut schemas = serde_json::Map::new();
        for name in &names {
            let operand = reference("Expression");
            let own = if name == "Op3" { required } else { &["left"] };
            schemas.insert(
                name.clone(),
                json!({
                    "type": "object",
                    "properties": {
                        "left": operand, "right": operand, "n": { "type": "integer" },
                        "all": { "type": "array", "minItems": 1, "items": operand },
                    },
                    "required": own,
                }),
            );
        }
        let mut any: Vec<Value> = names.iter().map(|name| reference(name)).collect();
        any.push(json!({ "type": "string" }));
        schemas.insert("Expression".to_owned(), json!({ "oneOf": any }));
        json!({
            "openapi": "3.1.0",
            "paths": { "/e": { "post": {
                "requestBody": { "content": { "application/json": { "schema": reference("Expression") } } },
                "responses": {},
            } } },
            "components": { "schemas": schemas },
        })
    };
    let findings = diff(
        &parse("base", &document(&["left"])),
        &parse("revision", &document(&["left", "n"])),
        "2030-01-31",
    );
    let ids: BTreeSet<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(
        ids,
        BTreeSet::from(["request-property-became-required"]),
        "{findings:?}"
    );
}

#[test]
fn a_large_document_is_judged_completely() {
    let document = |bound: usize| {
        let mut schemas = serde_json::Map::new();
        let mut paths = serde_json::Map::new();
        for index in 0..2_000 {
            let next = format!("#/components/schemas/S{}", (index * 7 + 1) % 2_000);
            schemas.insert(
                format!("S{index}"),
                json!({
                    "type": "object",
                    "description": "x".repeat(1_500),
                    "properties": {
                        "n": { "type": "integer", "maximum": if index == 1_000 { bound } else { 5 } },
                        "next": { "$ref": next },
                        "either": { "oneOf": [{ "$ref": next }, { "type": "string" }] },
                    },
                }),
            );
            paths.insert(
                format!("/s{index}"),
                json!({ "post": {
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": next } } } },
                    "responses": {},
                } }),
            );
        }
        json!({ "openapi": "3.1.0", "paths": paths, "components": { "schemas": schemas } })
    };
    let findings = diff(
        &parse("base", &document(9)),
        &parse("revision", &document(8)),
        "2030-01-31",
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding.id == "request-property-max-decreased")
    );
}

/// A document in which every schema is sent to an operation of its own.
fn sent(schemas: &Value) -> Value {
    let names = schemas.as_object().expect("an object").keys();
    let paths: serde_json::Map<String, Value> = names
        .map(|name| {
            let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
            let post = json!({
                "requestBody": { "content": { "application/json": { "schema": schema } } },
                "responses": {},
            });
            (format!("/{name}"), json!({ "post": post }))
        })
        .collect();
    json!({ "openapi": "3.1.0", "paths": paths, "components": { "schemas": schemas } })
}

fn reference(number: usize) -> Value {
    json!({ "$ref": format!("#/components/schemas/S{number}") })
}

/// Schemas by number, made from that and from the bound that differs.
fn many(count: usize, make: impl Fn(usize, u32) -> Value) -> [Value; 2] {
    [9, 8].map(|bound| {
        let schemas = (0..count).map(|number| (format!("S{number}"), make(number, bound)));
        sent(&Value::Object(schemas.collect()))
    })
}

/// Checks that nothing but one lowered bound is found, once, and in how many
/// operations besides the one that is named.
#[track_caller]
fn one_cause([base, revision]: [Value; 2], also: usize) {
    let findings = diff(
        &parse("base", &base),
        &parse("revision", &revision),
        "2030-01-31",
    );
    let found: Vec<(&str, usize)> = findings
        .iter()
        .map(|finding| (finding.id.as_str(), finding.also.len()))
        .collect();
    assert_eq!(found, [("request-property-max-decreased", also)]);
}

#[test]
fn a_long_ring_of_schemas_is_compared_to_its_end() {
    let ring = |number: usize, bound: u32| {
        let bound = if number == 400 { bound } else { 7 };
        json!({ "type": "object", "properties": {
            "next": reference((number + 1) % 500),
            "n": { "type": "integer", "maximum": bound },
        } })
    };
    one_cause(many(500, ring), 499);
}

#[test]
fn a_type_that_every_schema_uses_is_one_cause() {
    let mesh = |number: usize, bound: u32| {
        if number == 0 {
            return json!({ "type": "object", "properties": {
                "n": { "type": "integer", "maximum": bound },
            } });
        }
        let properties = (0..250)
            .map(|other| (format!("p{other}"), reference((number + other) % 250)))
            .collect();
        json!({ "type": "object", "properties": Value::Object(properties) })
    };
    one_cause(many(250, mesh), 249);
}

#[test]
fn unions_of_recursive_schemas_are_compared() {
    let unions = |number: usize, bound: u32| {
        let union = |step: usize| {
            let all: Vec<Value> = (0..6)
                .map(|other| reference((number * step + other * 7 + 1) % 80))
                .collect();
            json!({ "oneOf": all })
        };
        json!({ "type": "object", "required": ["kind"], "properties": {
            "kind": { "const": number },
            "a": union(3), "b": union(5), "c": union(11),
            "n": { "type": "integer", "maximum": if number == 40 { bound } else { 7 } },
        } })
    };
    one_cause(many(80, unions), 79);
}

/// Two unions that must both match, each of so many alternatives.
fn product(alternatives: usize, bound: u32) -> Value {
    let union = |property: &str| {
        let all = (0..alternatives).map(|number| {
            let limit = if number == 3 { bound } else { 7 };
            json!({ "type": "object", "required": [property], "properties": {
                property: { "const": number },
                "n": { "type": "integer", "maximum": limit },
            } })
        });
        json!({ "oneOf": all.collect::<Vec<_>>() })
    };
    sent(&json!({ "S": { "allOf": [union("a"), union("b")] } }))
}

#[test]
fn products_of_unions_are_compared() {
    let [base, revision] = [9, 6].map(|bound| parse("api.json", &product(9, bound)));
    let findings = diff(&base, &revision, "2030-01-31");
    let worst = findings.first().map(|finding| finding.id.as_str());
    assert_eq!(
        worst,
        Some("request-property-max-decreased"),
        "{findings:?}"
    );
}

#[test]
fn a_product_that_is_too_large_is_said_not_to_be_compared() {
    let [base, revision] = [9, 6].map(|bound| parse("api.json", &product(40, bound)));
    assert_eq!(diff(&base, &base, "2030-01-31"), []);
    let findings = diff(&base, &revision, "2030-01-31");
    let ids: BTreeSet<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    assert!(ids.contains("request-body-not-compared"), "{ids:?}");
}

#[test]
fn unions_of_many_alternatives_are_compared() {
    let union = |last: usize| {
        let all: Vec<Value> = (0..last)
            .map(|number| {
                json!({ "type": "object", "required": ["kind"], "properties": {
                "kind": { "const": number }, "n": { "type": "integer" },
            } })
            })
            .collect();
        parse("api.json", &sent(&json!({ "S": { "oneOf": all } })))
    };
    let findings = diff(&union(200), &union(199), "2030-01-31");
    let ids: Vec<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["request-body-one-of-removed"]);
}

/// Kinds that share a part, each told from the others by its `type`, in an order.
fn kinds(order: &[&str], mark: impl Fn(Value) -> Value) -> Value {
    let mut schemas = serde_json::Map::new();
    let part = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    schemas.insert("Part".to_owned(), mark(part));
    for name in order {
        let own = json!({ "type": "object", "required": ["type"], "properties": {
            "type": { "type": "string", "enum": [name] },
            "inner": { "$ref": "#/components/schemas/Kind" },
        } });
        let parts = [own, json!({ "$ref": "#/components/schemas/Part" })];
        schemas.insert((*name).to_owned(), mark(json!({ "allOf": parts })));
    }
    let all: Vec<Value> = order
        .iter()
        .map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }))
        .collect();
    schemas.insert("Kind".to_owned(), mark(json!({ "anyOf": all })));
    sent(&Value::Object(schemas))
}

#[test]
fn order_names_and_notes_of_alternatives_are_no_change() {
    let base = kinds(&["A", "B", "C"], |schema| schema);
    let noted = |mut schema: Value| {
        schema["description"] = "Another one.".into();
        schema["unheardOf"] = json!({ "$ref": "elsewhere" });
        schema
    };
    for revision in [
        kinds(&["C", "A", "B"], |schema| schema),
        kinds(&["A", "B", "C"], noted),
    ] {
        let findings = diff(
            &parse("base", &base),
            &parse("revision", &revision),
            "2030-01-31",
        );
        assert_eq!(findings, []);
    }
}

#[test]
fn a_new_alternative_is_compared_with_no_other() {
    let base = kinds(&["A", "B"], |schema| schema);
    let revision = kinds(&["C", "B", "A"], |schema| schema);
    let findings = diff(
        &parse("base", &base),
        &parse("revision", &revision),
        "2030-01-31",
    );
    let ids: BTreeSet<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
    let expected = ["endpoint-added", "request-body-one-of-added"];
    assert_eq!(ids, BTreeSet::from(expected), "{findings:?}");
}

fn policy_on(policy: &str, today: &str) -> Vec<(String, Level)> {
    let old = json!({ "openapi": "3.1.0", "paths": { "/a": { "get": {} }, "/b": { "get": {} } } });
    let new = json!({ "openapi": "3.1.0", "paths": { "/b": { "get": {} } } });
    let findings = diff(&parse("base", &old), &parse("revision", &new), today);
    let policy = Policy::parse(policy).expect("the policy is valid");
    policy
        .apply(findings, today)
        .into_iter()
        .map(|finding| (finding.id, finding.level))
        .collect()
}

const ACCEPTED: &str = r#"
[[ignore]]
id = "api-path-removed-without-deprecation"
operation = "GET /*"
pointer = "/paths/*"
reason = "nobody ever called it"
expires = "2030-02-01"
"#;

#[test]
fn an_ignored_change_is_not_reported() {
    assert_eq!(policy_on(ACCEPTED, "2030-01-31"), []);
}

#[test]
fn a_change_is_ignored_for_the_operations_that_are_named() {
    let [base, revision] = many(3, |number, bound| {
        if number == 0 {
            json!({ "type": "integer", "maximum": bound })
        } else {
            json!({ "type": "array", "items": reference(0) })
        }
    });
    let [base, revision] = [base, revision].map(|value| parse("api.json", &value));
    let left = |operation: &str| -> Vec<String> {
        let policy = format!(
            "[[ignore]]\nid = \"request-body-max-decreased\"\nreason = \"agreed\"\noperation = \"{operation}\""
        );
        let policy = Policy::parse(&policy).expect("the policy is valid");
        let findings = policy.apply(diff(&base, &revision, "2030-01-31"), "2030-01-31");
        let operations = findings.into_iter();
        operations
            .flat_map(|finding| finding.operation.into_iter().chain(finding.also))
            .collect()
    };
    assert_eq!(left("POST /S1"), ["POST /S0", "POST /S2"]);
    assert_eq!(left("POST /S0"), ["POST /S1", "POST /S2"]);
    assert_eq!(left("POST /*"), [""; 0]);
}

#[test]
fn an_expired_entry_ignores_nothing_and_is_reported() {
    assert_eq!(
        policy_on(ACCEPTED, "2030-02-01"),
        [
            (
                "api-path-removed-without-deprecation".to_owned(),
                Level::Error
            ),
            ("ignore-expired".to_owned(), Level::Warning),
        ]
    );
}

#[test]
fn an_entry_that_matches_nothing_is_reported() {
    let other = ACCEPTED.replace("GET /*", "PUT /*");
    let ids: Vec<String> = policy_on(&other, "2030-01-31")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(
        ids,
        ["api-path-removed-without-deprecation", "ignore-unused"]
    );
}

#[test]
fn a_level_can_be_overridden() {
    let levels = "[levels]\napi-path-removed-without-deprecation = \"info\"\n";
    assert_eq!(
        policy_on(levels, "2030-01-31"),
        [(
            "api-path-removed-without-deprecation".to_owned(),
            Level::Info
        )]
    );
    let none = "[levels]\napi-path-removed-without-deprecation = \"none\"\n";
    assert_eq!(policy_on(none, "2030-01-31"), []);
}

#[test]
fn a_policy_names_known_ids_and_gives_reasons() {
    assert!(Policy::parse("[levels]\nno-such-id = \"info\"\n").is_err());
    assert!(Policy::parse(&ACCEPTED.replace("nobody ever called it", " ")).is_err());
    assert!(Policy::parse(&ACCEPTED.replace("2030-02-01", "soon")).is_err());
    assert!(Policy::default().set_level("api-tag-added").is_err());
}

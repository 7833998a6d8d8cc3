//! Documents that consist of several files.

use std::collections::HashMap;
use std::fmt::Write as _;

use openapi_diff::{Document, DocumentError, Finding, SourceText, Url, diff};

use crate::TODAY;
use crate::reading::told;

/// Reads the first of some files, named by their URLs or by their paths below `/api`.
fn load(files: &[(&str, &str)]) -> Result<Document, DocumentError> {
    let base = Url::parse("file:///api/").expect("is a URL");
    let at = |name: &str| base.join(name).expect("is a URL");
    let source = |url: &Url| base.make_relative(url).unwrap_or(url.to_string());
    let known: HashMap<Url, &str> = files.iter().map(|(name, text)| (at(name), *text)).collect();
    let read = |url: &Url| {
        let text = known.get(url)?;
        Some(SourceText {
            source: source(url),
            url: url.clone(),
            text: (*text).to_owned(),
        })
    };
    let root = read(&at(files[0].0)).expect("the first file is there");
    Document::load(root, &mut |referred| {
        read(referred.url).ok_or_else(|| format!("there is no {}", referred.url).into())
    })
}

#[track_caller]
pub(crate) fn loaded(files: &[(&str, &str)]) -> Document {
    load(files).unwrap_or_else(|error| panic!("{}", told(&error)))
}

/// Checks that some files are the document that one text is.
#[track_caller]
pub(crate) fn same(files: &[(&str, &str)], bundled: &str) {
    let split = loaded(files);
    let bundled = Document::parse("bundled.yaml", bundled).expect("the text is a document");
    for (base, revision) in [(&split, &bundled), (&bundled, &split)] {
        let findings = diff(base, revision, TODAY);
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

#[track_caller]
pub(crate) fn refused(files: &[(&str, &str)], expected: &str) {
    let error = load(files).expect_err("the document must be refused");
    let message = told(&error);
    assert!(
        message.contains(expected),
        "{expected:?} is not said: {message}"
    );
}

/// A document with one operation that answers this schema.
pub(crate) fn api(schema: &str, rest: &str) -> String {
    format!(
        "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n          description: Done\n          content:\n            application/json:\n              schema: {schema}\n{rest}"
    )
}

pub(crate) const PET: &str =
    "type: object\nrequired: [name]\nproperties:\n  name: {type: string}\n";

/// The same as a component.
pub(crate) const COMPONENT: &str = "components: {schemas: {Pet: {type: object, required: [name], properties: {name: {type: string}}}}}\n";

fn pet(kind: &str) -> String {
    PET.replace("string", kind)
}

#[test]
fn a_file_is_a_schema() {
    same(
        &[
            ("api.yaml", &api("{$ref: schemas/Pet.yaml}", "")),
            ("schemas/Pet.yaml", PET),
        ],
        &api("{$ref: '#/components/schemas/Pet'}", COMPONENT),
    );
}

#[test]
fn a_schema_is_called_as_its_file_without_the_ending() {
    same(
        &[
            ("api.yaml", &api("{$ref: schemas/shop.pet.json}", "")),
            ("schemas/shop.pet.json", r#"{"type": "string"}"#),
        ],
        &api(
            "{$ref: '#/components/schemas/shop.pet'}",
            "components: {schemas: {shop.pet: {type: string}}}\n",
        ),
    );
}

#[test]
fn a_component_is_a_file_and_keeps_its_name() {
    let components = "components:\n  schemas:\n    Dog: {$ref: './dog.yaml'}\n    Cat: {$ref: 'more.json#/Cat'}\n    Pet:\n      oneOf: [{$ref: dog.yaml}, {$ref: '#/components/schemas/Cat'}]\n      discriminator:\n        propertyName: kind\n        mapping: {dog: dog.yaml, cat: '#/components/schemas/Cat'}\n";
    let bundled = "components:\n  schemas:\n    Dog: {type: object, required: [kind], properties: {kind: {const: dog}, friend: {$ref: '#/components/schemas/Pet'}}}\n    Cat: {type: object, required: [kind], properties: {kind: {const: cat}}}\n    Pet:\n      oneOf: [{$ref: '#/components/schemas/Dog'}, {$ref: '#/components/schemas/Cat'}]\n      discriminator:\n        propertyName: kind\n        mapping: {dog: '#/components/schemas/Dog', cat: '#/components/schemas/Cat'}\n";
    let pet = "{$ref: '#/components/schemas/Pet'}";
    same(
        &[
            ("api.yaml", &api(pet, components)),
            (
                "dog.yaml",
                "type: object\nrequired: [kind]\nproperties:\n  kind: {const: dog}\n  friend: {$ref: 'api.yaml#/components/schemas/Pet'}\n",
            ),
            (
                "more.json",
                r#"{"Cat": {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "cat"}}}}"#,
            ),
        ],
        &api(pet, bundled),
    );
}

#[test]
fn path_items_parameters_and_responses_are_files() {
    let split = [
        (
            "api.yaml",
            "openapi: 3.0.3\npaths:\n  /a: {$ref: 'paths/a.yaml'}\n  /b: {$ref: 'paths.yaml#/~1b'}\n",
        ),
        (
            "paths/a.yaml",
            "get:\n  parameters: [{$ref: ../parameters/limit.yaml}]\n  responses:\n    '200': {$ref: '../responses.yaml#/ok'}\n",
        ),
        (
            "parameters/limit.yaml",
            "name: limit\nin: query\nschema: {type: integer}\n",
        ),
        (
            "responses.yaml",
            "ok:\n  description: Done\n  headers:\n    X-A: {$ref: '#/header'}\nheader: {schema: {type: string}}\n",
        ),
        (
            "paths.yaml",
            "/b:\n  get:\n    responses:\n      '204': {description: Done}\n",
        ),
    ];
    same(
        &split,
        "openapi: 3.0.3\npaths:\n  /a:\n    get:\n      parameters: [{name: limit, in: query, schema: {type: integer}}]\n      responses:\n        '200':\n          description: Done\n          headers: {X-A: {schema: {type: string}}}\n  /b:\n    get:\n      responses:\n        '204': {description: Done}\n",
    );
}

#[test]
fn files_may_refer_to_each_other_in_circles() {
    same(
        &[
            ("api.yaml", &api("{$ref: a.yaml}", "")),
            ("a.yaml", "type: object\nproperties:\n  b: {$ref: b.yaml}\n"),
            (
                "b.yaml",
                "type: object\nproperties:\n  a: {$ref: a.yaml}\n  own: {$ref: '#'}\n",
            ),
        ],
        &api(
            "{$ref: '#/components/schemas/a'}",
            "components:\n  schemas:\n    a: {type: object, properties: {b: {$ref: '#/components/schemas/b'}}}\n    b: {type: object, properties: {a: {$ref: '#/components/schemas/a'}, own: {$ref: '#/components/schemas/b'}}}\n",
        ),
    );
    refused(
        &[
            ("api.yaml", &api("{$ref: a.yaml}", "")),
            ("a.yaml", "$ref: b.yaml"),
            ("b.yaml", "$ref: a.yaml"),
        ],
        "only ever leads to itself",
    );
}

#[test]
fn the_scope_of_a_pointer_is_its_own_file() {
    let other = "openapi: 3.1.0\npaths: {}\ncomponents:\n  schemas:\n    A: {$ref: '#/components/schemas/B'}\n    B: {type: integer}\n";
    same(
        &[
            (
                "api.yaml",
                &api(
                    "{$ref: 'other.yaml#/components/schemas/A'}",
                    "components: {schemas: {B: {type: string}}}\n",
                ),
            ),
            ("other.yaml", other),
        ],
        &api(
            "{type: integer}",
            "components: {schemas: {B: {type: string}}}\n",
        ),
    );
}

#[test]
fn references_are_relative_as_rfc_3986_has_it() {
    for reference in [
        "./x/../s%20p/Pet.yaml",
        "s%20p/Pet.yaml",
        "/api/s%20p/Pet.yaml",
        "file:///api/s%20p/Pet.yaml",
        "../api/s%20p/Pet.yaml",
        "../../../api/s%20p/Pet.yaml",
        "s p/Pet.yaml",
        "s%20p/Pet.yaml#",
    ] {
        same(
            &[
                ("api.yaml", &api(&format!("{{$ref: '{reference}'}}"), "")),
                ("s%20p/Pet.yaml", PET),
            ],
            &api("{$ref: '#/components/schemas/Pet'}", COMPONENT),
        );
    }
    let escaped = "{$ref: 'defs.yaml#/a~1b%7E0c%25/%C3%A9'}";
    same(
        &[
            ("api.yaml", &api(escaped, "")),
            ("defs.yaml", "a/b~c%: {é: {type: string}}\n"),
        ],
        &api("{type: string}", ""),
    );
}

#[test]
fn a_reference_that_is_none_is_refused() {
    refused(
        &[("api.yaml", &api("{$ref: 'http://[x/a'}", ""))],
        "api.yaml#/paths/~1a/get/responses/200/content/application~1json/schema: the reference `http://[x/a` is not understood",
    );
    refused(
        &[("api.yaml", &api("{$ref: '#/%ff'}", ""))],
        "has a fragment that is not UTF-8",
    );
}

#[test]
fn a_file_that_cannot_be_had_is_named_with_the_reference() {
    refused(
        &[
            ("api.yaml", &api("{$ref: a.yaml}", "")),
            ("a.yaml", "items: {$ref: gone.yaml}\n"),
        ],
        "a.yaml#/items: the reference `gone.yaml` cannot be followed: there is no file:///api/gone.yaml",
    );
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let root = api("{$ref: 'a.yaml#/A'}", "");
    for (text, expected) in [
        (
            "A: {$ref: '#/B'}\n",
            "a.yaml#/A: the reference `#/B` leads nowhere",
        ),
        ("B: {}\n", "the reference `a.yaml#/A` leads nowhere"),
        (
            "A: {properties: []}\n",
            "a.yaml#/A: `properties` must be an object",
        ),
        (
            "A: 1\nA: 2\n",
            "a.yaml is not a YAML document that can be used: the key `A` stands twice",
        ),
        (
            "{\"A\": }",
            "a.yaml is not a JSON document that can be used: ",
        ),
        ("<html>", "a.yaml is a page of HTML"),
        ("", "a.yaml is empty"),
        (
            "swagger: '2.0'\nA: {}\n",
            "a.yaml is a Swagger 2.0 document",
        ),
        (
            "openapi: 3.0.0\nA: {}\n",
            "a.yaml is of another version than api.yaml",
        ),
    ] {
        refused(&[("api.yaml", &root), ("a.yaml", text)], expected);
    }
}

#[test]
fn findings_have_the_place_in_their_own_file() {
    let root = api(
        "{$ref: '#/components/schemas/Pet'}",
        "components: {schemas: {Pet: {$ref: 'all.yaml#/Pet'}}}\n",
    );
    let read = |kind: &str| {
        let all = format!("# Pets\nPet:\n  {}", pet(kind).replace('\n', "\n  "));
        loaded(&[("api.yaml", &root), ("all.yaml", &all)])
    };
    let findings = diff(&read("string"), &read("integer"), TODAY);
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings.len(), 1, "{shown:?}");
    let place = findings[0].revision.as_ref().expect("there is a place");
    assert_eq!(place.to_string(), "all.yaml:6#/Pet/properties/name");
}

#[test]
fn findings_in_files_without_a_name_have_their_place_too() {
    let root = "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        '200': {$ref: 'answers.json#/200'}\n";
    let read = |kind: &str| {
        let answers = format!(
            "{{\n \"200\": {{\n  \"description\": \"Done\",\n  \"content\": {{\"text/plain\":\n   {{\"schema\": {{\"type\": \"{kind}\"}}}}}}\n }}\n}}"
        );
        loaded(&[("api.yaml", root), ("answers.json", &answers)])
    };
    let findings: Vec<Finding> = diff(&read("string"), &read("integer"), TODAY);
    let place = findings[0].revision.as_ref().expect("there is a place");
    assert_eq!(
        place.to_string(),
        "answers.json:5#/200/content/text~1plain/schema"
    );
}

#[test]
fn a_reference_where_openapi_has_none_is_refused() {
    for (text, key) in [
        ("openapi: 3.1.0\npaths: {$ref: paths.yaml}\n", "paths"),
        (
            "openapi: 3.1.0\npaths: {}\ncomponents: {$ref: c.yaml}\n",
            "components",
        ),
        (
            "openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {$ref: c.yaml}}\n",
            "schemas",
        ),
    ] {
        let expected = format!("`{key}` is a reference, where OpenAPI allows none");
        refused(&[("api.yaml", text)], &expected);
    }
}

#[test]
fn the_number_of_files_is_bounded() {
    let mut asked = 0;
    let root = SourceText {
        source: "api.yaml".to_owned(),
        url: Url::parse("file:///0.yaml").expect("is a URL"),
        text: api("{$ref: 1.yaml}", ""),
    };
    let error = Document::load(root, &mut |referred| {
        asked += 1;
        Ok(SourceText {
            source: referred.url.to_string(),
            url: referred.url.clone(),
            text: format!("items: {{$ref: {}.yaml}}", asked + 1),
        })
    })
    .expect_err("there is no end");
    assert!(
        told(&error).contains("one file more than 1000"),
        "{}",
        told(&error)
    );
    assert!(asked < 1_000, "{asked} files were asked for");
}

#[test]
fn a_file_that_is_reached_in_two_ways_is_one() {
    let mut asked = Vec::new();
    let root = SourceText {
        source: "api.yaml".to_owned(),
        url: Url::parse("http://a.example/api.yaml").expect("is a URL"),
        text: api(
            "{anyOf: [{$ref: old.yaml}, {$ref: new.yaml}, {$ref: 'old.yaml#'}]}",
            "",
        ),
    };
    Document::load(root, &mut |referred| {
        asked.push(referred.url.to_string());
        Ok(SourceText {
            source: "new.yaml".to_owned(),
            url: Url::parse("http://a.example/new.yaml").expect("is a URL"),
            text: PET.to_owned(),
        })
    })
    .unwrap_or_else(|error| panic!("{}", told(&error)));
    asked.sort();
    assert!(asked.len() <= 2, "{asked:?}");
}

#[test]
fn long_chains_of_references_are_refused() {
    let mut schemas = String::new();
    for index in 0..150 {
        let _ = write!(
            schemas,
            "S{index}: {{$ref: '#/components/schemas/S{}'}}, ",
            index + 1
        );
    }
    refused(
        &[(
            "api.yaml",
            &api(
                "{}",
                &format!("components: {{schemas: {{{schemas} S150: {{}}}}}}\n"),
            ),
        )],
        "more than 100 references follow each other",
    );
}

//! The files in `openapi/` are those that the contract derives.

use std::{collections::BTreeSet, env, fs, path::Path};

use contract::artefacts::{artefacts, artefacts_of};
use serde_json::Value;

const UPDATE: &str = "run `cargo run -- contract export`, or this test with UPDATE=1";

#[test]
fn committed_files_are_up_to_date() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi");
    if env::var_os("UPDATE").is_some() {
        fs::remove_dir_all(directory.join("schemas")).ok();
        fs::create_dir_all(directory.join("schemas")).unwrap();
        for artefact in artefacts() {
            fs::write(directory.join(artefact.path), artefact.content).unwrap();
        }
    }

    for artefact in artefacts() {
        let path = &artefact.path;
        let committed = fs::read_to_string(directory.join(path))
            .unwrap_or_else(|error| panic!("openapi/{path}: {error}; {UPDATE}"));
        if let Some((line, is, should)) = first_difference(&committed, &artefact.content) {
            panic!("openapi/{path}:{line} is\n  {is}\nand should be\n  {should}\n{UPDATE}");
        }
    }

    let expected: BTreeSet<_> = artefacts()
        .into_iter()
        .map(|artefact| artefact.path)
        .collect();
    for entry in directory.join("schemas").read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("schemas/{name}");
        assert!(
            expected.contains(&path),
            "openapi/{path} is derived from nothing; {UPDATE}"
        );
    }
}

fn first_difference<'a>(a: &'a str, b: &'a str) -> Option<(usize, &'a str, &'a str)> {
    const END: &str = "(the end of the file)";
    let lines = a.lines().count().max(b.lines().count());
    let line = |text: &'a str, index| text.lines().nth(index).unwrap_or(END);
    (a != b).then(|| {
        let index = (0..lines).find(|index| line(a, *index) != line(b, *index));
        index.map_or((lines, END, END), |index| {
            (index + 1, line(a, index), line(b, index))
        })
    })
}

#[test]
fn yaml_and_json_say_the_same() {
    let content = |path: &str| {
        artefacts()
            .into_iter()
            .find(|artefact| artefact.path == path)
            .unwrap()
            .content
    };
    let yaml: Value = yaml_serde::from_str(&content("openapi.yaml")).unwrap();
    let json: Value = serde_json::from_str(&content("openapi.json")).unwrap();
    assert_eq!(yaml, json);
}

/// What is below `openapi/schemas`, and the file with all of them, as JSON.
fn schemas() -> Vec<(String, Value)> {
    let schemas = artefacts()
        .into_iter()
        .filter(|artefact| artefact.path.starts_with("schemas"));
    schemas
        .map(|artefact| {
            let schema = serde_json::from_str(&artefact.content).expect("it is JSON");
            (artefact.path, schema)
        })
        .collect()
}

/// Checks the replies in the published document against their schemas, which `find`
/// compiles by name.
#[track_caller]
fn check_replies(find: impl Fn(&str) -> jsonschema::Validator) {
    let published = contract::published::document(None);
    let mut checked = 0;
    for operation in contract::catalogue() {
        let Some(document) = operation.reply.body.document() else {
            continue;
        };
        let path = operation.path.replace('~', "~0").replace('/', "~1");
        let method = operation.method.as_str().to_lowercase();
        let status = operation.status.as_str();
        let body = published.pointer(&format!(
            "/paths/{path}/{method}/responses/{status}/content/application~1json/example"
        ));
        let validator = find(&document.name);
        let is_list = document.root()["type"] == "array";
        let items = match body {
            // The schema is that of an element.
            Some(Value::Array(items)) if !is_list => items.as_slice(),
            Some(body) => std::slice::from_ref(body),
            None => continue,
        };
        for item in items {
            if let Some(error) = validator.iter_errors(item).next() {
                panic!("{}: {} of {item}", operation.id, error);
            }
            // A validator that follows no reference would accept this too.
            assert!(!validator.is_valid(&Value::from(true)), "{}", operation.id);
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} replies were checked");
}

#[test]
fn schemas_refer_to_each_other_by_where_they_are() {
    let schemas = schemas();
    let pairs = schemas
        .iter()
        .map(|(_, schema)| (schema["$id"].as_str().unwrap(), schema));
    let registry = jsonschema::Registry::new()
        .extend(pairs)
        .unwrap()
        .prepare()
        .unwrap();
    let compile = |schema: &Value| {
        jsonschema::draft202012::options()
            .with_registry(&registry)
            .build(schema)
    };
    for (path, schema) in &schemas {
        if let Err(error) = compile(schema) {
            panic!("openapi/{path}: {error}");
        }
    }
    check_replies(|name| {
        let path = format!("schemas/{name}.json");
        let (_, schema) = schemas.iter().find(|(of, _)| *of == path).unwrap();
        compile(schema).unwrap()
    });
}

#[test]
fn one_file_has_all_schemas_and_needs_no_other() {
    let (_, all) = schemas()
        .into_iter()
        .find(|(path, _)| path == "schemas.json")
        .unwrap();
    check_replies(|name| {
        let mut schema = all.clone();
        schema["$ref"] = format!("#/$defs/{name}").into();
        jsonschema::draft202012::new(&schema).unwrap()
    });
}

#[test]
fn no_schema_is_in_two_files() {
    for (path, schema) in schemas() {
        let definitions = schema["$defs"].as_object();
        assert!(
            path == "schemas.json" || definitions.is_none(),
            "openapi/{path} has definitions; they should be files of their own"
        );
    }
}

#[test]
fn a_server_that_is_named_is_the_only_one() {
    let artefacts = artefacts_of("1.2.3", Some("https://example.com/v2/"));
    let mut documents = 0;
    for artefact in &artefacts {
        let document: Value = match artefact.path.split_once('.') {
            Some((name, "json" | "0.json")) if name.starts_with("openapi") => {
                serde_json::from_str(&artefact.content).expect("it is JSON")
            }
            Some((name, "yaml" | "0.yaml")) if name.starts_with("openapi") => {
                yaml_serde::from_str(&artefact.content).expect("it is YAML")
            }
            _ => continue,
        };
        let path = &artefact.path;
        let servers = serde_json::json!([{ "url": "https://example.com/v2" }]);
        assert_eq!(document["servers"], servers, "{path}");
        assert_eq!(document["info"]["version"], "1.2.3", "{path}");
        documents += 1;
    }
    assert_eq!(documents, 4, "the document has four forms");
}

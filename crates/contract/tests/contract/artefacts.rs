//! The files in `openapi/` are those that the contract derives.

use std::{collections::BTreeSet, env, fs, path::Path};

use contract::openapi::artefacts;

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
    let yaml: serde_json::Value = yaml_serde::from_str(&content("openapi.yaml")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&content("openapi.json")).unwrap();
    assert_eq!(yaml, json);
}

#[test]
fn schemas_are_valid_and_self_contained() {
    for artefact in artefacts() {
        if !artefact.path.starts_with("schemas/") {
            continue;
        }
        let schema: serde_json::Value = serde_json::from_str(&artefact.content).unwrap();
        if let Err(error) = jsonschema::draft202012::options().build(&schema) {
            panic!("openapi/{}: {error}", artefact.path);
        }
    }
}

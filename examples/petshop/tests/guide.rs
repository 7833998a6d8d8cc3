//! The code of docs/transcode.md is that of this example.

use std::fs;
use std::path::Path;

use toml::Table;

/// The blocks of the guide in a language.
fn blocks(language: &str) -> Vec<String> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/transcode.md");
    let guide = fs::read_to_string(guide).expect("there is a guide");
    let opening = format!("```{language}\n");
    let blocks = guide.split(&opening).skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    let blocks: Vec<_> = blocks.collect();
    assert!(!blocks.is_empty(), "the guide has no code in {language}");
    blocks
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Each block of the guide stands in one of these files as it is.
#[track_caller]
fn check(language: &str, files: &[&str]) {
    let texts: Vec<_> = files.iter().map(|file| read(file)).collect();
    for block in blocks(language) {
        assert!(
            texts.iter().any(|text| text.contains(&block)),
            "docs/transcode.md has code that is in none of {files:?} of examples/petshop; \
             copy it from there:\n{block}"
        );
    }
}

#[test]
fn the_code_of_the_guide_is_that_of_the_example() {
    check("rust", &["build.rs", "src/lib.rs", "src/main.rs"]);
    check("proto", &["proto/petshop/v1/pets.proto"]);
}

/// What the example itself depends on may be more: the shop is a part of it.
#[test]
fn the_guide_depends_on_what_the_example_does() {
    let own: Table = read("Cargo.toml").parse().expect("TOML");
    for block in blocks("toml") {
        let told: Table = block.parse().expect("TOML");
        for (section, told) in &told {
            let names = told.as_table().expect("a table of dependencies").keys();
            for name in names {
                assert!(
                    own[section].get(name).is_some(),
                    "docs/transcode.md has {name} in [{section}], and examples/petshop has not"
                );
            }
        }
    }
}

//! Whatever is read: no panic, no end that does not come, and errors that name a place.

use openapi_diff::{Document, SourceText, Url, diff};
use proptest::prelude::*;

use crate::TODAY;
use crate::reading::told;

const YAML: &str = "openapi: 3.1.0
x-base: &base {type: string, maxLength: 5}
paths:
  /a/{id}:
    parameters: [{$ref: '#/components/parameters/Id'}]
    get:
      responses:
        200:
          description: |
            Two
            lines
          content:
            application/json:
              schema: {$ref: 'more.yaml#/Pet'}
components:
  parameters:
    Id: {name: id, in: path, required: true, schema: {<<: *base, minLength: 1}}
  schemas:
    Tree: {$id: tree, $dynamicAnchor: node, items: {$dynamicRef: '#node'}, $defs: {a: {$anchor: b}}}
    Leaf: {oneOf: [{$ref: tree}, {$ref: 'tree#b'}, {type: [integer, 'null'], default: -1.5e3}]}
";

const JSON: &str = r##"{"openapi": "3.0.3", "paths": {"/a": {"post": {
  "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
  "responses": {"default": {"$ref": "#/components/responses/R"}}}}},
  "components": {
    "responses": {"R": {"description": "\u00e9\n", "headers": {"X": {"schema": {"type": "integer"}}}}},
    "schemas": {"A": {"type": "object", "nullable": true, "properties": {
      "self": {"$ref": "#/components/schemas/A"}, "n": {"enum": [1, 2.5, null, "x", [], {}]}}}}}}"##;

const MORE: &str = "Pet: {type: object, properties: {kind: {$ref: 'kind.json'}, back: {$ref: 'api.yaml#/components/schemas/Leaf'}}}\n";

fn load(text: &str, more: &str) -> Result<Document, String> {
    let source = |name: &str, text: &str| {
        Ok(SourceText {
            source: name.to_owned(),
            url: Url::parse(&format!("file:///{name}"))?,
            text: text.to_owned(),
        })
    };
    let root = source("api.yaml", text).map_err(|error: url::ParseError| error.to_string())?;
    let loaded = Document::load(root, &mut |referred| match referred.url.path() {
        "/more.yaml" => Ok(source("more.yaml", more)?),
        "/kind.json" => Ok(source("kind.json", "{\"enum\": [\"cat\"]}")?),
        _ => Err("there is no such file".into()),
    });
    loaded.map_err(|error| told(&error))
}

/// Reads a text, compares it with what it was, and checks what an error says.
fn try_out(original: &str, text: &str, more: &str) {
    match load(text, more) {
        Ok(document) => {
            let before = load(original, MORE).expect("the original is a document");
            for (base, revision) in [(&before, &document), (&document, &before)] {
                for finding in diff(base, revision, TODAY) {
                    for place in [finding.base, finding.revision].into_iter().flatten() {
                        let line = place.line.unwrap_or_default() as usize;
                        let all = [original, text, more, MORE];
                        let most = all.iter().map(|text| text.lines().count()).max();
                        assert!(line <= most.unwrap_or_default() + 1, "{place}");
                    }
                }
            }
            assert!(diff(&document, &document, TODAY).is_empty());
        }
        Err(message) => {
            let files = ["api.yaml", "more.yaml", "kind.json"];
            assert!(
                files.iter().any(|file| message.starts_with(file)),
                "no file is named: {message}"
            );
        }
    }
}

/// What stands for itself in YAML or JSON, or means something in a document.
const PIECES: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    ",",
    "- ",
    "? ",
    "\n",
    "\n  ",
    "    ",
    "\t",
    "&a ",
    "*a",
    "&base ",
    "*base",
    "!!str ",
    "!x ",
    "| ",
    "> ",
    "'",
    "\"",
    "#",
    "# ",
    "%",
    "---\n",
    "...\n",
    "<<: ",
    "~",
    "null",
    "0x1",
    "1e999",
    "-",
    "\u{0}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "é",
    "\\",
    "$ref: ",
    "'#/'",
    "$id: ",
    "$anchor: ",
    "\"$ref\": ",
    "\r",
    "%YAML 1.2\n",
    "{\"$ref\": \"#\"}",
];

/// A change of a text: where, how many characters go, and what comes.
type Edit = (prop::sample::Index, usize, Vec<prop::sample::Index>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let piece = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, piece), 1..5)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, gone, pieces) in edits {
        let start = at.index(characters.len() + 1);
        let end = (start + gone).min(characters.len());
        let new: Vec<&str> = pieces.iter().map(|piece| *piece.get(&PIECES)).collect();
        characters.splice(start..end, new.concat().chars());
    }
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changed_yaml_is_read_or_refused(edits in edits()) {
        try_out(YAML, &edited(YAML, &edits), MORE);
    }

    #[test]
    fn changed_json_is_read_or_refused(edits in edits()) {
        try_out(JSON, &edited(JSON, &edits), MORE);
    }

    #[test]
    fn a_changed_file_is_read_or_refused(edits in edits()) {
        try_out(YAML, YAML, &edited(MORE, &edits));
    }

    #[test]
    fn pieces_are_read_or_refused(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        try_out(YAML, &pieces.concat(), MORE);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_out(YAML, &String::from_utf8_lossy(&bytes), MORE);
    }
}

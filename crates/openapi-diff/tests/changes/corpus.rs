//! Pairs of documents with known verdicts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use openapi_diff::{Document, Finding, Level, Location, Rule, diff};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{TODAY, parse};

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
    /// The places of the worst finding, in the old document and in the new.
    places: Option<(Option<String>, Option<String>)>,
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

fn cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
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
    diff(&base, &revision, TODAY)
}

#[test]
fn every_pair_has_its_verdict_ids_and_places() {
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
            .map(|finding| finding.rule.to_string())
            .collect();
        let first = findings.first();
        let places = first.map(|first| {
            let pointer = |place: &Option<Location>| Some(place.as_ref()?.pointer.clone());
            (pointer(&first.base), pointer(&first.revision))
        });
        if verdict != case.verdict
            || case.ids.as_ref().is_some_and(|expected| *expected != ids)
            || (case.places.is_some() && case.places != places)
        {
            let _ = writeln!(
                wrong,
                "\n{}: {verdict:?} {ids:?} {places:?}, expected {:?} {:?} {:?}",
                case.name, case.verdict, case.ids, case.places
            );
            for finding in findings {
                let _ = writeln!(
                    wrong,
                    "    {} {} {}",
                    finding.level, finding.rule, finding.message
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
            TODAY,
        );
        assert!(findings.is_empty(), "{}: {findings:?}", case.name);
    }
}

#[test]
fn every_id_and_pointer_that_is_reported_exists() {
    let known = Rule::all();
    for case in cases() {
        for finding in changes(&case) {
            assert!(
                known.contains_key(&finding.rule.to_string()),
                "{} is not in the table",
                finding.rule
            );
            for (place, new) in [(&finding.base, false), (&finding.revision, true)] {
                let Some(place) = place else { continue };
                assert!(
                    case.document(new).pointer(&place.pointer).is_some(),
                    "{}: {} points nowhere: {}",
                    case.name,
                    finding.rule,
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
        for finding in diff(&base, &revision, TODAY) {
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

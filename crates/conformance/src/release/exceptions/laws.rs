//! Statements of a document that keep laws of behaviour from being stated.

use std::path::Path;

use percent_encoding::percent_decode_str;

use super::super::allowance::Exception;
use super::super::base::Base;
use super::super::error::ReleaseError;
use super::super::files::read_if_there;
use super::super::finding::wrong;
use super::super::settings::Settings;
use super::silent::silenced;
use crate::diff::{BoxError, Document, Referred, SourceText, Url};
use crate::verify::{ApiDocument, Exemption, exemptions};

/// What comes before the path of a file in the repository, to make it a URL.
const TREE: &str = "tree:///";

/// Returns the laws that no longer hold operations of the base, because the document, or a
/// file that it refers to, says so. A document that cannot be read is told of by other
/// checks.
pub(super) fn of_laws(
    directory: &Path,
    settings: &Settings,
    base: &Base,
) -> Result<Vec<Exception>, ReleaseError> {
    let here = |path: &Path| read_if_there(&directory.join(path));
    let there = |path: &Path| base.other_text(path);
    let now = document(&settings.document, &here)?;
    let before = document(&base.settings.document, &there)?;
    let file = settings.document.display().to_string();
    let both = now.zip(before);
    Ok(both.map_or_else(Vec::new, |(now, before)| compare(&file, &now, &before)))
}

/// Reads a document with the files that it refers to.
fn document(
    path: &Path,
    text_of: &dyn Fn(&Path) -> Result<Option<String>, ReleaseError>,
) -> Result<Option<ApiDocument>, ReleaseError> {
    let name = path.display().to_string();
    let Some(text) = text_of(path)? else {
        return Ok(None);
    };
    let mut url = Url::parse(TREE).map_err(|source| ReleaseError::Read {
        path: path.to_owned(),
        source: std::io::Error::other(source),
    })?;
    url.set_path(&name);
    let root = SourceText {
        source: name.clone(),
        url,
        text,
    };
    let mut fetch = |referred: Referred<'_>| -> Result<SourceText, BoxError> {
        let url = referred.url;
        if url.scheme() != "tree" {
            return Err("it is not in the repository".into());
        }
        let path = percent_decode_str(url.path().trim_start_matches('/')).decode_utf8()?;
        let text = text_of(Path::new(&*path))?;
        Ok(SourceText {
            source: path.to_string(),
            url: url.clone(),
            text: text.ok_or_else(|| format!("there is no {path}"))?,
        })
    };
    let document = Document::load(root, &mut fetch);
    Ok(document
        .ok()
        .and_then(|document| ApiDocument::new(&name, document).ok()))
}

fn compare(file: &str, now: &ApiDocument, before: &ApiDocument) -> Vec<Exception> {
    let silenced = silenced(now, before);
    let (now, _) = exemptions(now);
    let (before, operations) = exemptions(before);
    let added = now
        .difference(&before)
        .filter(|exemption| operations.contains(&exemption.operation));
    let added = added.chain(&silenced);
    let exceptions = added.map(|Exemption { operation, says }| Exception {
        subject: operation.clone(),
        finding: wrong(
            "law-exempted",
            file,
            format!("`{operation}` {says}, which keeps a law from holding it"),
        ),
    });
    exceptions.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A document with a thing, and the description of its name, of its DELETE and of
    /// the refusal of a new one, and what else is said of the refusal.
    fn document(name: &str, delete: &str, refusal: &str, more: &str) -> String {
        format!(
            r##"{{
            "openapi": "3.1.0",
            "info": {{"title": "t", "version": "1"}},
            "paths": {{
                "/things": {{
                    "get": {{"responses": {{"200": {{"description": "all", "content": {{
                        "application/json": {{"schema": {{"type": "array",
                            "items": {{"$ref": "#/components/schemas/Thing"}}}}}}}}}}}}}},
                    "post": {{
                        "requestBody": {{"content": {{"application/json": {{
                            "schema": {{"$ref": "#/components/schemas/Thing"}}}}}}}},
                        "responses": {{
                            "201": {{"description": "made", "content": {{"application/json": {{
                                "schema": {{"$ref": "#/components/schemas/Thing"}}}}}}}},
                            "400": {{"description": "{refusal}" {more}}}
                        }}
                    }}
                }},
                "/things/{{id}}": {{
                    "parameters": [{{"name": "id", "in": "path", "required": true,
                        "schema": {{"type": "string"}}}}],
                    "get": {{"responses": {{"200": {{"description": "one", "content": {{
                        "application/json": {{"schema": {{
                            "$ref": "#/components/schemas/Thing"}}}}}}}}}}}},
                    "delete": {{"description": "{delete}",
                        "responses": {{"204": {{"description": "gone"}}}}}}
                }}
            }},
            "components": {{"schemas": {{"Thing": {{"type": "object", "properties": {{
                "id": {{"type": "string", "readOnly": true}},
                "name": {{"type": "string", "description": "{name}"}}
            }}}}}}}}
        }}"##
        )
    }

    const PLAIN: [&str; 4] = ["Its name.", "Removes it.", "A BadRequest.", ""];

    #[track_caller]
    fn check(index: usize, now: &str, expected: &[&str]) {
        let [name, delete, refusal, more] = PLAIN;
        let before = document(name, delete, refusal, more);
        let mut changed = PLAIN;
        changed[index] = now;
        let [name, delete, refusal, more] = changed;
        let now = document(name, delete, refusal, more);
        let [now, before] = [now, before]
            .map(|text| ApiDocument::parse("openapi.json", &text).expect("the document is valid"));
        let found = compare("openapi.json", &now, &before);
        let found: Vec<_> = found.iter().map(|of| of.finding.message.as_str()).collect();
        assert_eq!(found, expected, "of the text at {index}");
        let back = compare("openapi.json", &before, &now);
        assert!(back.is_empty(), "a law more is no exception: {back:?}");
    }

    /// The document with what is below a path in a file of its own.
    fn in_two_files(delete: &str) -> ApiDocument {
        let [name, _, refusal, more] = PLAIN;
        let text = document(name, delete, refusal, more);
        let mut value: Value = serde_json::from_str(&text).expect("the document is valid");
        let mut item = value["paths"]["/things/{id}"].take();
        value["paths"]["/things/{id}"] = json!({"$ref": "paths/thing.json"});
        let thing = "../openapi.json#/components/schemas/Thing";
        let schema = "/get/responses/200/content/application~1json/schema/$ref";
        *item.pointer_mut(schema).expect("it is there") = thing.into();
        let text_of = |path: &Path| {
            Ok(match path.to_str() {
                Some("api/openapi.json") => Some(value.to_string()),
                Some("api/paths/thing.json") => Some(item.to_string()),
                _ => None,
            })
        };
        let document = super::document(Path::new("api/openapi.json"), &text_of);
        document.expect("it is read").expect("it is valid")
    }

    #[test]
    fn prose_in_another_file_is_read() {
        let [_, plain, ..] = PLAIN;
        let before = in_two_files(plain);
        assert!(compare("openapi.json", &in_two_files("Takes it away."), &before).is_empty());
        let found = compare("openapi.json", &in_two_files("Archives it."), &before);
        let found: Vec<_> = found.iter().map(|of| of.subject.as_str()).collect();
        assert_eq!(found, ["DELETE /things/{id}"]);
    }

    #[test]
    fn prose_that_switches_a_law_off_is_an_exception() {
        check(0, "What it is called.", &[]);
        check(
            0,
            "Where it is not given, the id.",
            &[
                "`POST /things` says that `name` follows from others, which keeps a law from \
               holding it",
            ],
        );
        check(
            1,
            "Archives it.",
            &[
                "`DELETE /things/{id}` says that it archives, so that what is deleted can still \
               be read, which keeps a law from holding it",
            ],
        );
        check(
            2,
            "No.",
            &[
                "`POST /things` no longer promises a `BadRequest` with its 400, which keeps a \
               law from holding it",
            ],
        );
        check(
            3,
            r#", "x-unprovoked": "nobody can""#,
            &[
                "`POST /things` says with `x-unprovoked` that no client can provoke 400, which \
               keeps a law from holding it",
            ],
        );
    }
}

//! Statements of a document that keep laws of behaviour from being stated.

use std::path::Path;

use super::super::allowance::Exception;
use super::super::base::Base;
use super::super::error::ReleaseError;
use super::super::files::read_if_there;
use super::super::finding::wrong;
use super::super::settings::Settings;
use crate::verify::{ApiDocument, Exemption, exemptions};

/// Returns the laws that no longer hold operations of the base, because the document
/// says so. A document that cannot be read is told of by other checks.
pub(super) fn of_laws(
    directory: &Path,
    settings: &Settings,
    base: &Base,
) -> Result<Vec<Exception>, ReleaseError> {
    let file = settings.document.display().to_string();
    let now = read_if_there(&directory.join(&settings.document))?.unwrap_or_default();
    let before = base.text(&base.settings.document)?.unwrap_or_default();
    Ok(compare(&file, &now, &before))
}

fn compare(file: &str, now: &str, before: &str) -> Vec<Exception> {
    let read = |text: &str| ApiDocument::parse(file, text).ok();
    let (Some(now), Some(before)) = (read(now), read(before)) else {
        return Vec::new();
    };
    let (now, _) = exemptions(&now);
    let (before, operations) = exemptions(&before);
    let added = now
        .difference(&before)
        .filter(|exemption| operations.contains(&exemption.operation));
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
        let found = compare("openapi.json", &now, &before);
        let found: Vec<_> = found.iter().map(|of| of.finding.message.as_str()).collect();
        assert_eq!(found, expected, "of {now}");
        let back = compare("openapi.json", &before, &now);
        assert!(back.is_empty(), "a law more is no exception: {back:?}");
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

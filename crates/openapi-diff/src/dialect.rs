//! Which version of OpenAPI a document is written in.

use serde_json::Value;

use super::error::DocumentError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenAPI 3.0: its own variant of JSON Schema.
    V30,
    /// OpenAPI 3.1 and later: JSON Schema 2020-12.
    V31,
}

/// Returns whether `$schema` or `jsonSchemaDialect` names a dialect of JSON Schema that is
/// not compared: one that is older than 2019-09, or nobody knows.
pub(super) fn is_foreign(value: &Value) -> bool {
    const KNOWN: [&str; 2] = [
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
    ];
    let Some(dialect) = value.as_str() else {
        return false;
    };
    let dialect = dialect.trim_end_matches('#');
    !KNOWN.contains(&dialect)
        && !dialect.starts_with("https://spec.openapis.org/oas/3.")
        && !dialect.is_empty()
}

/// The version that a document states.
pub(super) fn of(source: &str, root: &Value) -> Result<Dialect, DocumentError> {
    let problem = match root.get("openapi") {
        Some(Value::String(version)) if version.starts_with("3.0") => return Ok(Dialect::V30),
        Some(Value::String(version))
            if version.starts_with("3.1") || version.starts_with("3.2") =>
        {
            return Ok(Dialect::V31);
        }
        _ if root.get("swagger").is_some() => {
            "is a Swagger 2.0 document; convert it to OpenAPI 3 first".to_owned()
        }
        _ if !root.is_object() => "is not an object, as OpenAPI documents are".to_owned(),
        Some(Value::Number(version)) => {
            format!("says that `openapi` is the number {version}; write a text, such as \"3.1.0\"")
        }
        other => {
            return Err(DocumentError::Version {
                source_name: source.to_owned(),
                found: other.map_or("missing".to_owned(), Value::to_string),
            });
        }
    };
    Err(DocumentError::NotOpenApi {
        source_name: source.to_owned(),
        problem,
    })
}

//! Laws that the comparison keeps on generated documents.

mod metamorphic;
mod schemas;
mod soundness;

use openapi_diff::{Date, Direction, Document};
use serde_json::{Value, json};

const TODAY: Date = Date::constant(2030, 1, 31);

/// A document whose only operation sends or gets a schema.
fn document(schema: &Value, direction: Direction) -> Document {
    let content =
        json!({ "content": { "application/json": { "schema": schema } }, "description": "" });
    let operation = match direction {
        Direction::Request => json!({ "requestBody": content, "responses": {} }),
        Direction::Response => json!({ "responses": { "200": content } }),
    };
    let document = json!({ "openapi": "3.1.0", "paths": { "/x": { "post": operation } } });
    Document::parse("x", &document.to_string()).expect("the document is valid")
}

/// Returns whether it is called breaking because it cannot be shown to be safe, or
/// for what it takes from clients that conform.
fn is_undecided(id: &str) -> bool {
    ["-if-changed", "-one-of-changed", "-property-removed"]
        .iter()
        .any(|suffix| id.ends_with(suffix))
}

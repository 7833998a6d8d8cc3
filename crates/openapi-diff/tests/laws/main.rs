//! Laws that the comparison keeps on generated documents.

mod metamorphic;
mod schemas;
mod soundness;

use openapi_diff::{Date, Direction, Document};
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

const TODAY: Date = Date::constant(2030, 1, 31);

/// How generated cases are tried: always the same ones, so that only a change of the code
/// makes one fail. `PROPTEST_CASES` says how many, in place of `cases`.
fn config(cases: u32) -> Config {
    let wanted = std::env::var("PROPTEST_CASES");
    let cases = wanted.map_or(cases, |text| {
        text.parse()
            .unwrap_or_else(|error| panic!("PROPTEST_CASES is `{text}`: {error}; give a number"))
    });
    Config {
        cases,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    }
}

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

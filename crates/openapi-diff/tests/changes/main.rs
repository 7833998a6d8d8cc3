//! The change classifier.

mod arbitrary;
mod corpus;
mod files;
mod names;
mod oasdiff;
mod reading;
mod rules;
mod scale;
mod yaml;

use openapi_diff::{Date, Document};
use serde_json::Value;

const TODAY: Date = Date::constant(2030, 1, 31);

fn parse(source: &str, value: &Value) -> Document {
    Document::parse(source, &value.to_string()).unwrap_or_else(|error| panic!("{source}: {error}"))
}

//! The change classifier.

mod corpus;
mod policy;
mod reading;
mod scale;

use conformance::diff::Document;
use serde_json::Value;

fn parse(source: &str, value: &Value) -> Document {
    Document::parse(source, &value.to_string()).unwrap_or_else(|error| panic!("{source}: {error}"))
}

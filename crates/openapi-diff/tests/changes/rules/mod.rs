//! Every rule, found by its identifier.

#![allow(
    clippy::needless_pass_by_value,
    reason = "the tables read better without borrowed literals"
)]

mod operations;
mod schemas;

use std::collections::BTreeSet;

use openapi_diff::diff;
use serde_json::Value;

use crate::{TODAY, parse};

/// A schema with a keyword more than another.
fn with(base: &Value, keyword: &str, value: Value) -> Value {
    let mut schema = base.clone();
    schema[keyword] = value;
    schema
}

fn found(old: &Value, new: &Value) -> BTreeSet<String> {
    let findings = diff(&parse("old", old), &parse("new", new), TODAY);
    findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect()
}

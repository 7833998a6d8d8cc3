//! Code samples, as `x-codeSamples`: for each operation, the recorded request in several
//! languages.
//!
//! `samples.json` is made by the crate `web1on1-samples` of the recorded exchanges and the
//! protos, of which this crate knows nothing. A test there fails where it is stale.

use serde_json::{Map, Value};

use super::components;

const SAMPLES: &str = include_str!("../samples.json");

/// Adds to each operation the samples that there are of it.
pub(super) fn add(document: &mut Value) {
    let mut samples: Map<String, Value> = serde_json::from_str(SAMPLES)
        // The text is part of the program, and the tests read it.
        .unwrap_or_else(|error| panic!("samples.json is not valid: {error}"));
    for operation in components::operations(document) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        if let Some(samples) = samples.shift_remove(id) {
            operation["x-codeSamples"] = samples;
        }
    }
}

//! What a new OpenAPI document breaks, as a report says it.
//!
//! The judging is that of the crate `openapi-diff`; the policy of a team is applied to
//! what this and other checks find.

pub use openapi_diff::rules::OperationRule;
pub use openapi_diff::{
    BoxError, Date, Document, DocumentError, MAX_BYTES, Referred, Rule, SourceText, Url,
    on_deep_stack,
};

pub use crate::policy::{Baseline, Policy, PolicyError};
use crate::report::Finding;

/// Every change from `base` to `revision`, the worst first. A deprecated operation may
/// go once its sunset is reached by `today`.
pub fn diff(base: &Document, revision: &Document, today: Date) -> Vec<Finding> {
    let findings = openapi_diff::diff(base, revision, today);
    findings.into_iter().map(Finding::from).collect()
}

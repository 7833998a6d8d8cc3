//! Kinds of changes that oasdiff tells apart and that are one rule here. Where both tell
//! the same apart, the identifiers are the same.

/// An identifier of oasdiff, and that of the rule that it is here.
const FINER: &[(&str, &str)] = &[
    ("api-deprecated-sunset-missing", "endpoint-deprecated"),
    ("api-global-security-added", "api-security-added"),
    ("api-global-security-removed", "api-security-removed"),
    (
        "api-global-security-scope-added",
        "api-security-scope-added",
    ),
    (
        "api-global-security-scope-removed",
        "api-security-scope-removed",
    ),
    ("endpoint-deprecated-with-sunset", "endpoint-deprecated"),
    (
        "new-optional-request-default-parameter-to-existing-path",
        "new-optional-request-parameter",
    ),
    (
        "new-required-request-default-parameter-to-existing-path",
        "new-required-request-parameter",
    ),
    (
        "new-required-request-header-property",
        "new-required-request-parameter-property",
    ),
    (
        "new-required-request-property-with-default",
        "new-required-request-property",
    ),
    ("request-body-any-of-added", "request-body-one-of-added"),
    ("request-body-any-of-removed", "request-body-one-of-removed"),
    (
        "request-body-type-compatible",
        "request-body-type-generalized",
    ),
    (
        "request-header-property-became-enum",
        "request-parameter-property-became-enum",
    ),
    (
        "request-header-property-became-required",
        "request-parameter-property-became-required",
    ),
    (
        "request-parameter-deprecated-sunset-missing",
        "request-parameter-deprecated",
    ),
    (
        "request-parameter-removed-before-sunset",
        "request-parameter-removed",
    ),
    (
        "request-parameter-removed-with-deprecation",
        "request-parameter-removed",
    ),
    (
        "request-property-any-of-added",
        "request-property-one-of-added",
    ),
    (
        "request-property-any-of-removed",
        "request-property-one-of-removed",
    ),
    (
        "request-property-became-required-with-default",
        "request-property-became-required",
    ),
    (
        "request-property-deprecated-sunset-invalid",
        "request-property-deprecated",
    ),
    (
        "request-property-deprecated-sunset-missing",
        "request-property-deprecated",
    ),
    (
        "request-property-deprecated-with-sunset",
        "request-property-deprecated",
    ),
    (
        "request-property-type-compatible",
        "request-property-type-generalized",
    ),
    ("response-body-any-of-added", "response-body-one-of-added"),
    (
        "response-body-any-of-removed",
        "response-body-one-of-removed",
    ),
    (
        "response-property-any-of-added",
        "response-property-one-of-added",
    ),
    (
        "response-property-any-of-removed",
        "response-property-one-of-removed",
    ),
    (
        "response-property-deprecated-sunset-invalid",
        "response-property-deprecated",
    ),
    (
        "response-property-deprecated-sunset-missing",
        "response-property-deprecated",
    ),
    (
        "response-property-deprecated-with-sunset",
        "response-property-deprecated",
    ),
];

/// The identifiers of oasdiff that are one of another name here, each with that name.
pub fn finer() -> impl Iterator<Item = (&'static str, &'static str)> {
    FINER.iter().copied()
}

/// The identifier of the rule that a kind of change of oasdiff is here, where its name is
/// another.
#[must_use]
pub fn of_oasdiff(id: &str) -> Option<&'static str> {
    let at = FINER.binary_search_by_key(&id, |(theirs, _)| theirs).ok()?;
    Some(FINER[at].1)
}

#[cfg(test)]
mod tests {
    use super::{FINER, of_oasdiff};

    #[test]
    fn names_are_found() {
        assert!(FINER.is_sorted(), "sort the table");
        let found = of_oasdiff("request-property-any-of-removed");
        assert_eq!(found, Some("request-property-one-of-removed"));
        assert_eq!(of_oasdiff("request-property-one-of-removed"), None);
    }
}

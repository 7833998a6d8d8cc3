//! The identifiers of findings, so that a policy can refuse one that nothing has.
//!
//! Those of changes come from the crate `openapi-diff`, and those of `buf breaking` from
//! buf: `proto-` and the name of its rule. All others stand here.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use openapi_diff::Rule;
use openapi_diff::rules::of_oasdiff;

use crate::lint::LintRule;
use crate::verify::Law;

/// What the checks that compare no documents find.
const OTHERS: &[&str] = &[
    "allowance-added",
    "buf-missing",
    "buf-rules-loosened",
    "changelog-entry-ahead",
    "changelog-entry-changed",
    "changelog-entry-empty",
    "changelog-entry-missing",
    "changelog-entry-repeated",
    "changelog-heading-malformed",
    "changelog-order",
    "disagreement",
    "exchange-content-type",
    "exchange-contradiction",
    "exchange-emptied",
    "exchange-error",
    "exchange-headers",
    "exchange-malformed",
    "exchange-misnamed",
    "exchange-missing",
    "exchange-other-method",
    "exchange-other-path",
    "exchange-other-template",
    "exchange-request-body",
    "exchange-response-body",
    "exchange-undeclared-status",
    "exchange-unknown-operation",
    "exchange-with-token",
    "exchange-without-token",
    "ignore-added",
    "ignore-expired",
    "ignore-unused",
    "law-exempted",
    "law-not-tried",
    "level-lowered",
    "manifest-malformed",
    "manifest-missing",
    "nothing-compared",
    "nothing-verified",
    "operation-not-tried",
    "published-file-added",
    "published-file-changed",
    "published-file-missing",
    "request-body-not-json",
    "request-invalid-upload",
    "request-invalid-value",
    "request-missing-body",
    "request-missing-property",
    "request-repeated-parameter",
    "request-undeclared-parameter",
    "request-undeclared-property",
    "request-unexpected-body",
    "request-unknown-enum-value",
    "request-write-only-property",
    "request-wrong-content-type",
    "request-wrong-format",
    "request-wrong-type",
    "response-body-not-json",
    "response-invalid-value",
    "response-list-too-long",
    "response-missing",
    "response-missing-header",
    "response-missing-property",
    "response-undeclared-property",
    "response-undocumented-status",
    "response-unexpected-body",
    "response-unexpected-status",
    "response-unknown-enum-value",
    "response-write-only-property",
    "response-wrong-content-type",
    "response-wrong-error-code",
    "response-wrong-format",
    "response-wrong-header",
    "response-wrong-link",
    "response-wrong-location",
    "response-wrong-request-id",
    "response-wrong-type",
    "schema-not-understood",
    "settings-changed",
    "stale-file",
    "statement-not-understood",
    "traffic-unmatched",
    "unpublished-change",
    "unreachable-added",
    "version-not-published",
    "version-not-raised",
    "version-raised",
    "waiver-added",
    "waiver-unused",
    "waiver-without-reason",
];

/// What the ids of `buf breaking` begin with.
const PROTO: &str = "proto-";

/// The ids of all changes and of all that other checks find, but for those of buf.
static KNOWN: LazyLock<HashSet<Cow<'static, str>>> = LazyLock::new(|| {
    let changes = Rule::all().into_keys().map(Cow::Owned);
    let laws = Law::ALL.iter().map(|law| law.id());
    let others = OTHERS.iter().copied().chain(lints()).chain(laws);
    let others = others.map(Cow::Borrowed);
    changes.chain(others).collect()
});

/// The ids of what makes generated clients ugly.
fn lints() -> impl Iterator<Item = &'static str> {
    LintRule::ALL.iter().map(|rule| rule.id())
}

/// Returns whether a finding can have this id.
pub(crate) fn is_known(id: &str) -> bool {
    id.starts_with(PROTO) || KNOWN.contains(id)
}

/// Returns whether the level of a finding with this id can be chosen: it is a change, or what
/// makes generated clients ugly.
pub(crate) fn has_level(id: &str) -> bool {
    lints().any(|known| known == id) || Rule::all().contains_key(id)
}

/// The id whose level can be chosen that is closest to a text, if one is close.
pub(crate) fn nearest_with_level(text: &str) -> Option<String> {
    if let Some(ours) = of_oasdiff(text) {
        return Some(ours.to_owned());
    }
    nearest(
        text,
        Rule::all().into_keys().chain(lints().map(str::to_owned)),
    )
}

/// The id that is closest to a text, if one is close.
pub(crate) fn nearest_known(text: &str) -> Option<String> {
    if let Some(ours) = of_oasdiff(text) {
        return Some(ours.to_owned());
    }
    let laws = Law::ALL.iter().map(|law| law.id());
    let others = OTHERS.iter().copied().chain(lints()).chain(laws);
    let others = others.map(str::to_owned);
    nearest(text, Rule::all().into_keys().chain(others))
}

/// The least similarity, of 1, that is taken for a slip.
const SIMILAR: f64 = 0.7;

/// The one of these that is closest to a text, if one is close.
pub(crate) fn nearest(text: &str, ids: impl Iterator<Item = String>) -> Option<String> {
    ids.map(|id| (strsim::normalized_damerau_levenshtein(&id, text), id))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::{OTHERS, is_known, nearest_known, nearest_with_level};

    #[test]
    fn ids_stand_in_order() {
        assert!(OTHERS.is_sorted(), "sort the ids");
    }

    #[test]
    fn ids_of_every_check_are_known() {
        for id in ["endpoint-added", "stale-file", "proto-field-no-delete"] {
            assert!(is_known(id), "{id}");
        }
        assert!(!is_known("endpoint-aded"));
    }

    #[test]
    fn a_slip_leads_to_the_nearest_id() {
        assert_eq!(nearest_known("stale-fil").as_deref(), Some("stale-file"));
        let nearest = nearest_with_level("endpoint-aded");
        assert_eq!(nearest.as_deref(), Some("endpoint-added"));
        assert_eq!(nearest_known("nothing"), None);
        let nearest = nearest_known("request-body-any-of-removed");
        assert_eq!(nearest.as_deref(), Some("request-body-one-of-removed"));
    }
}

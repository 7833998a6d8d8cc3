//! Patterns and formats.

use std::collections::BTreeSet;

use super::{Change, Effect};
use crate::diff::alternatives::Alternative;
use crate::diff::pattern;

pub(super) fn patterns(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.patterns == new.patterns || old.values.is_some() || new.values.is_some() {
        return;
    }
    let show = |all: &BTreeSet<String>| {
        all.iter()
            .map(|pattern| format!("`{pattern}`"))
            .collect::<Vec<_>>()
            .join(" and ")
    };
    // Each new pattern must follow from a single old one.
    let implied = |from: &BTreeSet<String>, to: &BTreeSet<String>| -> Option<bool> {
        let mut verdict = Some(true);
        for target in to {
            let each: Vec<Option<bool>> = from
                .iter()
                .map(|source| pattern::within(source, target))
                .collect();
            if each.contains(&Some(true)) {
                continue;
            }
            if from.is_empty() && pattern::within("", target) == Some(true) {
                continue;
            }
            if from.len() > 1 || each.contains(&None) {
                verdict = None;
            } else {
                return Some(false);
            }
        }
        verdict
    };
    let (kept, back) = (
        implied(&old.patterns, &new.patterns),
        implied(&new.patterns, &old.patterns),
    );
    let change = match (kept, back) {
        (Some(true), Some(true)) => return,
        _ if old.patterns.is_empty() => at(
            "pattern-added",
            Effect::Narrows,
            format!("{{S}} must now match {}", show(&new.patterns)),
        ),
        _ if new.patterns.is_empty() => at(
            "pattern-removed",
            Effect::Widens,
            format!("{{S}} need no longer match {}", show(&old.patterns)),
        ),
        (kept, back) => {
            let (kind, effect) = match (kept, back) {
                (Some(true), _) => ("pattern-generalized", Effect::Widens),
                (_, Some(true)) => ("pattern-specialized", Effect::Narrows),
                (Some(false), Some(false)) => ("pattern-replaced", Effect::Incomparable),
                _ => ("pattern-changed", Effect::Unknown),
            };
            at(
                kind,
                effect,
                format!(
                    "{{S}} had to match {}, now {}",
                    show(&old.patterns),
                    show(&new.patterns)
                ),
            )
        }
    };
    out.push(change);
}

/// Formats of which every value of the first is one of the second.
const FORMATS: [(&str, &str); 9] = [
    ("email", "idn-email"),
    ("hostname", "idn-hostname"),
    ("uri", "uri-reference"),
    ("uri", "iri"),
    ("uri", "iri-reference"),
    ("uri-reference", "iri-reference"),
    ("iri", "iri-reference"),
    ("url", "uri"),
    ("int32", "float"),
];

/// Formats that rule values out. Others are names that two parties agree on.
const KNOWN_FORMATS: [&str; 27] = [
    "date-time",
    "date",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "ip",
    "uri",
    "url",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "uuid",
    "json-pointer",
    "relative-json-pointer",
    "regex",
    "byte",
    "binary",
    "int32",
    "float",
    "int8",
    "int16",
];

pub(super) fn formats(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    at: &impl Fn(&'static str, Effect, String) -> Change,
    out: &mut Vec<Change>,
) {
    if old.formats == new.formats || old.values.is_some() || new.values.is_some() {
        return;
    }
    let implied = |from: &BTreeSet<String>, to: &BTreeSet<String>| {
        to.iter().all(|target| {
            from.contains(target)
                || FORMATS
                    .iter()
                    .any(|(sub, all)| all == target && from.contains(*sub))
        })
    };
    let known = old
        .formats
        .iter()
        .chain(&new.formats)
        .all(|format| KNOWN_FORMATS.contains(&format.as_str()));
    let show = |all: &BTreeSet<String>| {
        if all.is_empty() {
            "none".to_owned()
        } else {
            all.iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(" and ")
        }
    };
    let (effect, kind) = match (
        implied(&old.formats, &new.formats),
        implied(&new.formats, &old.formats),
    ) {
        _ if !known => (Effect::Unknown, "format-changed"),
        (true, true) => return,
        (true, false) => (Effect::Widens, "type-generalized"),
        (false, true) => (Effect::Narrows, "type-specialized"),
        (false, false) => (Effect::Incomparable, "type-changed"),
    };
    out.push(at(
        kind,
        effect,
        format!(
            "the format of {{S}} changed from {} to {}",
            show(&old.formats),
            show(&new.formats)
        ),
    ));
}

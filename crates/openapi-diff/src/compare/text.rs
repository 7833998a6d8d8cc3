//! Patterns and formats.

use std::collections::BTreeSet;

use super::site::{Change, Site};
use crate::alternatives::Alternative;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{about, around};

pub(super) fn patterns(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    site: &Site,
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
    let all_match = |from: &Alternative<'_>, to: &Alternative<'_>| {
        let texts = from.texts();
        let mut verdict = Some(true);
        for pattern in &to.patterns {
            match texts.all_match(pattern) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => verdict = None,
            }
        }
        verdict
    };
    let (kept, back) = (all_match(old, new), all_match(new, old));
    let change = match (kept, back) {
        (Some(true), Some(true)) => return,
        _ if old.patterns.is_empty() => site.change(
            SchemaRule::PatternAdded,
            Effect::Narrows,
            about!("must now match {}", show(&new.patterns)),
        ),
        _ if new.patterns.is_empty() => site.change(
            SchemaRule::PatternRemoved,
            Effect::Widens,
            about!("need no longer match {}", show(&old.patterns)),
        ),
        (kept, back) => {
            let (rule, effect) = match (kept, back) {
                (Some(true), _) => (SchemaRule::PatternGeneralized, Effect::Widens),
                (_, Some(true)) => (SchemaRule::PatternSpecialized, Effect::Narrows),
                (Some(false), Some(false)) => (SchemaRule::PatternReplaced, Effect::Incomparable),
                _ => (SchemaRule::PatternChanged, Effect::Unknown),
            };
            site.change(
                rule,
                effect,
                about!(
                    "had to match {}, now {}",
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
const KNOWN_FORMATS: [&str; 26] = [
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
    "binary",
    "int32",
    "float",
    "int8",
    "int16",
];

pub(super) fn formats(
    old: &Alternative<'_>,
    new: &Alternative<'_>,
    site: &Site,
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
    let (effect, rule) = match (
        implied(&old.formats, &new.formats),
        implied(&new.formats, &old.formats),
    ) {
        _ if !known => (Effect::Unknown, SchemaRule::FormatChanged),
        (true, true) => return,
        (true, false) => (Effect::Widens, SchemaRule::TypeGeneralized),
        (false, true) => (Effect::Narrows, SchemaRule::TypeSpecialized),
        (false, false) => (Effect::Incomparable, SchemaRule::TypeChanged),
    };
    out.push(site.change(
        rule,
        effect,
        around!(
            "the format of",
            "changed from {} to {}",
            show(&old.formats),
            show(&new.formats)
        ),
    ));
}

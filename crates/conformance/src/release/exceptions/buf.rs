//! The rules of buf: what `buf.yaml` no longer asks for.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::allowance::Exception;
use super::super::error::ReleaseError;
use super::super::finding::wrong;
use super::super::settings::Settings;

/// Categories of rules, the least strict of each kind first. One that comes later
/// holds the rules of those before it.
const CATEGORIES: [&[&str]; 2] = [
    &["WIRE", "WIRE_JSON", "PACKAGE", "FILE"],
    &["MINIMAL", "BASIC", "STANDARD"],
];

/// Returns what the rules of buf no longer ask for. `before` are those that were
/// published; where there were none, nothing can be loosened.
///
/// # Errors
///
/// One of them is not YAML.
pub fn of_buf(now: Option<&str>, before: Option<&str>) -> Result<Vec<Exception>, ReleaseError> {
    let Some(before) = before else {
        return Ok(Vec::new());
    };
    let Some(now) = now else {
        return Ok(vec![exception("buf.yaml".to_owned(), "is gone")]);
    };
    Ok(compare(&parse(now)?, &parse(before)?))
}

/// Returns what the first rules of buf do not ask for, and those that stood in for them
/// did. These say nothing of lint.
///
/// # Errors
///
/// The rules are not YAML.
pub fn of_first_buf(now: &str, before: &Value) -> Result<Vec<Exception>, ReleaseError> {
    let mut now = parse(now)?;
    if let Some(now) = now.as_object_mut() {
        now.remove("lint");
    }
    Ok(compare(&now, before))
}

fn compare(now: &Value, before: &Value) -> Vec<Exception> {
    let mut loosened = Vec::new();
    for (section, default) in [("lint", "STANDARD"), ("breaking", "FILE")] {
        of_section(
            section,
            default,
            &now[section],
            &before[section],
            &mut loosened,
        );
    }
    for module in items(&before["modules"]) {
        let path = module["path"].as_str().unwrap_or(".");
        let same =
            items(&now["modules"]).find(|other| other["path"].as_str().unwrap_or(".") == path);
        if same != Some(module) {
            loosened.push((format!("modules {path}"), "is not as it was published"));
        }
    }
    if now["version"] != before["version"] {
        loosened.push(("version".to_owned(), "is not as it was published"));
    }
    let loosened = loosened.into_iter();
    loosened
        .map(|(subject, what)| exception(subject, what))
        .collect()
}

fn exception(subject: String, what: &str) -> Exception {
    let message = format!("`{subject}` of the rules of buf {what}");
    Exception {
        subject,
        finding: wrong("buf-rules-loosened", Settings::BUF, message),
    }
}

fn parse(text: &str) -> Result<Value, ReleaseError> {
    yaml_serde::from_str(text).map_err(|source| ReleaseError::Yaml {
        file: Settings::BUF.to_owned(),
        source,
    })
}

fn of_section(
    section: &str,
    default: &str,
    now: &Value,
    before: &Value,
    loosened: &mut Vec<(String, &'static str)>,
) {
    let rules_of = |stated: &Value| {
        let used = texts(&stated["use"]);
        if used.is_empty() {
            BTreeSet::from([default.to_owned()])
        } else {
            used
        }
    };
    let used = rules_of(now);
    for rule in rules_of(before) {
        if !holds(&used, &rule) {
            loosened.push((format!("{section}.use {rule}"), "is gone"));
        }
    }
    for key in ["except", "ignore"] {
        for value in texts(&now[key]).difference(&texts(&before[key])) {
            loosened.push((format!("{section}.{key} {value}"), "is new"));
        }
    }
    for (rule, paths) in members(&now["ignore_only"]) {
        for path in texts(paths).difference(&texts(&before["ignore_only"][rule])) {
            loosened.push((format!("{section}.ignore_only {rule} {path}"), "is new"));
        }
    }
    let known = ["use", "except", "ignore", "ignore_only"];
    let keys: BTreeSet<_> = members(now)
        .chain(members(before))
        .map(|(key, _)| key)
        .collect();
    for key in keys {
        if !known.contains(&key.as_str()) && now[key] != before[key] {
            loosened.push((format!("{section}.{key}"), "is not as it was published"));
        }
    }
}

/// Returns whether rules that are used hold another one.
fn holds(used: &BTreeSet<String>, rule: &str) -> bool {
    let is_stricter = |categories: &&[&str]| {
        let place = |name: &str| categories.iter().position(|known| *known == name);
        let wanted = place(rule);
        wanted.is_some() && used.iter().any(|name| place(name) >= wanted)
    };
    used.contains(rule) || CATEGORIES.iter().any(is_stricter)
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn texts(value: &Value) -> BTreeSet<String> {
    let texts = items(value).filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

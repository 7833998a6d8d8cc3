//! Whatever names a metric names one that there is, with labels that it has.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use telemetry::catalogue;
use telemetry::metric::{Declaration, Kind};

const PAGE: &str = include_str!("../../../docs/operation.md");
const DASHBOARD: &str = include_str!("../../../deploy/grafana/dashboard.json");
const RULES: &str = include_str!("../../../deploy/prometheus/rules.yaml");

/// What Prometheus itself adds.
const ADDED_LABELS: [&str; 3] = ["job", "instance", "le"];

#[test]
fn the_documentation_has_every_metric() {
    let mut table = String::from("| Metric | Kind | Labels | What it tells |\n|---|---|---|---|\n");
    for Declaration {
        name,
        kind,
        help,
        labels,
    } in catalogue::all()
    {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let (kind, labels) = (kind.as_str(), labels.join(", "));
        let _ = writeln!(table, "| `{name}` | {kind} | {labels} | {help} |");
    }
    assert!(
        PAGE.ends_with(&table),
        "let docs/operation.md end with this table:\n\n{table}"
    );
}

/// The metric that a series is of.
fn declared(series: &str) -> Option<Declaration> {
    catalogue::all().find(|metric| {
        let suffixes = match metric.kind {
            Kind::Histogram => &["_bucket", "_sum", "_count"][..],
            Kind::Counter | Kind::Gauge => &[""],
        };
        let behind = series.strip_prefix(metric.name);
        behind.is_some_and(|behind| suffixes.contains(&behind))
    })
}

/// The words in a query, and what follows each.
fn words(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = query;
    std::iter::from_fn(move || {
        let begin = rest.find(is_word)?;
        let word = &rest[begin..];
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        rest = &word[end..];
        Some((&word[..end], rest))
    })
}

/// What is wrong with the metrics and labels that a query names.
fn problems(query: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut known: BTreeSet<&str> = ADDED_LABELS.into();
    for (word, rest) in words(query) {
        if !word.starts_with("web1on1_") && !word.starts_with("process_") {
            continue;
        }
        let Some(metric) = declared(word) else {
            problems.push(format!("there is no {word}"));
            continue;
        };
        known.extend(metric.labels);
        let selectors = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .map_or("", |(selectors, _)| selectors);
        for selector in selectors.split(',').filter(|selector| !selector.is_empty()) {
            let end = selector.find(['=', '!']).unwrap_or(selector.len());
            let label = selector[..end].trim();
            if !metric.labels.contains(&label) && !ADDED_LABELS.contains(&label) {
                problems.push(format!("{word} has no label {label}"));
            }
        }
    }
    for group in query.split("by (").skip(1) {
        let labels = group.split_once(')').map_or(group, |(labels, _)| labels);
        for label in labels.split(',').map(str::trim) {
            if !known.contains(label) {
                problems.push(format!("nothing in it has a label {label}"));
            }
        }
    }
    problems
}

#[track_caller]
fn check<'a>(name: &str, queries: impl IntoIterator<Item = &'a str>) {
    let mut count = 0;
    let mut wrong = String::new();
    for query in queries {
        count += 1;
        for problem in problems(query) {
            let _ = writeln!(wrong, "{problem}, in {query}");
        }
    }
    assert!(count > 10, "the queries of {name} were not found");
    assert!(
        wrong.is_empty(),
        "{name} asks for what there is not:\n{wrong}"
    );
}

#[test]
fn the_dashboard_asks_for_what_there_is() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).expect("it is JSON");
    let panels = dashboard["panels"].as_array().expect("it has panels");
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    let queries = targets
        .flatten()
        .filter_map(|target| target["expr"].as_str());
    check("deploy/grafana/dashboard.json", queries);
}

#[test]
fn the_alerts_ask_for_what_there_is() {
    let rules: serde_json::Value = yaml_serde::from_str(RULES).expect("it is YAML");
    let groups = rules["groups"].as_array().expect("it has groups");
    let rules = groups.iter().filter_map(|group| group["rules"].as_array());
    let queries = rules.flatten().filter_map(|rule| rule["expr"].as_str());
    check("deploy/prometheus/rules.yaml", queries);
}

#[test]
fn what_there_is_not_is_found() {
    for (query, expected) in [
        ("web1on1_gateway_calls_total{rpc=\"x\"}", 0),
        ("web1on1_gateway_call_duration_seconds_bucket", 0),
        ("web1on1_gateway_call_duration_seconds", 1),
        ("web1on1_gateway_calls", 1),
        ("web1on1_gateway_calls_total{status=\"x\"}", 1),
        ("sum by (status) (web1on1_gateway_calls_total)", 1),
    ] {
        let found = problems(query);
        assert_eq!(found.len(), expected, "{query}: {found:?}");
    }
}

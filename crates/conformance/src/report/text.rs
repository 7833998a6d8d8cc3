//! A report for a terminal.

use std::fmt::Write as _;

use openapi_diff::{Level, Rule};

use super::advice::advice;
use super::model::{Finding, Hidden, Report};

pub(super) fn text(
    report: &Report,
    tally: &str,
    hidden: &Hidden,
    colour: bool,
    explain: bool,
) -> String {
    let rules = Rule::all();
    let paint = |code: &str, text: &str| {
        if colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    let mut heading = format!("{}: {tally}\n", printable(&report.title));
    if let Some(accepted) = report.accepted_findings() {
        let _ = writeln!(heading, "{accepted}");
    }
    let mut out = heading.clone();
    if !report.findings.is_empty() {
        out.push('\n');
    }
    for finding in &report.findings {
        let code = match finding.level {
            Level::Error => "1;31",
            Level::Warning => "1;33",
            Level::Info => "1;36",
        };
        let _ = write!(
            out,
            "{}[{}]",
            paint(code, &finding.level.to_string()),
            printable(&finding.id)
        );
        if let Some(operation) = &finding.operation {
            let _ = write!(
                out,
                " {}{}",
                paint("1", &printable(operation)),
                finding.and_more()
            );
        }
        let _ = writeln!(out, "\n  {}", printable(&finding.message));
        let rule = rules.get(&finding.id).filter(|_| explain);
        if let Some(advice) = rule.and_then(|rule| advice(*rule, finding.level)) {
            let _ = writeln!(out, "  advice:   {advice}");
        }
        for place in places(finding) {
            let _ = writeln!(out, "  {}", paint("2", &printable(&place)));
        }
        out.push('\n');
    }
    if let Some(coverage) = &report.coverage {
        for (name, seen) in coverage.parts() {
            let _ = writeln!(
                out,
                "coverage: {} of {} {name}",
                seen.seen.len(),
                seen.total()
            );
            for item in &seen.unseen {
                let _ = writeln!(out, "  not seen: {}", printable(item));
            }
        }
    }
    for sentence in hidden.sentences() {
        let _ = writeln!(out, "{sentence}");
    }
    // On a terminal the end is what is seen first.
    if !report.findings.is_empty() || report.coverage.is_some() {
        out.push_str(&heading);
    }
    out
}

/// `base: …` and `revision: …`, one of them when the other place does not exist.
fn places(finding: &Finding) -> Vec<String> {
    let base = finding
        .base
        .as_ref()
        .map(|place| format!("base:     {place}"));
    let revision = finding
        .revision
        .as_ref()
        .map(|place| format!("revision: {place}"));
    base.into_iter().chain(revision).collect()
}

/// Documents are not trusted to leave the terminal alone.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

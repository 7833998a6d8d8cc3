//! Reports for people: a terminal and a changelog.

use std::fmt::Write as _;

use super::{Finding, Hidden, Level, Report};

/// How many of the other operations of a finding a changelog names.
const NAMED: usize = 5;

pub(super) fn text(report: &Report, tally: &str, hidden: &Hidden, colour: bool) -> String {
    let paint = |code: &str, text: &str| {
        if colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    };
    let heading = format!("{}: {tally}\n", printable(&report.title));
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

pub(super) fn markdown(report: &Report, tally: &str, hidden: &Hidden) -> String {
    let mut out = format!("## {}\n\n{tally}\n", markdown_text(&report.title));
    for (level, heading) in [
        (Level::Error, "Breaking"),
        (Level::Warning, "May break"),
        (Level::Info, "Compatible"),
    ] {
        let findings: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|finding| finding.level == level)
            .collect();
        if findings.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n### {heading}\n");
        for finding in findings {
            out.push_str("- ");
            if let Some(operation) = &finding.operation {
                let _ = write!(out, "{}: ", code_span(operation));
            }
            let _ = writeln!(
                out,
                "{} ({}){}",
                markdown_text(&finding.message),
                code_span(&finding.id),
                also(finding)
            );
        }
    }
    for sentence in hidden.sentences() {
        let _ = writeln!(out, "\n{sentence}.");
    }
    if let Some(coverage) = &report.coverage {
        out.push_str("\n### Coverage\n\n| | seen | of |\n|---|---|---|\n");
        for (name, seen) in coverage.parts() {
            let _ = writeln!(out, "| {name} | {} | {} |", seen.seen.len(), seen.total());
        }
    }
    out
}

/// The other operations of a finding.
fn also(finding: &Finding) -> String {
    if finding.also.is_empty() {
        return String::new();
    }
    let named = finding.also.iter().take(NAMED);
    let named: Vec<String> = named.map(|operation| code_span(operation)).collect();
    let more = finding.also.len().saturating_sub(NAMED);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("; also {}{more}", named.join(", "))
}

/// `was …` and `now …`, one of them when the other place does not exist.
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

/// Keeps Markdown and HTML out of prose, but for code spans.
fn markdown_text(text: &str) -> String {
    let mut out = String::new();
    let mut code = false;
    let balanced = text.matches('`').count().is_multiple_of(2);
    for c in text.chars() {
        match c {
            '`' if balanced => {
                code = !code;
                out.push(c);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' if !code => {
                out.push('\\');
                out.push(c);
            }
            '<' if !code => out.push_str("&lt;"),
            '&' if !code => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn code_span(text: &str) -> String {
    let text = printable(text);
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

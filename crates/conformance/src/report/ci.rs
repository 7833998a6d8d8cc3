//! Reports for programs: GitHub Actions, `JUnit` and SARIF.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use openapi_diff::{Level, Location};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::model::{Finding, Report};

/// Workflow commands: `::error title=…::…`.
pub(super) fn github(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let command = match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "notice",
        };
        let file = place(finding)
            .filter(|place| !is_remote(place))
            .map(|place| {
                let line = place.line.map(|line| format!("line={line},"));
                let file = command_property(&place.source);
                format!("file={file},{}", line.unwrap_or_default())
            })
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "::{command} {file}title={}::{}",
            command_property(&finding.id),
            command_data(&sentence(finding)),
        );
    }
    let _ = write!(
        out,
        "{}: {}",
        command_data(&report.title).replace("::", ": :"),
        report.tally()
    );
    if let Some(accepted) = report.accepted_findings() {
        let _ = write!(out, "; {accepted}");
    }
    out.push('\n');
    out
}

/// Errors are failures; warnings and notes pass and say so in their output.
pub(super) fn junit(report: &Report) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
        xml(&report.title),
        report.findings.len().max(1),
        report.count(Level::Error),
    );
    if report.findings.is_empty() {
        let _ = writeln!(
            out,
            "    <testcase classname=\"contract\" name=\"nothing found\"/>"
        );
    }
    for finding in &report.findings {
        let class = finding.operation.as_deref().unwrap_or("contract");
        let (open, close) = match finding.level {
            Level::Error => (
                format!(
                    "<failure type=\"{}\" message=\"{}\">",
                    xml(&finding.id),
                    xml(&finding.message)
                ),
                "</failure>",
            ),
            _ => ("<system-out>".to_owned(), "</system-out>"),
        };
        let places: Vec<String> = [&finding.base, &finding.revision]
            .into_iter()
            .flatten()
            .map(Location::to_string)
            .collect();
        let _ = writeln!(
            out,
            "    <testcase classname=\"{}\" name=\"{}: {}\">\n      {open}{}: {}\n{}{close}\n    </testcase>",
            xml(class),
            xml(&finding.id),
            xml(&finding.message),
            finding.level,
            xml(&finding.message),
            xml(&places.join("\n")),
        );
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Writes SARIF result by result, since a result takes much more in memory than its finding.
///
/// # Errors
///
/// What is written to refuses it.
pub(super) fn sarif(report: &Report, mut to: &mut dyn io::Write) -> io::Result<()> {
    let findings = report.findings.iter();
    let ids: BTreeSet<&str> = findings.map(|finding| finding.id.as_str()).collect();
    let run = Run {
        tool: json!({ "driver": {
            "name": "web1on1 contract",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": ids.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
        } }),
        automation_details: json!({ "description": { "text": report.title } }),
        results: Results(&report.findings),
    };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [run],
    };
    serde_json::to_writer_pretty(&mut to, &log)?;
    to.write_all(b"\n")
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    automation_details: Value,
    results: Results<'a>,
}

struct Results<'a>(&'a [Finding]);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(sarif_result))
    }
}

fn sarif_result(finding: &Finding) -> Value {
    let location = |place: &Location| {
        let mut physical = json!({ "artifactLocation": { "uri": uri(&place.source) } });
        if let Some(line) = place.line {
            physical["region"] = json!({ "startLine": line });
        }
        json!({
            "physicalLocation": physical,
            "logicalLocations": [{ "fullyQualifiedName": place.pointer }],
        })
    };
    let mut result = json!({
        "ruleId": finding.id,
        "level": match finding.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "note",
        },
        "message": { "text": sentence(finding) },
    });
    if let Some(place) = place(finding) {
        result["locations"] = json!([location(place)]);
    }
    if let (Some(base), Some(_)) = (&finding.base, &finding.revision) {
        result["relatedLocations"] = json!([location(base)]);
    }
    result
}

/// The place to look at: where it is now, or else where it was.
fn place(finding: &Finding) -> Option<&Location> {
    finding.revision.as_ref().or(finding.base.as_ref())
}

/// Returns whether the place is no file, but a request or a server.
fn is_remote(location: &Location) -> bool {
    location.source.contains("://")
}

fn sentence(finding: &Finding) -> String {
    let operation = finding
        .operation
        .as_ref()
        .map(|operation| format!("{operation}{}: ", finding.and_more()))
        .unwrap_or_default();
    let at = match place(finding) {
        Some(place) if is_remote(place) => format!(" (at {place})"),
        Some(place) if !place.pointer.is_empty() => format!(" (at {})", place.pointer),
        _ => String::new(),
    };
    format!("{operation}{}{at}", finding.message)
}

fn command_data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn command_property(text: &str) -> String {
    command_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// XML 1.0 has no way to write most control characters.
fn xml(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Percent-encodes what may not stand in a relative URI reference.
fn uri(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

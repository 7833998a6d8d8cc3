//! A report as JSON. It is written finding by finding, since lists of operations can be
//! much longer than what they take in memory.

use std::collections::BTreeMap;
use std::io;

use openapi_diff::Rule;
use serde::{Serialize, Serializer};

use super::advice::advice;
use super::model::{Coverage, Finding, Report};

/// A report as it is written; `report.schema.json` is its schema.
#[derive(Serialize)]
struct Written<'a> {
    title: &'a str,
    findings: Findings<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<&'a Coverage>,
}

struct Findings<'a> {
    all: &'a [Finding],
    rules: BTreeMap<String, Rule>,
}

/// A finding, and what a client has to do about it.
#[derive(Serialize)]
struct Advised<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.all.iter().map(|finding| {
            let rule = self.rules.get(&finding.id);
            Advised {
                finding,
                advice: rule.and_then(|rule| advice(*rule, finding.level)),
            }
        }))
    }
}

/// Writes a report.
///
/// # Errors
///
/// What is written to refuses it.
pub(super) fn write(report: &Report, mut to: &mut dyn io::Write) -> io::Result<()> {
    let written = Written {
        title: &report.title,
        findings: Findings {
            all: &report.findings,
            rules: Rule::all(),
        },
        accepted: Some(report.accepted).filter(|accepted| *accepted > 0),
        coverage: report.coverage.as_ref(),
    };
    serde_json::to_writer_pretty(&mut to, &written)?;
    to.write_all(b"\n")
}

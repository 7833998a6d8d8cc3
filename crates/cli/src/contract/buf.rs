//! What the protos break for gRPC callers, as `buf breaking` judges it.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use conformance::release::{Published, Settings, write};
use conformance::report::{Finding, Level, Location, OperationList};
use serde::Deserialize;

use super::revision::statements_of_protos;
use super::workspace;

/// How to get buf, for people who do not have it.
pub(super) const INSTALL: &str =
    "install it with `pip install buf-bin`, or as https://buf.build/docs/cli/installation says";

/// What buf exits with where it has found something.
const FOUND: i32 = 100;

/// The id of what buf says of protos that do not compile.
const UNUSABLE: &str = "proto-compile";

/// The directories of the two sides, and the old one as seen from the new one.
const NEW: &str = "new";
const OLD: &str = "old";
const AGAINST: &str = "../old";

/// A line that buf prints for each finding.
#[derive(Deserialize)]
struct Found {
    path: Option<String>,
    start_line: Option<u32>,
    r#type: String,
    message: String,
}

/// What a comparison by buf has found.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// What breaks clients.
    pub(super) changes: Vec<Finding>,
    /// Why the protos cannot be compared: one side does not compile. That is no change.
    pub(super) unusable: Vec<Finding>,
}

/// Compares the protos of the working tree with those that are published, or only
/// compiles them where none are. Returns `None` if there is no buf.
pub(super) fn breaking(
    settings: &Settings,
    published: Option<&Published>,
) -> anyhow::Result<Option<Compared>> {
    let now = statements_of_protos(settings)?;
    let before = published.map(Published::files).transpose()?;
    let [new, old] = workspace::sides(settings, [&now, before.as_ref().unwrap_or(&now)])?;
    let directory = tempfile::tempdir().context("no temporary directory can be created")?;
    for (side, files) in [(NEW, &new), (OLD, &old)] {
        for (path, content) in files {
            write(&directory.path().join(side).join(path), content)?;
        }
    }
    let Some(mut found) = run(&directory.path().join(NEW))? else {
        return Ok(None);
    };
    let published = published.map_or("", |published| &published.name);
    for place in found.iter_mut().filter_map(|found| found.revision.as_mut()) {
        if let Some(below) = place.source.strip_prefix(AGAINST) {
            place.source = format!("{published}{below}");
        }
    }
    let (mut unusable, changes) = found
        .into_iter()
        .partition::<Vec<_>, _>(|finding| finding.id == UNUSABLE);
    if let Some(finding) = unusable.first_mut()
        && !now.contains_key(Path::new(Settings::BUF))
    {
        let rules = workspace::rules(settings, &now).unwrap_or_default();
        finding.message = format!(
            "{}; there is no {file}, so buf was given {rules}: write a {file} of your own if that \
             is not how the protos lie",
            finding.message,
            file = Settings::BUF,
        );
    }
    Ok(Some(Compared { changes, unusable }))
}

/// Runs buf in the directory of one side. Returns `None` if there is no buf.
fn run(directory: &Path) -> anyhow::Result<Option<Vec<Finding>>> {
    let output = Command::new("buf")
        .args(["breaking", "--error-format", "json", "--against", AGAINST])
        .current_dir(directory)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("buf cannot be run"),
    };
    let stdout = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => Ok(Some(Vec::new())),
        Some(FOUND) => stdout
            .lines()
            .map(finding)
            .collect::<anyhow::Result<_>>()
            .map(Some),
        _ => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`buf breaking` failed: {}",
                [stdout.trim(), stderr.trim()].join(" ").trim()
            )
        }
    }
}

/// Says that the protos were not compared.
pub(super) fn missing(required: bool) -> Finding {
    Finding {
        id: "buf-missing".to_owned(),
        level: if required {
            Level::Error
        } else {
            Level::Warning
        },
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: None,
        message: format!(
            "the protos were not compared with the published ones, because there is no `buf` on \
             the PATH; {INSTALL}"
        ),
    }
}

fn finding(line: &str) -> anyhow::Result<Finding> {
    let found: Found = serde_json::from_str(line)
        .with_context(|| format!("buf printed what is not a finding: {line}"))?;
    let rule = found.r#type.to_ascii_lowercase().replace('_', "-");
    Ok(Finding {
        // Protos that do not compile have no rule, but the word COMPILE.
        id: format!("proto-{rule}"),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: found
            .path
            .map(|path| Location::of_text(path, found.start_line)),
        message: found.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_buf_is_a_finding_with_its_place() {
        let found = finding(
            r#"{"path":"proto/a.proto","start_line":14,"type":"FIELD_NO_DELETE","message":"It was deleted."}"#,
        )
        .expect("it is a finding");
        assert_eq!(found.id, "proto-field-no-delete");
        let place = found.revision.expect("a place");
        assert_eq!(place.to_string(), "proto/a.proto:14");
        assert_eq!(found.message, "It was deleted.");
    }

    #[test]
    fn what_is_no_finding_is_an_error() {
        assert!(finding("Failure: no such module").is_err());
    }
}

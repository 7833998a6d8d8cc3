//! `web1on1 contract git-diff`: what `git diff` shows of an OpenAPI document.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use conformance::diff::{Document, diff};
use conformance::report::{self, Format, Report, Shown};
use serde_json::Value;
use similar::TextDiff;

use super::output::{is_colourful, to_stdout};
use super::{documents, policy};

/// The most findings that are shown of a document.
const MOST: usize = 200;

/// How long the least difference of two texts is looked for.
const LONGEST: Duration = Duration::from_secs(2);

/// The file that stands for one that does not exist.
const NOTHING: &str = "/dev/null";

/// Show in `git diff` what a change of an OpenAPI document does, in sentences
///
/// git runs it as an external diff driver and gives the arguments. It takes a line of
/// configuration, `git config diff.openapi.command 'web1on1 contract git-diff'`, and one
/// in .gitattributes, `openapi/openapi.json diff=openapi`. `git diff --no-ext-diff` shows
/// the lines as ever. Of a file that is no document by itself, such as a part that a
/// document refers to, the lines are shown.
#[derive(Args, Debug)]
pub(crate) struct GitDiffArgs {
    /// The path in the repository
    path: String,
    /// The rest of what git gives: the old file, its object and mode, the same of the
    /// new file, and for a renamed file its new path and what has become of it. A path
    /// that is not merged comes alone
    #[arg(num_args = 0.., allow_hyphen_values = true, trailing_var_arg = true)]
    rest: Vec<String>,
}

/// Prints the changes. Whatever is wrong with a document is a sentence too: git ends where
/// a driver fails, and would show nothing of the files that follow.
pub(crate) fn run(args: &GitDiffArgs) -> anyhow::Result<ExitCode> {
    to_stdout(&text(args))?;
    Ok(ExitCode::SUCCESS)
}

fn text(args: &GitDiffArgs) -> String {
    let path = &args.path;
    let (old, new, renamed) = match args.rest.as_slice() {
        [old, old_object, _, new, new_object, _] => ((old, old_object), (new, new_object), None),
        [old, old_object, _, new, new_object, _, renamed, ..] => {
            ((old, old_object), (new, new_object), Some(renamed))
        }
        _ => return said(path, "it is not merged"),
    };
    let name = renamed.unwrap_or(path);
    let read_lines = || lines(path, old.0, name, new.0);
    if [old.0, new.0].into_iter().all(|file| is_part(file)) {
        return read_lines();
    }
    match (old.0 == NOTHING, new.0 == NOTHING) {
        (true, _) => return said(path, &whole(new, path, "the document is new")),
        (_, true) => return said(path, &whole(old, path, "the document is gone")),
        _ => {}
    }
    let title = match renamed {
        Some(renamed) if renamed != path => format!("{path} → {renamed}"),
        _ => path.clone(),
    };
    let read = |(file, object): (&String, &String), path: &str, which: &str| {
        documents::read_version(Path::new(file), object, path, &format!("{which} {path}"))
    };
    let old = read(old, path, "old");
    let new = read(new, name, "new");
    match (old, new) {
        (Ok(old), Ok(new)) => changes(title, &old, &new),
        (Err(error), _) | (_, Err(error)) => {
            let why = format!("it cannot be compared, so these are the lines: {error:#}");
            said(&title, &why) + &read_lines()
        }
    }
}

/// Returns whether a file is no document by itself, but may be a part of one. One that
/// does not exist is no reason to think otherwise.
fn is_part(file: &str) -> bool {
    if file == NOTHING {
        return true;
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    // JSON is YAML too.
    match yaml_serde::from_str::<Value>(&text) {
        Ok(Value::Object(members)) => !["openapi", "swagger"]
            .iter()
            .any(|member| members.contains_key(*member)),
        Ok(_) => true,
        // What is broken may have been a document.
        Err(_) => false,
    }
}

/// The lines that differ, as git shows them.
fn lines(old_name: &str, old: &str, new_name: &str, new: &str) -> String {
    let text = |file: &str| match file {
        NOTHING => Ok(String::new()),
        file => fs::read_to_string(file),
    };
    let (old_text, new_text) = match (text(old), text(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(error), _) | (_, Err(error)) => {
            return said(new_name, &format!("its lines cannot be shown: {error}"));
        }
    };
    let side = |file: &str, letter: char, name: &str| match file {
        NOTHING => NOTHING.to_owned(),
        _ => format!("{letter}/{name}"),
    };
    let (from, to) = (side(old, 'a', old_name), side(new, 'b', new_name));
    let mut differing = TextDiff::configure();
    let differing = differing
        .timeout(LONGEST)
        .diff_lines(&*old_text, &*new_text);
    let shown = differing.unified_diff().header(&from, &to).to_string();
    let head = format!("diff --git a/{old_name} b/{new_name}\n");
    let plain = !is_colourful();
    let lines = head.lines().chain(shown.lines());
    let lines = lines.flat_map(|line| {
        let colour = match line.get(..1) {
            _ if plain => "",
            _ if ["diff ", "--- ", "+++ "]
                .iter()
                .any(|of| line.starts_with(of)) =>
            {
                "\x1b[1m"
            }
            Some("+") => "\x1b[32m",
            Some("-") => "\x1b[31m",
            Some("@") => "\x1b[36m",
            _ => "",
        };
        let end = if colour.is_empty() { "\n" } else { "\x1b[m\n" };
        [colour, line, end]
    });
    lines.collect()
}

fn changes(title: String, old: &Document, new: &Document) -> String {
    let findings = diff(old, new, policy::today());
    if findings.is_empty() {
        return said(
            &title,
            "clients notice nothing; `git diff --no-ext-diff` shows what else has changed",
        );
    }
    let report = Report {
        title,
        findings,
        accepted: 0,
        coverage: None,
    };
    let shown = Shown {
        most: MOST,
        ..Shown::default()
    };
    report::render(&report, Format::Text, is_colourful(), shown)
}

/// What is said of a document that there was, or will be, no other of.
fn whole((file, object): (&String, &String), path: &str, what: &str) -> String {
    match documents::read_version(Path::new(file), object, path, path) {
        Ok(_) => what.to_owned(),
        Err(error) => format!("{what}, and cannot be read: {error:#}"),
    }
}

/// A line about a document.
fn said(path: &str, sentence: &str) -> String {
    let line = format!("{path}: {sentence}");
    let line: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("{line}\n")
}

//! `web1on1 contract rules`: what `contract diff` can find.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformance::diff::Rule;
use serde_json::json;

use super::output::to_stdout;

/// The command that writes docs/changes.md.
const COMMAND: &str = "cargo run --release -- contract rules --format markdown > docs/changes.md";

/// List the kinds of changes that `contract diff` tells apart
#[derive(Args, Debug)]
pub(crate) struct RulesArgs {
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: an array of objects with `id`, `level` and `meaning`
    Json,
    /// docs/changes.md
    Markdown,
}

pub(crate) fn run(args: &RulesArgs) -> anyhow::Result<ExitCode> {
    let written = match args.format {
        Format::Text => text(),
        Format::Json => json(),
        Format::Markdown => markdown(),
    };
    to_stdout(&written)?;
    Ok(ExitCode::SUCCESS)
}

fn text() -> String {
    let all = Rule::all();
    let width = all.keys().map(String::len).max().unwrap_or_default();
    let mut out = String::new();
    for (id, rule) in all {
        let (level, meaning) = (rule.level(), rule.meaning());
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{level:<7}  {id:<width$}  {meaning}");
    }
    out
}

fn json() -> String {
    let all: Vec<_> = Rule::all()
        .into_iter()
        .map(|(id, rule)| json!({ "id": id, "level": rule.level(), "meaning": rule.meaning() }))
        .collect();
    format!("{:#}\n", serde_json::Value::Array(all))
}

fn markdown() -> String {
    let mut out = format!(
        "# Changes that `web1on1 contract diff` tells apart\n\n\
         The level is the usual one; where the values themselves decide it, the report says what\n\
         holds in the case at hand. `--level ID=LEVEL` overrides it. This file is generated:\n\
         `{COMMAND}`.\n\n\
         | id | level | meaning |\n|---|---|---|\n"
    );
    for (id, rule) in Rule::all() {
        let (level, meaning) = (rule.level(), rule.meaning());
        let _ = writeln!(out, "| `{id}` | {level} | {meaning} |");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{COMMAND, markdown};

    #[test]
    fn the_table_of_changes_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/changes.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == markdown(),
            "docs/changes.md is stale; run `{COMMAND}`"
        );
    }
}

//! `web1on1 contract diff`: what a new contract breaks.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use conformance::diff::{diff, on_deep_stack};
use conformance::release::{Settings, read_if_there};
use conformance::report::Report;
use tokio::runtime::Handle;

use super::documents;
use super::output::{EXIT_CODES, OutputArgs};
use super::policy::{self, PolicyArgs};

/// Tell what a new OpenAPI document breaks, and for whom
///
/// A document is a file, `REV:path` as git knows it, `-` for standard input, or an
/// http or https URL, in JSON or YAML. Files that it refers to are read from the same
/// place. Without documents the one that contract.toml names is compared with what was
/// published last.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct DiffArgs {
    /// The old document
    #[arg(requires = "revision")]
    base: Option<String>,
    /// The new document
    revision: Option<String>,
    /// Fetch documents, and those that they refer to, from the network
    ///
    /// A document from the network may only refer to its own host.
    #[arg(long)]
    allow_remote: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let runtime = Handle::current();
    on_deep_stack(|| {
        // Documents may have to be fetched.
        let _in_runtime = runtime.enter();
        compare(args)
    })
}

fn compare(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let Sides {
        base: old,
        revision: new,
        ignore,
    } = sides(args)?;
    if old == "-" && new == "-" {
        bail!("only one of the documents can come from standard input");
    }
    let policy_args = args.policy.or_list(ignore.as_ref());
    let base = documents::read(&old, args.allow_remote)?;
    let revision = documents::read(&new, args.allow_remote)?;
    let mut policy = policy_args.read(&args.output)?;
    let today = policy::today();
    let found = diff(&base, &revision, today);
    // Of a large document with many changes, there is room for the report or for this.
    drop((base, revision));
    let mut findings = policy.judge(found, today);
    findings.extend(policy.left_over(today));
    findings.sort_by_key(|finding| Reverse(finding.level));
    let report = Report {
        title: format!("{old} → {new}"),
        findings,
        accepted: policy.accepted(),
        coverage: None,
    };
    let command = format!("web1on1 contract diff {old} {new}");
    policy_args.report(&report, &args.output, &command)
}

/// What is compared.
struct Sides {
    base: String,
    revision: String,
    /// The findings that are accepted of these documents.
    ignore: Option<PathBuf>,
}

/// Returns the documents that the arguments name, or else those of `contract.toml`.
fn sides(args: &DiffArgs) -> anyhow::Result<Sides> {
    if let (Some(base), Some(revision)) = (&args.base, &args.revision) {
        return Ok(Sides {
            base: base.clone(),
            revision: revision.clone(),
            ignore: None,
        });
    }
    let file = read_if_there(Path::new(Settings::FILE))?.with_context(|| {
        format!(
            "there is no {} here, so nothing says what to compare; name two documents, the old \
             one first",
            Settings::FILE
        )
    })?;
    let settings = Settings::parse(&file, Settings::FILE)?;
    let published = settings.published.join(settings.document_name());
    if !settings.document.exists() {
        bail!("there is no document {}", settings.document.display());
    }
    if !published.exists() {
        bail!(
            "nothing is published that {} could be compared with: there is no {}; publish a first \
             contract with `contract bless`, or name two documents",
            settings.document.display(),
            published.display()
        );
    }
    Ok(Sides {
        base: published.display().to_string(),
        revision: settings.document.display().to_string(),
        ignore: settings.ignore,
    })
}

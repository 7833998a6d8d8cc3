//! `web1on1 contract check`: every check of the contract, and one verdict.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::contract::artefacts::artefacts_of;
use anyhow::{Context as _, bail};
use clap::Args;
use conformance::diff::{OperationRule, Policy, Rule, diff};
use conformance::lint::new_since;
use conformance::release::version::{self, History};
use conformance::release::{
    Base, Choice, Git, Linted, Published, Settings, changelog, choose, exceptions, manifest,
    read_if_there, settle,
};
use conformance::report::{Finding, Level, Report};
use conformance::verify::{self, Live};
use jiff::civil::Date;

use super::fresh::{fresh, strays};
use super::output::{EXIT_CODES, OutputArgs};
use super::policy::{self, PolicyArgs};
use super::project::{ProjectArgs, api_document, document_is_there};
use super::revision::{self, Revision, stated_version};
use super::{agree, buf, built_in, lint, recorded, workspace};
use crate::progress::Progress;

/// Check everything about the contract, and give one verdict
///
/// Run it in the directory of contract.toml, which says where everything lies. It
/// checks that
///
/// 1. the derived files are what the contract derives, and nothing else;
/// 2. the protos, the contract and the OpenAPI document agree;
/// 3. the change does not weaken what it is judged by (waivers, ignore files, the
///    rules of buf, the settings), unless the base allows it;
/// 4. what is published is whole, as its manifest says;
/// 5. nothing breaks REST clients of the published contract;
/// 6. nothing breaks gRPC clients of the published protos (`buf breaking`);
/// 7. every change is published, under a version that moves with it, and the
///    changelog tells of each version;
/// 8. the recorded exchanges are whole, and keep the contract;
/// 9. nothing new makes clients ugly that are generated from the document, as
///    `contract lint` tells;
/// 10. a backend keeps it to the letter: the one built in, or the one at --url.
///
/// In a git checkout everything is compared with the base of the change: the merge
/// base with the default branch, or on that branch the commit before.
///
/// What it is doing goes to standard error, the report to standard output.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, verbatim_doc_comment)]
pub(crate) struct CheckArgs {
    /// Compare with this git revision, not with the merge base of HEAD and the
    /// default branch
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Fail if the protos cannot be compared because there is no buf
    #[arg(long)]
    require_buf: bool,
    /// Verify this server instead of the backend that is built in
    ///
    /// It is only read from, unless --allow-writes is given.
    #[arg(long, value_name = "URL", requires = "token")]
    url: Option<String>,
    /// Verify no backend, which takes seconds; the report says so
    #[arg(long, conflicts_with = "url")]
    skip_backend: bool,
    /// The access token for --url
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WEB1ON1_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// Try the operations of --url that write too, in an organization of their own
    #[arg(long, requires = "url")]
    allow_writes: bool,
    /// A PEM file with the authorities that may vouch for the server at --url
    ///
    /// They take the place of those that the system trusts.
    #[arg(long, value_name = "FILE", env = "WEB1ON1_UPSTREAM_CA")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let settings = args.project.settings()?;
    document_is_there(&settings)?;
    let policy = args.policy.or_list(settings.ignore.as_ref());
    let mut verdict = Verdict {
        policy: policy.read(&args.output)?,
        today: policy::today(),
        findings: Vec::new(),
    };
    let choice = choose(Path::new("."), args.against.as_deref())?;
    let given = args
        .policy
        .ignore
        .as_deref()
        .map(below)
        .transpose()?
        .flatten();
    let base = match &choice {
        Choice::Commit { id, .. } => {
            let name = args.against.as_deref().unwrap_or(&id[..id.len().min(12)]);
            let more: Vec<_> = given.iter().cloned().collect();
            Some(Base::read(Path::new("."), id, name, &settings, &more)?)
        }
        Choice::Nothing { .. } => None,
    };

    check_statements(&settings, &mut verdict)?;
    let place = settings.published.display().to_string();
    let tree = Published::read(&place, &settings.published, &settings.document_name())?;
    let earlier = base.as_ref().and_then(|base| base.published.as_ref());
    let published = earlier.unwrap_or(&tree);
    let revision = Revision::of(&settings)?;
    let file = settings.version.as_ref().unwrap_or(&settings.document);
    let file = file.display().to_string();
    let history = History {
        current: &revision.version,
        file: &file,
        tree: &tree,
        base: earlier,
        by_hand: !settings.built_in,
    };

    // What the change adds to the rules that it is judged by.
    let rules = read_if_there(Path::new(Settings::BUF))?;
    let mut added = match read_if_there(&published.directory.join(Settings::BUF))? {
        Some(before) => exceptions::of_buf(rules.as_deref(), Some(&before))?,
        // What stood in for rules that were not there.
        None => match (rules, workspace::rules(&settings, &published.files()?)) {
            (Some(rules), Some(before)) => exceptions::of_first_buf(&rules, &before)?,
            _ => Vec::new(),
        },
    };
    if let Some(base) = &base {
        let here = Path::new(".");
        added.extend(exceptions::of_change(
            here,
            &settings,
            given.as_deref(),
            base,
        )?);
        added.extend(version::raised(history));
    }
    let allowed = base.as_ref().map(|base| &*base.settings.allow);
    let mut found = settle(
        added,
        allowed.unwrap_or_default(),
        &verdict.today.to_string(),
    );
    if let Some(base) = &base {
        found.extend(exceptions::allowances(&settings, base));
    }
    let told = told(&choice, &tree, earlier);
    if !found.is_empty() {
        eprintln!("      base      {told}");
    }
    // Not judged: an entry that the change adds would accept itself.
    verdict.tell("base", found, &told);

    let found = manifest::check(&settings.published)?;
    verdict.take(
        "manifest",
        found,
        &format!("{place}/ is what was published"),
    );
    check_clients(args, &settings, &revision, published, history, &mut verdict)?;

    if let Some(recorded) = &settings.recorded {
        let found = recorded::findings(&settings, recorded)?;
        let holds =
            "there is an exchange for each operation and status, and each keeps the contract";
        verdict.take("recorded", found, holds);
    }
    check_lint(&settings, published, &mut verdict)?;
    check_backend(args, &settings, &mut verdict).await?;

    let left_over = verdict.policy.left_over(verdict.today);
    if !left_over.is_empty() {
        verdict.tell("ignore", left_over, "");
    }
    let report = Report {
        title: "contract check".to_owned(),
        findings: verdict.findings,
        accepted: verdict.policy.accepted(),
        coverage: None,
    };
    args.policy
        .report(&report, &args.output, "web1on1 contract check")
}

/// Checks that the statements of the working tree agree with each other.
fn check_statements(settings: &Settings, verdict: &mut Verdict) -> anyhow::Result<()> {
    if settings.built_in {
        let artefacts = artefacts_of(&stated_version(settings)?.to_string(), None);
        let directory = settings.document.parent().unwrap_or(Path::new(""));
        let holds = format!(
            "{}/ is what the contract derives, {} files",
            directory.display(),
            artefacts.len()
        );
        let (mut found, differences) = fresh(directory, &artefacts)?;
        found.extend(strays(directory, &artefacts, settings)?);
        verdict.take("fresh", found, &holds);
        eprint!("{differences}");
    }
    if settings.protos.is_empty() {
        verdict.skip("agree", "there are no protos to compare the document with");
    } else {
        let (found, compared) = agree::findings(settings)?;
        verdict.take("agree", found, &compared);
    }
    Ok(())
}

/// Checks what the working tree means to clients of what is published, and that it
/// is published.
fn check_clients(
    args: &CheckArgs,
    settings: &Settings,
    revision: &Revision,
    published: &Published,
    history: History<'_>,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let (tree, current) = (history.tree, history.current);
    let mut rest = diff(&published.document()?, &revision.document, verdict.today);
    // Clients are generated from what is published, and call operations by their ids.
    let renamed = Rule::from(OperationRule::ApiOperationIdRemoved).to_string();
    for finding in rest.iter_mut().filter(|finding| finding.id == renamed) {
        finding.level = Level::Error;
    }
    let rest = verdict.judge(rest);
    let proto = if settings.protos.is_empty() {
        Some(buf::Compared::default())
    } else {
        buf::breaking(settings, Some(published))?
    };
    let (proto, unusable) = match proto {
        Some(compared) => (Some(verdict.judge(compared.changes)), compared.unusable),
        None => (None, Vec::new()),
    };
    let unusable = verdict.judge(unusable);
    let changes: Vec<_> = rest.iter().chain(proto.iter().flatten()).cloned().collect();
    let mut versions = version::check(history, &changes)?;
    let contents = revision::contents(settings, &current.to_string())?;
    versions.extend(version::unpublished(history, &contents)?);
    if let Some(path) = &settings.changelog {
        let log = read_if_there(path)?;
        let log = log.with_context(|| format!("{} is gone", path.display()))?;
        let file = path.display().to_string();
        versions.extend(changelog::check(&log, &file, &tree.version));
    }

    let announced = current.major > published.version.major;
    let settle = |found: Vec<Finding>| {
        if announced {
            version::announce(found)
        } else {
            found
        }
    };
    let holds = format!("nothing breaks clients of {}", published.version);
    verdict.tell("rest", settle(rest), &holds);
    match proto {
        _ if settings.protos.is_empty() => verdict.skip("proto", "there are no protos"),
        Some(found) => {
            let found = [settle(found), unusable].concat();
            verdict.tell("proto", found, &holds);
        }
        None => verdict.take("proto", vec![buf::missing(args.require_buf)], ""),
    }
    verdict.take("version", versions, &format!("{current}, as published"));
    Ok(())
}

/// Checks what the document of the working tree is like for generators of clients.
fn check_lint(
    settings: &Settings,
    published: &Published,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    if settings.lint == Linted::None {
        verdict.skip("lint", "contract.toml wants no lint");
        return Ok(());
    }
    let all = lint::findings(settings)?;
    let count = all.len();
    let found = match settings.lint {
        Linted::New => new_since(&published.lint()?, all),
        Linted::All | Linted::None => all,
    };
    let holds = match count - found.len() {
        0 => "nothing makes generated clients ugly".to_owned(),
        _ => format!("nothing new makes generated clients ugly; `contract lint` shows all {count}"),
    };
    verdict.take("lint", found, &holds);
    Ok(())
}

async fn check_backend(
    args: &CheckArgs,
    settings: &Settings,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    if args.skip_backend {
        verdict.skip("backend", "no backend was verified (--skip-backend)");
        return Ok(());
    }
    let report = match &args.url {
        None if !settings.built_in => {
            verdict.skip(
                "backend",
                "no server was verified, because there is no --url",
            );
            return Ok(());
        }
        Some(url) => {
            let options = Live {
                url: url.clone(),
                token: args.token.clone().unwrap_or_default(),
                allow_writes: args.allow_writes,
                ca: args.ca.clone(),
            };
            let document = if settings.built_in {
                None
            } else {
                Some(api_document(&settings.document)?)
            };
            let laws = verify::Laws {
                document,
                ..verify::Laws::default()
            };
            let progress = Progress::start("verifying the server", "requests");
            verify::with_laws_counting(&options, &laws, progress.counter()).await?
        }
        None => built_in::verify().await?,
    };
    verdict.take("backend", report.findings, &report.title);
    Ok(())
}

/// Returns a path as seen from this directory, or `None` if the file is no part of
/// the checkout, so that no change in it can have written the file.
fn below(path: &Path) -> anyhow::Result<Option<PathBuf>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let here = Path::new(".").canonicalize()?;
    let file = path.canonicalize().with_context(unreadable)?;
    if let Ok(below) = file.strip_prefix(&here) {
        return Ok(Some(below.to_owned()));
    }
    let directory = file.parent().unwrap_or(&file);
    if Git::around(directory)?.is_some() && Git::around(&here)?.is_some() {
        bail!(
            "{} is in a git checkout, but not below this directory, so it cannot be compared with \
             the base; move it below",
            path.display()
        );
    }
    Ok(None)
}

/// Says what the change is compared with.
fn told(choice: &Choice, tree: &Published, earlier: Option<&Published>) -> String {
    match (choice, earlier) {
        (Choice::Nothing { reason }, _) => format!(
            "{reason}, so {} and its manifest alone are what it is compared with",
            tree.name
        ),
        (Choice::Commit { id, which }, Some(earlier)) => format!(
            "compared with {} ({which}), which published {}",
            &id[..id.len().min(12)],
            earlier.version
        ),
        (Choice::Commit { id, which }, None) => format!(
            "compared with {} ({which}), which published nothing; {} stands in for it",
            &id[..id.len().min(12)],
            tree.name
        ),
    }
}

/// What was found so far, as the team judges it.
struct Verdict {
    policy: Policy,
    today: Date,
    findings: Vec<Finding>,
}

impl Verdict {
    fn judge(&mut self, found: Vec<Finding>) -> Vec<Finding> {
        self.policy.judge(found, self.today)
    }

    /// Judges what a check has found, and tells how it went.
    fn take(&mut self, check: &str, found: Vec<Finding>, holds: &str) {
        let found = self.judge(found);
        self.tell(check, found, holds);
    }

    /// Tells that there is nothing to check.
    #[expect(clippy::unused_self, reason = "a check is taken, told or skipped")]
    fn skip(&self, check: &str, reason: &str) {
        eprintln!("skip  {check:<9} {reason}");
    }

    /// Tells how a check went whose findings have been judged.
    fn tell(&mut self, check: &str, found: Vec<Finding>, holds: &str) {
        let count = |level| {
            found
                .iter()
                .filter(|finding| finding.level == level)
                .count()
        };
        let (errors, warnings) = (count(Level::Error), count(Level::Warning));
        let (word, outcome) = match (errors, warnings) {
            (0, 0) => ("ok", holds.to_owned()),
            (0, _) => ("warn", format!("{warnings} to look at")),
            _ => ("FAIL", format!("{errors} wrong")),
        };
        eprintln!("{word:<4}  {check:<9} {outcome}");
        self.findings.extend(found);
    }
}

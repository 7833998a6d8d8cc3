//! `web1on1 contract check`: every check of the contract, and one verdict.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::contract::openapi::{Artefact, VERSION, artefacts};
use anyhow::Context as _;
use clap::Args;
use conformance::diff::{Document, Policy, diff};
use conformance::report::{Finding, Level, Location, Report};
use conformance::verify::{self, Live};
use jiff::civil::Date;
use semver::Version;
use similar::TextDiff;

use super::export::{self, OPENAPI, Stale};
use super::output::{EXIT_CODES, OutputArgs};
use super::policy::{self, PolicyArgs};
use super::published::Published;
use super::version::{self, CHANGELOG, VERSION_FILE};
use super::{agree, buf, built_in};

/// How many lines of a diff are shown for each stale file.
const DIFF_LINES: usize = 40;

/// Check everything about the contract, and give one verdict
///
/// Run it in the root of the repository. It checks that
///
/// 1. openapi/ holds what the contract derives, and nothing else;
/// 2. the protos, the contract and the OpenAPI document agree;
/// 3. nothing breaks REST clients of the published contract;
/// 4. nothing breaks gRPC clients of the published protos (`buf breaking`);
/// 5. the version moves with what is published;
/// 6. the recorded exchanges keep the contract;
/// 7. a backend keeps it to the letter: the one built in, or the one at --url.
///
/// What it is doing goes to standard error, the report to standard output.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES, verbatim_doc_comment)]
pub(crate) struct CheckArgs {
    /// Compare with what was published as of this git revision, not with
    /// blessed/ in the working tree
    ///
    /// A change that publishes a contract is compared with the one before it in
    /// this way: --against origin/main.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// Fail if the protos cannot be compared because there is no buf
    #[arg(long)]
    require_buf: bool,
    /// Verify this server instead of the backend that is built in. It is only
    /// read from, unless --allow-writes is given
    #[arg(long, value_name = "URL", requires = "token")]
    url: Option<String>,
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
    /// A PEM file with the certificates of the authorities that may vouch for
    /// the server at --url, in place of those that the system trusts
    #[arg(long, value_name = "FILE", env = "WEB1ON1_UPSTREAM_CA")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) async fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let mut verdict = Verdict {
        policy: args.policy.read(&args.output)?,
        today: policy::today(),
        findings: Vec::new(),
    };
    let artefacts = artefacts();

    let holds = format!(
        "{OPENAPI}/ is what the contract derives, {} files",
        artefacts.len()
    );
    let (found, differences) = fresh(&artefacts)?;
    verdict.take("fresh", found, &holds);
    eprint!("{differences}");

    let (found, compared) = agree::findings()?;
    verdict.take("agree", found, &compared);

    let tree = Published::in_tree()?;
    let earlier = args.against.as_deref().map(Published::at).transpose()?;
    let published = earlier.as_ref().unwrap_or(&tree);
    let current = Version::parse(VERSION).context("crates/contract/VERSION is not SemVer")?;

    let revision = derived_document(&artefacts)?;
    let rest = diff(&published.document()?, &revision, verdict.today);
    let rest = verdict.judge(rest);
    let proto = buf::breaking(&published.directory)?;
    let proto = proto.map(|found| verdict.judge(found));
    let changes: Vec<_> = rest.iter().chain(proto.iter().flatten()).cloned().collect();
    let versions = versions(&current, &tree, earlier.as_ref(), &changes)?;

    let announced = current.major > published.version.major;
    let settle = |found: Vec<Finding>| if announced { announce(found) } else { found };
    let holds = format!("nothing breaks clients of {}", published.version);
    verdict.tell("rest", settle(rest), &holds);
    match proto {
        Some(found) => verdict.tell("proto", settle(found), &holds),
        None => verdict.take(
            "proto",
            vec![no_buf(args.require_buf)],
            "not compared: there is no buf",
        ),
    }
    verdict.take("version", versions, &format!("{current}, as published"));

    let found = recorded_exchanges()?;
    let holds = "the recorded exchanges keep the contract, but for what is known";
    verdict.take("recorded", found, holds);

    let report = match &args.url {
        Some(url) => {
            let options = Live {
                url: url.clone(),
                token: args.token.clone().unwrap_or_default(),
                allow_writes: args.allow_writes,
                ca: args.ca.clone(),
            };
            verify::live(&options).await?
        }
        None => built_in::verify().await?,
    };
    verdict.take("backend", report.findings, &report.title);

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
    let command = "web1on1 contract check";
    args.policy.report(&report, &args.output, command)
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

/// What of `openapi/` is stale, and the differences.
pub(super) fn fresh(artefacts: &[Artefact]) -> anyhow::Result<(Vec<Finding>, String)> {
    let stale = export::stale(Path::new(OPENAPI), artefacts)?;
    let shown = stale.iter().filter(|file| {
        // The YAML form says the same as the JSON form.
        let json = file.path.with_extension("json");
        json == file.path || stale.iter().all(|other| other.path != json)
    });
    let differences = shown.map(difference).collect();
    Ok((stale.iter().map(stale_file).collect(), differences))
}

fn stale_file(file: &Stale) -> Finding {
    let path = file.path.display();
    let problem = match (&file.found, &file.derived) {
        (None, _) => "is missing",
        (_, None) => "is derived from nothing",
        _ => "is not what the contract derives",
    };
    Finding {
        id: "stale-file".to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: Vec::new(),
        base: None,
        revision: Some(Location::of_text(path.to_string(), first_difference(file))),
        message: format!(
            "{path} {problem}; if the contract is meant to change, run `{}` and commit the result",
            export::COMMAND
        ),
    }
}

/// The first line of a file that is not as it should be, counted from 1.
fn first_difference(file: &Stale) -> Option<u32> {
    let (found, derived) = (file.found.as_deref()?, file.derived.as_deref()?);
    let same = found
        .lines()
        .zip(derived.lines())
        .take_while(|(found, derived)| found == derived)
        .count();
    u32::try_from(same + 1).ok()
}

fn difference(file: &Stale) -> String {
    let path = file.path.display();
    let found = file.found.as_deref().unwrap_or_default();
    let derived = file.derived.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(found, derived);
    let diff = diff
        .unified_diff()
        .header(&format!("{path} (found)"), &format!("{path} (derived)"))
        .to_string();
    let lines = diff.lines().count();
    let mut shown = String::new();
    // Writing to a string cannot fail.
    for line in diff.lines().take(DIFF_LINES) {
        let _ = writeln!(shown, "      {line}");
    }
    if lines > DIFF_LINES {
        let more = lines - DIFF_LINES;
        let _ = writeln!(shown, "      … and {more} more lines");
    }
    shown
}

/// The OpenAPI document as the contract derives it, whatever the committed file
/// holds.
pub(super) fn derived_document(artefacts: &[Artefact]) -> anyhow::Result<Document> {
    let derived = artefacts
        .iter()
        .find(|artefact| artefact.path == "openapi.json")
        .context("the contract derives no openapi.json")?;
    let name = format!("{OPENAPI}/{}", derived.path);
    Ok(Document::parse(&name, &derived.content)?)
}

/// A new major version may break clients, but they should know how.
fn announce(mut found: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut found {
        finding.level = finding.level.min(Level::Warning);
    }
    found
}

fn no_buf(required: bool) -> Finding {
    Finding {
        id: "buf-missing".to_owned(),
        level: if required {
            Level::Error
        } else {
            Level::Warning
        },
        direction: None,
        operation: None,
        also: Vec::new(),
        base: None,
        revision: None,
        message: format!(
            "the protos were not compared with the published ones, because there is no `buf` on \
             the PATH; {}",
            buf::INSTALL
        ),
    }
}

/// Checks that the version says what is published.
fn versions(
    current: &Version,
    tree: &Published,
    earlier: Option<&Published>,
    changes: &[Finding],
) -> anyhow::Result<Vec<Finding>> {
    let wrong = |id: &str, place: &str, message: String| Finding {
        id: id.to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: Vec::new(),
        base: None,
        revision: Some(Location::of_text(place, None)),
        message,
    };
    let mut found = Vec::new();
    if *current != tree.version {
        let message = format!(
            "the version is {current}, but {} was published last; leave the version to \
             `contract bless`, which publishes what it raises",
            tree.version
        );
        found.push(wrong("version-not-published", VERSION_FILE, message));
    }
    let log =
        fs::read_to_string(CHANGELOG).with_context(|| format!("{CHANGELOG} cannot be read"))?;
    if !version::tells_of(&log, &tree.version) {
        let message = format!(
            "nothing is said about {}, the version that was published last; `contract bless` \
             writes an entry when it publishes",
            tree.version
        );
        found.push(wrong("changelog-entry-missing", CHANGELOG, message));
    }
    if let Some(earlier) = earlier
        && !tree.is_like(earlier)?
    {
        let least = version::least(&earlier.version, changes);
        if tree.version < least {
            let message = format!(
                "what is published has changed since {}, which was {}; this asks for {least} at \
                 least, and it is {}",
                earlier.name, earlier.version, tree.version
            );
            found.push(wrong("version-not-raised", VERSION_FILE, message));
        }
    }
    Ok(found)
}

/// What the recorded exchanges break, but for what is known of them.
fn recorded_exchanges() -> anyhow::Result<Vec<Finding>> {
    let directory = Path::new(OPENAPI).join("recorded");
    let known = directory.with_extension("toml");
    let text = fs::read_to_string(&known)
        .with_context(|| format!("{} cannot be read", known.display()))?;
    let known = Policy::parse(&text).with_context(|| known.display().to_string())?;
    let report = verify::recorded(&directory)?;
    let mut found = known.apply(report.findings, policy::today());
    for finding in &mut found {
        // What is known has to stay true.
        if finding.id.starts_with("ignore-") {
            finding.level = Level::Error;
        }
    }
    Ok(found)
}

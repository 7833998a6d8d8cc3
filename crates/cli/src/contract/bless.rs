//! `web1on1 contract bless`: publishes the contract of the working tree.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::contract::openapi::{Artefact, artefacts, artefacts_of};
use anyhow::{Context as _, bail};
use clap::Args;
use conformance::diff::Policy;
use conformance::report::Finding;
use semver::Version;

use super::agree::{self, PROTOS};
use super::export::{self, OPENAPI};
use super::published::{BLESSED, Published, files};
use super::version::{self, CHANGELOG, VERSION_FILE};
use super::{buf, check, policy};

const BUF: &str = "buf.yaml";

/// Publish the contract as it is: the next version, its changelog, blessed/
///
/// Run it in the root of the repository, once a change of the contract is
/// meant. It compares with what was published last, raises the version by as
/// much as the changes ask for, writes an entry of the changelog, and puts the
/// document, the schemas and the protos into blessed/. A contract that breaks
/// clients is published only under a version that is named with --as.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes:\n  \
    0  it is published, or there was nothing to publish\n  \
    1  the contract does not hold, or it needs another version\n  \
    2  the arguments are wrong, or something cannot be read or written")]
pub(crate) struct BlessArgs {
    /// The version to publish, if not the least that the changes allow
    #[arg(long = "as", value_name = "X.Y.Z")]
    under: Option<Version>,
    /// Publish although the protos cannot be compared because there is no buf
    #[arg(long)]
    without_buf: bool,
}

pub(crate) fn run(args: &BlessArgs) -> anyhow::Result<ExitCode> {
    let published = Published::in_tree()?;
    let mut wrong = check::fresh(&artefacts())?.0;
    wrong.extend(agree::findings()?.0);
    if !wrong.is_empty() {
        for finding in &wrong {
            eprintln!("error: {}", finding.message);
        }
        eprintln!("nothing was published");
        return Ok(ExitCode::FAILURE);
    }

    let changes = changes(&published, args.without_buf)?;
    if changes.is_empty() && !differs(&published.directory)? {
        println!("{} is published as it is", published.version);
        return Ok(ExitCode::SUCCESS);
    }
    let least = version::least(&published.version, &changes);
    let version = match &args.under {
        Some(version) if *version < least => {
            report(&changes);
            eprintln!(
                "error: these changes ask for {least} at least, not {version}; nothing was published"
            );
            return Ok(ExitCode::FAILURE);
        }
        Some(version) => version.clone(),
        None if least.major > published.version.major => {
            report(&changes);
            eprintln!(
                "error: clients of {} will break; if that is meant, say so with --as {least}; \
                 nothing was published",
                published.version
            );
            return Ok(ExitCode::FAILURE);
        }
        None => least,
    };
    publish(&version, &changes)?;
    report(&changes);
    println!(
        "published {version} after {}; look at {CHANGELOG}, and commit it with {BLESSED}/, \
         {OPENAPI}/ and {VERSION_FILE}",
        published.version
    );
    Ok(ExitCode::SUCCESS)
}

/// What has changed for clients of the published contract, of either kind.
fn changes(published: &Published, without_buf: bool) -> anyhow::Result<Vec<Finding>> {
    let revision = check::derived_document(&artefacts())?;
    let mut changes = policy::changes(&published.document()?, &revision, &Policy::default());
    match buf::breaking(&published.directory)? {
        Some(found) => changes.extend(found),
        None if without_buf => {}
        None => bail!(
            "there is no `buf` on the PATH to compare the protos with; {}, or publish --without-buf",
            buf::INSTALL
        ),
    }
    Ok(changes)
}

fn report(changes: &[Finding]) {
    for change in changes {
        println!("{}", version::line(change));
    }
}

/// Everything that is published, below `blessed/`.
fn contents(artefacts: Vec<Artefact>) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut contents: Vec<_> = artefacts
        .into_iter()
        // The YAML form says the same as the JSON form.
        .filter(|artefact| artefact.path != "openapi.yaml")
        .map(|artefact| (PathBuf::from(artefact.path), artefact.content.into_bytes()))
        .collect();
    for directory in PROTOS {
        for (path, content) in files(Path::new(directory))? {
            contents.push((Path::new(directory).join(path), content));
        }
    }
    let rules = fs::read(BUF).with_context(|| format!("{BUF} cannot be read"))?;
    contents.push((BUF.into(), rules));
    contents.sort();
    Ok(contents)
}

/// Returns whether what would be published is not what is.
fn differs(published: &Path) -> anyhow::Result<bool> {
    Ok(contents(artefacts())? != files(published)?)
}

/// Writes everything. What can fail for other reasons than the disk has been
/// done before the first file is touched.
fn publish(version: &Version, changes: &[Finding]) -> anyhow::Result<()> {
    let artefacts = artefacts_of(&version.to_string());
    let contents = contents(artefacts.clone())?;
    let log = match fs::read_to_string(CHANGELOG) {
        Ok(log) => log,
        Err(error) if error.kind() == ErrorKind::NotFound => version::HEAD.to_owned(),
        Err(error) => return Err(error).with_context(|| format!("{CHANGELOG} cannot be read")),
    };
    let entry = version::entry(version, &policy::today().to_string(), changes);
    let log = version::with_entry(&log, &entry);
    let stale = export::stale(Path::new(OPENAPI), &artefacts)?;

    // A directory of its own first, so that the published one is whole at any time.
    let next = format!("{BLESSED}.next");
    remove(&next)?;
    for (path, content) in &contents {
        let path = Path::new(&next).join(path);
        let directory = path.parent().unwrap_or(Path::new(&next));
        fs::create_dir_all(directory)
            .with_context(|| format!("{} cannot be created", directory.display()))?;
        fs::write(&path, content)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    for file in &stale {
        file.refresh()?;
    }
    export::write(Path::new(CHANGELOG), &log)?;
    export::write(Path::new(VERSION_FILE), &format!("{version}\n"))?;
    remove(BLESSED)?;
    fs::rename(&next, BLESSED).with_context(|| format!("{next} cannot be renamed to {BLESSED}"))
}

fn remove(directory: &str) -> anyhow::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{directory} cannot be removed"))
        }
        _ => Ok(()),
    }
}

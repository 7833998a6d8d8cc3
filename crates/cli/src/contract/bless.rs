//! `web1on1 contract bless`: publishes the contract of the working tree.

use std::path::Path;
use std::process::ExitCode;

use ::contract::artefacts::artefacts_of;
use anyhow::bail;
use clap::Args;
use conformance::diff::Policy;
use conformance::release::{
    Published, ReleaseError, Settings, changelog, manifest, publish, read_if_there, version, write,
};
use conformance::report::{Finding, Level};
use semver::Version;

use super::buf::Compared;
use super::fresh::fresh;
use super::output::to_stdout;
use super::project::{ProjectArgs, document_is_there};
use super::revision::{Revision, contents, stated_version};
use super::{agree, buf, export, policy};

/// Publish the contract as it is: the next version, its changelog, blessed/
///
/// Run it in the directory of contract.toml, once a change of the contract is
/// meant. It compares with what was published last, raises the version by as
/// much as the changes ask for, writes an entry of the changelog, and puts the
/// document, the schemas and the protos into the directory of what is published,
/// with a manifest of their digests. Where the version is written in the document
/// by hand, it has to be raised there. A contract that breaks clients is published
/// only under a version that is named.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes:\n  \
    0  it is published, or there was nothing to publish\n  \
    1  the contract does not hold, or it needs another version\n  \
    2  the arguments are wrong, or something cannot be read or written")]
pub(crate) struct BlessArgs {
    /// The version to publish, if not the least that the changes allow
    #[arg(long = "as", value_name = "X.Y.Z")]
    under: Option<Version>,
    /// Publish although the protos cannot be compared, because there is no buf or one side
    /// does not compile for it
    #[arg(long)]
    without_buf: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) fn run(args: &BlessArgs) -> anyhow::Result<ExitCode> {
    let settings = args.project.settings()?;
    document_is_there(&settings)?;
    let place = settings.published.display().to_string();
    let published = match Published::read(&place, &settings.published, &settings.document_name()) {
        Err(ReleaseError::NotPublished { .. }) if !settings.published.exists() => None,
        published => Some(published?),
    };
    let mut wrong = Vec::new();
    if settings.built_in {
        let directory = settings.document.parent().unwrap_or(Path::new(""));
        let version = stated_version(&settings)?.to_string();
        wrong.extend(fresh(directory, &artefacts_of(&version, None))?.0);
    }
    if !settings.protos.is_empty() {
        wrong.extend(agree::findings(&settings)?.0);
    }
    if published.is_some() {
        // Where there is no manifest yet, nothing tells what was published.
        let edited = manifest::check(&settings.published)?.into_iter();
        wrong.extend(edited.filter(|finding| finding.id != "manifest-missing"));
    }
    wrong.retain(|finding| finding.level == Level::Error);
    if !wrong.is_empty() {
        for finding in &wrong {
            eprintln!("error: {}", finding.message);
        }
        eprintln!("nothing was published");
        return Ok(ExitCode::FAILURE);
    }
    let revision = Revision::of(&settings)?;
    let compared = compared(&settings, published.as_ref(), args.without_buf)?;
    if !compared.unusable.is_empty() && !args.without_buf {
        for finding in &compared.unusable {
            let place = finding.revision.as_ref();
            let place = place.map_or_else(String::new, |place| format!("{place}: "));
            eprintln!(
                "error: buf cannot compile the protos: {place}{}",
                finding.message
            );
        }
        eprintln!(
            "nothing was published; if it is what was published before that does not compile, \
             publish --without-buf"
        );
        return Ok(ExitCode::FAILURE);
    }
    let Some(published) = published else {
        return first(&settings, &revision.version);
    };

    let document = published.document()?;
    let mut changes = policy::changes(&document, &revision.document, &Policy::default());
    changes.extend(compared.changes);
    let now = contents(&settings, &revision.version.to_string())?;
    if changes.is_empty() && now == published.files()? {
        let path = settings.published.join(manifest::FILE);
        if !path.exists() {
            write(&path, manifest::of(&now).as_bytes())?;
            to_stdout(&format!("wrote {}\n", path.display()))?;
        }
        to_stdout(&format!("{} is published as it is\n", published.version))?;
        return Ok(ExitCode::SUCCESS);
    }
    let least = version::least(&published.version, &changes);
    let decided = decide(args, &settings, &revision, &published, &least, &changes)?;
    let Some(version) = decided else {
        return Ok(ExitCode::FAILURE);
    };
    let entry = changelog::entry(&version, &policy::today().to_string(), &changes);
    release(&settings, &version, &entry)?;
    report(&changes)?;
    let others: Vec<_> = [&settings.changelog, &settings.version]
        .into_iter()
        .flatten()
        .map(|path| format!(" and {}", path.display()))
        .collect();
    to_stdout(&format!(
        "published {version} after {}; commit {place}/ with {}{}\n",
        published.version,
        settings.document.display(),
        others.concat()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Publishes a contract that never was.
fn first(settings: &Settings, version: &Version) -> anyhow::Result<ExitCode> {
    let entry = changelog::first(version, &policy::today().to_string());
    release(settings, version, &entry)?;
    to_stdout(&format!(
        "published {version}, the first; commit {}/\n",
        settings.published.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The version to publish, or `None` once it is said why there is none.
fn decide(
    args: &BlessArgs,
    settings: &Settings,
    revision: &Revision,
    published: &Published,
    least: &Version,
    changes: &[Finding],
) -> std::io::Result<Option<Version>> {
    let stated = (!settings.built_in).then_some(&revision.version);
    if let Some(stated) = stated
        && (stated < least || args.under.as_ref().is_some_and(|under| under != stated))
    {
        report(changes)?;
        let wanted = args.under.as_ref().unwrap_or(least);
        eprintln!(
            "error: {} states the version {stated}, and these changes ask for {wanted}; write \
             that there as `info.version`. Nothing was published",
            settings.document.display()
        );
        return Ok(None);
    }
    let decided = match args.under.as_ref().or(stated) {
        Some(version) if version < least => {
            report(changes)?;
            eprintln!(
                "error: these changes ask for {least} at least, not {version}; nothing was published"
            );
            None
        }
        Some(version) => Some(version.clone()),
        None if least.major > published.version.major => {
            report(changes)?;
            eprintln!(
                "error: clients of {} will break; if that is meant, say so with --as {least}; \
                 nothing was published",
                published.version
            );
            None
        }
        None => Some(least.clone()),
    };
    Ok(decided)
}

/// What buf finds in the protos, also where they are published for the first time: what
/// cannot be compared then could never be compared.
fn compared(
    settings: &Settings,
    published: Option<&Published>,
    without_buf: bool,
) -> anyhow::Result<Compared> {
    if settings.protos.is_empty() {
        return Ok(Compared::default());
    }
    match buf::breaking(settings, published)? {
        Some(compared) => Ok(compared),
        None if without_buf => Ok(Compared::default()),
        None => bail!(
            "there is no `buf` on the PATH to compare the protos with; {}, or publish --without-buf",
            buf::INSTALL
        ),
    }
}

fn report(changes: &[Finding]) -> std::io::Result<()> {
    let lines = changes.iter().map(changelog::line);
    let lines = lines.flat_map(|line| [line, "\n".to_owned()]);
    to_stdout(&lines.collect::<String>())
}

/// Writes everything. What can fail for other reasons than the disk has been
/// done before the first file is touched.
fn release(settings: &Settings, version: &Version, entry: &str) -> anyhow::Result<()> {
    let contents = contents(settings, &version.to_string())?;
    let log = match &settings.changelog {
        Some(path) => {
            let log = read_if_there(path)?.unwrap_or_else(|| changelog::HEAD.to_owned());
            Some((path, changelog::with_entry(&log, entry)))
        }
        None => None,
    };
    if settings.built_in {
        let directory = settings.document.parent().unwrap_or(Path::new(""));
        for file in export::stale(directory, &artefacts_of(&version.to_string(), None))? {
            file.refresh()?;
        }
    }
    if let Some((path, log)) = log {
        write(path, log.as_bytes())?;
    }
    if let Some(path) = &settings.version {
        write(path, format!("{version}\n").as_bytes())?;
    }
    Ok(publish(&settings.published, &contents)?)
}

//! Where `web1on1 contract diff` gets documents from: files, git, standard input, and, if
//! allowed, the network.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use conformance::diff::{BoxError, Document, MAX_BYTES, Referred, SourceText, Url};
use percent_encoding::percent_decode_str;

use super::remote::{Remote, is_remote, is_same_host};

/// The schemes of URLs that only exist here: those of git objects, and of what comes from
/// standard input.
const GIT: &str = "git-object";
const INPUT: &str = "standard-input";

/// How many commits are looked through for a version of a document.
const MOST_COMMITS: usize = 100;

/// Reads the document that an argument names, and all files that it refers to.
pub(super) fn read(source: &str, allow_remote: bool) -> anyhow::Result<Document> {
    let mut remote = Remote::default();
    let root = Root::find(source)?;
    let text = match &root.kind {
        SourceKind::Input => {
            let text = readable(bounded(std::io::stdin()), "standard input")?;
            SourceText {
                source: source.to_owned(),
                url: root.url.clone(),
                text,
            }
        }
        SourceKind::File => {
            let file = File::open(&root.path);
            let text = file.map_err(BoxError::from).and_then(bounded);
            SourceText {
                source: source.to_owned(),
                url: root.url.clone(),
                text: readable(text, source)?,
            }
        }
        SourceKind::Git { .. } => SourceText {
            source: source.to_owned(),
            url: root.url.clone(),
            text: readable(git_object(source), source)?,
        },
        SourceKind::Remote if !allow_remote => {
            bail!("{source} is on the network; give --allow-remote to have it fetched");
        }
        SourceKind::Remote => {
            let fetched = remote.fetch(&root.url).map_err(anyhow::Error::from_boxed);
            fetched.with_context(|| format!("{source} cannot be read"))?
        }
    };
    let mut fetch = |referred: Referred<'_>| -> Result<SourceText, BoxError> {
        if is_remote(referred.url) {
            may_fetch(referred, allow_remote)?;
            return remote.fetch(referred.url);
        }
        root.read(referred)
    };
    Ok(Document::load(text, &mut fetch)?)
}

/// Reads a version of a document, as `git diff` hands it over: in a file of its own, with
/// the object that it is. The files that it refers to are those of the same version: of the
/// working tree, of the index, or of a commit that has this object at this path. `name` is
/// what messages call it.
pub(super) fn read_version(
    file: &Path,
    object: &str,
    path: &str,
    name: &str,
) -> anyhow::Result<Document> {
    let text = File::open(file).map_err(BoxError::from).and_then(bounded);
    let text = readable(text, name)?;
    let is_in_work = object.bytes().all(|digit| digit == b'0');
    let mut root = if is_in_work {
        Root::of_file(PathBuf::from(path))?
    } else {
        Root::of_git(&format!("HEAD:{path}"))?
    };
    let text = SourceText {
        source: name.to_owned(),
        url: root.url.clone(),
        text,
    };
    let mut is_found = is_in_work;
    let mut fetch = |referred: Referred<'_>| -> Result<SourceText, BoxError> {
        if is_remote(referred.url) {
            may_fetch(referred, false)?;
        }
        if !is_found {
            let revision = revision_with(object, path)?;
            root.kind = SourceKind::Git { revision };
            is_found = true;
        }
        root.read(referred)
    };
    Ok(Document::load(text, &mut fetch)?)
}

/// What to put before a path to name a version that has this object at this path.
fn revision_with(object: &str, path: &str) -> Result<String, BoxError> {
    let has = |revision: &str| {
        let name = format!("{revision}{path}");
        let found = git(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ]);
        found.is_ok_and(|found| found.trim() == object)
    };
    let known = [":0:", "HEAD:"].into_iter().find(|revision| has(revision));
    if let Some(revision) = known {
        return Ok(revision.to_owned());
    }
    let find = format!("--find-object={object}");
    let most = format!("--max-count={MOST_COMMITS}");
    let log = ["log", "--all", "--format=%H", &find, &most, "--", path];
    let commits = git(&log)?;
    let each = commits.lines();
    // A commit that took the object away has a parent with it.
    let mut names = each.flat_map(|commit| [format!("{commit}:"), format!("{commit}^:")]);
    names
        .find(|revision| has(revision))
        .ok_or_else(|| format!("no commit has the version {object} of {path}").into())
}

fn readable(text: Result<String, BoxError>, source: &str) -> anyhow::Result<String> {
    text.map_err(anyhow::Error::from_boxed)
        .with_context(|| format!("{source} cannot be read"))
}

/// Refuses what the network could abuse, and what nobody has allowed.
fn may_fetch(referred: Referred<'_>, allow_remote: bool) -> Result<(), BoxError> {
    let Referred { url, by } = referred;
    if !allow_remote {
        return Err(
            format!("{url} is on the network; give --allow-remote to have it fetched").into(),
        );
    }
    if is_remote(by) && !is_same_host(by, url) {
        return Err(format!(
            "{url} is not on the host of {by}, and only that is asked; bundle the document first"
        )
        .into());
    }
    Ok(())
}

/// The document that an argument names.
struct Root {
    kind: SourceKind,
    /// What references are relative to.
    url: Url,
    /// The argument without the revision.
    path: PathBuf,
}

enum SourceKind {
    Input,
    File,
    Git {
        /// What comes before a path: `HEAD:`, or `:0:`.
        revision: String,
    },
    Remote,
}

impl Root {
    /// A file wins over all other meanings of the same spelling.
    fn find(source: &str) -> anyhow::Result<Self> {
        if source == "-" {
            return Ok(Self {
                kind: SourceKind::Input,
                url: Url::parse(&format!("{INPUT}:///"))?,
                path: PathBuf::new(),
            });
        }
        if !Path::new(source).exists() {
            if source.contains("://") {
                return Self::of_url(source);
            }
            if source.contains(':') {
                return Self::of_git(source);
            }
        }
        Self::of_file(PathBuf::from(source))
    }

    fn of_file(path: PathBuf) -> anyhow::Result<Self> {
        let absolute = std::path::absolute(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let url = Url::from_file_path(&absolute)
            .map_err(|()| anyhow::anyhow!("{} is no path", path.display()))?;
        Ok(Self {
            kind: SourceKind::File,
            url,
            path,
        })
    }

    fn of_url(source: &str) -> anyhow::Result<Self> {
        let url = Url::parse(source).with_context(|| format!("{source} is not a URL"))?;
        if url.scheme() == "file" {
            let path = url.to_file_path();
            return Self::of_file(
                path.map_err(|()| anyhow::anyhow!("{source} is not a file of this machine"))?,
            );
        }
        if !is_remote(&url) {
            bail!(
                "{source} is not understood; name a file, REV:path as git knows it, - for standard \
                 input, or an http or https URL"
            );
        }
        Ok(Self {
            kind: SourceKind::Remote,
            url,
            path: PathBuf::new(),
        })
    }

    fn of_git(source: &str) -> anyhow::Result<Self> {
        // `:0:path` is the path in the index.
        let staged = source.strip_prefix(':').and_then(|rest| rest.find(':'));
        let colon = match staged {
            Some(1) => 2,
            _ => source.find(':').unwrap_or_default(),
        };
        let (revision, path) = source.split_at(colon + 1);
        let mut absolute = PathBuf::new();
        if path.starts_with("./") || path.starts_with("../") {
            let shown = git(&["rev-parse", "--show-prefix"]);
            absolute.push(readable(shown, source)?.trim_end());
        }
        absolute.push(path);
        let mut url = Url::parse(&format!("{GIT}:///"))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            let absolute = normal(&absolute);
            segments.clear();
            segments.extend(absolute.split('/'));
        }
        Ok(Self {
            kind: SourceKind::Git {
                revision: revision.to_owned(),
            },
            url,
            path: PathBuf::from(path),
        })
    }

    /// Reads a file that is not on the network.
    fn read(&self, referred: Referred<'_>) -> Result<SourceText, BoxError> {
        let Referred { url, by } = referred;
        let scheme = url.scheme();
        if by.scheme() == INPUT && matches!(scheme, INPUT | "file") {
            return Err(
                "references to files cannot be followed from standard input; \
                        name the file of the document instead"
                    .into(),
            );
        }
        if is_remote(by) && scheme == "file" {
            return Err("a document from the network may not name files".into());
        }
        match &self.kind {
            SourceKind::File if scheme == "file" => {
                let path = url
                    .to_file_path()
                    .map_err(|()| format!("{url} is not a file of this machine"))?;
                // Other things may never end.
                if !fs::metadata(&path)
                    .map_err(|error| format!("{}: {error}", path.display()))?
                    .is_file()
                {
                    return Err(format!("{} is not a file", path.display()).into());
                }
                Ok(SourceText {
                    source: self.named("", url),
                    url: url.clone(),
                    text: bounded(File::open(&path)?)?,
                })
            }
            SourceKind::Git { revision } if scheme == GIT && by.scheme() == GIT => {
                let path = percent_decode_str(url.path()).decode_utf8()?;
                let object = format!("{revision}{}", path.trim_start_matches('/'));
                Ok(SourceText {
                    source: self.named(revision, url),
                    url: url.clone(),
                    text: git_object(&object)?,
                })
            }
            _ => Err(format!(
                "{url} is not understood; references may name files beside the document, and http \
                 and https URLs"
            )
            .into()),
        }
    }

    /// What messages call a file: a path as that of the document is given.
    fn named(&self, before: &str, url: &Url) -> String {
        let Some(relative) = self.url.make_relative(url) else {
            return url.to_string();
        };
        let relative = percent_decode_str(&relative).decode_utf8_lossy();
        let outer = self.path.parent().unwrap_or(Path::new(""));
        format!("{before}{}", normal(&outer.join(&*relative)))
    }
}

/// A path without the `.` and `..` that can be left out.
fn normal(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let path = path.to_string_lossy();
    for (index, part) in path.split('/').enumerate() {
        match part {
            "." => {}
            "" if index > 0 => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// An object of git, as `REV:path`.
fn git_object(name: &str) -> Result<String, BoxError> {
    git(&["show", "--end-of-options", name])
}

/// What git writes.
fn git(arguments: &[&str]) -> Result<String, BoxError> {
    let mut child = Command::new("git")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("git cannot be run: {error}"))?;
    let written = child.stdout.take().map(bounded);
    // Its standard output is closed by now, so that it ends.
    let output = child.wait_with_output()?;
    match written {
        Some(Err(error)) => Err(error),
        Some(Ok(text)) if output.status.success() => Ok(text),
        _ => Err(String::from_utf8_lossy(&output.stderr).trim().into()),
    }
}

/// Reads a text, but not more than a document may have.
fn bounded(from: impl Read) -> Result<String, BoxError> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("it has more than {} MiB", MAX_BYTES >> 20).into());
    }
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8 text: {error}").into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::normal;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(normal(Path::new(path)), expected);
    }

    #[test]
    fn paths_lose_the_dots_that_mean_nothing() {
        check("./api/../common/pet.yaml", "common/pet.yaml");
        check("../a.yaml", "../a.yaml");
        check("/a/../b.yaml", "/b.yaml");
    }
}

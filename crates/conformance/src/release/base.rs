//! The commit that a change is compared with.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::ReleaseError;
use super::files::{read_if_there, write};
use super::git::Git;
use super::published::Published;
use super::settings::Settings;

/// Branches that changes go to, the likeliest first. What `origin/HEAD` points to
/// comes before them. Where it points to nothing, only one of a name may be there.
const DEFAULT_BRANCHES: [&str; 4] = [
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

/// What to compare a change with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A commit.
    Commit {
        /// Its id.
        id: String,
        /// Which one it is, for people.
        which: String,
    },
    /// Nothing but what is published in the working tree.
    Nothing {
        /// Why there is nothing else.
        reason: String,
    },
}

/// Chooses the commit that a change in this directory is compared with: `against`
/// if it is given, else the merge base of HEAD with the default branch. Where HEAD
/// is on that branch, it is the first parent of HEAD, since HEAD itself may have
/// edited what it is compared with.
///
/// # Errors
///
/// The commit is not here, and the message says what to fetch; or git fails.
pub fn choose(directory: &Path, against: Option<&str>) -> Result<Choice, ReleaseError> {
    let Some(git) = Git::around(directory)? else {
        return match against {
            Some(revision) => Err(ReleaseError::NoCheckout(revision.to_owned())),
            None => Ok(Choice::Nothing {
                reason: "this is no git checkout".to_owned(),
            }),
        };
    };
    if let Some(revision) = against {
        let id = git.commit_of(revision)?;
        let which = revision.to_owned();
        return Ok(Choice::Commit { id, which });
    }
    let Some(head) = git.commit("HEAD")? else {
        return Ok(Choice::Nothing {
            reason: "nothing is committed yet".to_owned(),
        });
    };
    let branch = default_branch(&git)?;
    let name = short(&branch).to_owned();
    let base = match git.merge_base("HEAD", &branch)? {
        Some(base) => base,
        None if git.is_shallow()? => {
            return Err(ReleaseError::Shallow {
                missing: format!("the merge base of HEAD and {name}"),
            });
        }
        None => return Err(ReleaseError::Unrelated { branch: name }),
    };
    if base != head {
        let which = format!("the merge base of HEAD and {name}");
        return Ok(Choice::Commit { id: base, which });
    }
    match git.commit("HEAD^1")? {
        Some(id) => Ok(Choice::Commit {
            id,
            which: format!("the commit before HEAD, which is on {name}"),
        }),
        None if git.is_shallow()? => Err(ReleaseError::Shallow {
            missing: format!("the commit before HEAD, which is on {name},"),
        }),
        None => Ok(Choice::Commit {
            id: head,
            which: "HEAD, the first commit".to_owned(),
        }),
    }
}

fn default_branch(git: &Git) -> Result<String, ReleaseError> {
    let target = git.target("refs/remotes/origin/HEAD")?;
    let known = DEFAULT_BRANCHES.iter().map(|name| (*name).to_owned());
    let is_told = target.is_some();
    let mut found: Option<(String, String)> = None;
    for branch in target.into_iter().chain(known) {
        let Some(commit) = git.commit(&branch)? else {
            continue;
        };
        match &found {
            None if is_told => return Ok(branch),
            None => found = Some((branch, commit)),
            // Whoever can push a branch by this name would choose the base.
            Some((first, other)) if is_remote(first) == is_remote(&branch) && *other != commit => {
                return Err(ReleaseError::SeveralDefaultBranches {
                    one: short(first).to_owned(),
                    other: short(&branch).to_owned(),
                });
            }
            Some(_) => {}
        }
    }
    if let Some((branch, _)) = found {
        return Ok(branch);
    }
    let branches: Vec<_> = DEFAULT_BRANCHES.iter().map(|name| short(name)).collect();
    if git.is_shallow()? {
        return Err(ReleaseError::Shallow {
            missing: format!("the default branch (origin/HEAD, {})", branches.join(", ")),
        });
    }
    Err(ReleaseError::NoDefaultBranch {
        branches: format!("origin/HEAD, {}", branches.join(", ")),
    })
}

fn is_remote(branch: &str) -> bool {
    branch.starts_with("refs/remotes/")
}

/// Returns a reference as people write it.
fn short(reference: &str) -> &str {
    reference
        .strip_prefix("refs/remotes/")
        .or_else(|| reference.strip_prefix("refs/heads/"))
        .unwrap_or(reference)
}

/// A commit that a change is compared with: its rules, and what it published.
#[derive(Debug)]
pub struct Base {
    /// What to call it in front of a path, such as `origin/main` or a short id.
    pub name: String,
    /// Its settings; those of the change where it has none.
    pub settings: Settings,
    /// Whether it has settings of its own.
    pub has_settings: bool,
    /// What it published, unless it published nothing yet.
    pub published: Option<Published>,
    root: TempDir,
    git: Git,
    commit: String,
}

impl Base {
    /// Reads a commit. `settings` are those of the change, and `more` names files
    /// that are compared although no settings name them.
    ///
    /// # Errors
    ///
    /// The commit cannot be read, or what it holds is not valid.
    pub fn read(
        directory: &Path,
        commit: &str,
        name: &str,
        settings: &Settings,
        more: &[PathBuf],
    ) -> Result<Self, ReleaseError> {
        let git =
            Git::around(directory)?.ok_or_else(|| ReleaseError::NoCheckout(commit.to_owned()))?;
        let own = git.files(commit, &[Settings::FILE.into()])?;
        let own = own.into_values().next();
        let has_settings = own.is_some();
        let settings = match own {
            Some(text) => {
                let file = format!("{name}:{}", Settings::FILE);
                let text =
                    String::from_utf8(text).map_err(|_| ReleaseError::NotText(file.clone()))?;
                Settings::parse(&text, &file)?
            }
            // It cannot allow anything.
            None => Settings {
                allow: Vec::new(),
                ..settings.clone()
            },
        };
        let mut paths = settings.compared();
        paths.extend_from_slice(more);
        let root = tempfile::tempdir().map_err(ReleaseError::Temporary)?;
        for (path, content) in git.files(commit, &paths)? {
            write(&root.path().join(path), &content)?;
        }
        let directory = root.path().join(&settings.published);
        let published = directory.join(settings.document_name()).exists().then(|| {
            let name = format!("{name}:{}", settings.published.display());
            Published::read(&name, &directory, &settings.document_name())
        });
        Ok(Self {
            name: name.to_owned(),
            published: published.transpose()?,
            settings,
            has_settings,
            root,
            git,
            commit: commit.to_owned(),
        })
    }

    /// Returns a text file of the commit, or `None` where it has none.
    ///
    /// # Errors
    ///
    /// It is not text.
    pub fn text(&self, path: &Path) -> Result<Option<String>, ReleaseError> {
        read_if_there(&self.root.path().join(path))
    }
    /// The same of a file that nothing names beforehand, such as one that a document
    /// refers to.
    ///
    /// # Errors
    ///
    /// It is not text, or git does not tell.
    pub(crate) fn other_text(&self, path: &Path) -> Result<Option<String>, ReleaseError> {
        if let Some(text) = self.text(path)? {
            return Ok(Some(text));
        }
        let files = self.git.files(&self.commit, &[path.to_owned()])?;
        let content = files.into_iter().find(|(of, _)| of == path);
        let text = content.map(|(_, content)| {
            String::from_utf8(content)
                .map_err(|_| ReleaseError::NotText(path.display().to_string()))
        });
        text.transpose()
    }
}

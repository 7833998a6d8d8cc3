//! What git knows of a directory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use super::error::ReleaseError;
use super::files::Files;

/// A directory in a git checkout.
#[derive(Debug, Clone)]
pub struct Git {
    directory: PathBuf,
}

impl Git {
    /// Returns the checkout that a directory is in, or `None` where it is in none.
    ///
    /// A checkout is told by its `.git`, not by what git says: a git that refuses
    /// to work is not taken for a directory without a history.
    ///
    /// # Errors
    ///
    /// The directory has no absolute path.
    pub fn around(directory: &Path) -> Result<Option<Self>, ReleaseError> {
        let absolute = std::path::absolute(directory).map_err(|source| ReleaseError::Read {
            path: directory.to_owned(),
            source,
        })?;
        let is_in_one = absolute
            .ancestors()
            .any(|ancestor| ancestor.join(".git").exists());
        Ok(is_in_one.then_some(Self {
            directory: absolute,
        }))
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, ReleaseError> {
        Command::new("git")
            .args(arguments)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .output()
            .map_err(|source| self.no_git(source))
    }

    fn no_git(&self, source: std::io::Error) -> ReleaseError {
        ReleaseError::NoGit {
            directory: self.directory.clone(),
            source,
        }
    }

    /// Returns what git prints, without the line end.
    fn run(&self, arguments: &[&str]) -> Result<String, ReleaseError> {
        let output = self.output(arguments)?;
        if !output.status.success() {
            return Err(failed(arguments, &output.stderr));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.trim_end().to_owned())
    }

    /// Returns the id of the commit that a revision names, if it is here.
    pub(crate) fn commit(&self, revision: &str) -> Result<Option<String>, ReleaseError> {
        // A refusal of git itself must not look like a revision that is missing.
        self.run(&["rev-parse", "--git-dir"])?;
        let name = format!("{revision}^{{commit}}");
        let arguments = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &*name,
        ];
        let output = self.output(&arguments)?;
        let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(output.status.success().then_some(id))
    }

    /// Returns the id of the commit that a revision names.
    pub(crate) fn commit_of(&self, revision: &str) -> Result<String, ReleaseError> {
        self.commit(revision)?.ok_or_else(|| ReleaseError::Git {
            command: format!("rev-parse --verify {revision}"),
            stderr: format!("there is no commit {revision} here"),
        })
    }

    /// Returns what a symbolic reference points to, if it is one.
    pub(crate) fn target(&self, reference: &str) -> Result<Option<String>, ReleaseError> {
        let output = self.output(&["symbolic-ref", "--quiet", reference])?;
        let target = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(output.status.success().then_some(target))
    }

    pub(crate) fn is_shallow(&self) -> Result<bool, ReleaseError> {
        Ok(self.run(&["rev-parse", "--is-shallow-repository"])? == "true")
    }

    /// Returns the best commit that two have in common, if there is one here.
    pub(crate) fn merge_base(
        &self,
        one: &str,
        other: &str,
    ) -> Result<Option<String>, ReleaseError> {
        let arguments = ["merge-base", one, other];
        let output = self.output(&arguments)?;
        let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match output.status.code() {
            Some(0) => Ok(Some(id)),
            Some(1) => Ok(None),
            _ => Err(failed(&arguments, &output.stderr)),
        }
    }

    /// Returns the files of a commit at or below these paths, which are relative to
    /// the directory. A path that the commit does not have is passed over, and so
    /// is what is not a plain file.
    pub(crate) fn files(&self, commit: &str, paths: &[PathBuf]) -> Result<Files, ReleaseError> {
        if paths.is_empty() {
            return Ok(Files::new());
        }
        let paths: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
        let mut arguments = vec!["--literal-pathspecs", "ls-tree", "-r", "-z", commit, "--"];
        arguments.extend(paths.iter().map(|path| &**path));
        let output = self.output(&arguments)?;
        if !output.status.success() {
            return Err(failed(&arguments, &output.stderr));
        }
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let entries = listed.split('\0').filter_map(|entry| {
            // MODE SP TYPE SP OBJECT TAB PATH
            let (head, path) = entry.split_once('\t')?;
            let mut words = head.split(' ');
            let (mode, object) = (words.next()?, words.nth(1)?);
            mode.starts_with("100")
                .then(|| (object.to_owned(), PathBuf::from(path)))
        });
        let entries: Vec<(String, PathBuf)> = entries.collect();
        let objects: Vec<_> = entries.iter().map(|(object, _)| object.clone()).collect();
        let contents = self.contents(objects)?;
        let paths = entries.into_iter().map(|(_, path)| path);
        Ok(paths.zip(contents).collect())
    }

    /// Returns what objects hold, in their order.
    fn contents(&self, objects: Vec<String>) -> Result<Vec<Vec<u8>>, ReleaseError> {
        let arguments = ["cat-file", "--batch"];
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| self.no_git(source))?;
        let stdin = child.stdin.take();
        let wanted = objects.len();
        // Beside the reading, since git stops taking names where nobody reads.
        let writing = thread::spawn(move || {
            for object in objects {
                // Where git has gone, what it printed tells why.
                let _ = stdin.as_ref().map(|mut stdin| writeln!(stdin, "{object}"));
            }
        });
        let output = child
            .wait_with_output()
            .map_err(|source| self.no_git(source))?;
        // It panics nowhere.
        let _ = writing.join();
        let mut rest = output.stdout.as_slice();
        let mut contents = Vec::with_capacity(wanted);
        // OBJECT SP TYPE SP SIZE LF CONTENT LF
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let head = String::from_utf8_lossy(&rest[..end]);
            let size = head.rsplit(' ').next().and_then(|size| size.parse().ok());
            let Some((content, more)) =
                size.and_then(|size: usize| rest[end + 1..].split_at_checked(size))
            else {
                break;
            };
            contents.push(content.to_vec());
            rest = more.get(1..).unwrap_or_default();
        }
        if contents.len() != wanted || !output.status.success() {
            return Err(failed(&arguments, &output.stderr));
        }
        Ok(contents)
    }
}

fn failed(arguments: &[&str], stderr: &[u8]) -> ReleaseError {
    ReleaseError::Git {
        command: arguments.join(" "),
        stderr: String::from_utf8_lossy(stderr).trim().to_owned(),
    }
}

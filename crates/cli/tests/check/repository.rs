//! A copy of this repository that tests change.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::program;
use conformance::release::{manifest, read_all};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A copy of what the checks read of this repository, with a buf of its own:
/// the true one may not be there, and judges the protos alone.
pub(crate) struct Repository {
    directory: TempDir,
}

/// What a command exited with, and all that it printed.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Repository {
    /// A directory with nothing in it but a buf that finds nothing.
    pub(crate) fn empty() -> Self {
        let repository = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        repository.has_buf("exit 0");
        repository
    }

    pub(crate) fn copy() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let directory = tempfile::tempdir().expect("a directory");
        for name in [
            "blessed",
            "openapi",
            "proto",
            "third_party",
            "buf.yaml",
            "CHANGELOG.md",
            "contract.toml",
            "crates/conformance/waivers.toml",
            "crates/contract/VERSION",
            "crates/contract/tests/waivers.json",
            ".ci/contract",
            ".ci/run",
        ] {
            copy(&root.join(name), &directory.path().join(name));
        }
        let repository = Self { directory };
        repository.has_buf("exit 0");
        repository
    }

    /// As if a property had been published that the contract no longer has.
    pub(crate) fn with_a_removed_property() -> Self {
        let repository = Self::copy();
        repository.published(|document| {
            let user = &mut document["components"]["schemas"]["User"];
            user["properties"]["shoeSize"] = json!({"type": "number"});
            let required = user["required"].as_array_mut().expect("a list");
            required.push("shoeSize".into());
        });
        repository
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is a text")
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("the file can be written");
    }

    #[track_caller]
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let content = self.read(name);
        assert!(content.contains(from), "{name} has no {from:?}");
        self.write(name, &content.replacen(from, to, 1));
    }

    /// Changes the published document, as if it had been published so.
    pub(crate) fn published(&self, change: impl FnOnce(&mut Value)) {
        let text = self.read("blessed/openapi.json");
        let mut document = serde_json::from_str(&text).expect("the document is JSON");
        change(&mut document);
        self.write("blessed/openapi.json", &document.to_string());
        self.has_manifest();
    }

    /// Writes the manifest of what is in `blessed/`.
    pub(crate) fn has_manifest(&self) {
        let mut files = read_all(&self.path("blessed")).expect("it can be read");
        files.remove(Path::new(manifest::FILE));
        self.write("blessed/SHA256SUMS", &manifest::of(&files));
    }

    /// Puts a shell script in the place of buf.
    pub(crate) fn has_buf(&self, script: &str) {
        let directory = self.path("bin");
        fs::create_dir_all(&directory).expect("a directory");
        let buf = directory.join("buf");
        fs::write(&buf, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&buf, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    pub(crate) fn has_no_buf(&self) {
        fs::remove_dir_all(self.path("bin")).expect("there was one");
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
            .args(["-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .expect("git starts");
        assert!(done.status.success(), "{done:?}");
    }

    /// Commits everything, to a new repository if there is none.
    pub(crate) fn commit(&self) {
        if !self.path(".git").exists() {
            self.git(&["init", "--quiet"]);
            self.write(".git/info/exclude", "/bin/\n");
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "Change"]);
    }

    /// Goes on with a branch of its own.
    pub(crate) fn branch(&self) {
        self.git(&["switch", "--quiet", "--create", "change"]);
    }

    /// A clone of it, made with these options.
    pub(crate) fn clone_with(&self, options: &[&str]) -> Self {
        let clone = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        let url = format!("file://{}", self.directory.path().display());
        let mut arguments = vec!["clone", "--quiet"];
        arguments.extend_from_slice(options);
        arguments.extend_from_slice(&[&url, "."]);
        clone.git(&arguments);
        clone.has_buf("exit 0");
        clone
    }

    /// A directory of this repository, which has the same buf.
    pub(crate) fn below(&self, name: &str) -> Below<'_> {
        Below {
            repository: self,
            directory: self.path(name),
        }
    }

    /// Runs a command. `check` leaves the backend out: to verify it takes longer than all
    /// the rest, and one test sees that it is done.
    pub(crate) fn contract(&self, arguments: &[&str]) -> Ended {
        self.contract_in(self.directory.path(), arguments)
    }

    /// Runs every check, that of the backend included.
    #[track_caller]
    pub(crate) fn check_all(&self, arguments: &[&str], code: i32, expected: &[&str]) {
        let all = [&["check"], arguments].concat();
        self.run(self.directory.path(), &all).check(code, expected);
    }

    fn contract_in(&self, directory: &Path, arguments: &[&str]) -> Ended {
        let mut arguments = arguments.to_vec();
        if arguments.first() == Some(&"check") && !arguments.contains(&"--url") {
            arguments.push("--skip-backend");
        }
        self.run(directory, &arguments)
    }

    /// Runs a command whose standard output nobody reads.
    pub(crate) fn unread(&self, arguments: &[&str]) -> Ended {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = self
            .command(self.directory.path(), arguments)
            .stdout(writer)
            .output()
            .expect("the command starts");
        Ended {
            code: output.status.code(),
            text: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    fn command(&self, directory: &Path, arguments: &[&str]) -> Command {
        // Without the directories of the user, where a true buf may be.
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        let mut command = program();
        command
            .arg("contract")
            .args(arguments)
            .current_dir(directory)
            .env("PATH", path);
        command
    }

    fn run(&self, directory: &Path, arguments: &[&str]) -> Ended {
        let output = self
            .command(directory, arguments)
            .output()
            .expect("the command starts");
        let text = [output.stderr, output.stdout].concat();
        Ended {
            code: output.status.code(),
            text: String::from_utf8(text).expect("UTF-8"),
        }
    }

    /// The version that is published: major, minor, patch.
    pub(crate) fn version(&self) -> [u64; 3] {
        let version = self.read("crates/contract/VERSION");
        let numbers = version.trim().split('.');
        let numbers = numbers.map(|number| number.parse().expect("a number"));
        let numbers: Vec<u64> = numbers.collect();
        numbers.try_into().expect("three numbers")
    }

    #[track_caller]
    pub(crate) fn check(&self, arguments: &[&str], code: i32, expected: &[&str]) {
        self.contract(arguments).check(code, expected);
    }
}

/// A directory of a repository.
pub(crate) struct Below<'a> {
    repository: &'a Repository,
    directory: PathBuf,
}

impl Below<'_> {
    #[track_caller]
    pub(crate) fn check(&self, arguments: &[&str], code: i32, expected: &[&str]) {
        let ended = self.repository.contract_in(&self.directory, arguments);
        ended.check(code, expected);
    }
}

impl Ended {
    #[track_caller]
    fn check(&self, code: i32, expected: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for expected in expected {
            assert!(
                self.text.contains(expected),
                "{expected:?} is not in:\n{}",
                self.text
            );
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).expect("a directory") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
        fs::copy(from, to).expect("a copy");
    }
}

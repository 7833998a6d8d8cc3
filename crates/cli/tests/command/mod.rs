//! The program, without the settings of whoever runs the tests: they may have a token of
//! their own in the environment, and more.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// The program. It has nothing to read from standard input.
#[allow(dead_code, reason = "some tests have a shell run it")]
pub(crate) fn program() -> Command {
    let mut command = without_settings(env!("CARGO_BIN_EXE_web1on1"));
    command.stdin(Stdio::null());
    command
}

/// Another one, such as a shell that runs the program.
pub(crate) fn without_settings(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("RUST_LOG");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WEB1ON1_") {
            command.env_remove(name);
        }
    }
    command
}

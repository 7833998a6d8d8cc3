//! The page about `web1on1 call`: every command on it prints what stands there.
//!
//! A command is a line that begins with `    $ web1on1 call`; what it prints stands below
//! it. `UPDATE=1` writes what is printed to the page.
#![cfg(unix)]

mod command;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use command::{program, without_settings};

const PASSWORD: &str = "correct horse battery";

/// What stands in front of a command.
const COMMAND: &str = "    $ ";

struct Serve {
    child: Child,
    address: String,
}

impl Serve {
    fn start(data: &Path) -> Self {
        let mut child = program()
            .args([
                "serve",
                "--grpc",
                "127.0.0.1:0",
                "--http",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .env("WEB1ON1_OWNER_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut address = String::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("UTF-8");
            if let Some(grpc) = line.strip_prefix("grpc ") {
                grpc.clone_into(&mut address);
            }
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        Self { child, address }
    }

    /// Runs a command as a shell does. Returns what it prints, errors last.
    fn run(&self, command: &str, token: &str) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_web1on1"));
        let directory = program.parent().expect("the program is in a directory");
        let path = std::env::var("PATH").unwrap_or_default();
        let output = without_settings("sh")
            .args(["-c", command])
            .env("PATH", format!("{}:{path}", directory.display()))
            .env("WEB1ON1_ADDRESS", &self.address)
            .env("WEB1ON1_TOKEN", token)
            .output()
            .expect("sh starts");
        let printed = [output.stderr, output.stdout].concat();
        let printed = String::from_utf8(printed).expect("UTF-8");
        printed.replace(&format!(" --address {}", self.address), "")
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Text with `…` in place of what differs from run to run: identifiers of 24 and 32
/// hexadecimal digits.
fn settled(text: &str) -> String {
    let mut settled = String::new();
    let mut word = String::new();
    for character in text.chars().chain(['\0']) {
        if character.is_ascii_alphanumeric() {
            word.push(character);
            continue;
        }
        let is_id = matches!(word.len(), 24 | 32) && word.bytes().all(|b| b.is_ascii_hexdigit());
        settled.push_str(if is_id { "…" } else { &word });
        word.clear();
        if character != '\0' {
            settled.push(character);
        }
    }
    settled
}

#[test]
fn the_page_about_call_shows_what_its_commands_print() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/call.md");
    let text = fs::read_to_string(&page).expect("the page is there");
    let data = tempfile::tempdir().expect("a temporary directory");
    let serve = Serve::start(data.path());
    let login = format!(
        "web1on1 call AuthService/CreateToken --select token.token \
         -d '{{\"email\": \"owner@example.com\", \"password\": \"{PASSWORD}\"}}'"
    );
    let token = serve.run(&login, "");
    assert!(token.starts_with("ey"), "no login: {token}");

    let mut written = String::new();
    let mut lines = text.lines().peekable();
    let mut commands = 0;
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        let Some(command) = line.strip_prefix(COMMAND) else {
            continue;
        };
        commands += 1;
        // What it printed before: all up to the next command or paragraph.
        let is_output = |line: &&str| {
            !line.starts_with(COMMAND) && (line.starts_with("    ") || line.is_empty())
        };
        while lines.next_if(is_output).is_some() {}
        for printed in settled(&serve.run(command, token.trim()))
            .trim_end()
            .lines()
        {
            written.push_str(format!("    {printed}").trim_end());
            written.push('\n');
        }
        written.push('\n');
    }
    assert!(commands > 10, "the page has {commands} commands");
    let written = format!("{}\n", written.trim_end());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&page, written).expect("the page can be written");
        return;
    }
    assert!(
        written == text,
        "docs/call.md shows other output than its commands print; run \
         `UPDATE=1 cargo test -p web1on1 --test call`. They print:\n{written}"
    );
}

//! Running the program, and all that others can see of it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time for what has to happen soon.
const PATIENCE: Duration = Duration::from_mins(1);

/// What every secret of these tests begins with.
pub(crate) const SECRET: &str = "canary0";

/// The program at the most verbose level, without the settings of whoever runs the tests.
pub(crate) fn program() -> Command {
    let mut command = crate::command::program();
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
    command
}

/// A server that runs. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    printed: String,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program was built");
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (told, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = told.send(line);
            }
        });
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self {
            child,
            lines,
            printed: String::new(),
            stderr: Some(stderr),
        }
    }

    /// What stands behind this word in the first line that begins with it.
    pub(crate) fn told(&mut self, word: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                let _ = self.child.kill();
                let stderr = self.stderr.take().unwrap().join().unwrap();
                panic!("it says nothing of {word:?}: {}\n{stderr}", self.printed);
            };
            let _ = writeln!(self.printed, "{line}");
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Stops the program, and returns everything that others could see of it.
    pub(crate) fn seen(mut self) -> String {
        let id = self.child.id();
        let command_line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap();
        let command_line = String::from_utf8_lossy(&command_line).replace('\0', " ");
        let id = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        let rest: Vec<_> = self.lines.iter().collect();
        format!(
            "{command_line}\n{}{}\n{stderr}",
            self.printed,
            rest.join("\n")
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program until it ends by itself, and returns all that it prints.
pub(crate) fn ended(command: &mut Command) -> String {
    let output = command.output().expect("the program was built");
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&printed).into_owned()
}

/// Checks that a text has no secret, but has these words, without which nobody would
/// have written what a secret could be in.
#[track_caller]
pub(crate) fn check(seen: &str, words: &[&str]) {
    let leaks: Vec<_> = seen
        .lines()
        .filter(|line| line.contains(SECRET))
        .map(|line| line.chars().take(400).collect::<String>())
        .collect();
    assert!(
        leaks.is_empty(),
        "{} lines show a secret, whose name says where it was planted; log the reason, the path \
         in the JSON or the length in its place:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
    for word in words {
        assert!(seen.contains(word), "nothing is said of {word:?}:\n{seen}");
    }
}

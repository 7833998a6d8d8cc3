//! The configuration, the completions, the manual and progress, as the program shows
//! them.

mod command;

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use command::program;

fn run(words: &[&str]) -> Output {
    program().args(words).output().expect("the program starts")
}

#[track_caller]
fn printed(output: &Output) -> &str {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    str::from_utf8(&output.stdout).expect("it is UTF-8")
}

#[test]
fn a_wrong_configuration_is_told_on_standard_error() {
    let output = run(&["serve", "--max-calls", "many"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("--max-calls is not valid"), "{told}");
}

#[test]
fn a_variable_with_a_wrong_name_is_told() {
    let output = program()
        .args(["backend", "backup", "/no/such/x", "--data", "/no/such"])
        .env("WEB1ON1_DATABSE", "x")
        .output()
        .expect("the program starts");
    let told = String::from_utf8_lossy(&output.stderr);
    let warning = "warning: there is no variable WEB1ON1_DATABSE; the nearest is WEB1ON1_DATABASE";
    assert!(told.contains(warning), "{told}");
}

#[cfg(unix)]
#[test]
fn a_secret_that_left_the_arguments_still_counts_as_a_flag() {
    let output = program()
        .args(["serve", "--owner-password", "hush", "--print-config"])
        .args(["--database", "postgres://user:hush@host/database"])
        .env("WEB1ON1_DATABASE", "postgres://elsewhere/database")
        .output()
        .expect("the program starts");
    let printed = printed(&output);
    for line in [
        "# owner-password is set by --owner-password and hidden",
        "# database is set by --database and hidden",
    ] {
        assert!(printed.contains(line), "{line} is not in\n{printed}");
    }
    assert!(!printed.contains("hush"), "{printed}");
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        let script = printed(&output);
        for word in ["gateway", "create-organization", "max-calls"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
}

#[test]
fn the_methods_that_can_be_called_are_completed() {
    // The other shells are told of options alone.
    for shell in ["bash", "zsh"] {
        let output = run(&["completions", shell]);
        let script = printed(&output);
        for method in ["UserService/GetUser", "WorkflowService/StreamWorkflows"] {
            assert!(
                script.contains(method),
                "{shell} does not complete {method}"
            );
        }
    }
}

#[test]
fn bash_reads_its_completions() {
    if Command::new("bash").arg("--version").output().is_err() {
        return;
    }
    let file = tempfile::NamedTempFile::new().expect("a file is made");
    let output = run(&["completions", "bash"]);
    std::fs::write(file.path(), printed(&output)).expect("it is written");
    let checked = Command::new("bash").arg("-n").arg(file.path()).output();
    let checked = checked.expect("bash is there");
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{told}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let out = directory.path().join("man1");
    let output = run(&["man", "--out", out.to_str().expect("it is UTF-8")]);
    printed(&output);
    let pages = std::fs::read_dir(&out).expect("there are pages");
    let mut pages: Vec<_> = pages
        .map(|page| page.expect("it is listed").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    pages.sort();
    let pages = pages.join("\n");
    insta::assert_snapshot!("pages", pages);
}

#[test]
fn the_manual_of_the_program_names_each_command() {
    let output = run(&["man"]);
    let page = printed(&output);
    for command in ["serve", "gateway", "backend", "call", "contract"] {
        let name = format!("web1on1\\-{command}(1)");
        assert!(page.contains(&name), "{name} is not in\n{page}");
    }
}

/// Makes a new store with an organization. Returns the directory that it is in.
fn backed_up() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory is made");
    let data = directory.path().join("data");
    let made = program()
        .args(["backend", "create-organization", "Acme"])
        .args(["--owner-email", "jan@example.com", "--data"])
        .arg(&data)
        .output();
    printed(&made.expect("the program starts"));
    directory
}

fn backup(directory: &Path, name: &str) -> Command {
    let mut command = program();
    command
        .current_dir(directory)
        .args(["backend", "backup", name, "--data", "data"]);
    command
}

#[test]
fn a_pipe_sees_no_progress() {
    let directory = backed_up();
    let output = backup(directory.path(), "x").output();
    let output = output.expect("the program starts");
    assert_eq!(printed(&output), "backup x\navatars 0\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_sees_progress_that_is_gone_afterwards() {
    let directory = backed_up();
    let (output, shown) = on_a_terminal(backup(directory.path(), "x").env("TERM", "xterm"));
    assert_eq!(printed(&output), "backup x\navatars 0\n");
    assert!(shown.contains("backing up"), "{shown:?}");
    assert!(shown.ends_with("\r\u{1b}[2K"), "{shown:?}");
    let mut sequences = shown.split("\u{1b}[").skip(1);
    let is_colour = |sequence: &str| {
        let end = sequence.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        end.starts_with('m')
    };
    // Without colour there is nothing that NO_COLOR could forbid.
    assert!(!sequences.any(is_colour), "{shown:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_cannot_move_its_cursor_sees_no_progress() {
    let directory = backed_up();
    let (_, shown) = on_a_terminal(backup(directory.path(), "x").env("TERM", "dumb"));
    assert_eq!(shown, "");
}

/// Runs a command whose standard error is a terminal. Returns what was shown there.
#[cfg(target_os = "linux")]
fn on_a_terminal(command: &mut Command) -> (Output, String) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal is made");
    grantpt(&terminal).expect("it may be used");
    unlockpt(&terminal).expect("it can be opened");
    let name = ptsname(&terminal, Vec::new()).expect("it has a name");
    let name = name.into_string().expect("it is UTF-8");
    let theirs = std::fs::File::options().read(true).write(true).open(name);
    command
        .stdout(Stdio::piped())
        .stderr(theirs.expect("it can be opened"));
    let child = command.spawn().expect("the program starts");
    // What is left of the command has the other end of the terminal open.
    command.stderr(Stdio::null());
    let reading = std::thread::spawn(move || {
        let mut shown = Vec::new();
        // The end of a terminal is an error.
        let _ = std::fs::File::from(terminal).read_to_end(&mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    });
    let output = child.wait_with_output().expect("it ends");
    (output, reading.join().expect("it was read"))
}

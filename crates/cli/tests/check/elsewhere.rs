//! What the commands do in a repository that is not this one.

use std::process::Command;

#[test]
fn elsewhere_it_says_where_to_run_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_web1on1"))
        .args(["contract", "check"])
        .current_dir(directory.path())
        .output()
        .expect("the command starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("in the root of the repository"), "{text}");
}

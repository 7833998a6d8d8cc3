//! `web1on1 contract diff`: documents of several files, from git and from the network.

mod command;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use tempfile::TempDir;

use command::{program, without_settings};

const ROOT: &str = "openapi: 3.1.0
paths:
  /pets:
    get:
      responses:
        '200':
          description: Done
          content:
            application/json:
              schema: {$ref: '../schemas/Pet.yaml'}
";

fn pet(kind: &str) -> String {
    format!("type: object\nrequired: [age]\nproperties:\n  age: {{$ref: './age.json#/{kind}'}}\n")
}

const AGE: &str = r#"{"number": {"type": "number"}, "text": {"type": "string"}}"#;

/// A directory with two documents that share a file, of which the new one breaks.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (version, kind) in [("old", "number"), ("new", "text")] {
        let at = |name: &str| format!("{version}/{name}");
        write(directory.path(), &at("api/openapi.yaml"), ROOT);
        write(directory.path(), &at("schemas/Pet.yaml"), &pet(kind));
        write(directory.path(), &at("schemas/age.json"), AGE);
    }
    directory
}

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("a directory");
    }
    fs::write(path, text).expect("a file");
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = program();
    command
        .args(["contract", "diff"])
        .args(arguments)
        .current_dir(directory);
    command
}

/// Checks what the command exits with, and that it says something.
#[track_caller]
fn check(directory: &Path, arguments: &[&str], code: i32, expected: &str) {
    let output = command(directory, arguments).output();
    said(&output.expect("the command starts"), code, expected);
}

#[track_caller]
fn said(output: &Output, code: i32, expected: &str) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8(text).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
}

const OLD: &str = "old/api/openapi.yaml";
const NEW: &str = "new/api/openapi.yaml";

#[test]
fn files_beside_a_document_are_read() {
    let directory = directory();
    check(directory.path(), &[OLD, OLD], 0, "0 notes");
    let place = "new/schemas/age.json:1#/text";
    check(directory.path(), &[OLD, NEW], 1, place);
}

#[test]
fn files_are_relative_to_the_document_from_anywhere() {
    let directory = directory();
    let inner = directory.path().join("new/api");
    let old = "../../old/api/../api/openapi.yaml";
    check(
        &inner,
        &[old, "openapi.yaml"],
        1,
        "../schemas/age.json:1#/text",
    );
    let absolute = directory.path().join(OLD);
    let absolute = absolute.to_str().expect("UTF-8");
    check(&inner, &[absolute, old], 0, "0 notes");
    check(&inner, &[&format!("file://{absolute}"), old], 0, "0 notes");
}

#[test]
fn a_file_that_is_missing_is_named_with_the_reference() {
    let directory = directory();
    fs::remove_file(directory.path().join("new/schemas/age.json")).expect("it was there");
    check(
        directory.path(),
        &[OLD, NEW],
        2,
        "new/schemas/Pet.yaml#/properties/age: the reference `./age.json#/text` cannot be followed: ",
    );
}

#[test]
fn a_directory_is_no_file() {
    let directory = directory();
    let path = directory.path().join("new/schemas/age.json");
    fs::remove_file(&path).expect("it was there");
    fs::create_dir(&path).expect("a directory");
    check(directory.path(), &[OLD, NEW], 2, "is not a file");
}

fn git(directory: &Path, arguments: &[&str]) {
    let settings = [
        "user.name=t",
        "user.email=t@example.com",
        "commit.gpgsign=false",
    ];
    let mut command = without_settings("git");
    for setting in settings {
        command.args(["-c", setting]);
    }
    let done = command
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("git starts");
    let reason = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "git {arguments:?}: {reason}");
}

#[test]
fn references_of_a_revision_are_followed_in_that_revision() {
    let directory = directory();
    let path = directory.path();
    git(path, &["init", "--quiet"]);
    git(path, &["add", "."]);
    git(path, &["commit", "--quiet", "--message", "first"]);
    write(path, "old/schemas/Pet.yaml", &pet("text"));
    write(path, "old/schemas/age.json", "{}");
    check(
        path,
        &["HEAD:old/api/openapi.yaml", "HEAD:old/api/openapi.yaml"],
        0,
        "0 notes",
    );
    let place = "HEAD:new/schemas/age.json:1#/text";
    check(
        path,
        &["HEAD:old/api/openapi.yaml", "HEAD:new/api/openapi.yaml"],
        1,
        place,
    );
    let inner = path.join("new/api");
    check(
        &inner,
        &["HEAD:./../../old/api/openapi.yaml", "HEAD:./openapi.yaml"],
        1,
        "age.json:1#/text",
    );
    check(
        path,
        &[":old/api/openapi.yaml", ":0:old/api/openapi.yaml"],
        0,
        "0 notes",
    );
    git(path, &["rm", "--quiet", "--cached", "new/schemas/age.json"]);
    check(path, &[OLD, ":new/api/openapi.yaml"], 2, "the reference `");
}

#[test]
fn standard_input_has_no_files_beside_it() {
    let directory = directory();
    let mut child = command(directory.path(), &[OLD, "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(ROOT.as_bytes()).expect("it is read");
    drop(input);
    let output = child.wait_with_output().expect("the command ends");
    said(
        &output,
        2,
        "cannot be followed from standard input; name the file",
    );
}

#[test]
fn urls_that_are_not_understood_are_told_what_is() {
    let directory = directory();
    let expected = "ftp://example.com/a.yaml is not understood; name a file, REV:path";
    check(
        directory.path(),
        &[OLD, "ftp://example.com/a.yaml"],
        2,
        expected,
    );
    let root = ROOT.replace("../schemas/Pet.yaml", "ftp://example.com/Pet.yaml");
    write(directory.path(), NEW, &root);
    check(
        directory.path(),
        &[OLD, NEW],
        2,
        "ftp://example.com/Pet.yaml is not understood",
    );
    let root = ROOT.replace("../schemas/Pet.yaml", "git-object:///Pet.yaml");
    write(directory.path(), NEW, &root);
    check(directory.path(), &[OLD, NEW], 2, "is not understood");
}

#[test]
fn the_network_is_asked_only_if_allowed() {
    let directory = directory();
    let expected = "give --allow-remote to have it fetched";
    check(
        directory.path(),
        &[OLD, "http://127.0.0.1:1/a.yaml"],
        2,
        expected,
    );
    let root = ROOT.replace("../schemas/Pet.yaml", "http://127.0.0.1:1/a.yaml");
    write(directory.path(), NEW, &root);
    check(directory.path(), &[OLD, NEW], 2, expected);
}

/// Serves the files of a directory, and some other answers, until the test ends.
/// Returns the URL before their paths.
fn serve(directory: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let directory = directory.to_owned();
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let directory = directory.clone();
            thread::spawn(move || answer(connection, &directory));
        }
    });
    format!("http://{address}")
}

fn answer(mut connection: TcpStream, directory: &Path) -> Option<()> {
    let mut lines = BufReader::new(connection.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    while !lines.next()?.ok()?.is_empty() {}
    let path = first.split(' ').nth(1)?;
    let (status, header, body) = match path {
        "/moved.yaml" => (
            "302 Found",
            "Location: /new/api/openapi.yaml\r\n".to_owned(),
            String::new(),
        ),
        "/round.yaml" => (
            "302 Found",
            "Location: /round.yaml\r\n".to_owned(),
            String::new(),
        ),
        "/away.yaml" => (
            "302 Found",
            "Location: http://127.0.0.2:1/a.yaml\r\n".to_owned(),
            String::new(),
        ),
        "/abroad.yaml" => (
            "200 OK",
            String::new(),
            ROOT.replace("../schemas/Pet.yaml", "http://127.0.0.2:1/Pet.yaml"),
        ),
        "/files.yaml" => (
            "200 OK",
            String::new(),
            ROOT.replace("../schemas/Pet.yaml", "file:///etc/hostname"),
        ),
        "/page.yaml" => ("200 OK", String::new(), "<!doctype html>".to_owned()),
        path => match fs::read_to_string(directory.join(path.trim_start_matches('/'))) {
            Ok(text) => ("200 OK", String::new(), text),
            Err(_) => ("404 Not Found", String::new(), String::new()),
        },
    };
    let length = body.len();
    let reply = format!(
        "HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    connection.write_all(reply.as_bytes()).ok()
}

/// Compares the old document with one from a server.
#[track_caller]
fn remote(path: &str, code: i32, expected: &str) {
    let directory = directory();
    let url = format!("{}{path}", serve(directory.path()));
    check(
        directory.path(),
        &[OLD, &url, "--allow-remote"],
        code,
        expected,
    );
}

#[test]
fn a_document_and_its_files_come_from_a_server() {
    remote("/old/api/openapi.yaml", 0, "0 notes");
    remote("/new/api/openapi.yaml", 1, "/new/schemas/age.json:1#/text");
}

#[test]
fn a_file_may_refer_to_a_server() {
    let directory = directory();
    let url = serve(directory.path());
    let root = ROOT.replace("../schemas", &format!("{url}/old/schemas"));
    write(directory.path(), NEW, &root);
    check(
        directory.path(),
        &[OLD, NEW, "--allow-remote"],
        0,
        "0 notes",
    );
}

#[test]
fn references_are_relative_to_where_a_redirect_leads() {
    remote("/moved.yaml", 1, "/new/schemas/age.json:1#/text");
}

#[test]
fn redirects_are_bounded_and_stay_on_their_host() {
    remote("/round.yaml", 2, "there are more than 5 redirects");
    remote(
        "/away.yaml",
        2,
        "http://127.0.0.2:1/a.yaml, which is on another host",
    );
}

#[test]
fn a_document_from_a_server_may_not_lead_elsewhere() {
    remote(
        "/abroad.yaml",
        2,
        "http://127.0.0.2:1/Pet.yaml is not on the host of http://127.0.0.1:",
    );
    remote(
        "/files.yaml",
        2,
        "a document from the network may not name files",
    );
}

#[test]
fn what_a_server_answers_instead_is_told() {
    remote("/nothing.yaml", 2, "answers 404 Not Found");
    remote("/page.yaml", 2, "is a page of HTML or XML");
    let directory = directory();
    let url = "http://u:p@127.0.0.1:1/a.yaml";
    check(
        directory.path(),
        &[OLD, url, "--allow-remote"],
        2,
        "it has a password in its URL",
    );
}

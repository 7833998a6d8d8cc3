//! Backing up a backend that serves, and restoring the backup.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Output;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::server::{Caller, Server, run};

/// How many write while the backup is made.
const WRITERS: usize = 4;

/// What the tests keep, all of it in one temporary directory.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }
}

/// A picture of one colour.
fn picture(red: u8) -> Vec<u8> {
    let image = image::RgbImage::from_pixel(8, 8, image::Rgb([red, 0, 0]));
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("can be written");
    bytes.into_inner()
}

/// Gives the owner a picture, and returns the path that it is served at.
async fn upload(caller: &Caller, token: &str, red: u8) -> String {
    let mut body = b"--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\
        \r\ncontent-type: image/png\r\n\r\n"
        .to_vec();
    body.extend(picture(red));
    body.extend(b"\r\n--cut--\r\n");
    let content_type = "multipart/form-data; boundary=cut";
    let sent = caller.send("POST /v2/users/me/avatar", token, content_type, body);
    let (status, user) = sent.await.expect("the backend answers");
    assert!(
        status.is_success(),
        "{status}: {}",
        String::from_utf8_lossy(&user)
    );
    avatar(&serde_json::from_slice(&user).expect("is JSON"))
}

/// The path in the URL of a user's picture.
fn avatar(user: &Value) -> String {
    let url = user["avatar"].as_str().expect("the user has a picture");
    let start = url.find("/avatars/").expect("it is kept by the backend");
    url[start..].to_owned()
}

async fn get(caller: &Caller, token: &str, path: &str) -> (StatusCode, Bytes) {
    let line = format!("GET {path}");
    let sent = caller.send(&line, token, "application/json", Bytes::new());
    sent.await.expect("the backend answers")
}

/// The names of all forms, sorted.
async fn names(caller: &Caller, token: &str) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let path = format!("/v2/forms?limit=100&offset={}", names.len());
        let (_, body) = get(caller, token, &path).await;
        let forms: Vec<Value> = serde_json::from_slice(&body).expect("is a list");
        if forms.is_empty() {
            names.sort();
            return names;
        }
        let new = forms.iter().map(|form| form["name"].as_str());
        names.extend(new.map(|name| name.expect("a form has a name").to_owned()));
    }
}

#[track_caller]
fn check_done(ended: &Output) {
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{complaint}");
}

#[track_caller]
fn check_refused(ended: &Output, expected: &str) {
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success(), "it was not refused");
    assert!(complaint.contains(expected), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_writes_is_as_of_one_instant() {
    let scratch = Scratch::new();
    let (data, copy, file) = (
        scratch.path("data"),
        scratch.path("copy"),
        scratch.path("backup"),
    );
    let server = Server::start(&data, None);
    let caller = server.caller();
    let token = caller.log_in().await;
    upload(&caller, &token, 0).await;

    let (stop, stopping) = watch::channel(false);
    let (tell, mut told) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (caller, token) = (caller.clone(), token.clone());
        let (tell, stopping) = (tell.clone(), stopping.clone());
        writers.spawn(async move {
            for number in 0.. {
                if *stopping.borrow() {
                    return;
                }
                let name = format!("{writer}-{number}");
                let created = caller.create_form(&token, &name).await;
                created.expect("the backend answers");
                let _ = tell.send(name);
            }
        });
    }
    {
        let (caller, token) = (caller.clone(), token.clone());
        writers.spawn(async move {
            for red in (0..=u8::MAX).cycle() {
                if *stopping.borrow() {
                    return;
                }
                upload(&caller, &token, red).await;
            }
        });
    }
    let mut before = Vec::new();
    while before.len() < 20 {
        before.push(told.recv().await.expect("somebody writes"));
    }
    check_done(&run(&["backup"], &file, &data).await);
    stop.send_replace(true);
    while let Some(ended) = writers.join_next().await {
        ended.expect("every write is created");
    }
    drop(server);

    check_done(&run(&["restore"], &file, &copy).await);
    let server = Server::start(&copy, None);
    let caller = server.caller();
    // The keys of tokens are not in a backup.
    let token = caller.log_in().await;
    let names = names(&caller, &token).await;
    for name in &before {
        assert!(names.contains(name), "{name} was there before the backup");
    }
    // Who sees a write sees those that its writer made before.
    for writer in 0..WRITERS {
        let own = names
            .iter()
            .filter(|name| name.starts_with(&format!("{writer}-")));
        for number in 0..own.count() {
            let name = format!("{writer}-{number}");
            assert!(names.contains(&name), "{name} is missing between others");
        }
    }
    let (_, user) = get(&caller, &token, "/v2/users/me").await;
    let path = avatar(&serde_json::from_slice(&user).expect("is JSON"));
    let (status, _) = get(&caller, &token, &path).await;
    assert_eq!(status, StatusCode::OK, "the picture {path} is not there");
}

/// A directory with a form in it, and a backup of it.
async fn backed_up(scratch: &Scratch) -> (std::path::PathBuf, std::path::PathBuf) {
    let (data, file) = (scratch.path("data"), scratch.path("backup"));
    let server = Server::start(&data, None);
    let caller = server.caller();
    let token = caller.log_in().await;
    caller.create_form(&token, "A").await.expect("is created");
    check_done(&run(&["backup"], &file, &data).await);
    caller.create_form(&token, "B").await.expect("is created");
    (data, file)
}

async fn kept_names(data: &Path) -> Vec<String> {
    let server = Server::start(data, None);
    let caller = server.caller();
    let token = caller.log_in().await;
    names(&caller, &token).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_overwrites_nothing_unless_it_is_told_to() {
    let scratch = Scratch::new();
    let (data, file) = backed_up(&scratch).await;
    let refused = run(&["restore"], &file, &data).await;
    check_refused(&refused, "exists already");
    assert_eq!(kept_names(&data).await, ["A", "B"]);
    check_done(&run(&["restore", "--overwrite"], &file, &data).await);
    assert_eq!(kept_names(&data).await, ["A"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_leaves_a_database_alone_that_is_in_use() {
    let scratch = Scratch::new();
    let (data, file) = backed_up(&scratch).await;
    let server = Server::start(&data, None);
    let refused = run(&["restore", "--overwrite"], &file, &data).await;
    check_refused(&refused, "already; stop that first");
    let caller = server.caller();
    let token = caller.log_in().await;
    assert_eq!(names(&caller, &token).await, ["A", "B"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_overwrites_nothing() {
    let scratch = Scratch::new();
    let (data, file) = backed_up(&scratch).await;
    let refused = run(&["backup"], &file, &data).await;
    check_refused(&refused, "exists already");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused() {
    let scratch = Scratch::new();
    let (_, file) = backed_up(&scratch).await;
    let copy = scratch.path("copy");
    let mut bytes = fs::read(&file).expect("is there");
    // Behind the header, so that it still looks like a database.
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xA5);
    fs::write(&file, bytes).expect("can be written");
    let refused = run(&["restore"], &file, &copy).await;
    check_refused(&refused, "cannot be used");
    assert!(!copy.exists(), "something of it was restored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_no_backup_is_refused() {
    let scratch = Scratch::new();
    let (data, _) = backed_up(&scratch).await;
    let refused = run(
        &["restore"],
        &data.join("web1on1.db"),
        &scratch.path("copy"),
    )
    .await;
    check_refused(&refused, "no table of files");
}

//! Calls with `--file`.

use insta::assert_snapshot;
use serde_json::json;

use super::{Outcome, call, check_reply, failure, usage};

async fn upload(name: &str, content: &[u8], data: &[&str]) -> Outcome {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(name);
    std::fs::write(&path, content).expect("the file can be written");
    let path = path.to_str().expect("the path is text");
    call(&[&["ShelfService/UploadCover", "--file", path], data].concat()).await
}

#[tokio::test]
async fn file_is_uploaded_in_chunks_of_64_kib() {
    check_reply(
        &upload(
            "cover.png",
            &vec![7; 150_000],
            &["-d", r#"{"header": {"title": "Emma"}}"#],
        )
        .await,
        &json!({
            "header": {"title": "Emma", "fileName": "cover.png", "contentType": "image/png"},
            "chunkSizes": [65536, 65536, 18928],
        }),
    );
}

#[tokio::test]
async fn upload_keeps_the_header_that_the_caller_wrote() {
    let header = json!({"fileName": "a.gif", "contentType": "image/gif"});
    let data = json!({"header": header}).to_string();
    check_reply(
        &upload("cover.png", b"x", &["-d", &data]).await,
        &json!({"header": header, "chunkSizes": [1]}),
    );
}

#[tokio::test]
async fn upload_without_data_has_a_header_from_the_file() {
    check_reply(
        &upload("cover.unknown", b"", &[]).await,
        &json!({"header": {"fileName": "cover.unknown"}}),
    );
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn unreadable_file_cancels_the_upload() {
    // The file opens, but its first page can never be read.
    let outcome = call(&["ShelfService/UploadCover", "--file", "/proc/self/mem"]).await;
    assert_snapshot!(failure(outcome), @"error: the upload was cancelled, reading the file failed: Input/output error (os error 5)");
}

#[tokio::test]
async fn missing_file_is_a_usage_error() {
    assert_snapshot!(
        usage(&["ShelfService/UploadCover", "--file", "/nowhere/cover.png"]).await,
        @"error: --file /nowhere/cover.png: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn content_beside_a_file_is_a_usage_error() {
    assert_snapshot!(
        usage(&["ShelfService/UploadCover", "--file", "x", "-d", r#"{"chunk": "AA=="}"#]).await,
        @"error: with --file, the file is the chunk; leave it out of -d"
    );
}

#[tokio::test]
async fn file_for_another_kind_of_method_is_a_usage_error() {
    assert_snapshot!(
        usage(&["ShelfService/AddBooks", "--file", "x"]).await,
        @"error: AddBooks is not an upload, so it takes no --file"
    );
}

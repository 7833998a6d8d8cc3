//! Problems of uploads.

use super::{check, check_rpc, http};

const UPLOAD: &str = r#"option (transcode.v1.upload) = {
    part: "p" file_name: "header.name" content_type: "header.type" content: "content"
};"#;

const UPLOAD_REQUEST: &str = "oneof message { Header header = 1; bytes content = 2; }
     message Header { string name = 1; string type = 2; }";

#[track_caller]
fn check_upload(rule: &str, upload: &str, request: &str, expected: &[&str]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|reason| format!("rpc t.S.Do: {reason}"))
        .collect();
    check(
        &format!(
            "service S {{ rpc Do(stream Request) returns (Response) {{ {} {upload} }} }}
             message Request {{ {request} }}
             message Response {{}}",
            http(rule)
        ),
        &expected.iter().map(String::as_str).collect::<Vec<_>>(),
    );
}

#[test]
fn an_upload_is_a_stream_of_requests() {
    let options = http(r#"post: "/a""#) + UPLOAD;
    check_rpc(
        &options,
        UPLOAD_REQUEST,
        "",
        "is an upload, so it has to stream its requests",
    );
}

#[test]
fn an_upload_has_no_other_body() {
    let expected = "is an upload, whose body is its content; it has no other";
    check_upload(
        r#"post: "/a" body: "*""#,
        UPLOAD,
        UPLOAD_REQUEST,
        &[expected],
    );
}

#[test]
fn an_upload_names_its_part() {
    let upload = &UPLOAD.replace(r#"part: "p""#, "");
    let expected = "is an upload without a name for its part";
    check_upload(r#"post: "/a""#, upload, UPLOAD_REQUEST, &[expected]);
}

#[test]
fn the_content_of_an_upload_is_bytes_of_a_oneof() {
    let expected = r#"is an upload of "content", which is not a bytes field of a oneof"#;
    for request in [
        "oneof message { Header header = 1; string content = 2; } message Header { string name = \
            1; string type = 2; }",
        "Header header = 1; bytes content = 2; message Header { string name = 1; string type = \
            2; }",
        "",
    ] {
        check_upload(r#"post: "/a""#, UPLOAD, request, &[expected]);
    }
}

#[test]
fn an_upload_has_one_header_and_its_content() {
    let expected = "is an upload, whose request is one oneof of a header message and the content";
    let header = "message Header { string name = 1; string type = 2; }";
    for fields in [
        "oneof message { Header header = 1; bytes content = 2; string other = 3; }",
        "oneof message { Header header = 1; bytes content = 2; } string other = 3;",
        "oneof message { string header = 1; bytes content = 2; }",
        "oneof message { bytes content = 2; }",
    ] {
        check_upload(
            r#"post: "/a""#,
            UPLOAD,
            &format!("{fields} {header}"),
            &[expected],
        );
    }
}

#[test]
fn an_upload_is_described_by_strings_of_its_header() {
    let upload = &UPLOAD.replace("header.name", "content");
    let expected = r#"is an upload whose file_name is "content", which is no string of its header"#;
    check_upload(r#"post: "/a""#, upload, UPLOAD_REQUEST, &[expected]);
    let upload = &UPLOAD.replace("header.type", "header.nope");
    let expected =
        r#"is an upload whose content_type is "header.nope", which is no string of its header"#;
    check_upload(r#"post: "/a""#, upload, UPLOAD_REQUEST, &[expected]);
}

#[test]
fn the_path_of_an_upload_is_bound_to_its_header() {
    let expected = r#"binds "content" to its path, which is not part of the header"#;
    check_upload(
        r#"post: "/a/{content}""#,
        UPLOAD,
        UPLOAD_REQUEST,
        &[expected],
    );
}

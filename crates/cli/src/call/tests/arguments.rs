//! Arguments with which no call can be made.

use insta::assert_snapshot;

use super::{run, usage};

#[tokio::test]
async fn unknown_field_is_named_with_its_position() {
    let data = r#"{"authors": [{"name": "A"}, {"nam": "B"}]}"#;
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", data]).await, @"error: in -d: authors[1]: unrecognized field name 'nam' at line 1 column 34; did you mean name?");
}

#[tokio::test]
async fn unknown_enum_value_lists_the_known_ones() {
    let data = r#"{"genre": "novel"}"#;
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", data]).await, @"error: in -d: genre: unrecognized enum value 'novel' at line 1 column 17; expected one of GENRE_UNSPECIFIED, GENRE_NOVEL");
}

#[tokio::test]
async fn value_of_a_wrong_type_is_named() {
    let data = r#"{"title": 7}"#;
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", data]).await, @"error: in -d: title: invalid type: integer `7`, expected a string at line 1 column 11");
}

#[tokio::test]
async fn truncated_json_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", r#"{"title": "#]).await, @"error: in -d: title: EOF while parsing a value at line 1 column 10; a request is a JSON object, and --template prints one to fill in");
}

#[tokio::test]
async fn what_is_no_json_object_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", "{title: x}"]).await, @"error: in -d: key must be a string at line 1 column 2; a request is a JSON object, and --template prints one to fill in");
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", "[]"]).await, @"error: in -d: invalid type: sequence, expected a map at line 1 column 0; a request is a JSON object, and --template prints one to fill in");
}

#[tokio::test]
async fn second_message_for_a_unary_method_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "-d", "{} {}"]).await, @"error: FindBook takes one message, but -d holds 2");
}

#[tokio::test]
async fn missing_data_file_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "-d", "@/nowhere"]).await, @"error: -d @/nowhere: cannot read the file: No such file or directory (os error 2)");
}

#[tokio::test]
async fn token_with_a_line_break_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "--token", "a\nb"]).await, @"error: the token holds characters that no header can carry");
}

#[tokio::test]
async fn address_that_cannot_be_called_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "ftp://h:1"]).await, @"error: --address ftp://h:1: only http://, https:// and unix: are spoken");
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "http://h:1/v2"]).await, @"error: --address http://h:1/v2: the address of a gateway has no path");
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "http://h:1", "--ca", "ca.pem"]).await, @"error: --address http://h:1 has no TLS, so --ca, --cert and --server-name have no use; did you mean https://?");
    assert_snapshot!(usage(&["ShelfService/FindBook", "--ca", "nowhere.pem"]).await, @"error: nowhere.pem cannot be read: No such file or directory (os error 2)");
}

#[tokio::test]
async fn malformed_address_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "a b"]).await, @"error: --address a b is no address; localhost, localhost:50051, [::1]:50051 and https://localhost:50051 are: invalid uri character");
}

#[track_caller]
fn check_duration(text: &str, expected: Option<u64>) {
    let parsed = super::super::parse_duration(text).ok();
    assert_eq!(
        parsed.map(|duration| duration.as_millis()),
        expected.map(u128::from),
        "{text}"
    );
}

#[test]
fn durations_have_a_unit() {
    check_duration("500ms", Some(500));
    check_duration("10s", Some(10_000));
    check_duration("2m", Some(120_000));
    check_duration("1h", Some(3_600_000));
}

#[test]
fn other_durations_are_refused() {
    for text in [
        "",
        "10",
        "s",
        "1.5s",
        "-1s",
        "1 s",
        "0s",
        "1d",
        "99999999999999999999s",
        "18446744073709551615h",
    ] {
        check_duration(text, None);
    }
}

/// Checks which port is connected to, where nothing listens.
async fn check_port(address: &str, expected: &str) {
    let outcome = run(&["ShelfService/FindBook", "--address", address, "-v"]).await;
    assert_eq!(outcome.code, 1, "{address}: {}", outcome.err);
    assert!(outcome.err.contains(expected), "{address}: {}", outcome.err);
}

#[tokio::test]
async fn unusable_addresses_are_usage_errors() {
    for address in ["", "h:x", "h:99999", "[::1", "http://", "unix:", "me@h:1"] {
        let error = usage(&["ShelfService/FindBook", "--address", address]).await;
        assert!(error.starts_with("error: --address"), "{address}: {error}");
    }
}

#[tokio::test]
async fn hosts_and_addresses_of_both_kinds_are_called() {
    // Nothing listens at port 1.
    check_port("localhost:1", "cannot connect to localhost:1").await;
    check_port("[::1]:1", "cannot connect to [::1]:1").await;
    check_port(
        "unix:/nowhere/at/all",
        "cannot connect to unix:/nowhere/at/all",
    )
    .await;
}

#[tokio::test]
async fn a_part_that_no_reply_has_is_a_usage_error() {
    let select = |path: &'static str| async move {
        usage(&["ShelfService/ListBooks", "--select", path]).await
    };
    assert_snapshot!(select("book").await, @r#"error: in --select: the reply has no "book"; did you mean books?"#);
    assert_snapshot!(select("books.title").await, @"error: in --select: books is a list: books.*.title is that of every element, and books.0.title that of the first");
    assert_snapshot!(select("books.*.titel").await, @r#"error: in --select: books.* has no "titel"; did you mean title?"#);
    assert_snapshot!(select("books.*.title.x").await, @"error: in --select: books.*.title is a string, which has no parts");
    assert_snapshot!(select("books[").await, @r#"error: in --select: "books[" has brackets that do not match"#);
    assert_snapshot!(select("").await, @r#"error: in --select: "" has an empty step; users.0.email and users.*.email are paths"#);
}

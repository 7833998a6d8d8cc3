//! What buf is given, and what is made of its words.

use crate::elsewhere::stranger;
use crate::repository::Repository;

const BROKEN: &str = r#"echo '{"path":"protobuf/shop/v1/shop.proto","start_line":6,"type":"COMPILE","message":"imported file does not exist"}'; exit 100"#;

/// The same of what is published.
const BROKEN_BEFORE: &str = r#"echo '{"path":"../old/protobuf/shop/v1/shop.proto","start_line":6,"type":"COMPILE","message":"imported file does not exist"}'; exit 100"#;

fn with_settings() -> Repository {
    let repository = stranger();
    let settings = "document = \"api/shop.yaml\"\nprotos = [\"protobuf\"]\n";
    repository.write("contract.toml", settings);
    repository
}

#[test]
fn what_buf_cannot_compile_is_not_published() {
    let repository = with_settings();
    repository.has_buf(BROKEN);
    let expected = [
        "error: buf cannot compile the protos: protobuf/shop/v1/shop.proto:6: imported file does \
         not exist; there is no buf.yaml, so buf was given {",
        r#""modules":[{"path":"protobuf"}]"#,
        "nothing was published",
    ];
    repository.check(&["bless"], 1, &expected);
    assert!(!repository.path("blessed").exists());
    repository.has_no_buf();
    repository.check(&["bless"], 2, &["there is no `buf` on the PATH"]);
    repository.check(&["bless", "--without-buf"], 0, &["published 1.0.0"]);
}

#[test]
fn what_buf_cannot_compile_is_no_change() {
    let repository = with_settings();
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    repository.commit();
    repository.branch();
    for (script, place) in [
        (BROKEN, "protobuf/shop/v1/shop.proto:6"),
        (BROKEN_BEFORE, "blessed/protobuf/shop/v1/shop.proto:6"),
    ] {
        repository.has_buf(script);
        let expected = [
            "FAIL  proto     1 wrong",
            "error[proto-compile]",
            place,
            "1 error,",
        ];
        repository.check(&["check"], 1, &expected);
        repository.check(&["bless"], 1, &["nothing was published", place]);
    }
    let unread = ["bless", "--without-buf"];
    repository.check(&unread, 0, &["1.0.0 is published as it is"]);
}

#[test]
fn buf_finds_what_need_not_lie_in_the_repository() {
    let repository = with_settings();
    // Both sides have rules, and the protos that are imported.
    repository.has_buf(
        "for side in . ../old; do for file in buf.yaml protobuf/shop/v1/shop.proto \
         web1on1-imports/google/api/annotations.proto; do \
         test -f $side/$file || { echo \"$side/$file is missing\"; exit 1; }; done; done",
    );
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    repository.check(&["check"], 0, &["ok    proto"]);
    assert!(!repository.path("web1on1-imports").exists());
    assert!(!repository.path("blessed/web1on1-imports").exists());
}

#[test]
fn first_rules_of_buf_ask_for_what_was_asked_before() {
    let repository = with_settings();
    repository.check(&["bless"], 0, &["published 1.0.0"]);
    repository.commit();
    repository.branch();
    let same = "version: v2\nmodules: [{path: protobuf}]\nlint: {use: [MINIMAL]}\n";
    repository.write("buf.yaml", same);
    repository.check(&["check"], 1, &["error[unpublished-change]", "1 error,"]);
    let looser = "version: v2\nmodules: [{path: protobuf}]\nbreaking: {use: [WIRE]}\n";
    repository.write("buf.yaml", looser);
    let expected = [
        "error[buf-rules-loosened]",
        "`breaking.use FILE`",
        "2 errors,",
    ];
    repository.check(&["check"], 1, &expected);
}

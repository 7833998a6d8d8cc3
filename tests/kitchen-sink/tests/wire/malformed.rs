//! Replies that are not what they should be.

use kitchen_sink::kitchen::{Book, Everything, Scalars};

use super::refuses;

#[test]
fn what_is_no_json_is_refused() {
    for (json, expected) in [
        ("secret", "$: expected value at line 1 column 1"),
        (
            "{\"title\":\"secret",
            "$.title: EOF while parsing a string at line 1 column 16",
        ),
        (
            "{\"title\":\"secret\"",
            "$: EOF while parsing an object at line 1 column 17",
        ),
        (
            "{\"tags\":[\"secret\"",
            "$.tags[1]: EOF while parsing a list at line 1 column 17",
        ),
        (
            "{\"pageCount\":1.}",
            "$.pageCount: invalid number at line 1 column 16",
        ),
        ("{} {}", "$: trailing characters at line 1 column 4"),
        ("[]", "$: expected an object, found a list"),
        ("null", "$: expected an object, found null"),
        ("\"secret\"", "$: expected an object, found a string"),
        ("true", "$: expected an object, found a boolean"),
    ] {
        refuses::<Book>(json, expected);
    }
}

#[test]
fn values_of_another_type_are_refused_with_their_path() {
    refuses::<Book>(
        r#"{"title":1}"#,
        "$.title: expected a string, found a number",
    );
    refuses::<Book>(
        r#"{"pageCount":"secret"}"#,
        "$.pageCount: expected a 32-bit integer, found a string",
    );
    refuses::<Book>(
        r#"{"tags":"secret"}"#,
        "$.tags: expected a list, found a string",
    );
    refuses::<Book>(
        r#"{"notes":[]}"#,
        "$.notes: expected an object, found a list",
    );
    refuses::<Book>(
        r#"{"author":"secret"}"#,
        "$.author: expected an object, found a string",
    );
    refuses::<Book>(
        r#"{"sequel":{"sequel":{"author":{"givenName":true}}}}"#,
        "$.sequel.sequel.author.givenName: expected a string, found a boolean",
    );
    refuses::<Everything>(
        r#"{"children":[{},{"leaves":[{"deep":{"kind":{}}}]}]}"#,
        "$.children[1].leaves[0].deep.kind: expected a string, found an object",
    );
    refuses::<Scalars>(
        r#"{"bool":"true"}"#,
        "$.bool: expected a boolean, found a string",
    );
    refuses::<Scalars>(
        r#"{"double":"1"}"#,
        "$.double: expected a number, found a string",
    );
}

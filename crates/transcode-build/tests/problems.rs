//! What the protos can ask for and not get. Each case is a proto and every
//! problem with it, in the words that a build prints.

mod uploads;

use transcode_build::Error;

use crate::generate;

#[track_caller]
fn check_proto(proto: &str, expected: &[&str]) {
    let problems = match generate(proto) {
        Err(Error::Problems(problems)) => problems,
        Err(error) => panic!("the proto should compile: {error}\n{proto}"),
        Ok(_) => panic!("nothing is wrong with\n{proto}"),
    };
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.subject, problem.reason))
        .collect();
    assert_eq!(problems, expected, "with\n{proto}");
}

const IMPORTS: &str = r#"
    import "google/api/annotations.proto";
    import "google/api/http.proto";
    import "google/protobuf/any.proto";
    import "google/protobuf/duration.proto";
    import "google/protobuf/empty.proto";
    import "google/protobuf/field_mask.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    import "transcode/v1/options.proto";
"#;

/// Messages and enums with these problems.
#[track_caller]
fn check(declarations: &str, expected: &[&str]) {
    check_proto(
        &format!("syntax = \"proto3\"; package t; {IMPORTS} {declarations}"),
        expected,
    );
}

/// An rpc `Do` with these options, from a `Request` and to a `Response` with
/// these fields, with this one problem.
#[track_caller]
fn check_rpc(options: &str, request: &str, response: &str, expected: &str) {
    check(
        &format!(
            "service S {{ rpc Do(Request) returns (Response) {{ {options} }} }}
             message Request {{ {request} }}
             message Response {{ {response} }}"
        ),
        &[&format!("rpc t.S.Do: {expected}")],
    );
}

fn http(rule: &str) -> String {
    format!("option (google.api.http) = {{ {rule} }};")
}

// Rules.

#[test]
fn an_rpc_has_an_annotation() {
    check_rpc(
        "",
        "",
        "",
        "has no google.api.http annotation, which says what request it is",
    );
}

#[test]
fn a_rule_has_one_binding() {
    let options = http(r#"get: "/a" additional_bindings { get: "/b" }"#);
    check_rpc(
        &options,
        "",
        "",
        "has additional_bindings, of which a client could use only one; keep the one to call",
    );
}

#[test]
fn a_path_is_a_template() {
    let expected = r#"path template "/a/{b", at byte 5: a variable ends with a closing brace"#;
    check_rpc(&http(r#"get: "/a/{b""#), "", "", expected);
    let expected = r#"path template "a", at byte 0: a template begins with a slash"#;
    check_rpc(&http(r#"get: "a""#), "", "", expected);
}

#[test]
fn a_verb_is_one_of_http() {
    let options = http(r#"custom { kind: "FETCH" path: "/a" }"#);
    let expected =
        r#"has the verb "FETCH", not one of GET, PUT, POST, DELETE, PATCH, HEAD, OPTIONS"#;
    check_rpc(&options, "", "", expected);
}

#[test]
fn a_get_carries_no_body() {
    let options = http(r#"get: "/a" body: "*""#);
    check_rpc(
        &options,
        "",
        "",
        "has a body, which GET does not carry; without it the fields are sent in the query",
    );
}

#[test]
fn messages_of_rpcs_have_fields() {
    let rpc = |request: &str| {
        format!(
            "service S {{ rpc Do({request}) returns (google.protobuf.Empty) {{ {} }} }}
             message Maybe {{ option (transcode.v1.transparent) = true; optional string a = 1; }}",
            http(r#"post: "/a" body: "*""#)
        )
    };
    for name in [
        "google.protobuf.Struct",
        "google.protobuf.Timestamp",
        "google.api.CustomHttpPattern",
        "t.Maybe",
    ] {
        check(
            &rpc(name),
            &[&format!(
                "rpc t.S.Do: exchanges {name}, which is no message of fields; make it a field of \
                    one, and that the body or the response_body"
            )],
        );
    }
}

// Streams.

#[test]
fn a_reply_is_not_a_stream() {
    let rpc = format!(
        "service S {{ rpc Do(M) returns (stream M) {{ {} }} }} message M {{}}",
        http(r#"get: "/a""#)
    );
    check(
        &rpc,
        &[
            "rpc t.S.Do: streams its responses, but no transcode.v1.streamed_list says of which \
                list; add it, or return one message",
        ],
    );
}

#[test]
fn a_stream_of_requests_is_an_upload() {
    let rpc = format!(
        "service S {{ rpc Do(stream M) returns (M) {{ {} }} }} message M {{}}",
        http(r#"post: "/a""#)
    );
    let reason = "streams its requests, but no transcode.v1.upload says how they make one body; \
        add it, or take one message";
    check(&rpc, &[&format!("rpc t.S.Do: {reason}")]);
}

// Paths.

#[test]
fn a_path_is_bound_to_single_scalars_of_the_request() {
    let fields = "repeated string list = 1; map<string, string> map = 2; Child child = 3;
        google.protobuf.Struct free = 4; google.protobuf.Timestamp time = 5;
        message Child { repeated string list = 1; }";
    for (field, reason) in [
        ("nope", "is not a field of the request"),
        ("child.nope", "is not a field of the request"),
        ("time.seconds", "is not a field of the request"),
        ("list", "is not a single value"),
        ("map", "is not a single value"),
        ("child.list", "is not a single value"),
        ("child", "is not a scalar"),
        ("free", "is not a scalar"),
    ] {
        let options = http(&format!(r#"post: "/a/{{{field}}}" body: "free""#));
        let request = format!("{fields} reserved 9;").replace(
            // Neither can be a query parameter.
            "map<string, string> map = 2;",
            if field == "map" {
                "map<string, string> map = 2;"
            } else {
                ""
            },
        );
        let expected = format!("binds {field:?} to its path, which {reason}");
        check_rpc(&options, &request, "", &expected);
    }
}

#[test]
fn a_member_of_a_oneof_cannot_be_taken_out_of_the_body() {
    let options = http(r#"post: "/a/{b}" body: "*""#);
    let expected = r#"binds "b" to its path, which cannot be taken out of the body, because it is in a oneof; take it out of the oneof"#;
    check_rpc(
        &options,
        "oneof o { string b = 1; string c = 2; }",
        "",
        expected,
    );
}

// Queries.

#[test]
fn what_has_no_text_form_is_no_parameter() {
    for (fields, field, reason) in [
        (
            "map<string, string> a = 1;",
            "a",
            "is a map, and a query has none; send it in the body",
        ),
        (
            "repeated Child a = 1; message Child {}",
            "a",
            "is a list of messages, and a query has none; send it in the body",
        ),
        (
            "google.protobuf.Struct a = 1;",
            "a",
            "has no form there; send it in the body",
        ),
        (
            "google.protobuf.Value a = 1;",
            "a",
            "has no form there; send it in the body",
        ),
        (
            "google.protobuf.Empty a = 1;",
            "a",
            "has no form there; send it in the body",
        ),
        (
            "repeated google.protobuf.ListValue a = 1;",
            "a",
            "is a list of messages, and a query has none; send it in the body",
        ),
        (
            "Child a = 1; message Child { google.protobuf.Struct b = 1; }",
            "a.b",
            "has no form there; send it in the body",
        ),
        (
            "Child a = 1; message Child { Child b = 1; }",
            "a.b",
            "is a message within itself; send it in the body",
        ),
    ] {
        let expected = format!("sends {field:?} as a query parameter, which {reason}");
        check_rpc(&http(r#"get: "/a""#), fields, "", &expected);
    }
    check(
        &format!(
            "service S {{ rpc Do(Request) returns (Request) {{ {} }} }}
             message Request {{ Maybe a = 1; }}
             message Maybe {{ option (transcode.v1.transparent) = true; optional string b = 1; }}",
            http(r#"get: "/a""#)
        ),
        &[
            r#"rpc t.S.Do: sends "a" as a query parameter, which has no form there; send it in the body"#,
        ],
    );
}

// Bodies.

#[test]
fn a_body_is_a_field_of_the_request() {
    let options = http(r#"post: "/a" body: "b""#);
    check_rpc(
        &options,
        "",
        "",
        r#"has the body "b", which is not a field of t.Request"#,
    );
    let request = "oneof o { string b = 1; string c = 2; }";
    check_rpc(
        &options,
        request,
        "",
        r#"has the body "b", which is a member of a oneof; take it out of that"#,
    );
}

#[test]
fn a_mask_selects_fields_of_a_message() {
    let options = http(r#"patch: "/a" body: "b""#);
    for b in [
        "string b",
        "repeated string b",
        "google.protobuf.Struct b",
        "map<string, string> b",
    ] {
        let request = format!("{b} = 1; google.protobuf.FieldMask update_mask = 2;");
        let expected = r#"has an update_mask, but "b" is not a message of fields"#;
        check_rpc(&options, &request, "", expected);
    }
}

// Replies.

#[test]
fn a_reply_to_head_has_no_body() {
    let options = http(r#"custom { kind: "HEAD" path: "/a" }"#);
    let expected = "expects a body in the reply, which HEAD does not have; return \
        google.protobuf.Empty";
    check_rpc(&options, "", "string b = 1;", expected);
}

#[test]
fn a_response_body_is_a_field_of_the_response() {
    let options = http(r#"get: "/a" response_body: "b""#);
    let expected = r#"has the response_body "b", which is not a field of t.Response"#;
    check_rpc(&options, "", "", expected);
    let response = "oneof o { string b = 1; string c = 2; }";
    let expected =
        r#"has the response_body "b", which is a member of a oneof; take it out of that"#;
    check_rpc(&options, "", response, expected);
    let response = r#"string b = 1 [(transcode.v1.next_link) = "page"];"#;
    let expected = r#"has the response_body "b", which is filled from a link"#;
    check_rpc(&options, "", response, expected);
}

#[test]
fn every_field_of_a_response_comes_from_somewhere() {
    let options = http(r#"get: "/a" response_body: "b""#);
    let expected = r#"reads "b" from the reply, and "c" from nothing; remove one of them"#;
    check_rpc(&options, "", "string b = 1; string c = 2;", expected);
}

// Links.

#[test]
fn only_the_response_of_an_rpc_is_filled_from_a_link() {
    let link = r#"[(transcode.v1.next_link) = "page"]"#;
    let reason = "is filled from a link, but its message is more than the response of an rpc";
    check(
        &format!("message M {{ string a = 1 {link}; }}"),
        &[&format!("field t.M.a: {reason}")],
    );
    check(
        &format!("message M {{ N n = 1; message N {{ string a = 1 {link}; }} }}"),
        &[&format!("field t.M.N.a: {reason}")],
    );
    let service = format!(
        "service S {{ rpc Do(M) returns (N) {{ {} }} }}",
        http(r#"get: "/a""#)
    );
    check(
        &format!("{service} message M {{}} message N {{ string a = 1 {link}; N n = 2; }}"),
        &[&format!("field t.N.a: {reason}")],
    );
    let service = format!(
        "service S {{ rpc Do(N) returns (N) {{ {} }} }}",
        http(r#"get: "/a""#)
    );
    check(
        &format!("{service} message N {{ string a = 1 {link}; }}"),
        &[
            &format!("field t.N.a: {reason}"),
            r#"rpc t.S.Do: sends "a" as a query parameter, which is filled from a reply; it has no place in a request"#,
        ],
    );
}

#[test]
fn a_link_gives_an_integer_or_a_string() {
    let link = r#"[(transcode.v1.next_link) = "page"]"#;
    let reason = "is filled from a link, which only an integer or a string can";
    for field in [
        "bool a",
        "repeated string a",
        "google.protobuf.Duration a",
        "double a",
    ] {
        let options = http(r#"get: "/a""#);
        check(
            &format!(
                "service S {{ rpc Do(M) returns (N) {{ {options} }} }}
                 message M {{}} message N {{ {field} = 1 {link}; }}"
            ),
            &[&format!("field t.N.a: {reason}")],
        );
    }
}

// Messages.

#[test]
fn a_transparent_message_has_one_optional_field() {
    let reason = "is transparent, but does not have exactly one field, which is optional";
    for fields in [
        "",
        "string a = 1;",
        "repeated string a = 1;",
        "map<string, string> a = 1;",
        "optional string a = 1; optional string b = 2;",
        "oneof o { string a = 1; }",
    ] {
        let message = format!("message M {{ option (transcode.v1.transparent) = true; {fields} }}");
        check(&message, &[&format!("message t.M: {reason}")]);
    }
}

#[test]
fn a_transparent_message_holds_no_other() {
    let transparent = "option (transcode.v1.transparent) = true;";
    let reason = "holds a transparent message in a transparent message, with one null for both";
    check(
        &format!(
            "message M {{ {transparent} N n = 1; }} message N {{ {transparent} optional string a \
                = 1; }}"
        ),
        &[&format!("field t.M.n: {reason}")],
    );
    check(
        &format!("message M {{ {transparent} M m = 1; }}"),
        &[&format!("field t.M.m: {reason}")],
    );
}

#[test]
fn the_value_of_a_transparent_message_is_all_there_is() {
    let transparent = "option (transcode.v1.transparent) = true;";
    let reason = "is all that a transparent message holds, so it can only hold its value";
    check(
        &format!(
            "message M {{ {transparent} google.protobuf.Struct a = 1 [(transcode.v1.undeclared) \
                = true]; }}"
        ),
        &[&format!("field t.M.a: {reason}")],
    );
}

#[test]
fn only_a_struct_collects_undeclared_properties() {
    let undeclared = "[(transcode.v1.undeclared) = true]";
    let reason = "collects undeclared properties, which only a google.protobuf.Struct can";
    for field in [
        "string a",
        "google.protobuf.Value a",
        "repeated google.protobuf.Struct a",
        "map<string, google.protobuf.Struct> a",
    ] {
        let message = format!("message M {{ {field} = 1 {undeclared}; }}");
        check(&message, &[&format!("field t.M.a: {reason}")]);
    }
    let message =
        format!("message M {{ oneof o {{ google.protobuf.Struct a = 1 {undeclared}; }} }}");
    check(&message, &[&format!("field t.M.a: {reason}")]);
}

#[test]
fn one_field_collects_undeclared_properties() {
    let undeclared = "[(transcode.v1.undeclared) = true]";
    check(
        &format!(
            "message M {{ google.protobuf.Struct a = 1 {undeclared}; google.protobuf.Struct b = \
                2 {undeclared}; }}"
        ),
        &["field t.M.b: collects undeclared properties, as a does already"],
    );
}

#[test]
fn types_without_a_json_form_are_refused() {
    for name in [
        "google.protobuf.Any",
        "google.protobuf.NullValue",
        "google.api.HttpRule",
        "transcode.v1.Upload",
    ] {
        let reason = format!(
            "field t.M.a: {name} has no JSON form here; google.protobuf.Value \
            holds any JSON"
        );
        check(&format!("message M {{ {name} a = 1; }}"), &[&reason]);
        check(
            &format!("message M {{ repeated {name} a = 1; }}"),
            &[&reason],
        );
        check(
            &format!("message M {{ map<string, {name}> a = 1; }}"),
            &[&reason],
        );
        let transparent = "option (transcode.v1.transparent) = true;";
        check(
            &format!("message M {{ {transparent} optional {name} a = 1; }}"),
            &[&reason],
        );
    }
}

#[test]
fn groups_and_required_fields_are_refused() {
    check_proto(
        "syntax = \"proto2\"; package t; message M { optional group A = 1 {} required string b = \
            2; }",
        &[
            "field t.M.a: is a group, which has no JSON form; make it a message",
            "field t.M.b: is required, so that it could not be told whether JSON has it; make it \
                optional",
        ],
    );
}

// Enums.

#[test]
fn the_zero_value_has_no_spelling() {
    check(
        "enum E { E_NONE = 0 [(transcode.v1.value) = \"none\"]; }",
        &[
            "enum value t.E_NONE: has a spelling, but zero is never written; let zero be \
            UNSPECIFIED, and give another number to the value",
        ],
    );
}

#[test]
fn two_values_are_not_spelled_the_same() {
    check(
        "enum E { E_NONE = 0; E_A = 1 [(transcode.v1.value) = \"E_B\"]; E_B = 2; }",
        &["enum value t.E_B: is spelled \"E_B\" like another value"],
    );
}

// Files.

#[test]
fn a_file_has_a_package() {
    check_proto(
        "syntax = \"proto3\"; message M {}",
        &[
            "file t.proto: has no package, so its code would have no module; add one, such as \
            `package pets.v1;`",
        ],
    );
}

#[test]
fn every_problem_is_named_at_once() {
    let proto = format!(
        "syntax = \"proto3\"; package t; {IMPORTS}
         service S {{
             rpc A(M) returns (M);
             rpc B(stream M) returns (stream M) {{ {} }}
         }}
         message M {{ google.protobuf.Any a = 1; }}",
        http(r#"get: "/b/{nope}/{never}" body: "x" response_body: "y" additional_bindings {}"#)
    );
    let error = generate(&proto).expect_err("nothing of it can be translated");
    assert_eq!(
        error.to_string(),
        r#"the protos ask for what cannot be translated:
  t.proto:16: field t.M.a: google.protobuf.Any has no JSON form here; google.protobuf.Value holds any JSON
  t.proto:13: rpc t.S.A: has no google.api.http annotation, which says what request it is
  t.proto:14: rpc t.S.B: has additional_bindings, of which a client could use only one; keep the one to call
  t.proto:14: rpc t.S.B: has a body, which GET does not carry; without it the fields are sent in the query
  t.proto:14: rpc t.S.B: binds "nope" to its path, which is not a field of the request
  t.proto:14: rpc t.S.B: binds "never" to its path, which is not a field of the request
  t.proto:14: rpc t.S.B: streams its responses, but no transcode.v1.streamed_list says of which list; add it, or return one message
  t.proto:14: rpc t.S.B: streams its requests, but no transcode.v1.upload says how they make one body; add it, or take one message
  t.proto:14: rpc t.S.B: has the body "x", which is not a field of t.M"#
    );
}

#[test]
fn a_message_has_only_so_many_oneofs() {
    let oneofs =
        (1..=257).map(|number| format!("oneof o{number} {{ bool b{number} = {number}; }}"));
    let oneofs: Vec<_> = oneofs.collect();
    check(
        &format!("message M {{ {} }}", oneofs.join(" ")),
        &["message t.M: has more than 256 oneofs"],
    );
}

// What a build prints.

#[test]
fn a_problem_says_where_it_is() {
    let proto = "syntax = \"proto3\";\npackage t;\nimport \"google/api/annotations.proto\";\n\
        service S {\n  rpc A(M) returns (M);\n}\nmessage M {\n  message N {\n    \
        t.Any a = 1;\n  }\n}\nmessage Any {}\nenum E { E_NONE = 0;\nE_A = 1;\nE_B = 1; }";
    let error = generate(proto).expect_err("an enum has two names for one number");
    assert!(
        error.to_string().starts_with("t.proto:15:7: "),
        "protox says where as well: {error}"
    );
    let proto = proto.replace("E_B = 1", "E_B = 2");
    let error = generate(&proto).expect_err("an rpc has no annotation");
    let Error::Problems(problems) = &error else {
        panic!("the proto compiles: {error}");
    };
    assert_eq!((problems.len(), problems[0].line), (1, Some(5)));
    let expected = "the protos ask for what cannot be translated:\n  t.proto:5: rpc t.S.A: has no \
        google.api.http annotation, which says what request it is";
    assert_eq!(error.to_string(), expected);
    // What a build script prints whose `main` returns it.
    assert_eq!(format!("{error:?}"), expected);
}

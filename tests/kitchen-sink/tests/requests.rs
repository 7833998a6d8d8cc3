//! What goes upstream: paths, queries and bodies.

use std::collections::BTreeMap;

use bytes::Bytes;
use kitchen_sink::kitchen::get_nested_request::{Board, Shelf};
use kitchen_sink::kitchen::{
    Book, Color, CreateBookRequest, EchoRequest, GetNestedRequest, GetTypedRequest,
    HttpKitchen2Match, Implicits, KitchenServiceAskBook, KitchenServiceCreateBook,
    KitchenServiceDeleteBook, KitchenServiceEcho, KitchenServiceGetFile, KitchenServiceGetNamed,
    KitchenServiceGetNested, KitchenServiceGetTyped, KitchenServicePing, KitchenServiceProbeBook,
    KitchenServicePublishBook, KitchenServiceReplaceBook, KitchenServiceSearch,
    KitchenServiceSetCount, KitchenServiceSetMeta, KitchenServiceSetNotes,
    KitchenServiceSetSubtitle, KitchenServiceSetTags, KitchenServiceSetTitle, MaybeText,
    NameRequest, Place, ReplaceBookRequest, Scalars, SearchRequest, SetCountRequest,
    SetMetaRequest, SetNotesRequest, SetSubtitleRequest, SetTagsRequest, SetTitleRequest,
    get_typed_request, search_request,
};
use kitchen_sink::pantry::{Unit, unit};
use proptest::prelude::*;
use tonic::Code;
use tonic_types::StatusExt as _;
use transcode::RestCall;

use crate::stub::{SeenRequest, gateway, response, run};

/// What the call sends, whatever becomes of the reply.
#[track_caller]
fn sent<C: RestCall>(request: C::Request) -> SeenRequest {
    let (gateway, log) = gateway(|_| response(500, ""));
    let answer = run(gateway.call::<C>(tonic::Request::new(request)));
    let reached = log.all();
    assert_eq!(
        reached.len(),
        1,
        "the call reached the upstream once; its answer: {:?}",
        answer.err()
    );
    reached[0].clone()
}

/// The call sends this line and no body.
#[track_caller]
fn check<C: RestCall>(request: C::Request, line: &str) {
    check_body::<C>(request, line, "");
}

#[track_caller]
fn check_body<C: RestCall>(request: C::Request, line: &str, body: &str) {
    let seen = sent::<C>(request);
    assert_eq!(seen.line(), line);
    assert_eq!(
        String::from_utf8_lossy(&seen.body),
        body,
        "the body of {line}"
    );
    let content_type = seen.header("content-type");
    let expected = (!body.is_empty()).then_some("application/json");
    assert_eq!(content_type, expected, "the content type of {line}");
}

/// The call is refused before anything is sent, with these violations.
#[track_caller]
fn refuses<C: RestCall>(request: C::Request, violations: &[(&str, &str)]) {
    let (gateway, log) = gateway(|_| response(200, "{}"));
    let Err(status) = run(gateway.call::<C>(tonic::Request::new(request))) else {
        panic!("the call is refused");
    };
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let details = status.get_error_details();
    assert_eq!(
        details.error_info().map(|info| info.reason.as_str()),
        Some("INVALID_REQUEST")
    );
    let bad = details.bad_request().expect("the violations are named");
    let found: Vec<_> = bad
        .field_violations
        .iter()
        .map(|violation| (violation.field.as_str(), violation.description.as_str()))
        .collect();
    assert_eq!(found, violations);
    assert!(log.all().is_empty(), "nothing is sent");
}

fn name(name: &str) -> NameRequest {
    NameRequest {
        name: name.to_owned(),
    }
}

fn nested(room: &str, shelf: Option<Shelf>) -> GetNestedRequest {
    GetNestedRequest {
        room: room.to_owned(),
        shelf,
    }
}

// Paths.

#[test]
fn a_nested_field_fills_a_path() {
    let shelf = Shelf {
        id: Some("s/1".to_owned()),
        ..Shelf::default()
    };
    check::<KitchenServiceGetNested>(
        nested("r 1", Some(shelf)),
        "GET /v1/rooms/r%201/shelves/s%2F1",
    );
}

#[test]
fn what_is_left_of_a_nested_message_goes_into_the_query() {
    let shelf = Shelf {
        id: Some("s".to_owned()),
        note: Some("a&b".to_owned()),
        top_board: Some(Board {
            board_width: Some(0),
            colors: vec![Color::Red.into(), Color::DarkBlue.into()],
        }),
    };
    let line = "GET /v1/rooms/r/shelves/s?shelf.note=a%26b&shelf.topBoard.boardWidth=0\
                &shelf.topBoard.colors=red&shelf.topBoard.colors=dark-blue";
    check::<KitchenServiceGetNested>(nested("r", Some(shelf)), line);
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let empty = "must not be empty, because it is part of the path";
    let required = "is required, because it is part of the path";
    let violations = [("room", empty), ("shelf.id", required)];
    refuses::<KitchenServiceGetNested>(nested("", None), &violations);
    refuses::<KitchenServiceGetNested>(nested("", Some(Shelf::default())), &violations);
}

#[test]
fn a_variable_may_span_segments() {
    check::<KitchenServiceGetNamed>(name("shelves/a b/books/1"), "GET /v1/shelves/a%20b/books/1");
    let reason = "must have the form \"shelves/*/books/*\"";
    for wrong in ["", "shelves/1", "shelves/1/books/2/3", "rooms/1/books/2"] {
        refuses::<KitchenServiceGetNamed>(name(wrong), &[("name", reason)]);
    }
}

#[test]
fn a_variable_may_span_the_rest() {
    check::<KitchenServiceGetFile>(name("a/b/c d.txt"), "GET /v1/files/a/b/c%20d.txt");
    refuses::<KitchenServiceGetFile>(
        name("a//b"),
        &[("name", "must not be empty, because it is part of the path")],
    );
    refuses::<KitchenServiceGetFile>(
        name("a/../b"),
        &[(
            "name",
            "must not be \"..\", which would lead to another path",
        )],
    );
}

#[test]
fn dot_segments_do_not_lead_elsewhere() {
    for dots in [".", ".."] {
        let reason = format!("must not be {dots:?}, which would lead to another path");
        refuses::<KitchenServiceDeleteBook>(name(dots), &[("name", &reason)]);
    }
    check::<KitchenServiceDeleteBook>(name("..."), "DELETE /v1/books/...");
    check::<KitchenServiceDeleteBook>(name("../x"), "DELETE /v1/books/..%2Fx");
    check::<KitchenServiceDeleteBook>(name("%2e%2e"), "DELETE /v1/books/%252e%252e");
}

#[test]
fn a_custom_verb_follows_the_path() {
    check::<KitchenServicePublishBook>(name("a:b"), "POST /v1/books/a%3Ab:publish");
}

fn typed() -> GetTypedRequest {
    GetTypedRequest {
        color: Color::Red.into(),
        maybe_color: Some(Color::Inverse.into()),
        whole: i64::MIN,
        fraction: Some(-0.5),
        flag: false,
        octets: Some(Bytes::from_static(b"\xfb\xff")),
        instant: Some(prost_types::Timestamp {
            seconds: 1,
            nanos: 500_000_000,
        }),
        span: Some(prost_types::Duration {
            seconds: 1,
            nanos: 0,
        }),
        wrapped: Some("w".to_owned()),
        either: Some(get_typed_request::Either::Text("t".to_owned())),
    }
}

#[test]
fn values_of_every_type_fill_a_path() {
    let line = "GET /v1/red/not%20a%20colour/-9223372036854775808/-0.5/false/-_8%3D\
                /1970-01-01T00%3A00%3A01.500Z/1s/w/t";
    check::<KitchenServiceGetTyped>(typed(), line);
}

#[test]
fn values_without_a_text_form_are_refused() {
    let request = GetTypedRequest {
        color: 0,
        maybe_color: Some(9),
        fraction: Some(f64::NAN),
        octets: None,
        instant: Some(prost_types::Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        }),
        either: Some(get_typed_request::Either::Number(1)),
        ..typed()
    };
    let required = "is required, because it is part of the path";
    refuses::<KitchenServiceGetTyped>(
        request,
        &[
            ("color", required),
            (
                "maybe_color",
                "must be a value of its enum, which does not declare 9",
            ),
            (
                "fraction",
                "must be a finite number, because JSON has no other",
            ),
            ("octets", required),
            ("instant", "must be an instant of the years 1 to 9999"),
            ("text", required),
        ],
    );
}

#[test]
fn names_of_services_and_rpcs_may_be_awkward() {
    let unit = Unit {
        symbol: Some("kg".to_owned()),
        system: Some(unit::System::Metric.into()),
    };
    assert_eq!(HttpKitchen2Match::RPC, "kitchen.v1.HTTPKitchen2/Match");
    check::<HttpKitchen2Match>(unit, "GET /v1/units/kg?system=SYSTEM_METRIC");
}

// Verbs.

#[test]
fn each_verb_is_sent() {
    check::<KitchenServiceDeleteBook>(name("x"), "DELETE /v1/books/x");
    check::<KitchenServiceProbeBook>(name("x"), "HEAD /v1/books/x");
    check::<KitchenServiceAskBook>(name("x"), "OPTIONS /v1/books/x");
}

// Queries.

#[test]
fn an_empty_query_leaves_no_question_mark() {
    check::<KitchenServiceSearch>(SearchRequest::default(), "GET /v1/search");
}

#[test]
fn unset_fields_are_no_parameters() {
    let request = SearchRequest {
        scalars: Some(Scalars::default()),
        implicits: Some(Implicits::default()),
        color: Some(0),
        ..SearchRequest::default()
    };
    check::<KitchenServiceSearch>(request, "GET /v1/search");
}

#[test]
fn every_scalar_can_be_a_parameter() {
    let request = SearchRequest {
        scalars: Some(Scalars {
            double: Some(5.0),
            float: Some(0.1),
            int32: Some(0),
            int64: Some(i64::MIN),
            uint64: Some(u64::MAX),
            bool: Some(false),
            string: Some(String::new()),
            bytes: Some(Bytes::from_static(b"\xfb\xff")),
            ..Scalars::default()
        }),
        implicits: Some(Implicits {
            double: -1.5,
            bool: true,
            string: "s".to_owned(),
            color: Color::Plain.into(),
            ..Implicits::default()
        }),
        ..SearchRequest::default()
    };
    let line = "GET /v1/search?scalars.double=5&scalars.float=0.1&scalars.int32=0\
                &scalars.int64=-9223372036854775808&scalars.uint64=18446744073709551615\
                &scalars.bool=false&scalars.string=&scalars.bytes=-_8%3D\
                &implicits.double=-1.5&implicits.bool=true&implicits.string=s&implicits.color=COLOR_PLAIN";
    check::<KitchenServiceSearch>(request, line);
}

#[test]
fn lists_repeat_their_parameter() {
    let request = SearchRequest {
        colors: vec![Color::Red.into(), Color::Inverse.into()],
        texts: vec!["a,b".to_owned(), String::new()],
        wrapped_texts: vec!["w".to_owned()],
        ..SearchRequest::default()
    };
    let line =
        "GET /v1/search?colors=red&colors=not%20a%20colour&texts=a%2Cb&texts=&wrappedTexts=w";
    check::<KitchenServiceSearch>(request, line);
}

#[test]
fn well_known_types_can_be_parameters() {
    let request = SearchRequest {
        since: Some(prost_types::Timestamp::default()),
        within: Some(prost_types::Duration {
            seconds: -1,
            nanos: -500_000_000,
        }),
        read_mask: Some(prost_types::FieldMask {
            paths: vec!["page_count".to_owned(), "title".to_owned()],
        }),
        wrapped: Some(0),
        ..SearchRequest::default()
    };
    let line = "GET /v1/search?since=1970-01-01T00%3A00%3A00Z&within=-1.500s\
                &readMask=pageCount%2Ctitle&wrapped=0";
    check::<KitchenServiceSearch>(request, line);
}

#[test]
fn parameters_have_their_json_names() {
    let request = SearchRequest {
        renamed: Some("x".to_owned()),
        r#type: Some("t".to_owned()),
        either: Some(search_request::Either::Number(0)),
        ..SearchRequest::default()
    };
    check::<KitchenServiceSearch>(request, "GET /v1/search?%24filter=x&number=0&type=t");
}

#[test]
fn every_unfit_parameter_is_named_at_once() {
    let request = SearchRequest {
        scalars: Some(Scalars {
            double: Some(f64::INFINITY),
            ..Scalars::default()
        }),
        colors: vec![0],
        ..SearchRequest::default()
    };
    refuses::<KitchenServiceSearch>(
        request,
        &[
            (
                "scalars.double",
                "must be a finite number, because JSON has no other",
            ),
            (
                "colors",
                "must not be the zero value of its enum here, which has no spelling",
            ),
        ],
    );
}

#[test]
fn a_url_that_is_too_long_is_refused() {
    let (gateway, log) = gateway(|_| response(200, "{}"));
    let request = tonic::Request::new(name(&"x".repeat(70_000)));
    let Err(status) = run(gateway.call::<KitchenServiceDeleteBook>(request)) else {
        panic!("the call is refused");
    };
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        status.message(),
        "the request has no valid URL: uri too long"
    );
    assert!(log.all().is_empty(), "nothing is sent");
}

proptest! {
    #[test]
    fn every_text_survives_in_a_path_and_in_a_query(
        room in "\\PC{1,20}|[ -~]{1,20}",
        note in "\\PC{0,20}|[ -~]{0,20}|[\\x00-\\x1f]{0,5}",
    ) {
        prop_assume!(room != "." && room != "..");
        let shelf = Shelf { id: Some("s".to_owned()), note: Some(note.clone()), ..Shelf::default() };
        let seen = sent::<KitchenServiceGetNested>(nested(&room, Some(shelf)));
        let variables = KitchenServiceGetNested::PATH.matches(seen.uri.path());
        prop_assert_eq!(variables, Some(vec![("room", room), ("shelf.id", "s".to_owned())]));
        let query = seen.uri.query().and_then(|query| query.strip_prefix("shelf.note="));
        let query = query.expect("the note is the only parameter");
        prop_assert!(!query.contains(['&', '+', '#', ' ']));
        prop_assert_eq!(decoded(query), note);
    }
}

/// Undoes percent-encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next(), rest.next()].map(|digit| digit.expect("two digits"));
            let digits = std::str::from_utf8(&digits).expect("ASCII");
            bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("what was encoded is UTF-8")
}

// Bodies.

#[test]
fn a_field_can_be_the_body() {
    let book = Book {
        title: Some("T".to_owned()),
        ..Book::default()
    };
    let request = |book, validate_only| CreateBookRequest {
        book,
        validate_only,
    };
    check_body::<KitchenServiceCreateBook>(
        request(Some(book), None),
        "POST /v1/books",
        r#"{"title":"T"}"#,
    );
    check_body::<KitchenServiceCreateBook>(
        request(None, Some(true)),
        "POST /v1/books?validateOnly=true",
        "{}",
    );
}

#[test]
fn the_request_can_be_the_body_less_what_the_path_holds() {
    let request = ReplaceBookRequest {
        book_id: "b".to_owned(),
        place: Some(Place {
            room: Some("r".to_owned()),
            floor: Some(2),
        }),
        title: Some("T".to_owned()),
    };
    check_body::<KitchenServiceReplaceBook>(
        request,
        "PUT /v1/r/books/b",
        r#"{"place":{"floor":2},"title":"T"}"#,
    );
}

#[test]
fn nothing_can_be_the_body() {
    check_body::<KitchenServicePing>((), "POST /v1/ping", "{}");
}

#[test]
fn a_list_can_be_the_body() {
    let request = |tags: &[&str]| SetTagsRequest {
        book_id: "b".to_owned(),
        tags: tags.iter().map(ToString::to_string).collect(),
    };
    check_body::<KitchenServiceSetTags>(
        request(&["a", "b"]),
        "PUT /v1/books/b/tags",
        r#"["a","b"]"#,
    );
    check_body::<KitchenServiceSetTags>(request(&[]), "PUT /v1/books/b/tags", "[]");
}

#[test]
fn a_map_can_be_the_body() {
    let request = SetNotesRequest {
        book_id: "b".to_owned(),
        notes: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
    };
    check_body::<KitchenServiceSetNotes>(request, "PUT /v1/books/b/notes", r#"{"k":"v"}"#);
    let request = SetNotesRequest {
        book_id: "b".to_owned(),
        ..SetNotesRequest::default()
    };
    check_body::<KitchenServiceSetNotes>(request, "PUT /v1/books/b/notes", "{}");
}

#[test]
fn a_scalar_can_be_the_body() {
    let request = |title: Option<&str>| SetTitleRequest {
        book_id: "b".to_owned(),
        title: title.map(ToOwned::to_owned),
    };
    check_body::<KitchenServiceSetTitle>(request(Some("")), "PUT /v1/books/b/title", r#""""#);
    refuses::<KitchenServiceSetTitle>(
        request(None),
        &[("title", "is required, because it is the body")],
    );
    let request = SetCountRequest {
        book_id: "b".to_owned(),
        count: 0,
    };
    check_body::<KitchenServiceSetCount>(request, "PUT /v1/books/b/count", "0");
}

#[test]
fn a_free_form_object_can_be_the_body() {
    let request = |meta| SetMetaRequest {
        book_id: "b".to_owned(),
        meta,
    };
    check_body::<KitchenServiceSetMeta>(
        request(Some(prost_types::Struct::default())),
        "PUT /v1/books/b/meta",
        "{}",
    );
    refuses::<KitchenServiceSetMeta>(
        request(None),
        &[("meta", "is required, because it is the body")],
    );
}

#[test]
fn null_can_be_the_body() {
    let request = |subtitle| SetSubtitleRequest {
        book_id: "b".to_owned(),
        subtitle,
    };
    let null = MaybeText { text: None };
    check_body::<KitchenServiceSetSubtitle>(
        request(Some(null)),
        "PUT /v1/books/b/subtitle",
        "null",
    );
    let violations = [("subtitle", "is required, because it is the body")];
    refuses::<KitchenServiceSetSubtitle>(request(None), &violations);
}

#[test]
fn what_has_no_form_in_a_body_is_named_by_its_path() {
    let everything = kitchen_sink::kitchen::Everything {
        children: vec![kitchen_sink::kitchen::Everything {
            doubles: vec![f64::NAN],
            ..Default::default()
        }],
        ..Default::default()
    };
    let request = EchoRequest {
        everything: Some(everything),
    };
    let reason = "must be a finite number, because JSON has no other";
    refuses::<KitchenServiceEcho>(request, &[("everything.children[0].doubles[0]", reason)]);
}

//! Field masks: what an update sends.

use std::collections::BTreeMap;

use kitchen_sink::kitchen::book::{Author, Binding};
use kitchen_sink::kitchen::{
    AmendBookRequest, Book, Color, KitchenServiceAmendBook, KitchenServiceUpdateBook, MaybeText,
    Open, Place, UpdateBookRequest,
};
use prost_types::value::Kind;
use tonic::{Code, Status};
use transcode::RestCall;

use crate::stub::{gateway, response, run};

/// The body that the call sends, or why it does not.
fn body<C: RestCall>(request: C::Request) -> Result<String, Status> {
    let (gateway, log) = gateway(|_| response(500, ""));
    let answer = run(gateway.call::<C>(tonic::Request::new(request)));
    match (log.all().as_slice(), answer) {
        ([seen], _) => Ok(String::from_utf8(seen.body.to_vec()).expect("JSON is UTF-8")),
        (_, Err(status)) => Err(status),
        (_, Ok(_)) => panic!("a call makes a request"),
    }
}

fn mask(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: paths.iter().map(ToString::to_string).collect(),
    }
}

fn update(book: Book, paths: &[&str]) -> UpdateBookRequest {
    UpdateBookRequest {
        book_id: "b".to_owned(),
        book: Some(book),
        update_mask: Some(mask(paths)),
    }
}

/// An update of the book with the mask sends this body.
#[track_caller]
fn check(book: Book, paths: &[&str], expected: &str) {
    let sent = body::<KitchenServiceUpdateBook>(update(book, paths));
    let sent = sent.unwrap_or_else(|status| panic!("{paths:?} should be sent: {status}"));
    assert_eq!(sent, expected, "under the mask {paths:?}");
}

#[track_caller]
fn refuses<C: RestCall>(request: C::Request, expected: &str) {
    let status = body::<C>(request).expect_err("the mask is refused");
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, expected)
    );
}

fn author(given_name: &str) -> Author {
    Author {
        given_name: Some(given_name.to_owned()),
        ..Author::default()
    }
}

fn book() -> Book {
    Book {
        id: Some("x".to_owned()),
        title: Some("T".to_owned()),
        author: Some(author("G")),
        ..Book::default()
    }
}

fn meta(fields: &[(&str, Kind)]) -> prost_types::Struct {
    let fields = fields.iter().map(|(key, kind)| {
        let kind = Some(kind.clone());
        ((*key).to_owned(), prost_types::Value { kind })
    });
    prost_types::Struct {
        fields: fields.collect(),
    }
}

#[test]
fn without_a_mask_what_is_set_is_sent() {
    let expected = r#"{"id":"x","title":"T","author":{"givenName":"G"}}"#;
    let request = UpdateBookRequest {
        update_mask: None,
        ..update(book(), &[])
    };
    assert_eq!(
        body::<KitchenServiceUpdateBook>(request).expect("it is sent"),
        expected
    );
    check(book(), &[], expected);
}

#[test]
fn exactly_the_listed_fields_are_sent() {
    check(book(), &["title"], r#"{"title":"T"}"#);
    check(
        book(),
        &["author", "title"],
        r#"{"title":"T","author":{"givenName":"G","familyName":null}}"#,
    );
}

#[test]
fn a_listed_field_that_is_unset_is_cleared() {
    let paths = [
        "title",
        "page_count",
        "tags",
        "notes",
        "author",
        "meta",
        "subtitle",
        "color",
        "shelf",
        "sequel",
        "rating",
        "printed",
        "paper",
        "leather",
        "id",
    ];
    let expected = r#"{"id":null,"title":null,"pageCount":null,"tags":[],"notes":null,"author":null,"meta":null,"subtitle":null,"color":null,"shelf":0,"sequel":null,"rating":null,"printed":null,"paper":null,"leather":null}"#;
    check(Book::default(), &paths, expected);
    let zero = Book {
        color: Some(0),
        subtitle: Some(MaybeText { text: None }),
        ..Book::default()
    };
    check(
        zero,
        &["color", "subtitle"],
        r#"{"subtitle":null,"color":null}"#,
    );
}

#[test]
fn a_missing_body_is_an_empty_one() {
    let request = UpdateBookRequest {
        book: None,
        ..update(Book::default(), &["title"])
    };
    assert_eq!(
        body::<KitchenServiceUpdateBook>(request).expect("it is sent"),
        r#"{"title":null}"#
    );
}

#[test]
fn a_listed_field_that_is_set_is_sent_as_it_is() {
    let book = Book {
        tags: vec!["t".to_owned()],
        notes: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        subtitle: Some(MaybeText {
            text: Some("s".to_owned()),
        }),
        color: Some(Color::DarkBlue.into()),
        shelf: 3,
        binding: Some(Binding::Leather(author("L"))),
        ..Book::default()
    };
    check(
        book,
        &["tags", "notes", "subtitle", "color", "shelf", "leather"],
        r#"{"tags":["t"],"notes":{"k":"v"},"subtitle":"s","color":"dark-blue","shelf":3,"leather":{"givenName":"L","familyName":null}}"#,
    );
}

#[test]
fn parts_of_a_message_are_sent_alone() {
    check(
        book(),
        &["author.given_name"],
        r#"{"author":{"givenName":"G"}}"#,
    );
    check(
        book(),
        &["author.family_name"],
        r#"{"author":{"familyName":null}}"#,
    );
    check(
        Book::default(),
        &["author.given_name"],
        r#"{"author":{"givenName":null}}"#,
    );
    check(
        Book::default(),
        &["sequel.sequel.tags"],
        r#"{"sequel":{"sequel":{"tags":[]}}}"#,
    );
    check(
        Book::default(),
        &["leather.given_name"],
        r#"{"leather":{"givenName":null}}"#,
    );
}

#[test]
fn keys_of_a_free_form_object_are_sent_alone() {
    let nested = Kind::StructValue(meta(&[
        ("x", Kind::NumberValue(1.0)),
        ("y", Kind::NumberValue(2.0)),
    ]));
    let fields = [
        ("a", Kind::BoolValue(true)),
        ("b", nested),
        ("c", Kind::NullValue(0)),
    ];
    let book = || Book {
        meta: Some(meta(&fields)),
        ..Book::default()
    };
    check(book(), &["meta.a"], r#"{"meta":{"a":true}}"#);
    check(book(), &["meta.b"], r#"{"meta":{"b":{"x":1,"y":2}}}"#);
    check(
        book(),
        &["meta.b.x", "meta.b.z"],
        r#"{"meta":{"b":{"x":1,"z":null}}}"#,
    );
    check(book(), &["meta.nope"], r#"{"meta":{"nope":null}}"#);
    check(
        book(),
        &["meta"],
        r#"{"meta":{"a":true,"b":{"x":1,"y":2},"c":null}}"#,
    );
    check(
        Book::default(),
        &["meta.a.b"],
        r#"{"meta":{"a":{"b":null}}}"#,
    );
}

#[test]
fn collected_properties_are_selected_by_their_field() {
    let open = || Book {
        open: Some(Open {
            name: Some("n".to_owned()),
            extra: Some(meta(&[
                ("a", Kind::BoolValue(true)),
                ("b", Kind::BoolValue(false)),
            ])),
            count: None,
        }),
        ..Book::default()
    };
    check(
        open(),
        &["open"],
        r#"{"open":{"name":"n","a":true,"b":false,"count":null}}"#,
    );
    check(open(), &["open.extra"], r#"{"open":{"a":true,"b":false}}"#);
    check(
        open(),
        &["open.extra.a", "open.extra.z"],
        r#"{"open":{"a":true,"z":null}}"#,
    );
    check(open(), &["open.name"], r#"{"open":{"name":"n"}}"#);
}

#[test]
fn a_star_sends_every_field_that_callers_write() {
    let expected = r#"{"title":"T","pageCount":null,"tags":[],"notes":null,"author":{"givenName":"G","familyName":null},"meta":null,"subtitle":null,"color":null,"shelf":0,"sequel":null,"rating":null,"open":null,"paper":null,"leather":null}"#;
    check(book(), &["*"], expected);
}

#[test]
fn every_unknown_path_is_named() {
    let request = update(
        Book::default(),
        &[
            "nope",
            "pageCount",
            "author.nope",
            "tags.x",
            "subtitle.text",
            "title",
        ],
    );
    let expected = "5 fields of the request do not fit";
    refuses::<KitchenServiceUpdateBook>(request, expected);
    for (path, reason) in [
        ("nope", "is not a field"),
        ("pageCount", "is not a field; did you mean \"page_count\"?"),
        ("tags.x", "goes on behind \"tags\", which has no fields"),
        ("notes.k", "goes on behind \"notes\", which has no fields"),
        (
            "subtitle.text",
            "goes on behind \"subtitle\", which has no fields",
        ),
        ("rating.x", "goes on behind \"rating\", which has no fields"),
        (
            "printed.seconds",
            "goes on behind \"printed\", which has no fields",
        ),
        ("binding", "is not a field"),
        ("meta..x", "has an empty key"),
    ] {
        let request = update(Book::default(), &[path]);
        refuses::<KitchenServiceUpdateBook>(request, &format!("update_mask {path:?} {reason}"));
    }
    let request = update(Book::default(), &["*", "title"]);
    let reason = "stands for every field, so it cannot stand beside other paths";
    refuses::<KitchenServiceUpdateBook>(request, &format!("update_mask \"*\" {reason}"));
}

#[test]
fn an_unset_member_is_cleared_beside_one_that_is_set() {
    let book = Book {
        binding: Some(Binding::Paper("p".to_owned())),
        ..Book::default()
    };
    check(
        book,
        &["paper", "leather"],
        r#"{"paper":"p","leather":null}"#,
    );
}

// Where the request itself is the body.

fn amend(paths: Option<&[&str]>) -> AmendBookRequest {
    AmendBookRequest {
        book_id: "b".to_owned(),
        place: Some(Place {
            room: Some("r".to_owned()),
            floor: Some(1),
        }),
        title: Some("T".to_owned()),
        tags: Vec::new(),
        update_mask: paths.map(mask),
    }
}

#[track_caller]
fn check_amend(paths: Option<&[&str]>, expected: &str) {
    let sent = body::<KitchenServiceAmendBook>(amend(paths));
    let sent = sent.unwrap_or_else(|status| panic!("{paths:?} should be sent: {status}"));
    assert_eq!(sent, expected, "under the mask {paths:?}");
}

#[test]
fn neither_the_mask_nor_what_the_path_holds_is_sent() {
    check_amend(None, r#"{"place":{"floor":1},"title":"T"}"#);
    check_amend(Some(&["title", "tags"]), r#"{"title":"T","tags":[]}"#);
    check_amend(Some(&["place"]), r#"{"place":{"floor":1}}"#);
    check_amend(
        Some(&["*"]),
        r#"{"place":{"floor":1},"title":"T","tags":[]}"#,
    );
}

#[test]
fn what_is_not_part_of_the_body_cannot_be_selected() {
    for path in ["book_id", "place.room", "update_mask", "update_mask.paths"] {
        let request = amend(Some(&[path]));
        refuses::<KitchenServiceAmendBook>(
            request,
            &format!("update_mask {path:?} is not part of the body"),
        );
    }
}

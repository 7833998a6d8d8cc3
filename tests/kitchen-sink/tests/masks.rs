//! Field masks: what an update sends.

use std::collections::BTreeMap;

use kitchen_sink::kitchen::book::{Author, Binding};
use kitchen_sink::kitchen::{
    AmendBookRequest, Book, Color, KitchenServiceAmendBook, KitchenServiceUpdateBook, MaybeText,
    Open, Place, UpdateBookRequest,
};
use proptest::prelude::*;
use prost_types::value::Kind;
use serde_json::Value;
use tonic::{Code, Status};
use transcode::RestCall;
use transcode::json::{self, Nested};
use transcode::mask::Mask;

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
    check(book(), &["title", "title"], r#"{"title":"T"}"#);
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
        "paper",
        "leather",
        "secret",
        "isbn",
        "name",
        "editors",
    ];
    let expected = r#"{"title":null,"pageCount":null,"tags":[],"notes":null,"author":null,"meta":null,"subtitle":null,"color":null,"shelf":0,"sequel":null,"rating":null,"paper":null,"leather":null,"secret":null,"isbn":null,"name":null,"editors":null}"#;
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
}

#[test]
fn a_part_of_a_member_is_sent_only_if_the_member_is_set() {
    let leather = Book {
        binding: Some(Binding::Leather(author("L"))),
        ..Book::default()
    };
    check(
        leather,
        &["leather.family_name"],
        r#"{"leather":{"familyName":null}}"#,
    );
    let paper = Book {
        binding: Some(Binding::Paper("p".to_owned())),
        ..Book::default()
    };
    for book in [paper, Book::default()] {
        let reason = "book.leather must be set, because the mask names a part of it and it is a member of a oneof";
        refuses::<KitchenServiceUpdateBook>(update(book, &["leather.given_name"]), reason);
    }
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
fn a_key_of_what_is_no_object_is_refused() {
    let book = Book {
        meta: Some(meta(&[("a", Kind::BoolValue(true))])),
        ..Book::default()
    };
    let reason = "book.meta.a is no object, so the mask cannot name a part of it";
    refuses::<KitchenServiceUpdateBook>(update(book, &["meta.a.b"]), reason);
}

#[test]
fn an_empty_object_is_cleared() {
    let book = Book {
        meta: Some(meta(&[])),
        ..Book::default()
    };
    check(book, &["meta"], r#"{"meta":null}"#);
}

#[test]
fn keys_may_stand_in_backticks() {
    let book = || Book {
        meta: Some(meta(&[
            ("a.b", Kind::BoolValue(true)),
            ("c`d", Kind::BoolValue(false)),
        ])),
        notes: BTreeMap::from([("k.l".to_owned(), "v".to_owned())]),
        ..Book::default()
    };
    check(book(), &["meta.`a.b`"], r#"{"meta":{"a.b":true}}"#);
    check(book(), &["meta.`c``d`"], r#"{"meta":{"c`d":false}}"#);
    check(book(), &["notes.`k.l`"], r#"{"notes":{"k.l":"v"}}"#);
}

#[test]
fn keys_of_a_map_are_sent_alone() {
    let book = || Book {
        notes: BTreeMap::from([
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned()),
        ]),
        editors: BTreeMap::from([(7, author("E"))]),
        ..Book::default()
    };
    check(book(), &["notes.a"], r#"{"notes":{"a":"1"}}"#);
    check(
        book(),
        &["notes.a", "notes.z"],
        r#"{"notes":{"a":"1","z":null}}"#,
    );
    check(
        book(),
        &["notes", "notes.z"],
        r#"{"notes":{"a":"1","b":"2","z":null}}"#,
    );
    check(
        book(),
        &["editors.007"],
        r#"{"editors":{"7":{"givenName":"E","familyName":null}}}"#,
    );
    check(
        book(),
        &["editors.7.family_name", "editors.8.given_name", "editors.9"],
        r#"{"editors":{"7":{"familyName":null},"8":{"givenName":null},"9":null}}"#,
    );
}

#[test]
fn a_collected_property_never_stands_for_a_declared_one() {
    let reason = "update_mask \"open.extra.name\" names a property that the field \"name\" is for";
    let request = update(Book::default(), &["open.extra.name"]);
    refuses::<KitchenServiceUpdateBook>(request, reason);
}

#[test]
fn what_only_the_upstream_sets_is_ignored() {
    check(book(), &["id", "title", "printed"], r#"{"title":"T"}"#);
    check(book(), &["id"], "{}");
    check(book(), &["author.key"], "{}");
}

#[test]
fn what_is_read_can_be_sent_back_without_clearing_what_cannot_be_read() {
    let read = || Book {
        isbn: Some("i".to_owned()),
        author: Some(author("G")),
        ..Book::default()
    };
    let rest = r#""title":null,"pageCount":null,"tags":[],"notes":null,"author":{"givenName":"G","familyName":null},"meta":null,"subtitle":null,"color":null,"shelf":0,"sequel":null,"rating":null,"open":null,"paper":null,"leather":null,"#;
    check(
        read(),
        &["*"],
        &format!(r#"{{{rest}"isbn":"i","editors":null}}"#),
    );
    let with_secret = Book {
        secret: Some("s".to_owned()),
        ..read()
    };
    check(
        with_secret,
        &["*"],
        &format!(r#"{{{rest}"secret":"s","isbn":"i","editors":null}}"#),
    );
    // A path of its own clears it.
    check(read(), &["secret"], r#"{"secret":null}"#);
    check(
        read(),
        &["author", "author.pin"],
        r#"{"author":{"givenName":"G","familyName":null,"pin":null}}"#,
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
    let expected = r#"{"title":"T","pageCount":null,"tags":[],"notes":null,"author":{"givenName":"G","familyName":null},"meta":null,"subtitle":null,"color":null,"shelf":0,"sequel":null,"rating":null,"open":null,"paper":null,"leather":null,"editors":null}"#;
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
        (
            "tags.x",
            "goes on behind \"tags\", which is a list and only sent as a whole",
        ),
        ("tags.*.x", "holds a wildcard, which can only stand alone"),
        ("author.*", "holds a wildcard, which can only stand alone"),
        ("editors.x", "has a key that does not fit its map"),
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
        ("meta..x", "has an empty step"),
        ("meta.", "has an empty step"),
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

// Whatever a mask names is sent, and nothing else.

/// What the mask names of the full JSON of a message: the value at each path,
/// null where there is none.
fn named(full: &Value, paths: &[(&str, &[&str])]) -> Value {
    let mut sent = Value::Object(serde_json::Map::new());
    for (_, steps) in paths {
        let mut from = Some(full);
        let mut to = &mut sent;
        for step in *steps {
            from = from.and_then(|value| value.get(step));
            to = to
                .as_object_mut()
                .expect("no path leads through a value")
                .entry(*step)
                .or_insert_with(|| Value::Object(serde_json::Map::new()));
        }
        let lists = ["tags"];
        *to = match from {
            Some(value) => value.clone(),
            None if steps.last().is_some_and(|step| lists.contains(step)) => Value::Array(vec![]),
            None => Value::Null,
        };
    }
    sent
}

/// Paths to what has no parts, and where they lead in JSON. None leads through
/// another.
const LEAVES: &[(&str, &[&str])] = &[
    ("title", &["title"]),
    ("page_count", &["pageCount"]),
    ("tags", &["tags"]),
    ("notes.a", &["notes", "a"]),
    ("notes.`b.c`", &["notes", "b.c"]),
    ("author.given_name", &["author", "givenName"]),
    ("author.family_name", &["author", "familyName"]),
    ("author.pin", &["author", "pin"]),
    ("meta.x", &["meta", "x"]),
    ("meta.y", &["meta", "y"]),
    ("subtitle", &["subtitle"]),
    ("color", &["color"]),
    ("sequel.title", &["sequel", "title"]),
    ("sequel.sequel.tags", &["sequel", "sequel", "tags"]),
    ("rating", &["rating"]),
    ("open.name", &["open", "name"]),
    ("open.extra.x", &["open", "x"]),
    ("paper", &["paper"]),
    ("secret", &["secret"]),
    ("isbn", &["isbn"]),
    ("editors.7.given_name", &["editors", "7", "givenName"]),
    ("editors.-1", &["editors", "-1"]),
];

fn any_book() -> impl Strategy<Value = Book> {
    use proptest::option::of;
    let text = || of("[a-z]{0,3}");
    let some_author = || {
        (text(), text(), text()).prop_map(|(given_name, family_name, pin)| Author {
            given_name,
            family_name,
            pin,
            key: None,
        })
    };
    let some_meta = || {
        of(any::<bool>()).prop_map(|x| {
            x.map(|x| {
                meta(&[
                    ("x", Kind::BoolValue(x)),
                    ("z", Kind::StringValue("z".to_owned())),
                ])
            })
        })
    };
    let flat = (
        (text(), of(any::<i32>()), text(), text(), text()),
        proptest::collection::vec("[a-z]{0,2}", 0..2),
        of(some_author()),
        some_meta(),
        some_meta(),
        of(text()),
        proptest::collection::btree_map(
            prop_oneof![Just("a".to_owned()), Just("b.c".to_owned())],
            "[a-z]{1,2}",
            0..3,
        ),
        of(some_author()),
    )
        .prop_map(
            |(
                (title, page_count, secret, isbn, paper),
                tags,
                author,
                meta,
                extra,
                open,
                notes,
                editor,
            )| Book {
                title,
                page_count,
                secret,
                isbn,
                tags,
                author,
                meta,
                notes,
                open: open.map(|name| Open {
                    name,
                    extra,
                    count: None,
                }),
                binding: paper.map(Binding::Paper),
                editors: editor.map(|editor| (7, editor)).into_iter().collect(),
                ..Book::default()
            },
        )
        .boxed();
    let sequel = (flat.clone(), of(flat.clone()));
    (flat, of(sequel)).prop_map(|(book, sequel)| Book {
        sequel: sequel.map(|(sequel, next)| {
            Box::new(Book {
                sequel: next.map(Box::new),
                ..sequel
            })
        }),
        ..book
    })
}

proptest! {
    #[test]
    fn exactly_what_a_mask_names_is_sent(
        book in any_book(),
        chosen in proptest::sample::subsequence(LEAVES.to_vec(), 1..LEAVES.len()),
    ) {
        let full = json::write::<Nested<Book>>(&book, "", Mask::Set).expect("it has a form");
        let full: Value = serde_json::from_slice(&full).expect("it is JSON");
        let paths: Vec<_> = chosen.iter().map(|(path, _)| *path).collect();
        let sent = body::<KitchenServiceUpdateBook>(update(book, &paths)).expect("it is sent");
        let sent: Value = serde_json::from_str(&sent).expect("it is JSON");
        prop_assert_eq!(sent, named(&full, &chosen));
    }

    #[test]
    fn any_path_is_sent_as_it_is_named_or_refused(
        book in any_book(),
        path in "(title|author|meta|notes|tags|open|sequel|editors|binding|leather|\\*|`)?(\\.|`|\\*|[a-z_0-9]{1,5}|\\.extra|\\.name|\\.given_name){0,4}",
    ) {
        // What is sent lies below the property that the path begins with.
        if let Ok(sent) = body::<KitchenServiceUpdateBook>(update(book, &[&path])) {
            let sent: Value = serde_json::from_str(&sent).expect("it is JSON");
            let sent = sent.as_object().expect("an object");
            prop_assert!(path == "*" || sent.len() <= 1, "{} sends {:?}", path, sent);
        }
    }
}

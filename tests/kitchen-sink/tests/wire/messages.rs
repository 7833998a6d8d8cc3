//! Messages: their properties, lists, maps and oneofs.

use std::collections::BTreeMap;

use bytes::Bytes;
use kitchen_sink::kitchen::everything::leaf::Deep;
use kitchen_sink::kitchen::everything::leaf::deep::Kind;
use kitchen_sink::kitchen::everything::{Leaf, LeafOneOf};
use kitchen_sink::kitchen::{
    Book, Color, Everything, Implicits, MaybeColor, MaybeLeaf, MaybeText, MaybeValue, Open, Scalars,
};
use kitchen_sink::pantry::{Unit, unit};
use prost_types::value::Kind as ValueKind;
use transcode::json::{self, Nested};

use super::{check, drifts, has_no_form, number, object, reads, refuses, value, with_leaf, writes};

#[test]
fn an_empty_message_is_an_empty_object() {
    check("{}", Everything::default());
}

#[test]
fn null_is_unset() {
    let json = r#"{"color":null,"texts":null,"byString":null,"scalars":null,"timestamp":null,
        "struct":null,"text":null,"implicits":{"int32":null,"color":null},"stringValue":null}"#;
    let expected = Everything {
        implicits: Some(Implicits::default()),
        ..Everything::default()
    };
    reads(json, &expected);
}

#[test]
fn the_default_value_of_an_optional_field_is_a_value() {
    let scalars = Scalars {
        double: Some(0.0),
        int32: Some(0),
        bool: Some(false),
        string: Some(String::new()),
        bytes: Some(Bytes::new()),
        ..Scalars::default()
    };
    check(
        r#"{"double":0,"int32":0,"bool":false,"string":"","bytes":""}"#,
        scalars,
    );
}

#[test]
fn the_default_value_of_an_implicit_field_is_none() {
    let json = r#"{"double":0,"float":0,"int32":0,"uint64":0,"bool":false,"string":"","bytes":""}"#;
    reads(json, &Implicits::default());
    writes(Implicits::default(), "{}");
    let set = Implicits {
        double: 1.5,
        float: 0.1,
        int32: -1,
        uint64: 2,
        bool: true,
        string: "s".to_owned(),
        bytes: Bytes::from_static(b"b"),
        color: Color::Red.into(),
    };
    let json = r#"{"double":1.5,"float":0.1,"int32":-1,"uint64":2,"bool":true,"string":"s","bytes":"Yg==","color":"red"}"#;
    check(json, set);
}

#[test]
fn an_empty_message_that_is_set_is_written() {
    let everything = Everything {
        scalars: Some(Scalars::default()),
        empty: Some(()),
        r#struct: Some(object([])),
        list: Some(prost_types::ListValue::default()),
        mask: Some(prost_types::FieldMask::default()),
        ..Everything::default()
    };
    check(
        r#"{"scalars":{},"struct":{},"list":[],"empty":{},"mask":""}"#,
        everything,
    );
}

#[test]
fn properties_have_their_json_names() {
    let book = Book {
        page_count: Some(1),
        ..Book::default()
    };
    check(r#"{"pageCount":1}"#, book);
    let everything = Everything {
        renamed: Some("x".to_owned()),
        ..Everything::default()
    };
    check(r#"{"@id":"x"}"#, everything);
    drifts(
        r#"{"page_count":1}"#,
        &Book::default(),
        &["undeclared property at $.page_count"],
    );
}

#[test]
fn names_may_be_keywords() {
    let everything = Everything {
        r#type: Some("t".to_owned()),
        self_: Some("s".to_owned()),
        r#match: Some(true),
        r#gen: Some(1),
        r#async: vec!["a".to_owned()],
        super_: Some("p".to_owned()),
        ..Everything::default()
    };
    let json = r#"{"type":"t","self":"s","match":true,"gen":1,"async":["a"],"super":"p"}"#;
    check(json, everything);
}

#[test]
fn names_may_be_escaped() {
    let book = Book {
        title: Some("A\n".to_owned()),
        ..Book::default()
    };
    reads(r#"{"\u0074itle":"\u0041\n"}"#, &book);
}

#[test]
fn the_last_of_two_equal_names_counts() {
    let book = Book {
        title: Some("b".to_owned()),
        ..Book::default()
    };
    reads(r#"{"title":"a","title":"b"}"#, &book);
}

#[test]
fn types_of_another_package_are_found() {
    let everything = Everything {
        unit: Some(Unit {
            symbol: Some("kg".to_owned()),
            system: Some(unit::System::Metric.into()),
        }),
        system: unit::System::Metric.into(),
        ..Everything::default()
    };
    let json = r#"{"unit":{"symbol":"kg","system":"SYSTEM_METRIC"},"system":"SYSTEM_METRIC"}"#;
    check(json, everything);
}

// Messages, lists, maps.

#[test]
fn messages_nest_and_recur() {
    let everything = Everything {
        leaves: vec![Leaf {
            name: Some("a".to_owned()),
            deep: Some(Deep {
                kind: Some(Kind::Good.into()),
            }),
        }],
        parent: Some(Box::new(Everything {
            children: vec![with_leaf(LeafOneOf::Whole(Box::default()))],
            ..Everything::default()
        })),
        kind: Some(Kind::Good.into()),
        ..Everything::default()
    };
    let json = r#"{"leaves":[{"name":"a","deep":{"kind":"good"}}],"parent":{"children":[{"whole":{}}]},"kind":"good"}"#;
    check(json, everything);
}

#[test]
fn messages_that_lie_too_deep_are_refused() {
    let nested = |levels: usize| {
        let open = r#"{"parent":"#.repeat(levels);
        format!("{open}{{}}{}", "}".repeat(levels))
    };
    let read = json::read::<Nested<Everything>>(nested(32).as_bytes());
    let message = read.expect("32 levels are read").0;
    let encoded = prost::Message::encode_to_vec(&message);
    <Everything as prost::Message>::decode(encoded.as_slice()).expect("a client reads it");
    let reason = "lies deeper than the 32 levels that are read";
    let path = "$".to_owned() + &".parent".repeat(33);
    refuses::<Everything>(&nested(33), &format!("{path}: {reason}"));
    let error = json::read::<Nested<Everything>>(nested(10_000).as_bytes()).expect_err("too deep");
    assert!(error.reason.contains(reason), "{error}");
}

#[test]
fn null_is_no_element_of_a_list() {
    refuses::<Everything>(
        r#"{"texts":["a",null]}"#,
        "$.texts[1]: expected a string, found null",
    );
    refuses::<Everything>(
        r#"{"leaves":[{},null]}"#,
        "$.leaves[1]: expected an object, found null",
    );
    refuses::<Everything>(
        r#"{"colors":[null]}"#,
        "$.colors[0]: expected a string, found null",
    );
    refuses::<Everything>(
        r#"{"byString":{"k":null}}"#,
        "$.byString.k: expected a string, found null",
    );
}

#[test]
fn null_is_an_element_where_the_element_is_transparent() {
    let maybe = |text: Option<&str>| MaybeText {
        text: text.map(ToOwned::to_owned),
    };
    let everything = Everything {
        by_sfixed64: BTreeMap::from([(-1, maybe(None)), (2, maybe(Some("m")))]),
        maybe_texts: vec![maybe(Some("a")), maybe(None), maybe(Some(""))],
        maybe_leaves: vec![
            MaybeLeaf { leaf: None },
            MaybeLeaf {
                leaf: Some(Leaf::default()),
            },
        ],
        maybe_colors: vec![MaybeColor { color: Some(1) }, MaybeColor { color: None }],
        maybe_values: vec![
            MaybeValue {
                value: Some(number(1.0)),
            },
            MaybeValue {
                value: Some(value(ValueKind::NullValue(0))),
            },
        ],
        ..Everything::default()
    };
    let json = r#"{"bySfixed64":{"-1":null,"2":"m"},"maybeTexts":["a",null,""],"maybeLeaves":[null,{}],"maybeColors":["red",null],"maybeValues":[1,null]}"#;
    check(json, everything);
}

#[test]
fn an_unknown_spelling_in_a_transparent_element_is_not_dropped() {
    let everything = Everything {
        maybe_colors: vec![MaybeColor { color: Some(0) }, MaybeColor { color: Some(1) }],
        ..Everything::default()
    };
    let reported = ["unknown enum value at $.maybeColors[]"];
    drifts(
        r#"{"maybeColors":["secret","red"]}"#,
        &everything,
        &reported,
    );
    writes(everything, r#"{"maybeColors":[null,"red"]}"#);
}

#[test]
fn a_transparent_field_tells_null_from_absence() {
    let null = Everything {
        maybe_text: Some(MaybeText { text: None }),
        ..Everything::default()
    };
    check(r#"{"maybeText":null}"#, null);
    refuses::<Everything>(
        r#"{"maybeText":1}"#,
        "$.maybeText: expected a string, found a number",
    );
}

#[test]
fn maps_have_keys_of_every_type() {
    let everything = Everything {
        by_string: BTreeMap::from([("ü \"k\"".to_owned(), "v".to_owned())]),
        by_int32: BTreeMap::from([(i32::MIN, 1)]),
        by_int64: BTreeMap::from([(i64::MIN, 1)]),
        by_uint32: BTreeMap::from([(u32::MAX, 0.5)]),
        by_uint64: BTreeMap::from([(u64::MAX, 1)]),
        by_sint32: BTreeMap::from([(-1, Bytes::from_static(b"b"))]),
        by_sint64: BTreeMap::from([(-1, 1)]),
        by_fixed32: BTreeMap::from([(1, Leaf::default())]),
        by_fixed64: BTreeMap::from([(1, object([("n", number(1.0))]))]),
        by_sfixed32: BTreeMap::from([(-1, prost_types::Timestamp::default())]),
        by_bool: BTreeMap::from([(false, true), (true, false)]),
        ..Everything::default()
    };
    let json = r#"{"byString":{"ü \"k\"":"v"},"byInt32":{"-2147483648":1},"byInt64":{"-9223372036854775808":1},"byUint32":{"4294967295":0.5},"byUint64":{"18446744073709551615":1},"bySint32":{"-1":"Yg=="},"bySint64":{"-1":"red"},"byFixed32":{"1":{}},"byFixed64":{"1":{"n":1}},"bySfixed32":{"-1":"1970-01-01T00:00:00Z"},"byBool":{"false":true,"true":false}}"#;
    check(json, everything);
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let reason = "the key does not fit its type";
    refuses::<Everything>(r#"{"byInt32":{"a":1}}"#, &format!("$.byInt32.a: {reason}"));
    refuses::<Everything>(
        r#"{"byUint64":{"-1":1}}"#,
        &format!("$.byUint64.-1: {reason}"),
    );
    refuses::<Everything>(
        r#"{"byBool":{"yes":true}}"#,
        &format!("$.byBool.yes: {reason}"),
    );
    refuses::<Everything>(
        r#"{"byInt32":{"":1}}"#,
        &format!("$.byInt32.\"\": {reason}"),
    );
}

// Oneofs.

#[test]
fn each_member_of_a_oneof_has_a_property() {
    let instant = prost_types::Timestamp {
        seconds: 1,
        nanos: 0,
    };
    for (json, leaf) in [
        (r#"{"text":""}"#, LeafOneOf::Text(String::new())),
        (r#"{"number":0}"#, LeafOneOf::Number(0)),
        (r#"{"node":{}}"#, LeafOneOf::Node(Leaf::default())),
        (r#"{"tint":"red"}"#, LeafOneOf::Tint(1)),
        (
            r#"{"blob":"Yg=="}"#,
            LeafOneOf::Blob(Bytes::from_static(b"b")),
        ),
        (
            r#"{"moment":"1970-01-01T00:00:01Z"}"#,
            LeafOneOf::Moment(instant),
        ),
        (r#"{"whole":{}}"#, LeafOneOf::Whole(Box::default())),
        (r#"{"any":[1]}"#, {
            let list = prost_types::ListValue {
                values: vec![number(1.0)],
            };
            LeafOneOf::Any(value(ValueKind::ListValue(list)))
        }),
        (r#"{"wrapped":"w"}"#, LeafOneOf::Wrapped("w".to_owned())),
        (r#"{"nothing":{}}"#, LeafOneOf::Nothing(())),
    ] {
        check(json, with_leaf(leaf));
    }
}

#[test]
fn null_leaves_a_oneof_alone() {
    let text = with_leaf(LeafOneOf::Text("a".to_owned()));
    reads(
        r#"{"number":null,"text":"a","node":null,"any":null,"wrapped":null}"#,
        &text,
    );
    reads(r#"{"any":null}"#, &Everything::default());
}

#[test]
fn two_members_of_a_oneof_are_refused() {
    let reason = "expected null, because another member of its oneof has a value";
    refuses::<Everything>(
        r#"{"text":"secret","number":1}"#,
        &format!("$.number: {reason}"),
    );
    refuses::<Everything>(
        r#"{"parent":{"tint":"red","text":"secret"}}"#,
        &format!("$.parent.text: {reason}"),
    );
}

// Undeclared properties.

#[test]
fn undeclared_properties_are_skipped_and_reported_once() {
    let everything = Everything {
        children: vec![Everything::default(), Everything::default()],
        ..Everything::default()
    };
    drifts(
        r#"{"new":{"a":["secret"]},"children":[{"odd name":1},{"odd name":null}],"new":2}"#,
        &everything,
        &[
            "undeclared property at $.children[].\"odd name\"",
            "undeclared property at $.new",
        ],
    );
}

#[test]
fn undeclared_properties_are_collected_where_there_is_a_field_for_them() {
    let open = Open {
        name: Some("n".to_owned()),
        extra: Some(object([
            ("a", number(1.0)),
            ("b", value(ValueKind::NullValue(0))),
            ("extra", value(ValueKind::BoolValue(true))),
        ])),
        count: Some(2),
    };
    let json = r#"{"name":"n","a":1,"b":null,"extra":true,"count":2}"#;
    check(json, open);
    check(
        r#"{"count":2}"#,
        Open {
            count: Some(2),
            ..Open::default()
        },
    );
}

#[test]
fn a_collected_property_with_a_declared_name_has_no_form() {
    let open = Open {
        extra: Some(object([("count", number(1.0))])),
        ..Open::default()
    };
    has_no_form(
        &open,
        "extra: must not hold \"count\", which the field count is for",
    );
}

#[test]
fn a_reply_that_drifts_far_is_found_out_soon() {
    let properties: Vec<_> = (0..100).map(|i| format!(r#""new{i}":0"#)).collect();
    let json = format!("{{{}}}", properties.join(","));
    let (_, drifts) = json::read::<Nested<Book>>(json.as_bytes()).expect("drift is no error");
    assert_eq!(drifts.len(), 64, "the first differences say enough");
}

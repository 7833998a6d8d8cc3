//! The rules of the wire, one by one.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use kitchen_sink::kitchen::everything::leaf::Deep;
use kitchen_sink::kitchen::everything::leaf::deep::Kind;
use kitchen_sink::kitchen::everything::{Leaf, LeafOneOf};
use kitchen_sink::kitchen::{
    Book, Color, Everything, Implicits, MaybeColor, MaybeLeaf, MaybeText, MaybeValue, Open, Scalars,
};
use kitchen_sink::pantry::{Unit, unit};
use prost_types::value::Kind as ValueKind;
use transcode::json::{self, JsonMessage, Nested};
use transcode::mask::Mask;

/// The JSON reads as the message, without drift, and the message writes as the
/// JSON.
#[track_caller]
fn check<M: JsonMessage + PartialEq + Debug>(json: &str, message: M) {
    reads(json, &message);
    writes(message, json);
}

#[track_caller]
fn reads<M: JsonMessage + PartialEq + Debug>(json: &str, expected: &M) {
    drifts(json, expected, &[]);
}

/// The JSON reads as the message, with these differences reported.
#[track_caller]
fn drifts<M: JsonMessage + PartialEq + Debug>(json: &str, expected: &M, reported: &[&str]) {
    let (read, drifts) = json::read::<Nested<M>>(json.as_bytes())
        .unwrap_or_else(|error| panic!("{json} should be read: {error}"));
    assert_eq!(read, *expected, "read from {json}");
    let drifts: Vec<_> = drifts.iter().map(ToString::to_string).collect();
    assert_eq!(drifts, reported, "reported while reading {json}");
}

#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "cases read better without ampersands"
)]
fn writes<M: JsonMessage>(message: M, expected: &str) {
    let json = json::write::<Nested<M>>(&message, "", Mask::Set)
        .unwrap_or_else(|error| panic!("{expected} should be written: {error}"));
    assert_eq!(String::from_utf8(json).expect("JSON is UTF-8"), expected);
}

/// The JSON is refused with this path and reason. Where a case holds values,
/// they say `secret`, and no error repeats them.
#[track_caller]
fn refuses<M: JsonMessage + Debug>(json: &str, expected: &str) {
    let error = json::read::<Nested<M>>(json.as_bytes()).expect_err(json);
    assert_eq!(error.to_string(), expected, "for {json}");
    assert!(
        !expected.contains("secret"),
        "an error repeats a value: {expected}"
    );
}

/// The message has no JSON form, for this reason.
#[track_caller]
fn has_no_form<M: JsonMessage>(message: &M, expected: &str) {
    let error = json::write::<Nested<M>>(message, "", Mask::Set).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

fn with_leaf(leaf: LeafOneOf) -> Everything {
    Everything {
        leaf: Some(leaf),
        ..Everything::default()
    }
}

fn value(kind: ValueKind) -> prost_types::Value {
    prost_types::Value { kind: Some(kind) }
}

fn number(number: f64) -> prost_types::Value {
    value(ValueKind::NumberValue(number))
}

fn object(
    fields: impl IntoIterator<Item = (&'static str, prost_types::Value)>,
) -> prost_types::Struct {
    let fields = fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    prost_types::Struct {
        fields: fields.collect(),
    }
}

fn double(double: f64) -> Scalars {
    Scalars {
        double: Some(double),
        ..Scalars::default()
    }
}

fn float(float: f32) -> Scalars {
    Scalars {
        float: Some(float),
        ..Scalars::default()
    }
}

fn bytes(bytes: &'static [u8]) -> Scalars {
    Scalars {
        bytes: Some(Bytes::from_static(bytes)),
        ..Scalars::default()
    }
}

// Presence and names.

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

// Numbers.

#[test]
fn integers_keep_their_extremes() {
    let smallest = Scalars {
        int32: Some(i32::MIN),
        int64: Some(i64::MIN),
        sint32: Some(i32::MIN),
        sint64: Some(i64::MIN),
        sfixed32: Some(i32::MIN),
        sfixed64: Some(i64::MIN),
        ..Scalars::default()
    };
    let json = r#"{"int32":-2147483648,"int64":-9223372036854775808,"sint32":-2147483648,"sint64":-9223372036854775808,"sfixed32":-2147483648,"sfixed64":-9223372036854775808}"#;
    check(json, smallest);
    let largest = Scalars {
        int32: Some(i32::MAX),
        int64: Some(i64::MAX),
        uint32: Some(u32::MAX),
        uint64: Some(u64::MAX),
        fixed32: Some(u32::MAX),
        fixed64: Some(u64::MAX),
        ..Scalars::default()
    };
    let json = r#"{"int32":2147483647,"int64":9223372036854775807,"uint32":4294967295,"uint64":18446744073709551615,"fixed32":4294967295,"fixed64":18446744073709551615}"#;
    check(json, largest);
}

#[test]
fn integers_may_be_written_as_doubles() {
    let five = Scalars {
        int32: Some(5),
        uint64: Some(500),
        ..Scalars::default()
    };
    reads(r#"{"int32":5.0,"uint64":5e2}"#, &five);
}

#[test]
fn integers_outside_of_their_range_are_refused() {
    let found = "found a number out of its range";
    for (json, expected) in [
        (
            r#"{"int32":2147483648}"#,
            "$.int32: expected a 32-bit integer",
        ),
        (
            r#"{"int32":-2147483649}"#,
            "$.int32: expected a 32-bit integer",
        ),
        (
            r#"{"uint32":-1}"#,
            "$.uint32: expected an unsigned 32-bit integer",
        ),
        (
            r#"{"uint32":4294967296}"#,
            "$.uint32: expected an unsigned 32-bit integer",
        ),
        (
            r#"{"int64":9223372036854775808}"#,
            "$.int64: expected a 64-bit integer",
        ),
        (r#"{"int64":1e300}"#, "$.int64: expected a 64-bit integer"),
        (
            r#"{"uint64":-1}"#,
            "$.uint64: expected an unsigned 64-bit integer",
        ),
        (
            r#"{"uint64":18446744073709551616}"#,
            "$.uint64: expected an unsigned 64-bit integer",
        ),
    ] {
        refuses::<Scalars>(json, &format!("{expected}, {found}"));
    }
    refuses::<Scalars>(
        r#"{"int32":1.5}"#,
        "$.int32: expected a 32-bit integer, found a number with a fraction",
    );
}

#[test]
fn whole_doubles_are_written_without_a_fraction() {
    check(r#"{"double":5}"#, double(5.0));
    check(
        r#"{"double":-9007199254740992}"#,
        double(-9_007_199_254_740_992.0),
    );
    writes(double(1e300), r#"{"double":1e+300}"#);
    check(r#"{"float":16777216}"#, float(16_777_216.0));
}

#[test]
fn doubles_keep_every_digit() {
    check(r#"{"double":0.1}"#, double(0.1));
    check(r#"{"double":5e-324}"#, double(5e-324));
    check(r#"{"double":1.7976931348623157e+308}"#, double(f64::MAX));
    reads(
        r#"{"double":9.255963134931783e22}"#,
        &double(9.255_963_134_931_783e22),
    );
    check(r#"{"float":0.1}"#, float(0.1));
    check(r#"{"float":3.4028235e+38}"#, float(f32::MAX));
}

#[test]
fn minus_zero_is_kept() {
    for json in [r#"{"double":-0.0}"#, r#"{"float":-0.0}"#] {
        let (read, _) = json::read::<Nested<Scalars>>(json.as_bytes()).expect("it is read");
        assert!(read.double.is_none_or(f64::is_sign_negative));
        assert!(read.float.is_none_or(f32::is_sign_negative));
        writes(read, json);
    }
}

#[test]
fn rounded_numbers_are_reported() {
    let exact = 9_007_199_254_740_992.0;
    reads(r#"{"double":9007199254740992}"#, &double(exact));
    reads(r#"{"double":9007199254740994}"#, &double(exact + 2.0));
    drifts(
        r#"{"double":9007199254740993}"#,
        &double(exact),
        &["rounded number at $.double"],
    );
    drifts(
        r#"{"double":-9007199254740993}"#,
        &double(-exact),
        &["rounded number at $.double"],
    );
    drifts(
        r#"{"double":18446744073709551615}"#,
        &double(18_446_744_073_709_551_616.0),
        &["rounded number at $.double"],
    );
    drifts(
        r#"{"float":16777217}"#,
        &float(16_777_216.0),
        &["rounded number at $.float"],
    );
    let everything = Everything {
        value: Some(number(exact)),
        ..Everything::default()
    };
    drifts(
        r#"{"value":9007199254740993}"#,
        &everything,
        &["rounded number at $.value"],
    );
}

#[test]
fn numbers_that_json_has_not_are_refused() {
    let reason = "must be a finite number, because JSON has no other";
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        has_no_form(&double(number), &format!("double: {reason}"));
        let everything = Everything {
            doubles: vec![0.0, number],
            ..Everything::default()
        };
        has_no_form(&everything, &format!("doubles[1]: {reason}"));
    }
    has_no_form(&float(f32::NAN), &format!("float: {reason}"));
    let book = Book {
        meta: Some(object([(
            "a",
            value(ValueKind::StructValue(object([("b c", number(f64::NAN))]))),
        )])),
        ..Book::default()
    };
    has_no_form(&book, &format!("meta.a.\"b c\": {reason}"));
    refuses::<Scalars>(
        r#"{"float":1e39}"#,
        "$.float: expected a 32-bit float, found a number out of its range",
    );
    refuses::<Scalars>(
        r#"{"double":1e999}"#,
        "$.double: number out of range at line 1 column 15",
    );
}

// Bytes.

#[test]
fn bytes_are_base64() {
    check(r#"{"bytes":"+/8="}"#, bytes(b"\xfb\xff"));
    for json in [
        r#"{"bytes":"+/8"}"#,
        r#"{"bytes":"-_8="}"#,
        r#"{"bytes":"-_8"}"#,
    ] {
        reads(json, &bytes(b"\xfb\xff"));
    }
    let reason = "$.bytes: expected a string of base64, found another string";
    refuses::<Scalars>(r#"{"bytes":"secret!"}"#, reason);
    refuses::<Scalars>(r#"{"bytes":"a"}"#, reason);
}

// Enums.

#[test]
fn enum_values_have_their_spelling() {
    for (json, color) in [
        (r#"{"color":"red"}"#, Color::Red),
        (r#"{"color":"dark-blue"}"#, Color::DarkBlue),
        (r#"{"color":"COLOR_PLAIN"}"#, Color::Plain),
        (r#"{"color":"not a colour"}"#, Color::Inverse),
    ] {
        let everything = Everything {
            color: Some(color.into()),
            ..Everything::default()
        };
        check(json, everything);
    }
}

#[test]
fn an_alias_is_read_and_the_first_name_is_written() {
    let red = Everything {
        color: Some(Color::Red.into()),
        ..Everything::default()
    };
    reads(r#"{"color":"scarlet"}"#, &red);
    writes(red, r#"{"color":"red"}"#);
}

#[test]
fn an_unknown_spelling_reads_as_zero_and_is_reported() {
    let unknown = Everything {
        color: Some(0),
        colors: vec![1, 0, 0],
        ..Everything::default()
    };
    drifts(
        r#"{"color":"secret","colors":["red","Red","COLOR_RED"]}"#,
        &unknown,
        &[
            "unknown enum value at $.color",
            "unknown enum value at $.colors[]",
        ],
    );
    drifts(
        r#"{"color":"COLOR_UNSPECIFIED"}"#,
        &Everything {
            color: Some(0),
            ..Everything::default()
        },
        &["unknown enum value at $.color"],
    );
}

#[test]
fn the_zero_value_is_never_written() {
    let zero = Everything {
        color: Some(0),
        leaf: Some(LeafOneOf::Tint(0)),
        implicits: Some(Implicits::default()),
        ..Everything::default()
    };
    writes(zero, r#"{"implicits":{}}"#);
    let list = Everything {
        colors: vec![1, 0],
        ..Everything::default()
    };
    has_no_form(
        &list,
        "colors[1]: must not be the zero value of its enum here, which has no spelling",
    );
}

#[test]
fn undeclared_enum_numbers_have_no_form() {
    let everything = Everything {
        color: Some(7),
        ..Everything::default()
    };
    has_no_form(
        &everything,
        "color: must be a value of its enum, which does not declare 7",
    );
}

#[test]
fn enums_are_spelled_as_strings_only() {
    refuses::<Everything>(
        r#"{"color":1}"#,
        "$.color: expected a string, found a number",
    );
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
fn messages_deeper_than_clients_read_are_refused() {
    let nested = |levels: usize| {
        let open = r#"{"parent":"#.repeat(levels);
        format!("{open}{{}}{}", "}".repeat(levels))
    };
    let read = json::read::<Nested<Everything>>(nested(64).as_bytes());
    let message = read.expect("64 levels are read").0;
    let encoded = prost::Message::encode_to_vec(&message);
    <Everything as prost::Message>::decode(encoded.as_slice()).expect("a client reads it");
    let reason = "stands more than 64 levels deep, which no gRPC client would read";
    let path = "$".to_owned() + &".parent".repeat(65);
    refuses::<Everything>(&nested(65), &format!("{path}: {reason}"));
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

// Well-known types.

#[test]
fn instants_are_rfc_3339_and_keep_their_fraction() {
    for (json, seconds, nanos) in [
        ("2019-03-14T12:13:43Z", 1_552_565_623, 0),
        ("2019-03-14T12:13:51.620Z", 1_552_565_631, 620_000_000),
        ("2019-03-14T12:13:51.000001Z", 1_552_565_631, 1_000),
        ("2019-03-14T12:13:51.000000001Z", 1_552_565_631, 1),
        ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
        (
            "9999-12-31T23:59:59.999999999Z",
            253_402_300_799,
            999_999_999,
        ),
    ] {
        let everything = Everything {
            timestamp: Some(prost_types::Timestamp { seconds, nanos }),
            ..Everything::default()
        };
        check(&format!(r#"{{"timestamp":"{json}"}}"#), everything);
    }
}

#[test]
fn instants_have_many_spellings() {
    for json in [
        "2019-03-14T12:13:35.000Z",
        "2019-03-14T12:13:35.0Z",
        "2019-03-14t12:13:35z",
        "2019-03-14 12:13:35Z",
        "2019-03-14T13:13:35+01:00",
        "2019-03-14T07:43:35-04:30",
    ] {
        let everything = Everything {
            timestamp: Some(prost_types::Timestamp {
                seconds: 1_552_565_615,
                nanos: 0,
            }),
            ..Everything::default()
        };
        reads(&format!(r#"{{"timestamp":"{json}"}}"#), &everything);
    }
}

#[test]
fn what_is_no_instant_is_refused() {
    for text in [
        "",
        "secret",
        "2019-03-14",
        "2019-03-14T12:13:35",
        "2019-03-14T12:13:35+0100",
        "2019-03-14T12:13:35+01",
        "2019-02-30T12:13:35Z",
        "2019-03-14T24:00:00Z",
        "2019-03-14T12:13Z",
        "2019-03-14T12:13:35.Z",
        "19-03-14T12:13:35.000000Z",
        "+02019-03-14T12:13:35Z",
        "10000-01-01T00:00:00Z",
        "0000-12-31T23:59:59Z",
        "２019-03-14T12:13:35Z",
    ] {
        refuses::<Everything>(
            &format!(r#"{{"timestamp":"{text}"}}"#),
            "$.timestamp: expected an RFC 3339 instant, found another string",
        );
    }
    refuses::<Everything>(
        r#"{"timestamp":1552565615}"#,
        "$.timestamp: expected an RFC 3339 instant, found a number",
    );
}

#[test]
fn instants_out_of_range_have_no_form() {
    for (seconds, nanos) in [
        (-62_135_596_801, 0),
        (253_402_300_800, 0),
        (0, -1),
        (0, 1_000_000_000),
        (i64::MAX, i32::MAX),
    ] {
        let everything = Everything {
            timestamps: vec![prost_types::Timestamp { seconds, nanos }],
            ..Everything::default()
        };
        has_no_form(
            &everything,
            "timestamps[0]: must be an instant of the years 1 to 9999",
        );
    }
}

#[test]
fn durations_are_seconds() {
    for (json, seconds, nanos) in [
        ("0s", 0, 0),
        ("1.500s", 1, 500_000_000),
        ("-0.000000001s", 0, -1),
        ("-315576000000s", -315_576_000_000, 0),
    ] {
        let everything = Everything {
            duration: Some(prost_types::Duration { seconds, nanos }),
            ..Everything::default()
        };
        check(&format!(r#"{{"duration":"{json}"}}"#), everything);
    }
    let reason =
        "$.duration: expected a duration in seconds, such as \"1.5s\", found another string";
    for text in [
        "",
        "1",
        "1m",
        "s",
        "315576000001s",
        "99999999999999999999s",
        "secret",
    ] {
        refuses::<Everything>(&format!(r#"{{"duration":"{text}"}}"#), reason);
    }
    for (seconds, nanos) in [
        (1, -1),
        (-1, 1),
        (0, 1_000_000_000),
        (i64::MIN, 0),
        (i64::MAX, 0),
    ] {
        let everything = Everything {
            duration: Some(prost_types::Duration { seconds, nanos }),
            ..Everything::default()
        };
        has_no_form(
            &everything,
            "duration: must be a normalized duration of up to 10,000 years",
        );
    }
}

#[test]
fn field_masks_are_paths_in_camel_case() {
    let with_mask = |paths: &[&str]| Everything {
        mask: Some(prost_types::FieldMask {
            paths: paths.iter().map(ToString::to_string).collect(),
        }),
        ..Everything::default()
    };
    check(
        r#"{"mask":"pageCount,author.givenName"}"#,
        with_mask(&["page_count", "author.given_name"]),
    );
    for path in ["pageCount", "a__b", "a_", "a_1", "a,b"] {
        has_no_form(
            &with_mask(&[path]),
            "mask: must have paths in lower snake case",
        );
    }
}

#[test]
fn wrappers_are_their_values() {
    let everything = Everything {
        double_value: Some(0.5),
        float_value: Some(0.0),
        int64_value: Some(i64::MIN),
        uint64_value: Some(u64::MAX),
        int32_value: Some(-1),
        uint32_value: Some(1),
        bool_value: Some(false),
        string_value: Some(String::new()),
        bytes_value: Some(b"b".to_vec()),
        bytes_values: vec![Vec::new(), b"b".to_vec()],
        ..Everything::default()
    };
    let json = r#"{"doubleValue":0.5,"floatValue":0,"int64Value":-9223372036854775808,"uint64Value":18446744073709551615,"int32Value":-1,"uint32Value":1,"boolValue":false,"stringValue":"","bytesValue":"Yg==","bytesValues":["","Yg=="]}"#;
    check(json, everything);
}

#[test]
fn free_form_values_are_kept() {
    let inner = object([
        ("a", value(ValueKind::NullValue(0))),
        ("b", value(ValueKind::BoolValue(true))),
        ("c", number(1.5)),
        ("d", value(ValueKind::StringValue("s".to_owned()))),
        (
            "e",
            value(ValueKind::ListValue(prost_types::ListValue {
                values: vec![value(ValueKind::NullValue(0)), number(2.0)],
            })),
        ),
        ("f", value(ValueKind::StructValue(object([])))),
    ]);
    let everything = Everything {
        r#struct: Some(inner),
        value: Some(value(ValueKind::NullValue(0))),
        list: Some(prost_types::ListValue {
            values: vec![value(ValueKind::BoolValue(false))],
        }),
        values: vec![value(ValueKind::NullValue(0)), number(0.0)],
        ..Everything::default()
    };
    let json = r#"{"struct":{"a":null,"b":true,"c":1.5,"d":"s","e":[null,2],"f":{}},"value":null,"list":[false],"values":[null,0]}"#;
    check(json, everything);
}

#[test]
fn free_form_values_of_another_type_are_refused() {
    refuses::<Everything>(
        r#"{"struct":[]}"#,
        "$.struct: expected an object, found a list",
    );
    refuses::<Everything>(r#"{"list":{}}"#, "$.list: expected a list, found an object");
    refuses::<Everything>(
        r#"{"empty":[]}"#,
        "$.empty: expected an object, found a list",
    );
}

#[test]
fn free_form_values_deeper_than_clients_read_are_refused() {
    // Objects cost the most levels of protobuf.
    let nested = |levels: usize| {
        let open = r#"{"a":"#.repeat(levels);
        format!(r#"{{"struct":{open}1{}}}"#, "}".repeat(levels))
    };
    let read = json::read::<Nested<Everything>>(nested(32).as_bytes());
    let message = read.expect("32 levels are read").0;
    let encoded = prost::Message::encode_to_vec(&message);
    <Everything as prost::Message>::decode(encoded.as_slice()).expect("a client reads it");
    let reason = "stands more than 32 levels deep, which no gRPC client would read";
    let path = "$.struct".to_owned() + &".a".repeat(32);
    refuses::<Everything>(&nested(33), &format!("{path}: {reason}"));
}

#[test]
fn nothing_takes_no_properties() {
    let everything = Everything {
        empty: Some(()),
        ..Everything::default()
    };
    drifts(
        r#"{"empty":{"a":1}}"#,
        &everything,
        &["undeclared property at $.empty.a"],
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

// Malformed text.

#[test]
fn what_is_no_json_is_refused() {
    for (json, expected) in [
        ("", "$: EOF while parsing a value at line 1 column 0"),
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

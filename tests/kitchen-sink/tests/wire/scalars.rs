//! Numbers, bytes and enums.

use bytes::Bytes;
use kitchen_sink::kitchen::everything::LeafOneOf;
use kitchen_sink::kitchen::{Book, Color, Everything, Implicits, Scalars};
use prost_types::value::Kind as ValueKind;
use transcode::json::{self, Nested};

use super::{check, drifts, has_no_form, number, object, reads, refuses, value, writes};

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
fn integers_of_64_bits_may_be_strings() {
    let extremes = Scalars {
        int64: Some(i64::MIN),
        sint64: Some(0),
        sfixed64: Some(-1),
        uint64: Some(u64::MAX),
        fixed64: Some(7),
        ..Scalars::default()
    };
    let json = r#"{"int64":"-9223372036854775808","sint64":"-0","sfixed64":"-1","uint64":"18446744073709551615","fixed64":"007"}"#;
    reads(json, &extremes);
    reads(r#"{"uint64":"0"}"#, &Implicits::default());
    for text in [
        "",
        "-",
        "+1",
        "1.0",
        "1e3",
        " 1",
        "secret",
        "9223372036854775808",
    ] {
        let json = format!(r#"{{"int64":"{text}"}}"#);
        let expected = "$.int64: expected a 64-bit integer, found another string";
        refuses::<Scalars>(&json, expected);
    }
    let expected = "$.uint64: expected an unsigned 64-bit integer, found another string";
    refuses::<Scalars>(r#"{"uint64":"-1"}"#, expected);
    refuses::<Scalars>(r#"{"uint64":"-0"}"#, expected);
    let expected = "$.int32: expected a 32-bit integer, found a string";
    refuses::<Scalars>(r#"{"int32":"1"}"#, expected);
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
fn numbers_that_vanish_are_reported() {
    drifts(
        r#"{"double":1e-400}"#,
        &double(0.0),
        &["rounded number at $.double"],
    );
    drifts(
        r#"{"float":1e-60}"#,
        &float(0.0),
        &["rounded number at $.float"],
    );
    reads(r#"{"double":0.0}"#, &double(0.0));
    reads(r#"{"double":0e-999}"#, &double(0.0));
    drifts(
        r#"{"double":18446744073709551617}"#,
        &double(18_446_744_073_709_551_616.0),
        &["rounded number at $.double"],
    );
    reads(r#"{"double":1e300}"#, &double(1e300));
    let five = Scalars {
        int32: Some(5),
        ..Scalars::default()
    };
    reads(r#"{"int32":5.0}"#, &five);
    reads(r#"{"int32":0.5e1}"#, &five);
    drifts(
        r#"{"int32":5.00000000000000000000001}"#,
        &five,
        &["rounded number at $.int32"],
    );
    let everything = Everything {
        doubles: vec![0.0, 0.0],
        ..Everything::default()
    };
    drifts(
        r#"{"undeclared\"[":[1e-400,{"doubles":[1e-400]}],"doubles":[0.0,1e-400]}"#,
        &everything,
        &[
            "undeclared property at $.\"undeclared\\\"[\"",
            "rounded number at $.doubles[]",
        ],
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

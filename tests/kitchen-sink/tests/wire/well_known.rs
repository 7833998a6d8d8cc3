//! The well-known types of protobuf.

use kitchen_sink::kitchen::{Everything, Scalars};
use proptest::prelude::*;
use prost_types::value::Kind as ValueKind;
use transcode::json::{self, Nested};
use transcode::mask::Mask;

use super::{check, drifts, has_no_form, number, object, reads, refuses, value};

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

/// The text reads as this instant, and these differences are reported.
#[track_caller]
fn check_instant(text: &str, seconds: i64, nanos: i32, reported: &[&str]) {
    let everything = Everything {
        timestamp: Some(prost_types::Timestamp { seconds, nanos }),
        ..Everything::default()
    };
    drifts(
        &format!(r#"{{"timestamp":"{text}"}}"#),
        &everything,
        reported,
    );
}

#[test]
fn instants_at_the_edges_are_kept() {
    check_instant("0001-01-01T00:00:00Z", -62_135_596_800, 0, &[]);
    check_instant("0000-12-31T23:00:00-01:00", -62_135_596_800, 0, &[]);
    check_instant("9999-12-31T23:59:59Z", 253_402_300_799, 0, &[]);
    check_instant("9999-12-31T23:59:59.000+00:01", 253_402_300_739, 0, &[]);
    check_instant("2000-02-29T23:59:59-00:00", 951_868_799, 0, &[]);
    check_instant("1969-12-31T23:59:59.5Z", -1, 500_000_000, &[]);
}

#[test]
fn digits_that_an_instant_cannot_hold_are_reported() {
    let lost = ["lost fraction digits at $.timestamp"];
    check_instant("1970-01-01T00:00:00.1234567890Z", 0, 123_456_789, &[]);
    check_instant("1970-01-01T00:00:00.1234567899Z", 0, 123_456_789, &lost);
    check_instant("1970-01-01T00:00:00.0000000001Z", 0, 0, &lost);
    let everything = Everything {
        duration: Some(prost_types::Duration {
            seconds: -1,
            nanos: -999_999_999,
        }),
        ..Everything::default()
    };
    drifts(
        r#"{"duration":"-1.9999999999s"}"#,
        &everything,
        &["lost fraction digits at $.duration"],
    );
}

#[test]
fn a_leap_second_is_the_next_day() {
    let leap = ["leap second at $.timestamp"];
    check_instant("2016-12-31T23:59:60Z", 1_483_228_800, 0, &leap);
    check_instant(
        "2016-12-31T18:59:60.25-05:00",
        1_483_228_800,
        250_000_000,
        &leap,
    );
    for text in [
        "2016-12-31T22:59:60Z",
        "2016-12-31T23:58:60Z",
        "2016-12-31T23:59:61Z",
        "9999-12-31T23:59:60Z",
    ] {
        refuses::<Everything>(
            &format!(r#"{{"timestamp":"{text}"}}"#),
            "$.timestamp: expected an RFC 3339 instant, found another string",
        );
    }
}

proptest! {
    #[test]
    fn every_instant_survives(seconds in -62_135_596_800_i64..=253_402_300_799, nanos in 0..1_000_000_000_i32) {
        let everything = Everything {
            timestamp: Some(prost_types::Timestamp { seconds, nanos }),
            ..Everything::default()
        };
        let written = json::write::<Nested<Everything>>(&everything, "", Mask::Set);
        let written = String::from_utf8(written.expect("it has a form")).expect("UTF-8");
        reads(&written, &everything);
    }

    #[test]
    fn every_duration_survives(seconds in -315_576_000_000_i64..=315_576_000_000, nanos in 0..1_000_000_000_i32) {
        let nanos = if seconds < 0 { -nanos } else { nanos };
        let everything = Everything {
            duration: Some(prost_types::Duration { seconds, nanos }),
            ..Everything::default()
        };
        let written = json::write::<Nested<Everything>>(&everything, "", Mask::Set);
        let written = String::from_utf8(written.expect("it has a form")).expect("UTF-8");
        reads(&written, &everything);
    }

    /// No number is lost in silence: where none is reported, the number that was
    /// read is the one that was written.
    #[test]
    fn no_whole_number_is_lost_in_silence(digits in "-?[1-9][0-9]{0,30}") {
        let json = format!(r#"{{"double":{digits},"int64":{digits}}}"#);
        if let Ok((_, drifts)) = json::read::<Nested<Scalars>>(json.as_bytes()) {
            prop_assert!(digits.parse::<i64>().is_ok(), "{} fits no int64", digits);
            let exact = digits.parse::<f64>().is_ok_and(|double| format!("{double:.0}") == digits);
            prop_assert_eq!(drifts.is_empty(), exact);
        }
        let json = format!(r#"{{"doubles":[{digits},0.5]}}"#);
        let (_, drifts) = json::read::<Nested<Everything>>(json.as_bytes()).expect("it is read");
        let exact = digits.parse::<f64>().is_ok_and(|double| format!("{double:.0}") == digits);
        prop_assert_eq!(drifts.is_empty(), exact, "{:?}", drifts);
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
        "2019-03-14T12:13:35+24:00",
        "2019-03-14T12:13:35+01:60",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2019-13-14T12:13:35Z",
        " 2019-03-14T12:13:35Z",
        "2019-03-14T12:13:35Zx",
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
        "+1s",
        ".5s",
        "1.s",
        "1e3s",
        "--1s",
        "1 s",
        "1S",
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
fn free_form_values_that_lie_too_deep_are_refused() {
    // Objects cost the most levels of protobuf.
    let nested = |levels: usize| {
        let open = r#"{"a":"#.repeat(levels);
        format!(r#"{{"struct":{open}1{}}}"#, "}".repeat(levels))
    };
    let read = json::read::<Nested<Everything>>(nested(32).as_bytes());
    let message = read.expect("32 levels are read").0;
    let encoded = prost::Message::encode_to_vec(&message);
    <Everything as prost::Message>::decode(encoded.as_slice()).expect("a client reads it");
    let reason = "lies deeper than the 32 levels that are read";
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

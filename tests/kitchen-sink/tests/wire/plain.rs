//! What is read at once where it is plain is read as it is otherwise.

use std::fmt::Debug;

use kitchen_sink::kitchen::{Everything, Open};
use transcode::json::{self, JsonMessage, Nested};

use super::in_pieces;

/// Both readers make the same of the text, or refuse it at the same path.
#[track_caller]
fn agree<M: JsonMessage + prost::Message + PartialEq + Debug>(json: &str) {
    let typed = json::read::<Nested<M>>(json.as_bytes()).map_err(|error| error.path);
    for piece in [100, usize::MAX] {
        let read = in_pieces::<M>(json, piece).map_err(|error| error.path);
        assert_eq!(read, typed, "of {json}, {piece} bytes at a time");
    }
}

/// An object with the text wherever texts are copied.
fn with_text(text: &str) -> String {
    format!(
        r#"{{"scalars":{{"bool":true,"string":"{text}"}},"implicits":{{"string":"{text}"}},
"color":"{text}","texts":["{text}","","{text}"],"byString":{{"{text}":"{text}"}},
"struct":{{"{text}":"{text}","b":"{text}","c":{{"{text}":["{text}"]}}}},"timestamp":null}}"#
    )
}

#[test]
fn strings_of_any_length_are_copied_whole() {
    for length in (0..=300).chain([16_383, 16_384, 100_000]) {
        agree::<Everything>(&with_text(&"a".repeat(length)));
    }
}

#[test]
fn strings_that_are_not_plain_are_read_wherever_that_is() {
    for special in [
        "é", "\u{20ac}", "😀", r"\n", r"\u00e9", r#"\""#, r"\\", "\u{1}", "\n", r"\x", r"\ud800",
        "\u{7f}",
    ] {
        for before in 0..40 {
            let text = format!("{}{special}{}", "a".repeat(before), "b".repeat(20));
            agree::<Everything>(&with_text(&text));
            agree::<Everything>(&format!(r#"{{"{text}":1,"old":"{text}"}}"#));
        }
    }
}

#[test]
fn properties_are_read_in_any_order_with_blanks_or_without() {
    for (comma, colon) in [(",", ":"), (", ", ": "), (" ,", " :"), (",\n  ", ":\t")] {
        for properties in [
            [
                "\"color\"C\"red\"",
                "\"old\"C\"x\"",
                "\"scalars\"C{\"bool\"Ctrue}",
            ],
            [
                "\"scalars\"C{\"bool\"Cfalse}",
                "\"old\"Cnull",
                "\"color\"C\"x\"",
            ],
            ["\"old\"Ctru", "\"color\"C\"red\"", "\"scalars\"C{}"],
            [
                "\"texts\"C[\"a\",\"b\"]",
                "\"struct\"C{\"a\"C\"b\"}",
                "\"old\"Cfals",
            ],
            ["\"texts\"C[\"a\",1]", "\"struct\"C{}", "\"old\"C\"x\""],
            [
                "\"children\"C[{},{\"old\"C\"x\"}]",
                "\"leaves\"C[{\"x\"C1}]",
                "\"@id\"C\"x\"",
            ],
        ] {
            let json = format!("{{{}}}", properties.join(comma)).replace('C', colon);
            agree::<Everything>(&json);
        }
    }
}

#[test]
fn the_last_of_equal_properties_counts_whatever_is_between_them() {
    for between in [
        "",
        r#""x":1,"#,
        r#""x":"y","y":{"z":[]},"#,
        r#""count":1,"#,
        r#""name":null,"#,
    ] {
        for last in [r#""b""#, "null", r#""""#] {
            agree::<Open>(&format!(
                r#"{{"name":"a",{between}"name":{last},"end":"x"}}"#
            ));
        }
        agree::<Open>(&format!(
            r#"{{"count":1,{between}"count":2,{between}"count":3}}"#
        ));
    }
    for (first, last) in [
        (r#"{"old":"a"}"#, r#"{"renamed":"b"}"#),
        (r#"{"texts":["a"]}"#, r#"{"old":"b"}"#),
        ("null", "{}"),
    ] {
        agree::<Everything>(&format!(
            r#"{{"parent":{first},"texts":["x"],"parent":{last},"texts":["y","z"]}}"#
        ));
    }
}

#[test]
fn what_nobody_reads_has_no_properties() {
    for inner in [
        r#"{"old":"x","texts":["y"]}"#,
        r#"[{"old":"x"},{"texts":["y"]}]"#,
        r#"{"a":{"old":"x"},"old":"y","struct":{"old":"z"}}"#,
        r#"{"old":"x","a":wrong}"#,
    ] {
        agree::<Everything>(&format!(
            r#"{{"undeclared":{inner},"old":"this one counts"}}"#
        ));
        agree::<Everything>(&format!(
            r#"{{"children":[{{"undeclared":{inner}}},{{}}]}}"#
        ));
        agree::<Open>(&format!(
            r#"{{"undeclared":{inner},"name":"this one counts"}}"#
        ));
    }
}

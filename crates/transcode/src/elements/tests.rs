use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

/// The elements of a text that arrives in pieces of this size, or why there are
/// no more.
fn split(text: &[u8], piece: usize, max: usize) -> (Vec<String>, Result<(), SplitError>) {
    let mut elements = Elements::new(max);
    let mut found = Vec::new();
    for frame in text.chunks(piece.max(1)) {
        elements.feed(Bytes::copy_from_slice(frame));
        loop {
            match elements.next() {
                Ok(Some(element)) => found.push(String::from_utf8_lossy(&element).into_owned()),
                Ok(None) => break,
                Err(error) => return (found, Err(error)),
            }
        }
    }
    (found, elements.end().map_err(SplitError::Misfit))
}

/// The text has these elements, wherever it is cut.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    for piece in 1..=text.len() {
        let (found, end) = split(text.as_bytes(), piece, 100);
        assert_eq!(end, Ok(()), "for {text} in pieces of {piece}");
        assert_eq!(found, expected, "for {text} in pieces of {piece}");
    }
}

/// The text has so many elements and then does not fit, wherever it is cut.
#[track_caller]
fn refuses(text: &[u8], elements: usize, path: &str, reason: &str) {
    for piece in 1..=text.len().max(1) {
        let (found, end) = split(text, piece, 100);
        let shown = String::from_utf8_lossy(text);
        let expected = Err(SplitError::Misfit(misfit(path, reason)));
        assert_eq!(end, expected, "for {shown} in pieces of {piece}");
        assert_eq!(found.len(), elements, "for {shown} in pieces of {piece}");
    }
}

#[test]
fn values_of_every_kind_are_elements() {
    check("[]", &[]);
    check(" [ ] ", &[]);
    check(r#"[{"a":1},{}]"#, &[r#"{"a":1}"#, "{}"]);
    check("[[1,[2]],[]]", &["[1,[2]]", "[]"]);
    check(
        r#"["a","",null,true]"#,
        &[r#""a""#, r#""""#, "null", "true"],
    );
    check("[1,-2.5e3 , 0\n]", &["1", "-2.5e3", "0"]);
    check("\u{feff}\r\n[1]\t", &["1"]);
}

#[test]
fn brackets_and_quotes_within_strings_end_nothing() {
    check(r#"[{"a":"]}"},"[,"]"#, &[r#"{"a":"]}"}"#, r#""[,""#]);
    check(
        r#"[{"\"}":"\\"},"\\\"]"]"#,
        &[r#"{"\"}":"\\"}"#, r#""\\\"]""#],
    );
    check(r#"["é\u0022","𝄞"]"#, &[r#""é\u0022""#, r#""𝄞""#]);
}

#[test]
fn what_is_no_list_is_refused() {
    refuses(b"", 0, "$", "expected a value, found an empty body");
    refuses(b" \n", 0, "$", "expected a value, found an empty body");
    refuses(b"{}", 0, "$", "expected a list, found an object");
    refuses(b"\"a\"", 0, "$", "expected a list, found a string");
    refuses(b"null", 0, "$", "expected a list, found null");
    refuses(b"<html>", 0, "$", "expected a list");
    refuses(b"\xEF\xBB[]", 0, "$", "expected a list");
    refuses(b" \xEF\xBB\xBF[]", 0, "$", "expected a list");
}

#[test]
fn what_stands_between_elements_is_checked() {
    let comma = "expected a comma or the end of the list behind $[0]";
    refuses(b"[{} {}]", 1, "$", comma);
    refuses(b"[1 2]", 1, "$", comma);
    refuses(b"[\"a\":1]", 1, "$", comma);
    refuses(b"[,1]", 0, "$[0]", "expected a value");
    refuses(b"[1,]", 1, "$[1]", "expected a value");
    refuses(b"[1,,2]", 1, "$[1]", "expected a value");
    refuses(b"[1}", 0, "$[0]", "the body ends within the element");
    refuses(b"[\xEF\xBB\xBF1]", 0, "$[0]", "expected a value");
    refuses(b"[1]]", 1, "$", "something follows the end of the list");
    refuses(b"[] x", 0, "$", "something follows the end of the list");
}

#[test]
fn a_text_that_ends_early_is_refused() {
    let before = "the body ends before the list does";
    let within = "the body ends within the element";
    refuses(b"[", 0, "$", before);
    refuses(b"[{}", 1, "$", before);
    refuses(b"[{},", 1, "$", before);
    refuses(b"[{},{\"a\":1", 1, "$[1]", within);
    refuses(b"[\"a", 0, "$[0]", within);
    refuses(b"[12", 0, "$[0]", within);
}

#[test]
fn an_element_has_a_limit_and_the_list_has_none() {
    let text = format!("[{}1234]", "123,".repeat(1000));
    for piece in [1, 7, 10_000] {
        let (found, end) = split(text.as_bytes(), piece, 3);
        assert_eq!(end, Err(SplitError::TooLarge(1000)), "in pieces of {piece}");
        assert_eq!(found.len(), 1000, "in pieces of {piece}");
    }
}

#[test]
fn only_the_element_that_arrives_is_held() {
    let mut elements = Elements::new(100);
    elements.feed(Bytes::from_static(b"[{\"a\":1},{\"b\""));
    assert!(matches!(elements.next(), Ok(Some(_))));
    assert_eq!((elements.next(), elements.held()), (Ok(None), 4));
    elements.feed(Bytes::from_static(b":2}"));
    assert_eq!(elements.next(), Ok(Some(Bytes::from_static(b"{\"b\":2}"))));
    assert_eq!((elements.held(), elements.count()), (0, 2));
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
        "[\\[\\]{}\",\\\\ ]{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

proptest! {
    /// A list comes apart into the elements that it was made of.
    #[test]
    fn any_list_is_split(list in prop::collection::vec(json(), 0..6), piece in 1_usize..40, pretty: bool) {
        let whole = Json::from(list.clone());
        let text = if pretty { format!("{whole:#}") } else { whole.to_string() };
        let (found, end) = split(text.as_bytes(), piece, usize::MAX);
        prop_assert_eq!(end, Ok(()));
        let found: Vec<Json> = found.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?;
        prop_assert_eq!(found, list);
    }

    /// What is split and read is read as a whole too.
    #[test]
    fn nothing_else_is_split(text in "[\\[\\]{}\",:\\\\ 1ae]{0,20}", piece in 1_usize..8) {
        let (found, end) = split(text.as_bytes(), piece, usize::MAX);
        let read: Result<Vec<Json>, _> = found.iter().map(|text| serde_json::from_str(text)).collect();
        let streamed = read.ok().filter(|_| end.is_ok());
        prop_assert_eq!(streamed, serde_json::from_str(&text).ok());
    }
}

//! The reader that writes protobuf while JSON arrives does what the typed readers
//! do: the same message from the same text, with the same differences, and where
//! they refuse a text the same error at the same path.

use std::fmt::Debug;

use kitchen_sink::arbitrary::{self, Choices};
use kitchen_sink::kitchen::{Everything, Implicits, Open, Scalars};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use prost::Message;
use proto::v2;
use transcode::json::{self, Drifts, JsonMessage, Nested, ReadError};
use transcode::layout::Root;
use transcode::mask::Mask;
use transcode::wire::Reader;

use crate::identity::{everything, implicits, open, scalars};

/// What is put into texts to break them, or to change what they say.
const SNIPPETS: &[&[u8]] = &[
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"1",
    b"-1",
    b"1.0",
    b"1.5",
    b"1e3",
    b"1e400",
    b"1e-400",
    b"9007199254740993",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"01",
    b"\"\"",
    b"\"red\"",
    b"\"x\"",
    b"\"\\u00e9\\n\"",
    b"\"\\ud83d\\ude00\"",
    b"\"\\ud800\"",
    b"\"\\x\"",
    b"\"2019-01-01T00:00:00Z\"",
    b"\"1.5s\"",
    b"\"AAE=\"",
    b"{}",
    b"[]",
    b"[null]",
    b"{\"a\":1}",
    b"[[[{\"a\":[]}]]]",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"-",
    b"e",
    b".",
    b"\xff",
    b"\xe9",
    b"\x00",
    b"\x0c",
    b"\n",
    b" ",
    b"\xef\xbb\xbf",
    b"\"color\":\"red\",",
    b"\"int32\":1,",
    b"\"scalars\":{\"int32\":2},",
    b"\"texts\":[\"y\"],",
    b"\"undeclared\":{\"a\":[1,{}]},",
    b"\"struct\":{\"a\":1},",
    b"\"children\":[{}],",
    b"\"value\":null,",
    b"\"byString\":{\"k\":1},",
];

/// A change of a text.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, &'static [u8]),
    /// Puts something behind a comma, a colon or a bracket.
    InsertToken(Index, &'static [u8]),
    Remove(Index, usize),
    Repeat(Index, usize),
    Replace(Index, usize, &'static [u8]),
    /// Puts something in the place of a value that has no quotes in it.
    ReplaceValue(Index, &'static [u8]),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    let snippet = || select(SNIPPETS);
    prop_oneof![
        1 => (index(), snippet()).prop_map(|(at, snippet)| Change::Insert(at, snippet)),
        4 => (index(), snippet()).prop_map(|(at, snippet)| Change::InsertToken(at, snippet)),
        1 => (index(), 1..4_usize).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (index(), 1..40_usize).prop_map(|(at, length)| Change::Repeat(at, length)),
        1 => (index(), 1..4_usize, snippet())
            .prop_map(|(at, length, snippet)| Change::Replace(at, length, snippet)),
        4 => (index(), snippet()).prop_map(|(at, snippet)| Change::ReplaceValue(at, snippet)),
    ]
}

/// The places behind the bytes that begin values and names.
fn starts(text: &[u8]) -> Vec<usize> {
    let starts = (1..=text.len()).filter(|at| b",:[{".contains(&text[at - 1]));
    starts.collect()
}

impl Change {
    fn apply(&self, text: &mut Vec<u8>) {
        let range = |index: &Index, length: usize, text: &[u8]| {
            let from = index.index(text.len() + 1);
            from..(from + length).min(text.len())
        };
        let start = |index: &Index, text: &[u8]| match starts(text).as_slice() {
            [] => 0,
            starts => *index.get(starts),
        };
        match self {
            Self::Insert(at, snippet) => {
                let at = at.index(text.len() + 1);
                text.splice(at..at, snippet.iter().copied());
            }
            Self::InsertToken(at, snippet) => {
                let at = start(at, text);
                text.splice(at..at, snippet.iter().copied());
            }
            Self::Remove(at, length) => {
                text.drain(range(at, *length, text));
            }
            Self::Repeat(at, length) => {
                let range = range(at, *length, text);
                let repeated = text[range.clone()].to_vec();
                text.splice(range.end..range.end, repeated);
            }
            Self::Replace(at, length, snippet) => {
                text.splice(range(at, *length, text), snippet.iter().copied());
            }
            Self::ReplaceValue(at, snippet) => {
                let at = start(at, text);
                let end = text[at..].iter().position(|byte| b",]}".contains(byte));
                let end = end.map_or(text.len(), |end| at + end);
                text.splice(at..end, snippet.iter().copied());
            }
        }
    }
}

/// What a text is read as while it arrives in pieces of these sizes.
fn in_one_pass<M: JsonMessage + Message>(
    text: &[u8],
    sizes: &[usize],
) -> Result<(M, Drifts), ReadError> {
    let mut reader = Reader::new(Root::Message(M::layout), 0);
    let mut rest = text;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
        let (piece, behind) = rest.split_at(size);
        reader.feed(piece)?;
        rest = behind;
    }
    reader.finish()?;
    reader.end()?;
    let bytes = reader.take().concat();
    let message = M::decode(&bytes[5..]).expect("it is a message");
    Ok((message, reader.take_drifts()))
}

/// An error less the position, which says how much of a broken text was looked at, and
/// less what is wrong within a string, where several things may be.
fn told(error: &ReadError) -> (&str, &str) {
    const WITHIN_STRINGS: [&str; 6] = [
        "EOF while parsing a string",
        "control character (\\u0000-\\u001F) found while parsing a string",
        "invalid escape",
        "invalid unicode code point",
        "lone leading surrogate in hex escape",
        "unexpected end of hex escape",
    ];
    let reason = error.reason.as_str();
    let reason = match reason.split_once(" at line ") {
        Some((reason, _)) if WITHIN_STRINGS.contains(&reason) => "a broken string",
        // serde_json has other words for numbers that nobody reads.
        Some(("EOF while parsing a value" | "invalid number", _)) => "a broken number",
        Some((reason, _)) => reason,
        None => reason,
    };
    (&error.path, reason)
}

fn check<M: JsonMessage + Message + PartialEq + Debug>(
    text: &[u8],
    sizes: &[usize],
) -> Result<(), TestCaseError> {
    // A byte-order mark and blanks are skipped before the typed readers are asked. A
    // form feed, which is no blank in JSON, is one behind a whole text only.
    let text = text.trim_ascii_end();
    let body = text
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(text)
        .trim_ascii();
    if body.is_empty() {
        return Ok(());
    }
    let typed = json::read::<Nested<M>>(body);
    let one_pass = in_one_pass::<M>(text, sizes);
    let text = String::from_utf8_lossy(text);
    match (&typed, &one_pass) {
        (Ok(typed), Ok(one_pass)) => prop_assert_eq!(one_pass, typed, "from {}", text),
        (Err(typed), Err(one_pass)) => {
            prop_assert_eq!(told(one_pass), told(typed), "from {}", text);
        }
        _ => {
            return Err(TestCaseError::fail(format!(
                "{text} is read as {typed:?}, and in one pass as {one_pass:?}"
            )));
        }
    }
    Ok(())
}

fn changed<M: JsonMessage>(message: &M, changes: &[Change]) -> Vec<u8> {
    let mut text = json::write::<Nested<M>>(message, "", Mask::Set).expect("it has a JSON form");
    for change in changes {
        change.apply(&mut text);
    }
    text
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(change(), 0..4)
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..9_usize, 1..2000_usize], 1..4)
}

proptest! {
    #[test]
    fn scalars_are_read_alike(message in scalars(), changes in changes(), sizes in sizes()) {
        check::<Scalars>(&changed(&message, &changes), &sizes)?;
    }

    #[test]
    fn implicit_scalars_are_read_alike(
        message in implicits(), changes in changes(), sizes in sizes()
    ) {
        check::<Implicits>(&changed(&message, &changes), &sizes)?;
    }

    #[test]
    fn undeclared_properties_are_read_alike(
        message in open(), changes in changes(), sizes in sizes()
    ) {
        check::<Open>(&changed(&message, &changes), &sizes)?;
        // To the other message every one of them is undeclared.
        check::<Scalars>(&changed(&message, &changes), &sizes)?;
    }

    #[test]
    fn any_text_is_read_alike(
        text in "\\PC{0,40}|[\\[\\]{}\",:0-9a-z.eE+-]{0,40}", sizes in sizes()
    ) {
        check::<Everything>(text.as_bytes(), &sizes)?;
        check::<Open>(text.as_bytes(), &sizes)?;
    }
}

proptest! {
    // A case is some thousand values.
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn everything_is_read_alike(message in everything(), changes in changes(), sizes in sizes()) {
        check::<Everything>(&changed(&message, &changes), &sizes)?;
    }
}

/// Compares the readers on a message of the API that these choices make.
fn check_choices<M: JsonMessage + Message + Default + PartialEq + Debug>(
    choices: &[u8],
    changes: &[Change],
    sizes: &[usize],
) -> Result<(), TestCaseError> {
    let bytes = arbitrary::message(M::layout(), &mut Choices::new(choices));
    let message = M::decode(bytes.as_slice());
    let message = message.map_err(|_| TestCaseError::reject("it is no message"))?;
    let text = json::write::<Nested<M>>(&message, "", Mask::Set);
    let mut text = text.map_err(|_| TestCaseError::reject("it has no JSON form"))?;
    for change in changes {
        change.apply(&mut text);
    }
    check::<M>(&text, sizes)
}

/// States for messages of the API that both readers read alike what is made of them.
macro_rules! of_the_api {
    ($($name:ident: $message:ident,)+) => {
        proptest! {
            $(#[test]
            fn $name(
                choices in vec(any::<u8>(), 0..400), changes in changes(), sizes in sizes()
            ) {
                check_choices::<v2::$message>(&choices, &changes, &sizes)?;
            })+
        }
    };
}

of_the_api! {
    bots_are_read_alike: Bot,
    bot_instances_are_read_alike: BotInstance,
    categories_are_read_alike: Category,
    form_fields_are_read_alike: FormField,
    forms_are_read_alike: Form,
    organization_groups_are_read_alike: OrganizationGroup,
    organizations_are_read_alike: Organization,
    services_are_read_alike: Service,
    tokens_are_read_alike: Token,
    users_are_read_alike: User,
    workflows_are_read_alike: Workflow,
}

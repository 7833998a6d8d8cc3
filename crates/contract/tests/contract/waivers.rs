//! Where the contract knowingly differs from what the vendor documents.
//!
//! `tests/waivers.json` lists every difference with its reason. A difference
//! that is not there fails its test, and so does an entry that nothing needs.

use std::{cell::RefCell, collections::BTreeSet};

use serde::Deserialize;

/// One difference. `*` stands for any text in `of` and in `property`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiver {
    /// The recorded exchange, or the documented schema.
    of: String,
    /// The path of the property; the body itself is the empty path.
    property: String,
    /// How it differs.
    kind: String,
    reason: String,
}

/// The waivers of one test, and which of them it has needed so far.
pub(crate) struct Waivers {
    list: Vec<Waiver>,
    needed: RefCell<BTreeSet<usize>>,
}

impl Waivers {
    /// The waivers of these kinds.
    pub(crate) fn of(kinds: &[&str]) -> Self {
        let list: Vec<Waiver> =
            serde_json::from_str(include_str!("../waivers.json")).expect("tests/waivers.json");
        let known = [
            "exchange",
            "missing",
            "undocumented",
            "type",
            "enum",
            "required",
            "default",
        ];
        for waiver in &list {
            assert!(!waiver.reason.is_empty(), "{waiver:?} has no reason");
            assert!(
                known.contains(&waiver.kind.as_str()),
                "{waiver:?} is of no known kind"
            );
        }
        Self {
            list: list
                .into_iter()
                .filter(|waiver| kinds.contains(&waiver.kind.as_str()))
                .collect(),
            needed: RefCell::default(),
        }
    }

    /// Returns whether a difference is waived.
    pub(crate) fn cover(&self, of: &str, property: &str, kind: &str) -> bool {
        let waives = |waiver: &Waiver| {
            waiver.kind == kind && matches(&waiver.of, of) && matches(&waiver.property, property)
        };
        let found: Vec<_> = (0..self.list.len())
            .filter(|index| waives(&self.list[*index]))
            .collect();
        self.needed.borrow_mut().extend(&found);
        !found.is_empty()
    }

    #[track_caller]
    pub(crate) fn check_all_were_needed(&self) {
        let needed = self.needed.borrow();
        for (index, waiver) in self.list.iter().enumerate() {
            assert!(
                needed.contains(&index),
                "nothing needs {waiver:?}; remove it from tests/waivers.json"
            );
        }
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))
        }),
    }
}

#[test]
fn star_stands_for_any_text() {
    for (pattern, text, expected) in [
        ("update*.request", "updateBot.request", true),
        ("update*.request", "updateBot.response", false),
        ("*meta.*", "billingInfo.meta.someKey", true),
        ("params", "params.jid", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

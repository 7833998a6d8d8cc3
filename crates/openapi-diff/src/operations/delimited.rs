//! Texts that are read as lists from now on.
//!
//! A value alone is a list of one. But where a list is written in one text, with a comma
//! between its elements, a text that has a comma of its own is read as several elements.

use super::judge::{Judge, Scope};
use crate::alternatives::{ARRAY, Alternative, Carrier, Expand, FRACTION, Node, STRING};
use crate::document::Located;
use crate::level::Direction;
use crate::rules::OperationRule;

/// Formats whose texts have no comma, bar or space.
const IN_ONE: [&str; 9] = [
    "date",
    "date-time",
    "duration",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "time",
    "uuid",
];

/// What stands between the elements of a list that is written so; nothing if each is
/// written by itself.
fn delimiter((style, explode): (&str, bool)) -> Option<char> {
    match (style, explode) {
        ("simple", _) | ("form" | "cookie" | "label" | "matrix", false) => Some(','),
        ("label", true) => Some('.'),
        ("spaceDelimited", false) => Some(' '),
        ("pipeDelimited", false) => Some('|'),
        _ => None,
    }
}

impl<'a> Judge<'a> {
    /// Reports that texts are now read as lists that are written in this style.
    pub(super) fn delimited(
        &mut self,
        scope: &Scope,
        subject: &str,
        written: (&str, bool),
        (old, was): (&Located<'a>, &Node<'a>),
        (new, is): (&Located<'a>, &Node<'a>),
    ) {
        let Some(delimiter) = delimiter(written) else {
            return;
        };
        let of = |document, node| {
            let expand = Expand::new(document, Direction::Request).on(Carrier::Text);
            expand.alternatives(node)
        };
        let (before, after) = (of(self.base, was), of(self.revision, is));
        let has_lists = |all: &[Alternative<'a>]| all.iter().any(|one| one.types & ARRAY != 0);
        if has_lists(&before)
            || !has_lists(&after)
            || !before.iter().any(|one| may_hold(one, delimiter))
        {
            return;
        }
        self.report(
            OperationRule::RequestParameterBecameList,
            Some(Direction::Request),
            Some(&scope.operation),
            (Some(old), Some(new)),
            format!(
                "{subject} is now read as a list: a text that holds `{delimiter}` is read as \
                 several elements"
            ),
        );
    }
}

/// Returns whether a value that is written as a text may have this character in it.
fn may_hold(alternative: &Alternative<'_>, delimiter: char) -> bool {
    if let Some(values) = &alternative.values {
        let texts = values.iter().filter_map(|value| value.as_str());
        return texts.into_iter().any(|text| text.contains(delimiter));
    }
    if delimiter == '.' && alternative.types & FRACTION != 0 {
        return true;
    }
    let mut formats = alternative.formats.iter();
    let in_one = formats.any(|format| IN_ONE.contains(&format.as_str())) && delimiter != '.';
    let without = format!("^[^{delimiter}]*$");
    alternative.types & STRING != 0
        && !in_one
        && alternative.texts().all_match(&without) != Some(true)
}

//! Conditions on what is listed, as a list of resources states them.

use std::fmt::Display;
use std::ops::Bound;

use contract::parameters::{TextFilter, TimeFilter};
use contract::timestamp::Timestamp;
use serde_json::Value;

use crate::store::key;
use crate::store::scan::Span;

/// A condition on what is listed.
#[derive(Debug)]
pub(crate) enum Filter {
    /// The caller did not ask for it.
    None,
    /// Only what is archived, which is left out otherwise.
    Archived,
    /// A property satisfies this.
    Property(&'static str, Condition),
}

/// What a property has to satisfy.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Text(TextFilter),
    Truth(bool),
    Time(TimeFilter),
}

impl Filter {
    /// Only those with this text in a property.
    pub(crate) fn is(property: &'static str, value: Option<impl Display>) -> Self {
        Self::text(
            property,
            value.map(|value| TextFilter::Is(value.to_string())),
        )
    }

    /// Only those with this truth in a property.
    pub(crate) fn truth(property: &'static str, value: Option<bool>) -> Self {
        value.map_or(Self::None, |value| {
            Self::Property(property, Condition::Truth(value))
        })
    }

    /// Only those with this status; if none is asked for, those that are not
    /// archived.
    pub(crate) fn status<T: Display + PartialEq>(status: Option<T>, archived: T) -> Self {
        if status == Some(archived) {
            Self::Archived
        } else {
            Self::is("status", status)
        }
    }

    /// Only those whose property satisfies a condition.
    pub(crate) fn text(property: &'static str, filter: Option<TextFilter>) -> Self {
        filter.map_or(Self::None, |filter| {
            Self::Property(property, Condition::Text(filter))
        })
    }

    /// Only those whose property is an instant that satisfies a condition.
    pub(crate) fn time(property: &'static str, filter: Option<TimeFilter>) -> Self {
        filter.map_or(Self::None, |filter| {
            Self::Property(property, Condition::Time(filter))
        })
    }
}

impl Condition {
    /// Returns whether a property satisfies the condition. Case makes no
    /// difference.
    pub(crate) fn admits(&self, property: &Value) -> bool {
        let Value::String(text) = property else {
            return matches!((self, property), (Self::Truth(one), Value::Bool(other)) if one == other);
        };
        match self {
            Self::Truth(_) => false,
            Self::Time(filter) => text.parse().is_ok_and(|instant| filter.admits(instant)),
            Self::Text(filter) => {
                let text = text.to_lowercase();
                match filter {
                    TextFilter::Is(whole) => text == whole.to_lowercase(),
                    TextFilter::Contains(part) => text.contains(&part.to_lowercase()),
                    TextFilter::StartsWith(start) => text.starts_with(&start.to_lowercase()),
                }
            }
        }
    }

    /// The keys of what satisfies the condition, and whether only that has them.
    pub(crate) fn span(&self) -> (Span, bool) {
        match self {
            Self::Truth(value) => (Span::Is(key::truth(*value)), true),
            Self::Text(TextFilter::Is(text)) => (Span::Is(key::text(text)), key::is_exact(text)),
            Self::Text(TextFilter::StartsWith(text)) => {
                let start = key::start(text);
                let end = key::after(&start);
                (Span::Between(Some(start), end), key::is_exact(text))
            }
            // A text that is too long for its key has to be looked at.
            Self::Text(TextFilter::Contains(text)) => (Span::Contains(text.clone()), false),
            Self::Time(filter) => (between(filter.bounds()), true),
        }
    }
}

fn between((from, to): (Bound<Timestamp>, Bound<Timestamp>)) -> Span {
    let beyond = |instant| key::beyond(&key::instant(instant));
    let from = match from {
        Bound::Included(instant) => key::instant(instant),
        Bound::Excluded(instant) => beyond(instant),
        Bound::Unbounded => key::INSTANTS.start.to_owned(),
    };
    let before = match to {
        Bound::Included(instant) => beyond(instant),
        Bound::Excluded(instant) => key::instant(instant),
        Bound::Unbounded => key::INSTANTS.end.to_owned(),
    };
    Span::Between(Some(from), Some(before))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        let filter = Condition::Text(TextFilter::from(filter.to_owned()));
        assert_eq!(
            filter.admits(&json!("Jeff@JeffDoe.com")),
            expected,
            "{filter:?}"
        );
    }

    #[test]
    fn a_text_satisfies_what_it_is_contains_or_starts_with() {
        check("jeff@jeffdoe.com", true);
        check("jeff", false);
        check("~doe", true);
        check("~dough", false);
        check("^JEFF", true);
        check("^doe", false);
    }

    #[test]
    fn a_truth_satisfies_itself() {
        assert!(Condition::Truth(true).admits(&json!(true)));
        assert!(!Condition::Truth(true).admits(&json!(false)));
    }

    #[test]
    fn nothing_satisfies_no_condition() {
        let anything = Condition::Text(TextFilter::Contains(String::new()));
        assert!(!anything.admits(&Value::Null));
    }
}

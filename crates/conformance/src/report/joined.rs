//! Messages that differ in one name or value, said at once: a person writes one line about
//! five new properties.
//!
//! It goes by the words of the messages. One whose words are others stands alone.

use openapi_diff::Rule;
use openapi_diff::rules::SchemaRule as S;

/// How many names or values are written.
const NAMED: usize = 30;

/// A message with a gap, and what stands in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gapped {
    /// What all messages have in common that can be said at once.
    pub(super) form: Form,
    /// The name or the value.
    pub(super) item: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// `{subject} {verb} {items}{end}`.
    Values {
        subject: String,
        verb: &'static str,
        end: &'static str,
    },
    /// `the property {items} of {whole} is new {end}`.
    NewProperties { whole: String, end: String },
}

impl Gapped {
    /// The gap of a message, if its kind has one.
    pub(super) fn of(rule: Rule, message: &str) -> Option<Self> {
        let Rule::Schema(rule, _) = rule else {
            return None;
        };
        let values = |verb: &'static str, end: &'static str| {
            let (subject, item) = message.strip_suffix(end)?.split_once(verb)?;
            Some(Self {
                form: Form::Values {
                    subject: subject.to_owned(),
                    verb,
                    end,
                },
                item: item.to_owned(),
            })
        };
        match rule {
            S::EnumValueAdded => values(" may now be ", " as well"),
            S::EnumValueRemoved => values(" may no longer be ", ""),
            S::OptionalPropertyAdded | S::RequiredPropertyAdded => {
                let (name, rest) = message
                    .strip_prefix("the property `")?
                    .split_once("` of ")?;
                let (whole, end) = rest.rsplit_once(" is new ")?;
                Some(Self {
                    form: Form::NewProperties {
                        whole: whole.to_owned(),
                        end: end.to_owned(),
                    },
                    item: format!("`{name}`"),
                })
            }
            _ => None,
        }
    }

    /// The message with these items in the gap.
    pub(super) fn with(&self, items: &[String]) -> String {
        match &self.form {
            Form::Values { subject, verb, end } => {
                format!("{subject}{verb}{}{end}", list(items, "or", NAMED))
            }
            Form::NewProperties { whole, end } if items.len() == 1 => {
                format!("the property {} of {whole} is new {end}", items[0])
            }
            Form::NewProperties { whole, end } => {
                format!(
                    "the properties {} of {whole} are new {end}",
                    list(items, "and", NAMED)
                )
            }
        }
    }
}

/// `a, b and c`. Beyond `most` items the others are counted.
pub(super) fn list(items: &[String], word: &str, most: usize) -> String {
    let more = items.len().saturating_sub(most);
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] if more == 0 => format!("{} {word} {last}", first.join(", ")),
        items => format!("{} {word} {more} more", items[..most].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use openapi_diff::Rule;

    use super::Gapped;

    /// Joins messages of a kind.
    #[track_caller]
    fn check(id: &str, messages: &[&str], expected: &str) {
        let rule = Rule::all()[id];
        let gapped = messages.iter().map(|message| Gapped::of(rule, message));
        let gapped: Vec<Gapped> = gapped.map(|one| one.expect("has a gap")).collect();
        assert!(
            gapped.iter().all(|one| one.form == gapped[0].form),
            "{gapped:?}"
        );
        let items: Vec<String> = gapped.iter().map(|one| one.item.clone()).collect();
        assert_eq!(gapped[0].with(&items), expected);
    }

    #[test]
    fn values_are_listed() {
        check(
            "response-property-enum-value-added",
            &["it may now be 1 as well"],
            "it may now be 1 as well",
        );
        check(
            "response-property-enum-value-added",
            &["it may now be 1 as well", "it may now be \"a b\" as well"],
            "it may now be 1 or \"a b\" as well",
        );
        check(
            "request-property-enum-value-removed",
            &[
                "it may no longer be 1",
                "it may no longer be 2",
                "it may no longer be 3",
            ],
            "it may no longer be 1, 2 or 3",
        );
    }

    #[test]
    fn new_properties_are_listed() {
        check(
            "new-optional-request-property",
            &[
                "the property `a` of the request body is new and optional",
                "the property `b.c` of the request body is new and optional",
            ],
            "the properties `a` and `b.c` of the request body are new and optional",
        );
    }

    #[test]
    fn long_lists_are_counted() {
        let messages: Vec<String> = (0..32)
            .map(|value| format!("it may now be {value} as well"))
            .collect();
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        check(
            "response-property-enum-value-added",
            &messages,
            &format!(
                "it may now be {} or 2 more as well",
                (0..30)
                    .map(|n| n.to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        );
    }
}

//! What is said about something that is named later.
//!
//! A schema is compared once, however many operations use it. What its changes are
//! said about, such as `the property "name" of the body`, is known where it is used.

use std::borrow::Cow;

/// A sentence that lacks its subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sentence {
    before: Cow<'static, str>,
    after: Cow<'static, str>,
}

impl Sentence {
    /// The subject, and what is said of it.
    pub(crate) fn about(predicate: impl Into<Cow<'static, str>>) -> Self {
        Self::around("", predicate)
    }

    /// The subject in the middle.
    pub(crate) fn around(
        before: impl Into<Cow<'static, str>>,
        after: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            before: before.into(),
            after: after.into(),
        }
    }

    /// The sentence about a subject.
    pub(crate) fn of(&self, subject: &str) -> String {
        let parts = [&self.before, subject, &self.after];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }
}

/// What is said of a subject, formatted.
macro_rules! about {
    ($predicate:literal $(, $argument:expr)* $(,)?) => {
        $crate::sentence::Sentence::about(format!($predicate $(, $argument)*))
    };
}

/// A sentence with the subject in the middle; what follows it is formatted with the
/// arguments.
macro_rules! around {
    ($before:literal, $after:literal $(, $argument:expr)* $(,)?) => {
        $crate::sentence::Sentence::around(
            format!($before),
            format!($after $(, $argument)*),
        )
    };
}

pub(crate) use {about, around};

#[cfg(test)]
mod tests {
    use super::Sentence;

    #[test]
    fn a_sentence_is_about_its_subject() {
        let sentence = Sentence::about("may now be null");
        assert_eq!(sentence.of("the body"), "the body may now be null");
        let sentence = Sentence::around("the size of", "is now limited to 3");
        assert_eq!(
            sentence.of("the body"),
            "the size of the body is now limited to 3"
        );
    }
}

//! Differences that are meant, each with its reason.

use serde::Deserialize;

use crate::agree::Difference;
use crate::api::Side;

/// A difference that is meant: what one side says about one fact, while all
/// others agree on it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The subject of the difference; a leading `*` stands for any beginning.
    pub subject: String,
    /// Which fact differs, as in [`Difference::aspect`].
    pub aspect: String,
    /// The side that differs from all others.
    pub side: Side,
    /// Why it is meant.
    pub reason: String,
}

/// A waiver file that is not one.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}", message = source.message())]
pub struct WaiverError {
    /// The line on which it is none, counted from 1.
    pub line: usize,
    source: Box<toml::de::Error>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Waiver>,
}

/// Reads waivers.
///
/// # Errors
///
/// Fails where the text is no list of waivers.
pub fn parse(text: &str) -> Result<Vec<Waiver>, WaiverError> {
    let file = toml::from_str::<File>(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        WaiverError {
            line: before.matches('\n').count() + 1,
            source: Box::new(error),
        }
    })?;
    Ok(file.waiver)
}

impl Waiver {
    fn covers(&self, difference: &Difference) -> bool {
        let is_about = match self.subject.strip_prefix('*') {
            Some(end) => difference.subject.ends_with(end),
            None => difference.subject == self.subject,
        };
        is_about && self.aspect == difference.aspect && self.is_alone(&difference.groups)
    }

    /// Returns whether nobody agrees with the side, and nobody else disagrees.
    fn is_alone(&self, groups: &[Vec<Side>]) -> bool {
        let (with, without): (Vec<_>, Vec<_>) =
            groups.iter().partition(|group| group.contains(&self.side));
        let is_alone = with
            .iter()
            .flat_map(|group| group.iter())
            .all(|side| *side == self.side);
        with.len() == 1 && is_alone && without.len() <= 1
    }
}

/// What is left of the differences, and the waivers that none of them needs.
#[must_use]
pub fn apply(differences: Vec<Difference>, waivers: &[Waiver]) -> (Vec<Difference>, Vec<&Waiver>) {
    let unused = waivers
        .iter()
        .filter(|waiver| {
            !differences
                .iter()
                .any(|difference| waiver.covers(difference))
        })
        .collect();
    let left = differences
        .into_iter()
        .filter(|difference| !waivers.iter().any(|waiver| waiver.covers(difference)))
        .collect();
    (left, unused)
}

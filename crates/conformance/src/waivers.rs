//! Differences that are meant, each with its reason.

use serde::Deserialize;

use crate::agree::Difference;
use crate::api::Side;
use crate::aspects::{self, ASPECTS};
use crate::ids;

/// A difference that is meant: what one side says about one fact, while all
/// others agree on it.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The subject of the difference; a leading `*` stands for any beginning.
    pub subject: String,
    /// Which fact differs, one of [`ASPECTS`].
    pub aspect: String,
    /// The side that differs from all others.
    pub side: Side,
    /// Why it is meant.
    pub reason: String,
}

/// A waiver file that is not one.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct WaiverError {
    /// The line on which it is none, counted from 1.
    pub line: usize,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    subject: String,
    aspect: toml::Spanned<String>,
    side: Side,
    reason: String,
}

/// Reads waivers.
///
/// # Errors
///
/// Fails where the text is no list of waivers, or one is of an aspect that there is not.
pub fn parse(text: &str) -> Result<Vec<Waiver>, WaiverError> {
    let entries = entries(text)?;
    let unknown = entries
        .iter()
        .map(|entry| &entry.aspect)
        .find(|aspect| !aspects::is_known(aspect.get_ref()));
    if let Some(aspect) = unknown {
        let name = aspect.get_ref();
        let known = ASPECTS.iter().map(|(known, _)| (*known).to_owned());
        let meant = match ids::nearest(name, known.clone()) {
            Some(nearest) => format!("perhaps `{nearest}` is meant"),
            None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
        };
        return Err(WaiverError {
            line: line(text, aspect.span().start),
            message: format!("no difference has the aspect `{name}`; {meant}"),
        });
    }
    Ok(entries.into_iter().map(Waiver::from).collect())
}

/// Reads waivers that were in force before, whatever their aspects.
///
/// # Errors
///
/// Fails where the text is no list of waivers.
pub fn parse_earlier(text: &str) -> Result<Vec<Waiver>, WaiverError> {
    Ok(entries(text)?.into_iter().map(Waiver::from).collect())
}

fn entries(text: &str) -> Result<Vec<Entry>, WaiverError> {
    let file = toml::from_str::<File>(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        WaiverError {
            line: line(text, start),
            message: error.message().to_owned(),
        }
    })?;
    Ok(file.waiver)
}

/// The line of a place in a text, counted from 1.
fn line(text: &str, start: usize) -> usize {
    let before = text.get(..start).unwrap_or_default();
    before.matches('\n').count() + 1
}

impl From<Entry> for Waiver {
    fn from(entry: Entry) -> Self {
        Self {
            subject: entry.subject,
            aspect: entry.aspect.into_inner(),
            side: entry.side,
            reason: entry.reason,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::parse;

    #[track_caller]
    fn check(aspect: &str, expected: &str) {
        let text = format!(
            "[[waiver]]\nsubject = \"a\"\naspect = {aspect:?}\nside = \"protos\"\nreason = \"b\"\n"
        );
        let read = parse(&text).map_err(|error| error.to_string());
        assert_eq!(read.map_or_else(|error| error, |_| String::new()), expected);
    }

    #[test]
    fn a_waiver_of_no_aspect_is_refused_with_the_nearest() {
        check("values", "");
        check(
            "valuess",
            "line 3: no difference has the aspect `valuess`; perhaps `values` is meant",
        );
    }

    #[test]
    fn the_guide_lists_every_aspect() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/adopt.md");
        let guide = std::fs::read_to_string(path).expect("the guide is there");
        for (aspect, meaning) in super::ASPECTS {
            let row = format!("| `{aspect}` | {meaning} |\n");
            assert!(guide.contains(&row), "docs/adopt.md lacks the row\n{row}");
        }
        assert!(super::ASPECTS.is_sorted(), "sort the aspects");
    }
}

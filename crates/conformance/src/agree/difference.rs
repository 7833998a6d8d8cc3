//! What a comparison finds, and how it is reported.

use std::collections::BTreeMap;
use std::fmt;

use crate::api::{Place, Side};
use crate::report::{Finding, Level, Location, OperationList};

/// One difference between the statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about, by a name that stays: an operation, `operation?parameter`,
    /// `operation/{variable}`, a type or `Type.property`.
    pub subject: String,
    /// The same, but of the resource where the subject is one view of it.
    pub resource: String,
    /// Which of its facts differs, in kebab-case: `method`, `required`, ….
    pub aspect: &'static str,
    /// Who says what: those in one group agree.
    pub groups: Vec<Vec<Side>>,
    /// What each says, as a sentence about the subject.
    pub message: String,
    /// Where they say it, in the order of the groups.
    pub places: Vec<Place>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            resource,
            message,
            places,
            ..
        } = self;
        write!(f, "{resource}: {message}")?;
        for (number, place) in places.iter().enumerate() {
            let before = if number == 0 { " (" } else { ", " };
            write!(f, "{before}{place}")?;
        }
        f.write_str(if places.is_empty() { "" } else { ")" })
    }
}

impl From<&Place> for Location {
    fn from(place: &Place) -> Self {
        let (source, pointer) = match place {
            Place::Proto { file, line } => {
                let line = line.and_then(|line| u32::try_from(line).ok());
                return Self::of_text(file.to_string(), line);
            }
            Place::Contract(what) => ("crates/contract/src".to_owned(), what.clone()),
            Place::Document { source, pointer } => (source.to_string(), pointer.clone()),
        };
        Self {
            source,
            pointer,
            line: None,
        }
    }
}

impl From<&Difference> for Finding {
    fn from(difference: &Difference) -> Self {
        let [base, revision] = difference.pair();
        Self {
            id: "disagreement".to_owned(),
            level: Level::Error,
            direction: None,
            operation: None,
            also: OperationList::default(),
            base: base.map(Location::from),
            revision: revision.map(Location::from),
            message: format!(
                "{}: {} (`{}`)",
                difference.resource, difference.message, difference.aspect
            ),
        }
    }
}

impl Difference {
    /// Two of the places, of sides that differ. The last is the one to look at
    /// first: it has a line where either does.
    fn pair(&self) -> [Option<&Place>; 2] {
        let of = |side: Side| {
            let mut places = self.places.iter().filter(move |place| place.side() == side);
            let first = places.clone().next();
            // Of several views, the resource itself.
            places
                .find(|place| matches!(place, Place::Contract(what) if self.resource.starts_with(what)))
                .or(first)
        };
        let groups = self.groups.iter();
        let mut sides = groups.filter_map(|group| group.iter().find_map(|side| of(*side)));
        let pair = [sides.next(), sides.next()];
        match pair {
            [Some(Place::Proto { .. }), Some(Place::Contract(_))] | [Some(_), None] => {
                let [first, second] = pair;
                [second, first]
            }
            _ => pair,
        }
    }
}

/// Makes one difference of those that say the same about several views of a
/// resource.
#[must_use]
pub fn merge(differences: Vec<Difference>) -> Vec<Difference> {
    let mut merged: Vec<Difference> = Vec::new();
    let mut index: BTreeMap<(String, String), usize> = BTreeMap::new();
    for difference in differences {
        let key = (difference.resource.clone(), difference.message.clone());
        if let Some(&at) = index.get(&key) {
            for place in difference.places {
                if !merged[at].places.contains(&place) {
                    merged[at].places.push(place);
                }
            }
        } else {
            index.insert(key, merged.len());
            merged.push(difference);
        }
    }
    merged
}

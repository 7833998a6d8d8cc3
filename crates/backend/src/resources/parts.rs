//! Lists inside of resources: references, and parts that have IDs of their own.

use std::collections::HashSet;

use contract::error::FieldViolation;
use contract::id::ObjectId;

/// The IDs in a list, each under the path of its element, without those that
/// were in it before.
pub(crate) fn added(
    property: &str,
    before: Option<&Vec<ObjectId>>,
    after: Option<&Vec<ObjectId>>,
) -> Vec<(String, ObjectId)> {
    let known: HashSet<_> = before.into_iter().flatten().collect();
    after
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, id)| !known.contains(id))
        .map(|(index, id)| (format!("{property}[{index}]"), *id))
        .collect()
}

/// The violations in the IDs of a list of parts: each has to be that of a part
/// that was there before, and stand there once.
pub(crate) fn misplaced(
    property: &str,
    noun: &str,
    before: &HashSet<ObjectId>,
    after: impl Iterator<Item = (usize, ObjectId)>,
) -> Vec<FieldViolation> {
    let mut seen = HashSet::new();
    let mut violations = Vec::new();
    for (index, id) in after {
        let field = format!("{property}[{index}].id");
        if !before.contains(&id) {
            let description =
                format!("is that of no {noun} in this list; leave it out to add a new one");
            violations.push(FieldViolation::new(field, description));
        } else if !seen.insert(id) {
            let description = format!("is that of a {noun} that stands before it");
            violations.push(FieldViolation::new(field, description));
        }
    }
    violations
}

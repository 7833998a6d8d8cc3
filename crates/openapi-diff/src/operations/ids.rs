//! The names that generated clients call operations by.

use std::collections::BTreeMap;

use super::judge::{Judge, operations, template};
use crate::document::{Document, Located};
use crate::rules::OperationRule;

/// An operation: its method and its path.
type Key = (String, String);

impl Judge<'_> {
    /// Compares the ids of operations (`operationId`). An id that is gone breaks the build
    /// of who calls the generated function; an id that another operation has taken over
    /// does not, and calls something else.
    pub(super) fn ids(&mut self) {
        let (old_root, new_root) = self.root();
        let was = ids(self.base, &old_root);
        let is = ids(self.revision, &new_root);
        let owners: BTreeMap<&str, &Key> = is
            .iter()
            .filter_map(|(key, (_, operation))| Some((operation.text("operationId")?, key)))
            .collect();
        for (key, (path, old)) in &was {
            let Some((_, new)) = is.get(key) else {
                continue;
            };
            let name = format!("{} {path}", key.0);
            let (rule, text) = match (old.text("operationId"), new.text("operationId")) {
                (Some(was), is) if is != Some(was) => {
                    let now = is.map_or("gone".to_owned(), |id| format!("now `{id}`"));
                    match owners.get(was) {
                        Some(other) if *other != key => (
                            OperationRule::ApiOperationIdReused,
                            format!(
                                "the operation id `{was}` is {now}, and {} {} has it instead; \
                                 generated clients call that without noticing",
                                other.0, other.1
                            ),
                        ),
                        _ => (
                            OperationRule::ApiOperationIdRemoved,
                            format!(
                                "the operation id `{was}` is {now}; generated clients call it by \
                                 that name"
                            ),
                        ),
                    }
                }
                (None, Some(is)) => (
                    OperationRule::ApiOperationIdAdded,
                    format!("the operation has the id `{is}`"),
                ),
                _ => continue,
            };
            self.report(rule, None, Some(&name), (Some(old), Some(new)), text);
        }
    }
}

/// The operations under `paths` with the paths, whatever their parameters are called.
fn ids<'a>(document: &'a Document, root: &Located<'a>) -> BTreeMap<Key, (String, Located<'a>)> {
    let paths = document.members(root, "paths").into_iter();
    paths
        .filter(|(path, _)| path.starts_with('/'))
        .flat_map(|(path, item)| {
            let of = operations(document, &item).into_iter();
            of.map(move |(method, operation)| {
                ((method, template(&path).0), (path.clone(), operation))
            })
        })
        .collect()
}

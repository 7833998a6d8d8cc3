//! Which parts of two documents may differ.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::document::Document;

/// Which parts of two documents may differ.
#[derive(Debug, Default)]
pub(super) struct Dirty(HashSet<String>);

impl Dirty {
    /// Every reference whose target differs, or reaches one that does.
    pub(super) fn find(base: &Document, revision: &Document) -> Self {
        let mut uses: HashMap<String, HashSet<String>> = HashMap::new();
        let mut dirty = HashSet::new();
        let mut queue = Vec::new();
        let mut pending: Vec<String> = Vec::new();
        references(&base.root, &mut |reference| {
            pending.push(reference.to_owned());
        });
        references(&revision.root, &mut |reference| {
            pending.push(reference.to_owned());
        });
        let mut seen = HashSet::new();
        while let Some(reference) = pending.pop() {
            if !seen.insert(reference.clone()) {
                continue;
            }
            let value = |document: &'_ Document| {
                document
                    .target(&reference)
                    .and_then(|pointer| document.root.pointer(&pointer).cloned())
            };
            let (old, new) = (value(base), value(revision));
            if old != new && old.is_some() {
                queue.push(reference.clone());
            }
            if let Some(old) = &old {
                references(old, &mut |inner| {
                    uses.entry(inner.to_owned())
                        .or_default()
                        .insert(reference.clone());
                });
            }
        }
        while let Some(reference) = queue.pop() {
            if dirty.insert(reference.clone())
                && let Some(users) = uses.get(&reference)
            {
                queue.extend(users.iter().cloned());
            }
        }
        Dirty(dirty)
    }

    pub(super) fn reaches(&self, value: &Value) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let mut found = false;
        references(value, &mut |reference| found |= self.0.contains(reference));
        found
    }
}

fn references(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(reference) if key == "$ref" => visit(reference),
                    _ => references(inner, visit),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, visit)),
        _ => {}
    }
}

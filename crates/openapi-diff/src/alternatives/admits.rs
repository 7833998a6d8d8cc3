//! Whether a schema admits a value that another one lists.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::alternative::{Alternative, Node, admits_plainly};
use super::expand::Expand;
use crate::canonical::canonical;
use crate::pattern::matches;

/// Schemas that a value must keep as a whole lead to others no further than this.
const MAX_DEPTH: usize = 32;

/// What is known of several demands: all are kept, one is not, or neither is known.
fn all(demands: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut verdict = Some(true);
    for demand in demands {
        match demand {
            Some(true) => {}
            Some(false) => return Some(false),
            None => verdict = None,
        }
    }
    verdict
}

impl<'a> Expand<'a> {
    /// Returns whether an alternative admits a value; `None` if that is not decided.
    pub(crate) fn admits(&self, alternative: &Alternative<'a>, value: &Value) -> Option<bool> {
        self.admits_within(alternative, value, 0)
    }

    fn admits_within(
        &self,
        alternative: &Alternative<'a>,
        value: &Value,
        depth: usize,
    ) -> Option<bool> {
        if !admits_plainly(alternative, value) {
            return Some(false);
        }
        let parts = match value {
            Value::Object(map) => self.admits_object(alternative, map, value, depth),
            Value::Array(items) => self.admits_array(alternative, items, depth),
            _ => Some(true),
        };
        let nots = alternative.nots.iter();
        let nots = nots.map(|not| Some(!self.node_admits(not, value, depth + 1)?));
        let conditions = alternative.conditions.iter().map(|condition| {
            let then = self.node_admits(&condition.then, value, depth + 1);
            let otherwise = self.node_admits(&condition.otherwise, value, depth + 1);
            match self.node_admits(&condition.test, value, depth + 1) {
                Some(true) => then,
                Some(false) => otherwise,
                None if then == otherwise => then,
                None => None,
            }
        });
        // What refuses a value that is admitted so far is not looked for.
        let is_decided = alternative.overlaps.one == 0
            && alternative.others.is_empty()
            && (alternative.formats.is_empty() || !value.is_string())
            && alternative.content.is_any();
        let rest = is_decided.then_some(true);
        all([parts, all(nots), all(conditions), rest])
    }

    fn admits_object(
        &self,
        alternative: &Alternative<'a>,
        map: &Map<String, Value>,
        whole: &Value,
        depth: usize,
    ) -> Option<bool> {
        let (least, most) = alternative.sizes[2];
        let size = map.len() as u64;
        let has = |name: &String| map.contains_key(name);
        if size < least
            || most.is_some_and(|most| size > most)
            || !alternative.required.iter().all(has)
            || alternative
                .demands
                .iter()
                .any(|(one, other)| has(one) && !has(other))
        {
            return Some(false);
        }
        let properties = map.iter().map(|(name, value)| {
            let node = match alternative.properties.get(name) {
                Some(node) => {
                    let patterns = alternative.by_pattern.iter();
                    let matching =
                        patterns.filter(|(pattern, _)| matches(pattern, name) == Some(true));
                    matching.fold(node.clone(), |node, (_, other)| node.and(other))
                }
                None => alternative.undeclared(name).0,
            };
            let patterns = alternative.by_pattern.keys();
            let is_decided = patterns.map(|pattern| matches(pattern, name).map(|_| true));
            let names =
                self.node_admits(&alternative.names, &Value::from(name.as_str()), depth + 1);
            all([
                self.node_admits(&node, value, depth + 1),
                all(is_decided),
                names,
            ])
        });
        let dependent = alternative.dependent.iter();
        let dependent = dependent
            .filter(|(name, _)| has(name))
            .map(|(_, node)| self.node_admits(node, whole, depth + 1));
        all([all(properties), all(dependent)])
    }

    fn admits_array(
        &self,
        alternative: &Alternative<'a>,
        items: &[Value],
        depth: usize,
    ) -> Option<bool> {
        let (least, most) = alternative.sizes[1];
        let size = items.len() as u64;
        let mut seen = HashSet::new();
        if size < least
            || most.is_some_and(|most| size > most)
            || (alternative.unique && !items.iter().all(|item| seen.insert(canonical(item))))
        {
            return Some(false);
        }
        let each = items.iter().enumerate();
        let each =
            each.map(|(index, item)| self.node_admits(alternative.item(index), item, depth + 1));
        let contains = alternative.contains.iter().map(|contains| {
            let mut count = 0;
            for item in items {
                count += u64::from(self.node_admits(&contains.node, item, depth + 1)?);
            }
            Some(count >= contains.least && contains.most.is_none_or(|most| count <= most))
        });
        all([all(each), all(contains)])
    }

    fn node_admits(&self, node: &Node<'a>, value: &Value, depth: usize) -> Option<bool> {
        if node.is_any() {
            return Some(true);
        }
        if node.is_never() {
            return Some(false);
        }
        if depth > MAX_DEPTH {
            return None;
        }
        let alternatives = self.alternatives(node);
        let (mut admitted, mut undecided) = (0, 0);
        for alternative in alternatives.iter() {
            match self.admits_within(alternative, value, depth) {
                Some(true) => admitted += 1,
                Some(false) => {}
                None => undecided += 1,
            }
        }
        match (admitted, undecided) {
            (0, 0) => Some(false),
            (0, _) => None,
            _ => Some(true),
        }
    }
}

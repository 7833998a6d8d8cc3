//! Alternatives as texts, by which equal ones are found.

use std::fmt::Write as _;

use super::alternative::{Alternative, Node};

impl<'a> Alternative<'a> {
    /// All that it admits and refuses, the schemas in it by their numbers. Alternatives
    /// with the same text admit the same values.
    pub(crate) fn written(&self, number: &mut impl FnMut(&Node<'a>) -> u32) -> String {
        let mut out = format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {} {:?} {}",
            self.types,
            self.low,
            self.high,
            self.multiples,
            self.formats,
            self.patterns,
            self.sizes,
            self.required,
            self.unique,
            self.overlaps,
            self.stated.additional,
        );
        let values = self.values.iter().flatten();
        let mut values: Vec<String> = values.map(ToString::to_string).collect();
        values.sort_unstable();
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            " {} {values:?} {:?} {:?}",
            self.values.is_some(),
            self.demands,
            self.others
        );
        for node in [&self.items, &self.additional, &self.names, &self.content] {
            let _ = write!(out, " {}", number(node));
        }
        for node in &self.prefix {
            let _ = write!(out, " [{}]", number(node));
        }
        let maps = [&self.properties, &self.by_pattern, &self.dependent];
        for (index, map) in maps.into_iter().enumerate() {
            for (name, node) in map {
                let _ = write!(out, " {index}{name:?}={}", number(node));
            }
        }
        let mut nots: Vec<u32> = self.nots.iter().map(&mut *number).collect();
        nots.sort_unstable();
        let _ = write!(out, " {nots:?}");
        for contains in &self.contains {
            let node = number(&contains.node);
            let _ = write!(out, " c{node} {} {:?}", contains.least, contains.most);
        }
        for condition in &self.conditions {
            let parts = [&condition.test, &condition.then, &condition.otherwise];
            let _ = write!(out, " if{:?}", parts.map(&mut *number));
        }
        out
    }
}

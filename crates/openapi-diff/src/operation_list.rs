//! Many lists of the names of operations, in little room: a change of a schema reaches
//! as many operations as use it, and a document has as many changes as people make.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::number_set::NumberSet;

/// Names of operations, in order. A clone shares them, and lists of one document share
/// the names.
#[derive(Clone)]
pub struct OperationList {
    /// Names, each of which may be in this list or not.
    names: Arc<[String]>,
    /// The numbers of the names that are.
    numbers: NumberSet,
}

impl OperationList {
    /// Of `names` those with these numbers, which are all numbers of names.
    pub(crate) fn new(names: &Arc<[String]>, numbers: NumberSet) -> Self {
        Self {
            names: names.clone(),
            numbers,
        }
    }

    /// How many operations there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let names = self.numbers.iter();
        names.filter_map(|number| self.name(number))
    }

    fn name(&self, number: u32) -> Option<&str> {
        let number = usize::try_from(number).ok()?;
        self.names.get(number).map(String::as_str)
    }

    /// The list without its first operation.
    #[must_use]
    pub fn without_first(&self) -> Self {
        let first = self.numbers.iter().next();
        Self {
            names: self.names.clone(),
            numbers: first.map_or_else(NumberSet::default, |first| self.numbers.without(first)),
        }
    }

    /// The list without the operations that are not wanted.
    #[must_use]
    pub fn filtered(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let is_left = |number: &u32| self.name(*number).is_some_and(&is_wanted);
        Self {
            names: self.names.clone(),
            numbers: self.numbers.iter().filter(is_left).collect(),
        }
    }
}

impl Default for OperationList {
    fn default() -> Self {
        Self {
            names: Arc::from([]),
            numbers: NumberSet::default(),
        }
    }
}

impl FromIterator<String> for OperationList {
    fn from_iter<T: IntoIterator<Item = String>>(names: T) -> Self {
        let names: Arc<[String]> = names.into_iter().collect();
        let numbers = (0..).take(names.len()).collect();
        Self { names, numbers }
    }
}

impl PartialEq for OperationList {
    fn eq(&self, other: &Self) -> bool {
        let share_names = Arc::ptr_eq(&self.names, &other.names);
        (share_names && self.numbers == other.numbers)
            || (self.len() == other.len() && self.iter().eq(other.iter()))
    }
}

impl Hash for OperationList {
    /// Looks at the ends alone: lists that are not equal mostly differ there or in length.
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.len().hash(to);
        self.iter().next().hash(to);
        let last = self.numbers.last().and_then(|last| self.name(last));
        last.hash(to);
    }
}

impl Eq for OperationList {}

impl fmt::Debug for OperationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for OperationList {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::OperationList;

    fn list(names: &[&str]) -> OperationList {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_list_without_some_names_shares_the_others() {
        let all = list(&["GET /a", "GET /b", "GET /c"]);
        let left = all.filtered(|name| name != "GET /b");
        assert_eq!(left, list(&["GET /a", "GET /c"]));
        assert!(std::sync::Arc::ptr_eq(&all.names, &left.names));
        assert_eq!(all.without_first(), list(&["GET /b", "GET /c"]));
        assert_eq!(list(&[]).without_first(), list(&[]));
    }
}

//! Many lists of the names of operations, in little room: a change of a schema reaches
//! as many operations as use it, and a document has as many changes as people make.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Names of operations, in order. A clone shares them, and lists of one document share
/// the names.
#[derive(Clone)]
pub struct OperationList {
    /// Names, each of which may be in this list or not.
    names: Arc<[String]>,
    /// The numbers of the names that are, in order.
    numbers: Arc<[u32]>,
}

impl OperationList {
    /// Of `names` those with these numbers. A number beyond them is left out.
    pub(crate) fn new(names: &Arc<[String]>, numbers: Vec<u32>) -> Self {
        Self {
            names: names.clone(),
            numbers: numbers.into(),
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
        let names = self.numbers.iter().filter_map(|number| {
            let number = usize::try_from(*number).ok()?;
            self.names.get(number)
        });
        names.map(String::as_str)
    }

    /// The list without the operations that are not wanted.
    #[must_use]
    pub fn filtered(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let is_left = |number: &u32| {
            let number = usize::try_from(*number).ok();
            let name = number.and_then(|number| self.names.get(number));
            name.is_some_and(|name| is_wanted(name))
        };
        Self {
            names: self.names.clone(),
            numbers: self.numbers.iter().copied().filter(is_left).collect(),
        }
    }

    /// The list with another name in the place of the first that fits, and that name;
    /// nothing where none does.
    pub(crate) fn exchanged(
        &self,
        other: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<(Self, String)> {
        let found = self.iter().find(|name| fits(name))?.to_owned();
        let names = self
            .iter()
            .map(|name| if name == found { other } else { name });
        Some((names.map(str::to_owned).collect(), found))
    }
}

impl Default for OperationList {
    fn default() -> Self {
        Self {
            names: Arc::from([]),
            numbers: Arc::from([]),
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
        self.len() == other.len() && self.iter().eq(other.iter())
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
    }

    #[test]
    fn a_name_gives_its_place_to_another() {
        let all = list(&["GET /a", "GET /b"]);
        let exchanged = all.exchanged("GET /c", |name| name == "GET /b");
        let expected = (list(&["GET /a", "GET /c"]), "GET /b".to_owned());
        assert_eq!(exchanged, Some(expected));
        assert_eq!(all.exchanged("GET /c", |_| false), None);
    }
}

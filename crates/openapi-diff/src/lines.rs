//! On which lines of a text the places stand that a report names.

/// The pointers of places that are looked for.
#[derive(Debug)]
pub(super) struct Wanted<'p>(
    /// In order, each once.
    Vec<&'p str>,
);

impl<'p> Wanted<'p> {
    pub(super) fn new(pointers: impl Iterator<Item = &'p str>) -> Self {
        let mut all: Vec<&str> = pointers.collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// The numbers of the places that are at a pointer or in what stands there.
    pub(super) fn within(&self, pointer: &str) -> impl Iterator<Item = usize> + use<> {
        let at = self.0.binary_search(&pointer).ok();
        let inner = format!("{pointer}/");
        let first = self.0.partition_point(|one| *one < inner.as_str());
        let count = self.0[first..].partition_point(|one| one.starts_with(&inner));
        at.into_iter().chain(first..first + count)
    }

    /// Returns whether one of the places is at a pointer or in what stands there.
    pub(super) fn has_within(&self, pointer: &str) -> bool {
        self.within(pointer).next().is_some()
    }

    /// Of which no line is known yet.
    pub(super) fn lines(&self) -> Lines<'_, 'p> {
        Lines {
            wanted: self,
            lines: vec![1; self.0.len()],
        }
    }
}

/// The lines of places, counted from 1.
#[derive(Debug)]
pub(super) struct Lines<'w, 'p> {
    wanted: &'w Wanted<'p>,
    lines: Vec<u32>,
}

impl Lines<'_, '_> {
    /// Says on which line something stands. So does all that is in it, until more is said.
    pub(super) fn found(&mut self, pointer: &str, line: usize) {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        for number in self.wanted.within(pointer) {
            self.lines[number] = line;
        }
    }

    /// That of a place, or else of the one that it is in.
    pub(super) fn of(&self, pointer: &str) -> u32 {
        let number = self.wanted.0.binary_search(&pointer);
        number.map_or(1, |number| self.lines[number])
    }
}

/// A pointer and those of the places that it is in, from the inside out.
pub(super) fn prefixes(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |inner| {
        inner.rsplit_once('/').map(|(outer, _)| outer)
    })
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    #[test]
    fn what_is_in_a_place_stands_on_its_line_until_more_is_said() {
        let wanted = Wanted::new(["/a/b", "/a-b", "/a", "/a/b/c", "/d"].into_iter());
        let mut lines = wanted.lines();
        lines.found("/a", 2);
        lines.found("/a-b", 3);
        lines.found("/a/b/c", 4);
        let found = ["/a", "/a-b", "/a/b", "/a/b/c", "/d", "/e"].map(|at| lines.of(at));
        assert_eq!(found, [2, 3, 2, 4, 1, 1]);
    }

    #[test]
    fn a_name_that_begins_alike_is_another_place() {
        let wanted = Wanted::new(["/a-b/c", "/ab"].into_iter());
        assert!(!wanted.has_within("/a"));
        assert!(wanted.has_within("/a-b"));
        assert!(wanted.has_within(""));
    }
}

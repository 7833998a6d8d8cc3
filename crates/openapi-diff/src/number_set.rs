//! Sets of numbers that count something, such as operations, in little room.

use std::sync::Arc;

/// A set of numbers. A clone shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumberSet {
    held: Held,
    count: usize,
}

/// The form follows from the numbers alone, so that equal sets look equal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    /// In order, without repetition.
    Few(Arc<[u32]>),
    /// A bit for each number up to the greatest.
    Many(Arc<[u64]>),
}

/// Bits in a word.
const BITS: usize = 64;

/// A number that is written takes as much room as so many bits.
const WRITTEN: usize = 32;

impl NumberSet {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        match &self.held {
            Held::Few(numbers) => numbers.binary_search(&number).is_ok(),
            Held::Many(words) => {
                let (word, bit) = place(number);
                words.get(word).is_some_and(|word| word & bit != 0)
            }
        }
    }

    /// The numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let (few, words): (&[u32], &[u64]) = match &self.held {
            Held::Few(numbers) => (numbers, &[]),
            Held::Many(words) => (&[], words),
        };
        let many = (0..).step_by(BITS).zip(words).flat_map(|(first, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let next = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(first + next)
            })
        });
        few.iter().copied().chain(many)
    }

    pub(crate) fn last(&self) -> Option<u32> {
        match &self.held {
            Held::Few(numbers) => numbers.last().copied(),
            Held::Many(words) => {
                let first = (0..).step_by(BITS).zip(words.iter()).last();
                first.map(|(first, word): (u32, _)| first + word.ilog2())
            }
        }
    }

    /// The same without a number.
    pub(crate) fn without(&self, number: u32) -> Self {
        if !self.contains(number) {
            return self.clone();
        }
        self.iter().filter(|other| *other != number).collect()
    }

    /// The numbers of all sets.
    pub(crate) fn union<'s>(sets: impl Iterator<Item = &'s Self> + Clone) -> Self {
        let all: usize = sets.clone().map(Self::len).sum();
        let limit = sets.clone().map(Self::limit).max().unwrap_or_default();
        if all * WRITTEN < limit {
            return sets.flat_map(Self::iter).collect();
        }
        let mut words = vec![0; limit.div_ceil(BITS)];
        for set in sets {
            set.add_to(&mut words);
        }
        Self::of_words(words)
    }

    /// One more than the greatest number, or more.
    fn limit(&self) -> usize {
        match &self.held {
            Held::Few(numbers) => numbers.last().map_or(0, |last| *last as usize + 1),
            Held::Many(words) => words.len() * BITS,
        }
    }

    fn add_to(&self, words: &mut [u64]) {
        match &self.held {
            Held::Few(numbers) => {
                for number in numbers.iter() {
                    let (word, bit) = place(*number);
                    words[word] |= bit;
                }
            }
            Held::Many(own) => {
                for (word, own) in words.iter_mut().zip(own.iter()) {
                    *word |= own;
                }
            }
        }
    }

    fn of_words(mut words: Vec<u64>) -> Self {
        words.truncate(
            words
                .iter()
                .rposition(|word| *word != 0)
                .map_or(0, |last| last + 1),
        );
        let count = words.iter().map(|word| word.count_ones() as usize).sum();
        let many = Self {
            held: Held::Many(words.into()),
            count,
        };
        if many.is_empty() || many.is_sparse() {
            let numbers: Vec<u32> = many.iter().collect();
            return Self {
                held: Held::Few(numbers.into()),
                count,
            };
        }
        many
    }

    fn is_sparse(&self) -> bool {
        self.count * WRITTEN < self.limit().next_multiple_of(BITS)
    }
}

/// The word of a number, and the bit in it.
fn place(number: u32) -> (usize, u64) {
    let number = number as usize;
    (number / BITS, 1 << (number % BITS))
}

impl Default for NumberSet {
    fn default() -> Self {
        Self {
            held: Held::Few(Arc::from([])),
            count: 0,
        }
    }
}

impl FromIterator<u32> for NumberSet {
    fn from_iter<T: IntoIterator<Item = u32>>(numbers: T) -> Self {
        let mut numbers: Vec<u32> = numbers.into_iter().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let few = Self {
            count: numbers.len(),
            held: Held::Few(numbers.into()),
        };
        if few.is_empty() || few.is_sparse() {
            return few;
        }
        let mut words = vec![0; few.limit().div_ceil(BITS)];
        few.add_to(&mut words);
        Self {
            held: Held::Many(words.into()),
            count: few.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::NumberSet;

    /// Checks everything that can be asked of a set.
    #[track_caller]
    fn check(numbers: &[u32]) -> NumberSet {
        let expected: BTreeSet<u32> = numbers.iter().copied().collect();
        let set: NumberSet = numbers.iter().copied().collect();
        assert_eq!(set.iter().collect::<BTreeSet<_>>(), expected);
        assert!(set.iter().is_sorted(), "{set:?}");
        assert_eq!(set.last(), expected.last().copied());
        assert_eq!(set.len(), expected.len());
        assert_eq!(set.is_empty(), expected.is_empty());
        for number in 0..200 {
            assert_eq!(set.contains(number), expected.contains(&number), "{number}");
        }
        let halves = [0, 1].map(|rest| {
            let half = numbers.iter().filter(|number| **number % 2 == rest);
            half.copied().collect::<NumberSet>()
        });
        assert_eq!(NumberSet::union(halves.iter()), set);
        set
    }

    #[test]
    fn few_and_many_numbers_are_kept() {
        check(&[]);
        check(&[0]);
        check(&[63, 64, 65]);
        check(&[5, 5, 3]);
        check(&[1_000_000, 7]);
        check(&(0..150).collect::<Vec<_>>());
        check(&(0..150).step_by(3).collect::<Vec<_>>());
        check(&(0..10).chain([100_000]).collect::<Vec<_>>());
    }

    #[test]
    fn a_number_is_taken_out() {
        let many = check(&(0..100).collect::<Vec<_>>());
        assert_eq!(many.without(99), (0..99).collect());
        assert_eq!(many.without(100), many);
        assert_eq!(check(&[7]).without(7), NumberSet::default());
    }

    #[test]
    fn many_numbers_take_a_bit_each() {
        let set = check(&(0..6_400).collect::<Vec<_>>());
        let super::Held::Many(words) = set.held else {
            panic!("it is written number by number");
        };
        assert_eq!(words.len(), 100);
    }
}

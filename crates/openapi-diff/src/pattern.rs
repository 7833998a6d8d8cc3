//! Which texts patterns accept: whether all that some accept are accepted by another, and
//! how long they are.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

use crate::ecmascript;

/// How many states are looked at before giving up, where those that several automata are in
/// at once count as one.
const MAX_STATES: usize = 200_000;

/// How many states may be looked at in one comparison of documents, where making
/// automata counts as well.
const MAX_WORK: usize = 500_000;

/// How many bytes of an automaton are as much work as a state to look at.
const BYTES: usize = 32;

/// Lengths beyond this are not counted.
const MAX_COUNTED: u64 = 1000;

/// Texts that match all of some patterns and have a length within bounds, in characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) patterns: &'a BTreeSet<String>,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

impl Texts<'_> {
    /// Returns whether all of them match a pattern; `None` if that is not decided, because
    /// a pattern is not regular (look-around, back-references), the automata are too large,
    /// or there are too many patterns.
    pub(super) fn all_match(&self, pattern: &str) -> Option<bool> {
        if self.patterns.contains(pattern) {
            return Some(true);
        }
        if is_exhausted() {
            return None;
        }
        let target = automaton(pattern)?;
        self.is_any(Some(&target), (self.least, self.most))
            .map(|is_any| !is_any)
    }

    /// Returns whether any of them has a length within these bounds; `None` if that is not
    /// decided.
    pub(super) fn any_is_long(&self, least: u64, most: Option<u64>) -> Option<bool> {
        let least = self.least.max(least);
        let most = self.most.into_iter().chain(most).min();
        if most.is_some_and(|most| most < least) {
            return Some(false);
        }
        if self.patterns.is_empty() {
            return Some(true);
        }
        if is_exhausted() {
            return None;
        }
        self.is_any(None, (least, most))
    }

    /// Returns whether any text has a length within bounds, matches all patterns, and does
    /// not match the one beside.
    fn is_any(&self, beside: Option<&Dfa>, bounds: (u64, Option<u64>)) -> Option<bool> {
        let any = automaton("")?;
        // Without a pattern that is not regular there are more texts.
        let patterns = self.patterns.iter();
        let known: Vec<Rc<Dfa>> = patterns.filter_map(|one| automaton(one)).collect();
        let is_exact = known.len() == self.patterns.len();
        let automata: Vec<&Dfa> = known.iter().chain([&any]).map(Rc::as_ref).collect();

        let (least, most) = bounds;
        let is_within = |length| length >= least && most.is_none_or(|most| length <= most);
        // There are more texts within these bounds.
        let counted = (
            least.min(MAX_COUNTED),
            most.filter(|most| *most <= MAX_COUNTED),
        );
        let mut work = 0;
        let found = match shortest(&automata, beside, (0, None), &mut work) {
            // Most texts are found without counting.
            Ok(Some(length)) if !is_within(length) => {
                let found = shortest(&automata, beside, counted, &mut work);
                found.map(|found| found.map(is_within))
            }
            found => found.map(|found| found.map(|_| true)),
        };
        AUTOMATA.with_borrow_mut(|automata| automata.work += work);
        match found {
            Ok(None) => Some(false),
            Ok(Some(true)) if is_exact => Some(true),
            Ok(Some(_)) | Err(Undecided) => None,
        }
    }
}

/// There are too many states to look at.
struct Undecided;

/// The length of a shortest text that has a length within bounds and that all automata
/// accept, but not the one beside. Walks them side by side.
fn shortest(
    automata: &[&Dfa],
    beside: Option<&Dfa>,
    (least, most): (u64, Option<u64>),
    work: &mut usize,
) -> Result<Option<u64>, Undecided> {
    // What is longer needs no counting, unless it is too long.
    let counted = most.map_or(least, |most| most + 1);
    let config = start::Config::new().anchored(Anchored::Yes);
    let start = |dfa: &Dfa| dfa.start_state(&config).map_err(|_| Undecided);
    let first = Walked {
        states: automata
            .iter()
            .copied()
            .map(start)
            .collect::<Result<_, _>>()?,
        beside: beside.map(start).transpose()?,
        count: 0,
    };
    let alphabet = alphabet(automata, beside);
    let mut seen = HashSet::from([first.clone()]);
    let mut queue = VecDeque::from([(first, 0)]);
    while let Some((at, length)) = queue.pop_front() {
        if at.count >= least && at.is_accepted(automata, beside) {
            return Ok(Some(length));
        }
        for &byte in &alphabet {
            let step = u64::from(begins_character(byte));
            let next = Walked {
                states: automata
                    .iter()
                    .zip(&at.states)
                    .map(|(dfa, state)| dfa.next_state(*state, byte))
                    .collect(),
                beside: beside
                    .zip(at.beside)
                    .map(|(dfa, state)| dfa.next_state(state, byte)),
                count: (at.count + step).min(counted),
            };
            if next.quits(automata, beside) {
                return Err(Undecided);
            }
            let is_too_long = most.is_some_and(|most| next.count > most);
            if !is_too_long && !next.is_dead(automata) && !seen.contains(&next) {
                *work += 1;
                if seen.len() > MAX_STATES {
                    return Err(Undecided);
                }
                seen.insert(next.clone());
                // Bytes within a character add nothing to the length.
                if step == 0 {
                    queue.push_front((next, length));
                } else {
                    queue.push_back((next, length + 1));
                }
            }
        }
    }
    Ok(None)
}

/// One byte of each class of bytes that the automata do not tell apart.
fn alphabet(automata: &[&Dfa], beside: Option<&Dfa>) -> Vec<u8> {
    let mut classes = HashSet::new();
    let mut is_new = |byte: &u8| {
        let automata = automata.iter().copied().chain(beside);
        let class: Vec<u8> = automata.map(|dfa| dfa.byte_classes().get(*byte)).collect();
        classes.insert((class, begins_character(*byte)))
    };
    (0..=u8::MAX).filter(|byte| is_new(byte)).collect()
}

/// Returns whether a byte is the first of a character, in UTF-8.
fn begins_character(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// Where automata are after the same text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Walked {
    states: Vec<StateID>,
    beside: Option<StateID>,
    /// How many characters the text has, as far as they are counted.
    count: u64,
}

impl Walked {
    fn is_accepted(&self, automata: &[&Dfa], beside: Option<&Dfa>) -> bool {
        let accepts = |dfa: &Dfa, state| dfa.is_match_state(dfa.next_eoi_state(state));
        let mut all = automata.iter().zip(&self.states);
        all.all(|(dfa, state)| accepts(dfa, *state))
            && !beside
                .zip(self.beside)
                .is_some_and(|(dfa, state)| accepts(dfa, state))
    }

    /// Returns whether nothing that begins like this is accepted.
    fn is_dead(&self, automata: &[&Dfa]) -> bool {
        let mut all = automata.iter().zip(&self.states);
        all.any(|(dfa, state)| dfa.is_dead_state(*state))
    }

    fn quits(&self, automata: &[&Dfa], beside: Option<&Dfa>) -> bool {
        let all = automata.iter().copied().zip(self.states.iter().copied());
        all.chain(beside.zip(self.beside))
            .any(|(dfa, state)| dfa.is_quit_state(state))
    }
}

/// Returns whether a text matches a pattern; `None` if the pattern is not regular.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    let dfa = automaton(pattern)?;
    let config = start::Config::new().anchored(Anchored::Yes);
    let mut state = dfa.start_state(&config).ok()?;
    for byte in text.bytes() {
        state = dfa.next_state(state, byte);
        if dfa.is_quit_state(state) {
            return None;
        }
    }
    Some(dfa.is_match_state(dfa.next_eoi_state(state)))
}

type Dfa = dense::DFA<Vec<u32>>;

/// Automata that are kept have no more bytes than this together.
const MAX_KEPT: usize = 128 << 20;

/// The automata of patterns, which are costly to make.
#[derive(Default)]
struct Automata {
    known: HashMap<String, Option<Rc<Dfa>>>,
    bytes: usize,
    /// How much has been done, in states that were looked at.
    work: usize,
}

thread_local! {
    // Each comparison of documents has a thread of its own.
    static AUTOMATA: RefCell<Automata> = RefCell::default();
}

/// Returns whether no more automata are to be made and walked.
fn is_exhausted() -> bool {
    AUTOMATA.with_borrow(|automata| automata.work > MAX_WORK)
}

fn automaton(pattern: &str) -> Option<Rc<Dfa>> {
    AUTOMATA.with_borrow_mut(|automata| {
        if let Some(known) = automata.known.get(pattern) {
            return known.clone();
        }
        let new = build(pattern).map(Rc::new);
        let bytes = pattern.len() + new.as_ref().map_or(0, |dfa| dfa.memory_usage());
        automata.bytes += bytes;
        automata.work += bytes / BYTES;
        if automata.bytes > MAX_KEPT {
            automata.known.clear();
            automata.bytes = bytes;
        }
        automata.known.insert(pattern.to_owned(), new.clone());
        new
    })
}

/// A pattern of JSON Schema may match anywhere in the text.
fn build(pattern: &str) -> Option<Dfa> {
    let pattern = ecmascript::translate(pattern);
    dense::Builder::new()
        .thompson(thompson::Config::new().nfa_size_limit(Some(4 << 20)))
        .configure(
            dense::Config::new()
                .start_kind(StartKind::Anchored)
                .match_kind(MatchKind::All)
                .dfa_size_limit(Some(4 << 20))
                .determinize_size_limit(Some(16 << 20)),
        )
        .syntax(syntax::Config::new())
        .build(&format!("(?s:.)*(?:{pattern})(?s:.)*"))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Texts;

    #[track_caller]
    fn check(a: &str, b: &str, expected: Option<bool>) {
        check_texts(&[a], (0, None), b, expected);
    }

    #[track_caller]
    fn check_texts(
        patterns: &[&str],
        (least, most): (u64, Option<u64>),
        target: &str,
        expected: Option<bool>,
    ) {
        let patterns: BTreeSet<String> = patterns.iter().map(|one| (*one).to_owned()).collect();
        let texts = Texts {
            patterns: &patterns,
            least,
            most,
        };
        assert_eq!(
            texts.all_match(target),
            expected,
            "{texts:?} match `{target}`?"
        );
    }

    #[test]
    fn an_anchored_pattern_is_within_a_looser_one() {
        check("^[a-z]{3}$", "^[a-z]+$", Some(true));
        check("^[a-z]+$", "^[a-z]{3}$", Some(false));
    }

    #[test]
    fn a_pattern_matches_anywhere() {
        check("^abc$", "b", Some(true));
        check("b", "^abc$", Some(false));
    }

    #[test]
    fn classes_are_those_of_ecmascript() {
        check(r"^\d+$", "^[0-9]+$", Some(true));
        check("^[0-9]+$", r"^\d+$", Some(true));
        check(r"^[\w-]+$", "^[A-Za-z0-9_-]+$", Some(true));
        check(r"^.$", r"^[^\r]$", Some(true));
        check(r"^[^\n]$", r"^.$", Some(false));
        check(r"^[a-z&&b]$", "^b$", Some(false));
        check(r"^[a-c--b]$", "^[ac]$", Some(false));
        check(r"^[.]$", r"^\.$", Some(true));
    }

    #[test]
    fn texts_within_a_length_match_a_pattern_of_that_length() {
        check_texts(&["^[A-Z]+$"], (3, Some(3)), "^[A-Z]{3}$", Some(true));
        check_texts(&["^[A-Z]+$"], (3, Some(4)), "^[A-Z]{3}$", Some(false));
        check_texts(&["^[A-Z]*$"], (1, None), "^[A-Z]+$", Some(true));
        check_texts(&["^[äöü]*$"], (2, Some(2)), "^..$", Some(true));
        check_texts(&[], (1, None), r"[\s\S]", Some(true));
        check_texts(&[], (0, Some(5)), r"^[\s\S]{0,5}$", Some(true));
        check_texts(&[], (0, Some(6)), r"^[\s\S]{0,5}$", Some(false));
    }

    #[test]
    fn great_lengths_are_decided_if_shorter_ones_do_it() {
        check_texts(&["^[A-Z]*$"], (5000, None), "^[A-Z]+$", Some(true));
        check_texts(&["^[A-Z]*$"], (5000, None), "^([A-Z]{3})*$", None);
        check_texts(&["^[A-Z]*$"], (0, Some(5000)), "^[a-z]+$", Some(false));
        check_texts(&["^[A-Z]*$"], (0, Some(5000)), "^[A-Z]{0,9}$", Some(false));
        check_texts(
            &["^[A-Z]{1,9}$"],
            (2, Some(5000)),
            "^[A-Z]{2,9}$",
            Some(true),
        );
    }

    #[test]
    fn several_patterns_hold_at_once() {
        check_texts(&["^[a-z]+$", "^.{3}$"], (0, None), "^[a-z]{3}$", Some(true));
        check_texts(
            &["^[a-z]+$", "^.{3,4}$"],
            (0, None),
            "^[a-z]{3}$",
            Some(false),
        );
        check_texts(&["^[a-z]+$", "^(?=a)"], (0, None), "^[a-z]*$", Some(true));
        check_texts(&["^[a-z]+$", "^(?=a)"], (0, None), "^[a-z]{3}$", None);
    }

    #[track_caller]
    fn check_length(patterns: &[&str], (least, most): (u64, Option<u64>), expected: Option<bool>) {
        let patterns = patterns.iter().map(|one| (*one).to_owned()).collect();
        let texts = Texts {
            patterns: &patterns,
            least: 0,
            most: Some(10_000),
        };
        let answer = texts.any_is_long(least, most);
        assert_eq!(
            answer, expected,
            "is any of {texts:?} {least} to {most:?} long?"
        );
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        check_length(&["^[a-z]+$"], (0, Some(0)), Some(false));
        check_length(&["^[a-z]+$"], (1, Some(1)), Some(true));
        check_length(&["^[äß]{2}€|abcd"], (0, Some(2)), Some(false));
        check_length(&["^([äß]{2}€|abcd?)$"], (3, Some(3)), Some(true));
        check_length(&["^([äß]{2}€|abcd?)$"], (5, None), Some(false));
        check_length(&["^(a|bc|[^d]{5})$"], (3, Some(4)), Some(false));
        check_length(&["^(a|bc|[^d]{5})$"], (3, Some(5)), Some(true));
        check_length(&["^a", "b"], (0, Some(1)), Some(false));
        check_length(&["a^"], (0, None), Some(false));
        let uuid = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";
        check_length(&[uuid], (37, None), Some(false));
        check_length(&[uuid], (5000, None), Some(false));
        check_length(&[uuid], (36, None), Some(true));
    }

    #[test]
    fn lengths_without_patterns_are_those_that_are_allowed() {
        check_length(&[], (0, Some(5000)), Some(true));
        check_length(&[], (10_001, None), Some(false));
    }

    #[test]
    fn what_is_not_regular_may_have_any_length() {
        check_length(&["^(?=a)b$"], (7, Some(7)), None);
        check_length(&["^(?=a)b$", "^.{3}$"], (7, Some(7)), Some(false));
    }

    #[test]
    fn what_is_not_regular_is_not_decided() {
        check("^(?=a)b$", "^b$", None);
    }
}

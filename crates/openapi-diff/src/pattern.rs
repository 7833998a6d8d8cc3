//! Whether every text that one pattern accepts is accepted by another.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

/// Pairs of states to look at before giving up.
const MAX_PAIRS: usize = 200_000;

/// How many pairs may be looked at in one comparison of documents, where making
/// automata counts as well.
const MAX_WORK: usize = 500_000;

/// How many bytes of an automaton are as much work as a pair of states.
const BYTES: usize = 32;

/// Decides it by walking both automata side by side. `None` if a pattern is
/// not regular (look-around, back-references), the automata are too large, or
/// there are too many patterns.
pub(super) fn within(a: &str, b: &str) -> Option<bool> {
    if a == b {
        return Some(true);
    }
    if AUTOMATA.with_borrow(|automata| automata.work > MAX_WORK) {
        return None;
    }
    let (a, b) = (automaton(a)?, automaton(b)?);
    let mut looked_at = 0;
    let answer = walk(&a, &b, &mut looked_at);
    AUTOMATA.with_borrow_mut(|automata| automata.work += looked_at);
    answer
}

fn walk(a: &Dfa, b: &Dfa, looked_at: &mut usize) -> Option<bool> {
    let config = start::Config::new().anchored(Anchored::Yes);
    let first = (a.start_state(&config).ok()?, b.start_state(&config).ok()?);
    let mut seen = HashSet::from([first]);
    let mut queue = VecDeque::from([first]);
    while let Some((x, y)) = queue.pop_front() {
        if a.is_dead_state(x) {
            continue;
        }
        let (end_x, end_y) = (a.next_eoi_state(x), b.next_eoi_state(y));
        if a.is_match_state(end_x) && !b.is_match_state(end_y) {
            return Some(false);
        }
        for byte in 0..=u8::MAX {
            let next = (a.next_state(x, byte), b.next_state(y, byte));
            if a.is_quit_state(next.0) || b.is_quit_state(next.1) {
                return None;
            }
            if seen.insert(next) {
                *looked_at = seen.len();
                if seen.len() > MAX_PAIRS {
                    return None;
                }
                queue.push_back(next);
            }
        }
    }
    Some(true)
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

/// The length of the shortest text that matches a pattern, in characters; `None` if that is
/// not found, or no text does.
pub(super) fn shortest(pattern: &str) -> Option<u64> {
    let is_exhausted = AUTOMATA.with_borrow(|automata| automata.work > MAX_WORK);
    if let Some(known) = AUTOMATA.with_borrow(|automata| automata.shortest.get(pattern).copied()) {
        return known;
    }
    let length = if is_exhausted {
        None
    } else {
        automaton(pattern).and_then(|dfa| shortest_in(&dfa))
    };
    AUTOMATA.with_borrow_mut(|automata| {
        automata.work += pattern.len() / BYTES;
        automata.shortest.insert(pattern.to_owned(), length);
    });
    length
}

fn shortest_in(dfa: &Dfa) -> Option<u64> {
    let config = start::Config::new().anchored(Anchored::Yes);
    let first = dfa.start_state(&config).ok()?;
    let mut done = HashSet::new();
    // Bytes within a character add nothing to the length, so what they lead to comes first.
    let mut queue = VecDeque::from([(first, 0)]);
    while let Some((state, length)) = queue.pop_front() {
        if dfa.is_dead_state(state) || !done.insert(state) {
            continue;
        }
        if dfa.is_match_state(dfa.next_eoi_state(state)) {
            return Some(length);
        }
        for byte in 0..=u8::MAX {
            let next = dfa.next_state(state, byte);
            if dfa.is_quit_state(next) {
                return None;
            }
            if byte & 0xC0 == 0x80 {
                queue.push_front((next, length));
            } else if !done.contains(&next) {
                queue.push_back((next, length + 1));
            }
        }
    }
    None
}

type Dfa = dense::DFA<Vec<u32>>;

/// Automata that are kept have no more bytes than this together.
const MAX_KEPT: usize = 128 << 20;

/// The automata of patterns, which are costly to make.
#[derive(Default)]
struct Automata {
    known: HashMap<String, Option<Rc<Dfa>>>,
    /// The lengths of the shortest texts that match.
    shortest: HashMap<String, Option<u64>>,
    bytes: usize,
    /// How much has been done, in pairs of states.
    work: usize,
}

thread_local! {
    // Each comparison of documents has a thread of its own.
    static AUTOMATA: RefCell<Automata> = RefCell::default();
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

/// A pattern of JSON Schema may match anywhere in the text, and its classes
/// are those of ECMAScript.
fn build(pattern: &str) -> Option<Dfa> {
    let pattern = ecmascript(pattern);
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

/// Spells `\d` and `\w` out, which stand for ASCII there and Unicode here.
fn ecmascript(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars();
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match (chars.next(), class) {
                (Some('d'), true) => out.push_str("0-9"),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('w'), true) => out.push_str("0-9A-Za-z_"),
                (Some('w'), false) => out.push_str("[0-9A-Za-z_]"),
                (Some('D'), _) => out.push_str("[^0-9]"),
                (Some('W'), _) => out.push_str("[^0-9A-Za-z_]"),
                (Some('/'), _) => out.push('/'),
                (Some(other), _) => {
                    out.push('\\');
                    out.push(other);
                }
                (None, _) => out.push('\\'),
            },
            '[' if class => out.push_str("\\["),
            '[' => {
                class = true;
                out.push('[');
            }
            ']' => {
                class = false;
                out.push(']');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{shortest, within};

    #[track_caller]
    fn check(a: &str, b: &str, expected: Option<bool>) {
        assert_eq!(within(a, b), expected, "is every `{a}` a `{b}`?");
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
    }

    #[track_caller]
    fn check_shortest(pattern: &str, expected: Option<u64>) {
        assert_eq!(shortest(pattern), expected, "the shortest `{pattern}`");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        check_shortest("^[a-z]+$", Some(1));
        check_shortest("^[äß]{2}€|abcd", Some(3));
        check_shortest("", Some(0));
        check_shortest("^(?=a)b$", None);
    }

    #[test]
    fn what_is_not_regular_is_not_decided() {
        check("^(?=a)b$", "^b$", None);
    }
}

//! Tells of each new difference between replies and their declared shape once, in the log.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use crate::json::Drift;

/// The longest JSON path that is told, in bytes.
const MAX_PATH: usize = 256;

/// The differences that were told. A reply without any does not come here.
pub(crate) struct DriftLog {
    /// How many are told.
    max: usize,
    told: RwLock<Told>,
}

#[derive(Default)]
struct Told {
    of_rpcs: HashMap<&'static str, HashSet<Drift>>,
    count: usize,
    /// Whether one was met that there was no room for.
    is_over: bool,
}

/// What there is to tell.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// The difference.
    Drift,
    /// That no further ones are told.
    Over,
}

impl DriftLog {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            told: RwLock::default(),
        }
    }

    /// Tells of a difference in a reply to an rpc, unless it was told already.
    pub(crate) fn tell(&self, rpc: &'static str, drift: &Drift) {
        let drift = cut(drift);
        match self.note(rpc, &drift) {
            Some(News::Drift) => {
                tracing::warn!(rpc, %drift, "the upstream drifts from its contract");
            }
            Some(News::Over) => tracing::warn!(
                told = self.max,
                "the upstream drifts from its contract in more ways than are told"
            ),
            None => {}
        }
    }

    fn note(&self, rpc: &'static str, drift: &Drift) -> Option<News> {
        let is_known = |told: &Told| {
            told.is_over || told.of_rpcs.get(rpc).is_some_and(|of| of.contains(drift))
        };
        // An upstream that drifts mostly does so in every reply.
        if is_known(&self.told.read().unwrap_or_else(PoisonError::into_inner)) {
            return None;
        }
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        if is_known(&told) {
            return None;
        }
        if told.count >= self.max {
            told.is_over = true;
            return (self.max > 0).then_some(News::Over);
        }
        told.count += 1;
        told.of_rpcs.entry(rpc).or_default().insert(drift.clone());
        Some(News::Drift)
    }
}

/// A difference whose path is short enough.
fn cut(drift: &Drift) -> Cow<'_, Drift> {
    if drift.path.len() <= MAX_PATH {
        return Cow::Borrowed(drift);
    }
    Cow::Owned(Drift {
        path: drift.path[..drift.path.floor_char_boundary(MAX_PATH)].to_owned(),
        kind: drift.kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::DriftKind;

    fn drift(path: &str) -> Drift {
        Drift {
            path: path.to_owned(),
            kind: DriftKind::UndeclaredProperty,
        }
    }

    #[test]
    fn each_difference_is_told_once() {
        let log = DriftLog::new(8);
        assert_eq!(log.note("a/B", &drift("$.x")), Some(News::Drift));
        assert_eq!(log.note("a/B", &drift("$.x")), None);
        let other_path = log.note("a/B", &drift("$.y"));
        assert_eq!(other_path, Some(News::Drift));
        let other_rpc = log.note("a/C", &drift("$.x"));
        assert_eq!(other_rpc, Some(News::Drift));
        let other_kind = Drift {
            kind: DriftKind::UnknownEnumValue,
            ..drift("$.x")
        };
        assert_eq!(log.note("a/B", &other_kind), Some(News::Drift));
    }

    #[test]
    fn what_there_is_no_room_for_is_told_once() {
        let log = DriftLog::new(2);
        let paths = ["$.a", "$.b", "$.c", "$.d", "$.a"];
        let news = paths.map(|path| log.note("a/B", &drift(path)));
        let told = [
            Some(News::Drift),
            Some(News::Drift),
            Some(News::Over),
            None,
            None,
        ];
        assert_eq!(news, told);
        let count: usize = log.told.read().expect("no writer panics").count;
        assert_eq!(count, 2, "no more are remembered than are told");
    }

    #[test]
    fn a_log_without_room_is_silent() {
        let log = DriftLog::new(0);
        assert_eq!(log.note("a/B", &drift("$.x")), None);
    }

    #[test]
    fn a_long_path_is_cut() {
        let long = drift(&"ü".repeat(MAX_PATH));
        assert_eq!(cut(&long).path.len(), MAX_PATH);
        assert_eq!(*cut(&drift("$.x")), drift("$.x"));
    }
}

//! Makes changes one at a time, and tells which went unnoticed.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use conformance::agree::Difference;

/// Unless all changes are asked for, one in this many is made. It is prime, so
/// that every kind is met in many places.
const STEP: usize = 17;

/// What a change does.
pub(crate) type Change<T> = Box<dyn Fn(&mut T) + Send + Sync>;

/// One change of an input.
pub(crate) struct Mutant<T> {
    /// Which slice of the input it is made in.
    slice: usize,
    kind: &'static str,
    place: String,
    change: Change<T>,
}

impl<T> Mutant<T> {
    pub(crate) fn new(
        slice: usize,
        kind: &'static str,
        place: impl Into<String>,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> Self {
        Self {
            slice,
            kind,
            place: place.into(),
            change: Box::new(change),
        }
    }
}

/// What became of the changes of one kind.
#[derive(Default)]
struct Tally {
    made: usize,
    /// They left the input as it was.
    idle: usize,
    /// The input could no longer be read at all.
    refused: usize,
}

/// Makes the changes and fails with those that no difference tells of. Each is
/// made in one of the slices of the input, so that no more is read again than
/// the change can reach; `compare` is given the number of the slice.
#[track_caller]
pub(crate) fn all_are_noticed<T, E>(
    side: &str,
    slices: &[T],
    mutants: &[Mutant<T>],
    compare: impl Fn(usize, &T) -> Result<Vec<Difference>, E> + Sync,
) where
    T: Clone + PartialEq + Send + Sync,
    E: Display,
{
    for (number, slice) in slices.iter().enumerate() {
        match compare(number, slice) {
            Ok(found) => assert!(
                found.is_empty(),
                "{side} differs before any change: {found:?}"
            ),
            Err(error) => panic!("{side} cannot be read before any change: {error}"),
        }
    }
    let step = match std::env::var("AGREEMENT_MUTANTS").as_deref() {
        Ok("all") => 1,
        _ => STEP,
    };
    let chosen: Vec<_> = mutants.iter().step_by(step).collect();
    let next = AtomicUsize::new(0);
    let tallies: Mutex<BTreeMap<&str, Tally>> = Mutex::default();
    let survivors: Mutex<Vec<String>> = Mutex::default();
    let work = || {
        while let Some(mutant) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let original = &slices[mutant.slice];
            let mut changed = original.clone();
            (mutant.change)(&mut changed);
            let is_idle = changed == *original;
            let outcome = (!is_idle).then(|| compare(mutant.slice, &changed));
            if outcome
                .as_ref()
                .is_some_and(|outcome| outcome.as_ref().is_ok_and(Vec::is_empty))
            {
                let mut survivors = survivors.lock().expect("no thread panics here");
                survivors.push(format!("{} {}", mutant.kind, mutant.place));
            }
            let mut tallies = tallies.lock().expect("no thread panics here");
            let tally = tallies.entry(mutant.kind).or_default();
            tally.made += usize::from(!is_idle);
            tally.idle += usize::from(is_idle);
            tally.refused += usize::from(outcome.is_some_and(|outcome| outcome.is_err()));
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let tallies = tallies.into_inner().expect("no thread panics here");
    let sum = |of: fn(&Tally) -> usize| tallies.values().map(of).sum::<usize>();
    eprintln!(
        "{side}: {} of {} mutants made, {} of them refused by the reader, {} were no change",
        sum(|tally| tally.made),
        mutants.len(),
        sum(|tally| tally.refused),
        sum(|tally| tally.idle)
    );
    for (kind, tally) in &tallies {
        let Tally {
            made,
            idle,
            refused,
        } = tally;
        eprintln!("  {kind}: {made} made, {refused} refused, {idle} idle");
    }
    let mut survivors = survivors.into_inner().expect("no thread panics here");
    survivors.sort();
    assert!(
        survivors.is_empty(),
        "{side}: {} changes went unnoticed; teach the comparison in \
         crates/conformance/src/agree.rs to see them:\n  {}",
        survivors.len(),
        survivors.join("\n  ")
    );
}

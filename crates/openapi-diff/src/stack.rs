//! A stack that is deep enough for every document.

use std::cell::Cell;
use std::thread;

/// Recursion is bounded, but not to what a small thread can hold.
const STACK: usize = 256 << 20;

thread_local! {
    /// Whether this thread has such a stack.
    static IS_DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Runs something on a stack that is deep enough for every document: in a thread of its own,
/// or in this one if it has such a stack, or if there is no room for another. [`diff`] does
/// so itself. Whoever reads the documents in here too saves what that has freed, which
/// another thread could not use again.
///
/// [`diff`]: crate::diff
pub fn on_deep_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    if IS_DEEP.get() {
        return run();
    }
    on_stack_of(STACK, run)
}

fn on_stack_of<R: Send>(size: usize, run: impl FnOnce() -> R + Send) -> R {
    let mut left = Some(run);
    let done = thread::scope(|scope| {
        let taken = &mut left;
        let started = thread::Builder::new()
            .stack_size(size)
            .spawn_scoped(scope, move || {
                IS_DEEP.set(true);
                taken.take().map(|run| run())
            });
        match started.ok()?.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    match (done, left) {
        (Some(done), _) => done,
        // No thread was started.
        (None, Some(run)) => run(),
        (None, None) => unreachable!("what was taken was run"),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::{on_deep_stack, on_stack_of};

    #[test]
    fn one_deep_stack_is_enough() {
        let own = || thread::current().id();
        let (outer, inner) = on_deep_stack(|| (own(), on_deep_stack(own)));
        assert_ne!(outer, own());
        assert_eq!(inner, outer);
    }

    #[test]
    fn without_room_for_a_stack_the_one_at_hand_is_used() {
        let own = thread::current().id();
        // More than there are addresses.
        assert_eq!(on_stack_of(1 << 50, || thread::current().id()), own);
    }
}

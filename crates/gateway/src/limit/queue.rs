//! The calls that wait for a place, in an order that is fair to callers.
//!
//! Callers take turns. Of one caller the oldest call goes first, until it is
//! late: then the newest goes first, as the old ones are likely to be given up
//! before they are answered.

use std::collections::BTreeMap;

use tokio::time::Instant;
use transcode::CallerKey;

/// What a call that waits is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    caller: CallerKey,
    number: u64,
}

/// Calls of type `W` that wait. Every operation takes logarithmic time, but for
/// [`Queue::evict`], which looks at every caller.
#[derive(Debug)]
pub(super) struct Queue<W> {
    callers: BTreeMap<CallerKey, Line<W>>,
    /// Whose turn is next: the callers by their turns.
    turns: BTreeMap<u64, CallerKey>,
    len: usize,
    /// Counts turns and tickets, which never repeat.
    counter: u64,
}

/// The calls of one caller by the numbers of their tickets, which rise with time.
/// Never empty.
#[derive(Debug)]
struct Line<W> {
    turn: u64,
    calls: BTreeMap<u64, Waiting<W>>,
}

#[derive(Debug)]
struct Waiting<W> {
    call: W,
    late: Instant,
}

impl<W> Queue<W> {
    pub(super) fn new() -> Self {
        Self {
            callers: BTreeMap::new(),
            turns: BTreeMap::new(),
            len: 0,
            counter: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts in a call that is late from an instant on.
    pub(super) fn push(&mut self, caller: CallerKey, call: W, late: Instant) -> Ticket {
        let number = self.count();
        self.len += 1;
        let line = self.callers.entry(caller).or_insert_with(|| {
            self.turns.insert(number, caller);
            Line {
                turn: number,
                calls: BTreeMap::new(),
            }
        });
        line.calls.insert(number, Waiting { call, late });
        Ticket { caller, number }
    }

    /// Takes out the call whose turn it is.
    pub(super) fn pop(&mut self, now: Instant) -> Option<W> {
        let (_, &caller) = self.turns.first_key_value()?;
        let calls = &self.callers.get(&caller)?.calls;
        let (oldest, waiting) = calls.first_key_value()?;
        let (newest, _) = calls.last_key_value()?;
        let number = *if waiting.late < now { newest } else { oldest };
        let call = self.remove(Ticket { caller, number });
        let turn = self.count();
        if let Some(line) = self.callers.get_mut(&caller) {
            self.turns.remove(&line.turn);
            self.turns.insert(turn, caller);
            line.turn = turn;
        }
        call
    }

    /// Takes out a call that does not wait any more. Returns `None` if it was
    /// taken out before.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<W> {
        let line = self.callers.get_mut(&ticket.caller)?;
        let Waiting { call, .. } = line.calls.remove(&ticket.number)?;
        if line.calls.is_empty() {
            self.turns.remove(&line.turn);
            self.callers.remove(&ticket.caller);
        }
        self.len -= 1;
        Some(call)
    }

    /// Takes out a call to make room: the oldest of the caller that has the most
    /// calls waiting, and among such callers, the oldest.
    pub(super) fn evict(&mut self) -> Option<W> {
        let oldest = self.callers.iter().filter_map(|(caller, line)| {
            let (&number, _) = line.calls.first_key_value()?;
            let caller = *caller;
            Some((line.calls.len(), Ticket { caller, number }))
        });
        let (_, ticket) =
            oldest.max_by_key(|(len, ticket)| (*len, std::cmp::Reverse(ticket.number)))?;
        self.remove(ticket)
    }

    fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ANN: CallerKey = CallerKey(1);
    const BOB: CallerKey = CallerKey(2);

    /// How long the calls wait until they are late.
    const PATIENCE: Duration = Duration::from_millis(500);

    /// A queue of these calls, and when they came.
    fn queue(calls: &[(CallerKey, u32)]) -> (Queue<u32>, Vec<Ticket>, Instant) {
        let now = Instant::now();
        let mut queue = Queue::new();
        let tickets = calls
            .iter()
            .map(|(caller, call)| queue.push(*caller, *call, now + PATIENCE));
        let tickets = tickets.collect();
        (queue, tickets, now)
    }

    #[track_caller]
    fn check_order(calls: &[(CallerKey, u32)], after: Duration, expected: &[u32]) {
        let (mut queue, _, now) = queue(calls);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(now + after)).collect();
        assert_eq!(order, expected);
        check_empty(&queue);
    }

    #[track_caller]
    fn check_empty(queue: &Queue<u32>) {
        assert_eq!(queue.len(), 0);
        assert!(queue.callers.is_empty(), "callers are left");
        assert!(queue.turns.is_empty(), "turns are left");
    }

    #[test]
    fn the_oldest_goes_first_in_a_burst() {
        check_order(&[(ANN, 1), (ANN, 2), (ANN, 3)], PATIENCE, &[1, 2, 3]);
    }

    #[test]
    fn the_newest_goes_first_if_the_oldest_is_late() {
        check_order(&[(ANN, 1), (ANN, 2), (ANN, 3)], 2 * PATIENCE, &[3, 2, 1]);
    }

    #[test]
    fn the_oldest_goes_first_again_if_the_late_ones_are_gone() {
        let (mut queue, tickets, now) = queue(&[(ANN, 1)]);
        let later = now + 2 * PATIENCE;
        queue.push(ANN, 2, later + PATIENCE);
        queue.push(ANN, 3, later + PATIENCE);
        queue.remove(tickets[0]);
        assert_eq!(queue.pop(later), Some(2));
    }

    #[test]
    fn one_that_is_late_does_not_change_the_order_of_other_callers() {
        let (mut queue, _, now) = queue(&[(ANN, 1)]);
        let later = now + 2 * PATIENCE;
        queue.push(ANN, 2, later + PATIENCE);
        queue.push(BOB, 3, later + PATIENCE);
        queue.push(BOB, 4, later + PATIENCE);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(later)).collect();
        assert_eq!(order, [2, 3, 1, 4]);
    }

    #[test]
    fn callers_take_turns() {
        let calls = [(ANN, 1), (ANN, 2), (ANN, 3), (BOB, 4), (BOB, 5)];
        check_order(&calls, Duration::ZERO, &[1, 4, 2, 5, 3]);
    }

    #[test]
    fn a_caller_that_comes_back_queues_behind_the_others() {
        let (mut queue, _, now) = queue(&[(ANN, 1), (BOB, 2), (BOB, 3)]);
        assert_eq!(queue.pop(now), Some(1));
        queue.push(ANN, 4, now + PATIENCE);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(now)).collect();
        assert_eq!(order, [2, 4, 3]);
    }

    #[test]
    fn what_gives_up_leaves_nothing_behind() {
        let (mut queue, tickets, _) = queue(&[(ANN, 1), (BOB, 2), (ANN, 3)]);
        for (ticket, call) in tickets.iter().zip(1..) {
            assert_eq!(queue.remove(*ticket), Some(call));
            assert_eq!(queue.remove(*ticket), None);
        }
        check_empty(&queue);
    }

    #[test]
    fn the_longest_line_makes_room() {
        let (mut queue, _, _) = queue(&[(BOB, 1), (ANN, 2), (ANN, 3), (ANN, 4)]);
        assert_eq!(queue.evict(), Some(2));
        assert_eq!(queue.evict(), Some(3));
        assert_eq!(queue.evict(), Some(1));
        assert_eq!(queue.evict(), Some(4));
        assert_eq!(queue.evict(), None);
        check_empty(&queue);
    }
}

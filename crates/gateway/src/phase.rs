//! What a server is doing, for everything below it to follow.

/// What a server is doing. It only ever moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It serves.
    Serving,
    /// It ends what it has begun and begins nothing new.
    Leaving,
    /// Its grace period is over: what has no answer yet gets one that says so.
    Over,
}

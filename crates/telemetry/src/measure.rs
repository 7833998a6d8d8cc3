//! What durations are sorted into.

use std::time::Duration;

use crate::registry::Measurements;

/// The bounds of the buckets for calls and requests, in seconds.
const OF_CALLS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// The bounds of the buckets for statements of a database, in seconds.
const OF_STATEMENTS: [f64; 13] = [
    0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0,
];

/// Durations of calls.
pub(crate) fn of_calls() -> Measurements {
    Measurements::new(OF_CALLS)
}

/// Durations of statements.
pub(crate) fn of_statements() -> Measurements {
    Measurements::new(OF_STATEMENTS)
}

/// Adds a duration.
pub(crate) fn observe(measurements: &Measurements, duration: Duration) {
    measurements.observe(duration.as_secs_f64());
}

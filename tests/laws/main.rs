//! The laws of `contract verify`, against the backend with one fault at a time.
//!
//! Every test owns its whole backend, on a port that the system picks.

mod adopted;
mod faults;
mod faulty;
mod library;
mod missed;
mod other;
mod sound;

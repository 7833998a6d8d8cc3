#![doc = include_str!("../README.md")]

pub mod names;
pub mod template;

mod violation;

pub use violation::Violation;

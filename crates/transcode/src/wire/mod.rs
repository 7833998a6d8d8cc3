//! From JSON to protobuf in one pass, while the JSON arrives.
//!
//! transcode-build writes one [`MessageLayout`](crate::layout::MessageLayout) per message; a [`Reader`] goes
//! through the text once with it and writes the bytes of the message, without a
//! message in between. What becomes of which JSON is stated in
//! [`json`](crate::json), whose readers make typed messages of the same texts.
//!
//! Nothing here waits, and nothing knows of HTTP.

mod frame;
mod number;
mod output;
mod reader;
mod refusal;
mod scalar;
mod token;

pub use reader::{Reader, read};

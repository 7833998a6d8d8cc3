//! Between the bytes of protobuf and JSON, without a message in between.
//!
//! transcode-build writes one [`MessageLayout`](crate::layout::MessageLayout) per
//! message. With it a [`Reader`] goes through the JSON of a reply once, while it
//! arrives, and writes the bytes of the message. [`request_parts`] goes through the
//! bytes of a request and writes the path, the query and the JSON. What becomes of
//! which value is stated in [`json`](crate::json) and [`mask`](crate::mask), which
//! do the same with typed messages.
//!
//! Nothing here waits, and nothing knows of HTTP.

mod frame;
mod number;
mod output;
mod reader;
mod refusal;
mod request;
mod scalar;
mod token;

pub use reader::{Reader, read};
pub use request::request_parts;
pub(crate) use request::{UploadParts, read_upload, target};

//! JSON for generated messages.
//!
//! transcode-build writes one [`JsonMessage`] per message and one [`JsonEnum`]
//! per enum; this module reads and writes them through serde, so that no
//! intermediate tree is built. Callers within the process use it, and the tests. What
//! comes as bytes a gateway translates without a message, with [`wire`](crate::wire);
//! what this module makes of a message or a text says what that has to make of the
//! bytes. The rules of the wire are stated here, in the codecs:
//!
//! - a property is named by the `json_name` of its field;
//! - an unset field is not written; absent and null read as unset;
//! - an enum value is written in its JSON spelling, the zero value never; an
//!   unknown spelling reads as zero and is reported as [`Drift`];
//! - of the members of a oneof one at most has a value;
//! - a property that no field declares is skipped and reported as drift, or
//!   collected where the message names a field for it;
//! - a whole number is written without a fraction; of 64 bits it is read from a string too;
//! - a value at the edge of its type is kept, or rounded and reported as drift,
//!   or refused, as below;
//! - anything else that does not fit is an error with its path.
//!
//! What becomes of values at the edges of their types:
//!
//! | value | becomes |
//! | --- | --- |
//! | an integer out of the range of its field; one beyond 2^53 that is written with a fraction or an exponent | an error |
//! | an integer with a fraction of zeros (`1.0`) or an exponent (`1e3`) | the integer |
//! | an integer with a fraction that a double does not see (`1.00000000000000000001`) | the integer, `RoundedNumber` |
//! | a whole number beyond 2^53 in a `double` or a free-form value, in digits alone | the nearest double, `RoundedNumber` if it is another number |
//! | any other number in a `double` | the nearest double |
//! | a number that is not zero but whose nearest double (or float) is | zero, `RoundedNumber` |
//! | a number beyond the largest double (`1e400`) or float | an error |
//! | minus zero | kept in a `double` or `float`, zero in an integer |
//! | an instant outside of the years 1 to 9999 in UTC, whatever its offset | an error |
//! | a leap second at the end of a day in UTC | the first second of the next day, `LeapSecond` |
//! | any other second 60 | an error |
//! | an instant or duration with more than nine digits of a second | without the others, `LostFractionDigits` if they are not zeros |
//! | a duration of more than 315,576,000,000 s | an error |
//! | NaN, an infinity, an instant or a duration out of range in a request | `INVALID_ARGUMENT` |
//!
//! Nothing here ever repeats a value in an error: values belong to the people
//! whose data they are.

mod codec;
mod drift;
mod exact;
mod field;
mod message;
mod object;
mod path;
mod reading;
mod scalar;
mod time;
mod well_known;
mod writing;

pub use codec::{Codec, ReadField, TextCodec, WriteField};
pub use drift::{Drift, DriftKind, Drifts};
pub(crate) use exact::is_kept;
pub use field::{Holds, Implicit, MapKey, MapOf, Optional, Repeated, map_key};
pub(crate) use message::no_spelling;
pub use message::{Enum, JsonEnum, JsonMessage, Nested, Transparent, TransparentMessage};
pub use object::{Object, Property};
pub use path::Path;
pub use reading::{At, ReadError};
pub(crate) use reading::{MAX_DEPTH, MAX_DRIFTS, Wanted};
pub use scalar::{Boolean, Double, Float, Int32, Int64, Octets, Text, UInt32, UInt64};
pub(crate) use scalar::{
    DOUBTFUL, MAX_EXACT, NOT_FINITE, decode_base64, is_integer, nearest_double, nearest_float,
    rounded_float, standard_base64, url_safe_base64, whole,
};
pub(crate) use time::{instant, parse_span, span, usual_instant};
pub(crate) use well_known::mask_paths;
pub use well_known::{Duration, Empty, FieldMask, ListValue, Struct, Timestamp, Value};
pub use writing::{To, WriteError};

#[doc(no_inline)]
pub use crate::mask::{Behavior, Children, Field};
#[doc(no_inline)]
pub use serde::de::MapAccess;
#[doc(no_inline)]
pub use serde::ser::SerializeMap;

use crate::mask::Mask;
use reading::ReadState;
use writing::WriteState;

/// Reads a value with the codec from a whole JSON text.
///
/// # Errors
///
/// Fails with the JSON path of the first value that does not fit, and where the
/// text is not JSON or has something behind its value.
pub fn read<C: Codec>(json: &[u8]) -> Result<(C::Value, Drifts), ReadError> {
    let state = ReadState::default();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = C::read(&mut deserializer, At::root(&state))
        .and_then(|value| deserializer.end().map(|()| value));
    match value {
        Ok(value) => {
            if state.is_doubtful() {
                exact::report(json, &state);
            }
            Ok((value, state.into_drifts()))
        }
        Err(error) => Err(state.into_error(&error)),
    }
}

/// Writes a value as JSON text.
///
/// `path` is what leads to the value in errors: the name of the body field, or
/// nothing where the value is the whole request. With a mask, exactly what it
/// selects is written; see [`Mask`].
///
/// # Errors
///
/// Fails with the path of the first value that has no JSON form: a number that
/// is not finite, an enum number without a spelling, an instant out of range.
pub fn write<C: Codec>(
    value: &C::Value,
    path: &'static str,
    mask: Mask<'_>,
) -> Result<Vec<u8>, WriteError> {
    let state = WriteState::default();
    let mut json = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::new(&mut json);
    let written = C::write(
        value,
        &mut serializer,
        To::root(&state, &Path::root(path), mask),
    );
    match written {
        Ok(()) => Ok(json),
        Err(error) => Err(state.into_error(path, &error)),
    }
}

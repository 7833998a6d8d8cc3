//! The well-known types of protobuf that are a text in JSON.

use std::borrow::Cow;

use crate::json::{self, TextCodec};
use crate::layout::{MessageLayout, ValueLayout};
use crate::request_parts::Malformed;

use super::bytes::WireValue;
use super::found::{Occurrences, Stack};
use super::scalar::ScalarValue;
use super::shape::Shape;

/// The text of a value that is a text in JSON but no scalar, or the reason why it has
/// none; `None` where the layout is another one.
///
/// # Errors
///
/// Fails where the bytes are no message.
pub(super) fn text<'m>(
    stack: &mut Stack<'m>,
    layout: &ValueLayout,
    value: &Occurrences<'m>,
) -> Result<Option<Result<Cow<'m, str>, String>>, Malformed> {
    let Some(shape @ Shape::Message(fields)) = Shape::of(layout) else {
        return Ok(None);
    };
    let height = stack.height();
    let message = stack.open(shape, value)?;
    let text = match layout {
        ValueLayout::Timestamp => {
            let (seconds, nanos) = seconds_and_nanos(stack, fields, &message)?;
            let instant = prost_types::Timestamp { seconds, nanos };
            json::Timestamp::text(&instant).map(|text| Cow::Owned(text.into_owned()))
        }
        ValueLayout::Duration => {
            let (seconds, nanos) = seconds_and_nanos(stack, fields, &message)?;
            let span = prost_types::Duration { seconds, nanos };
            json::Duration::text(&span).map(|text| Cow::Owned(text.into_owned()))
        }
        ValueLayout::FieldMask => {
            let mask = prost_types::FieldMask {
                paths: paths(stack, &message)?,
            };
            json::FieldMask::text(&mask).map(|text| Cow::Owned(text.into_owned()))
        }
        _ => {
            stack.close(height);
            return Ok(None);
        }
    };
    stack.close(height);
    Ok(Some(text))
}

fn seconds_and_nanos(
    stack: &Stack<'_>,
    layout: &'static MessageLayout,
    message: &std::ops::Range<usize>,
) -> Result<(i64, i32), Malformed> {
    let number = |index: u16| -> Result<i64, Malformed> {
        let value = Occurrences::Found(stack.values(message, index));
        let field = layout.fields.get(usize::from(index));
        let field = field.map_or(&ValueLayout::Bool, |field| &field.value);
        Ok(match ScalarValue::of(field, stack.last(&value))? {
            Some(ScalarValue::Signed(number)) => number,
            _ => 0,
        })
    };
    Ok((number(0)?, i32::try_from(number(1)?).unwrap_or_default()))
}

/// The paths of a `google.protobuf.FieldMask`.
///
/// # Errors
///
/// Fails where one of them is not UTF-8.
pub(super) fn mask<'m>(
    stack: &mut Stack<'m>,
    value: &Occurrences<'m>,
) -> Result<prost_types::FieldMask, Malformed> {
    let mut mask = prost_types::FieldMask::default();
    if let Some(shape) = Shape::of(&ValueLayout::FieldMask) {
        let message = stack.open(shape, value)?;
        mask.paths = paths(stack, &message)?;
        stack.close(message.start);
    }
    Ok(mask)
}

fn paths(stack: &Stack<'_>, message: &std::ops::Range<usize>) -> Result<Vec<String>, Malformed> {
    let mut paths = Vec::new();
    for at in message.clone() {
        if let Some(WireValue::Bytes(path)) = stack.at(at) {
            let path = std::str::from_utf8(path);
            let path = path.map_err(|_| Malformed::new("it is a text that is not UTF-8"))?;
            paths.push(path.to_owned());
        }
    }
    Ok(paths)
}

//! From protobuf to the parts of an HTTP request.
//!
//! The bytes are checked first, all of them: what cannot be decoded is refused before
//! anything else is looked at. Then the fields are found, message by message, and
//! written in the order of the proto. What prost decodes is translated, and what it
//! refuses is refused.

mod bytes;
mod check;
mod found;
mod free_form;
mod json;
mod path_query;
mod scalar;
mod shape;
mod well_known;
mod writer;

use std::ops::Range;

use crate::call;
use crate::json::Path;
use crate::layout::{
    BodyLayout, Holding, MaskLayout, MessageLayout, RequestLayout, UploadLayout, ValueLayout,
};
use crate::mask::{Mask, Selection};
use crate::request_parts::{Malformed, Refused, RequestParts};
use transcode_core::Violation;
use transcode_core::template::Template;

use self::bytes::{MAX_DEPTH, WireValue};
use self::found::{Occurrences, Stack};
use self::shape::Shape;
use self::writer::{At, Failure, Writer};

/// Makes a request of the bytes of a message.
///
/// # Errors
///
/// Fails where the bytes cannot be decoded, else names every field that does not fit
/// the path or the query at once, or else what has no JSON form in the body and the
/// paths of a field mask that lead to no field.
pub fn request_parts(
    path: &Template<'_>,
    layout: &'static RequestLayout,
    message: &[u8],
) -> Result<RequestParts, Refused> {
    let (mut stack, found) = open(layout, message)?;
    let target = path_query::write(&mut stack, path, layout, &found)??;
    let body = match &layout.body {
        BodyLayout::Nothing => None,
        body => {
            let json = Vec::with_capacity(256.max(message.len() * 2));
            let mut writer = Writer { stack, json };
            let written = write_body(&mut writer, body, (layout.message)(), message, found);
            written.map_err(|failure| match failure {
                BodyFailure::Value(Failure::Malformed(error)) => Refused::Malformed(error),
                BodyFailure::Value(Failure::NoForm { path, reason }) => {
                    Refused::Violations(vec![Violation {
                        field: path,
                        description: reason,
                    }])
                }
                BodyFailure::Violations(violations) => Refused::Violations(violations),
            })?;
            Some(writer.json)
        }
    };
    Ok(RequestParts { target, body })
}

/// The path and query that are made of the bytes of a message.
///
/// # Errors
///
/// As for [`request_parts`].
pub(crate) fn target(
    path: &Template<'_>,
    layout: &'static RequestLayout,
    message: &[u8],
) -> Result<String, Refused> {
    let (mut stack, found) = open(layout, message)?;
    Ok(path_query::write(&mut stack, path, layout, &found)??)
}

/// What a message of an upload is.
pub(crate) enum UploadParts<'m> {
    /// Says where the content goes.
    Header {
        target: Result<String, Vec<Violation>>,
        file_name: Option<&'m str>,
        content_type: Option<&'m str>,
    },
    /// A part of the content.
    Content(&'m [u8]),
    /// Says nothing.
    Neither,
}

/// Reads the bytes of a message of an upload.
///
/// # Errors
///
/// Fails where they cannot be decoded.
pub(crate) fn read_upload<'m>(
    path: &Template<'_>,
    layout: &'static RequestLayout,
    upload: &UploadLayout,
    message: &'m [u8],
) -> Result<UploadParts<'m>, Malformed> {
    let (mut stack, found) = open(layout, message)?;
    let content = Occurrences::Found(stack.values(&found, upload.content));
    if let Some(WireValue::Bytes(content)) = stack.last(&content) {
        return Ok(UploadParts::Content(content));
    }
    if stack.values(&found, upload.header).is_empty() {
        return Ok(UploadParts::Neither);
    }
    let shape = Shape::Message((layout.message)());
    Ok(UploadParts::Header {
        target: path_query::write(&mut stack, path, layout, &found)?,
        file_name: path_query::text_at(&mut stack, shape, &found, upload.file_name)?,
        content_type: path_query::text_at(&mut stack, shape, &found, upload.content_type)?,
    })
}

/// Checks the bytes of a message and finds its fields.
fn open<'m>(
    layout: &RequestLayout,
    message: &'m [u8],
) -> Result<(Stack<'m>, Range<usize>), Malformed> {
    let shape = Shape::Message((layout.message)());
    check::check(shape, message, MAX_DEPTH)?;
    let mut stack = Stack::default();
    let message = Occurrences::One(WireValue::Bytes(message));
    let found = stack.open(shape, &message)?;
    Ok((stack, found))
}

/// Why there is no body.
enum BodyFailure {
    Value(Failure),
    /// What is wrong is more than a value.
    Violations(Vec<Violation>),
}

impl From<Failure> for BodyFailure {
    fn from(failure: Failure) -> Self {
        Self::Value(failure)
    }
}

impl From<Malformed> for BodyFailure {
    fn from(error: Malformed) -> Self {
        Self::Value(error.into())
    }
}

fn write_body<'m>(
    writer: &mut Writer<'m>,
    body: &BodyLayout,
    layout: &'static MessageLayout,
    message: &'m [u8],
    found: Range<usize>,
) -> Result<(), BodyFailure> {
    match body {
        BodyLayout::Nothing => {}
        BodyLayout::Request { cleared, mask } => {
            let selection = selection(writer, mask.as_ref(), layout, &found)?;
            let path = Path::root("");
            let at = At {
                path: &path,
                mask: selection.mask(),
                cleared,
            };
            writer.stack.close(found.start);
            writer.message(layout, &Occurrences::One(WireValue::Bytes(message)), at)?;
        }
        BodyLayout::Field { index, name, mask } => {
            let Some(field) = layout.fields.get(usize::from(*index)) else {
                return Ok(());
            };
            let path = Path::root(name);
            let values = writer.stack.values(&found, *index);
            let at = At::new(&path, Mask::Set);
            match (field.holds, &field.value) {
                (Holding::Repeated { .. }, value) => writer.list(value, values, at)?,
                (Holding::Map(key), value) => writer.map(key, value, values, at)?,
                (Holding::Optional, ValueLayout::Message(fields)) => {
                    let selection = selection(writer, mask.as_ref(), fields(), &found)?;
                    let at = At::new(&path, selection.mask());
                    writer.message(fields(), &Occurrences::Found(values), at)?;
                }
                (Holding::Implicit, value) => {
                    let values = if values.is_empty() {
                        Occurrences::Nowhere
                    } else {
                        Occurrences::Found(values)
                    };
                    writer.value(value, &values, at)?;
                }
                (Holding::Optional | Holding::Member(_), _) if values.is_empty() => {
                    return Err(BodyFailure::Violations(call::missing_body(name)));
                }
                (Holding::Optional | Holding::Member(_), value) => {
                    writer.value(value, &Occurrences::Found(values), at)?;
                }
            }
        }
    }
    Ok(())
}

/// What the field mask of the request selects of a message with this layout.
fn selection(
    writer: &mut Writer<'_>,
    mask: Option<&MaskLayout>,
    layout: &'static MessageLayout,
    found: &Range<usize>,
) -> Result<Selection, BodyFailure> {
    let Some(mask) = mask else {
        return Ok(Selection::Set);
    };
    let values = writer.stack.values(found, mask.index);
    if values.is_empty() {
        return Ok(Selection::Set);
    }
    let paths = well_known::mask(&mut writer.stack, &Occurrences::Found(values))?;
    let selection = call::selection(Some(&paths), layout.declared, mask.except);
    selection.map_err(BodyFailure::Violations)
}

//! The path and the query.

use std::borrow::Cow;
use std::ops::Range;

use crate::layout::{Holding, ParameterLayout, RequestLayout, ValueLayout};
use crate::query::Query;
use crate::request_parts::Malformed;
use crate::wire::output::WireType;
use transcode_core::Violation;
use transcode_core::template::Template;

use super::bytes::{self, WireValue};
use super::found::{Occurrences, Stack};
use super::scalar::ScalarValue;
use super::shape::{KnownField, Shape, wire_type};
use super::well_known;

/// A text, or why a value has none.
type Text<'m> = Result<Cow<'m, str>, String>;

/// The path and query of a request.
///
/// # Errors
///
/// Fails where the bytes are no message; within, names every field that does not fit.
pub(super) fn write(
    stack: &mut Stack<'_>,
    path: &Template<'_>,
    layout: &RequestLayout,
    found: &Range<usize>,
) -> Result<Result<String, Vec<Violation>>, Malformed> {
    let shape = Shape::Message((layout.message)());
    let mut variables = Vec::with_capacity(layout.variables.len());
    for variable in layout.variables {
        let text = variable_text(stack, shape, found, variable.way)?;
        variables.push((variable.field, text));
    }
    let path = path.fill(|field| {
        let variable = variables.iter_mut().find(|variable| variable.0 == field);
        variable.map_or(Ok(None), |variable| {
            std::mem::replace(&mut variable.1, Ok(None))
        })
    });
    let mut query = Query::default();
    push(stack, layout.parameters, shape, found, &mut query)?;
    Ok(query.behind(path))
}

/// The text of a variable, if it is set.
fn variable_text<'m>(
    stack: &mut Stack<'m>,
    shape: Shape,
    found: &Range<usize>,
    way: &[u16],
) -> Result<Result<Option<Cow<'m, str>>, String>, Malformed> {
    let height = stack.height();
    let text = match follow(stack, shape, found, way)? {
        Some((field, value)) if is_set(stack, &field, &value)? => {
            text_of(stack, &field.value, &value)?.map(Some)
        }
        _ => Ok(None),
    };
    stack.close(height);
    Ok(text)
}

/// The string at the end of a way, if it is there.
pub(super) fn text_at<'m>(
    stack: &mut Stack<'m>,
    shape: Shape,
    found: &Range<usize>,
    way: &[u16],
) -> Result<Option<&'m str>, Malformed> {
    let height = stack.height();
    let text = match follow(stack, shape, found, way)? {
        Some((field, value)) => match ScalarValue::of(&field.value, stack.last(&value))? {
            Some(ScalarValue::Text(text)) => Some(text),
            _ => None,
        },
        None => None,
    };
    stack.close(height);
    Ok(text)
}

/// The field at the end of a way and its value, unless it is not set. The messages on
/// the way stay on the stack.
fn follow<'m>(
    stack: &mut Stack<'m>,
    mut shape: Shape,
    found: &Range<usize>,
    way: &[u16],
) -> Result<Option<(KnownField, Occurrences<'m>)>, Malformed> {
    let mut found = found.clone();
    let Some((last, above)) = way.split_last() else {
        return Ok(None);
    };
    for index in above {
        let values = stack.values(&found, *index);
        let inner = shape
            .field(*index)
            .and_then(|field| Shape::of(&field.value));
        let (Some(inner), false) = (inner, values.is_empty()) else {
            return Ok(None);
        };
        shape = inner;
        found = stack.open(shape, &Occurrences::Found(values))?;
    }
    let Some(field) = shape.field(*last) else {
        return Ok(None);
    };
    let values = stack.values(&found, *last);
    Ok(match field.holds {
        // A field without presence always has a value.
        Holding::Implicit if values.is_empty() => Some((field, Occurrences::Nowhere)),
        _ if values.is_empty() => None,
        _ => Some((field, Occurrences::Found(values))),
    })
}

/// Returns whether a value counts as set; the zero value of an enum does not.
fn is_set(
    stack: &Stack<'_>,
    field: &KnownField,
    value: &Occurrences<'_>,
) -> Result<bool, Malformed> {
    Ok(!matches!(field.value, ValueLayout::Enum(_))
        || ScalarValue::of(&field.value, stack.last(value))?.is_some_and(|value| value.is_set()))
}

/// The text of a value.
fn text_of<'m>(
    stack: &mut Stack<'m>,
    layout: &ValueLayout,
    value: &Occurrences<'m>,
) -> Result<Text<'m>, Malformed> {
    if let Some(scalar) = ScalarValue::of(layout, stack.last(value))? {
        return Ok(scalar.text());
    }
    if let ValueLayout::Wrapper(inner) = layout {
        let found = stack.open(Shape::Wrapper(inner), value)?;
        let height = found.start;
        let scalar = ScalarValue::of(inner, stack.last(&Occurrences::Found(found)))?;
        stack.close(height);
        if let Some(scalar) = scalar {
            return Ok(scalar.text());
        }
    }
    let text = well_known::text(stack, layout, value)?;
    Ok(text.unwrap_or_else(|| Err("has no form in a URL".to_owned())))
}

/// Adds the parameters of a message.
fn push(
    stack: &mut Stack<'_>,
    parameters: &[ParameterLayout],
    shape: Shape,
    found: &Range<usize>,
    query: &mut Query,
) -> Result<(), Malformed> {
    if found.is_empty() {
        return Ok(());
    }
    for parameter in parameters {
        match parameter {
            ParameterLayout::Within { index, parameters } => {
                let values = stack.values(found, *index);
                let inner = shape
                    .field(*index)
                    .and_then(|field| Shape::of(&field.value));
                if let (Some(inner), false) = (inner, values.is_empty()) {
                    let found = stack.open(inner, &Occurrences::Found(values))?;
                    push(stack, parameters, inner, &found, query)?;
                    stack.close(found.start);
                }
            }
            ParameterLayout::Value { index, field, name } => {
                let values = stack.values(found, *index);
                let Some(known) = shape.field(*index).filter(|_| !values.is_empty()) else {
                    continue;
                };
                if let Holding::Repeated { .. } = known.holds {
                    push_all(stack, &known.value, values, (*field, *name), query)?;
                    continue;
                }
                let value = Occurrences::Found(values);
                let is_default = || -> Result<bool, Malformed> {
                    let scalar = ScalarValue::of(&known.value, stack.last(&value))?;
                    Ok(scalar.is_some_and(|value| value.is_default()))
                };
                let is_left_out = matches!(known.holds, Holding::Implicit) && is_default()?;
                if !is_left_out && is_set(stack, &known, &value)? {
                    let text = text_of(stack, &known.value, &value)?;
                    query.push_text(field, name, text);
                }
            }
        }
    }
    Ok(())
}

/// Adds a parameter for each element of a list, packed or not.
fn push_all(
    stack: &mut Stack<'_>,
    layout: &ValueLayout,
    values: Range<usize>,
    (field, name): (&'static str, &'static str),
    query: &mut Query,
) -> Result<(), Malformed> {
    let element = wire_type(layout);
    for place in values {
        match stack.at(place) {
            Some(WireValue::Bytes(mut packed)) if element != WireType::Len => {
                while !packed.is_empty() {
                    let value = Occurrences::One(bytes::value(&mut packed, element)?);
                    let text = text_of(stack, layout, &value)?;
                    query.push_text(field, name, text);
                }
            }
            Some(value) => {
                let text = text_of(stack, layout, &Occurrences::One(value))?;
                query.push_text(field, name, text);
            }
            None => {}
        }
    }
    Ok(())
}

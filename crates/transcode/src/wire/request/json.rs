//! JSON of messages and their fields. The rules are those of the typed codecs of
//! [`json`](crate::json) and of [`mask`](crate::mask).

use std::ops::Range;

use crate::layout::{FieldLayout, Holding, KeyLayout, MessageLayout, ValueLayout};
use crate::mask::{Behavior, Field, Mask, Selected};
use crate::wire::output::WireType;

use super::bytes::{self, WireValue};
use super::found::Occurrences;
use super::scalar::{ScalarValue, write_text};
use super::shape::{Shape, wire_type};
use super::well_known;
use super::writer::{At, Failure, Writer};

impl<'m> Writer<'m> {
    /// Writes a message as an object.
    pub(super) fn message(
        &mut self,
        layout: &'static MessageLayout,
        value: &Occurrences<'m>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        let found = self.stack.open(Shape::Message(layout), value)?;
        let height = found.start;
        self.json.push(b'{');
        let mut rest = found;
        for ((index, field), declared) in (0..=u16::MAX).zip(layout.fields).zip(layout.declared) {
            let values = self.stack.next_values(&rest, index);
            rest.start = values.end;
            if values.is_empty() && matches!(at.mask, Mask::Set) {
                continue;
            }
            let cleared = at.cleared_below(index);
            let values = if cleared.is_some() {
                values
            } else {
                values.end..values.end
            };
            let at = At {
                cleared: cleared.unwrap_or_default(),
                ..at
            };
            if layout.collector == Some(index) {
                self.collected(layout, declared, values, at)?;
            } else {
                self.property(field, declared, values, at)?;
            }
        }
        self.json.push(b'}');
        self.stack.close(height);
        Ok(())
    }

    /// Writes a field if the mask of its message selects it. Of its own, `at` has only
    /// what is cleared.
    fn property(
        &mut self,
        field: &'static FieldLayout,
        declared: &'static Field,
        values: Range<usize>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        let path = at.path.name(declared.name);
        let selected = at.mask.select(declared.name);
        if let (Holding::Member(_), Selected::Named(mask @ Mask::Only(tree))) =
            (field.holds, selected)
            && !tree.is_whole()
            && values.is_empty()
        {
            let reason =
                "must be set, because the mask names a part of it and it is a member of a oneof";
            return Err(At::new(&path, mask).fail(reason));
        }
        let mask = match selected {
            Selected::No => return Ok(()),
            Selected::Named(mask) => mask,
            Selected::Implied(Mask::Set) if !self.is_set(field, &values)? => return Ok(()),
            Selected::Implied(Mask::Set) => Mask::Set,
            Selected::Implied(mask) => match declared.behavior {
                Behavior::OutputOnly => return Ok(()),
                // Whoever means the whole does not mean to clear these.
                Behavior::InputOnly | Behavior::Immutable if !self.is_set(field, &values)? => {
                    return Ok(());
                }
                Behavior::Plain | Behavior::InputOnly | Behavior::Immutable => mask,
            },
        };
        self.key(field.name);
        let at = At {
            path: &path,
            mask,
            cleared: at.cleared,
        };
        self.field(field, values, at)
    }

    /// Writes collected properties beside the declared ones.
    fn collected(
        &mut self,
        layout: &'static MessageLayout,
        declared: &'static Field,
        values: Range<usize>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        let selected = at.mask.select(declared.name);
        let (Selected::Named(mask) | Selected::Implied(mask)) = selected else {
            return Ok(());
        };
        let path = at.path.name(declared.name);
        let at = At::new(&path, mask);
        let height = self.stack.height();
        let entries = self.keys(&Occurrences::Found(values))?;
        let by_name = entries.by_name();
        let mut others = layout
            .declared
            .iter()
            .filter(|field| field.name != declared.name);
        if let Some(field) = others.find(|field| by_name.contains_key(field.json_name)) {
            return Err(at.fail(format!(
                "must not hold {:?}, which the field {} is for",
                field.json_name, field.name
            )));
        }
        self.write_keys(&entries, at)?;
        self.stack.close(height);
        Ok(())
    }

    /// Returns whether a field is set.
    fn is_set(&self, field: &FieldLayout, values: &Range<usize>) -> Result<bool, Failure> {
        let scalar = || {
            ScalarValue::of(
                &field.value,
                self.stack.last(&Occurrences::Found(values.clone())),
            )
        };
        Ok(!values.is_empty()
            && match field.holds {
                Holding::Map(_) => true,
                Holding::Repeated { .. } => {
                    let is_packed = wire_type(&field.value) != WireType::Len;
                    let mut values = values.clone();
                    // A packed list may have no elements.
                    values.any(|at| {
                        !(is_packed && matches!(self.stack.at(at), Some(WireValue::Bytes([]))))
                    })
                }
                Holding::Implicit => scalar()?.is_some_and(|value| !value.is_default()),
                Holding::Optional | Holding::Member(_) => match field.value {
                    ValueLayout::Enum(_) => scalar()?.is_some_and(|value| value.is_set()),
                    _ => true,
                },
            })
    }

    /// Writes what a field holds; an unset one as null or as an empty list.
    fn field(
        &mut self,
        field: &'static FieldLayout,
        values: Range<usize>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        match field.holds {
            Holding::Repeated { .. } => self.list(&field.value, values, at),
            Holding::Map(_) if values.is_empty() && !matches!(at.mask, Mask::Only(_)) => {
                // An empty object would clear nothing where objects are merged.
                self.null();
                Ok(())
            }
            Holding::Map(key) => self.map(key, &field.value, values, at),
            Holding::Optional | Holding::Member(_) if !self.is_set(field, &values)? => {
                self.unset(&field.value, at)
            }
            Holding::Implicit if values.is_empty() => match field.value {
                ValueLayout::Enum(_) => self.unset(&field.value, at),
                _ => self.value(&field.value, &Occurrences::Nowhere, at),
            },
            Holding::Implicit
                if matches!(field.value, ValueLayout::Enum(_))
                    && !self.is_set(field, &values)? =>
            {
                self.unset(&field.value, at)
            }
            Holding::Optional | Holding::Member(_) | Holding::Implicit => {
                self.value(&field.value, &Occurrences::Found(values), at)
            }
        }
    }

    /// Writes the absence of a value that a mask selects: null, unless the mask selects
    /// parts of it.
    fn unset(&mut self, layout: &'static ValueLayout, at: At<'_>) -> Result<(), Failure> {
        match (layout, at.mask) {
            (ValueLayout::Transparent(field), _) => self.unset(&field().value, at),
            (ValueLayout::Message(_) | ValueLayout::Struct, Mask::Only(_)) => {
                self.value(layout, &Occurrences::Nowhere, at)
            }
            _ => {
                self.null();
                Ok(())
            }
        }
    }

    /// Writes a value, be it the default one.
    pub(super) fn value(
        &mut self,
        layout: &'static ValueLayout,
        value: &Occurrences<'m>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        if let Some(scalar) = ScalarValue::of(layout, self.stack.last(value))? {
            let written = scalar.write(&mut self.json);
            return written.map_err(|reason| at.fail(reason));
        }
        match layout {
            ValueLayout::Message(layout) => self.message(layout(), value, at),
            ValueLayout::Transparent(field) => {
                let found = self.stack.open(Shape::Transparent(field()), value)?;
                let height = found.start;
                let field = field();
                match at.cleared_below(0) {
                    Some(cleared) if self.is_set(field, &found)? => {
                        let at = At { cleared, ..at };
                        self.value(&field.value, &Occurrences::Found(found), at)?;
                    }
                    Some(_) | None => self.unset(&field.value, at)?,
                }
                self.stack.close(height);
                Ok(())
            }
            ValueLayout::Wrapper(inner) => {
                let found = self.stack.open(Shape::Wrapper(inner), value)?;
                let height = found.start;
                self.value(inner, &Occurrences::Found(found), at)?;
                self.stack.close(height);
                Ok(())
            }
            ValueLayout::Struct => self.object(value, at),
            ValueLayout::Value => self.free_form(value, at),
            ValueLayout::ListValue => self.list_value(value, at),
            ValueLayout::Empty => {
                self.json.extend_from_slice(b"{}");
                Ok(())
            }
            _ => match well_known::text(&mut self.stack, layout, value)? {
                Some(text) => {
                    let text = text.map_err(|reason| at.fail(reason))?;
                    write_text(&text, &mut self.json);
                    Ok(())
                }
                None => Err(at.fail("has no JSON form")),
            },
        }
    }

    /// Writes the elements of a list, packed or not.
    pub(super) fn list(
        &mut self,
        layout: &'static ValueLayout,
        values: Range<usize>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        let element = wire_type(layout);
        let mut index = 0;
        self.json.push(b'[');
        for place in values {
            match self.stack.at(place) {
                Some(WireValue::Bytes(mut packed)) if element != WireType::Len => {
                    while !packed.is_empty() {
                        let value = bytes::value(&mut packed, element)?;
                        self.element(layout, value, index, at)?;
                        index += 1;
                    }
                }
                Some(value) => {
                    self.element(layout, value, index, at)?;
                    index += 1;
                }
                None => {}
            }
        }
        self.json.push(b']');
        Ok(())
    }

    fn element(
        &mut self,
        layout: &'static ValueLayout,
        value: WireValue<'m>,
        index: usize,
        at: At<'_>,
    ) -> Result<(), Failure> {
        if index > 0 {
            self.json.push(b',');
        }
        let path = at.path.index(index);
        let at = At::new(&path, Mask::Set);
        self.value(layout, &Occurrences::One(value), at)
    }

    /// Writes the entries of a map that the mask selects, a missing one as null.
    pub(super) fn map(
        &mut self,
        key: KeyLayout,
        layout: &'static ValueLayout,
        values: Range<usize>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        let height = self.stack.height();
        let entries = self.entries(values, key, *layout)?;
        self.json.push(b'{');
        if !matches!(at.mask, Mask::Only(tree) if !tree.is_whole()) {
            for entry in &entries.0 {
                if let Selected::Implied(mask) = at.mask.select(&entry.name) {
                    self.key(&entry.name);
                    let path = at.path.name(&entry.name);
                    self.value(layout, &entry.value, At::new(&path, mask))?;
                }
            }
        }
        if let Mask::Only(tree) = at.mask {
            let by_name = entries.by_name();
            for name in tree.names() {
                let Selected::Named(mask) = at.mask.select(name) else {
                    continue;
                };
                self.key(name);
                let path = at.path.name(name);
                let at = At::new(&path, mask);
                match by_name.get(name) {
                    Some(value) => self.value(layout, value, at)?,
                    // A key that is not there is cleared.
                    None => self.unset(layout, at)?,
                }
            }
        }
        self.json.push(b'}');
        self.stack.close(height);
        Ok(())
    }
}

//! JSON of `google.protobuf.Struct`, `Value` and `ListValue`.

use crate::layout::{KeyLayout, ValueLayout};
use crate::mask::{Mask, Selected};

use super::found::Occurrences;
use super::scalar::ScalarValue;
use super::shape::Shape;
use super::writer::{At, Entries, Failure, Writer};

/// The index of the member of a `Value` that is an object.
const OBJECT: u16 = 4;

impl<'m> Writer<'m> {
    /// Writes a `Struct`.
    pub(super) fn object(&mut self, value: &Occurrences<'m>, at: At<'_>) -> Result<(), Failure> {
        let height = self.stack.height();
        let entries = self.keys(value)?;
        if entries.0.is_empty() && matches!(at.mask, Mask::All) {
            // An empty object would clear nothing where objects are merged.
            self.null();
        } else {
            self.json.push(b'{');
            self.write_keys(&entries, at)?;
            self.json.push(b'}');
        }
        self.stack.close(height);
        Ok(())
    }

    /// The keys of a `Struct`. Their values stay on the stack.
    pub(super) fn keys(&mut self, value: &Occurrences<'m>) -> Result<Entries<'m>, Failure> {
        let Some(shape) = Shape::of(&ValueLayout::Struct) else {
            return Ok(Entries(Vec::new()));
        };
        let map = self.stack.open(shape, value)?;
        Ok(self.entries(map, KeyLayout::String, ValueLayout::Value)?)
    }

    /// Writes the keys that the mask selects, a missing one as null.
    pub(super) fn write_keys(&mut self, entries: &Entries<'m>, at: At<'_>) -> Result<(), Failure> {
        for entry in &entries.0 {
            if let Selected::Implied(_) = at.mask.select(&entry.name) {
                self.key(&entry.name);
                let path = at.path.name(&entry.name);
                self.free_form(&entry.value, At::new(&path, Mask::Set))?;
            }
        }
        let Mask::Only(tree) = at.mask else {
            return Ok(());
        };
        let by_name = entries.by_name();
        for name in tree.names() {
            let Selected::Named(mask) = at.mask.select(name) else {
                continue;
            };
            let path = at.path.name(name);
            let at = At::new(&path, mask);
            let value = by_name.get(name).copied();
            match (value, mask) {
                (Some(value), Mask::Only(_)) if !self.is_object(value)? => {
                    let reason = "is no object, so the mask cannot name a part of it";
                    return Err(at.fail(reason));
                }
                (Some(value), Mask::Only(_)) => {
                    self.key(name);
                    self.free_form(value, at)?;
                }
                (None, Mask::Only(_)) => {
                    self.key(name);
                    self.object(&Occurrences::Nowhere, at)?;
                }
                (Some(value), Mask::Set | Mask::All) => {
                    self.key(name);
                    self.free_form(value, At::new(&path, Mask::Set))?;
                }
                (None, Mask::Set | Mask::All) => {
                    self.key(name);
                    self.null();
                }
            }
        }
        Ok(())
    }

    fn is_object(&mut self, value: &Occurrences<'m>) -> Result<bool, Failure> {
        let Some(shape) = Shape::of(&ValueLayout::Value) else {
            return Ok(false);
        };
        let value = self.stack.open(shape, value)?;
        let member = self.stack.first_index(&value);
        self.stack.close(value.start);
        Ok(member == Some(OBJECT))
    }

    /// Writes a `Value`.
    pub(super) fn free_form(&mut self, value: &Occurrences<'m>, at: At<'_>) -> Result<(), Failure> {
        let Some(shape) = Shape::of(&ValueLayout::Value) else {
            return Ok(());
        };
        let value = self.stack.open(shape, value)?;
        let height = value.start;
        // Of the members of a oneof only one is left.
        let member = self.stack.first_index(&value);
        let member = member.and_then(|index| shape.field(index));
        let value = Occurrences::Found(value);
        match member.map(|member| member.value) {
            None | Some(ValueLayout::Int32(_)) => self.null(),
            Some(ValueLayout::Struct) => self.object(&value, at)?,
            Some(ValueLayout::ListValue) => self.list_value(&value, at)?,
            Some(layout) => {
                if let Some(scalar) = ScalarValue::of(&layout, self.stack.last(&value))? {
                    let written = scalar.write(&mut self.json);
                    written.map_err(|reason| at.fail(reason))?;
                }
            }
        }
        self.stack.close(height);
        Ok(())
    }

    /// Writes a `ListValue`.
    pub(super) fn list_value(
        &mut self,
        value: &Occurrences<'m>,
        at: At<'_>,
    ) -> Result<(), Failure> {
        let Some(shape) = Shape::of(&ValueLayout::ListValue) else {
            return Ok(());
        };
        let elements = self.stack.open(shape, value)?;
        let height = elements.start;
        self.json.push(b'[');
        for (index, place) in elements.enumerate() {
            if index > 0 {
                self.json.push(b',');
            }
            let path = at.path.index(index);
            self.free_form(
                &Occurrences::Found(place..place + 1),
                At::new(&path, Mask::Set),
            )?;
        }
        self.json.push(b']');
        self.stack.close(height);
        Ok(())
    }
}

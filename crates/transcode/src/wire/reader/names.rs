//! What becomes of the names of properties.

use super::{Reader, State};
use crate::json::DriftKind;
use crate::wire::frame::{FrameKind, Present};
use crate::wire::refusal::Refusal;
use crate::wire::scalar;
use crate::wire::token::{self, Rest};

impl Reader {
    /// Reads the name of a property.
    pub(super) fn name(&mut self, rest: &Rest<'_>) -> Result<usize, Refusal> {
        let string = token::string(rest)?;
        if self.skipped.is_empty() {
            self.begin_property(&string.bytes()?)?;
        } else {
            token::check_escapes(&string)?;
        }
        self.state = State::Colon;
        Ok(string.size())
    }

    pub(super) fn begin_property(&mut self, name: &[u8]) -> Result<(), Refusal> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        self.names.truncate(frame.name.start);
        if let FrameKind::Message(message) = &mut frame.kind {
            message.start = self.output.mark();
            if let Some((index, field)) = message.layout.find(name) {
                message.property = Present::Declared(index, field);
                return Ok(());
            }
        }
        let name = std::str::from_utf8(name).unwrap_or_default();
        self.names.push_str(name);
        frame.name.end = self.names.len();
        // From here on, errors are about the property.
        self.state = State::Colon;
        match &mut frame.kind {
            FrameKind::Message(message) => {
                if let Some(collector) = message.layout.collector() {
                    message.property = Present::Collected;
                    self.open_length(collector.number);
                    self.open_length(1);
                    self.output.string(1, name.as_bytes());
                } else {
                    message.property = Present::Undeclared;
                    self.drift(DriftKind::UndeclaredProperty);
                }
            }
            FrameKind::Map { number, key, .. } => {
                let (number, key) = (*number, *key);
                self.open_length(number);
                if !scalar::write_key(&mut self.output, 1, key, name) {
                    return Err(Refusal::Misfit("the key does not fit its type".to_owned()));
                }
            }
            FrameKind::Struct => {
                self.open_length(1);
                self.output.string(1, name.as_bytes());
            }
            FrameKind::Empty => self.drift(DriftKind::UndeclaredProperty),
            FrameKind::List { .. } | FrameKind::Elements | FrameKind::ListValue { .. } => {}
        }
        Ok(())
    }
}

//! Where in the text the reader is, for what it reports.

use super::{Reader, State};
use crate::json::{Drift, DriftKind, MAX_DRIFTS, Path, ReadError};
use crate::wire::frame::{Frame, FrameKind};
use crate::wire::refusal::Refusal;
use crate::wire::token::{NoToken, SyntaxError};

impl Reader {
    /// Notes a difference at the present place.
    pub(super) fn drift(&mut self, kind: DriftKind) {
        if self.drifts.len() < MAX_DRIFTS {
            let path = self.path(false);
            self.drifts.insert(Drift { path, kind });
        }
    }

    /// The path of what is being read.
    fn path(&self, indexes: bool) -> String {
        fn step(
            frames: &[Frame],
            names: &str,
            path: &Path<'_>,
            in_property: bool,
            indexes: bool,
        ) -> String {
            let Some((frame, inner)) = frames.split_first() else {
                return path.to_string(indexes);
            };
            let is_inside = !inner.is_empty() || in_property;
            let name = match &frame.kind {
                FrameKind::List { index, .. }
                | FrameKind::Elements { index }
                | FrameKind::ListValue { index } => {
                    return step(inner, names, &path.index(*index), in_property, indexes);
                }
                FrameKind::Message(message) => message.field().map(|field| field.name),
                FrameKind::Map { .. } | FrameKind::Struct | FrameKind::Empty => None,
            };
            if !is_inside {
                return path.to_string(indexes);
            }
            let name = name.unwrap_or_else(|| names.get(frame.name.clone()).unwrap_or_default());
            step(inner, names, &path.name(name), in_property, indexes)
        }
        let in_property =
            !self.skipped.is_empty() || matches!(self.state, State::Colon | State::Value);
        step(&self.frames, &self.names, Path::ROOT, in_property, indexes)
    }

    /// The error of a value that begins at this index of the present piece.
    pub(super) fn refused(&mut self, refusal: Refusal, start: usize) -> ReadError {
        let path = self.path(true);
        let reason = match refusal {
            Refusal::Misfit(reason) => reason,
            Refusal::TooLarge => {
                self.is_too_large = true;
                let max = self.max_element.unwrap_or_default();
                format!("takes more than {max} bytes")
            }
            Refusal::Token(NoToken::Incomplete { .. }) => {
                "the end of the value was not seen, which is a fault of the gateway".to_owned()
            }
            Refusal::Token(NoToken::Invalid { error, at }) => {
                let is_end = matches!(
                    error,
                    SyntaxError::EndInList
                        | SyntaxError::EndInObject
                        | SyntaxError::EndInString
                        | SyntaxError::EndInValue
                );
                let column = self.position + start + at - self.line_start + usize::from(!is_end);
                format!("{} at line {} column {column}", error.text(), self.line)
            }
        };
        ReadError { path, reason }
    }
}

//! Where in the text the reader is, for what it reports.

use super::{Reader, State};
use crate::json::{Drift, DriftKind, MAX_DRIFTS, Path, ReadError};
use crate::wire::frame::{Frame, FrameKind};
use crate::wire::refusal::Refusal;
use crate::wire::token::{NoToken, SyntaxError};
use transcode_core::names::hash_name;

impl Reader {
    /// Notes a difference at the present place.
    pub(super) fn drift(&mut self, kind: DriftKind) {
        // A list has the same difference in each element. It is known by a hash, so
        // that its path is not written each time.
        let hash = self.hash_of_path(kind);
        if self.noted.len() < MAX_DRIFTS && !self.noted.contains(&hash) {
            self.noted.push(hash);
            let path = self.path(false);
            self.drifts.insert(Drift { path, kind });
        }
    }

    /// A hash of the path of what is being read, without indexes.
    fn hash_of_path(&self, kind: DriftKind) -> u64 {
        let mut hash = kind as u64;
        for frame in &self.frames {
            let name = match &frame.kind {
                FrameKind::Message(message) => message.field().map(|field| field.name),
                _ => None,
            };
            let name = name.or_else(|| self.names.get(frame.name.clone()));
            hash = hash_name(name.unwrap_or_default().as_bytes(), hash);
        }
        hash
    }

    /// The path of what is being read.
    fn path(&self, indexes: bool) -> String {
        self.path_below(Path::ROOT, &self.frames, indexes)
    }

    /// The path of what is being read, which lies in the innermost of these frames.
    fn path_below(&self, path: &Path<'_>, frames: &[Frame], indexes: bool) -> String {
        let Some((frame, inner)) = frames.split_first() else {
            return path.to_string(indexes);
        };
        let name = match &frame.kind {
            FrameKind::List { index, .. } | FrameKind::ListValue { index } => {
                return self.path_below(&path.index(*index), inner, indexes);
            }
            FrameKind::Elements => {
                return self.path_below(&path.index(self.elements), inner, indexes);
            }
            FrameKind::Message(message) => message.field().map(|field| field.name),
            FrameKind::Map { .. } | FrameKind::Struct | FrameKind::Empty => None,
        };
        let in_property =
            !self.skipped.is_empty() || matches!(self.state, State::Colon | State::Value);
        if inner.is_empty() && !in_property {
            return path.to_string(indexes);
        }
        let name = name.unwrap_or_else(|| {
            let name = self.names.get(frame.name.clone());
            name.unwrap_or_default()
        });
        self.path_below(&path.name(name), inner, indexes)
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

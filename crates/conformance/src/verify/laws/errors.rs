//! What holds of each reply by itself, as laws. What errors carry is in `error_body`.

use http::StatusCode;

use super::error_body::{Broken, Received, carried};
use super::hints::Hints;
use super::law::Law;
use super::model::Model;
use super::operation::Operation;
use super::reply::Replies;
use crate::report::Level;
use crate::verify::check;

/// Judges replies.
pub(crate) struct Judge<'m> {
    pub(crate) replies: Replies<'m>,
}

impl<'m> Judge<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        Self {
            replies: Replies::new(model.root()),
        }
    }

    /// Every law that a reply breaks by itself.
    pub(crate) fn broken(
        &mut self,
        model: &Model,
        hints: &Hints,
        operation: &Operation,
        reply: &Received<'_>,
    ) -> Vec<Broken> {
        let law = if reply.status < 400 {
            Law::ReplyAsDeclared
        } else {
            Law::ErrorAsDeclared
        };
        let Ok(status) = StatusCode::from_u16(reply.status) else {
            return Vec::new();
        };
        let received = check::Received {
            status,
            headers: Some(reply.headers),
            body: Some(reply.body),
        };
        let wrong = self.replies.judge(operation, &received).wrong;
        let told = wrong.into_iter().map(|wrong| Broken {
            law,
            level: wrong.level,
            pointer: wrong.pointer,
            message: wrong.message,
        });
        let mut broken: Vec<_> = told.collect();
        let is_whole = broken.iter().all(|broken| broken.level < Level::Error);
        if law == Law::ErrorAsDeclared
            && is_whole
            && let Some(declared) = operation.reply(reply.status)
        {
            broken.extend(carried(model, hints, declared, reply));
        }
        broken
    }
}

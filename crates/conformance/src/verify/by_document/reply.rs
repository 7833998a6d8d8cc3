//! Judges replies, and notes what they show.

use super::checker::{At, Checker};
use crate::verify::check::Received;

impl Checker<'_> {
    /// Judges a reply.
    pub(crate) fn reply(&mut self, at: At<'_>, received: &Received<'_>) {
        let status = received.status.as_u16();
        self.seen.see(self.model, at.operation, status, None);
        let judged = self.replies.judge(at.operation, received);
        if let Some((value, schema)) = &judged.body {
            let seen = Some((value, *schema));
            self.seen.see(self.model, at.operation, status, seen);
        }
        for wrong in judged.wrong {
            self.tell(at, wrong);
        }
    }
}

//! What the system notes on a resource.

use contract::id::ObjectId;
use contract::timestamp::Timestamp;

/// Where a resource has what the system notes on it.
pub(crate) struct Stamps<'a> {
    pub(crate) id: &'a mut Option<ObjectId>,
    /// The organization that it belongs to, if it belongs to one.
    pub(crate) organization: Option<&'a mut Option<ObjectId>>,
    pub(crate) created_at: &'a mut Option<Timestamp>,
    pub(crate) updated_at: &'a mut Option<Timestamp>,
    /// Who created it and who changed it last, if it says so.
    pub(crate) authors: Option<[&'a mut Option<ObjectId>; 2]>,
}

/// A resource, or a row with one, that the system notes something on.
pub(crate) trait Stamped {
    fn stamps(&mut self) -> Stamps<'_>;
}

impl Stamps<'_> {
    /// Notes the creation.
    pub(crate) fn create(self, id: ObjectId, now: Timestamp, by: ObjectId) {
        *self.id = Some(id);
        *self.created_at = Some(now);
        *self.updated_at = Some(now);
        for author in self.authors.into_iter().flatten() {
            *author = Some(by);
        }
    }

    /// Notes a change.
    pub(crate) fn change(self, now: Timestamp, by: ObjectId) {
        *self.updated_at = Some(now);
        if let Some([_, updated_by]) = self.authors {
            *updated_by = Some(by);
        }
    }
}

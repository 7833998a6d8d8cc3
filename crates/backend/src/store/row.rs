//! How a resource corresponds to the columns of its table.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::Display;

use contract::id::ObjectId;
use serde_json::Value;

use super::error::StoreError;
use super::key::Kind;
use crate::unfit::without_values;

/// A resource as it is kept: how it corresponds to the columns of its table.
pub(crate) trait Row: Sized + Send + 'static {
    /// What the resource is called in messages.
    const NOUN: &'static str;
    /// The table.
    const TABLE: &'static str;
    /// Its TEXT columns, `id` first and `document` last.
    const COLUMNS: &'static [&'static str];
    /// Columns that rows are read with and not written.
    const JOINED: &'static [&'static str] = &[];
    /// The organizations that the row of the table belongs to, as a query.
    const OWNERS: &'static str;
    /// The number of the resource among all that are listed.
    const LIST: i64;
    /// The properties in whose order the resource can be listed without looking
    /// at all of it. The place of one is its number in what is kept, so a new one
    /// comes last.
    const LISTED: &'static [(&'static str, Kind)];

    /// In which ways rows can be [shared](Self::shares). One that can be has a column
    /// `organization`.
    const SHARING: Sharing = Sharing::Never;

    /// What rows are read from, where that is more than the table. It has the
    /// columns of the table and [`JOINED`](Self::JOINED). `viewer` is the organization
    /// that they are read for, as an expression of SQL; NULL if there is none.
    fn source(viewer: &str) -> Cow<'static, str> {
        let _ = viewer;
        Self::TABLE.into()
    }

    /// The ID that the resource itself says it has.
    fn id(&self) -> Option<ObjectId>;

    /// What the row belongs to.
    fn owner(&self) -> Option<Owner>;

    /// Returns whether the row is left out of lists, unless they are asked for it.
    fn is_archived(&self) -> bool;

    /// The resource as JSON: at least what is [`LISTED`](Self::LISTED).
    fn properties(&self) -> Result<Value, serde_json::Error>;

    /// The same as an organization sees it, where that is something else.
    fn properties_for(&self, viewer: ObjectId) -> Option<Result<Value, serde_json::Error>> {
        let _ = viewer;
        None
    }

    /// With whom the row is shared, beside those that it belongs to and those above.
    fn shares(&self) -> Vec<Share> {
        Vec::new()
    }

    /// What the row says about organizations.
    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    /// The values of [`COLUMNS`](Self::COLUMNS), in their order.
    fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error>;

    /// The resource of a row with these values: those of
    /// [`COLUMNS`](Self::COLUMNS), then those of [`JOINED`](Self::JOINED).
    fn read(values: Vec<Option<String>>) -> Result<Self, Box<dyn StdError + Send + Sync>>;
}

/// A row and the version it had when it was read.
#[derive(Clone, Debug)]
pub(crate) struct Versioned<R> {
    pub(crate) row: R,
    pub(super) version: i64,
}

#[cfg(test)]
impl<R> Versioned<R> {
    /// How often the row has been written.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }
}

/// What a row belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Organization(ObjectId),
    /// Organizations, all of which are named with those above them.
    Lines(BTreeSet<ObjectId>),
}

/// In which ways the rows of a resource can be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Never,
    /// By [`Share::Tag`] alone.
    ByTags,
    /// In every way that [`Share`] knows.
    ByAudience,
}

/// With whom a row is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// All organizations in the tree of the owner.
    Tree,
    /// The members of all groups that the owner owns or is a member of.
    Groups,
    /// The organizations below the owner that have this tag.
    Tag(String),
}

/// What a row says about an organization and others look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The organization has this tag.
    Tag { organization: ObjectId, tag: String },
    /// The organization is a member of this group.
    Member {
        organization: ObjectId,
        group: ObjectId,
    },
    /// The members of this group have what the organization shares with its groups:
    /// it owns the group or is a member of it.
    Peer {
        organization: ObjectId,
        group: ObjectId,
    },
}

/// The condition under which a row that is known otherwise belongs to the
/// organization bound to `$1` or to one below. It looks upwards from the row, so
/// that it takes as long in a large store as in a small one.
pub(super) fn belongs<R: Row>() -> String {
    within(R::OWNERS)
}

/// The condition under which one of these organizations is the one bound to `$1`
/// or below it.
pub(super) fn within(organizations: &str) -> String {
    format!(
        "$1 IN (WITH RECURSIVE line (id) AS ({organizations} UNION \
         SELECT above.parent FROM organizations AS above JOIN line ON above.id = line.id \
         WHERE above.parent IS NOT NULL) SELECT id FROM line)"
    )
}

/// The value of a key column.
pub(super) fn key(value: Option<impl Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// Says that a row, or what is kept of it elsewhere, is not as it should be.
pub(super) fn damaged<R: Row>(source: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
    StoreError::Damaged {
        table: R::TABLE,
        source: without_values(source.into()),
    }
}

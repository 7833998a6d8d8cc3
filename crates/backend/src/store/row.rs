//! How a resource corresponds to the columns of its table.

use std::error::Error as StdError;
use std::fmt::Display;

use contract::id::ObjectId;

/// A resource as it is kept: how it corresponds to the columns of its table.
pub(crate) trait Row: Sized + Send + 'static {
    /// What the resource is called in messages.
    const NOUN: &'static str;
    /// The table.
    const TABLE: &'static str;
    /// Its TEXT columns, `id` first and `document` last.
    const COLUMNS: &'static [&'static str];
    /// What rows are read from, where that is more than the table. It has the
    /// columns of the table and [`JOINED`](Self::JOINED).
    const SOURCE: &'static str = Self::TABLE;
    /// Columns that rows are read with and not written.
    const JOINED: &'static [&'static str] = &[];
    /// The condition under which a row is visible from an organization, with
    /// `{tree}` for the set of that organization and all below it.
    const VISIBLE: &'static str;
    /// The organizations that the row of the table belongs to, as a query.
    const OWNERS: &'static str;

    /// The ID that the resource itself says it has.
    fn id(&self) -> Option<ObjectId>;

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

/// Which rows to list.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Columns and the value that each must have.
    pub(crate) equal: Vec<(&'static str, String)>,
    /// Columns and the value that each must not have.
    pub(crate) unequal: Vec<(&'static str, String)>,
    /// How many rows to skip, and how many to return at most.
    pub(crate) range: Option<(i64, i64)>,
}

/// A set of organization IDs: the one bound to `$1` and all below it.
pub(super) const TREE: &str = "(WITH RECURSIVE tree (id) AS (SELECT CAST($1 AS TEXT) UNION \
     SELECT organizations.id FROM organizations JOIN tree ON organizations.parent = tree.id) \
     SELECT id FROM tree)";

/// The condition under which a row that is known otherwise is visible from the
/// organization bound to `$1`. It looks upwards from the row, so that it takes as
/// long in a large store as in a small one.
pub(super) fn seen<R: Row>() -> String {
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

/// The condition under which a row is visible from the organization bound to
/// `$1`, for listing all of them.
pub(super) fn visible<R: Row>() -> String {
    R::VISIBLE.replace("{tree}", TREE)
}

/// The value of a key column.
pub(super) fn key(value: Option<impl Display>) -> Option<String> {
    value.map(|value| value.to_string())
}

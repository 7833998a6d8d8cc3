//! Reading lists from the table `listed`; see [`super::listed`].
//!
//! Every statement here reads one range of the primary key, in its order or
//! backwards, so it takes as long as what it reads is long. Of a resource that can be
//! shared it also reads what is listed under the keys of the organization, all of it,
//! and puts the two together.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::error::StoreError;
use super::key;
use super::row::{Row, Sharing, damaged};
use super::rows::{placeholders, versioned};
use super::session::Session;
use super::sharing::keys;
use super::value::{Cells, Value};

/// Which keys are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    All,
    /// This key.
    Is(String),
    /// From this one on, and before that one.
    Between(Option<String>, Option<String>),
    /// Of texts, those that contain this one, and those that are too long to tell.
    Contains(String),
}

/// Entries of one list, as an organization sees them.
#[derive(Clone, Debug)]
pub(crate) struct Scan<R> {
    pub(crate) viewer: String,
    /// See [`super::listed::number`].
    pub(crate) list: i64,
    pub(crate) span: Span,
    /// The one row to read.
    pub(crate) id: Option<String>,
    /// Other lists that the rows must be in, each with the key there.
    pub(crate) also: Vec<(i64, String)>,
    /// Whether the greatest key is read first, and of equal keys the greatest ID.
    pub(crate) descending: bool,
    pub(crate) of: PhantomData<fn() -> R>,
}

/// The place of an entry in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) key: String,
    pub(crate) id: String,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// What belongs to the organization or to one below.
    Own,
    /// What is shared with it.
    Shared,
}

/// Where a part is read from.
#[derive(Clone, Copy, Debug)]
enum After<'a> {
    /// Behind this place, in the order of the list.
    Place(&'a Position),
    /// Behind this ID, in the order of the IDs.
    Id(&'a str),
}

/// What is read of each entry, and in which order.
#[derive(Clone, Copy, Debug)]
struct Shown<'a> {
    columns: &'a str,
    order: &'a str,
}

/// A statement, and the values that are bound to it.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Statement {
    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn bind(&mut self, value: impl Into<Value>) {
        self.values.push(value.into());
        self.sql.push('$');
        self.sql.push_str(&self.values.len().to_string());
    }

    fn compare(&mut self, sql: &str, value: impl Into<Value>) {
        self.push(sql);
        self.bind(value);
    }
}

impl<R: Row> Scan<R> {
    pub(crate) fn new(viewer: String, list: i64) -> Self {
        Self {
            viewer,
            list,
            span: Span::All,
            id: None,
            also: Vec::new(),
            descending: false,
            of: PhantomData,
        }
    }

    /// Returns whether no entry can be read: PostgreSQL has no text with a NUL
    /// byte.
    fn is_empty(&self) -> bool {
        self.id.as_ref().is_some_and(|id| id.contains('\0'))
    }

    /// The conditions on entries after a place.
    fn conditions(&self, statement: &mut Statement, part: Part, after: Option<After<'_>>) {
        statement.compare("list = ", self.list);
        match part {
            Part::Own => statement.compare(" AND viewer = ", self.viewer.as_str()),
            Part::Shared => {
                statement.values.push(self.viewer.as_str().into());
                let viewer = format!("${}", statement.values.len());
                statement.push(&format!(" AND viewer IN ({})", keys::<R>(&viewer)));
            }
        }
        match &self.span {
            Span::All => {}
            Span::Is(key) => statement.compare(" AND value = ", key.as_str()),
            Span::Between(from, before) => {
                // A place that is read from says more than one of the two. An ID says
                // nothing of keys.
                let is_by_place = matches!(after, Some(After::Place(_)));
                let is_needed = |descending| !is_by_place || self.descending == descending;
                if let Some(from) = from.as_ref().filter(|_| is_needed(true)) {
                    statement.compare(" AND value >= ", from.as_str());
                }
                if let Some(before) = before.as_ref().filter(|_| is_needed(false)) {
                    statement.compare(" AND value < ", before.as_str());
                }
            }
            Span::Contains(text) => {
                let text = key::part(text).replace('\\', "\\\\");
                let text = text.replace('%', "\\%").replace('_', "\\_");
                statement.compare(" AND (value LIKE ", format!("t%{text}%"));
                statement.push(" ESCAPE '\\' OR value LIKE ");
                statement.bind(key::cut_off());
                statement.push(")");
            }
        }
        if let Some(id) = &self.id {
            statement.compare(" AND id = ", id.as_str());
        }
        let sign = if self.descending { "<" } else { ">" };
        match after {
            None => {}
            Some(After::Id(id)) => statement.compare(" AND id > ", id),
            Some(After::Place(Position { id, .. })) if matches!(self.span, Span::Is(_)) => {
                statement.compare(&format!(" AND id {sign} "), id.as_str());
            }
            Some(After::Place(Position { key, id })) => {
                statement.compare(&format!(" AND (value, id) {sign} ("), key.as_str());
                statement.compare(", ", id.as_str());
                statement.push(")");
            }
        }
        for (list, key) in &self.also {
            // PostgreSQL would join what EXISTS looks at, and read all of it.
            statement.compare(
                " AND 1 = (SELECT 1 FROM listed AS other WHERE other.list = ",
                *list,
            );
            statement.push(" AND other.viewer = listed.viewer");
            statement.compare(" AND other.value = ", key.as_str());
            statement.push(" AND other.id = listed.id)");
        }
    }

    /// Reads up to `limit` entries of a part of the list, each once.
    fn part(
        &self,
        statement: &mut Statement,
        part: Part,
        Shown { columns, order }: Shown<'_>,
        after: Option<After<'_>>,
        limit: i64,
    ) {
        let distinct = match part {
            Part::Own => "",
            Part::Shared => "DISTINCT ",
        };
        statement.push(&format!("SELECT {distinct}{columns} FROM listed WHERE "));
        self.conditions(statement, part, after);
        statement.push(order);
        statement.compare(" LIMIT ", limit);
    }

    /// Reads up to `limit` entries behind so many, each once, in their order. If
    /// there are two parts of the list, so many of each are looked at.
    fn entries(
        &self,
        shown: Shown<'_>,
        after: Option<After<'_>>,
        offset: i64,
        limit: i64,
    ) -> Statement {
        let mut statement = Statement::default();
        if R::SHARING == Sharing::Never {
            self.part(&mut statement, Part::Own, shown, after, limit);
        } else {
            let most = offset.saturating_add(limit);
            // SQLite has no order and no limit in a part of a union.
            statement.push("SELECT * FROM (SELECT * FROM (");
            self.part(&mut statement, Part::Own, shown, after, most);
            statement.push(") AS own UNION SELECT * FROM (");
            self.part(&mut statement, Part::Shared, shown, after, most);
            statement.push(") AS shared) AS entry");
            statement.push(shown.order);
            statement.compare(" LIMIT ", limit);
        }
        if offset > 0 {
            statement.compare(" OFFSET ", offset);
        }
        statement
    }

    /// Reads places in the order of the list.
    pub(super) fn places(&self, after: Option<&Position>, offset: i64, limit: i64) -> Statement {
        let direction = if self.descending { " DESC" } else { "" };
        // One value has one order only, that of the IDs.
        let order = if matches!(self.span, Span::Is(_)) {
            format!(" ORDER BY id{direction}")
        } else {
            format!(" ORDER BY value{direction}, id{direction}")
        };
        let shown = Shown {
            columns: "value, id",
            order: &order,
        };
        self.entries(shown, after.map(After::Place), offset, limit)
    }

    /// Reads rows in the order of the list, each before its key.
    pub(super) fn rows(&self, after: Option<&Position>, offset: i64, limit: i64) -> Statement {
        let Statement { sql, mut values } = self.places(after, offset, limit);
        let source = source_for::<R>(&self.viewer, &mut values);
        let sql = format!(
            "SELECT {}, version, place_value FROM \
             (SELECT value AS place_value, id AS place_id FROM ({sql}) AS entry) AS place \
             CROSS JOIN {} WHERE {}.id = place_id",
            columns::<R>(),
            source,
            R::TABLE,
        );
        Statement { sql, values }
    }

    /// Reads the first IDs after one, in their own order.
    pub(super) fn ids(&self, after: Option<&str>, limit: i64) -> Statement {
        let shown = Shown {
            columns: "id",
            order: " ORDER BY id",
        };
        self.entries(shown, after.map(After::Id), 0, limit)
    }

    /// Counts the entries, up to a number.
    pub(super) fn counted(&self, up_to: i64) -> Statement {
        let shown = Shown {
            columns: "id",
            order: "",
        };
        let Statement { sql, values } = self.entries(shown, None, 0, up_to);
        let sql = format!("SELECT COUNT(*) FROM ({sql}) AS counted");
        Statement { sql, values }
    }
}

fn number(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX - 1)
}

/// What rows are read from for an organization, which is bound behind these values if
/// the source asks for it.
fn source_for<R: Row>(viewer: &str, values: &mut Vec<Value>) -> Cow<'static, str> {
    let place = format!("${}", values.len() + 1);
    let source = R::source(&place);
    if source.contains(&place) {
        values.push(viewer.into());
    }
    source
}

fn columns<R: Row>() -> String {
    [R::COLUMNS, R::JOINED].concat().join(", ")
}

/// The rows that a scan finds after a place, in its order, each as `read` makes
/// it. `read` does not run on the thread of this task.
pub(crate) async fn rows<R: Row, T: Send + 'static>(
    session: &mut Session,
    scan: &Scan<R>,
    after: Option<&Position>,
    offset: usize,
    limit: usize,
    read: impl Fn(R) -> T + Send + 'static,
) -> Result<Vec<(Position, T)>, StoreError> {
    if scan.is_empty() {
        return Ok(Vec::new());
    }
    let descending = scan.descending;
    // After the columns and the version.
    let last = R::COLUMNS.len() + R::JOINED.len() + 1;
    let read = move |cells: Vec<Cells>| {
        let row = |mut cells: Cells| {
            let key = cells.text(last).map_err(damaged::<R>)?;
            let row = versioned::<R>(cells)?.row;
            let id = row.id().map(|id| id.to_string()).unwrap_or_default();
            Ok((Position { key, id }, read(row)))
        };
        let mut rows: Vec<_> = cells
            .into_iter()
            .map(row)
            .collect::<Result<_, StoreError>>()?;
        // The rows come in the order of their places, but nothing says so.
        rows.sort_by(|(one, _), (other, _)| {
            let order = one.cmp(other);
            if descending { order.reverse() } else { order }
        });
        Ok(rows)
    };
    let Statement { sql, values } = scan.rows(after, number(offset), number(limit));
    session.list(sql, values, read).await?
}

/// The IDs that a scan finds after one, in their own order.
pub(crate) async fn ids<R: Row>(
    session: &mut Session,
    scan: &Scan<R>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    if scan.is_empty() {
        return Ok(Vec::new());
    }
    let Statement { sql, values } = scan.ids(after, number(limit));
    let read = |cells: Vec<Cells>| {
        let ids = cells.into_iter().map(|mut cells| cells.text(0));
        ids.collect::<Result<Vec<_>, _>>().map_err(damaged::<R>)
    };
    session.list(sql, values, read).await?
}

/// The rows with these IDs that are there, in no order, as they are read for an
/// organization.
pub(crate) async fn with_ids<R: Row, T: Send + 'static>(
    session: &mut Session,
    viewer: &str,
    ids: &[String],
    read: impl Fn(R) -> T + Send + 'static,
) -> Result<Vec<(String, T)>, StoreError> {
    let mut values = ids.iter().map(|id| Value::from(id.as_str())).collect();
    let sql = format!(
        "SELECT {}, version FROM {} WHERE id IN ({})",
        columns::<R>(),
        source_for::<R>(viewer, &mut values),
        placeholders(1, ids.len())
    );
    let read = move |cells: Vec<Cells>| {
        let row = |cells| {
            let row = versioned::<R>(cells)?.row;
            let id = row.id().map(|id| id.to_string()).unwrap_or_default();
            Ok((id, read(row)))
        };
        cells
            .into_iter()
            .map(row)
            .collect::<Result<_, StoreError>>()
    };
    session.list(sql, values, read).await?
}

/// Returns whether a scan finds no more than so many entries.
pub(crate) async fn has_at_most<R: Row>(
    session: &mut Session,
    scan: &Scan<R>,
    most: usize,
) -> Result<bool, StoreError> {
    if scan.is_empty() {
        return Ok(true);
    }
    let Statement { sql, values } = scan.counted(number(most) + 1);
    let read = |mut cells: Vec<Cells>| cells.pop().map(|mut cells| cells.integer(0)).transpose();
    let counted = session.list(sql, values, read).await?;
    Ok(counted.map_err(damaged::<R>)?.unwrap_or_default() <= number(most))
}

/// How the database runs the statements of this module, by the name of each.
#[cfg(test)]
pub(crate) async fn explained<R: Row>(
    session: &mut Session,
    scan: &Scan<R>,
    is_sqlite: bool,
) -> Vec<(&'static str, String)> {
    let explain = if is_sqlite {
        "EXPLAIN QUERY PLAN"
    } else {
        "EXPLAIN"
    };
    let after = Position {
        key: "t".to_owned(),
        id: "0".to_owned(),
    };
    let statements = [
        ("rows", scan.rows(None, 0, 101)),
        ("rows at an offset", scan.rows(None, 1000, 101)),
        ("rows after a place", scan.rows(Some(&after), 0, 101)),
        ("count", scan.counted(2001)),
    ];
    let mut explained = Vec::new();
    for (name, Statement { sql, values }) in statements {
        let lines = session.lookup(&format!("{explain} {sql}"), values).await;
        let column = if is_sqlite { 3 } else { 0 };
        let lines = lines.expect("can be explained").into_iter();
        let lines: Vec<_> = lines
            .map(|mut line| line.text(column).expect("is text"))
            .collect();
        explained.push((name, lines.join("\n")));
    }
    explained
}

/// All that a statement reads, as texts.
#[cfg(test)]
pub(crate) async fn texts(session: &mut Session, sql: &str, columns: usize) -> Vec<Vec<String>> {
    let rows = session.lookup(sql, Vec::new()).await.expect("can be read");
    let texts = |mut row: Cells| {
        let texts = (0..columns).map(|column| row.text(column).expect("is text"));
        texts.collect()
    };
    rows.into_iter().map(texts).collect()
}

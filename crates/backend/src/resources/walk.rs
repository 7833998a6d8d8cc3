//! Reading a list piece by piece. Each piece is a short read of its own, of a
//! bounded number of rows, and is filtered and written as JSON on another thread
//! than that of the request.

use std::collections::HashMap;
use std::sync::Arc;

use contract::parameters::Select;
use contract::schema::Described;
use serde_json::Value;

use super::filter::Condition;
use super::plan::{Order, Plan};
use crate::app::App;
use crate::error::Error;
use crate::store::Row;
use crate::store::key::{Kind, key};
use crate::store::scan::{self, Position};

/// How many rows are read at once where each has to be looked at.
const BATCH: usize = 250;

/// How many IDs are put in order at most, for want of an index.
pub(crate) const SORTED: usize = 100_000;

/// What a document has to satisfy, where no index says so.
type Rest = [(&'static str, Condition)];

/// What is sent of a row.
pub(crate) struct View<R, T> {
    pub(crate) document: Box<dyn Fn(R) -> T + Send + Sync>,
    pub(crate) select: Option<Select<T>>,
}

impl<R, T: Described> View<R, T> {
    /// The row as JSON, if it satisfies all conditions.
    fn json(&self, row: R, rest: &Rest) -> serde_json::Result<Option<Vec<u8>>> {
        let item = (self.document)(row);
        if rest.is_empty() && self.select.is_none() {
            return serde_json::to_vec(&item).map(Some);
        }
        let mut value = serde_json::to_value(&item)?;
        if !admits(rest, &value) {
            return Ok(None);
        }
        let Some(select) = &self.select else {
            return serde_json::to_vec(&item).map(Some);
        };
        if let Some(members) = value.as_object_mut() {
            members.retain(|name, _| select.contains(name));
        }
        serde_json::to_vec(&value).map(Some)
    }

    /// The key of the row in an order, if it satisfies all conditions.
    fn key(
        &self,
        row: R,
        rest: &Rest,
        property: &str,
        kind: Kind,
    ) -> serde_json::Result<Option<String>> {
        let value = serde_json::to_value((self.document)(row))?;
        Ok(admits(rest, &value).then(|| match property {
            // The ID itself stands beside the key.
            "id" => String::new(),
            property => key(&value[property], kind),
        }))
    }
}

fn admits(rest: &Rest, value: &Value) -> bool {
    rest.iter()
        .all(|(property, condition)| condition.admits(&value[*property]))
}

/// An item of a list, and its place.
pub(crate) struct Item {
    pub(crate) position: Position,
    pub(crate) json: Vec<u8>,
}

/// Where a part of a list begins.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    /// Behind a place.
    After(Position),
    /// Behind so many items.
    Skip(usize),
}

impl Start {
    fn parts(self) -> (Option<Position>, usize) {
        match self {
            Self::After(position) => (Some(position), 0),
            Self::Skip(skip) => (None, skip),
        }
    }
}

/// A list on the way. `is_done` says that nothing is left of it.
pub(crate) struct Walk<R, T> {
    app: Arc<App>,
    view: Arc<View<R, T>>,
    way: Way<R>,
    /// How many rows have been looked at.
    pub(crate) seen: usize,
    pub(crate) is_done: bool,
}

/// Where the items come from.
enum Way<R> {
    /// From an index that has their order.
    Ordered {
        plan: Plan<R>,
        after: Option<Position>,
        /// How many items are still to be left out.
        skip: usize,
    },
    /// From what has been put in order.
    Sorted {
        viewer: String,
        positions: std::vec::IntoIter<Position>,
    },
}

impl<R: Row, T: Described> Walk<R, T> {
    /// Goes along an index.
    pub(crate) fn ordered(
        app: Arc<App>,
        view: Arc<View<R, T>>,
        plan: Plan<R>,
        start: Start,
    ) -> Self {
        let (after, skip) = start.parts();
        Self {
            app,
            view,
            way: Way::Ordered { plan, after, skip },
            seen: 0,
            is_done: false,
        }
    }

    /// Reads all that a plan finds and puts it in order, but keeps no more of it
    /// than the first `limit` from the start on.
    ///
    /// # Errors
    ///
    /// They would be more than [`SORTED`].
    pub(crate) async fn sorted(
        app: Arc<App>,
        view: Arc<View<R, T>>,
        plan: Plan<R>,
        order: &Order,
        start: Start,
        limit: Option<usize>,
    ) -> Result<Self, Error> {
        let (after, skip) = start.parts();
        let most = limit.map(|limit| skip.saturating_add(limit));
        let kept = most.map_or(SORTED + 1, |most| most.min(SORTED + 1));
        let is_by_id = order.property == "id" && !order.descending;
        let mut positions = if is_by_id && plan.rest.is_empty() {
            first_ids(&app, &plan, after.as_ref(), kept).await?
        } else {
            first_positions(&app, &view, &plan, order, after.as_ref(), kept).await?
        };
        if positions.len() > SORTED {
            let message = format!(
                "puts {SORTED} items in order at most for want of an index: \
                 ask for fewer, with filters, `limit` or a lower `offset`"
            );
            return Err(Error::invalid("sort", message));
        }
        positions.drain(..skip.min(positions.len()));
        Ok(Self {
            app,
            view,
            way: Way::Sorted {
                viewer: plan.scan.viewer,
                positions: positions.into_iter(),
            },
            seen: 0,
            is_done: false,
        })
    }

    /// The next items; fewer than `number` or more, and none only if there are
    /// no more.
    pub(crate) async fn next(&mut self, number: usize) -> Result<Vec<Item>, Error> {
        while !self.is_done {
            let items = self.step(number).await?;
            if !items.is_empty() {
                return Ok(items);
            }
        }
        Ok(Vec::new())
    }

    /// Reads one piece. It can be empty although more is to come.
    pub(crate) async fn step(&mut self, number: usize) -> Result<Vec<Item>, Error> {
        match &mut self.way {
            Way::Sorted { viewer, positions } => {
                let viewer = viewer.clone();
                let positions: Vec<_> = positions.take(number.min(BATCH)).collect();
                self.is_done = positions.is_empty();
                self.at(&viewer, positions).await
            }
            Way::Ordered { plan, after, skip } => {
                let rest = plan.rest.clone();
                let (limit, offset) = if rest.is_empty() {
                    (number, std::mem::take(skip))
                } else {
                    (BATCH.max(number), 0)
                };
                let view = Arc::clone(&self.view);
                let read = move |row| view.json(row, &rest);
                let mut session = self.app.store.read_list().await?;
                let rows = scan::rows(
                    &mut session,
                    &plan.scan,
                    after.as_ref(),
                    offset,
                    limit,
                    read,
                )
                .await?;
                drop(session);
                self.seen += rows.len();
                self.is_done = rows.len() < limit;
                if let Some((last, _)) = rows.last() {
                    *after = Some(last.clone());
                }
                let mut items = Vec::with_capacity(rows.len());
                for (position, json) in rows {
                    match json.map_err(Error::internal)? {
                        Some(_) if *skip > 0 => *skip -= 1,
                        Some(json) => items.push(Item { position, json }),
                        None => {}
                    }
                }
                Ok(items)
            }
        }
    }

    async fn at(&self, viewer: &str, positions: Vec<Position>) -> Result<Vec<Item>, Error> {
        if positions.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = positions.iter().map(|place| place.id.clone()).collect();
        let view = Arc::clone(&self.view);
        let read = move |row| view.json(row, &[]);
        let mut session = self.app.store.read_list().await?;
        let rows = scan::with_ids::<R, _>(&mut session, viewer, &ids, read).await?;
        drop(session);
        let mut rows: HashMap<_, _> = rows.into_iter().collect();
        let mut items = Vec::with_capacity(rows.len());
        for position in positions {
            // One that has been deleted since is left out.
            let json = rows
                .remove(&position.id)
                .transpose()
                .map_err(Error::internal)?;
            if let Some(json) = json.flatten() {
                items.push(Item { position, json });
            }
        }
        Ok(items)
    }
}

/// The first places in the order of the IDs.
async fn first_ids<R: Row>(
    app: &App,
    plan: &Plan<R>,
    after: Option<&Position>,
    number: usize,
) -> Result<Vec<Position>, Error> {
    let after = after.map(|position| position.id.as_str());
    let ids = scan::ids(&mut app.store.read_list().await?, &plan.scan, after, number).await?;
    let place = |id| Position {
        key: String::new(),
        id,
    };
    Ok(ids.into_iter().map(place).collect())
}

/// The first places in an order of what a plan finds, all of which is looked at.
async fn first_positions<R: Row, T: Described>(
    app: &App,
    view: &Arc<View<R, T>>,
    plan: &Plan<R>,
    order: &Order,
    after: Option<&Position>,
    number: usize,
) -> Result<Vec<Position>, Error> {
    let mut found: Vec<Position> = Vec::new();
    let compare = |one: &Position, other: &Position| order.compare(one, other);
    let mut read_to = None;
    loop {
        let (view, order, rest) = (Arc::clone(view), order.clone(), plan.rest.clone());
        let kind = order.kind::<R>();
        let read = move |row| view.key(row, &rest, &order.property, kind);
        let mut session = app.store.read_list().await?;
        let rows = scan::rows(&mut session, &plan.scan, read_to.as_ref(), 0, BATCH, read).await?;
        drop(session);
        let is_last = rows.len() < BATCH;
        read_to = rows.last().map(|(place, _)| place.clone());
        for (Position { id, .. }, key) in rows {
            let Some(key) = key.map_err(Error::internal)? else {
                continue;
            };
            let position = Position { key, id };
            if after.is_none_or(|after| compare(&position, after).is_gt()) {
                found.push(position);
            }
        }
        if is_last || found.len() >= number.saturating_mul(2).max(SORTED) {
            found.sort_by(compare);
            found.truncate(number);
        }
        if is_last {
            return Ok(found);
        }
    }
}

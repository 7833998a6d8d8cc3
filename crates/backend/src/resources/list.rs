//! Lists: pages, order and filters, the same for every resource.
//!
//! A list is read along an index of the store where one has its order, and its
//! conditions are met by indexes as far as they are on listed properties; see
//! [`Row::LISTED`](crate::store::Row::LISTED). A page then costs the same in a
//! large store as in a small one. These cost more:
//!
//! - What is shared with the organization is looked up for each piece of the list; see
//!   [`crate::store::scan`].
//! - `offset` steps over entries of the index. The link to the next page has a
//!   cursor, which finds the place at once.
//! - `~` looks at all entries of its property, or at all documents.
//! - Other conditions look at documents until the page is full.
//! - To sort by another property looks at all documents, and keeps the IDs of
//!   what is asked for in memory: [`SORTED`](super::walk::SORTED) at most.
//!
//! A list without `limit` is sent as it is read. What changes meanwhile is in it
//! as it was or as it is.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use contract::operation::List;
use contract::parameters::{ListQuery, PageQuery, Sort};
use contract::schema::Described;
use futures_util::stream::{self, Stream, StreamExt as _};

use super::filter::Filter;
use super::plan::{Order, Question};
use super::walk::{Item, Start, View, Walk};
use crate::access::Caller;
use crate::app::App;
use crate::error::Error;
use crate::store::Row;
use crate::store::key::{Kind, key};
use crate::store::scan::{self, Position};

/// How many items a condition may leave so that they are all looked at.
const FEW: usize = 2000;

/// How many rows are looked at until something else is tried.
const PATIENCE: usize = 1000;

/// How many items of a whole list are read at once.
const CHUNK: usize = 500;

/// A list of resources of a type, on its way to the caller.
pub(crate) struct Listing<T> {
    pub(crate) body: ListBody,
    /// Where the next page begins, unless this is the last one.
    pub(crate) next: Option<Next>,
    of: PhantomData<fn() -> T>,
}

/// The JSON of a list.
pub(crate) enum ListBody {
    Whole(Vec<u8>),
    /// Piece by piece. An error breaks it off.
    Pieces(Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>),
}

/// Where a page begins.
pub(crate) struct Next {
    pub(crate) offset: u32,
    /// The place behind which it begins.
    pub(crate) cursor: String,
}

/// What is asked of a list: the query, and the cursor beside it.
pub(crate) struct Asked<T> {
    pub(crate) app: Arc<App>,
    pub(crate) caller: Caller,
    pub(crate) query: ListQuery<T>,
    pub(crate) cursor: Option<String>,
}

/// Lists what the caller sees of a resource: the rows that pass the filters, each
/// as the document that `document` makes of it.
pub(crate) async fn list<R: Row, T: Described>(
    asked: Asked<T>,
    filters: impl IntoIterator<Item = Filter>,
    document: impl Fn(R) -> T + Send + Sync + 'static,
) -> Result<Listing<T>, Error> {
    let Asked {
        app,
        caller,
        query,
        cursor,
    } = asked;
    let viewer = caller.organization.to_string();
    let question = Question::new::<R, T>(viewer, query.sort.as_ref(), filters);
    let order = question.order.clone();
    let offset = query.offset.unwrap_or_default();
    let start = match cursor {
        Some(cursor) => Start::After(place(&cursor, &order)?),
        None => Start::Skip(index(offset)),
    };
    let view = Arc::new(View {
        document: Box::new(document),
        select: query.select,
    });
    let Some(limit) = query.limit else {
        let walk = walk(app, view, &question, start, None).await?;
        return whole(walk).await;
    };
    let wanted = index(limit) + 1;
    let mut items = page(app, view, &question, start, wanted).await?;
    let is_last = items.len() < wanted;
    items.truncate(index(limit));
    let next = items.last().filter(|_| !is_last).map(|last| Next {
        offset: offset.saturating_add(limit),
        cursor: cursor_to(&last.position, &order),
    });
    let mut body = Vec::new();
    append(&mut body, &items, true);
    body.push(b']');
    Ok(Listing {
        body: ListBody::Whole(body),
        next,
        of: PhantomData,
    })
}

/// How a list is read. `limit` is `None` for a whole list.
async fn walk<R: Row, T: Described>(
    app: Arc<App>,
    view: Arc<View<R, T>>,
    question: &Question,
    start: Start,
    limit: Option<usize>,
) -> Result<Walk<R, T>, Error> {
    let order = &question.order;
    for plan in question.narrow::<R>() {
        let is_small =
            scan::has_at_most(&mut app.store.read_list().await?, &plan.scan, FEW).await?;
        if is_small {
            return Walk::sorted(app, view, plan, order, start, limit).await;
        }
    }
    if let Some(plan) = question.ordered::<R>() {
        return Ok(Walk::ordered(app, view, plan, start));
    }
    let plan = question.unordered::<R>();
    Walk::sorted(app, view, plan, order, start, limit).await
}

/// The items of a page.
async fn page<R: Row, T: Described>(
    app: Arc<App>,
    view: Arc<View<R, T>>,
    question: &Question,
    start: Start,
    wanted: usize,
) -> Result<Vec<Item>, Error> {
    let again = (Arc::clone(&app), Arc::clone(&view), start.clone());
    let mut walk = walk(app, view, question, start, Some(wanted)).await?;
    // If one condition is all that there is to look at, its entries alone tell
    // which IDs come first. If many satisfy it, that takes longer than to meet
    // enough of them by chance.
    let by_id = question.order.property == "id" && !question.order.descending;
    let narrow = question.narrow::<R>().into_iter();
    let mut narrow = narrow.filter(|plan| by_id && plan.rest.is_empty());
    let mut items: Vec<Item> = Vec::new();
    while !walk.is_done && items.len() < wanted {
        if walk.seen > PATIENCE
            && let Some(plan) = narrow.next()
        {
            let (app, view, start) = again.clone();
            items.clear();
            let order = &question.order;
            walk = Walk::sorted(app, view, plan, order, start, Some(wanted)).await?;
        }
        items.extend(walk.step(wanted - items.len()).await?);
    }
    Ok(items)
}

/// A whole list: at once if it is short, or else piece by piece.
async fn whole<R: Row, T: Described>(mut walk: Walk<R, T>) -> Result<Listing<T>, Error> {
    let mut first = Vec::new();
    append(&mut first, &walk.next(CHUNK).await?, true);
    let body = if walk.is_done {
        first.push(b']');
        ListBody::Whole(first)
    } else {
        let rest = stream::unfold(Some(walk), |walk| async {
            let mut walk = walk?;
            let mut bytes = Vec::new();
            match walk.next(CHUNK).await {
                Ok(items) => append(&mut bytes, &items, false),
                Err(error) => return Some((Err(error), None)),
            }
            let walk = if walk.is_done {
                bytes.push(b']');
                None
            } else {
                Some(walk)
            };
            Some((Ok(Bytes::from(bytes)), walk))
        });
        let first = stream::once(async { Ok(Bytes::from(first)) });
        ListBody::Pieces(Box::pin(first.chain(rest)))
    };
    Ok(Listing {
        body,
        next: None,
        of: PhantomData,
    })
}

/// Appends items to the JSON of a list, which may begin here.
fn append(body: &mut Vec<u8>, items: &[Item], is_beginning: bool) {
    if is_beginning {
        body.push(b'[');
    }
    for (index, item) in items.iter().enumerate() {
        if index > 0 || !is_beginning {
            body.push(b',');
        }
        body.extend_from_slice(&item.json);
    }
}

/// What leads to the place behind an item.
fn cursor_to(Position { key, id }: &Position, order: &Order) -> String {
    let text = serde_json::json!([order.name(), key, id]).to_string();
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// The place that a cursor leads to.
fn place(cursor: &str, order: &Order) -> Result<Position, Error> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
    let parts = text.and_then(|text| serde_json::from_slice::<[String; 3]>(&text).ok());
    let parts = parts.filter(|parts| !parts.iter().any(|part| part.contains('\0')));
    match parts {
        Some([name, key, id]) if name == order.name() => Ok(Position { key, id }),
        _ => Err(Error::invalid(
            "cursor",
            "must be that of a link to the next page of this list",
        )),
    }
}

/// Lists what there is of `items`, all of which are at hand. Equal ones keep the
/// order that they have.
pub(crate) fn of<T: Described>(items: Vec<T>, query: ListQuery<T>) -> Result<List<T>, Error> {
    let mut items = match &query.sort {
        Some(sort) => sorted(items, sort).map_err(Error::internal)?,
        None => items,
    };
    items.drain(..items.len().min(index(query.offset.unwrap_or_default())));
    Ok(cut_off(items, query))
}

/// The page that `query` asks for, of values that have no properties.
pub(crate) fn plain<T>(mut items: Vec<T>, query: PageQuery) -> List<T> {
    items.drain(..items.len().min(index(query.offset.unwrap_or_default())));
    cut_off(
        items,
        ListQuery {
            limit: query.limit,
            offset: query.offset,
            ..ListQuery::default()
        },
    )
}

/// The page that `items` begin with.
fn cut_off<T>(mut items: Vec<T>, query: ListQuery<T>) -> List<T> {
    let offset = query.offset.unwrap_or_default();
    let next_offset = query.limit.filter(|limit| items.len() > index(*limit));
    let next_offset = next_offset.map(|limit| offset.saturating_add(limit));
    if let Some(limit) = query.limit {
        items.truncate(index(limit));
    }
    List {
        items,
        next_offset,
        select: query.select,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn sorted<T: Described>(items: Vec<T>, sort: &Sort<T>) -> Result<Vec<T>, serde_json::Error> {
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let document = serde_json::to_value(&item)?;
        keyed.push((key(&document[sort.property()], Kind::Instant), item));
    }
    keyed.sort_by(|(one, _), (other, _)| {
        let order = one.cmp(other);
        if sort.descending() {
            order.reverse()
        } else {
            order
        }
    });
    Ok(keyed.into_iter().map(|(_, item)| item).collect())
}

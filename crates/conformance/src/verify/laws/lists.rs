//! Reading lists, whole and page by page.

use serde_json::Value;

use super::exchange::{Ask, Exchange};
use super::law::Law;
use super::model::Resource;
use super::operation::{Operation, Parameter};
use super::schema;
use super::session::Session;
use crate::reference::escape;

/// Names of the parameter that says how long a page may be.
const LIMIT: [&str; 8] = [
    "limit",
    "per_page",
    "perPage",
    "page_size",
    "pageSize",
    "maxResults",
    "max_results",
    "first",
];

/// Names of parameters that say where a page begins.
const OFFSET: [&str; 3] = ["offset", "skip", "start"];

/// Names of the parameter that takes what a reply says of where the next page begins.
const TOKEN: [&str; 9] = [
    "cursor",
    "pageToken",
    "page_token",
    "nextToken",
    "next_token",
    "continuationToken",
    "continuation_token",
    "marker",
    "after",
];

/// Names of the property of a reply that says so.
const NEXT: [&str; 12] = [
    "nextCursor",
    "next_cursor",
    "nextPageToken",
    "next_page_token",
    "nextToken",
    "next_token",
    "nextMarker",
    "next_marker",
    "continuationToken",
    "continuation_token",
    "endCursor",
    "next",
];

/// Names of other parameters that are no filters.
const OTHER: [&str; 5] = ["page", "before", "sort", "order", "q"];

/// How long a page is asked for where the document does not say what is possible.
const LONGEST: u64 = 100;

/// A list, and how to ask for it.
#[derive(Clone)]
pub(crate) struct List<'m> {
    pub(crate) resource: &'m Resource,
    pub(crate) operation: &'m Operation,
    pub(crate) path: String,
    /// Where the elements are in a reply, as a JSON pointer.
    pub(crate) pointer: String,
    /// The schema of an element.
    pub(crate) element: &'m Value,
    pub(crate) limit: Option<&'m Parameter>,
    /// How to ask for the next page.
    pub(crate) way: Way<'m>,
}

/// How the next page of a list is asked for.
#[derive(Clone)]
pub(crate) enum Way<'m> {
    /// By the link in the reply.
    Link,
    /// By what stands at a JSON pointer of the reply, in a parameter.
    Token(&'m Parameter, String),
    /// By the number of elements before it.
    Offset(&'m Parameter),
    /// The document does not say.
    Unknown,
}

/// The elements of a list.
pub(crate) struct Listed {
    pub(crate) items: Vec<Value>,
    /// The first request, as reports show it.
    pub(crate) shown: String,
    /// Whether these are all.
    pub(crate) is_whole: bool,
}

impl<'m> List<'m> {
    /// The list of a resource, if it has one that can be asked for.
    pub(crate) fn of(
        session: &Session<'m>,
        resource: &'m Resource,
    ) -> Option<Result<Self, String>> {
        let operation = session.model.operation(resource.list)?;
        let reply = operation.success()?.1.schema.as_ref()?;
        let (pointer, element) = schema::elements(session.root(), reply)?;
        let needed = operation.query.iter().find(|parameter| parameter.required);
        if let Some(needed) = needed {
            return Some(Err(format!("its parameter {} is required", needed.name)));
        }
        let way = way(session.root(), operation, reply);
        Some(session.fill(&operation.path, false).map(|path| Self {
            resource,
            operation,
            path,
            pointer,
            element,
            limit: operation.parameter(&LIMIT),
            way,
        }))
    }

    /// Returns whether replies say if there is a next page.
    fn tells_next(&self) -> bool {
        matches!(self.way, Way::Link | Way::Token(..))
    }

    /// What a reply says of where the next page begins, at this place in it.
    pub(crate) fn token(exchange: &Exchange, pointer: &str) -> Option<String> {
        match exchange.value.as_ref()?.pointer(pointer)? {
            Value::String(token) if !token.is_empty() => Some(token.clone()),
            Value::Number(token) => Some(token.to_string()),
            _ => None,
        }
    }

    /// The parameters that could be filters.
    pub(crate) fn filters(&self) -> impl Iterator<Item = &'m Parameter> {
        let all = self.operation.query.iter();
        all.filter(|parameter| {
            let name = parameter.name.as_str();
            let of_pages = [&LIMIT[..], &OFFSET, &TOKEN, &OTHER];
            !of_pages.iter().any(|names| names.contains(&name))
        })
    }

    pub(crate) fn ask(&self, query: &[(String, String)]) -> Ask {
        let mut ask = Ask::new(self.path.clone());
        ask.query = query.to_vec();
        ask
    }

    /// The elements in a reply.
    pub(crate) fn items(&self, exchange: &Exchange) -> Option<Vec<Value>> {
        let value = exchange.value.as_ref().filter(|_| exchange.is_success())?;
        value.pointer(&self.pointer)?.as_array().cloned()
    }

    /// The identifier of an element. A list of identifiers has them as elements.
    pub(crate) fn id(&self, item: &Value) -> Option<String> {
        match item {
            Value::String(id) => Some(id.clone()),
            item => super::exchange::identifier(item, self.resource),
        }
    }

    /// Returns whether the list need not show a property of an element: the element lacks
    /// it, and the schema of the elements does not declare it.
    pub(crate) fn leaves_out(&self, root: &Value, item: &Value, name: &str) -> bool {
        item.get(name).is_none() && !schema::declares(root, self.element, name)
    }

    /// The whole list that a query describes, as far as the bounds go.
    pub(crate) async fn whole(
        &self,
        session: &mut Session<'m>,
        query: &[(String, String)],
    ) -> Option<Listed> {
        let bound = session.laws.bounds.items;
        // A list without limit is whole where replies say if there is more.
        let mut query = query.to_vec();
        let has_default = |limit: &Parameter| {
            schema::resolve(session.root(), &limit.schema)
                .get("default")
                .is_some()
        };
        if let Some(limit) = self.limit
            && (!self.tells_next() || has_default(limit))
        {
            let longest = schema::resolve(session.root(), &limit.schema)["maximum"].as_u64();
            query.push((limit.name.clone(), longest.unwrap_or(LONGEST).to_string()));
        }
        let exchange = session.ask(self.operation, &self.ask(&query)).await?;
        let mut items = self.items(&exchange)?;
        let has_next = match &self.way {
            Way::Token(_, pointer) => Self::token(&exchange, pointer).is_some(),
            _ => next(&exchange).is_some(),
        };
        let is_whole = !has_next && items.len() <= bound;
        items.truncate(bound);
        Some(Listed {
            items,
            shown: exchange.shown,
            is_whole,
        })
    }
}

/// How a document says that the next page is asked for.
fn way<'m>(root: &Value, operation: &'m Operation, reply: &Value) -> Way<'m> {
    let success = operation.success().map(|(_, reply)| reply);
    if success.is_some_and(|reply| reply.headers.contains("link")) {
        return Way::Link;
    }
    if let Some(parameter) = operation.parameter(&TOKEN)
        && let Some(pointer) = next_place(root, reply, 0)
    {
        return Way::Token(parameter, pointer);
    }
    match operation.parameter(&OFFSET) {
        Some(offset) => Way::Offset(offset),
        None => Way::Unknown,
    }
}

/// Where a reply says where the next page begins: as a property of its own, or of an object
/// such as `meta`.
fn next_place(root: &Value, reply: &Value, depth: usize) -> Option<String> {
    let properties = schema::properties(root, schema::resolve(root, reply));
    let is_token = |property: &Value| {
        ["string", "integer"]
            .iter()
            .any(|name| schema::has_type(root, property, name))
    };
    let own = NEXT
        .iter()
        .find(|name| properties.get(**name).copied().is_some_and(is_token));
    if let Some(name) = own {
        return Some(format!("/{name}"));
    }
    if depth > 0 {
        return None;
    }
    let mut inner = properties.iter().filter_map(|(name, property)| {
        let place = next_place(root, property, depth + 1)?;
        Some(format!("/{}{place}", escape(name)))
    });
    inner.next()
}

/// The target of the link to the next page (RFC 8288). One that cannot be read leads
/// nowhere, so the pages are not the whole list.
pub(crate) fn next(exchange: &Exchange) -> Option<String> {
    transcode::next_link(&exchange.headers).ok().flatten()
}

/// The list of a resource, for these laws; where there is none to be had, that is
/// noted for each of them.
pub(crate) fn list_for<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    laws: &[Law],
) -> Option<List<'m>> {
    match List::of(session, resource)? {
        Ok(list) => Some(list),
        Err(reason) => {
            if let Some(operation) = session.model.operation(resource.list) {
                for law in laws {
                    session.untried(*law, operation, reason.clone());
                }
            }
            None
        }
    }
}

//! What every operation has in common: who calls, what was sent, and how the
//! reply looks on the wire.
//!
//! [`serve`] turns a handler into a route. This module names no resource.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, Query, RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use bytes::Bytes;
use contract::access::Access;
use contract::operation::{BASE_PATH, Body as _, BodyInfo, List, Operation, Reply};
use contract::parameters::parse_parameters;
use contract::validate::Violations;
use futures_util::TryStreamExt as _;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::{Instant, sleep_until};

use super::body;
use super::limits::{ANONYMOUS_LIMIT, JSON_LIMIT};
use super::observed::Notes;
use super::request_id::RequestId;
use super::respond::{chain, respond};
use crate::access::Authenticate;
use crate::app::App;
use crate::error::Error;
use crate::peer::Peer;
use crate::resources::{ListBody, Listing, Next, Request};

/// The parameter of a list that says where a page begins.
const CURSOR: &str = "cursor";

/// An operation and what serves it.
pub(crate) struct Route {
    pub(crate) id: &'static str,
    pub(crate) path: String,
    pub(crate) service: MethodRouter<Arc<App>>,
}

/// Serves an operation with `handler`.
pub(crate) fn serve<O, F, H>(handler: H) -> Route
where
    O: Operation<Access: Authenticate, Path: Send, Query: Send, Body: Send>,
    F: Future<Output = Result<O::Reply, Error>> + Send + 'static,
    H: Fn(Request<O>) -> F + Clone + Send + Sync + 'static,
{
    route::<O, _, _>(false, move |request, target, _| {
        let reply = handler(request);
        async move { write::<O>(reply.await?, &target) }
    })
}

/// Serves an operation that lists with `handler`, which reads a list while it is
/// sent.
pub(crate) fn serve_list<O, T, F, H>(handler: H) -> Route
where
    O: Operation<Access: Authenticate, Path: Send, Query: Send, Body: Send, Reply = List<T>>,
    T: 'static,
    F: Future<Output = Result<Listing<T>, Error>> + Send + 'static,
    H: Fn(Request<O>) -> F + Clone + Send + Sync + 'static,
{
    route::<O, _, _>(true, move |request, target, id| {
        let reply = handler(request);
        async move { write_list(O::STATUS, reply.await?, &target, id) }
    })
}

/// A route to `answer`. `takes_cursor` says that there may be a cursor beside the
/// parameters of the operation.
fn route<O, F, H>(takes_cursor: bool, answer: H) -> Route
where
    O: Operation<Access: Authenticate, Path: Send, Query: Send, Body: Send>,
    F: Future<Output = Result<Response, Error>> + Send + 'static,
    H: Fn(Request<O>, Target, RequestId) -> F + Clone + Send + Sync + 'static,
{
    let answer = move |app: Arc<App>, id: RequestId, request: axum::extract::Request| -> Answered {
        let answer = answer.clone();
        Box::pin(async move {
            let target = Target::of(&app, &request);
            let request = read::<O>(app, request, takes_cursor).await?;
            unhurried(Box::pin(answer(request, target, id))).await
        })
    };
    Route {
        id: O::ID,
        path: format!("{BASE_PATH}{}", O::PATH),
        service: service(O::ID, const { method_filter::<O>() }, Arc::new(answer)),
    }
}

/// What a request is about, as its sender named it.
struct Target {
    uri: Uri,
    /// Where the sender reaches the backend.
    base: Arc<str>,
}

impl Target {
    fn of(app: &App, request: &axum::extract::Request) -> Self {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
        let uri = request.uri();
        Self {
            base: app.base_urls.of(request.headers(), uri, app.believes(peer)),
            uri: uri.clone(),
        }
    }
}

/// What an operation answers a request.
type Answered = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

/// Serves an operation. It is not generic, since axum makes much code of each handler.
fn service(
    operation: &'static str,
    method: MethodFilter,
    answer: Arc<dyn Fn(Arc<App>, RequestId, axum::extract::Request) -> Answered + Send + Sync>,
) -> MethodRouter<Arc<App>> {
    on(
        method,
        move |State(app): State<Arc<App>>, id: RequestId, request: axum::extract::Request| {
            Notes::operation(request.extensions(), operation);
            let answered = answer(app, id.clone(), request);
            async move {
                let response = answered.await;
                let mut response = response.unwrap_or_else(|error| respond(error, &id));
                // A reply is for one caller, and may hold a token.
                let no_store = HeaderValue::from_static("no-store");
                response.headers_mut().insert(CACHE_CONTROL, no_store);
                response
            }
        },
    )
}

/// How long a refusal takes at least that depends on what there is. It is more than a
/// statement or two take.
const REFUSAL: Duration = Duration::from_millis(5);

/// Runs `answer`. A refusal comes so late that the time does not tell whether the thing
/// exists elsewhere: to find nothing is faster than to find that somebody may not see it.
async fn unhurried(answer: Answered) -> Result<Response, Error> {
    let due = Instant::now() + REFUSAL;
    let answered = answer.await;
    if answered
        .as_ref()
        .is_err_and(Error::depends_on_what_there_is)
    {
        sleep_until(due).await;
    }
    answered
}

/// The method of an operation for the router. An operation with a method that
/// cannot be routed does not compile.
const fn method_filter<O: Operation>() -> MethodFilter {
    let method = O::METHOD;
    let filter = match method {
        Method::GET => Some(MethodFilter::GET),
        Method::POST => Some(MethodFilter::POST),
        Method::PUT => Some(MethodFilter::PUT),
        Method::PATCH => Some(MethodFilter::PATCH),
        Method::DELETE => Some(MethodFilter::DELETE),
        _ => None,
    };
    // A constant function cannot drop a method.
    std::mem::forget(method);
    filter.expect("the method of the operation is one that is routed")
}

/// Reads a request. Who calls is found out first, so that somebody unknown
/// learns nothing and costs little; what is wrong with the rest is told at once.
async fn read<O: Operation<Access: Authenticate>>(
    app: Arc<App>,
    request: axum::extract::Request,
    takes_cursor: bool,
) -> Result<Request<O>, Error> {
    let (mut parts, body) = request.into_parts();
    let caller = O::Access::authenticate(&app, &parts).await?;
    if let Some(user) = O::Access::user(&caller) {
        Notes::user(&parts.extensions, user);
    }
    O::Access::check(&caller, O::PERMISSION)?;
    let path = path(&mut parts).await?;
    let path = path.and_then(|values| parse_parameters(values.iter()));
    let query = query::<O>(&parts.uri, takes_cursor);
    let limit = if <O::Access as Access>::AUTHENTICATED {
        JSON_LIMIT
    } else {
        ANONYMOUS_LIMIT
    };
    let request = axum::extract::Request::from_parts(parts, body);
    let bytes = receive(&app, request, O::Body::INFO, limit).await?;
    let body = bytes.and_then(O::Body::parse);
    match (path, query, body) {
        (Ok(path), Ok((query, cursor)), Ok(body)) => Ok(Request {
            app,
            caller,
            path,
            query,
            cursor,
            body,
        }),
        (path, query, body) => {
            let violations = [path.err(), query.err(), body.err()].into_iter().flatten();
            Violations::check(violations.flat_map(Violations::into_vec).collect())?;
            Err(Error::internal("a request was refused without a violation"))
        }
    }
}

/// Reads the body of a request.
async fn receive(
    app: &App,
    request: axum::extract::Request,
    info: BodyInfo,
    limit: usize,
) -> Result<Result<Bytes, Violations>, Error> {
    match info {
        BodyInfo::None => Ok(Ok(Bytes::new())),
        BodyInfo::Upload { part } => body::upload(&app.uploads, request, part).await,
        BodyInfo::Json(_) | BodyInfo::Create(_) | BodyInfo::Update(_) => {
            let (parts, body) = request.into_parts();
            Ok(Ok(body::json(&parts.headers, body, limit).await?))
        }
    }
}

async fn path(parts: &mut Parts) -> Result<Result<RawPathParams, Violations>, Error> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(values) => Ok(Ok(values)),
        Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
            Ok(Err(Violations::one("path", "is not UTF-8")))
        }
        Err(error) => Err(Error::internal(error)),
    }
}

/// The parameters of an operation, and the cursor. That is part of links that the
/// backend makes, and for nobody else to make, so the contract does not have it.
fn query<O: Operation>(
    uri: &Uri,
    takes_cursor: bool,
) -> Result<(O::Query, Option<String>), Violations> {
    let mut pairs = pairs(uri)?;
    let mut cursors = pairs.extract_if(.., |(name, _)| takes_cursor && name == CURSOR);
    let cursor = cursors.next().map(|(_, cursor)| cursor);
    if cursors.next().is_some() {
        return Err(Violations::one(CURSOR, "is given more than once"));
    }
    drop(cursors);
    Ok((parse_parameters(pairs)?, cursor))
}

/// The names and values in a query, decoded.
fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Violations> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| Violations::unreadable("query", error))
}

/// Writes a reply, as an answer to `target`.
fn write<O: Operation>(reply: O::Reply, target: &Target) -> Result<Response, Error> {
    let parts = reply.into_parts().map_err(Error::internal)?;
    let mut response = match parts.body {
        Some(body) => (O::STATUS, [(CONTENT_TYPE, "application/json")], body).into_response(),
        None => O::STATUS.into_response(),
    };
    if let Some(location) = parts.location {
        let location =
            HeaderValue::try_from(format!("{BASE_PATH}{location}")).map_err(Error::internal)?;
        response.headers_mut().insert(LOCATION, location);
    }
    if let Some(offset) = parts.next_offset {
        insert_link(&mut response, target, offset, None)?;
    }
    Ok(response)
}

/// Writes a list, as an answer to `target`. Where it is sent piece by piece, an error
/// breaks it off and goes to the log.
fn write_list<T>(
    status: StatusCode,
    list: Listing<T>,
    target: &Target,
    id: RequestId,
) -> Result<Response, Error> {
    let body = match list.body {
        ListBody::Whole(bytes) => Body::from(bytes),
        ListBody::Pieces(pieces) => Body::from_stream(pieces.inspect_err(move |error| {
            tracing::error!(
                request_id = id.as_str(),
                error = chain(error),
                "a list was broken off"
            );
        })),
    };
    let mut response = (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(Next { offset, cursor }) = list.next {
        insert_link(&mut response, target, offset, Some(cursor))?;
    }
    Ok(response)
}

fn insert_link(
    response: &mut Response,
    target: &Target,
    offset: u32,
    cursor: Option<String>,
) -> Result<(), Error> {
    let link = next_link(target, offset, cursor).map_err(Error::internal)?;
    let link = HeaderValue::try_from(link).map_err(Error::internal)?;
    response.headers_mut().insert(LINK, link);
    Ok(())
}

/// A link ([RFC 8288]) to the same list from another offset on. The cursor leads
/// to the same place and takes less time. The link is absolute, since there are clients
/// that take a relative one for none, and all but letters and digits is encoded in its
/// query, since there are clients that split the header at each comma.
///
/// [RFC 8288]: https://www.rfc-editor.org/rfc/rfc8288
fn next_link(target: &Target, offset: u32, cursor: Option<String>) -> Result<String, Violations> {
    let mut pairs = pairs(&target.uri)?;
    pairs.retain(|(name, _)| name != "offset" && name != CURSOR);
    pairs.push(("offset".to_owned(), offset.to_string()));
    pairs.extend(cursor.map(|cursor| (CURSOR.to_owned(), cursor)));
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    Ok(format!(
        "<{}{}?{}>; rel=\"next\"",
        target.base,
        target.uri.path(),
        pairs.join("&")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_next(uri: &str, expected: &str) {
        let target = Target {
            uri: uri.parse().expect("is a URI"),
            base: "http://backend.test".into(),
        };
        let link = next_link(&target, 20, None);
        assert_eq!(link.expect("has a query that can be read"), expected);
    }

    #[test]
    fn the_link_keeps_the_other_parameters() {
        check_next(
            "/v2/users?limit=10",
            r#"<http://backend.test/v2/users?limit=10&offset=20>; rel="next""#,
        );
        check_next(
            "/v2/users?offset=10&email=~a%26b&limit=10",
            r#"<http://backend.test/v2/users?email=%7Ea%26b&limit=10&offset=20>; rel="next""#,
        );
    }
}

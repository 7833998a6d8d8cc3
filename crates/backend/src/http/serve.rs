//! What every operation has in common: who calls, what was sent, and how the
//! reply looks on the wire.
//!
//! [`serve`] turns a handler into a route. This module names no resource.

use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, Query, RawPathParams, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use bytes::Bytes;
use contract::operation::{BASE_PATH, Body, BodyInfo, Operation, Reply};
use contract::parameters::parse_parameters;
use contract::validate::Violations;
use http::header::{CONTENT_TYPE, LINK, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Method, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::body;
use super::request_id::RequestId;
use super::respond::respond;
use crate::access::Authenticate;
use crate::app::App;
use crate::error::Error;
use crate::resources::Request;

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
    F: Future<Output = Result<O::Reply, Error>> + Send,
    H: Fn(Request<O>) -> F + Clone + Send + Sync + 'static,
{
    let answer = async move |app: Arc<App>, request: axum::extract::Request| {
        let uri = request.uri().clone();
        let reply = handler(read::<O>(app, request).await?).await?;
        write::<O>(reply, &uri)
    };
    let service = on(
        const { method_filter::<O>() },
        move |State(app): State<Arc<App>>, id: RequestId, request: axum::extract::Request| {
            let answer = answer.clone();
            async move {
                answer(app, request)
                    .await
                    .unwrap_or_else(|error| respond(error, &id))
            }
        },
    );
    Route {
        id: O::ID,
        path: format!("{BASE_PATH}{}", O::PATH),
        service,
    }
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
) -> Result<Request<O>, Error> {
    let (mut parts, body) = request.into_parts();
    let caller = O::Access::authenticate(&app, &parts.headers).await?;
    let path = path::<O>(&mut parts).await?;
    let query = query::<O>(&parts.uri);
    let bytes = match O::Body::INFO {
        BodyInfo::None => Ok(Bytes::new()),
        BodyInfo::Upload { part } => {
            body::upload(axum::extract::Request::from_parts(parts, body), part).await?
        }
        BodyInfo::Json(_) | BodyInfo::Create(_) | BodyInfo::Update(_) => {
            Ok(body::json(&parts.headers, body).await?)
        }
    };
    let body = bytes.and_then(O::Body::parse);
    match (path, query, body) {
        (Ok(path), Ok(query), Ok(body)) => Ok(Request {
            app,
            caller,
            path,
            query,
            body,
        }),
        (path, query, body) => {
            let violations = [path.err(), query.err(), body.err()].into_iter().flatten();
            Violations::check(violations.flat_map(Violations::into_vec).collect())?;
            Err(Error::internal("a request was refused without a violation"))
        }
    }
}

async fn path<O: Operation>(parts: &mut Parts) -> Result<Result<O::Path, Violations>, Error> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(values) => Ok(parse_parameters(values.iter())),
        Err(RawPathParamsRejection::InvalidUtf8InPathParam(_)) => {
            Ok(Err(Violations::one("path", "is not UTF-8")))
        }
        Err(error) => Err(Error::internal(error)),
    }
}

fn query<O: Operation>(uri: &Uri) -> Result<O::Query, Violations> {
    parse_parameters(pairs(uri)?)
}

/// The names and values in a query, decoded.
fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Violations> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| Violations::unreadable("query", error))
}

/// Writes a reply, as an answer to `uri`.
fn write<O: Operation>(reply: O::Reply, uri: &Uri) -> Result<Response, Error> {
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
        let link = HeaderValue::try_from(next_link(uri, offset).map_err(Error::internal)?)
            .map_err(Error::internal)?;
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// A link ([RFC 8288]) to the same list from another offset on.
///
/// [RFC 8288]: https://www.rfc-editor.org/rfc/rfc8288
fn next_link(uri: &Uri, offset: u32) -> Result<String, Violations> {
    let mut pairs = pairs(uri)?;
    pairs.retain(|(name, _)| name != "offset");
    pairs.push(("offset".to_owned(), offset.to_string()));
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    Ok(format!(
        "<{}?{}>; rel=\"next\"",
        uri.path(),
        pairs.join("&")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_next(uri: &str, expected: &str) {
        let link = next_link(&uri.parse().expect("is a URI"), 20);
        assert_eq!(link.expect("has a query that can be read"), expected);
    }

    #[test]
    fn the_link_keeps_the_other_parameters() {
        check_next(
            "/v2/users?limit=10",
            r#"</v2/users?limit=10&offset=20>; rel="next""#,
        );
        check_next(
            "/v2/users?offset=10&email=~a%26b&limit=10",
            r#"</v2/users?email=%7Ea%26b&limit=10&offset=20>; rel="next""#,
        );
    }
}

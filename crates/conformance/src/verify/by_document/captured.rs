//! Exchanges as they were captured, brought before the checker.

use contract::recorded::RecordedExchange;
use http::StatusCode;

use super::checker::{At, Checker};
use super::request::{Body, Content, Request};
use super::route::Routed;
use crate::verify::check::{Received, query, text};
use crate::verify::har::{HarEntry, HarRequest, headers};

/// Judges an entry of a HAR file.
pub(crate) fn entry(
    checker: &mut Checker<'_>,
    routed: &Routed<'_>,
    seen_in: &str,
    entry: &HarEntry,
    status: StatusCode,
) {
    let (operation, variables) = routed;
    let at = At { operation, seen_in };
    let url = entry.request.url.split('#').next().unwrap_or_default();
    let pairs = query(url.split_once('?').map_or("", |(_, query)| query));
    let sent_headers = headers(&entry.request.headers);
    let content_type = text(&sent_headers, "content-type");
    let request = Request {
        variables,
        query: &pairs,
        headers: Some(&sent_headers),
        body: body(&entry.request, &content_type),
    };
    checker.request(at, &request);
    if status.is_success() {
        checker.credentials(at, &sent_headers, &pairs);
    }
    let received_headers = headers(&entry.response.headers);
    let body = entry.response.content.bytes();
    let received = Received {
        status,
        headers: Some(&received_headers),
        // A HAR without the text has not captured it, unless there was nothing.
        body: body.as_deref(),
    };
    checker.reply(at, &received);
}

fn body<'a>(request: &'a HarRequest, content_type: &'a str) -> Body<'a> {
    let Some(data) = &request.post_data else {
        return match request.body_size {
            Some(0) => Body::None,
            _ => Body::Unknown,
        };
    };
    let content_type = match content_type {
        "" => data.mime_type.as_str(),
        given => given,
    };
    let content = if content_type.starts_with("multipart/") {
        // What is binary in a form is not kept, or not as it was.
        Content::Parts(data.parts(content_type))
    } else if let Some(text) = &data.text {
        if text.is_empty() && data.params.is_empty() {
            return Body::None;
        }
        Content::Bytes(text.as_bytes())
    } else {
        let fields = data.params.iter();
        let fields = fields.map(|field| (field.name.clone(), field.value.clone()));
        Content::Fields(fields.collect())
    };
    Body::Some {
        content_type,
        content,
    }
}

/// Judges a recorded exchange.
pub(crate) fn exchange(
    checker: &mut Checker<'_>,
    routed: &Routed<'_>,
    seen_in: &str,
    exchange: &RecordedExchange,
) {
    let (operation, variables) = routed;
    let at = At { operation, seen_in };
    let pairs: Vec<_> = exchange.query.clone().into_iter().collect();
    let sent = exchange.request.as_ref();
    let bytes = sent.and_then(|sent| Some(sent.body.as_ref()?.to_string().into_bytes()));
    let part = sent.and_then(|sent| sent.part.as_ref());
    let content = match (&bytes, part) {
        (Some(bytes), _) => Some(Content::Bytes(bytes)),
        (None, Some(part)) => {
            let part = (Some(part.name.clone()), Some(part.content_type.clone()));
            Some(Content::Parts(vec![part]))
        }
        (None, None) => None,
    };
    let body = match (sent, content) {
        (None, _) => Body::None,
        (Some(_), None) => Body::Unknown,
        (Some(sent), Some(content)) => Body::Some {
            content_type: &sent.content_type,
            content,
        },
    };
    let request = Request {
        variables,
        query: &pairs,
        headers: None,
        body,
    };
    checker.request(at, &request);
    let body = exchange.response.body.as_ref();
    let body = body.map(|body| body.to_string().into_bytes());
    let received_headers = exchange.response.header_map();
    let received = Received {
        status: exchange.response.status,
        // An exchange without any was recorded without them.
        headers: Some(&received_headers).filter(|headers| !headers.is_empty()),
        body: body.as_deref(),
    };
    checker.reply(at, &received);
}

//! Which fields of a reply go to the caller.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use kitchen_sink::kitchen::{
    KitchenServiceDeleteBook, KitchenServiceStreamBooks, StreamBooksRequest,
};
use tonic::metadata::MetadataMap;
use transcode::{BoxError, Config, Gateway, ReplyFields, RequestBody, Upstream};

use crate::stub::{config, name, run};

/// A gateway that passes these fields of its upstream's replies on.
fn gateway(
    names: &[&'static str],
    status: u16,
    body: &'static str,
    headers: &[(&'static str, &'static [u8])],
) -> Gateway<impl Upstream> {
    let mut fields = ReplyFields::default();
    for name in names {
        let added = fields.add(HeaderName::from_static(name));
        added.expect("it may pass");
    }
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_bytes(value).expect("a value");
            (HeaderName::from_static(name), value)
        })
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
    let upstream = tower::service_fn(move |_: Request<RequestBody>| {
        let mut trailers = HeaderMap::new();
        trailers.insert("etag", HeaderValue::from_static("of a trailer"));
        let body = Full::new(Bytes::from_static(body.as_bytes()))
            .with_trailers(std::future::ready(Some(Ok(trailers))));
        let mut response = Response::new(body);
        *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
        *response.headers_mut() = headers.clone();
        async { Ok::<_, BoxError>(response) }
    });
    let config = Config {
        forwarded_replies: fields,
        ..config()
    };
    Gateway::new(upstream, config)
}

/// The metadata as lines, without the request id.
fn lines(metadata: &MetadataMap) -> Vec<String> {
    let headers = metadata.clone().into_headers();
    let mut lines: Vec<_> = headers
        .iter()
        .filter(|(name, _)| *name != transcode::REQUEST_ID)
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    lines.sort();
    lines
}

/// Checks what of these headers goes to the caller of a successful call.
#[track_caller]
fn check(names: &[&'static str], headers: &[(&'static str, &'static [u8])], expected: &[&str]) {
    let gateway = gateway(names, 200, "{}", headers);
    let call = gateway.call::<KitchenServiceDeleteBook>(tonic::Request::new(name()));
    let answer = run(call).expect("the call succeeds");
    assert_eq!(lines(answer.metadata()), expected);
}

const HEADERS: [(&str, &[u8]); 6] = [
    ("connection", b"close"),
    ("content-language", b"nl"),
    ("etag", b"\"1\""),
    ("grpc-status", b"7"),
    ("set-cookie", b"a=1"),
    ("x-internal", b"10.0.0.7"),
];

#[test]
fn nothing_passes_unless_it_is_named() {
    check(&[], &HEADERS, &[]);
    check(&["etag"], &HEADERS, &["etag: \"1\""]);
    check(&["x-missing"], &HEADERS, &[]);
}

#[test]
fn lines_of_one_field_stay_apart() {
    let cookies: [(&str, &[u8]); 2] = [("set-cookie", b"a=1"), ("set-cookie", b"b=2, c")];
    let expected = ["set-cookie: a=1", "set-cookie: b=2, c"];
    check(&["set-cookie"], &cookies, &expected);
}

#[test]
fn a_value_that_is_no_metadata_stays_behind() {
    let headers: [(&str, &[u8]); 5] = [
        ("x-text", b"plain"),
        ("x-text", b"gr\xfcn"),
        ("x-a-bin", b"AP8="),
        ("x-a-bin", b"AP8"),
        ("x-a-bin", b"no base64"),
    ];
    let expected = ["x-a-bin: AP8", "x-a-bin: AP8=", "x-text: plain"];
    check(&["x-text", "x-a-bin"], &headers, &expected);
}

#[test]
fn what_is_too_much_stays_behind() {
    const LARGE: &[u8] = &[b'a'; 3 << 10];
    let headers: [(&str, &[u8]); 3] = [("x-1", LARGE), ("x-2", LARGE), ("x-3", b"small")];
    let gateway = gateway(&["x-1", "x-2", "x-3"], 200, "{}", &headers);
    let call = gateway.call::<KitchenServiceDeleteBook>(tonic::Request::new(name()));
    let answer = run(call).expect("the call succeeds");
    let metadata = answer.metadata();
    let has = |name| metadata.contains_key(name);
    assert_eq!((has("x-1"), has("x-2"), has("x-3")), (true, false, true));
}

#[test]
fn the_fields_of_an_error_go_along_with_it() {
    let gateway = gateway(
        &["x-ratelimit-remaining"],
        429,
        "{}",
        &[("x-ratelimit-remaining", b"0"), ("x-internal", b"10.0.0.7")],
    );
    let call = gateway.call::<KitchenServiceDeleteBook>(tonic::Request::new(name()));
    let status = run(call).expect_err("the upstream refuses");
    assert_eq!(lines(status.metadata()), ["x-ratelimit-remaining: 0"]);
}

#[test]
fn the_fields_of_a_streamed_list_are_those_of_its_head() {
    let gateway = gateway(&["etag"], 200, "[]", &HEADERS);
    let request = tonic::Request::new(StreamBooksRequest::default());
    let answer = run(gateway.stream::<KitchenServiceStreamBooks>(request));
    let answer = answer.expect("the list begins");
    assert_eq!(lines(answer.metadata()), ["etag: \"1\""]);
}

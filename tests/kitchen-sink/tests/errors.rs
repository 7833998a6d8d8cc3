//! What a call fails with: errors of the upstream, replies that are none, and an
//! upstream that is not there.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use kitchen_sink::kitchen::{
    CreateBookRequest, EchoRequest, KitchenServiceCreateBook, KitchenServiceDeleteBook,
    KitchenServiceEcho, KitchenServicePublishBook, KitchenServiceReplaceBook, KitchenServiceSearch,
    KitchenServiceSetTags, Place, ReplaceBookRequest, SearchRequest, SetTagsRequest,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use transcode::{BoxError, Config, Gateway, Held, RequestBody, RestCall, SendErrorKind};

use crate::stub::{
    config, failure, gateway, name, reason, response, retry_delay, run, with_metadata,
};

#[test]
fn each_http_status_has_a_code() {
    for (http, code) in [
        (400, Code::InvalidArgument),
        (401, Code::Unauthenticated),
        (403, Code::PermissionDenied),
        (404, Code::NotFound),
        (405, Code::FailedPrecondition),
        (408, Code::DeadlineExceeded),
        (409, Code::Aborted),
        (410, Code::NotFound),
        (412, Code::FailedPrecondition),
        (413, Code::ResourceExhausted),
        (415, Code::FailedPrecondition),
        (422, Code::InvalidArgument),
        (429, Code::ResourceExhausted),
        (499, Code::Cancelled),
        (500, Code::Internal),
        (501, Code::Unimplemented),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (504, Code::DeadlineExceeded),
        (505, Code::Internal),
        (599, Code::Internal),
    ] {
        for body in ["", "<html>secret</html>", "{\"secret\":true}"] {
            let status = failure::<KitchenServiceDeleteBook>(name(), response(http, body));
            assert_eq!(status.code(), code, "for {http} with the body {body:?}");
            assert_eq!(reason(&status), format!("UPSTREAM_HTTP_{http}"));
            assert!(
                !status.message().contains("secret"),
                "{status} repeats what it does not know"
            );
        }
    }
}

#[test]
fn what_answers_another_request_is_no_answer() {
    for http in [
        101_u16, 206, 207, 208, 226, 300, 301, 302, 303, 304, 307, 308,
    ] {
        let expected_reason = match http {
            200..300 => "UPSTREAM_CONTRACT_VIOLATION".to_owned(),
            _ => format!("UPSTREAM_HTTP_{http}"),
        };
        for body in ["", r#"{"titles":[]}"#] {
            let status =
                failure::<KitchenServiceSearch>(SearchRequest::default(), response(http, body));
            let found = (status.code(), reason(&status));
            let expected = (Code::Internal, expected_reason.clone());
            assert_eq!(found, expected, "for {http}: {}", status.message());
            assert_eq!(retry_delay(&status), None);
        }
    }
}

#[test]
fn what_has_no_content_has_none() {
    for http in [204, 205] {
        let (gateway, _) = gateway(move |_| response(http, ""));
        let request = tonic::Request::new(name());
        run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("nothing is declared");
        for body in ["{}", "null", " "] {
            let status = failure::<KitchenServiceDeleteBook>(name(), response(http, body));
            assert_eq!(reason(&status), "UPSTREAM_CONTRACT_VIOLATION", "for {http}");
        }
    }
}

#[test]
fn content_that_is_declared_as_no_json_is_told_as_that() {
    let html = |content_type: &'static str, body: &'static str| {
        let mut response = response(200, body);
        let value = http::HeaderValue::from_static(content_type);
        response.headers_mut().insert("content-type", value);
        response
    };
    let search = SearchRequest::default;
    let status = failure::<KitchenServiceSearch>(search(), html("text/html", "<p>secret"));
    assert_eq!(
        status.message(),
        "the upstream answered 200 OK, which is no answer to this request: its content is no \
         JSON, as its Content-Type says"
    );
    assert_eq!(reason(&status), "UPSTREAM_CONTRACT_VIOLATION");
    let broken = html("application/vnd.api+JSON; charset=utf-8", "<p>secret");
    let status = failure::<KitchenServiceSearch>(search(), broken);
    assert!(status.message().contains("$: expected value"), "{status}");
    let (gateway, _) = gateway(move |_| html("text/plain", r#"{"titles":[]}"#));
    let request = tonic::Request::new(search());
    run(gateway.call::<KitchenServiceSearch>(request)).expect("it is JSON for all that");
}

#[test]
fn an_error_is_read_in_any_of_its_spellings() {
    let body = "\u{feff}{\"error\":{\"code\":null,\"status\":\"NOT_FOUND\",\"message\":\"m\",\"details\":[null,\
        {\"@type\":\"google.rpc.BadRequest\",\"field_violations\":[{\"field\":\"f\",\"description\":null}]},\
        {\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"GONE\",\"domain\":\"d\",\"metadata\":null},\
        {\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retry_delay\":\"2s\"}]}}";
    let status = failure::<KitchenServiceDeleteBook>(name(), response(404, body));
    assert_eq!((status.code(), status.message()), (Code::NotFound, "m"));
    assert_eq!(reason(&status), "GONE");
    assert_eq!(retry_delay(&status), Some(Duration::from_secs(2)));
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("it is kept").field_violations;
    assert_eq!(violations[0].field, "f");
}

/// Checks what a field is called that the upstream refuses under this name.
#[track_caller]
fn check_field<C: RestCall>(request: C::Request, name: &str, expected: &str) {
    let body = format!(
        r#"{{"error":{{"status":"INVALID_ARGUMENT","details":[{{"@type":"google.rpc.BadRequest",
            "fieldViolations":[{{"field":"{name}","description":"d"}}]}}]}}}}"#
    );
    let status = failure::<C>(request, response(400, body));
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("it is kept").field_violations;
    assert_eq!(violations[0].field, expected, "for {name:?}");
}

#[test]
fn a_refused_property_has_the_path_of_its_field() {
    let check = |name, expected| {
        check_field::<KitchenServiceEcho>(EchoRequest::default(), name, expected);
    };
    check("byString", "everything.by_string");
    check("by_string", "everything.by_string");
    check("@id", "everything.renamed");
    check(
        "children[2].doubleValue",
        "everything.children[2].double_value",
    );
    check(
        "parent.parent.colors[0]",
        "everything.parent.parent.colors[0]",
    );
    // A key is the caller's.
    check(
        "byFixed32.theKey.deep.kind",
        "everything.by_fixed32.theKey.deep.kind",
    );
    check("byFixed64.7.someKey.a", "everything.by_fixed64.7.someKey.a");
    check("struct.someKey[1]", "everything.struct.someKey[1]");
    check("maybeTexts[1]", "everything.maybe_texts[1]");
    check(
        "maybeLeaves[1].name",
        "everything.maybe_leaves[1].leaf.name",
    );
    let unknown = [
        "",
        "nothingOfTheKind",
        "colors[0].x",
        "color[0]",
        ".",
        "..",
        "[",
        "[0]",
    ];
    for name in unknown {
        check(name, name);
    }
    check("parent.nothingOfTheKind", "parent.nothingOfTheKind");
}

#[test]
fn a_refused_part_of_a_message_that_is_the_body_has_its_path_too() {
    let replaced = || ReplaceBookRequest {
        book_id: "b".to_owned(),
        place: Some(Place {
            room: Some("r".to_owned()),
            floor: None,
        }),
        title: None,
    };
    let check = |name, expected| {
        check_field::<KitchenServiceReplaceBook>(replaced(), name, expected);
    };
    check("bookId", "book_id");
    check("place.floor", "place.floor");
    let tags = |name, expected| {
        let request = SetTagsRequest {
            book_id: "b".to_owned(),
            ..Default::default()
        };
        check_field::<KitchenServiceSetTags>(request, name, expected);
    };
    tags("[3]", "tags[3]");
}

#[test]
fn a_refused_parameter_is_the_field_that_it_was_made_of() {
    let check = |name, expected| {
        check_field::<KitchenServiceSearch>(SearchRequest::default(), name, expected);
    };
    check("$filter", "renamed");
    check("wrappedTexts[1]", "wrapped_texts[1]");
    check("readMask", "read_mask");
    check("limit", "limit");
}

#[test]
fn a_conflict_is_about_what_is_created() {
    let conflict = || response(409, "");
    let request = CreateBookRequest::default();
    let status = failure::<KitchenServiceCreateBook>(request, conflict());
    assert_eq!(status.code(), Code::AlreadyExists);
    let status = failure::<KitchenServicePublishBook>(name(), conflict());
    assert_eq!(
        status.code(),
        Code::Aborted,
        "a custom verb creates nothing"
    );
    let request = ReplaceBookRequest {
        book_id: "b".to_owned(),
        place: Some(Place {
            room: Some("r".to_owned()),
            floor: None,
        }),
        title: None,
    };
    let status = failure::<KitchenServiceReplaceBook>(request, conflict());
    assert_eq!(status.code(), Code::Aborted);
}

#[test]
fn an_error_of_the_api_reaches_the_caller_whole() {
    let body = r#"{"error":{"code":409,"status":"FAILED_PRECONDITION","message":"no, \"ü\"","details":[
        {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"LENT","domain":"books.example","metadata":{"to":"x"}},
        {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"f","description":"d","reason":"R"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"},
        {"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"theirs","servingData":"s"},
        {"@type":"type.googleapis.com/google.rpc.ResourceInfo","resourceType":"t","resourceName":"n","owner":"o","description":"d"},
        {"@type":"type.googleapis.com/google.rpc.PreconditionFailure","violations":[{"type":"T","subject":"s","description":"d"}]},
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"subject":"s","description":"d"}]},
        {"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"u"}]},
        {"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"nl","message":"nee"}
    ]}}"#;
    let status = failure::<KitchenServiceDeleteBook>(name(), response(409, body));
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, "no, \"ü\"")
    );
    let details = status.get_error_details();
    let info = details.error_info().expect("ErrorInfo");
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("LENT", "books.example")
    );
    assert_eq!(info.metadata.get("to").map(String::as_str), Some("x"));
    let bad = &details.bad_request().expect("BadRequest").field_violations[0];
    assert_eq!(
        (
            bad.field.as_str(),
            bad.description.as_str(),
            bad.reason.as_str()
        ),
        ("f", "d", "R")
    );
    let retry = details.retry_info().expect("RetryInfo").retry_delay;
    assert_eq!(retry, Some(Duration::from_millis(1500)));
    let request = details.request_info().expect("RequestInfo");
    assert_eq!(
        (request.request_id.as_str(), request.serving_data.as_str()),
        ("theirs", "s")
    );
    let resource = details.resource_info().expect("ResourceInfo");
    assert_eq!(
        (resource.resource_type.as_str(), resource.owner.as_str()),
        ("t", "o")
    );
    let failed = &details
        .precondition_failure()
        .expect("PreconditionFailure")
        .violations[0];
    assert_eq!(
        (failed.r#type.as_str(), failed.subject.as_str()),
        ("T", "s")
    );
    let quota = &details.quota_failure().expect("QuotaFailure").violations[0];
    assert_eq!(
        (quota.subject.as_str(), quota.description.as_str()),
        ("s", "d")
    );
    assert_eq!(details.help().expect("Help").links[0].url, "u");
    let message = details.localized_message().expect("LocalizedMessage");
    assert_eq!(
        (message.locale.as_str(), message.message.as_str()),
        ("nl", "nee")
    );
}

#[test]
fn a_large_error_keeps_its_code() {
    let message = "x".repeat(64 << 10);
    let body = format!(r#"{{"error":{{"status":"NOT_FOUND","message":"{message}"}}}}"#);
    let status = failure::<KitchenServiceDeleteBook>(name(), response(400, body));
    assert_eq!(status.code(), Code::NotFound);
    assert!(status.message().len() <= 1024 && status.message().starts_with("xxx"));
    let status = failure::<KitchenServiceDeleteBook>(name(), response(404, vec![b' '; 2 << 20]));
    assert_eq!(
        status.code(),
        Code::NotFound,
        "the body is more than is read"
    );
}

#[test]
fn retry_after_is_passed_on() {
    let mut answer = response(503, "");
    answer
        .headers_mut()
        .insert("retry-after", "7".parse().expect("a value"));
    let status = failure::<KitchenServiceDeleteBook>(name(), answer);
    assert_eq!(retry_delay(&status), Some(Duration::from_secs(7)));
}

/// The status of a call to an upstream that fails so.
fn unsent<C: RestCall>(request: C::Request, error: fn() -> BoxError) -> Status {
    let upstream = tower::service_fn(move |_: Request<RequestBody>| async move {
        Err::<Response<Full<Bytes>>, BoxError>(error())
    });
    let gateway = Gateway::new(upstream, config());
    match run(gateway.call::<C>(tonic::Request::new(request))) {
        Err(status) => status,
        Ok(_) => panic!("the call fails"),
    }
}

#[test]
fn an_upstream_that_cannot_be_reached_is_unavailable() {
    let refused = || {
        let kind = SendErrorKind::NeverSent { detail: None };
        kind.because("connection refused at 10.0.0.1 (secret)")
            .into()
    };
    let status = unsent::<KitchenServiceDeleteBook>(name(), refused);
    let found = (status.code(), status.message());
    assert_eq!(found, (Code::Unavailable, "the upstream cannot be reached"));
    assert_eq!(reason(&status), "UPSTREAM_UNAVAILABLE");
    assert_eq!(retry_delay(&status), Some(Duration::from_secs(1)));
    let status = unsent::<KitchenServiceCreateBook>(CreateBookRequest::default(), refused);
    assert_eq!(retry_delay(&status), Some(Duration::from_secs(1)));
}

#[test]
fn a_request_that_may_have_run_is_not_to_be_repeated() {
    let lost = || BoxError::from("connection reset by 10.0.0.1 (secret)");
    let status = unsent::<KitchenServiceDeleteBook>(name(), lost);
    let found = (status.code(), status.message());
    let expected = "the connection to the upstream was lost";
    assert_eq!(found, (Code::Unavailable, expected));
    assert_eq!(reason(&status), "UPSTREAM_CONNECTION_LOST");
    assert_eq!(retry_delay(&status), Some(Duration::from_secs(1)));
    let status = unsent::<KitchenServiceCreateBook>(CreateBookRequest::default(), lost);
    assert_eq!(reason(&status), "UPSTREAM_CONNECTION_LOST");
    assert_eq!(
        retry_delay(&status),
        None,
        "a POST that is repeated creates twice"
    );
}

#[test]
fn a_reply_that_breaks_off_is_unavailable() {
    let upstream = tower::service_fn(|_: Request<RequestBody>| async {
        let frames = [
            Ok(http_body::Frame::data(Bytes::from_static(b"{\"titl"))),
            Err(BoxError::from("connection reset")),
        ];
        let body = http_body_util::StreamBody::new(tokio_stream::iter(frames));
        Ok::<_, Infallible>(Response::new(body))
    });
    let gateway = Gateway::new(upstream, config());
    let request = tonic::Request::new(SearchRequest::default());
    let Err(status) = run(gateway.call::<KitchenServiceSearch>(request)) else {
        panic!("half a reply is no reply");
    };
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::Unavailable, "UPSTREAM_REPLY_BROKEN".to_owned())
    );
}

#[test]
fn a_reply_that_is_too_large_exhausts_resources() {
    let upstream = tower::service_fn(|_: Request<RequestBody>| async {
        Ok::<_, Infallible>(response(
            200,
            format!(r#"{{"titles":["{}"]}}"#, "x".repeat(100)),
        ))
    });
    let check = |max_reply, expected: Result<(), (Code, &str)>| {
        let config = Config {
            max_reply,
            ..config()
        };
        let gateway = Gateway::new(upstream, config);
        let request = tonic::Request::new(SearchRequest::default());
        let answer = run(gateway.call::<KitchenServiceSearch>(request));
        let found = answer
            .as_ref()
            .map(|_| ())
            .map_err(|status| (status.code(), status.message()));
        assert_eq!(found, expected);
    };
    check(115, Ok(()));
    check(
        114,
        Err((
            Code::ResourceExhausted,
            "the upstream's reply is larger than 114 bytes, the `Config::max_reply` of the gateway",
        )),
    );
}

/// A body that never comes, and counts how often it is asked for.
struct Silent(Arc<AtomicUsize>);

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::task::Poll::Pending
    }
}

/// The status of a search that is answered by this head and a silent body, how
/// often the body was asked for, and how long the call took.
fn silent(status: u16, header: Option<(&'static str, &'static str)>) -> (Status, usize, Duration) {
    let asked = Arc::new(AtomicUsize::new(0));
    let in_upstream = Arc::clone(&asked);
    let upstream = tower::service_fn(move |_: Request<RequestBody>| {
        let mut response = Response::builder().status(status);
        if let Some((name, value)) = header {
            response = response.header(name, value);
        }
        let response = response.body(Silent(Arc::clone(&in_upstream)));
        async { Ok::<_, Infallible>(response.expect("a response")) }
    });
    let gateway = Gateway::new(upstream, config());
    run(async {
        let start = tokio::time::Instant::now();
        let request = with_metadata(SearchRequest::default(), &[("grpc-timeout", "1M")]);
        let Err(status) = gateway.call::<KitchenServiceSearch>(request).await else {
            panic!("the call fails");
        };
        (status, asked.load(Ordering::Relaxed), start.elapsed())
    })
}

#[test]
fn a_reply_that_announces_that_it_is_too_large_is_not_read() {
    let (status, asked, waited) = silent(200, Some(("content-length", "67108865")));
    let expected = (
        Code::ResourceExhausted,
        "UPSTREAM_REPLY_TOO_LARGE".to_owned(),
    );
    assert_eq!((status.code(), reason(&status)), expected);
    assert_eq!((asked, waited), (0, Duration::ZERO));
    let (status, asked, _) = silent(200, Some(("content-length", "67108864")));
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(asked > 0, "a reply of the limit is read");
}

#[test]
fn the_body_of_an_error_is_waited_for_briefly() {
    let (status, _, waited) = silent(503, Some(("retry-after", "7")));
    let expected = (Code::Unavailable, "UPSTREAM_HTTP_503".to_owned());
    assert_eq!((status.code(), reason(&status)), expected);
    assert_eq!(retry_delay(&status), Some(Duration::from_secs(7)));
    assert_eq!(waited, Duration::from_secs(1));
}

#[test]
fn what_is_held_of_all_replies_is_bounded() {
    let body = format!(r#"{{"titles":["{}"]}}"#, "x".repeat(47));
    assert_eq!(body.len(), 62);
    let upstream = tower::service_fn(move |_: Request<RequestBody>| {
        let response = response(200, body.clone());
        async { Ok::<_, Infallible>(response) }
    });
    let config = Config {
        max_held: 90,
        ..config()
    };
    let gateway = Gateway::new(upstream, config);
    let call = || {
        let request = tonic::Request::new(SearchRequest::default());
        run(gateway.call::<KitchenServiceSearch>(request))
    };
    let first = call().expect("there is room for one");
    let held = first.extensions().get::<Held>().cloned();
    drop(first);
    let Err(status) = call() else {
        panic!("there is no room for two");
    };
    let expected = (Code::ResourceExhausted, "OVERLOADED".to_owned());
    assert_eq!((status.code(), reason(&status)), expected);
    assert_eq!(retry_delay(&status), Some(Duration::from_secs(1)));
    drop(held.expect("the room is taken as long as the response is"));
    call().expect("there is room again");
}

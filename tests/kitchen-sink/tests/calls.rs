//! What surrounds a call: headers, base URLs, drift, deadlines and fairness.

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use kitchen_sink::kitchen::{
    CreateBookRequest, KitchenServiceCreateBook, KitchenServiceDeleteBook, KitchenServiceListBooks,
    KitchenServiceSearch, ListBooksRequest, NameRequest, SearchRequest,
};
use tonic::Code;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic_types::StatusExt as _;
use transcode::{CallContext, CallRecord, CallerKey, Config, Gateway, RequestBody, RequestFields};

use crate::stub::{
    SeenRequest, config, gateway, name, noted_in, reason, response, run, with_metadata,
};

// Headers.

#[test]
fn only_what_concerns_the_upstream_is_passed_on() {
    let (gateway, log) = gateway(|_| response(204, ""));
    let mut request = with_metadata(
        name(),
        &[
            ("authorization", "Bearer t"),
            ("accept-language", "nl"),
            ("traceparent", "00-1-2-01"),
            ("tracestate", "a=1"),
            ("x-request-id", "r-1"),
            ("te", "trailers"),
            ("user-agent", "grpc-test"),
            ("content-type", "application/grpc"),
            ("grpc-accept-encoding", "gzip"),
            ("grpc-timeout", "1H"),
            ("accept", "text/html"),
            ("accept-encoding", "gzip"),
            ("connection", "close"),
            ("content-length", "7"),
            ("cookie", "a=1"),
            ("expect", "100-continue"),
            ("forwarded", "for=1.2.3.4"),
            ("host", "elsewhere"),
            ("proxy-authorization", "Basic x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "elsewhere"),
            ("x-http-method-override", "DELETE"),
            ("x-custom", "1"),
        ],
    );
    let octets = MetadataValue::from_bytes(b"\x00\xff");
    request.metadata_mut().insert_bin("trace-bin", octets);
    run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("the call succeeds");
    let seen = log.only();
    let mut headers: Vec<_> = seen
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")))
        .collect();
    headers.sort();
    assert_eq!(
        headers,
        [
            "accept-language: nl",
            "accept: application/json",
            "authorization: Bearer t",
            "traceparent: 00-1-2-01",
            "tracestate: a=1",
            "x-request-id: r-1",
        ]
    );
}

#[test]
fn a_get_has_neither_body_nor_content_type() {
    let (gateway, log) = gateway(|_| response(200, "{}"));
    let request = tonic::Request::new(SearchRequest::default());
    run(gateway.call::<KitchenServiceSearch>(request)).expect("the call succeeds");
    let seen = log.only();
    assert_eq!((seen.header("content-type"), seen.body.len()), (None, 0));
    assert_eq!(seen.header("content-length"), None);
}

#[test]
fn the_length_of_a_body_is_known_before_it_is_sent() {
    let upstream = tower::service_fn(|request: Request<RequestBody>| async move {
        let size = http_body::Body::size_hint(request.body()).exact();
        assert_eq!(
            size,
            Some(2),
            "the client can send a content-length for {{}}"
        );
        Ok::<_, Infallible>(response(200, "{}"))
    });
    let gateway = Gateway::new(upstream, config());
    let request = tonic::Request::new(CreateBookRequest::default());
    run(gateway.call::<KitchenServiceCreateBook>(request)).expect("the call succeeds");
}

fn request_id_of(metadata: &MetadataMap) -> String {
    let id = metadata.get("x-request-id").expect("a request has an id");
    id.to_str().expect("text").to_owned()
}

#[test]
fn a_request_id_goes_both_ways() {
    let (gateway, log) = gateway(|_| response(204, ""));
    let request = with_metadata(name(), &[("x-request-id", "r-1")]);
    let answer = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("it succeeds");
    assert_eq!(request_id_of(answer.metadata()), "r-1");
    assert_eq!(log.only().header("x-request-id"), Some("r-1"));
}

#[test]
fn a_request_without_an_id_gets_one() {
    let (gateway, log) = gateway(|_| response(204, ""));
    let answer = run(gateway.call::<KitchenServiceDeleteBook>(tonic::Request::new(name())));
    let id = request_id_of(answer.expect("it succeeds").metadata());
    assert_eq!(log.only().header("x-request-id"), Some(id.as_str()));
    assert!(
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "{id} is 128 bits"
    );
}

#[test]
fn a_request_id_that_could_forge_a_log_line_is_replaced() {
    let (gateway, _) = gateway(|_| response(204, ""));
    for given in ["a b", "a\"b", &"x".repeat(129)] {
        let request = with_metadata(name(), &[("x-request-id", given)]);
        let answer = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("it succeeds");
        assert_ne!(request_id_of(answer.metadata()), given);
    }
}

#[test]
fn a_failure_names_the_request() {
    let (gateway, _) = gateway(|_| response(404, ""));
    let request = with_metadata(name(), &[("x-request-id", "r-1")]);
    let status = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("it fails");
    assert_eq!(request_id_of(status.metadata()), "r-1");
    let details = status.get_error_details();
    let info = details.request_info().expect("the request is named");
    assert_eq!(info.request_id, "r-1");
}

#[test]
fn a_layer_may_choose_the_name_of_a_request() {
    let (gateway, log) = gateway(|_| response(204, ""));
    let mut request = with_metadata(name(), &[("x-request-id", "r-1")]);
    request.extensions_mut().insert(CallContext {
        request_id: Some("chosen".into()),
        ..CallContext::default()
    });
    let answer = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("it succeeds");
    assert_eq!(request_id_of(answer.metadata()), "chosen");
    assert_eq!(log.only().header("x-request-id"), Some("chosen"));
}

#[test]
fn a_field_that_is_no_list_is_there_once() {
    for field in ["authorization", "traceparent", "grpc-timeout"] {
        let (gateway, log) = gateway(|_| response(204, ""));
        let request = with_metadata(name(), &[(field, "1S"), (field, "2S")]);
        let status = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("refused");
        let expected = format!("{field} must not be there more than once");
        assert_eq!(
            (status.code(), status.message()),
            (Code::InvalidArgument, expected.as_str())
        );
        let details = status.get_error_details();
        let violations = &details.bad_request().expect("it is named").field_violations;
        assert_eq!(violations[0].field, field);
        assert!(log.all().is_empty(), "nothing is sent");
    }
}

#[test]
fn a_field_that_is_a_list_may_have_several_lines() {
    let (gateway, log) = gateway(|_| response(204, ""));
    let lines = [
        ("accept-language", "nl"),
        ("accept-language", "en;q=0.5"),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
    ];
    let request = with_metadata(name(), &lines);
    run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("the call succeeds");
    let seen = log.only();
    let values = |name| {
        let values = seen.headers.get_all(name).iter();
        values
            .map(|v| v.to_str().expect("text"))
            .collect::<Vec<_>>()
    };
    assert_eq!(values("accept-language"), ["nl", "en;q=0.5"]);
    assert_eq!(values("tracestate"), ["a=1", "b=2"]);
}

#[test]
fn what_is_passed_on_is_configured() {
    let seen = Arc::new(Mutex::new(None));
    let to_test = Arc::clone(&seen);
    let upstream = tower::service_fn(move |request: Request<RequestBody>| {
        *to_test.lock().expect("nobody panics") = Some(request.headers().clone());
        async { Ok::<_, Infallible>(response(204, "")) }
    });
    let mut forwarded = RequestFields::none();
    forwarded.add(http::header::COOKIE).expect("it may pass");
    let config = Config {
        forwarded,
        ..config()
    };
    let gateway = Gateway::new(upstream, config);
    let request = with_metadata(name(), &[("authorization", "t"), ("cookie", "a=1")]);
    run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("the call succeeds");
    let headers = seen
        .lock()
        .expect("nobody panics")
        .take()
        .expect("it is sent");
    assert_eq!(
        headers.get("cookie").map(HeaderValue::as_bytes),
        Some(&b"a=1"[..])
    );
    assert_eq!(headers.get("authorization"), None);
}

// What goes along with a request, and what is noted of it.

#[test]
fn the_upstream_learns_of_the_call() {
    let seen = Arc::new(Mutex::new(None));
    let to_test = Arc::clone(&seen);
    let upstream = tower::service_fn(move |mut request: Request<RequestBody>| {
        let extensions = std::mem::take(request.extensions_mut());
        *to_test.lock().expect("nobody panics") = Some(extensions);
        async { Ok::<_, Infallible>(response(204, "")) }
    });
    let gateway = Gateway::new(upstream, config());
    run(async {
        let context = CallContext {
            request_id: Some("r-1".into()),
            deadline: Some(tokio::time::Instant::now() + Duration::from_secs(1)),
            caller: Some(CallerKey(7)),
            ..CallContext::default()
        };
        let mut request = with_metadata(name(), &[("grpc-timeout", "1m")]);
        request.extensions_mut().insert(context.clone());
        let answer = gateway.call::<KitchenServiceDeleteBook>(request).await;
        answer.expect("the call succeeds");
        let seen = seen
            .lock()
            .expect("nobody panics")
            .take()
            .expect("it is sent");
        let there = seen.get::<CallContext>().expect("the context goes along");
        assert_eq!(there.rpc, "kitchen.v1.KitchenService/DeleteBook");
        assert_eq!(there.request_id, context.request_id);
        assert_eq!(there.deadline, context.deadline);
        assert_eq!(there.caller, context.caller);
        assert!(
            Arc::ptr_eq(there.record.attempts(), context.record.attempts()),
            "it is the record of the caller's layer"
        );
    });
}

#[test]
fn a_call_is_recorded() {
    let upstream = tower::service_fn(|_: Request<RequestBody>| async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok::<_, Infallible>(response(201, r#"{"title":"T"}"#))
    });
    let gateway = Gateway::new(upstream, config());
    let record = CallRecord::default();
    let mut request = tonic::Request::new(CreateBookRequest::default());
    request.extensions_mut().insert(noted_in(&record));
    run(gateway.call::<KitchenServiceCreateBook>(request)).expect("the call succeeds");
    let upstream = record.upstream();
    assert_eq!(upstream.status, Some(http::StatusCode::CREATED));
    assert_eq!(upstream.duration, Some(Duration::from_millis(300)));
    assert_eq!((upstream.sent, upstream.received), (2, 13));
    assert_eq!(
        upstream.attempts, 1,
        "an upstream that does not count sends once"
    );
}

#[test]
fn a_call_that_is_not_sent_has_no_attempts() {
    let (gateway, _) = gateway(|_| response(204, ""));
    let record = CallRecord::default();
    let mut request = tonic::Request::new(NameRequest::default());
    request.extensions_mut().insert(noted_in(&record));
    run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("it has no path");
    let upstream = record.upstream();
    assert_eq!((upstream.attempts, upstream.status), (0, None));
    assert_eq!(upstream.duration, None);
}

#[test]
fn a_call_that_is_dropped_is_recorded() {
    let (asked, mut was_asked) = tokio::sync::mpsc::unbounded_channel();
    let upstream = tower::service_fn(move |_: Request<RequestBody>| {
        asked.send(()).expect("the test listens");
        pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let gateway = Gateway::new(upstream, config());
    let record = CallRecord::default();
    let mut request = tonic::Request::new(name());
    request.extensions_mut().insert(noted_in(&record));
    run(async {
        tokio::select! {
            biased;
            answer = gateway.call::<KitchenServiceDeleteBook>(request) => panic!("{answer:?}"),
            asked = was_asked.recv() => asked.expect("the upstream is asked"),
        }
    });
    assert_eq!(record.upstream().duration, Some(Duration::ZERO));
}

// Base URLs.

#[track_caller]
fn check_base(base: &'static str, expected: &str) {
    let upstream = tower::service_fn(move |request: Request<RequestBody>| async move {
        Ok::<_, Infallible>(response(
            404,
            format!(r#"{{"error":{{"message":"{}"}}}}"#, request.uri()),
        ))
    });
    let gateway = Gateway::new(upstream, Config::new(Uri::from_static(base)));
    let request = tonic::Request::new(name());
    let status = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("it fails");
    assert_eq!(status.message(), expected, "below {base}");
}

#[test]
fn paths_are_below_the_base() {
    check_base("https://a.example", "https://a.example/v1/books/b");
    check_base("https://a.example/", "https://a.example/v1/books/b");
    check_base(
        "http://a.example:81/api",
        "http://a.example:81/api/v1/books/b",
    );
    check_base(
        "http://a.example/api/?key=1",
        "http://a.example/api/v1/books/b",
    );
    check_base("/api", "/api/v1/books/b");
    check_base("a.example", "the base URL of the upstream is incomplete");
}

// Drift.

#[test]
fn drift_is_in_the_record_of_the_call() {
    let (gateway, _) = gateway(|_| response(200, r#"[{"new":1},{"new":2,"color":"mauve"}]"#));
    let record = CallRecord::default();
    let mut request = tonic::Request::new(ListBooksRequest::default());
    request.extensions_mut().insert(noted_in(&record));
    run(gateway.call::<KitchenServiceListBooks>(request)).expect("drift is no error");
    let drifts = record.upstream().drifts;
    let drifts: Vec<_> = drifts.iter().map(ToString::to_string).collect();
    let expected = [
        "unknown enum value at $[].color",
        "undeclared property at $[].new",
    ];
    assert_eq!(drifts, expected, "each difference is told once");
}

// Deadlines.

/// Notes that it was dropped.
struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_deadline_that_passes_drops_the_upstream_call() {
    let dropped = Arc::new(AtomicBool::new(false));
    let in_upstream = dropped.clone();
    let upstream = tower::service_fn(move |_: Request<RequestBody>| {
        let guard = Guard(in_upstream.clone());
        async move {
            let _guard = guard;
            pending::<Result<Response<Full<Bytes>>, Infallible>>().await
        }
    });
    let gateway = Gateway::new(upstream, config());
    let request = with_metadata(name(), &[("grpc-timeout", "250m")]);
    let status = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("it fails");
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned())
    );
    assert!(
        dropped.load(Ordering::Relaxed),
        "nobody waits for the upstream any more"
    );
}

/// How long a call with this metadata takes whose upstream never answers.
fn time_of(metadata: &[(&'static str, &str)]) -> Duration {
    let upstream = tower::service_fn(|_: Request<RequestBody>| {
        pending::<Result<Response<Full<Bytes>>, Infallible>>()
    });
    let gateway = Gateway::new(upstream, config());
    let request = with_metadata(name(), metadata);
    run(async {
        let start = tokio::time::Instant::now();
        let status = gateway.call::<KitchenServiceDeleteBook>(request).await;
        let status = status.expect_err("nobody answers");
        assert_eq!(status.code(), Code::DeadlineExceeded);
        start.elapsed()
    })
}

#[test]
fn a_call_ends_at_some_time_whatever_its_caller_says() {
    let config = config();
    assert_eq!(time_of(&[]), config.default_deadline);
    assert_eq!(time_of(&[("grpc-timeout", "9H")]), config.max_deadline);
}

#[test]
fn a_deadline_covers_the_body_of_the_reply() {
    let upstream = tower::service_fn(|_: Request<RequestBody>| async {
        let body = http_body_util::StreamBody::new(tokio_stream::pending::<
            Result<http_body::Frame<Bytes>, Infallible>,
        >());
        Ok::<_, Infallible>(Response::new(body))
    });
    let gateway = Gateway::new(upstream, config());
    let request = with_metadata(name(), &[("grpc-timeout", "1S")]);
    let status = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("it fails");
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[test]
fn a_call_whose_time_is_over_is_not_sent() {
    let (gateway, log) = gateway(|_| response(204, ""));
    let request = with_metadata(name(), &[("grpc-timeout", "0n")]);
    let status = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("it fails");
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
    assert!(log.all().is_empty(), "nothing is sent");
}

#[test]
fn the_longest_deadline_is_no_problem() {
    let (gateway, _) = gateway(|_| response(204, ""));
    let request = with_metadata(name(), &[("grpc-timeout", "99999999H")]);
    run(gateway.call::<KitchenServiceDeleteBook>(request)).expect("there is time");
}

#[test]
fn a_malformed_deadline_is_refused() {
    let (gateway, log) = gateway(|_| response(204, ""));
    let request = with_metadata(name(), &[("grpc-timeout", "1 second")]);
    let status = run(gateway.call::<KitchenServiceDeleteBook>(request)).expect_err("it fails");
    let expected = "grpc-timeout must be up to eight digits and a unit, one of H, M, S, m, u, n";
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, expected)
    );
    assert!(log.all().is_empty(), "nothing is sent");
}

// Fairness.

#[test]
fn reading_a_long_list_does_not_stall_other_calls() {
    const LENGTH: usize = 60_000;
    let body = format!("[{}]", vec![r#"{"title":"T"}"#; LENGTH].join(","));
    let (gateway, _) = gateway(move |_: &SeenRequest| response(200, body.clone()));
    run(async {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = turns.clone();
        // Has a turn whenever the one thread is free.
        let other = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        tokio::task::yield_now().await;
        let before = turns.load(Ordering::Relaxed);
        let request = tonic::Request::new(ListBooksRequest::default());
        let answer = gateway.call::<KitchenServiceListBooks>(request).await;
        let during = turns.load(Ordering::Relaxed) - before;
        other.abort();
        assert_eq!(
            answer.expect("it succeeds").into_inner().books.len(),
            LENGTH
        );
        assert!(
            during > 10,
            "other tasks had {during} turns while the list was read"
        );
    });
}

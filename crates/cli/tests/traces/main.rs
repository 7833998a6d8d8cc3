//! What a collector of traces, a scrape and the access log say of the same calls.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a test that panics has failed"
)]

mod collector;
#[path = "../command/mod.rs"]
mod command;
mod server;

use std::collections::BTreeMap;

use proto::v2::auth_service_client::AuthServiceClient;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{CreateTokenRequest, GetUserRequest};
use serde_json::Value;
use tonic::transport::Channel;
use tonic::{Code, Request};

use collector::{Collector, Seen};
use server::Server;

const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "z3krUt-en-lang";

const RECORDED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const NOT_RECORDED: &str = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
const MALFORMED: &str = "00-2af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-";

async fn get_user(channel: &Channel, token: &str, user: &str, trace: Option<&str>) -> Code {
    let mut request = Request::new(GetUserRequest {
        user_id: user.to_owned(),
    });
    let metadata = request.metadata_mut();
    metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
    if let Some(trace) = trace {
        metadata.insert("traceparent", trace.parse().unwrap());
    }
    let mut users = UserServiceClient::new(channel.clone());
    let reply = users.get_user(request).await;
    reply.map_or_else(|status| status.code(), |_| Code::Ok)
}

async fn log_in(channel: &Channel) -> String {
    let request = CreateTokenRequest {
        email: Some(EMAIL.to_owned()),
        password: Some(PASSWORD.to_owned()),
        ..CreateTokenRequest::default()
    };
    let mut auth = AuthServiceClient::new(channel.clone());
    let reply = auth.create_token(request).await.expect("it is right");
    reply.into_inner().token.unwrap().token.unwrap()
}

/// A backend and a gateway in front of it, which send their spans to one collector.
struct Both {
    backend: Server,
    gateway: Server,
    _data: tempfile::TempDir,
}

impl Both {
    fn start(collector: &Collector, arguments: &[&str]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let endpoint = format!("http://{}", collector.address);
        let traces = [&["--trace-endpoint", &endpoint], arguments].concat();
        let place = data.path().to_str().unwrap();
        let owner = ["--owner-email", EMAIL, "--owner-password", PASSWORD];
        let backend = ["backend", "--http", "127.0.0.1:0", "--data", place];
        let backend = Server::start(&[&backend[..], &owner, &traces].concat());
        let upstream = format!("http://{}/v2", backend.address("http"));
        let gateway = ["gateway", "--grpc", "127.0.0.1:0", "--upstream", &upstream];
        Self {
            gateway: Server::start(&[&gateway[..], &traces].concat()),
            backend,
            _data: data,
        }
    }
}

/// Counts lines or spans by two of their values.
fn count<'a, T: 'a>(
    things: impl IntoIterator<Item = &'a T>,
    names: impl Fn(&T) -> [String; 3],
) -> BTreeMap<[String; 3], usize> {
    let mut counts = BTreeMap::new();
    for thing in things {
        *counts.entry(names(thing)).or_default() += 1;
    }
    counts
}

fn field(line: &Value, name: &str) -> String {
    line[name]
        .as_str()
        .map_or_else(|| line[name].to_string(), str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collector_scrape_and_access_log_agree_call_by_call() {
    let collector = Collector::start();
    let mut both = Both::start(&collector, &[]);
    let channel = both.gateway.channel().await;
    let token = log_in(&channel).await;
    for (user, trace, expected) in [
        ("me", None, Code::Ok),
        ("me", Some(RECORDED), Code::Ok),
        ("6b0310a386200e03b8ffffff", Some(RECORDED), Code::NotFound),
        ("not an id", None, Code::InvalidArgument),
        ("..", Some(MALFORMED), Code::InvalidArgument),
        ("me", Some(MALFORMED), Code::Ok),
    ] {
        let code = get_user(&channel, &token, user, trace).await;
        assert_eq!(code, expected, "{user} {trace:?}");
    }
    let scrape = both
        .gateway
        .scrape_until(|scrape| scrape.sum("web1on1_gateway_calls_total") >= 7);
    let attempts = scrape.sum("web1on1_upstream_attempts_total");
    let (gateway, backend) = (both.gateway.stop(), both.backend.stop());
    let seen = collector.seen();

    // By trace, rpc and code.
    let logged = count(&gateway, |line| {
        ["trace_id", "rpc", "code"].map(|name| field(line, name))
    });
    let calls = seen.of("web1on1-gateway", Seen::SERVER);
    let told = count(&calls, |span| {
        let status = span.text("rpc.response.status_code");
        [span.trace(), span.text("rpc.method"), status]
    });
    assert_eq!(told, logged, "the collector, and the access log");
    let by_code = |counts: &BTreeMap<[String; 3], usize>| {
        let mut codes = BTreeMap::new();
        for ([_, rpc, code], count) in counts {
            let labels = format!("rpc=\"{rpc}\",code=\"{code}\"");
            *codes.entry(labels).or_default() += *count as u64;
        }
        codes
    };
    let scraped = scrape.of("web1on1_gateway_calls_total");
    assert_eq!(by_code(&told), scraped, "the collector, and the scrape");

    // By trace, operation and status.
    let logged = count(&backend, |line| {
        ["trace_id", "operation", "status"].map(|name| field(line, name))
    });
    let requests = seen.of("web1on1-backend", Seen::SERVER);
    let told = count(&requests, |span| {
        let status = span.number("http.response.status_code").to_string();
        [span.trace(), span.text("web1on1.operation"), status]
    });
    assert_eq!(told, logged, "the collector, and the backend's access log");

    // Each attempt is below its call, and each request below its attempt.
    let sent = seen.of("web1on1-gateway", Seen::CLIENT);
    assert_eq!(sent.len() as u64, attempts, "one span for each attempt");
    for attempt in &sent {
        let call = calls
            .iter()
            .find(|call| call.span.span_id == attempt.span.parent_span_id);
        let call = call.expect("the call of an attempt is told");
        assert_eq!(call.trace(), attempt.trace());
        let below = requests.iter();
        let below = below.filter(|of| of.span.parent_span_id == attempt.span.span_id);
        assert_eq!(
            below.count(),
            1,
            "a request of the backend for each attempt"
        );
    }
    assert_eq!(requests.len(), sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_decides_and_a_malformed_context_begins_a_trace() {
    let collector = Collector::start();
    let mut both = Both::start(&collector, &["--trace-ratio", "0"]);
    let channel = both.gateway.channel().await;
    let token = log_in(&channel).await;
    for trace in [None, Some(RECORDED), Some(NOT_RECORDED), Some(MALFORMED)] {
        assert_eq!(get_user(&channel, &token, "me", trace).await, Code::Ok);
    }
    let (gateway, backend) = (both.gateway.stop(), both.backend.stop());
    let seen = collector.seen();
    let recorded = &RECORDED[3..35];
    let kinds = seen.spans.iter().map(|span| {
        assert_eq!(
            span.trace(),
            recorded,
            "only the caller's trace is recorded"
        );
        (span.service.as_str(), span.span.kind)
    });
    let mut kinds: Vec<_> = kinds.collect();
    kinds.sort_unstable();
    let expected = [
        ("web1on1-backend", Seen::SERVER),
        ("web1on1-gateway", Seen::SERVER),
        ("web1on1-gateway", Seen::CLIENT),
    ];
    assert_eq!(kinds, expected);
    // What is not recorded is passed on and logged all the same.
    for lines in [&gateway, &backend] {
        let traces: Vec<_> = lines.iter().map(|line| field(line, "trace_id")).collect();
        let has = |trace: &str| {
            traces
                .iter()
                .filter(|found| *found == &trace[3..35])
                .count()
        };
        assert_eq!(traces.len(), 5, "{traces:?}");
        assert_eq!((has(RECORDED), has(NOT_RECORDED)), (1, 1), "{traces:?}");
        assert_eq!(has(MALFORMED), 0, "a malformed context counts for nothing");
    }
    let traces = |lines: &[Value]| {
        let mut traces: Vec<_> = lines.iter().map(|line| field(line, "trace_id")).collect();
        traces.sort();
        traces
    };
    assert_eq!(traces(&gateway), traces(&backend), "one trace for both");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_collector_is_nothing_to_callers() {
    let (collector, later) = Collector::later();
    let few = ["--trace-queue", "1", "--trace-interval", "1ms"];
    let mut both = Both::start(&collector, &few);
    let channel = both.gateway.channel().await;
    let token = log_in(&channel).await;
    let dropped = r#"web1on1_trace_spans_dropped_total{reason="queue_full"}"#;
    let mut calls = 0;
    while both.gateway.scrape().value(dropped) == 0 {
        assert_eq!(get_user(&channel, &token, "me", None).await, Code::Ok);
        calls += 1;
        assert!(calls < 10_000, "nothing is dropped, though nobody takes it");
    }
    later.begin();
    let exported = "web1on1_trace_spans_exported_total";
    both.gateway
        .scrape_until(|scrape| scrape.value(exported) > 0);
    assert_eq!(
        get_user(&channel, &token, "me", Some(RECORDED)).await,
        Code::Ok
    );
    both.gateway.stop();
    both.backend.stop();
    assert!(!collector.seen().spans.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_contexts_pass_and_nobody_is_in_a_trace() {
    let mut server = {
        let data = tempfile::tempdir().unwrap();
        let place = data.path().to_str().unwrap().to_owned();
        let owner = ["--owner-email", EMAIL, "--owner-password", PASSWORD];
        let serve = [
            "serve",
            "--grpc",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--data",
            &place,
        ];
        let server = Server::start(&[&serve[..], &owner].concat());
        let channel = server.channel().await;
        let token = log_in(&channel).await;
        assert_eq!(
            get_user(&channel, &token, "me", Some(RECORDED)).await,
            Code::Ok
        );
        server
    };
    let lines = server.stop();
    assert!(
        lines.iter().all(|line| line["trace_id"].is_null()),
        "{lines:?}"
    );
    // Both servers of a process hash a token alike.
    let of = |server: &str| {
        let lines = lines.iter().filter(|line| line["server"] == server);
        let mut subjects: Vec<_> = lines.map(|line| field(line, "subject")).collect();
        subjects.sort();
        subjects
    };
    assert_eq!(of("gateway"), of("backend"));
    assert!(of("gateway").iter().any(|subject| subject.len() == 16));
}

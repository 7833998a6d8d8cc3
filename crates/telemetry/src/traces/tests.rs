use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use trace::{Ratio, Sampling};

use super::otlp::{self, Any};
use super::*;
use crate::Registry;

/// What a collector answers: a status and how many spans it does not take. `None` never
/// comes.
type Answer = Option<(u16, i64)>;

/// A collector. It answers as it is told, and else with success.
struct Collector {
    endpoint: Uri,
    arrived: Receiver<(HeaderMap, Vec<otlp::ResourceSpans>)>,
}

async fn answer(
    request: Request<Incoming>,
    arrived: Sender<(HeaderMap, Vec<otlp::ResourceSpans>)>,
    answer: Answer,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("it arrives").to_bytes();
    let request = otlp::Request::decode(body).expect("it is a request of OTLP");
    assert_eq!(head.uri.path(), "/v1/traces");
    let Some((status, rejected)) = answer else {
        let _ = arrived.send((head.headers, request.resource_spans)).await;
        return std::future::pending().await;
    };
    let partial_success = Some(otlp::PartialSuccess {
        rejected_spans: rejected,
    });
    let reply = otlp::Response { partial_success }.encode_to_vec();
    let _ = arrived.send((head.headers, request.resource_spans)).await;
    let response = Response::builder().status(status);
    Ok(response.body(Full::from(reply)).expect("it is a response"))
}

impl Collector {
    async fn start(answers: Vec<Answer>) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(address).await.expect("loopback");
        let address = listener.local_addr().expect("it is bound");
        let (told, arrived) = channel(1024);
        let answers = Arc::new(Mutex::new(answers.into_iter()));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (told, answers) = (told.clone(), Arc::clone(&answers));
                let service = service_fn(move |request| {
                    let next = answers.lock().expect("nobody panics").next();
                    answer(request, told.clone(), next.unwrap_or(Some((200, 0))))
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
        let endpoint = format!("http://{address}/v1/traces").parse();
        Self {
            endpoint: endpoint.expect("it is a URL"),
            arrived,
        }
    }

    fn config(&self) -> ExporterConfig {
        ExporterConfig::new(self.endpoint.clone(), "a-service".to_owned(), "1.2.3")
    }

    /// The spans of the next request.
    async fn spans(&mut self) -> Vec<otlp::Span> {
        let (_, resources) = self.arrived.recv().await.expect("it runs");
        let scopes = resources.into_iter().flat_map(|of| of.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }
}

fn tracer(exporter: &Exporter) -> Tracer {
    let sampling = Sampling {
        ratio: Ratio::ALL,
        follows_callers: true,
    };
    Tracer::new(sampling, exporter.sink())
}

/// Hands over a span of this name.
fn tell(tracer: &Tracer, name: &str) {
    let position = tracer.position(&HeaderMap::new());
    let span = of_server(Some(&position), name.to_owned(), Duration::from_millis(1));
    tracer.ended(span.expect("all are recorded"));
}

#[track_caller]
fn check(registry: &Registry, lines: &[&str]) {
    let text = registry.render();
    for line in lines {
        let is_there = text.lines().any(|found| found == *line);
        assert!(is_there, "no {line}:\n{text}");
    }
}

#[tokio::test]
async fn what_waits_is_sent_at_the_end() {
    let mut collector = Collector::start(vec![]).await;
    let registry = Registry::default();
    let mut config = collector.config();
    let token = http::HeaderValue::from_static("Bearer x");
    config.headers.insert(http::header::AUTHORIZATION, token);
    // Only the end can be why it is sent.
    config.interval = Duration::from_hours(1);
    let exporter = Exporter::start(config, &registry).expect("it starts");
    let tracer = tracer(&exporter);
    tell(&tracer, "one");
    tell(&tracer, "two");
    exporter.stop(Duration::from_secs(30)).await;
    let (headers, resources) = collector.arrived.recv().await.expect("it came");
    assert_eq!(headers["authorization"], "Bearer x");
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let [of] = &*resources else {
        panic!("one resource: {resources:?}");
    };
    let resource = of.resource.as_ref().expect("it says who it is");
    assert_eq!(
        resource.attributes[..2],
        [
            otlp::text("service.name", "a-service"),
            otlp::text("service.version", "1.2.3"),
        ]
    );
    let names = of.scope_spans[0].spans.iter().map(|span| &*span.name);
    assert_eq!(names.collect::<Vec<_>>(), ["one", "two"]);
    check(&registry, &["web1on1_trace_spans_exported_total 2"]);
    tell(&tracer, "late");
    check(
        &registry,
        &[r#"web1on1_trace_spans_dropped_total{reason="queue_full"} 1"#],
    );
}

#[tokio::test]
async fn a_full_queue_drops_and_counts() {
    let mut collector = Collector::start(vec![None]).await;
    let registry = Registry::default();
    let config = ExporterConfig {
        queue: 4,
        interval: Duration::ZERO,
        ..collector.config()
    };
    let exporter = Exporter::start(config, &registry).expect("it starts");
    let tracer = tracer(&exporter);
    tell(&tracer, "stuck");
    // It is on its way, so that the queue is empty.
    assert_eq!(collector.spans().await.len(), 1);
    for _ in 0..10 {
        tell(&tracer, "more");
    }
    check(
        &registry,
        &[
            r#"web1on1_trace_spans_dropped_total{reason="queue_full"} 6"#,
            "web1on1_trace_spans_queued 4",
        ],
    );
    // The end does not wait for a collector that hangs.
    exporter.stop(Duration::ZERO).await;
    check(
        &registry,
        &[r#"web1on1_trace_spans_dropped_total{reason="unreachable"} 5"#],
    );
}

#[tokio::test]
async fn a_batch_is_sent_again_until_it_is_taken() {
    let mut collector = Collector::start(vec![Some((503, 0)), Some((429, 0))]).await;
    let registry = Registry::default();
    let config = ExporterConfig {
        interval: Duration::ZERO,
        ..collector.config()
    };
    let exporter = Exporter::start(config, &registry).expect("it starts");
    tell(&tracer(&exporter), "one");
    let sent = [
        collector.spans().await,
        collector.spans().await,
        collector.spans().await,
    ];
    assert!(sent[0] == sent[1] && sent[1] == sent[2], "{sent:?}");
    exporter.stop(Duration::from_secs(30)).await;
    check(
        &registry,
        &[
            "web1on1_trace_spans_exported_total 1",
            "web1on1_trace_export_failures_total 2",
        ],
    );
}

#[tokio::test]
async fn what_the_collector_refuses_is_dropped_and_counted() {
    let mut collector = Collector::start(vec![Some((400, 0)), Some((200, 1))]).await;
    let registry = Registry::default();
    let config = ExporterConfig {
        interval: Duration::ZERO,
        ..collector.config()
    };
    let exporter = Exporter::start(config, &registry).expect("it starts");
    let tracer = tracer(&exporter);
    tell(&tracer, "refused");
    collector.spans().await;
    tell(&tracer, "rejected");
    collector.spans().await;
    exporter.stop(Duration::from_secs(30)).await;
    check(
        &registry,
        &[
            "web1on1_trace_spans_exported_total 0",
            r#"web1on1_trace_spans_dropped_total{reason="refused"} 2"#,
        ],
    );
}

#[tokio::test]
async fn spans_come_again_when_the_collector_is_back() {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let away = TcpListener::bind(address).await.expect("loopback");
    let address = away.local_addr().expect("it is bound");
    drop(away);
    let registry = Registry::default();
    let endpoint = format!("http://{address}/v1/traces").parse();
    let config = ExporterConfig {
        interval: Duration::ZERO,
        ..ExporterConfig::new(endpoint.expect("a URL"), "a-service".to_owned(), "1.2.3")
    };
    let exporter = Exporter::start(config, &registry).expect("it starts without a collector");
    tell(&tracer(&exporter), "one");
    while registry
        .render()
        .contains("web1on1_trace_export_failures_total 0\n")
    {
        tokio::task::yield_now().await;
    }
    let listener = TcpListener::bind(address).await.expect("it was free");
    let (stream, _) = listener.accept().await.expect("it comes again");
    let (told, mut arrived) = channel(1);
    let service = service_fn(move |request| answer(request, told.clone(), Some((200, 0))));
    let connection = hyper::server::conn::http1::Builder::new();
    tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
    assert!(arrived.recv().await.is_some());
    exporter.stop(Duration::from_secs(30)).await;
    check(
        &registry,
        &[
            "web1on1_trace_spans_exported_total 1",
            r#"web1on1_trace_spans_dropped_total{reason="unreachable"} 0"#,
        ],
    );
}

#[test]
fn a_span_has_nothing_that_is_no_reason() {
    for (reason, expected) in [
        (Some("NOT_FOUND"), "NOT_FOUND"),
        (Some("a secret in a sentence"), "UNKNOWN"),
        (None, "UNKNOWN"),
    ] {
        assert_eq!(error_type(reason, "UNKNOWN"), expected);
    }
}

#[test]
fn numbers_and_texts_are_encoded_as_such() {
    let exported = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&exported);
    let sampling = Sampling {
        ratio: Ratio::ALL,
        follows_callers: true,
    };
    let tracer = Tracer::new(sampling, move |span| {
        taken.lock().expect("nobody panics").push(span);
    });
    let position = tracer.position(&HeaderMap::new());
    let span = of_server(Some(&position), "x".to_owned(), Duration::from_secs(1));
    let mut span = span.expect("it is recorded");
    span.number("http.response.status_code", 500);
    span.fail("INTERNAL");
    tracer.ended(span);
    let spans = std::mem::take(&mut *exported.lock().expect("nobody panics"));
    let (resource, scope) = (otlp::Resource::default(), otlp::Scope::default());
    let request = otlp::request(&resource, &scope, spans);
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    let values = span.attributes.iter().map(|attribute| {
        let value = attribute.value.clone();
        (&*attribute.key, value.and_then(|value| value.value))
    });
    assert_eq!(
        values.collect::<Vec<_>>(),
        [
            ("http.response.status_code", Some(Any::Int(500))),
            ("error.type", Some(Any::String("INTERNAL".to_owned()))),
        ]
    );
    let code = span.status.as_ref().map(|status| status.code);
    assert_eq!(code, Some(otlp::StatusCode::Error.into()));
    let took = span.end_time_unix_nano - span.start_time_unix_nano;
    assert_eq!(took, 1_000_000_000);
}

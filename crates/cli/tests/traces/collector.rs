//! A collector that speaks OTLP over HTTP, and keeps what it gets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use prost::{Message, Oneof};

/// What is decoded: `ExportTraceServiceRequest` and what is in it, as
/// opentelemetry-proto has them.
#[derive(Clone, PartialEq, Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Attributes>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Attributes {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[expect(clippy::struct_field_names, reason = "they are named as in the proto")]
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Span {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    pub(crate) name: String,
    #[prost(int32, tag = "6")]
    pub(crate) kind: i32,
    #[prost(message, repeated, tag = "9")]
    pub(crate) attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 3")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum Any {
    #[prost(string, tag = "1")]
    String(String),
    #[prost(int64, tag = "3")]
    Int(i64),
}

/// A span, and the service that has told it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) service: String,
    pub(crate) span: Span,
}

fn value(attributes: &[KeyValue], name: &str) -> Option<Any> {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    found?.value.clone()?.value
}

impl Told {
    pub(crate) fn trace(&self) -> String {
        let bytes = <[u8; 16]>::try_from(&*self.span.trace_id).expect("it has 16 bytes");
        format!("{:032x}", u128::from_be_bytes(bytes))
    }

    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        match value(&self.span.attributes, name) {
            Some(Any::String(text)) => text,
            other => panic!("{name} of {} is {other:?}", self.span.name),
        }
    }

    #[track_caller]
    pub(crate) fn number(&self, name: &str) -> i64 {
        match value(&self.span.attributes, name) {
            Some(Any::Int(number)) => number,
            other => panic!("{name} of {} is {other:?}", self.span.name),
        }
    }
}

/// All that a collector got.
pub(crate) struct Seen {
    pub(crate) spans: Vec<Told>,
}

impl Seen {
    pub(crate) const SERVER: i32 = 2;
    pub(crate) const CLIENT: i32 = 3;

    pub(crate) fn of(&self, service: &str, kind: i32) -> Vec<Told> {
        let spans = self.spans.iter();
        spans
            .filter(|told| told.service == service && told.span.kind == kind)
            .cloned()
            .collect()
    }
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    spans: Arc<Mutex<Vec<Told>>>,
}

/// A collector that does not answer yet.
pub(crate) struct Later {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Told>>>,
}

impl Later {
    pub(crate) fn begin(self) {
        let listener = TcpListener::bind(self.address).expect("the port is still free");
        serve(listener, self.spans);
    }
}

impl Collector {
    pub(crate) fn start() -> Self {
        let (collector, later) = Self::later();
        later.begin();
        collector
    }

    /// A collector that is away until it is told to begin.
    pub(crate) fn later() -> (Self, Later) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let spans = Arc::<Mutex<Vec<Told>>>::default();
        let collector = Self {
            address,
            spans: Arc::clone(&spans),
        };
        (collector, Later { address, spans })
    }

    pub(crate) fn seen(&self) -> Seen {
        let spans = self.spans.lock().unwrap().clone();
        Seen { spans }
    }
}

fn serve(listener: TcpListener, spans: Arc<Mutex<Vec<Told>>>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let spans = Arc::clone(&spans);
            std::thread::spawn(move || {
                let mut reader = BufReader::new(&stream);
                while let Some(body) = read(&mut reader) {
                    take(&body, &spans);
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    if (&stream).write_all(answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
}

/// Reads the body of the next request.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line).ok()? {
            0 => return None,
            2 => break,
            _ => {}
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn take(body: &[u8], spans: &Mutex<Vec<Told>>) {
    let export = Export::decode(body).expect("it is a request of OTLP");
    for of in export.resource_spans {
        let attributes = of.resource.unwrap_or_default().attributes;
        let Some(Any::String(service)) = value(&attributes, "service.name") else {
            panic!("spans of no service: {attributes:?}");
        };
        for span in of.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            let service = service.clone();
            spans.lock().unwrap().push(Told { service, span });
        }
    }
}

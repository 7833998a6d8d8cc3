//! The way to the server that is verified: one request, one reply, as they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, response};
use http_body_util::{BodyExt as _, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use upstream::{BoxError, Client, Config, Roots, SendError, SendErrorKind};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest reply that is read.
const MAX_REPLY: usize = 16 << 20;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The way to one server.
pub(crate) struct Wire {
    client: Client,
    /// Opens a connection for each request, so that none is lost with an old one.
    once: Client,
    /// The base of the API, without a slash at its end.
    pub(crate) base: String,
    /// How many requests have been sent so far, over all ways that share the counter.
    pub(crate) sent: Arc<AtomicUsize>,
}

impl Wire {
    /// `ca` has the certificates of the authorities that may vouch for the server,
    /// in place of those that the system trusts.
    pub(crate) fn new(base: &Uri, ca: Option<&std::path::Path>) -> Result<Self, upstream::Error> {
        // Shows each reply as it is: nothing is sent again because of it, and nothing is
        // decoded.
        let config = Config {
            roots: ca.map_or(Roots::System, |file| Roots::File(file.to_owned())),
            decode: false,
            max_retries: 0,
            timeout: TIMEOUT,
            ..Config::default()
        };
        let of_its_own = Config {
            idle_timeout: Duration::from_nanos(1),
            ..config.clone()
        };
        Ok(Self {
            client: Client::new(std::slice::from_ref(base), config)?,
            once: Client::new(std::slice::from_ref(base), of_its_own)?,
            base: base.to_string().trim_end_matches('/').to_owned(),
            sent: Arc::default(),
        })
    }

    /// The URL of a path below the base with a query.
    pub(crate) fn url(&self, path: &str, query: &[(String, String)]) -> String {
        let pairs = query.iter();
        let pairs = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let query = pairs.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{query}", self.base)
    }

    /// Sends a request, and waits for the whole reply.
    ///
    /// A server may close a connection that waits for the next request without saying so.
    /// What nobody has carried out, or may be carried out twice, is then sent once more, on
    /// another connection. What may not has a connection of its own from the start.
    pub(crate) async fn send(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<(response::Parts, Bytes), BoxError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let uri = url.parse::<Uri>()?;
        let request = |body: Bytes| {
            let mut request = Request::new(upstream::Body::Whole(body));
            *request.method_mut() = method.clone();
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers.clone();
            request
        };
        let client = if method.is_idempotent() {
            &self.client
        } else {
            &self.once
        };
        let answered = async {
            let response = match client.send(request(body.clone())).await {
                Err(error) if may_be_sent_again(method, &error) => {
                    client.send(request(body)).await?
                }
                answered => answered?,
            };
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_REPLY).collect().await?.to_bytes();
            Ok::<_, BoxError>((head, body))
        };
        tokio::time::timeout(TIMEOUT, answered)
            .await
            .map_err(|_| format!("there was no reply within {} seconds", TIMEOUT.as_secs()))?
    }
}

/// Returns whether a request whose connection was lost may be sent a second time.
fn may_be_sent_again(method: &Method, error: &SendError) -> bool {
    match error.kind {
        SendErrorKind::NeverSent => error.missing().is_none(),
        SendErrorKind::PerhapsCarriedOut => method.is_idempotent(),
        _ => false,
    }
}

/// A text as a segment of a path, or as a part of a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// An error with all of its causes.
pub(crate) fn whole_cause(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Reads a request without a body; nothing where the connection has ended.
    fn read(reader: &mut impl std::io::BufRead) -> Option<()> {
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                return Some(());
            }
        }
    }

    /// Answers one request on a connection, reads the next, and closes without a word.
    fn serve(stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        if read(&mut reader).is_some() {
            let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
            writer.write_all(reply).expect("a reply is written");
            read(&mut reader);
        }
    }

    async fn second(method: Method) -> Result<u16, String> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve(&stream));
            }
        });
        let wire = Wire::new(&url.parse().expect("a URL"), None).expect("a way");
        let none = HeaderMap::new();
        let mut last = Err("nothing was sent".to_owned());
        for method in [Method::GET, method] {
            let sent = wire.send(&method, &url, &none, Bytes::new()).await;
            last = sent
                .map(|(head, _)| head.status.as_u16())
                .map_err(|error| whole_cause(&error));
        }
        last
    }

    #[tokio::test]
    async fn a_connection_that_ends_without_a_word_is_opened_again() {
        assert_eq!(second(Method::GET).await, Ok(200));
        assert_eq!(second(Method::DELETE).await, Ok(200));
    }

    #[tokio::test]
    async fn what_may_not_be_sent_twice_has_a_connection_of_its_own() {
        assert_eq!(second(Method::POST).await, Ok(200));
    }
}

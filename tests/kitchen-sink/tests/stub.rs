//! An upstream that notes what reaches it and answers what the test says.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use transcode::{BoxError, CallContext, CallRecord, Config, Gateway, RequestBody, Upstream};

/// A request as it reached the upstream.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: http::Method,
    pub(crate) uri: http::Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// Method, path and query.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.uri)
    }

    /// The value of a header, if there is exactly one.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} is there more than once");
        Some(value.to_str().expect("the value is text"))
    }
}

/// What has reached the upstream so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    fn push(&self, seen: Seen) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
    }

    /// Everything, in the order of arrival.
    pub(crate) fn all(&self) -> Vec<Seen> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The one request.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let all = self.all();
        assert_eq!(
            all.len(),
            1,
            "one call makes one request; these were made: {all:#?}"
        );
        all[0].clone()
    }
}

/// A gateway in front of an upstream with that answer. Its base is no more than
/// a path, so that URIs are short.
pub(crate) fn gateway(
    answer: impl Fn(&Seen) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> (Gateway<impl Upstream>, Log) {
    let log = Log::default();
    let to_log = log.clone();
    let upstream = tower::service_fn(move |request: Request<RequestBody>| {
        let (log, answer) = (to_log.clone(), answer.clone());
        async move {
            let (head, body) = request.into_parts();
            let seen = Seen {
                method: head.method,
                uri: head.uri,
                headers: head.headers,
                body: body.collect().await?.to_bytes(),
            };
            let response = answer(&seen);
            log.push(seen);
            Ok::<_, BoxError>(response)
        }
    });
    (Gateway::new(upstream, config()), log)
}

/// A configuration whose base is no more than a path.
pub(crate) fn config() -> Config {
    Config::new(http::Uri::from_static("/"))
}

pub(crate) fn response(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status);
    response.body(Full::new(body.into())).expect("a response")
}

/// Runs a test on one thread, with a clock that stands still unless something
/// waits for it.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
        .block_on(test)
}

/// The context of a call that is noted in this record.
pub(crate) fn noted_in(record: &CallRecord) -> CallContext {
    CallContext {
        record: record.clone(),
        ..CallContext::default()
    }
}

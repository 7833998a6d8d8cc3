//! An upstream that notes what reaches it and answers what the test says.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use kitchen_sink::kitchen::NameRequest;
use tonic::Status;
use tonic::metadata::MetadataValue;
use tonic_types::StatusExt as _;
use transcode::{
    BoxError, CallContext, CallRecord, Config, Gateway, RequestBody, RestCall, Upstream,
};

/// A request as it reached the upstream.
#[derive(Debug, Clone)]
pub(crate) struct SeenRequest {
    pub(crate) method: http::Method,
    pub(crate) uri: http::Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl SeenRequest {
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
pub(crate) struct Log(Arc<Mutex<Vec<SeenRequest>>>);

impl Log {
    fn push(&self, seen: SeenRequest) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
    }

    /// Everything, in the order of arrival.
    pub(crate) fn all(&self) -> Vec<SeenRequest> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The one request.
    #[track_caller]
    pub(crate) fn only(&self) -> SeenRequest {
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
    answer: impl Fn(&SeenRequest) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> (Gateway<impl Upstream>, Log) {
    let log = Log::default();
    let to_log = log.clone();
    let upstream = tower::service_fn(move |request: Request<RequestBody>| {
        let (log, answer) = (to_log.clone(), answer.clone());
        async move {
            let (head, body) = request.into_parts();
            let seen = SeenRequest {
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

pub(crate) fn name() -> NameRequest {
    NameRequest {
        name: "b".to_owned(),
    }
}

/// The failure of a call to an upstream that answers so.
#[track_caller]
pub(crate) fn failure<C: RestCall>(request: C::Request, answer: Response<Full<Bytes>>) -> Status {
    let (gateway, _) = gateway(move |_| answer.clone());
    match run(gateway.call::<C>(tonic::Request::new(request))) {
        Err(status) => status,
        Ok(_) => panic!("the call fails"),
    }
}

pub(crate) fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details
        .error_info()
        .map(|info| info.reason.clone())
        .expect("there is always a reason")
}

pub(crate) fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_error_details().retry_info()?.retry_delay
}

pub(crate) fn with_metadata<T>(message: T, metadata: &[(&'static str, &str)]) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    for (key, value) in metadata {
        let value = MetadataValue::try_from(*value).expect("a header value");
        request.metadata_mut().append(*key, value);
    }
    request
}

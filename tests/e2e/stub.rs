//! An upstream that answers what a test wants and remembers what reached it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::transport::Channel;

use crate::stack::{Tasks, connect, gateway_to, listen};

/// A request as it arrived upstream.
#[derive(Debug, Clone)]
pub(crate) struct SeenRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

/// A gateway in front of a stub.
pub(crate) struct Stub {
    /// The URL of the gateway.
    pub(crate) gateway: String,
    pub(crate) channel: Channel,
    seen: Arc<Mutex<Vec<SeenRequest>>>,
    _tasks: Tasks,
}

impl Stub {
    /// A stub that gives the same answer to every request.
    pub(crate) async fn answering(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let (content_type, body) = (content_type.to_owned(), body.into());
        Self::start(move |_| {
            let response = Response::builder()
                .status(status)
                .header("content-type", &content_type)
                .body(Body::from(body.clone()))
                .expect("a valid response");
            std::future::ready(response)
        })
        .await
    }

    /// A stub that answers JSON with status 200.
    pub(crate) async fn answering_json(body: impl Into<Bytes>) -> Self {
        Self::answering(200, "application/json", body).await
    }

    pub(crate) async fn start<F>(
        answer: impl Fn(SeenRequest) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&seen);
        let router = axum::Router::new().fallback(move |request: Request<Body>| {
            let (answer, remembered) = (answer.clone(), Arc::clone(&remembered));
            async move {
                let request = see(request).await;
                remembered
                    .lock()
                    .expect("nobody panics")
                    .push(request.clone());
                answer(request).await
            }
        });
        let mut tasks = Tasks::default();
        let (listener, address) = listen().await;
        tasks.spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("the stub serves");
        });
        Self::behind_a_gateway(&address, seen, tasks).await
    }

    /// A stub that sends the bytes as they are in answer to anything, and hangs
    /// up.
    pub(crate) async fn sending(answer: &'static [u8]) -> Self {
        let mut tasks = Tasks::default();
        let (listener, address) = listen().await;
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
            }
        });
        Self::behind_a_gateway(&address, Arc::default(), tasks).await
    }

    /// A stub that nobody listens for.
    pub(crate) async fn absent() -> Self {
        let (listener, address) = listen().await;
        drop(listener);
        Self::behind_a_gateway(&address, Arc::default(), Tasks::default()).await
    }

    async fn behind_a_gateway(
        address: &str,
        seen: Arc<Mutex<Vec<SeenRequest>>>,
        mut tasks: Tasks,
    ) -> Self {
        let gateway = gateway_to(&format!("http://{address}/v2"), &mut tasks).await;
        Self {
            channel: connect(&gateway).await,
            gateway,
            seen,
            _tasks: tasks,
        }
    }

    /// The one request that has reached the stub.
    #[track_caller]
    pub(crate) fn only_request(&self) -> SeenRequest {
        let seen = self.seen.lock().expect("nobody panics");
        match seen.as_slice() {
            [request] => request.clone(),
            others => panic!(
                "one request was expected upstream, there were {}",
                others.len()
            ),
        }
    }

    /// Returns whether nothing has reached the stub.
    pub(crate) fn is_untouched(&self) -> bool {
        self.seen.lock().expect("nobody panics").is_empty()
    }
}

async fn see(request: Request<Body>) -> SeenRequest {
    let (head, body) = request.into_parts();
    let text = |value: &http::HeaderValue| value.to_str().expect("ASCII").to_owned();
    SeenRequest {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(ToOwned::to_owned),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default(),
    }
}

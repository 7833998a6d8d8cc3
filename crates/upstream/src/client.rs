//! The client as others see it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::fleet::Fleet;
use crate::supervise::supervise;
use crate::task::AbortOnDrop;
use crate::{
    Body, BudgetStatus, Config, EndpointStatus, Error, Options, ReplyBody, SendError, call,
};

/// A client of an HTTP API. Clones share everything.
#[derive(Clone)]
pub struct Client {
    fleet: Arc<Fleet>,
    _supervisor: Arc<AbortOnDrop>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// A new client without connections, for an API at the given bases, which
    /// have the same path. An `https` base has to have a certificate that one of
    /// [`Config::roots`] vouches for; without any, those count that the system
    /// trusts.
    ///
    /// The path of a request is sent as it is, that of the bases included; its
    /// scheme and authority become those of the endpoint.
    ///
    /// # Errors
    ///
    /// Fails where there is no base, a base cannot be used, the paths differ, a
    /// bound makes no sense, there are settings of TLS for bases that need none, a
    /// file of certificates cannot be used, the system's certificates are needed and
    /// cannot be read, or there is no tokio runtime to watch the endpoints in.
    pub fn new(endpoints: &[Uri], config: Config) -> Result<Self, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(Error::NoRuntime)?;
        let fleet = Arc::new(Fleet::new(endpoints, config)?);
        let _guard = runtime.enter();
        let supervisor = AbortOnDrop::spawn(supervise(Arc::clone(&fleet)));
        Ok(Self {
            fleet,
            _supervisor: Arc::new(supervisor),
        })
    }

    /// Sends a request, and returns its reply when the head of it has arrived.
    ///
    /// The [`Options`] in the request's extensions say when the call is over; else
    /// [`Config::timeout`] bounds all attempts together. Dropping the future ends
    /// the call at once.
    ///
    /// # Errors
    ///
    /// The [kind](SendError::kind) of the error says whether the request may
    /// have been carried out, by any of the attempts. The source is that of the
    /// last one.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<ReplyBody>, SendError> {
        let options = request.extensions_mut().remove::<Options>();
        let call = call::send(&self.fleet, request, options.unwrap_or_default());
        // All that a call may have to do is large to move about.
        Box::pin(call).await
    }

    /// Tells whether any endpoint answers: false once none can be connected to,
    /// or all close their connections without a reply. In that state endpoints are
    /// tried every [`Config::probe_interval`]. It is false before there was a
    /// connection to any; endpoints that no request has gone to are tried as soon
    /// as this is called, and else after that interval.
    pub fn reachable(&self) -> watch::Receiver<bool> {
        self.fleet.reachable()
    }

    /// How each endpoint that is known now is doing.
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        let now = Instant::now();
        let endpoints = self.fleet.known().endpoints.clone();
        endpoints
            .iter()
            .map(|endpoint| endpoint.status(now))
            .collect()
    }

    /// How it stands with the files of TLS, now and whenever that changes; `None`
    /// without TLS.
    pub fn tls(&self) -> Option<watch::Receiver<tls::Status>> {
        self.fleet.tls_status()
    }

    /// Looks at the files of TLS now, and returns once new connections use what they hold.
    ///
    /// # Errors
    ///
    /// Fails where the files cannot be used. New connections use what they held before.
    pub async fn reload_tls(&self) -> Result<(), tls::Error> {
        self.fleet.reload_tls().await
    }

    /// What became of the wish to retry so far.
    pub fn retry_budget(&self) -> BudgetStatus {
        self.fleet.budget.status()
    }
}

impl tower::Service<Request<Body>> for Client {
    type Response = Response<ReplyBody>;
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ReplyBody>, SendError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.send(request).await })
    }
}

//! The service that the generated clients call: adds the token, and replaces one that was
//! refused.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower_service::Service;

use crate::session::Session;
use crate::transport::{Transport, within};

/// What the generated clients of a [`Client`](crate::Client) call through. Clones share
/// the connection, the tokens and the budget of retries.
#[derive(Clone, Debug)]
pub struct Calls {
    transport: Transport,
    session: Session,
}

impl Calls {
    pub(crate) fn new(transport: Transport, session: Session) -> Self {
        Self { transport, session }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    async fn carry_out(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let mut call = self.transport.prepare(request).await?;
        let is_login = call.head.uri.path().starts_with("/web1on1.v2.AuthService/");
        if is_login || call.head.headers.contains_key(AUTHORIZATION) {
            return self.transport.send(&mut call).await;
        }
        let access = within(call.deadline, self.session.access()).await?;
        let Some(access) = access else {
            return self.transport.send(&mut call).await;
        };
        call.head
            .headers
            .insert(AUTHORIZATION, access.header.clone());
        let refused = match self.transport.send(&mut call).await {
            Err(status) if status.code() == Code::Unauthenticated => status,
            other => return other,
        };
        let next = within(call.deadline, async {
            Ok(self.session.access_after(&access).await)
        });
        match next.await {
            Ok(Some(next)) if call.can_repeat() => {
                call.head.headers.insert(AUTHORIZATION, next.header);
                self.transport.send(&mut call).await
            }
            _ => Err(refused),
        }
    }
}

impl Service<Request<Body>> for Calls {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().carry_out(request))
    }
}

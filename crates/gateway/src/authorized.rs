//! The upstream of a gateway that may have credentials of its own: calls go there with
//! its token, and once more with a new one if that was refused.

use std::time::Duration;

use http::{Request, Response, StatusCode, header};
use transcode::{CallContext, RequestBody, SendError, SendErrorKind, Upstream};

use crate::credentials::Credentials;

/// When an upload can be sent again whose token was refused. By then there is another.
const AFTER_LOGIN: Duration = Duration::from_secs(1);

/// An upstream that is sent the token of the gateway in place of the caller's, if the
/// gateway has credentials. Without them everything passes as it is.
#[derive(Clone)]
pub struct Authorized<U> {
    credentials: Option<Credentials>,
    upstream: U,
}

impl<U> Authorized<U> {
    /// Puts credentials, if there are any, in front of the upstream.
    pub fn new(credentials: Option<Credentials>, upstream: U) -> Self {
        Self {
            credentials,
            upstream,
        }
    }

    /// The credentials, if there are any.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }
}

impl<U: Upstream> Upstream for Authorized<U> {
    type Body = U::Body;

    async fn send(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Self::Body>, SendError> {
        let Some(credentials) = &self.credentials else {
            return self.upstream.send(request).await;
        };
        let context = request.extensions().get::<CallContext>();
        let deadline = context.and_then(|context| context.deadline);
        // What the caller has shown is for the gateway, if it is for anybody.
        request.headers_mut().remove(header::AUTHORIZATION);
        let again = copy(&request);
        let access = credentials.access(deadline).await?;
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, access.authorization());
        let response = self.upstream.send(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        drop(response);
        if !credentials.refuse(&access) {
            return Err(SendErrorKind::CredentialsRefused.into());
        }
        let Some(mut again) = again else {
            let retry_after = AFTER_LOGIN;
            return Err(SendErrorKind::CredentialsUnavailable { retry_after }.into());
        };
        let access = credentials.access(deadline).await?;
        let headers = again.headers_mut();
        headers.insert(header::AUTHORIZATION, access.authorization());
        let response = self.upstream.send(again).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Err(SendErrorKind::CredentialsRefused.into());
        }
        Ok(response)
    }
}

/// The same request once more, if its body is whole in memory.
fn copy(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let RequestBody::Whole(bytes) = request.body() else {
        return None;
    };
    let mut copy = Request::new(RequestBody::Whole(bytes.clone()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    let context = request.extensions().get::<CallContext>().cloned();
    copy.extensions_mut().insert(context.unwrap_or_default());
    Some(copy)
}

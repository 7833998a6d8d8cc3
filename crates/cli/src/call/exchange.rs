//! Making a call: from the connection to the last reply.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::uri::PathAndQuery;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};

use super::codec::{DynamicCodec, Volume};
use super::outcome;
use super::reply::Printer;
use super::target::Target;
use super::trace::Trace;
use super::upload::Upload;

/// A call that is ready to be made.
pub(super) struct Call {
    pub(super) method: MethodDescriptor,
    pub(super) target: Arc<Target>,
    pub(super) metadata: MetadataMap,
    pub(super) messages: Vec<DynamicMessage>,
    pub(super) upload: Option<Upload>,
    pub(super) timeout: Duration,
    pub(super) printer: Printer,
    /// Whether to tell what goes over the wire.
    pub(super) is_verbose: bool,
    /// What a caller does who is not logged in.
    pub(super) login: Option<String>,
}

impl Call {
    /// Makes the call and prints how it went. Returns the exit code.
    ///
    /// # Errors
    ///
    /// What is to be printed cannot be written.
    pub(super) async fn make(self, out: &mut impl Write, err: &mut impl Write) -> io::Result<u8> {
        let target = Arc::clone(&self.target);
        let (timeout, method, login) = (self.timeout, self.method.clone(), self.login.clone());
        let unreadable = self.upload.as_ref().map(|upload| upload.failed.clone());
        let volume = Volume::default();
        let mut trace = Trace::start(self.is_verbose, volume.clone());
        let exchange = self.exchange(volume, &mut trace, out, err);
        let result = tokio::time::timeout(timeout, exchange).await;
        let status = match result {
            Ok(Ok(trailers)) => {
                trace.ended(trailers.as_ref(), err);
                return Ok(0);
            }
            Ok(Err(Interrupted::Output(error))) if error.kind() == io::ErrorKind::NotFound => {
                writeln!(err, "error: {error}")?;
                return Ok(1);
            }
            Ok(Err(Interrupted::Output(error))) => return Err(error),
            Ok(Err(Interrupted::Call(status))) if !outcome::is_local_timeout(&status) => {
                match target.explain(&status) {
                    Some(explanation) => Status::unavailable(explanation),
                    None => *status,
                }
            }
            _ => Status::deadline_exceeded(format!(
                "no answer within {timeout:?}; --timeout allows for more"
            )),
        };
        trace.ended(Some(status.metadata()), err);
        // A file that stopped being readable cancels the call: the cause is
        // the news, not the cancellation.
        if let Some(error) = unreadable.as_deref().and_then(OnceLock::get) {
            writeln!(
                err,
                "error: the upload was cancelled, reading the file failed: {error}"
            )?;
            return Ok(1);
        }
        err.write_all(outcome::render(&status, &method).as_bytes())?;
        if status.code() == Code::Unauthenticated
            && let Some(login) = login
        {
            writeln!(err, "{login}")?;
        }
        Ok(1)
    }

    /// Every kind of method is called as bidirectional streaming, which looks
    /// the same on the wire. Returns the trailers.
    async fn exchange(
        self,
        volume: Volume,
        trace: &mut Trace,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> Result<Option<MetadataMap>, Interrupted> {
        let channel = self.target.connect().await?;
        let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(usize::MAX);
        client.ready().await.map_err(|error| {
            Status::unavailable(format!(
                "lost the connection to {}: {}",
                self.target.address(),
                outcome::root_cause(&error)
            ))
        })?;

        let messages = self.messages.into_iter().map(Ok);
        let chunks = self.upload.into_iter().flatten();
        let mut request = Request::new(tokio_stream::iter(messages.chain(chunks)));
        *request.metadata_mut() = self.metadata;
        request.set_timeout(self.timeout);
        let path = format!(
            "/{}/{}",
            self.method.parent_service().full_name(),
            self.method.name()
        );
        let called = (path.as_str(), self.target.address());
        trace.connected(called, request.metadata(), err);
        let path = PathAndQuery::try_from(path)
            .map_err(|error| Status::internal(format!("the name of the method: {error}")))?;
        let codec = DynamicCodec::new(self.method.output(), volume);

        let response = client.streaming(request, path, codec).await?;
        trace.headers(response.metadata(), err);
        let mut replies = response.into_inner();
        let mut count = 0;
        while let Some(reply) = replies.message().await? {
            count += 1;
            self.printer
                .print(&reply, out)
                // Whoever reads along has each message as soon as it is there.
                .and_then(|()| out.flush())
                .map_err(Interrupted::Output)?;
        }
        if count == 0 && !self.method.is_server_streaming() {
            return Err(Status::internal("the server reported success without a reply").into());
        }
        Ok(replies.trailers().await?)
    }
}

/// Why a call did not run to its end.
enum Interrupted {
    /// The call failed. Boxed, as a status is large.
    Call(Box<Status>),
    /// A reply could not be printed.
    Output(io::Error),
}

impl From<Status> for Interrupted {
    fn from(status: Status) -> Self {
        Self::Call(Box::new(status))
    }
}

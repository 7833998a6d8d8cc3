//! Lists of any length, element by element.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use prost::Message;
use tokio_stream::Stream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status, Streaming};

use crate::calls::Calls;
use crate::error::Error;

/// A request for a list: the message of an rpc that streams one, such as
/// [`StreamUsersRequest`](crate::v2::StreamUsersRequest).
pub trait ListRequest: Message + Sized + 'static {
    /// What the list is of.
    type Item: Message + Default + 'static;

    /// The path of the rpc.
    const PATH: &'static str;
}

/// A list that arrives. [`Client::list`](crate::Client::list) gives it.
///
/// What was given before an error is right, but not the whole list; after the error comes
/// nothing more. The server sends no faster than the list is read: what waits here is a
/// window of HTTP/2 (2 MiB at most) and one element. Dropping it ends the call.
pub struct List<T>(State<T>);

enum State<T> {
    Opening(Pin<Box<dyn Future<Output = Result<Streaming<T>, Status>> + Send>>),
    Open(Box<Streaming<T>>),
    Ended,
}

impl<T: Message + Default + 'static> List<T> {
    pub(crate) fn new<R: ListRequest<Item = T>>(calls: Calls, request: R, most: usize) -> Self {
        let open = async move {
            let mut client = tonic::client::Grpc::new(calls).max_decoding_message_size(most);
            client.ready().await?;
            let path = PathAndQuery::from_static(R::PATH);
            let codec = tonic_prost::ProstCodec::<R, T>::default();
            let reply = client
                .server_streaming(Request::new(request), path, codec)
                .await?;
            Ok(reply.into_inner())
        };
        Self(State::Opening(Box::pin(open)))
    }

    /// The next element; `None` at the end.
    ///
    /// # Errors
    ///
    /// Fails where the list cannot be read, or cannot be read on.
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        std::future::poll_fn(|context| self.poll(context))
            .await
            .transpose()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            let next = match &mut self.0 {
                State::Opening(opening) => match ready!(opening.as_mut().poll(context)) {
                    Ok(streaming) => {
                        self.0 = State::Open(Box::new(streaming));
                        continue;
                    }
                    Err(status) => Some(Err(status)),
                },
                State::Open(streaming) => ready!(Pin::new(&mut **streaming).poll_next(context)),
                State::Ended => None,
            };
            if !matches!(next, Some(Ok(_))) {
                self.0 = State::Ended;
            }
            return Poll::Ready(next.map(|item| item.map_err(Error::from)));
        }
    }
}

impl<T: Message + Default + 'static> Stream for List<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

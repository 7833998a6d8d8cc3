//! The rpcs of a service as its server needs them: a table of what differs between
//! them, so that the rest is compiled once.

use crate::call::{ListCall, RestCall, UploadCall};
use crate::exchange::{CallKind, Prepared};
use crate::request_parts::Refused;
use crate::upload::{ReadMessage, read_message};
use crate::wire;

/// The rpcs of a service. Generated.
pub trait Rpcs: Send + Sync + 'static {
    /// The full name of the service.
    const SERVICE: &'static str;

    /// Its rpcs.
    fn rpcs() -> &'static [Rpc];
}

/// An rpc and its REST request.
#[derive(Debug)]
pub struct Rpc {
    /// As in `package.Service/Method`.
    pub(crate) name: &'static str,
    pub(crate) kind: fn() -> CallKind,
    pub(crate) request: Request,
}

/// How the messages of a caller become a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Request {
    Unary(fn(&[u8]) -> Result<Prepared, Refused>),
    /// A list whose elements are the messages of the reply.
    List {
        target: fn(&[u8]) -> Result<String, Refused>,
        /// The parameters that name the next page in the link to it.
        next: &'static [&'static str],
    },
    Upload(ReadMessage),
}

impl Rpc {
    /// A unary rpc.
    #[must_use]
    pub const fn unary<C: RestCall>() -> Self {
        Self {
            name: C::RPC,
            kind: CallKind::of::<C>,
            request: Request::Unary(Prepared::translate::<C>),
        }
    }

    /// An rpc that streams the elements of a list.
    #[must_use]
    pub const fn list<C: ListCall>() -> Self {
        Self {
            name: C::RPC,
            kind: CallKind::streamed::<C>,
            request: Request::List {
                target: target::<C>,
                next: C::NEXT,
            },
        }
    }

    /// An rpc whose messages are the content of one request.
    #[must_use]
    pub const fn upload<C: UploadCall>() -> Self {
        Self {
            name: C::RPC,
            kind: CallKind::of::<C>,
            request: Request::Upload(read_message::<C>),
        }
    }
}

/// The path and query of a list whose message is still encoded.
fn target<C: ListCall>(message: &[u8]) -> Result<String, Refused> {
    wire::target(&C::PATH, C::request(), message)
}

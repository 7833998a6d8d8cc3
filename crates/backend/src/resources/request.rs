//! What a handler is called with.

use std::sync::Arc;

use contract::operation::Operation;

use crate::access::Authenticate;
use crate::app::App;

/// A request for an operation: read, and found to be what the contract says.
pub(crate) struct Request<O: Operation<Access: Authenticate>> {
    pub(crate) app: Arc<App>,
    /// Who calls. The operation decides what is known of that.
    pub(crate) caller: <O::Access as Authenticate>::Caller,
    pub(crate) path: O::Path,
    pub(crate) query: O::Query,
    /// Where a page begins, as the link to it says. Lists look at it only.
    pub(crate) cursor: Option<String>,
    pub(crate) body: O::Body,
}

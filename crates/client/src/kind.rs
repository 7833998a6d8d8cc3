//! What the client has to know of an rpc before it sends it.

/// How an rpc is carried out, by its `google.api.http` and its streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One message for one, and nothing changes: a GET.
    Read,
    /// A stream of what a GET brings.
    List,
    /// One message for one, and something may change.
    Write,
    /// A stream of the caller, which cannot be sent twice.
    Upload,
}

impl Kind {
    /// Returns whether carrying the rpc out twice does the same as once.
    pub(crate) fn is_safe(self) -> bool {
        matches!(self, Self::Read | Self::List)
    }

    /// Returns whether the call lasts as long as its stream.
    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::List | Self::Upload)
    }
}

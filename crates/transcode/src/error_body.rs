//! What the body of an error says, whatever form it has.

use tonic::Code;
use tonic_types::ErrorDetail;

/// Field violations that are read of one error. Further ones are left out.
pub(crate) const MAX_VIOLATIONS: usize = 64;

/// What the body of an error says.
#[derive(Debug, Default)]
pub(crate) struct ErrorBody {
    /// The code, if the body has a say in it.
    pub(crate) code: Option<Code>,
    /// What happened, for people.
    pub(crate) message: Option<String>,
    /// A reason without a domain is one of the upstream.
    pub(crate) details: Vec<ErrorDetail>,
}

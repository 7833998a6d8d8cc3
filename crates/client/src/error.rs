//! What a failed call tells, read from its status once.

use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::reason::Reason;

/// Why a call failed.
///
/// A [`Status`] of a generated client becomes one with `?`.
#[derive(Debug)]
pub struct Error(Box<Parts>);

#[derive(Debug)]
struct Parts {
    status: Status,
    reason: Option<Reason>,
    violations: Vec<Violation>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the request: `user.settings.locale`,
    /// `user.organizations[1].role`. Empty for the message as a whole.
    pub field: String,
    /// What is wrong and what would be right, to be read after the path.
    pub description: String,
}

impl Error {
    /// The canonical code.
    pub fn code(&self) -> Code {
        self.0.status.code()
    }

    /// One sentence for a developer. Its wording may change.
    pub fn message(&self) -> &str {
        self.0.status.message()
    }

    /// The cause to branch on. `None` where no server gave one: the connection failed, or
    /// this client gave up at the deadline.
    pub fn reason(&self) -> Option<&Reason> {
        self.0.reason.as_ref()
    }

    /// Every field of the request that is wrong, where [`Reason::InvalidRequest`] is the
    /// cause.
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// What the server calls the request, to be given to whoever runs it.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long to wait before the call is made again, where the server says that this
    /// makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The status as tonic has it, with its metadata and the details that this type does
    /// not know.
    pub fn status(&self) -> &Status {
        &self.0.status
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.as_str().into());
        let violations = details.bad_request().map(|bad| &*bad.field_violations);
        let violations = violations.unwrap_or_default().iter();
        let violations = violations.map(|violation| Violation {
            field: violation.field.clone(),
            description: violation.description.clone(),
        });
        Self(Box::new(Parts {
            reason,
            violations: violations.collect(),
            request_id: details.request_info().map(|info| info.request_id.clone()),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            status,
        }))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        error.0.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code().description())?;
        if let Some(reason) = self.reason() {
            write!(f, " ({reason})")?;
        }
        write!(f, ": {}", self.message())?;
        match self.request_id() {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0.status)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn details_become_fields() {
        let mut details = ErrorDetails::new();
        details
            .set_error_info("INVALID_REQUEST", "web1on1.chat", HashMap::new())
            .add_bad_request_violation("user.settings.locale", "must be nl or en")
            .set_retry_info(Some(Duration::from_secs(2)))
            .set_request_info("4f2a", "");
        let error: Error =
            Status::with_error_details(Code::InvalidArgument, "no such locale", details).into();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert_eq!(error.reason(), Some(&Reason::InvalidRequest));
        let violation = Violation {
            field: "user.settings.locale".to_owned(),
            description: "must be nl or en".to_owned(),
        };
        assert_eq!(error.violations(), [violation]);
        assert_eq!(error.request_id(), Some("4f2a"));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_status_without_details_has_no_reason() {
        let error: Error = Status::unavailable("nobody listens").into();
        assert_eq!((error.reason(), error.violations()), (None, &[][..]));
    }

    #[test]
    fn details_that_are_none_are_left_out() {
        let details = vec![0xff; 9].into();
        let error: Error = Status::with_details(Code::Internal, "broken", details).into();
        assert_eq!((error.code(), error.reason()), (Code::Internal, None));
    }
}

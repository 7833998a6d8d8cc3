//! The reasons of errors, as an enum.

macro_rules! reasons {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// Why a call failed, from the `google.rpc.ErrorInfo` of its error.
        ///
        /// Programs branch on it; the code says less and the message may change. More
        /// reasons may come, so a `match` has a last arm for all others.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])+ $variant,)+
            /// One that this version of the crate does not know, as the server wrote it.
            Unknown(String),
        }

        impl Reason {
            /// Every reason that has a variant.
            pub const KNOWN: &[Self] = &[$(Self::$variant),+];

            /// The reason as the server writes it, in `UPPER_SNAKE_CASE`.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Unknown(name) => name,
                }
            }
        }

        impl From<&str> for Reason {
            fn from(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }
    };
}

reasons! {
    /// A field of the request is not valid; the violations name each.
    InvalidRequest = "INVALID_REQUEST",
    /// The rpc needs an access token, and none came.
    TokenMissing = "TOKEN_MISSING",
    /// The access token is too old.
    TokenExpired = "TOKEN_EXPIRED",
    /// Somebody else signed the access token.
    TokenSignatureInvalid = "TOKEN_SIGNATURE_INVALID",
    /// The access token is none, is of the wrong kind, or its user may not call.
    TokenInvalid = "TOKEN_INVALID",
    /// The e-mail address or the password of a login is wrong.
    CredentialsInvalid = "CREDENTIALS_INVALID",
    /// The refresh token is not, or no longer, good for a new access token.
    RefreshTokenInvalid = "REFRESH_TOKEN_INVALID",
    /// The caller is known but may not do this.
    PermissionDenied = "PERMISSION_DENIED",
    /// The caller has to log in again before this.
    LoginTooOld = "LOGIN_TOO_OLD",
    /// The thing does not exist, or not for this caller.
    NotFound = "NOT_FOUND",
    /// No operation has this path.
    PathUnknown = "PATH_UNKNOWN",
    /// No operation with this path has this method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED",
    /// A user has this e-mail address already.
    EmailTaken = "EMAIL_TAKEN",
    /// Another change got in the way; read again and retry.
    ConcurrentUpdate = "CONCURRENT_UPDATE",
    /// The organization still has something below it.
    OrganizationInUse = "ORGANIZATION_IN_USE",
    /// The organization is archived, and takes nothing new.
    OrganizationArchived = "ORGANIZATION_ARCHIVED",
    /// The user would be left without an organization.
    LastOrganization = "LAST_ORGANIZATION",
    /// The organization would be left without an owner.
    LastOwner = "LAST_OWNER",
    /// The organization has as many categories as it can have.
    NoSlotFree = "NO_SLOT_FREE",
    /// The group has as many members as it can have.
    GroupFull = "GROUP_FULL",
    /// Somebody tries to log in too often.
    TooManyLogins = "TOO_MANY_LOGINS",
    /// Somebody tries too many e-mail addresses that are taken.
    TooManyTakenAddresses = "TOO_MANY_TAKEN_ADDRESSES",
    /// The body is larger than the server reads.
    BodyTooLarge = "BODY_TOO_LARGE",
    /// The body came too slowly.
    BodyTimeout = "BODY_TIMEOUT",
    /// The headers are larger than the server reads.
    HeadTooLarge = "HEAD_TOO_LARGE",
    /// The path and the query are longer than the server reads.
    UriTooLong = "URI_TOO_LONG",
    /// The content is of a type that the operation does not take.
    ContentTypeUnsupported = "CONTENT_TYPE_UNSUPPORTED",
    /// A part that the server needs does not answer; retry later.
    Unavailable = "UNAVAILABLE",
    /// There is no room for what would be written.
    StorageFull = "STORAGE_FULL",
    /// The server, or what it has stored, is at fault.
    Internal = "INTERNAL",

    /// The gateway could not reach the REST API; nothing was sent.
    UpstreamUnavailable = "UPSTREAM_UNAVAILABLE",
    /// The gateway lost its connection before a reply came.
    UpstreamConnectionLost = "UPSTREAM_CONNECTION_LOST",
    /// The reply to the gateway broke off.
    UpstreamReplyBroken = "UPSTREAM_REPLY_BROKEN",
    /// The gateway does not trust the certificate of the REST API.
    UpstreamUntrusted = "UPSTREAM_UNTRUSTED",
    /// The REST API refused the certificate of the gateway, or wants one.
    UpstreamRefusesCertificate = "UPSTREAM_REFUSES_CERTIFICATE",
    /// The gateway and the REST API could not agree on TLS.
    UpstreamTlsFailed = "UPSTREAM_TLS_FAILED",
    /// The reply to the gateway does not have its declared shape.
    UpstreamContractViolation = "UPSTREAM_CONTRACT_VIOLATION",
    /// The reply is larger than the gateway reads; stream the list.
    UpstreamReplyTooLarge = "UPSTREAM_REPLY_TOO_LARGE",
    /// The REST API refused the credentials that the gateway has of its own.
    CredentialsRefused = "CREDENTIALS_REFUSED",
    /// The gateway could not log in with the credentials that it has of its own.
    CredentialsUnavailable = "CREDENTIALS_UNAVAILABLE",
    /// The gateway has credentials of its own and gives no tokens.
    CredentialsOfGateway = "CREDENTIALS_OF_GATEWAY",
    /// The gateway does not admit the caller.
    NotAdmitted = "NOT_ADMITTED",
    /// The gateway has as many calls as it takes; nothing was sent.
    Overloaded = "OVERLOADED",
    /// The call could not have been answered before its deadline; nothing was sent.
    DeadlineUnattainable = "DEADLINE_UNATTAINABLE",
    /// The deadline passed before the call was done.
    DeadlineExceeded = "DEADLINE_EXCEEDED",
    /// The gateway is stopping; nothing was sent.
    ShuttingDown = "SHUTTING_DOWN",
    /// The message of the call cannot be read.
    MalformedMessage = "MALFORMED_MESSAGE",
    /// The message of the call is larger than the gateway reads.
    MessageTooLarge = "MESSAGE_TOO_LARGE",
    /// The call has too few or too many messages.
    MessageCount = "MESSAGE_COUNT",
    /// The caller broke off its upload.
    UploadInterrupted = "UPLOAD_INTERRUPTED",
    /// The gateway does not read this compression.
    UnsupportedCompression = "UNSUPPORTED_COMPRESSION",
    /// The gateway has no such service.
    UnknownService = "UNKNOWN_SERVICE",
    /// The service has no such rpc.
    UnknownMethod = "UNKNOWN_METHOD",
    /// The gateway is at fault.
    GatewayFault = "GATEWAY_FAULT",
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_back() {
        for reason in Reason::KNOWN {
            assert_eq!(Reason::from(reason.as_str()), *reason);
        }
    }

    #[test]
    fn an_unknown_reason_keeps_its_name() {
        let reason = Reason::from("UPSTREAM_HTTP_418");
        assert_eq!(reason, Reason::Unknown("UPSTREAM_HTTP_418".to_owned()));
        assert_eq!(reason.to_string(), "UPSTREAM_HTTP_418");
    }
}

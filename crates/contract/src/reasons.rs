//! The reasons of errors, in one table: every value that `reason` in an `ErrorInfo`
//! can have.
//!
//! Programs branch on them, so none is renamed.

/// Each reason, and what it tells a caller.
pub const REASONS: &[(&str, &str)] = &[
    (
        "INVALID_REQUEST",
        "A parameter or the body is not valid; a `BadRequest` detail names each violation.",
    ),
    (
        "TOKEN_MISSING",
        "The operation needs an access token, and none came.",
    ),
    ("TOKEN_EXPIRED", "The access token is too old."),
    (
        "TOKEN_SIGNATURE_INVALID",
        "Somebody else signed the access token.",
    ),
    (
        "TOKEN_INVALID",
        "The access token is none, is of the wrong kind, or its user may not call.",
    ),
    (
        "CREDENTIALS_INVALID",
        "The e-mail address or the password of a login is wrong.",
    ),
    (
        "REFRESH_TOKEN_INVALID",
        "The refresh token is not, or no longer, good for a new access token.",
    ),
    (
        "PERMISSION_DENIED",
        "The caller is known but may not do this.",
    ),
    (
        "LOGIN_TOO_OLD",
        "The caller has to log in again before this.",
    ),
    (
        "NOT_FOUND",
        "The thing does not exist, or not for this caller.",
    ),
    ("PATH_UNKNOWN", "No operation has this path."),
    (
        "METHOD_NOT_ALLOWED",
        "No operation with this path has this method.",
    ),
    ("EMAIL_TAKEN", "A user has this e-mail address already."),
    (
        "CONCURRENT_UPDATE",
        "Another change got in the way; read again and retry.",
    ),
    (
        "ORGANIZATION_IN_USE",
        "The organization still has something below it.",
    ),
    (
        "ORGANIZATION_ARCHIVED",
        "The organization is archived, and takes nothing new.",
    ),
    (
        "LAST_ORGANIZATION",
        "The user would be left without an organization.",
    ),
    (
        "LAST_OWNER",
        "The organization would be left without an owner.",
    ),
    (
        "NO_SLOT_FREE",
        "The organization has as many categories as it can have.",
    ),
    (
        "GROUP_FULL",
        "The group has as many members as it can have.",
    ),
    ("TOO_MANY_LOGINS", "Somebody tries to log in too often."),
    (
        "TOO_MANY_TAKEN_ADDRESSES",
        "Somebody tries too many e-mail addresses that are taken.",
    ),
    (
        "BODY_TOO_LARGE",
        "The body is larger than the server reads.",
    ),
    ("BODY_TIMEOUT", "The body came too slowly."),
    (
        "HEAD_TOO_LARGE",
        "The headers are larger than the server reads.",
    ),
    (
        "URI_TOO_LONG",
        "The path and the query are longer than the server reads.",
    ),
    (
        "CONTENT_TYPE_UNSUPPORTED",
        "The body is of a content type that the operation does not take.",
    ),
    (
        "UNAVAILABLE",
        "A part that the server needs does not answer; retry later.",
    ),
    (
        "STORAGE_FULL",
        "There is no room for what would be written.",
    ),
    (
        "INTERNAL",
        "The server, or what it has stored, is at fault.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_is_listed_twice() {
        let mut reasons: Vec<_> = REASONS.iter().map(|(reason, _)| reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), REASONS.len());
    }
}

//! The reasons of errors, in one table: every value that `reason` in an `ErrorInfo`
//! can have.
//!
//! Programs branch on them, so none is renamed.

/// Each reason, the HTTP status of the errors that have it, and what it tells a caller.
pub const REASONS: &[(&str, u16, &str)] = &[
    (
        "INVALID_REQUEST",
        400,
        "A parameter or the body is not valid; a `BadRequest` detail names each violation.",
    ),
    (
        "TOKEN_MISSING",
        401,
        "The operation needs an access token, and none came.",
    ),
    ("TOKEN_EXPIRED", 401, "The access token is too old."),
    (
        "TOKEN_SIGNATURE_INVALID",
        401,
        "Somebody else signed the access token.",
    ),
    (
        "TOKEN_INVALID",
        401,
        "The access token is none, is of the wrong kind, or its user may not call.",
    ),
    (
        "CREDENTIALS_INVALID",
        401,
        "The e-mail address or the password of a login is wrong.",
    ),
    (
        "REFRESH_TOKEN_INVALID",
        401,
        "The refresh token is not, or no longer, good for a new access token.",
    ),
    (
        "PERMISSION_DENIED",
        403,
        "The caller is known but may not do this.",
    ),
    (
        "LOGIN_TOO_OLD",
        403,
        "The caller has to log in again before this.",
    ),
    (
        "NOT_FOUND",
        404,
        "The thing does not exist, or not for this caller.",
    ),
    ("PATH_UNKNOWN", 404, "No operation has this path."),
    (
        "METHOD_NOT_ALLOWED",
        405,
        "No operation with this path has this method.",
    ),
    (
        "EMAIL_TAKEN",
        409,
        "A user has this e-mail address already.",
    ),
    (
        "CONCURRENT_UPDATE",
        409,
        "Another change got in the way; read again and retry.",
    ),
    (
        "ORGANIZATION_IN_USE",
        400,
        "The organization still has something below it.",
    ),
    (
        "ORGANIZATION_ARCHIVED",
        400,
        "The organization is archived, and takes nothing new.",
    ),
    (
        "LAST_ORGANIZATION",
        400,
        "The user would be left without an organization.",
    ),
    (
        "LAST_OWNER",
        400,
        "The organization would be left without an owner.",
    ),
    (
        "NO_SLOT_FREE",
        400,
        "The organization has as many categories as it can have.",
    ),
    (
        "GROUP_FULL",
        400,
        "The group has as many members as it can have.",
    ),
    (
        "TOO_MANY_LOGINS",
        429,
        "Somebody tries to log in too often.",
    ),
    (
        "TOO_MANY_TAKEN_ADDRESSES",
        429,
        "Somebody tries too many e-mail addresses that are taken.",
    ),
    (
        "BODY_TOO_LARGE",
        413,
        "The body is larger than the server reads.",
    ),
    ("BODY_TIMEOUT", 408, "The body came too slowly."),
    (
        "HEAD_TOO_LARGE",
        431,
        "The headers are larger than the server reads.",
    ),
    (
        "URI_TOO_LONG",
        414,
        "The path and the query are longer than the server reads.",
    ),
    (
        "CONTENT_TYPE_UNSUPPORTED",
        415,
        "The body is of a content type that the operation does not take.",
    ),
    (
        "UNAVAILABLE",
        503,
        "A part that the server needs does not answer; retry later.",
    ),
    (
        "STORAGE_FULL",
        507,
        "There is no room for what would be written.",
    ),
    (
        "INTERNAL",
        500,
        "The server, or what it has stored, is at fault.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_is_listed_twice() {
        let mut reasons: Vec<_> = REASONS.iter().map(|(reason, ..)| reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), REASONS.len());
    }
}

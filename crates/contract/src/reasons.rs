//! The reasons of errors, in one table: every value that `reason` in an `ErrorInfo`
//! can have.
//!
//! Programs branch on them, so none is renamed.

/// A reason that errors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its name, such as `NOT_FOUND`.
    pub name: &'static str,
    /// The HTTP status of the errors that have it.
    pub status: u16,
    /// What it tells a caller, in Markdown.
    pub meaning: &'static str,
    /// What a caller can do, in Markdown.
    pub remedy: &'static str,
}

/// Every reason. The introduction of the OpenAPI document has them as a table.
pub const REASONS: &[Reason] = &[
    Reason {
        name: "INVALID_REQUEST",
        status: 400,
        meaning: "A parameter or the body is not valid; a `BadRequest` detail names each violation.",
        remedy: "Mend what the detail names, and send the request again.",
    },
    Reason {
        name: "TOKEN_MISSING",
        status: 401,
        meaning: "The operation needs an access token, and none came.",
        remedy: "Log in, and send the access token in `Authorization: Bearer`.",
    },
    Reason {
        name: "TOKEN_EXPIRED",
        status: 401,
        meaning: "The access token is too old.",
        remedy: "Refresh the tokens, and send the request again.",
    },
    Reason {
        name: "TOKEN_SIGNATURE_INVALID",
        status: 401,
        meaning: "Somebody else signed the access token.",
        remedy: "Log in at this server; tokens of another one are not valid here.",
    },
    Reason {
        name: "TOKEN_INVALID",
        status: 401,
        meaning: "The access token is none, is of the wrong kind, or its user may not call.",
        remedy: "Log in again. A refresh token is not an access token.",
    },
    Reason {
        name: "CREDENTIALS_INVALID",
        status: 401,
        meaning: "The e-mail address or the password of a login is wrong.",
        remedy: "Ask the user for them again; the same ones are refused again.",
    },
    Reason {
        name: "REFRESH_TOKEN_INVALID",
        status: 401,
        meaning: "The refresh token is not, or no longer, good for a new access token.",
        remedy: "Log in with the password. Refreshing again is of no use.",
    },
    Reason {
        name: "PERMISSION_DENIED",
        status: 403,
        meaning: "The caller is known but may not do this.",
        remedy: "Ask somebody with a role that may; the operation says which.",
    },
    Reason {
        name: "LOGIN_TOO_OLD",
        status: 403,
        meaning: "The caller has to log in again before this.",
        remedy: "Log in with the password, and send the request again.",
    },
    Reason {
        name: "NOT_FOUND",
        status: 404,
        meaning: "The thing does not exist, or not for this caller.",
        remedy: "Check the ID, and that the caller may see what it names.",
    },
    Reason {
        name: "PATH_UNKNOWN",
        status: 404,
        meaning: "No operation has this path.",
        remedy: "Check the path and the base URL, which ends in `/v2`.",
    },
    Reason {
        name: "METHOD_NOT_ALLOWED",
        status: 405,
        meaning: "No operation with this path has this method.",
        remedy: "Use a method that the header `Allow` names.",
    },
    Reason {
        name: "EMAIL_TAKEN",
        status: 409,
        meaning: "A user has this e-mail address already.",
        remedy: "Use another address, or find the user who has this one.",
    },
    Reason {
        name: "CONCURRENT_UPDATE",
        status: 409,
        meaning: "Another change got in the way; read again and retry.",
        remedy: "Read again what was to be changed, and send the change again.",
    },
    Reason {
        name: "ORGANIZATION_IN_USE",
        status: 400,
        meaning: "The organization still has something below it.",
        remedy: "Delete or move what is below it first.",
    },
    Reason {
        name: "ORGANIZATION_ARCHIVED",
        status: 400,
        meaning: "The organization is archived, and takes nothing new.",
        remedy: "Make the organization active again, or use another one.",
    },
    Reason {
        name: "LAST_ORGANIZATION",
        status: 400,
        meaning: "The user would be left without an organization.",
        remedy: "Add the user to another organization first, or delete the user.",
    },
    Reason {
        name: "LAST_OWNER",
        status: 400,
        meaning: "The organization would be left without an owner.",
        remedy: "Make another user an owner first.",
    },
    Reason {
        name: "NO_SLOT_FREE",
        status: 400,
        meaning: "The organization has as many categories as it can have.",
        remedy: "Delete a category first.",
    },
    Reason {
        name: "GROUP_FULL",
        status: 400,
        meaning: "The group has as many members as it can have.",
        remedy: "Remove a member first, or use another group.",
    },
    Reason {
        name: "TOO_MANY_LOGINS",
        status: 429,
        meaning: "Somebody tries to log in too often.",
        remedy: "Wait for as long as `Retry-After` says.",
    },
    Reason {
        name: "TOO_MANY_TAKEN_ADDRESSES",
        status: 429,
        meaning: "Somebody tries too many e-mail addresses that are taken.",
        remedy: "Wait for as long as `Retry-After` says.",
    },
    Reason {
        name: "BODY_TOO_LARGE",
        status: 413,
        meaning: "The body is larger than the server reads.",
        remedy: "Send less; the message names the limit.",
    },
    Reason {
        name: "BODY_TIMEOUT",
        status: 408,
        meaning: "The body came too slowly.",
        remedy: "Send the request again over a faster connection.",
    },
    Reason {
        name: "HEAD_TOO_LARGE",
        status: 431,
        meaning: "The headers are larger than the server reads.",
        remedy: "Send fewer or shorter headers.",
    },
    Reason {
        name: "URI_TOO_LONG",
        status: 414,
        meaning: "The path and the query are longer than the server reads.",
        remedy: "Send a shorter query.",
    },
    Reason {
        name: "CONTENT_TYPE_UNSUPPORTED",
        status: 415,
        meaning: "The body is of a content type that the operation does not take.",
        remedy: "Send the content type that the operation names, most often `application/json`.",
    },
    Reason {
        name: "UNAVAILABLE",
        status: 503,
        meaning: "A part that the server needs does not answer; retry later.",
        remedy: "Wait for as long as `Retry-After` says, and send the request again. What creates something may have been carried out.",
    },
    Reason {
        name: "STORAGE_FULL",
        status: 507,
        meaning: "There is no room for what would be written.",
        remedy: "Tell whoever runs the server; reading goes on.",
    },
    Reason {
        name: "INTERNAL",
        status: 500,
        meaning: "The server, or what it has stored, is at fault.",
        remedy: "Tell whoever runs the server, with the ID of the request.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_is_listed_twice() {
        let mut reasons: Vec<_> = REASONS.iter().map(|reason| reason.name).collect();
        reasons.sort_unstable();
        reasons.dedup();
        assert_eq!(reasons.len(), REASONS.len());
    }
}

//! Who calls, and secrets that no log shows.

use std::fmt;

/// A password or a token. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What a client shows for itself. `Debug` never shows a secret.
#[derive(Clone, Debug)]
pub struct Credentials(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Anonymous,
    Token(Secret),
    Password { email: String, password: Secret },
    RefreshToken(Secret),
}

impl Credentials {
    /// Nothing: only [`auth`](crate::Client::auth) and calls with `authorization` metadata
    /// of their own succeed.
    pub fn anonymous() -> Self {
        Self(Kind::Anonymous)
    }

    /// A token that is sent as it is and never replaced: the `api_token` of a bot, or what
    /// a gateway with credentials of its own admits.
    pub fn token(token: impl Into<String>) -> Self {
        Self(Kind::Token(Secret(token.into())))
    }

    /// The e-mail address and the password of a user. The client logs in, keeps the
    /// token fresh, and logs in again where that is no longer possible.
    pub fn password(email: impl Into<String>, password: impl Into<String>) -> Self {
        Self(Kind::Password {
            email: email.into(),
            password: Secret(password.into()),
        })
    }

    /// A refresh token. It is good for one use: the client keeps the one that it gets in
    /// its place, and [`Client::refresh_token`](crate::Client::refresh_token) gives it out
    /// for the next start.
    pub fn refresh_token(token: impl Into<String>) -> Self {
        Self(Kind::RefreshToken(Secret(token.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(credentials: &Credentials) {
        let shown = format!("{credentials:?} {credentials:#?}");
        assert!(!shown.contains("hunter2"), "a secret is shown: {shown}");
    }

    #[test]
    fn debug_shows_no_secret() {
        check(&Credentials::token("hunter2"));
        check(&Credentials::refresh_token("hunter2"));
        check(&Credentials::password("jan@example.com", "hunter2"));
    }
}

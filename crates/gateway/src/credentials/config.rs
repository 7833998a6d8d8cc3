//! What a gateway logs in upstream with, and how patiently.

use std::time::Duration;

use http::Uri;

use super::secret::SecretSource;

/// What a gateway logs in with.
#[derive(Debug, Clone)]
pub enum Proof {
    /// The password of a user of the upstream.
    Password {
        /// The e-mail address of the user.
        email: String,
        /// The password. A file is read again at each login that needs it.
        password: SecretSource,
    },
    /// A refresh token. The upstream may replace it at each login; the new one is kept in
    /// memory, and written to the file if it came from one.
    RefreshToken(SecretSource),
}

/// How a gateway logs in.
#[derive(Debug, Clone)]
pub struct LoginConfig {
    /// Where the upstream gives out tokens, such as
    /// `https://api.example.com/v2/auth/token`.
    pub target: Uri,
    /// What the gateway logs in with.
    pub proof: Proof,
    /// How long one login may take, with all attempts.
    pub timeout: Duration,
    /// How often it is tried before the login has failed. An upstream that refuses is
    /// asked once.
    pub attempts: u32,
    /// How long no login is made after one that brought a token, whatever the upstream
    /// says of that token.
    pub min_interval: Duration,
    /// How long no login is made after one that failed. It doubles with each failure.
    pub back_off: Duration,
    /// The longest that it grows to.
    pub max_back_off: Duration,
}

impl LoginConfig {
    /// A configuration with the defaults: 3 attempts within 10 seconds; 5 seconds between
    /// logins; 1 second after a failure, and up to a minute after several.
    pub fn new(target: Uri, proof: Proof) -> Self {
        Self {
            target,
            proof,
            timeout: Duration::from_secs(10),
            attempts: 3,
            min_interval: Duration::from_secs(5),
            back_off: Duration::from_secs(1),
            max_back_off: Duration::from_mins(1),
        }
    }
}

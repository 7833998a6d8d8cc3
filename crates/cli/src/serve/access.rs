//! Who gets in, and how often somebody may try, as arguments.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use backend::{HashLimits, LoginLimits, Rate, TokenKeys};
use clap::Args;
use http::HeaderValue;
use ipnet::IpNet;

use super::bounds::duration;

/// The environment variable with the keys of tokens themselves. There is no argument
/// for them: everybody on the machine reads those.
const TOKEN_KEY: &str = "WEB1ON1_TOKEN_KEY";

/// Where the keys of tokens are.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeyArgs {
    /// The file with the keys of tokens, if not token-keys.json in --data
    ///
    /// It is made at the first start, and every backend on a database needs the same one.
    /// The variable `WEB1ON1_TOKEN_KEY` has the keys themselves instead, as ID:SECRET.
    #[arg(long, value_name = "FILE")]
    token_keys: Option<PathBuf>,
}

impl KeyArgs {
    pub(crate) fn keys(&self, data: &Path) -> anyhow::Result<TokenKeys> {
        match std::env::var(TOKEN_KEY) {
            Ok(_) if self.token_keys.is_some() => {
                anyhow::bail!("--token-keys and {TOKEN_KEY} exclude each other")
            }
            Ok(keys) => Ok(TokenKeys::Given(keys)),
            Err(std::env::VarError::NotPresent) => Ok(TokenKeys::File(self.file(data))),
            Err(error) => Err(error).context(TOKEN_KEY),
        }
    }

    pub(crate) fn file(&self, data: &Path) -> PathBuf {
        let file = self.token_keys.clone();
        file.unwrap_or_else(|| data.join("token-keys.json"))
    }
}

/// Who gets in, and how often somebody may try.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logins and browsers")]
pub(crate) struct AccessArgs {
    #[command(flatten)]
    pub(crate) keys: KeyArgs,

    /// How many passwords are hashed at once. Defaults to the number of processors
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    password_hashers: Option<u32>,

    /// How many more logins may wait for that
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    password_queue: u32,

    /// How long a login may wait for that
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    password_wait: Duration,

    /// How many logins to one account may fail at once, whether or not there is such
    /// an account
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    account_failures: u32,

    /// How long it takes until one more may fail
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    account_failure_interval: Duration,

    /// How many logins from one address may fail at once
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    address_failures: u32,

    /// How long it takes until one more may fail
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    address_failure_interval: Duration,

    /// How often at once one caller may learn that an e-mail address is taken
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    taken_addresses: u32,

    /// How long it takes until it may learn so once more
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    taken_address_interval: Duration,

    /// How many sessions a user may have; a further login ends the oldest
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    sessions_per_user: u32,

    /// How long ago the login may have been that changes one's own password
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = duration)]
    fresh_login: Duration,

    /// How long a refresh token that was used is still accepted, in case the
    /// reply was lost
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    refresh_grace: Duration,

    /// A proxy, or a network of them, whose X-Forwarded-For is believed
    ///
    /// It tells where a login comes from. A gateway elsewhere is one. May be given more
    /// than once.
    #[arg(long, value_name = "NETWORK", value_delimiter = ',', value_parser = network)]
    pub(crate) trusted_proxy: Vec<IpNet>,

    /// An origin whose pages in a browser may call the API, or * for all
    ///
    /// An example is `https://app.example.com`. May be given more than once.
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub(crate) http_cors_origin: Vec<HeaderValue>,

    /// How often the backend archives what is about to be archived, and removes
    /// sessions that have expired
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration)]
    pub(crate) housekeeping: Duration,
}

impl AccessArgs {
    pub(crate) fn hash_limits(&self) -> HashLimits {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        HashLimits {
            hashers: self
                .password_hashers
                .map_or(HashLimits::default().hashers, number),
            waiting: number(self.password_queue),
            wait: self.password_wait,
        }
    }

    pub(crate) fn limits(&self) -> LoginLimits {
        let rate = |burst, interval| Rate { burst, interval };
        LoginLimits {
            per_account: rate(self.account_failures, self.account_failure_interval),
            per_address: rate(self.address_failures, self.address_failure_interval),
            taken_addresses: rate(self.taken_addresses, self.taken_address_interval),
            sessions: self.sessions_per_user,
            fresh: self.fresh_login,
            refresh_grace: self.refresh_grace,
        }
    }
}

/// Reads a network such as `10.0.0.0/8`, or an address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse::<IpNet>())
        .map_err(|_| "must be an address or a network, such as 10.0.0.0/8".to_owned())
}

/// Reads an origin ([RFC 6454]): a scheme, a host and perhaps a port.
///
/// [RFC 6454]: https://www.rfc-editor.org/rfc/rfc6454#section-6.1
fn origin(text: &str) -> Result<HeaderValue, String> {
    let is_origin = text == "*"
        || text.parse::<http::Uri>().is_ok_and(|uri| {
            let authority = uri.authority().map_or("", |authority| authority.as_str());
            let scheme = uri.scheme_str().unwrap_or_default();
            !authority.is_empty() && text == format!("{scheme}://{authority}")
        });
    let value = HeaderValue::from_str(text).ok().filter(|_| is_origin);
    value.ok_or_else(|| "must be like https://app.example.com, without a path, or *".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        access: AccessArgs,
    }

    #[test]
    fn the_defaults_of_the_arguments_are_those_of_the_backend() {
        let arguments = <Arguments as clap::Parser>::parse_from(["web1on1"]);
        assert_eq!(arguments.access.limits(), LoginLimits::default());
        assert_eq!(arguments.access.hash_limits(), HashLimits::default());
    }

    #[test]
    fn networks_and_addresses_are_read() {
        for text in ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"] {
            network(text).expect(text);
        }
        for text in ["", "10.0.0.0/33", "localhost"] {
            network(text).expect_err(text);
        }
    }

    #[test]
    fn origins_have_no_path() {
        for text in ["*", "https://app.example.com", "http://localhost:3000"] {
            origin(text).expect(text);
        }
        for text in ["", "app.example.com", "https://app.example.com/", "null"] {
            origin(text).expect_err(text);
        }
    }
}

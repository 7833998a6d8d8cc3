//! A connection to the gateway, and the clients of its services.

use std::fmt;

use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use crate::calls::Calls;
use crate::config::Config;
use crate::error::Error;
use crate::list::{List, ListRequest};
use crate::session::Session;
use crate::transport::Transport;

/// Why there is no client.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none, or is of another scheme than `http` and `https`.
    Url {
        /// The URL as it was given.
        url: String,
    },
    /// The URL begins with `https`, and the crate was built without the feature `tls`.
    NoTls,
    /// The certificates or the key cannot be used.
    Tls(tonic::transport::Error),
    /// Nobody answers there, or not as TLS demands.
    Connect(tonic::transport::Error),
    /// The token has a character that no token has.
    Token,
    /// The login failed.
    Login(Error),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { url } => write!(
                f,
                "`{url}` is no URL of a gateway, such as http://127.0.0.1:50051"
            ),
            Self::NoTls => {
                f.write_str("the URL begins with https; enable the feature `tls` of web1on1-client")
            }
            Self::Tls(_) => f.write_str("the certificates or the key cannot be used"),
            Self::Connect(_) => f.write_str("the gateway cannot be reached"),
            Self::Token => f.write_str("the token has a character that no token has"),
            Self::Login(_) => f.write_str("the login failed"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Tls(source) | Self::Connect(source) => Some(source),
            Self::Login(source) => Some(source),
            Self::Url { .. } | Self::NoTls | Self::Token => None,
        }
    }
}

/// A connection to the gateway. Clones are cheap and share everything.
#[derive(Clone, Debug)]
pub struct Client {
    calls: Calls,
    max_reply: usize,
}

impl Client {
    /// Connects and logs in.
    ///
    /// # Errors
    ///
    /// Fails where the configuration cannot be used, nobody answers, or the login is
    /// refused.
    pub async fn connect(config: Config) -> Result<Self, ConnectError> {
        let channel = endpoint(&config)?.connect().await;
        let client = Self::over(channel.map_err(ConnectError::Connect)?, &config)?;
        let access = client.calls.session().access().await;
        access.map_err(|status| ConnectError::Login(status.into()))?;
        Ok(client)
    }

    /// Connects and logs in once a call needs it. Must be called within a Tokio runtime.
    ///
    /// # Errors
    ///
    /// Fails where the configuration cannot be used.
    pub fn connect_lazy(config: &Config) -> Result<Self, ConnectError> {
        Self::over(endpoint(config)?.connect_lazy(), config)
    }

    /// Calls over a connection of the caller's own making: a Unix socket, a proxy, another
    /// TLS. The URL of the configuration and what concerns connections count for nothing.
    ///
    /// # Errors
    ///
    /// Fails where the token of the configuration cannot be sent.
    pub fn over(channel: Channel, config: &Config) -> Result<Self, ConnectError> {
        let transport = Transport::new(channel, config);
        let session = Session::new(transport.clone(), config);
        let session = session.map_err(|_: Status| ConnectError::Token)?;
        Ok(Self {
            calls: Calls::new(transport, session),
            max_reply: config.max_reply,
        })
    }

    /// Reads a list of any length.
    ///
    /// ```no_run
    /// # async fn print(client: web1on1_client::Client) -> Result<(), web1on1_client::Error> {
    /// use web1on1_client::v2::StreamUsersRequest;
    ///
    /// let mut users = client.list(StreamUsersRequest {
    ///     email: Some("~@example.com".to_owned()),
    ///     ..Default::default()
    /// });
    /// while let Some(user) = users.try_next().await? {
    ///     println!("{}", user.display_name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list<R: ListRequest>(&self, request: R) -> List<R::Item> {
        List::new(self.calls.clone(), request, self.max_reply)
    }

    /// The refresh token that the next start can log in with, where the client has one. A
    /// secret: whoever has it can call as this user for a month.
    pub fn refresh_token(&self) -> Option<String> {
        self.calls.session().refresh_token()
    }

    /// What the generated clients call through, for one that this crate does not have.
    pub fn calls(&self) -> Calls {
        self.calls.clone()
    }

    pub(crate) fn max_reply(&self) -> usize {
        self.max_reply
    }
}

/// The way to the gateway, from what the configuration says of it.
fn endpoint(config: &Config) -> Result<Endpoint, ConnectError> {
    let url = || ConnectError::Url {
        url: config.url.clone(),
    };
    let endpoint = Endpoint::from_shared(config.url.clone()).map_err(|_| url())?;
    let scheme = endpoint.uri().scheme_str().map(str::to_ascii_lowercase);
    let endpoint = endpoint
        .user_agent(concat!("web1on1-client/", env!("CARGO_PKG_VERSION")))
        .map_err(|_| url())?
        .connect_timeout(config.connect_timeout)
        .http2_keep_alive_interval(config.ping_interval)
        .keep_alive_timeout(config.connect_timeout);
    match scheme.as_deref() {
        Some("http") => Ok(endpoint),
        Some("https") => secured(endpoint, config),
        _ => Err(url()),
    }
}

#[cfg(feature = "tls")]
fn secured(endpoint: Endpoint, config: &Config) -> Result<Endpoint, ConnectError> {
    use tonic::transport::{Certificate, ClientTlsConfig, Identity};

    let mut tls = ClientTlsConfig::new().timeout(config.connect_timeout);
    tls = match &config.tls.roots {
        Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
        None => tls.with_native_roots(),
    };
    if let Some((certificate, key)) = &config.tls.identity {
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    if let Some(domain) = &config.tls.domain {
        tls = tls.domain_name(domain);
    }
    endpoint.tls_config(tls).map_err(ConnectError::Tls)
}

#[cfg(not(feature = "tls"))]
fn secured(_: Endpoint, _: &Config) -> Result<Endpoint, ConnectError> {
    Err(ConnectError::NoTls)
}

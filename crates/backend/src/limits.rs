//! The bounds of the HTTP server, of the database, of logins and of pictures.

use std::time::Duration;

use crate::throttle::Rate;

/// What the HTTP server allows its clients. Each bound has a default that is safe
/// without any configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// How many connections may be open at once; at least 1. Further ones wait.
    /// The limit of the process on open files lowers it, so that a quarter of the
    /// descriptors stays for files and the database. 10,000.
    pub max_connections: usize,
    /// How many of them may come from one address, or from one /64 of IPv6.
    /// Further ones are closed. 1,000.
    pub max_connections_per_peer: usize,
    /// How many requests may be under way at once on one HTTP/2 connection. 128.
    pub max_streams: u32,

    /// How large the head of a request may be, in bytes: the request line and all
    /// headers. 32 KiB.
    pub max_head: usize,
    /// How many headers a request may have. 64.
    pub max_headers: usize,
    /// How long the target of a request may be, in bytes. 16 KiB.
    pub max_uri: usize,

    /// How long the head of a request may take, counted from the beginning of the
    /// connection or else from the first byte of the request. 10 s.
    pub head_timeout: Duration,
    /// How long a connection is kept between two requests. 60 s.
    pub idle_timeout: Duration,
    /// How long a whole body may take. 5 min.
    pub body_timeout: Duration,
    /// How long the sender of a body may pause. 10 s.
    pub body_pause: Duration,
    /// How many bytes of a body must come in a second, on average. One pause is
    /// not counted. 1 KiB; 0 asks for none.
    pub min_body_rate: u32,
    /// How long a client may read nothing of the reply that waits for it. 30 s.
    pub write_timeout: Duration,

    /// How often an HTTP/2 connection is asked whether it is still there. 20 s.
    pub keep_alive_interval: Duration,
    /// How long it has to answer. 10 s.
    pub keep_alive_timeout: Duration,

    /// How long a client may go on sending a request that was answered before all
    /// of it had come. What comes is dropped, and then the connection is closed.
    /// A client that sends first and reads then would lose the reply otherwise.
    /// 5 s.
    pub linger_timeout: Duration,
    /// How many bytes it may send by then. 64 MiB.
    pub linger_bytes: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_peer: 1_000,
            max_streams: 128,
            max_head: 32 << 10,
            max_headers: 64,
            max_uri: 16 << 10,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            body_timeout: Duration::from_mins(5),
            body_pause: Duration::from_secs(10),
            min_body_rate: 1 << 10,
            write_timeout: Duration::from_secs(30),
            keep_alive_interval: Duration::from_secs(20),
            keep_alive_timeout: Duration::from_secs(10),
            linger_timeout: Duration::from_secs(5),
            linger_bytes: 64 << 20,
        }
    }
}

/// How many connections a database has, and how long anything waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseLimits {
    /// How many connections are open at most; at least 1. SQLite has one more,
    /// which writes. 8.
    pub connections: u32,
    /// How long a request waits for a connection, or for its turn to write. 1 s.
    pub wait: Duration,
    /// How long a list waits for its turn, and each part of a long one. Lists take
    /// half of the connections at most. 10 s.
    pub list_wait: Duration,
    /// How long one statement may take on PostgreSQL. 30 s.
    pub statement_timeout: Duration,
    /// How long a statement waits for another transaction on PostgreSQL. 5 s.
    pub lock_timeout: Duration,
    /// How long the first connection may take. 10 s.
    pub open_timeout: Duration,
}

impl Default for DatabaseLimits {
    fn default() -> Self {
        Self {
            connections: 8,
            wait: Duration::from_secs(1),
            list_wait: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
            open_timeout: Duration::from_secs(10),
        }
    }
}

/// How many passwords are hashed at once, each of which takes 19 MiB, and how much
/// waits for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashLimits {
    /// How many are hashed at once; at least 1. As many as there are processors.
    pub hashers: usize,
    /// How many more may wait. 64.
    pub waiting: usize,
    /// How long one may wait. 5 s.
    pub wait: Duration,
}

impl Default for HashLimits {
    fn default() -> Self {
        Self {
            hashers: std::thread::available_parallelism().map_or(1, Into::into),
            waiting: 64,
            wait: Duration::from_secs(5),
        }
    }
}

/// How often somebody may try to log in, and what a login is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginLimits {
    /// How often a login to one account may fail, whether or not there is such an
    /// account. Further ones are refused, right or wrong. 10 at once, and one more
    /// every 10 s.
    pub per_account: Rate,
    /// How often a login from one address, or from one /64 of IPv6, may fail. 100
    /// at once, and one more every second.
    pub per_address: Rate,
    /// How often one caller may learn that an e-mail address is taken. 20 at once,
    /// and one more every 10 s.
    pub taken_addresses: Rate,
    /// How many sessions a user may have. A further login ends the oldest. 1,000.
    pub sessions: u32,
    /// How long ago the login of a session may have been that changes the user's
    /// own password. 15 min.
    pub fresh: Duration,
    /// How long a refresh token that was used is still accepted, in case the
    /// reply was lost. 10 s.
    pub refresh_grace: Duration,
}

impl Default for LoginLimits {
    fn default() -> Self {
        let rate = |burst, seconds| Rate {
            burst,
            interval: Duration::from_secs(seconds),
        };
        Self {
            per_account: rate(10, 10),
            per_address: rate(100, 1),
            taken_addresses: rate(20, 10),
            sessions: 1_000,
            fresh: Duration::from_mins(15),
            refresh_grace: Duration::from_secs(10),
        }
    }
}

/// How much uploading, decoding and keeping pictures may take. The sizes of images
/// are bounded besides; see the guide of the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLimits {
    /// How many are decoded at once; at least 1. Each takes up to 0.3 GB. 1.
    pub decoders: usize,
    /// How many more may wait for that. 16.
    pub waiting: usize,
    /// How long one may wait. 10 s.
    pub wait: Duration,
    /// How many bytes of uploaded files are held at once, those included that are
    /// not there as a whole; at least 16 MiB are. 64 MiB.
    pub upload_bytes: usize,
    /// How long a connection to S3 may take. 2 s.
    pub connect_timeout: Duration,
    /// How long one request to S3 may take, with its reply. 5 s.
    pub request_timeout: Duration,
    /// How often one that fails is tried again. 2.
    pub retries: usize,
    /// How long all of this may take together. 10 s.
    pub timeout: Duration,
}

impl Default for PictureLimits {
    fn default() -> Self {
        Self {
            decoders: 1,
            waiting: 16,
            wait: Duration::from_secs(10),
            upload_bytes: 64 << 20,
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(5),
            retries: 2,
            timeout: Duration::from_secs(10),
        }
    }
}

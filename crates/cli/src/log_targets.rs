//! What may come into the log at all, whatever level somebody asks for.
//!
//! Libraries print what they work on: h2 the words of a GOAWAY, rustls the messages of a
//! handshake, a database driver its statements, and each version may print more. Whoever
//! looks for a fault at the level `trace` would have all of that in the log. So only the
//! crates of this project have all levels, and the others have theirs from `warn` on. No
//! setting changes that.

use tracing_subscriber::filter::LevelFilter;

/// The crates whose own lines hold no secrets.
const OWN: [&str; 10] = [
    "backend",
    "conformance",
    "contract",
    "gateway",
    "proto",
    "telemetry",
    "tls",
    "transcode",
    "upstream",
    "web1on1",
];

/// Returns whether a line can be logged.
pub(crate) fn is_loggable(metadata: &tracing::Metadata<'_>) -> bool {
    is_own(metadata.target()) || *metadata.level() <= LevelFilter::WARN
}

/// Returns whether lines of a target, such as `gateway::server`, are this project's.
fn is_own(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    OWN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn what_libraries_print_is_not_this_projects() {
        for target in ["gateway::server", "upstream", "backend::http::respond"] {
            assert!(is_own(target), "{target} is not logged");
        }
        for target in [
            "h2::codec::framed_read",
            "hyper",
            "rustls::client",
            "backend_of",
            "",
        ] {
            assert!(!is_own(target), "{target} can print secrets");
        }
    }
}

//! What a server prints for whoever has started it.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;

use ::backend::FirstStart;

/// Prints something for whoever has started the server. It goes on where nobody
/// reads that.
pub(crate) fn tell(text: &str) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// What a newcomer does next.
pub(super) fn first_calls(
    grpc: SocketAddr,
    has_tls: bool,
    first_start: Option<&FirstStart>,
    docs: Option<&str>,
) -> String {
    let program = program();
    let address = if has_tls {
        let host = if grpc.ip().is_loopback() || grpc.ip().is_unspecified() {
            "localhost".to_owned()
        } else {
            SocketAddr::new(grpc.ip(), 0)
                .to_string()
                .trim_end_matches(":0")
                .to_owned()
        };
        format!(" --address https://{host}:{}", grpc.port())
    } else if grpc.port() == 50051 && grpc.ip().is_loopback() {
        String::new()
    } else {
        format!(" --address {grpc}")
    };
    let trust = if has_tls {
        "Add --ca FILE where this system does not trust the certificate, and --cert and\n\
         --key where callers need one.\n\n"
    } else {
        ""
    };
    let mut text = String::from("\n");
    let (email, password) = match first_start {
        Some(first_start) => {
            text.push_str(&owner(first_start));
            text.push('\n');
            let password = if first_start.password_was_made_up {
                first_start.password.as_str()
            } else {
                "PASSWORD"
            };
            (first_start.email.clone(), password.to_owned())
        }
        None => ("EMAIL".to_owned(), "PASSWORD".to_owned()),
    };
    let login = serde_json::json!({"email": email, "password": password});
    // Single quotes protect everything but themselves.
    let login = login.to_string().replace('\'', "'\\''");
    let docs = match docs {
        Some(url) => format!("The documentation of both APIs is at {url}\n\n"),
        None => String::new(),
    };
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "In another shell, log in and make a first call:\n\n  \
         export WEB1ON1_TOKEN=$({program} call AuthService/CreateToken{address} -d '{login}' --select token.token)\n  \
         {program} call UserService/GetUser{address} -d '{{\"userId\": \"me\"}}'\n\n{trust}{docs}\
         Ctrl-C stops the server.\n"
    );
    text
}

/// Who owns what a first start has created.
pub(crate) fn owner(first_start: &FirstStart) -> String {
    let hint = if first_start.password_was_made_up {
        "   (made up just now and not shown again)"
    } else {
        ""
    };
    let password = if first_start.password_was_made_up {
        &first_start.password
    } else {
        "as given"
    };
    format!(
        "The store was empty, so an organization and its owner were created:\n\n  \
         e-mail    {}\n  password  {password}{hint}\n",
        first_start.email
    )
}

/// How this program is called from the current directory.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| "web1on1".into());
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(&here) {
        // Without a directory the shell would look the name up elsewhere.
        Ok(below) => format!("./{}", below.display()),
        Err(_) => path.display().to_string(),
    }
}

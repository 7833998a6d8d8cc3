//! What a browser may do for a page.

use crate::rest::Rest;

/// What every page forbids: other hosts, frames, plug-ins, forms, and scripts that stand
/// in the page.
const STRICT: &str = "default-src 'none'; script-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'";

/// The policy of a page that is made of files of the site alone.
pub(crate) fn of_page() -> String {
    format!("{STRICT}; style-src 'self'; connect-src 'self'")
}

/// The policy of the REST reference. Its renderer writes style sheets into the page, and
/// requests that are tried out go to the servers that the document names.
pub(crate) fn of_reference(rest: &Rest) -> String {
    let mut connect = String::from("'self'");
    for server in &rest.servers {
        let Some(origin) = origin(server) else {
            continue;
        };
        if !connect.contains(origin) {
            connect.push(' ');
            connect.push_str(origin);
        }
    }
    format!("{STRICT}; style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src {connect}")
}

/// The policy as a header. Only there can it say who may show the page in a frame.
pub(crate) fn as_header(policy: &str) -> String {
    format!("{policy}; frame-ancestors 'none'")
}

/// The origin of a URL. None where the URL is relative, or is no plain URL of HTTP: a
/// policy must not be made of whatever stands there.
fn origin(url: &str) -> Option<&str> {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | ':' | '[' | ']')
    };
    let is_host = !host.is_empty() && host.chars().all(is_plain);
    is_host.then(|| &url[..url.len() - rest.len() + host.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(origin("https://a.example/v2"), Some("https://a.example"));
        assert_eq!(origin("http://[::1]:80/?q"), Some("http://[::1]:80"));
        assert_eq!(origin("/v2"), None);
        assert_eq!(origin("ftp://a.example"), None);
    }

    #[test]
    fn a_server_cannot_add_to_the_policy() {
        assert_eq!(origin("https://a.example; script-src *"), None);
        assert_eq!(origin("https://{host}/v2"), None);
    }
}

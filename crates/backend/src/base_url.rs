//! Where a client reaches the backend, which the links in its replies begin with.
//!
//! A link never repeats a host that the client alone has named: whoever stores or
//! follows the reply would be led there. It repeats one that is known, and begins with
//! the public URL otherwise.

use std::sync::Arc;

use http::uri::Authority;
use http::{HeaderMap, HeaderName, Uri, header};

static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The URLs under which the backend may be reached.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrls {
    /// Without a slash at the end.
    public: Arc<str>,
    hosts: Vec<Authority>,
    has_tls: bool,
}

impl BaseUrls {
    /// The public URL, and hosts such as `localhost` or `api.example.com:8080` that
    /// clients may name instead. One without a port stands for all ports.
    pub(crate) fn new(public: &str, hosts: Vec<Authority>, has_tls: bool) -> Self {
        Self {
            public: public.trim_end_matches('/').into(),
            hosts,
            has_tls,
        }
    }

    /// The public URL, without a slash at its end.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The URL that the sender of a request has reached the backend by, without a slash
    /// at its end. What a proxy forwards is believed if `is_proxied`.
    pub(crate) fn of(&self, headers: &HeaderMap, uri: &Uri, is_proxied: bool) -> Arc<str> {
        if self.hosts.is_empty() {
            return Arc::clone(&self.public);
        }
        let forwarded = |name| is_proxied.then(|| last(headers, name)).flatten();
        let host = match (forwarded(&FORWARDED_HOST), uri.authority()) {
            (Some(host), _) => host.parse().ok(),
            // HTTP/2 names the host here.
            (None, Some(host)) => Some(host.clone()),
            (None, None) => only(headers, &header::HOST).and_then(|host| host.parse().ok()),
        };
        let Some(host) = host.filter(|host| self.is_known(host)) else {
            return Arc::clone(&self.public);
        };
        let scheme = match forwarded(&FORWARDED_PROTO) {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => "http",
            _ if self.has_tls => "https",
            _ => "http",
        };
        format!("{scheme}://{host}").into()
    }

    fn is_known(&self, host: &Authority) -> bool {
        // What stands before an `@` is no part of a host.
        !host.as_str().contains('@')
            && self.hosts.iter().any(|known| {
                known.host().eq_ignore_ascii_case(host.host())
                    && known
                        .port()
                        .is_none_or(|port| host.port().is_some_and(|other| other == port))
            })
    }
}

/// The last value of a header that is a list: what the nearest proxy has added.
fn last<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://api.example.com/shop";

    #[track_caller]
    fn check(uri: &str, fields: &[(&'static str, &str)], is_proxied: bool, expected: &str) {
        let hosts = ["localhost", "[::1]", "backend:8080"];
        let hosts = hosts.map(|host| host.parse().expect("is a host"));
        let urls = BaseUrls::new(PUBLIC, hosts.into(), false);
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().expect("is a value"));
        }
        let uri = uri.parse().expect("is a URI");
        let found = urls.of(&headers, &uri, is_proxied);
        assert_eq!(&*found, expected, "{uri} {fields:?}");
    }

    #[test]
    fn a_known_host_is_repeated() {
        check(
            "/x",
            &[("host", "localhost:8080")],
            false,
            "http://localhost:8080",
        );
        check("/x", &[("host", "LocalHost")], false, "http://LocalHost");
        check("/x", &[("host", "[::1]:1")], false, "http://[::1]:1");
        check(
            "/x",
            &[("host", "backend:8080")],
            false,
            "http://backend:8080",
        );
        check("http://backend:8080/x", &[], false, "http://backend:8080");
    }

    #[test]
    fn any_other_host_is_never_repeated() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "evil.example@localhost",
            "localhost@evil.example",
            "localhost/evil.example",
            "localhost>; rel=\"next\", <x",
            "backend",
            "backend:80",
            "",
        ] {
            check("/x", &[("host", host)], false, PUBLIC);
        }
        check("/x", &[], false, PUBLIC);
        check(
            "http://evil.example/x",
            &[("host", "localhost")],
            false,
            PUBLIC,
        );
        let two = [("host", "localhost"), ("host", "evil.example")];
        check("/x", &two, false, PUBLIC);
    }

    #[test]
    fn what_is_forwarded_counts_from_a_proxy_alone() {
        let forwarded = [
            ("host", "backend:8080"),
            ("x-forwarded-host", "evil.example, localhost"),
            ("x-forwarded-proto", "http, https"),
        ];
        check("/x", &forwarded, false, "http://backend:8080");
        check("/x", &forwarded, true, "https://localhost");
        let unknown = [("host", "localhost"), ("x-forwarded-host", "evil.example")];
        check("/x", &unknown, true, PUBLIC);
        let strange = [("host", "localhost"), ("x-forwarded-proto", "javascript")];
        check("/x", &strange, true, "http://localhost");
    }

    #[test]
    fn without_known_hosts_the_public_url_is_all_there_is() {
        let urls = BaseUrls::new("http://127.0.0.1:8080/", Vec::new(), true);
        let mut headers = HeaderMap::new();
        headers.insert(
            header::HOST,
            http::HeaderValue::from_static("127.0.0.1:8080"),
        );
        let uri = Uri::from_static("/x");
        assert_eq!(&*urls.of(&headers, &uri, true), "http://127.0.0.1:8080");
        assert_eq!(urls.public(), "http://127.0.0.1:8080");
    }
}

//! Where a request comes from that nobody has to answer for.

use std::net::IpAddr;

use contract::users::Locale;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use crate::app::App;
use crate::peer::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The address of the client, if it is known.
    pub(crate) address: Option<IpAddr>,
    /// The language that the client prefers, among those that there are.
    pub(crate) locale: Option<Locale>,
}

impl Origin {
    /// The origin of a request with this head.
    ///
    /// What a proxy says of its client counts if the proxy is to be trusted, and so
    /// does what a gateway in this process says, which has no address.
    pub(crate) fn of(app: &App, parts: &Parts) -> Self {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let address = if app.believes(peer) {
            client(&parts.headers, |address| app.is_proxy(address)).or(peer)
        } else {
            peer
        };
        Self {
            address,
            locale: locale(&parts.headers),
        }
    }
}

/// The last address in `X-Forwarded-For` that is not that of a trusted proxy: what
/// stands before it anybody could have written.
fn client(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED_FOR).iter();
    let texts: Vec<_> = values.map(|value| value.to_str().ok()).collect();
    let mut addresses = texts
        .iter()
        .flat_map(|text| text.unwrap_or_default().split(','))
        .rev()
        .map(|address| address.trim().parse::<IpAddr>().ok())
        .peekable();
    while addresses
        .next_if(|address| address.is_some_and(&is_trusted))
        .is_some()
    {}
    addresses.next().flatten()
}

/// The language of [`Locale`] that `Accept-Language` ([RFC 9110]) weighs most.
///
/// [RFC 9110]: https://www.rfc-editor.org/rfc/rfc9110#name-accept-language
fn locale(headers: &HeaderMap) -> Option<Locale> {
    let values = headers.get_all(ACCEPT_LANGUAGE).iter();
    let texts: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    let mut best = None;
    for range in texts.iter().flat_map(|text| text.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
        let language = tag.split('-').next().unwrap_or_default();
        let locale = serde_json::from_value(language.to_ascii_lowercase().into()).ok();
        if let (Some(locale), Some(weight)) = (locale, weight)
            && weight > best.map_or(0.0, |(_, best)| best)
        {
            best = Some((locale, weight));
        }
    }
    best.map(|(locale, _)| locale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().expect("is a value"));
        }
        headers
    }

    #[track_caller]
    fn check_client(values: &[&str], expected: Option<&str>) {
        let proxy: IpAddr = "10.0.0.1".parse().expect("is an address");
        let client = client(&headers(&FORWARDED_FOR, values), |address| address == proxy);
        assert_eq!(client.map(|client| client.to_string()).as_deref(), expected);
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        check_client(&[], None);
        check_client(&["192.0.2.1"], Some("192.0.2.1"));
        check_client(&["203.0.113.9, 192.0.2.1"], Some("192.0.2.1"));
        check_client(&["203.0.113.9", "192.0.2.1, 10.0.0.1"], Some("192.0.2.1"));
        check_client(&["10.0.0.1"], None);
        // What a proxy cannot have written is not skipped.
        check_client(&["192.0.2.1, unknown"], None);
    }

    #[track_caller]
    fn check_locale(values: &[&str], expected: Option<Locale>) {
        assert_eq!(locale(&headers(&ACCEPT_LANGUAGE, values)), expected);
    }

    #[test]
    fn the_language_with_most_weight_counts() {
        check_locale(&[], None);
        check_locale(&["*"], None);
        check_locale(&["nl-NL,nl;q=0.9,en;q=0.8"], Some(Locale::Nl));
        check_locale(&["es, fr;q=0.3, de;q=0.7"], Some(Locale::De));
        check_locale(&["en;q=0", "DE-at;q=0.1"], Some(Locale::De));
        check_locale(&["en;q=many"], None);
    }
}

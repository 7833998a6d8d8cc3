//! How a caller says who it is, as OpenAPI states it.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::reference;

/// Where the credentials of a caller stand in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the header `Authorization`, behind the word `Bearer`.
    Bearer,
    /// In the header `Authorization`, behind the word `Basic`. A name and a password
    /// with a colon between them are encoded.
    Basic,
    /// In a header of this name.
    Header(HeaderName),
    /// In a parameter of this name in the query.
    Query(String),
    /// In a cookie of this name.
    Cookie(String),
}

/// A text that names no place for credentials.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no place for credentials; write bearer, basic, header:NAME, query:NAME or cookie:NAME"
)]
pub struct SchemeError(String);

impl FromStr for Scheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || SchemeError(text.to_owned());
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        match (kind, name) {
            ("bearer", "") => Ok(Self::Bearer),
            ("basic", "") => Ok(Self::Basic),
            (_, "") => Err(wrong()),
            ("header", name) => name.parse().map(Self::Header).map_err(|_| wrong()),
            ("query", name) => Ok(Self::Query(name.to_owned())),
            ("cookie", name) => Ok(Self::Cookie(name.to_owned())),
            _ => Err(wrong()),
        }
    }
}

impl Scheme {
    /// What a security scheme of a document says. Of a certificate nothing can be seen
    /// in a request.
    fn stated(root: &Value, scheme: &Value) -> Option<Self> {
        let scheme = reference::follow(root, scheme);
        let name = || Some(scheme["name"].as_str()?.to_owned());
        match (scheme["type"].as_str()?, scheme["in"].as_str()) {
            ("http", _) if scheme["scheme"].as_str()?.eq_ignore_ascii_case("basic") => {
                Some(Self::Basic)
            }
            ("http" | "oauth2" | "openIdConnect", _) => Some(Self::Bearer),
            ("apiKey", Some("header")) => Some(Self::Header(name()?.parse().ok()?)),
            ("apiKey", Some("query")) => Some(Self::Query(name()?)),
            ("apiKey", Some("cookie")) => Some(Self::Cookie(name()?)),
            _ => None,
        }
    }

    /// Returns the first scheme of a document that can be told in a request, or `Bearer`.
    pub(crate) fn of_document(root: &Value) -> Self {
        Self::all(root).into_iter().next().unwrap_or(Self::Bearer)
    }

    /// Returns every scheme of a document that can be told in a request.
    pub(crate) fn all(root: &Value) -> Vec<Self> {
        let stated = root["components"]["securitySchemes"].as_object();
        let schemes = stated.into_iter().flatten();
        let known = schemes.filter_map(|(_, scheme)| Self::stated(root, scheme));
        known.collect()
    }

    /// Returns what an operation asks for: one of these, each of which may be several at
    /// once. Nothing is asked of the caller where there is none.
    pub(crate) fn required(root: &Value, operation: &Value) -> Vec<Vec<Self>> {
        let security = operation.get("security").unwrap_or(&root["security"]);
        let requirements = security.as_array().into_iter().flatten();
        let each = requirements.map(|requirement| {
            let names = requirement.as_object().into_iter().flatten();
            let schemes = names.filter_map(|(name, _)| {
                let scheme = &root["components"]["securitySchemes"][name.as_str()];
                Self::stated(root, scheme)
            });
            schemes.collect()
        });
        each.collect()
    }

    /// Puts credentials into the headers or the query of a request. What no header can
    /// hold is left out.
    pub(crate) fn apply(
        &self,
        token: &str,
        headers: &mut HeaderMap,
        query: &mut Vec<(String, String)>,
    ) {
        let (name, text) = match self {
            Self::Bearer => (AUTHORIZATION, format!("Bearer {token}")),
            Self::Basic if token.contains(':') => {
                (AUTHORIZATION, format!("Basic {}", STANDARD.encode(token)))
            }
            Self::Basic => (AUTHORIZATION, format!("Basic {token}")),
            Self::Header(name) => (name.clone(), token.to_owned()),
            Self::Cookie(name) => (COOKIE, format!("{name}={token}")),
            Self::Query(name) => return query.push((name.clone(), token.to_owned())),
        };
        if let Ok(mut value) = HeaderValue::try_from(text) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }

    /// Returns whether a request has credentials of this kind.
    pub(crate) fn is_given(&self, headers: &HeaderMap, query: &[(String, String)]) -> bool {
        let authorization = headers.get(AUTHORIZATION);
        let word = authorization.and_then(|value| value.to_str().ok()?.split(' ').next());
        match self {
            Self::Bearer => word.is_some_and(|word| word.eq_ignore_ascii_case("bearer")),
            Self::Basic => word.is_some_and(|word| word.eq_ignore_ascii_case("basic")),
            Self::Header(name) => headers.contains_key(name),
            Self::Query(name) => query.iter().any(|(given, _)| given == name),
            Self::Cookie(name) => cookies(headers).iter().any(|(given, _)| given == name),
        }
    }
}

impl std::fmt::Display for Scheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bearer => f.write_str("a bearer token"),
            Self::Basic => f.write_str("a name and a password (Basic)"),
            Self::Header(name) => write!(f, "the header {name}"),
            Self::Query(name) => write!(f, "the parameter `{name}`"),
            Self::Cookie(name) => write!(f, "the cookie `{name}`"),
        }
    }
}

/// Returns the names and values of the cookies that a request sends.
pub(crate) fn cookies(headers: &HeaderMap) -> Vec<(String, String)> {
    let all = headers.get_all(COOKIE).into_iter();
    let all = all.filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|value| value.split(';'));
    let pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::Scheme;

    #[track_caller]
    fn check(text: &str, token: &str, header: Option<(&str, &str)>, expected: &[(&str, &str)]) {
        let scheme: Scheme = text.parse().expect("it is a place");
        let (mut headers, mut query) = (HeaderMap::new(), Vec::new());
        assert!(!scheme.is_given(&headers, &query), "{text}");
        scheme.apply(token, &mut headers, &mut query);
        assert!(scheme.is_given(&headers, &query), "{text}");
        let found = headers.iter().next();
        let found = found.map(|(name, value)| (name.as_str(), value.to_str().expect("ASCII")));
        assert_eq!(found, header);
        let query: Vec<_> = query
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(query, expected);
    }

    #[test]
    fn credentials_stand_where_the_scheme_says() {
        check("bearer", "t", Some(("authorization", "Bearer t")), &[]);
        check("basic", "a:b", Some(("authorization", "Basic YTpi")), &[]);
        check("basic", "YTpi", Some(("authorization", "Basic YTpi")), &[]);
        check("header:X-Api-Key", "t", Some(("x-api-key", "t")), &[]);
        check("query:key", "t", None, &[("key", "t")]);
        check("cookie:sid", "t", Some(("cookie", "sid=t")), &[]);
    }

    #[test]
    fn what_names_no_place_is_refused() {
        for text in ["", "digest", "header", "header:", "cookie:", "header:a b"] {
            assert!(text.parse::<Scheme>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_operation_asks_for_one_of_several() {
        let root = json!({
            "security": [{"key": []}, {"login": [], "sid": []}],
            "components": {"securitySchemes": {
                "key": {"type": "apiKey", "in": "query", "name": "k"},
                "login": {"type": "http", "scheme": "Basic"},
                "sid": {"type": "apiKey", "in": "cookie", "name": "s"},
                "certificate": {"type": "mutualTLS"}
            }}
        });
        let expected = vec![
            vec![Scheme::Query("k".to_owned())],
            vec![Scheme::Basic, Scheme::Cookie("s".to_owned())],
        ];
        assert_eq!(Scheme::required(&root, &json!({})), expected);
        let none = json!({"security": []});
        assert!(Scheme::required(&root, &none).is_empty());
        let certificate = json!({"security": [{"certificate": []}]});
        assert_eq!(Scheme::required(&root, &certificate), vec![vec![]]);
    }
}

//! Whose calls a gateway makes with credentials of its own.
//!
//! Without such credentials the callers' tokens are for the upstream, which decides.
//! With them the gateway has to know its callers itself: by a token that it shares with
//! them, or by a name of the certificate that their connection has shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderMap, header};

use crate::credentials::{Unreadable, text_of};

/// The fewest characters of a token. A shorter one could be guessed.
const MIN_TOKEN: usize = 16;

/// Whose calls are made, and which are never.
#[derive(Debug, Clone)]
pub struct Admission {
    /// Who may call.
    pub admitted: Admitted,
    /// The full names of services that nobody may call, such as one that gives out tokens
    /// which would be of no use here.
    pub closed: Vec<String>,
}

/// Who may call.
#[derive(Debug, Clone)]
pub enum Admitted {
    /// Whoever reaches the gateway.
    Anyone,
    /// Those who show one of the tokens or a certificate with one of the names.
    These {
        /// The tokens.
        tokens: Tokens,
        /// The names of certificates.
        identities: Vec<IdentityPattern>,
    },
}

/// Tokens that a gateway shares with its callers. Only their hashes are kept. Clones share
/// them.
#[derive(Clone, Default)]
pub struct Tokens {
    hashes: Arc<RwLock<Vec<Hash>>>,
    file: Option<PathBuf>,
}

type Hash = [u8; 32];

/// A name of a certificate, such as `uri:spiffe://example.com/shop`, `dns:shop.example.com`
/// or `cn:shop`. A `*` in it stands for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPattern(String);

/// Why there are no tokens to admit callers by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokensError {
    /// The file cannot be read or is empty.
    #[error(transparent)]
    File(#[from] Unreadable),
    /// A token is too short, or holds what a header cannot carry.
    #[error(
        "line {line} is no token: it must be {MIN_TOKEN} visible characters of ASCII or more, \
         without spaces"
    )]
    Token {
        /// The line, from 1.
        line: usize,
    },
}

/// A text that names no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a name of a certificate, such as uri:spiffe://example.com/shop, \
     dns:*.example.com or cn:shop"
)]
pub struct NoPattern;

impl Admission {
    /// Returns whether a caller with these headers, whose certificate has these names, may
    /// call.
    pub(crate) fn admits<'n>(
        &self,
        headers: &HeaderMap,
        names: impl IntoIterator<Item = &'n str>,
    ) -> bool {
        match &self.admitted {
            Admitted::Anyone => true,
            Admitted::These { tokens, identities } => {
                let is_one = |name: &str| identities.iter().any(|pattern| pattern.matches(name));
                tokens.has_that_of(headers) || names.into_iter().any(is_one)
            }
        }
    }

    /// Returns whether a caller can be told by the token that it shows.
    pub(crate) fn knows_token_of(&self, headers: &HeaderMap) -> bool {
        match &self.admitted {
            Admitted::Anyone => false,
            Admitted::These { tokens, .. } => tokens.has_that_of(headers),
        }
    }

    /// Returns whether an rpc, named as in `package.Service/Method`, may be called by
    /// nobody.
    pub(crate) fn is_closed(&self, rpc: &str) -> bool {
        let service = rpc.split_once('/').map_or(rpc, |(service, _)| service);
        self.closed.iter().any(|closed| closed == service)
    }
}

impl Tokens {
    /// The tokens in a file, one a line. Empty lines and lines that begin with `#` count
    /// for nothing.
    ///
    /// # Errors
    ///
    /// Fails where the file cannot be read, and where a line is no token that can be
    /// shown and is hard to guess.
    pub fn read(file: &Path) -> Result<Self, TokensError> {
        let hashes = parse(&text_of(file)?)?;
        Ok(Self {
            hashes: Arc::new(RwLock::new(hashes)),
            file: Some(file.to_owned()),
        })
    }

    /// Reads the file again. It blocks.
    ///
    /// # Errors
    ///
    /// Fails as [`read`](Self::read) does, and then admits the tokens that it has.
    pub fn reload(&self) -> Result<(), TokensError> {
        if let Some(file) = &self.file {
            let hashes = parse(&text_of(file)?)?;
            *self.hashes.write().unwrap_or_else(PoisonError::into_inner) = hashes;
        }
        Ok(())
    }

    fn known(&self) -> RwLockReadGuard<'_, Vec<Hash>> {
        // They are replaced all at once.
        self.hashes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_that_of(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION);
        let Some(shown) = shown.and_then(|value| bearer(value.as_bytes())) else {
            return false;
        };
        let shown = hash(shown);
        // How long this takes tells nothing of a token, nor of which one it is.
        self.known().iter().fold(false, |found, known| {
            found | verify_slices_are_equal(known, &shown).is_ok()
        })
    }
}

fn parse(text: &str) -> Result<Vec<Hash>, TokensError> {
    let mut hashes = Vec::new();
    for (index, token) in text.lines().map(str::trim).enumerate() {
        if token.is_empty() || token.starts_with('#') {
            continue;
        }
        let is_sound = token.len() >= MIN_TOKEN && token.bytes().all(|b| b.is_ascii_graphic());
        if !is_sound {
            return Err(TokensError::Token { line: index + 1 });
        }
        hashes.push(hash(token.as_bytes()));
    }
    if hashes.is_empty() {
        return Err(TokensError::Token { line: 1 });
    }
    Ok(hashes)
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tokens", self.known().len())
    }
}

/// The token in a value of `authorization`. The name of the scheme is in any case (RFC
/// 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer ");
    is_bearer.then_some(token.trim_ascii())
}

fn hash(token: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token).as_ref());
    hash
}

impl FromStr for IdentityPattern {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        let is_name = |kind| {
            let name = text.strip_prefix(kind);
            name.is_some_and(|name| !name.is_empty())
        };
        let is_pattern = ["uri:", "dns:", "cn:"].into_iter().any(is_name);
        is_pattern.then(|| Self(text.to_owned())).ok_or(NoPattern)
    }
}

impl IdentityPattern {
    /// Returns whether a name of a certificate fits.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            let Some((_, behind)) = rest.split_once(part) else {
                return false;
            };
            rest = behind;
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const TOKEN: &str = "a-token-of-some-length";

    fn shown(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = authorization.parse().expect("a value");
        headers.insert(header::AUTHORIZATION, value);
        headers
    }

    #[track_caller]
    fn check(authorization: &str, expected: bool) {
        let tokens = format!("# of the shop\n\n  {TOKEN}\nanother-token-than-that\n");
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(&file, tokens).expect("the file is ours");
        let tokens = Tokens::read(file.path()).expect("tokens");
        let found = tokens.has_that_of(&shown(authorization));
        assert_eq!(found, expected, "for {authorization:?}");
    }

    #[test]
    fn a_file_that_is_read_again_replaces_the_tokens_of_all_clones() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(&file, TOKEN).expect("the file is ours");
        let tokens = Tokens::read(file.path()).expect("a token");
        let clone = tokens.clone();
        let knows = |token: &str| clone.has_that_of(&shown(&format!("Bearer {token}")));

        fs::write(&file, "another-token-than-that").expect("the file is ours");
        assert!(knows(TOKEN), "it was not read again");
        tokens.reload().expect("a token");
        assert!(!knows(TOKEN) && knows("another-token-than-that"));

        fs::write(&file, "weak").expect("the file is ours");
        tokens.reload().expect_err("no token");
        assert!(knows("another-token-than-that"), "the tokens are gone");
    }

    #[test]
    fn a_token_is_shown_as_a_bearer() {
        check(&format!("Bearer {TOKEN}"), true);
        check(&format!("bearer  {TOKEN}"), true);
        check("Bearer another-token-than-that", true);
    }

    #[test]
    fn whatever_else_is_shown_is_no_token() {
        for authorization in [
            TOKEN,
            "Bearer ",
            "",
            "Bearer # of the shop",
            "Basic YS10b2tlbi1vZi1zb21lLWxlbmd0aA==",
        ] {
            check(authorization, false);
        }
        check(&format!("Bearer {TOKEN}x"), false);
    }

    #[test]
    fn a_weak_token_is_refused_by_its_line() {
        let refused = |text: &str| parse(text).expect_err("no tokens").to_string();
        for text in [
            "a-token-of-some-length\nsecret",
            "#\nwith a space in between",
        ] {
            let error = refused(text);
            assert!(error.starts_with("line 2 is no token: it must"), "{error}");
            assert!(!error.contains("secret"), "the token is quoted: {error}");
        }
        assert!(refused("# nothing").starts_with("line 1 "));
    }

    #[track_caller]
    fn check_name(pattern: &str, name: &str, expected: bool) {
        let pattern: IdentityPattern = pattern.parse().expect("a pattern");
        assert_eq!(pattern.matches(name), expected, "{name} as {pattern:?}");
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        check_name("dns:*.example.com", "dns:shop.example.com", true);
        check_name("dns:*.example.com", "dns:.example.org", false);
        check_name("uri:spiffe://a/*/shop", "uri:spiffe://a/b/c/shop", true);
        check_name("uri:spiffe://a/*/shop", "uri:spiffe://a/shop", false);
        check_name("cn:shop", "cn:shop", true);
        check_name("cn:shop", "cn:shops", false);
        check_name("cn:shop", "dns:shop", false);
        check_name("cn:a*a", "cn:a", false);
    }

    #[test]
    fn a_pattern_names_its_kind() {
        for text in ["shop", "*", "dns:", "ip:192.0.2.1"] {
            assert_eq!(text.parse::<IdentityPattern>(), Err(NoPattern), "{text}");
        }
    }
}

//! The metadata of a call: what `-H`, the token and the environment say, and how it is
//! shown without its secrets.

use std::fmt::Write as _;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use tonic::metadata::{
    AsciiMetadataKey, AsciiMetadataValue, BinaryMetadataKey, BinaryMetadataValue, KeyAndValueRef,
    MetadataMap,
};

use super::text;

/// What the names of binary metadata end in.
const BINARY: &str = "-bin";

/// The names that the protocol itself uses.
const RESERVED: [&str; 3] = ["te", "content-type", "connection"];

/// What the names of metadata have in them whose values are secret.
const SECRET: [&str; 7] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "password",
    "key",
    "credential",
];

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";

/// Base64 as gRPC writes it, whose padding may be left out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One entry of metadata.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// Text.
    Text(AsciiMetadataKey, AsciiMetadataValue),
    /// Bytes, which are written in base64.
    Bytes(BinaryMetadataKey, BinaryMetadataValue),
}

/// The entries of one `-H`: one, or those of a file.
#[derive(Clone, Debug)]
pub(super) struct Entries(Vec<Entry>);

/// Reads what `-H` says: `name: value`, or `@FILE` for a file with one such line for
/// each entry.
///
/// # Errors
///
/// The text is no entry, or the file cannot be read. The error does not repeat values.
pub(super) fn parse(text: &str) -> Result<Entries, String> {
    let Some(path) = text.strip_prefix('@') else {
        return Ok(Entries(vec![entry(text)?]));
    };
    let lines =
        std::fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let entries = self::lines(&lines).map_err(|error| format!("{path}: {error}"))?;
    Ok(Entries(entries))
}

/// Reads an entry from each line of a text. Empty ones and those that begin with `#`
/// have none.
pub(super) fn lines(text: &str) -> Result<Vec<Entry>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(place, line)| entry(line).map_err(|error| format!("line {}: {error}", place + 1)))
        .collect()
}

/// Reads `name: value`, the form in which curl and grpcurl take headers.
fn entry(text: &str) -> Result<Entry, String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("expected a name, a colon and a value, such as 'x-request-id: 42'")?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    if RESERVED.contains(&name.as_str()) || name.starts_with("grpc-") {
        return Err(format!(
            "{name} is for the protocol itself; --timeout sets how long a call may take"
        ));
    }
    if name.ends_with(BINARY) {
        let bytes = BASE64
            .decode(value)
            .map_err(|error| format!("the value of {name} must be base64: {error}"))?;
        let key = BinaryMetadataKey::from_bytes(name.as_bytes())
            .map_err(|_| format!("{name:?} is not the name of metadata"))?;
        return Ok(Entry::Bytes(key, BinaryMetadataValue::from_bytes(&bytes)));
    }
    let key = name
        .parse()
        .map_err(|_| format!("{name:?} is not the name of metadata"))?;
    let value = value
        .parse()
        .map_err(|_| format!("the value of {name} holds characters that no header can carry"))?;
    Ok(Entry::Text(key, value))
}

/// A token without the scheme that stands before it in a header, from which it may have
/// been copied.
fn without_scheme(token: &str) -> &str {
    match token.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
        _ => token,
    }
}

/// The metadata of a call: the entries, and the token as `authorization` unless one of
/// them is that.
///
/// # Errors
///
/// The token cannot be read, or cannot be part of a header.
pub(super) fn of(
    entries: impl IntoIterator<Item = Entry>,
    token: Option<&str>,
) -> anyhow::Result<MetadataMap> {
    let mut metadata = MetadataMap::new();
    for entry in entries {
        match entry {
            Entry::Text(key, value) => {
                metadata.append(key, value);
            }
            Entry::Bytes(key, value) => {
                metadata.append_bin(key, value);
            }
        }
    }
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(metadata);
    };
    if metadata.contains_key("authorization") {
        return Ok(metadata);
    }
    let token = match token.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("the token cannot be read from {path}"))?,
        None => token.to_owned(),
    };
    if token.trim().is_empty() {
        bail!("the file of the token is empty");
    }
    let value = format!("Bearer {}", without_scheme(token.trim()))
        .parse()
        .map_err(|_| anyhow!("the token holds characters that no header can carry"))?;
    metadata.insert("authorization", value);
    Ok(metadata)
}

impl IntoIterator for Entries {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Shows metadata, an entry a line behind a mark. Secrets are left out.
pub(super) fn shown(metadata: &MetadataMap, mark: &str) -> String {
    let mut shown = String::new();
    for entry in metadata.iter() {
        let (name, value) = match entry {
            KeyAndValueRef::Ascii(key, value) => {
                let value = value.to_str().unwrap_or("(no text)");
                (key.as_str(), shown_value(key.as_str(), value))
            }
            KeyAndValueRef::Binary(key, value) => {
                let value = match value.to_bytes() {
                    Ok(bytes) if !is_secret(key.as_str()) => {
                        let encoded = text::cut(&BASE64.encode(&bytes), 60);
                        format!("{encoded} ({} bytes)", bytes.len())
                    }
                    Ok(_) => HIDDEN.to_owned(),
                    Err(_) => "(no base64)".to_owned(),
                };
                (key.as_str(), value)
            }
        };
        let _ = writeln!(shown, "{mark} {name}: {value}");
    }
    shown
}

fn is_secret(name: &str) -> bool {
    SECRET.iter().any(|part| name.contains(part))
}

fn shown_value(name: &str, value: &str) -> String {
    if !is_secret(name) {
        return text::harmless(value);
    }
    // That it is a `Bearer` token is no secret, and may be the mistake.
    match value.split_once(' ') {
        Some((scheme, _)) if name.contains("authorization") => {
            format!("{} {HIDDEN}", text::harmless(scheme))
        }
        _ => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(text: &str, expected: &str) {
        let error = parse(text).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    }

    #[test]
    fn what_is_no_entry_is_refused_with_the_reason() {
        refuses("x-one", "expected a name, a colon and a value");
        refuses("x one: 1", "\"x one\" is not the name of metadata");
        refuses("x-one: \u{7f}", "characters that no header can carry");
        refuses("x-bin: *", "the value of x-bin must be base64");
        refuses("grpc-timeout: 1S", "--timeout sets");
        refuses("TE: trailers", "is for the protocol itself");
        refuses("@/nowhere/at/all", "/nowhere/at/all cannot be read");
    }

    #[test]
    fn a_file_has_an_entry_on_each_line() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "# mine\nx-one: 1\n\nx-two-bin: AQI\n").expect("written");
        let entries = parse(&format!("@{}", file.path().display())).expect("entries");
        let metadata = of(entries, None).expect("metadata");
        assert_eq!(
            shown(&metadata, ">"),
            "> x-one: 1\n> x-two-bin: AQI= (2 bytes)\n"
        );
        std::fs::write(file.path(), "x-one: 1\ncanary").expect("written");
        let error = parse(&format!("@{}", file.path().display())).expect_err("line 2 is none");
        assert!(error.contains("line 2: expected a name"), "{error}");
        assert!(!error.contains("canary"), "a value is told: {error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let entries = [
            "authorization: Bearer canary",
            "cookie: canary",
            "x-api-key: canary",
            "x-token-bin: Y2FuYXJ5",
            "proxy-authorization: Basic canary",
        ];
        let entries = entries.map(|text| entry(text).expect("an entry"));
        let metadata = of(entries, None).expect("metadata");
        let shown = shown(&metadata, ">");
        assert!(
            !shown.contains("canary") && !shown.contains("Y2Fu"),
            "{shown}"
        );
        assert!(
            shown.contains("> authorization: Bearer [hidden]\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_token_can_be_in_a_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "abc\n").expect("written");
        let token = format!("@{}", file.path().display());
        let metadata = of([], Some(&token)).expect("metadata");
        let value = metadata.get("authorization").expect("it is there");
        assert_eq!(value.to_str().ok(), Some("Bearer abc"));
        std::fs::write(file.path(), "\n").expect("written");
        assert!(of([], Some(&token)).is_err(), "an empty file has no token");
    }
}

//! Secrets: where they must not be, and a token that is forged.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use http::HeaderMap;

/// How much of a log is read, from its beginning.
const MAX_LOG: u64 = 1 << 30;

/// Where in a reply a secret is; nothing where none is.
pub(crate) fn found(
    secrets: &BTreeSet<String>,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<String> {
    let is_in = |bytes: &[u8]| {
        secrets
            .iter()
            .any(|secret| contains(bytes, secret.as_bytes()))
    };
    let mut header = headers.iter().filter(|(_, value)| is_in(value.as_bytes()));
    if let Some((name, _)) = header.next() {
        return Some(format!("the header {name}"));
    }
    is_in(body).then(|| "the body".to_owned())
}

/// The number of the first line of a log with a secret.
pub(crate) fn line_in_log(path: &Path, secrets: &BTreeSet<String>) -> std::io::Result<Option<u32>> {
    let mut reader = BufReader::new(File::open(path)?.take(MAX_LOG));
    let mut line = Vec::new();
    let mut number = 0;
    while reader.read_until(b'\n', &mut line)? > 0 {
        number += 1;
        if secrets
            .iter()
            .any(|secret| contains(&line, secret.as_bytes()))
        {
            return Ok(Some(number));
        }
        line.clear();
    }
    Ok(None)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes
        .windows(part.len().max(1))
        .any(|window| window == part)
}

/// A token with another signature: the middle of its last part is changed, where
/// every bit counts.
pub(crate) fn forged(token: &str) -> String {
    let start = token.rfind('.').map_or(0, |dot| dot + 1);
    let at = start + (token.len() - start) / 2;
    let changed = token.char_indices().map(|(index, letter)| match letter {
        'A' if index == at => 'B',
        _ if index == at => 'A',
        letter => letter,
    });
    changed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_token_differs_in_its_signature_alone() {
        assert_eq!(forged("head.body.sAg"), "head.body.sBg");
        assert_eq!(forged("opaque"), "opaAue");
    }

    #[test]
    fn a_secret_in_a_log_is_found_with_its_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        std::fs::write(&path, "one\ntwo hidden three\n").expect("a file");
        let secrets = BTreeSet::from(["hidden".to_owned()]);
        assert_eq!(line_in_log(&path, &secrets).expect("reads"), Some(2));
        let others = BTreeSet::from(["absent".to_owned()]);
        assert_eq!(line_in_log(&path, &others).expect("reads"), None);
    }
}

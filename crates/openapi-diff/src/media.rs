//! Media types and ranges of them.

/// A media type in one spelling. A charset of UTF-8 is what JSON has anyway.
pub(crate) fn media(kind: &str) -> String {
    let mut parts = kind
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase().replace('"', ""));
    let name = parts.next().unwrap_or_default();
    let mut rest: Vec<String> = parts
        .filter(|part| !part.is_empty() && part.replace(' ', "") != "charset=utf-8")
        .collect();
    rest.sort();
    rest.insert(0, name);
    rest.join(";")
}

/// Returns whether a media type is one of a range, or what another is with parameters. Both
/// are in one spelling.
pub(crate) fn covers(range: &str, kind: &str) -> bool {
    ranges(kind).into_iter().any(|of_kind| of_kind == range)
}

/// What covers a media type in one spelling, the narrowest first.
pub(crate) fn ranges(kind: &str) -> [String; 3] {
    let bare = bare(kind);
    let major = bare.split('/').next().unwrap_or_default();
    [bare.to_owned(), format!("{major}/*"), "*/*".to_owned()]
}

pub(crate) fn is_json(kind: &str) -> bool {
    let bare = bare(kind);
    let kinds = [
        "application/json",
        "application/jsonl",
        "application/x-ndjson",
    ];
    kinds.contains(&bare) || bare.ends_with("+json") || bare.ends_with("json-seq")
}

pub(crate) fn is_xml(kind: &str) -> bool {
    let bare = bare(kind);
    matches!(bare, "application/xml" | "text/xml") || bare.ends_with("+xml")
}

/// The media type without parameters.
fn bare(kind: &str) -> &str {
    kind.split(';').next().unwrap_or_default()
}

//! Which operation a request is of, and what its path and query hold.

use contract::operation::{BASE_PATH, OperationInfo};
use http::Method;

/// The operation that a path below the base is of, and the values of the
/// variables in it, still encoded. A path without variables comes before one
/// with some.
pub(crate) fn route(
    method: &Method,
    path: &str,
) -> Option<(&'static OperationInfo, Vec<(&'static str, String)>)> {
    contract::catalogue()
        .iter()
        .filter(|operation| operation.method == *method)
        .filter_map(|operation| Some((operation, variables(operation.path, path)?)))
        .min_by_key(|(_, variables)| variables.len())
}

/// The values of the variables of a template in a path that fits it.
pub(crate) fn variables(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let (wanted, given) = (template.split('/'), path.trim_end_matches('/').split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut variables = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        match wanted
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some(_) if given.is_empty() => return None,
            Some(name) => variables.push((name, given.to_owned())),
            None if wanted == given => {}
            None => return None,
        }
    }
    Some(variables)
}

pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// The decoded names and values of a query.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Returns whether a URL is one of the API.
pub(crate) fn has_base(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.contains(&format!("{BASE_PATH}/"))
}

/// The path of a URL or a path below the base path of the API.
pub(crate) fn below_base(location: &str) -> String {
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => location,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let below = path.find(&format!("{BASE_PATH}/"));
    below
        .map_or(path, |at| &path[at + BASE_PATH.len()..])
        .to_owned()
}

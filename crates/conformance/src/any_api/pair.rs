//! Which operation of a document is which rpc.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::Api;

/// Gives the operations of a document the names of the rpcs that they are: those of the
/// same name, whatever its case, else those of the same verb and path. Paths of protos
/// can begin with what the document states as the path of its server.
#[must_use]
pub fn pair(protos: &Api, mut document: Api, server: &str) -> Api {
    let server = server.trim_end_matches('/');
    let by_name: BTreeMap<_, _> = protos
        .operations
        .keys()
        .map(|id| (letters(id), id.clone()))
        .collect();
    let by_route: BTreeMap<_, _> = protos
        .operations
        .iter()
        .map(|(id, rpc)| ((rpc.method.clone(), without_names(&rpc.path)), id.clone()))
        .collect();
    let mut taken: BTreeSet<String> = document
        .operations
        .keys()
        .filter_map(|id| by_name.get(&letters(id)).cloned())
        .collect();
    let stated = std::mem::take(&mut document.operations);
    for (id, mut operation) in stated {
        let below = format!("{server}{}", operation.path);
        let routes = [without_names(&below), without_names(&operation.path)];
        let route = routes.into_iter().find_map(|path| {
            let rpc = by_route.get(&(operation.method.clone(), path))?;
            (!taken.contains(rpc)).then(|| rpc.clone())
        });
        let name = by_name.get(&letters(&id)).cloned().or(route);
        if let Some(rpc) = name.as_ref().and_then(|name| protos.operations.get(name))
            && rpc.path == below
        {
            operation.path = below;
        }
        let name = name.unwrap_or(id);
        taken.insert(name.clone());
        document.operations.entry(name).or_insert(operation);
    }
    document
}

/// `get_book` and `getBook` name the same.
fn letters(id: &str) -> String {
    let letters = id.chars().filter(|letter| letter.is_alphanumeric());
    letters.collect::<String>().to_lowercase()
}

/// A path with its variables as `{}`.
fn without_names(path: &str) -> String {
    let mut plain = String::new();
    let mut depth = 0_usize;
    for letter in path.chars() {
        match letter {
            '{' => {
                depth += 1;
                plain.push(letter);
            }
            '}' => {
                depth = depth.saturating_sub(1);
                plain.push(letter);
            }
            _ if depth > 0 => {}
            _ => plain.push(letter),
        }
    }
    plain
}

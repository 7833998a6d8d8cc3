//! Which operation of a document is which rpc.

use std::collections::BTreeMap;

use crate::api::{Api, Operation};

/// Gives the operations of a document the names of the rpcs that they are: those of the
/// same name, else those of a name that differs in case, else those of the same verb and
/// path. Each rpc is one operation at most. Paths of protos can begin with what the
/// document states as the path of its server.
#[must_use]
pub fn pair(protos: &Api, mut document: Api, server: &str) -> Api {
    let server = server.trim_end_matches('/');
    let rpcs = || protos.operations.iter();
    let by_letters: BTreeMap<_, _> = rpcs().map(|(id, _)| (letters(id), id)).collect();
    let by_route: BTreeMap<_, _> = rpcs()
        .map(|(id, rpc)| ((rpc.method.clone(), without_names(&rpc.path)), id))
        .collect();

    let of_same_name = |id: &str, _: &Operation| protos.operations.get_key_value(id);
    let of_same_letters = |id: &str, _: &Operation| {
        let rpc = by_letters.get(&letters(id))?;
        protos.operations.get_key_value(*rpc)
    };
    let of_same_route = |_: &str, operation: &Operation| {
        let below = format!("{server}{}", operation.path);
        let rpc = [&below, &operation.path]
            .into_iter()
            .find_map(|path| by_route.get(&(operation.method.clone(), without_names(path))))?;
        protos.operations.get_key_value(*rpc)
    };
    let mut left = std::mem::take(&mut document.operations);
    let ways: [&Way<'_>; 3] = [&of_same_name, &of_same_letters, &of_same_route];
    for rpc_of in ways {
        for (id, mut operation) in std::mem::take(&mut left) {
            match rpc_of(&id, &operation) {
                Some((name, rpc)) if !document.operations.contains_key(name) => {
                    let below = format!("{server}{}", operation.path);
                    if rpc.path == below {
                        operation.path = below;
                    }
                    document.operations.insert(name.clone(), operation);
                }
                _ => {
                    left.insert(id, operation);
                }
            }
        }
    }
    // No operation that is left has the name of an rpc.
    document.operations.append(&mut left);
    document
}

/// A way to find the rpc that an operation of a name is.
type Way<'a> = dyn Fn(&str, &Operation) -> Option<(&'a String, &'a Operation)> + 'a;

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

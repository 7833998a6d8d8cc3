//! The operations of a path item.

use serde_json::Value;

use crate::reference::escape;

/// The keys of operations in a path item (OpenAPI 3.2; before that there is no `query`).
pub(crate) const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// The key of the operations of all other methods, by their methods (OpenAPI 3.2).
pub(crate) const ADDITIONAL: &str = "additionalOperations";

/// An operation of a path item.
#[derive(Debug)]
pub(crate) struct Stated<'a> {
    /// The method, as a request has it.
    pub(crate) method: String,
    /// The JSON pointer to the operation, below that of the path item.
    pub(crate) below: String,
    /// What is stated of it.
    pub(crate) operation: &'a Value,
}

/// Returns the operations of a path item.
pub(crate) fn operations(item: &Value) -> impl Iterator<Item = Stated<'_>> {
    let of_keys = METHODS.iter().filter_map(|method| {
        Some(Stated {
            method: method.to_ascii_uppercase(),
            below: format!("/{method}"),
            operation: item.get(method)?,
        })
    });
    let others = item.get(ADDITIONAL).and_then(Value::as_object);
    let others = others
        .into_iter()
        .flatten()
        .map(|(method, operation)| Stated {
            method: method.clone(),
            below: format!("/{ADDITIONAL}/{}", escape(method)),
            operation,
        });
    of_keys.chain(others)
}

/// Visits the operations of a path item.
pub(crate) fn each_operation(item: &mut Value, mut visit: impl FnMut(&mut Value)) {
    for method in METHODS {
        if let Some(operation) = item.get_mut(method) {
            visit(operation);
        }
    }
    let others = item.get_mut(ADDITIONAL).and_then(Value::as_object_mut);
    for operation in others.into_iter().flat_map(|others| others.values_mut()) {
        visit(operation);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::operations;

    #[test]
    fn operations_of_other_methods_are_found() {
        let item = json!({
            "parameters": [],
            "query": {},
            "get": {},
            "additionalOperations": { "COPY": {}, "a/b": {} },
        });
        let found = operations(&item);
        let found: Vec<_> = found.map(|stated| (stated.method, stated.below)).collect();
        let found: Vec<_> = found
            .iter()
            .map(|(method, below)| (&**method, &**below))
            .collect();
        let expected = [
            ("GET", "/get"),
            ("QUERY", "/query"),
            ("COPY", "/additionalOperations/COPY"),
            ("a/b", "/additionalOperations/a~1b"),
        ];
        assert_eq!(found, expected);
    }
}

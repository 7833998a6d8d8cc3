//! Laws of the properties that a list is asked for.

use serde_json::Value;

use super::compare;
use super::law::Law;
use super::lists::List;
use super::schema;
use super::session::Session;

/// Names of the parameter that says which properties to return.
const SELECT: [&str; 2] = ["select", "fields"];

/// Verifies that a list has the properties that are selected, and no others.
pub(crate) async fn verify<'m>(session: &mut Session<'m>, list: &List<'m>) {
    let law = Law::SelectSelects;
    let Some(parameter) = list.operation.parameter(&SELECT) else {
        return;
    };
    let root = session.root();
    let items = schema::resolve(root, &parameter.schema).get("items");
    let options = items
        .map(|items| schema::options(root, items))
        .unwrap_or_default();
    if options.is_empty() {
        return session.untried(
            law,
            list.operation,
            "the document does not list what to select",
        );
    }
    let Some(whole) = list.whole(session, &[]).await else {
        return;
    };
    let id = list.resource.id.as_str();
    let is_there =
        |name: &&str| *name != id && whole.items.iter().any(|item| item.get(*name).is_some());
    let there: Vec<_> = options.into_iter().filter(is_there).collect();
    let (Some(first), Some(other)) = (there.first(), there.last()) else {
        return session.untried(law, list.operation, "no element has a property to select");
    };
    let mut selections = vec![vec![*first]];
    if first != other {
        selections.push(vec![*first, *other]);
    }
    for selection in selections {
        let query = [(parameter.name.clone(), selection.join(","))];
        let Some(selected) = list.whole(session, &query).await else {
            continue;
        };
        session.held(law, list.operation);
        let requests = [whole.shown.as_str(), &selected.shown];
        let mut others = selected
            .items
            .iter()
            .filter_map(|item| item.as_object())
            .flatten();
        let is_other = |name: &str| {
            name != id && !selection.contains(&name) && !is_always_there(root, list.element, name)
        };
        if let Some((name, _)) = others.find(|(name, _)| is_other(name)) {
            let message = format!("`{name}` was not selected, and elements have it");
            session.breach(law, list.operation, &requests, &message);
            continue;
        }
        for item in &selected.items {
            let whole = whole
                .items
                .iter()
                .find(|whole| list.id(whole) == list.id(item));
            let differs = whole.and_then(|whole| {
                compare::difference(whole, item, |name| !selection.contains(&name))
            });
            if let Some(name) = differs {
                let message =
                    format!("`{name}` was selected, and is not what the whole element has");
                session.breach(law, list.operation, &requests, &message);
                break;
            }
        }
    }
}

/// Returns whether every element has a property whatever is selected: one that its schema
/// requires, or that tells the forms of it apart.
fn is_always_there(root: &Value, element: &Value, name: &str) -> bool {
    let stated = schema::resolve(root, element);
    let tells = [
        &stated["discriminator"]["propertyName"],
        &stated["x-told-apart"]["by"],
    ];
    schema::required(root, element).contains(name) || tells.iter().any(|tells| *tells == name)
}

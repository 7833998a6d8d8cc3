//! Calls that the server makes.

use std::collections::{BTreeMap, HashMap};

use super::judge::{Judge, Scope};
use crate::document::{Document, Located};
use crate::rules::OperationRule;

impl<'a> Judge<'a> {
    pub(super) fn callbacks(&mut self, scope: &Scope, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let was = self.base.members(old, "callbacks");
        let is = self.revision.members(new, "callbacks");
        let (were, are) = (by_key(&was), by_key(&is));
        for (key, place) in &was {
            let Some(now) = are.get(key.as_str()) else {
                self.report(
                    OperationRule::CallbackRemoved,
                    None,
                    name,
                    (Some(place), Some(new)),
                    format!("the callback `{key}` is gone; clients wait for it in vain"),
                );
                continue;
            };
            let urls =
                |document: &'a Document, place: &Located<'a>| -> Vec<(String, Located<'a>)> {
                    let keys = place
                        .value
                        .as_object()
                        .map(|members| members.keys().cloned().collect::<Vec<_>>());
                    keys.unwrap_or_default()
                        .into_iter()
                        .filter(|key| !key.starts_with("x-"))
                        .filter_map(|key| Some((key.clone(), document.member(place, &key)?)))
                        .collect()
                };
            let (before, after) = (urls(self.base, place), urls(self.revision, now));
            let now_at = by_key(&after);
            for (url, item) in &before {
                match now_at.get(url.as_str()) {
                    Some(other) => {
                        let pair = (item.pointer.clone(), other.pointer.clone(), scope.inverted);
                        if !self.called_back.insert(pair) {
                            continue;
                        }
                        let path = format!("callback {key} of {}", scope.operation);
                        self.path_item(&path, item, other, !scope.inverted, &BTreeMap::new());
                    }
                    None => self.report(
                        OperationRule::CallbackRemoved,
                        None,
                        name,
                        (Some(item), Some(now)),
                        format!("the callback `{key}` no longer goes to `{url}`"),
                    ),
                }
            }
        }
        for (key, place) in &is {
            if !were.contains_key(key.as_str()) {
                self.report(
                    OperationRule::CallbackAdded,
                    None,
                    name,
                    (Some(old), Some(place)),
                    format!("the callback `{key}` is new"),
                );
            }
        }
    }

    pub(super) fn webhooks(&mut self) {
        let (old_root, new_root) = self.root();
        let was = self.base.members(&old_root, "webhooks");
        let is = self.revision.members(&new_root, "webhooks");
        let (were, are) = (by_key(&was), by_key(&is));
        for (key, place) in &was {
            match are.get(key.as_str()) {
                Some(now) => self.path_item(
                    &format!("webhook {key}"),
                    place,
                    now,
                    true,
                    &BTreeMap::new(),
                ),
                None => self.report(
                    OperationRule::WebhookRemoved,
                    None,
                    None,
                    (Some(place), None),
                    format!("the webhook `{key}` is gone; clients wait for it in vain"),
                ),
            }
        }
        for (key, place) in &is {
            if !were.contains_key(key.as_str()) {
                self.report(
                    OperationRule::WebhookAdded,
                    None,
                    None,
                    (None, Some(place)),
                    format!("the webhook `{key}` is new"),
                );
            }
        }
    }
}

fn by_key<'p, 'a>(all: &'p [(String, Located<'a>)]) -> HashMap<&'p str, &'p Located<'a>> {
    all.iter()
        .map(|(key, place)| (key.as_str(), place))
        .collect()
}

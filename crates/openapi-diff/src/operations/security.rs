//! Who may call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::judge::{Judge, Scope};
use crate::document::{Document, Located};
use crate::level::Direction;
use crate::rules::OperationRule;

impl<'a> Judge<'a> {
    pub(super) fn security(&mut self, scope: &Scope, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let was = alternatives(self.base, old);
        let is = alternatives(self.revision, new);
        let eases = |new: &Requirement, old: &Requirement| {
            new.iter().all(|(scheme, scopes)| {
                old.get(scheme)
                    .is_some_and(|allowed| scopes.is_subset(allowed))
            })
        };
        for old_way in &was {
            if is.iter().any(|new_way| eases(new_way, old_way)) {
                continue;
            }
            let way = show(old_way);
            let wider = is.iter().find(|new_way| new_way.keys().eq(old_way.keys()));
            let (rule, text) = if old_way.is_empty() {
                (
                    OperationRule::ApiAnonymousAccessRemoved,
                    "the operation was open to all and now needs credentials".to_owned(),
                )
            } else if let Some(wider) = wider {
                (
                    OperationRule::ApiSecurityScopeAdded,
                    format!("access with {way} now needs {}", show(wider)),
                )
            } else {
                (
                    OperationRule::ApiSecurityRemoved,
                    format!("access with {way} is no longer enough"),
                )
            };
            self.report(
                rule,
                Some(Direction::Request),
                name,
                (Some(old), Some(new)),
                text,
            );
        }
        for new_way in &is {
            if was.contains(new_way) {
                continue;
            }
            let fewer = was
                .iter()
                .any(|old_way| old_way.keys().eq(new_way.keys()) && eases(new_way, old_way));
            let (rule, text) = if fewer {
                (
                    OperationRule::ApiSecurityScopeRemoved,
                    format!("access now needs no more than {}", show(new_way)),
                )
            } else if was.iter().any(|old_way| old_way.keys().eq(new_way.keys())) {
                continue;
            } else {
                (
                    OperationRule::ApiSecurityAdded,
                    format!("access is possible with {}", show(new_way)),
                )
            };
            self.report(
                rule,
                Some(Direction::Request),
                name,
                (Some(old), Some(new)),
                text,
            );
        }
    }

    /// How the schemes that are in use are told to clients.
    pub(super) fn schemes(&mut self) {
        let schemes = |document: &'a Document| {
            document
                .place("/components")
                .map(|components| document.members(&components, "securitySchemes"))
                .unwrap_or_default()
        };
        let mut used = BTreeSet::new();
        in_use(&self.base.root, &mut used);
        let new = schemes(self.revision);
        for (name, was) in schemes(self.base) {
            let Some((_, is)) = new.iter().find(|(other, _)| *other == name) else {
                continue;
            };
            if !used.contains(name.as_str()) || was.text("type") != is.text("type") {
                continue;
            }
            let places = (Some(&was), Some(is));
            if was.text("openIdConnectUrl") != is.text("openIdConnectUrl") {
                self.report(
                    OperationRule::ApiSecurityComponentOpenIdUrlChanged,
                    None,
                    None,
                    places,
                    format!("the OpenID Connect address of `{name}` is another"),
                );
            }
            let flows = self.base.members(&was, "flows");
            let now = self.revision.members(is, "flows");
            for (kind, flow) in flows {
                let Some((_, other)) = now.iter().find(|(name, _)| *name == kind) else {
                    self.report(
                        OperationRule::ApiSecurityComponentOauthFlowRemoved,
                        None,
                        None,
                        (Some(&flow), Some(is)),
                        format!("the {kind} flow of `{name}` is gone"),
                    );
                    continue;
                };
                self.scopes(&name, &kind, &flow, other);
                for (key, rule) in [
                    (
                        "authorizationUrl",
                        OperationRule::ApiSecurityComponentOauthUrlChanged,
                    ),
                    (
                        "tokenUrl",
                        OperationRule::ApiSecurityComponentOauthTokenUrlChanged,
                    ),
                    (
                        "refreshUrl",
                        OperationRule::ApiSecurityComponentOauthTokenUrlChanged,
                    ),
                    (
                        "deviceAuthorizationUrl",
                        OperationRule::ApiSecurityComponentOauthUrlChanged,
                    ),
                ] {
                    // Tokens are refreshed where they come from, unless another URL is named.
                    let is_new = key == "refreshUrl" && flow.text(key).is_none();
                    if flow.text(key) != other.text(key) && !is_new {
                        self.report(
                            rule,
                            None,
                            None,
                            (Some(&flow), Some(other)),
                            format!("the {kind} flow of `{name}` has another `{key}`"),
                        );
                    }
                }
            }
        }
    }
}

impl<'a> Judge<'a> {
    fn scopes(&mut self, name: &str, kind: &str, old: &Located<'a>, new: &Located<'a>) {
        let scopes = |flow: &Located<'a>| -> BTreeSet<&'a str> {
            let scopes = flow.value.get("scopes").and_then(Value::as_object);
            scopes
                .map(|scopes| scopes.keys().map(String::as_str).collect())
                .unwrap_or_default()
        };
        let (was, is) = (scopes(old), scopes(new));
        let gone = was.difference(&is).map(|scope| {
            let rule = OperationRule::ApiSecurityComponentOauthScopeRemoved;
            (rule, scope, "no longer offers")
        });
        let come = is.difference(&was).map(|scope| {
            let rule = OperationRule::ApiSecurityComponentOauthScopeAdded;
            (rule, scope, "now offers")
        });
        for (rule, scope, verb) in gone.chain(come) {
            let text = format!("the {kind} flow of `{name}` {verb} the scope `{scope}`");
            self.report(rule, None, None, (Some(old), Some(new)), text);
        }
    }
}

/// The names in every `security` of a document.
fn in_use<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::Array(all) if key == "security" => {
                        let all = all.iter().filter_map(Value::as_object);
                        names.extend(
                            all.flat_map(|requirement| requirement.keys().map(String::as_str)),
                        );
                    }
                    _ if key == "components" || key.starts_with("x-") => {}
                    _ => in_use(inner, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| in_use(item, names)),
        _ => {}
    }
}

/// Schemes that must all be satisfied, each with its scopes.
type Requirement = BTreeMap<String, BTreeSet<String>>;

/// The ways to authenticate, each by what its schemes are, not by their names.
fn alternatives(document: &Document, operation: &Located<'_>) -> Vec<Requirement> {
    let stated = operation
        .value
        .get("security")
        .or_else(|| document.root.get("security"));
    let Some(Value::Array(stated)) = stated else {
        return vec![Requirement::new()];
    };
    if stated.is_empty() {
        return vec![Requirement::new()];
    }
    stated
        .iter()
        .filter_map(Value::as_object)
        .map(|alternative| {
            alternative
                .iter()
                .map(|(name, scopes)| {
                    let scopes = scopes.as_array().into_iter().flatten();
                    let scopes = scopes
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect();
                    (scheme(document, name), scopes)
                })
                .collect()
        })
        .collect()
}

fn scheme(document: &Document, name: &str) -> String {
    let place = document
        .place("/components/securitySchemes")
        .and_then(|components| document.member(&components, name));
    let Some(place) = place else {
        return format!("`{name}`");
    };
    match place.text("type") {
        Some("apiKey") => {
            let key = place.text("name").unwrap_or_default();
            let at = place.text("in").unwrap_or_default();
            let key = if at == "header" {
                key.to_ascii_lowercase()
            } else {
                key.to_owned()
            };
            format!("the key `{key}` in the {at}")
        }
        Some("http") => format!(
            "HTTP {}",
            place
                .text("scheme")
                .unwrap_or_default()
                .to_ascii_lowercase()
        ),
        Some("openIdConnect") => "OpenID Connect".to_owned(),
        Some("oauth2") => "OAuth 2".to_owned(),
        Some(other) => other.to_owned(),
        None => format!("`{name}`"),
    }
}

fn show(requirement: &Requirement) -> String {
    if requirement.is_empty() {
        return "no credentials".to_owned();
    }
    let parts: Vec<String> = requirement
        .iter()
        .map(|(scheme, scopes)| {
            if scopes.is_empty() {
                scheme.clone()
            } else {
                let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
                format!("{scheme} ({})", scopes.join(", "))
            }
        })
        .collect();
    parts.join(" and ")
}

//! Who may call.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::judge::{Judge, Scope};
use crate::document::{Document, Located};
use crate::level::Direction;
use crate::rules::OperationRule;

impl<'a> Judge<'a> {
    pub(super) fn security(&mut self, scope: &Scope, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let was = alternatives(self.base, old, self.base);
        let is = alternatives(self.revision, new, self.base);
        let (were, are) = (Ways::of(&was), Ways::of(&is));
        for old_way in &was {
            if are.any_eases(old_way) {
                continue;
            }
            let way = show(old_way);
            let wider = are.with_schemes_of(old_way);
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
            if were.all.contains(new_way) {
                continue;
            }
            let fewer = were.any_is_eased_by(new_way);
            let (rule, text) = if fewer {
                (
                    OperationRule::ApiSecurityScopeRemoved,
                    format!("access now needs no more than {}", show(new_way)),
                )
            } else if were.with_schemes_of(new_way).is_some() {
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
        let new: HashMap<_, _> = schemes(self.revision).into_iter().collect();
        for (name, was) in schemes(self.base) {
            let Some(is) = new.get(&name) else {
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
            let [before, after] = [&was, is].map(|scheme| scheme.text("oauth2MetadataUrl"));
            if before.is_some() && before != after {
                self.report(
                    OperationRule::ApiSecurityComponentOauthUrlChanged,
                    None,
                    None,
                    places,
                    format!("the OAuth 2 metadata of `{name}` is at another address"),
                );
            }
            let flows = self.base.members(&was, "flows");
            let now: HashMap<_, _> = self.revision.members(is, "flows").into_iter().collect();
            for (kind, flow) in flows {
                let Some(other) = now.get(&kind) else {
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

/// A scheme, or one of its scopes.
type Part<'r> = (&'r str, Option<&'r str>);

/// The schemes of a requirement, each before its scopes.
fn parts(way: &Requirement) -> impl Iterator<Item = Part<'_>> {
    way.iter().flat_map(|(scheme, scopes)| {
        let scopes = scopes.iter().map(|scope| Some(scope.as_str()));
        std::iter::once(None)
            .chain(scopes)
            .map(move |scope| (scheme.as_str(), scope))
    })
}

/// Returns whether whoever keeps the old requirement keeps the new one.
fn eases(new: &Requirement, old: &Requirement) -> bool {
    new.iter().all(|(scheme, scopes)| {
        old.get(scheme)
            .is_some_and(|allowed| scopes.is_subset(allowed))
    })
}

/// Ways to authenticate, to be looked up: a document can have very many.
struct Ways<'r> {
    all: HashSet<&'r Requirement>,
    /// The first with these schemes, whatever the scopes.
    by_schemes: HashMap<Vec<&'r str>, &'r Requirement>,
    by_last_part: HashMap<Option<Part<'r>>, Vec<&'r Requirement>>,
    by_part: HashMap<Part<'r>, Vec<&'r Requirement>>,
}

impl<'r> Ways<'r> {
    fn of(all: &'r [Requirement]) -> Self {
        let mut ways = Ways {
            all: all.iter().collect(),
            by_schemes: HashMap::new(),
            by_last_part: HashMap::new(),
            by_part: HashMap::new(),
        };
        for way in all {
            let schemes = way.keys().map(String::as_str).collect();
            ways.by_schemes.entry(schemes).or_insert(way);
            let last = ways.by_last_part.entry(parts(way).last()).or_default();
            last.push(way);
            for part in parts(way) {
                ways.by_part.entry(part).or_default().push(way);
            }
        }
        ways
    }

    fn with_schemes_of(&self, way: &Requirement) -> Option<&'r Requirement> {
        let schemes: Vec<&str> = way.keys().map(String::as_str).collect();
        self.by_schemes.get(&schemes).copied()
    }

    /// Returns whether one of these asks for no more than another way.
    fn any_eases(&self, other: &Requirement) -> bool {
        let parts = parts(other).map(Some).chain([None]);
        let mut likely = parts.filter_map(|part| self.by_last_part.get(&part));
        likely.any(|ways| ways.iter().any(|way| eases(way, other)))
    }

    /// Returns whether another way has the schemes of one of these, and asks for no more.
    fn any_is_eased_by(&self, other: &Requirement) -> bool {
        let last = parts(other).last();
        let likely = last.and_then(|last| self.by_part.get(&last));
        let mut likely = likely.into_iter().flatten();
        likely.any(|way| way.keys().eq(other.keys()) && eases(other, way))
    }
}

/// The ways to authenticate, each by what its schemes are, not by their names.
fn alternatives(document: &Document, operation: &Located<'_>, base: &Document) -> Vec<Requirement> {
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
                    (scheme(document, name, base), scopes)
                })
                .collect()
        })
        .collect()
}

/// What a scheme is to a client. Where a scheme is that the old document has as well,
/// [`Judge::schemes`] compares; another is told from others by that.
fn scheme(document: &Document, name: &str, base: &Document) -> String {
    fn find<'a>(document: &'a Document, name: &str) -> Option<Located<'a>> {
        let components = document.place("/components/securitySchemes")?;
        // What resolves a reference needs the components no longer.
        let place = components.raw_member(name)?;
        document.place(&place.pointer)
    }
    let place = find(document, name);
    let old = find(base, name);
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
        Some(kind @ ("openIdConnect" | "oauth2")) => {
            let name = if kind == "oauth2" {
                "OAuth 2"
            } else {
                "OpenID Connect"
            };
            let old = old.filter(|old| old.text("type") == Some(kind));
            let at = addresses(&old.unwrap_or(place));
            if at.is_empty() {
                name.to_owned()
            } else {
                format!("{name} at {}", at.join(" and "))
            }
        }
        Some(other) => other.to_owned(),
        None => format!("`{name}`"),
    }
}

/// Where clients go to be authenticated.
fn addresses<'a>(scheme: &Located<'a>) -> Vec<&'a str> {
    let flows = scheme.value.get("flows").and_then(Value::as_object);
    let flows = flows.into_iter().flat_map(|flows| flows.values());
    let of_flows = flows.flat_map(|flow| {
        let urls = ["authorizationUrl", "tokenUrl"].map(|key| flow.get(key)?.as_str());
        urls.into_iter().flatten()
    });
    let urls: BTreeSet<&str> = scheme
        .text("openIdConnectUrl")
        .into_iter()
        .chain(of_flows)
        .collect();
    urls.into_iter().collect()
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

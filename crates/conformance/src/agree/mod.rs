//! Whether the statements of the API say the same.
//!
//! [`agree`] compares any number of readings, each made from its own source:
//! the protos, the contract, and the OpenAPI document as derived or as
//! published. It compares whatever a JSON client or a gRPC client would notice:
//! operations with their verb, path, parameters, body, status, reply and
//! failures; types with their properties, and of each its name, type, values,
//! direction, whether it has to be given and whether it may be null. What a
//! schema says beyond that is compared among those that have schemas.
//!
//! What no other statement has a word for is not seen here: the numbers of
//! fields and of enum values, options of a single language, and prose. `buf
//! breaking` watches the numbers.

mod difference;
mod subject;

use std::collections::{BTreeMap, BTreeSet};

pub use self::difference::{Difference, merge};
use self::subject::{Aspect, Subject};
use crate::api::{Api, Body, Kind, Operation, Place, Property, Rules, Shape, Type};
use crate::aspects;

/// Compares readings of the API with each other and returns every difference,
/// and everything in one of them that no other could match.
#[must_use]
pub fn agree(readings: &[&Api]) -> Vec<Difference> {
    let mut comparison = Comparison {
        readings,
        by_direction: readings.iter().any(|api| !api.keeps_conventions),
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    comparison.problems();
    comparison.base_paths();
    comparison.operations();
    comparison.found
}

/// Something that a reading states.
struct Claim<'a, T: ?Sized> {
    api: &'a Api,
    place: &'a Place,
    value: &'a T,
}

// Derived, these would ask the same of T.
impl<T: ?Sized> Clone for Claim<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: ?Sized> Copy for Claim<'_, T> {}

impl<'a, T: ?Sized> Claim<'a, T> {
    fn part<U>(self, value: &'a U) -> Claim<'a, U> {
        let Self { api, place, .. } = self;
        Claim { api, place, value }
    }
}

/// Which way a value goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Request,
    Reply,
}

/// Types that stand for each other: which way they go where that matters, and their names
/// in the readings.
type Pairing<'a> = (Option<Direction>, Vec<Option<&'a str>>);

struct Comparison<'a> {
    readings: &'a [&'a Api],
    /// Whether requests are compared on what requests say, and replies on what replies
    /// say. The statements of another API share a type between the two, or do not; ours
    /// say the same in both.
    by_direction: bool,
    /// Types that have been compared.
    seen: BTreeSet<Pairing<'a>>,
    found: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    fn report(
        &mut self,
        subject: Subject<'_>,
        Aspect(aspect, lead): Aspect,
        groups: &[(String, Vec<(&Api, &Place)>)],
    ) {
        debug_assert!(aspects::is_known(aspect), "add {aspect} to the aspects");
        let said = groups.iter().map(|(what, who)| {
            let who: Vec<_> = who.iter().map(|(api, _)| api.name.as_str()).collect();
            format!("{what} in {}", join(&who))
        });
        let said: Vec<_> = said.collect();
        let members = groups.iter().flat_map(|(_, who)| who);
        self.found.push(Difference {
            subject: subject.written(subject.owner),
            resource: subject.written(subject.resource),
            aspect,
            groups: groups
                .iter()
                .map(|(_, who)| who.iter().map(|(api, _)| api.side).collect())
                .collect(),
            message: format!("{lead} {}", said.join(", but ")),
            places: members.map(|(_, place)| (*place).clone()).collect(),
        });
    }

    /// Compares what is said about one fact. Who says nothing is left out.
    fn fact<T: ?Sized, V>(
        &mut self,
        subject: Subject<'_>,
        aspect: Aspect,
        claims: &[Claim<'a, T>],
        said: impl Fn(&'a T) -> Option<V>,
        same: impl Fn(&V, &V) -> bool,
        show: impl Fn(&V) -> String,
    ) {
        let mut values = claims.iter().filter_map(|claim| said(claim.value));
        let agreed = values
            .next()
            .is_none_or(|first| values.all(|value| same(&first, &value)));
        if agreed {
            return;
        }
        let mut groups: Vec<(V, Vec<(&Api, &Place)>)> = Vec::new();
        for claim in claims {
            let Some(value) = said(claim.value) else {
                continue;
            };
            let who = (claim.api, claim.place);
            match groups.iter_mut().find(|(one, _)| same(one, &value)) {
                Some((_, members)) => members.push(who),
                None => groups.push((value, vec![who])),
            }
        }
        let groups: Vec<_> = groups
            .into_iter()
            .map(|(value, who)| (show(&value), who))
            .collect();
        self.report(subject, aspect, &groups);
    }

    fn flag<T>(
        &mut self,
        subject: Subject<'_>,
        name: &'static str,
        claims: &[Claim<'a, T>],
        said: impl Fn(&'a T) -> bool,
    ) {
        self.flag_of(subject, Aspect(name, "it is"), claims, said);
    }

    /// Compares whether something is as the aspect is called.
    fn flag_of<T>(
        &mut self,
        subject: Subject<'_>,
        aspect: Aspect,
        claims: &[Claim<'a, T>],
        said: impl Fn(&'a T) -> bool,
    ) {
        let Aspect(name, _) = aspect;
        let show = |is: &bool| format!("{}{name}", if *is { "" } else { "not " });
        let said = |value| Some(said(value));
        self.fact(subject, aspect, claims, said, bool::eq, show);
    }

    fn text<T: ?Sized>(
        &mut self,
        subject: Subject<'_>,
        aspect: Aspect,
        claims: &[Claim<'a, T>],
        said: impl Fn(&'a T) -> Option<&'a str>,
    ) {
        let show = |text: &&str| (*text).to_owned();
        self.fact(subject, aspect, claims, said, |a, b| a == b, show);
    }

    fn problems(&mut self) {
        for api in self.readings {
            for problem in &api.problems {
                self.found.push(Difference {
                    subject: problem.subject.clone(),
                    resource: problem.subject.clone(),
                    aspect: problem.aspect,
                    groups: vec![vec![api.side]],
                    message: format!("{}, in {}", problem.message, api.name),
                    places: vec![problem.place.clone()],
                });
            }
        }
    }

    /// The direction, if it matters.
    fn going(&self, direction: Direction) -> Option<Direction> {
        self.by_direction.then_some(direction)
    }

    fn base_paths(&mut self) {
        let claims: Vec<_> = self
            .readings
            .iter()
            .map(|api| Claim {
                api,
                place: &api.place,
                value: *api,
            })
            .collect();
        let aspect = Aspect("base-path", "every path is below");
        self.text(Subject::of("the API"), aspect, &claims, |api| {
            api.base_path.as_deref()
        });
    }

    /// Reports who lacks something that others have.
    fn presence<T>(
        &mut self,
        subject: Subject<'_>,
        claims: &[Claim<'a, T>],
        absent: &[(&Api, &Place)],
    ) {
        if !absent.is_empty() {
            let present = claims
                .iter()
                .map(|claim| (claim.api, claim.place))
                .collect();
            let groups = [
                ("stated".to_owned(), present),
                ("absent".to_owned(), absent.to_vec()),
            ];
            self.report(subject, Aspect("presence", "it is"), &groups);
        }
    }

    fn operations(&mut self) {
        let readings = self.readings;
        let ids: BTreeSet<_> = readings
            .iter()
            .flat_map(|api| api.operations.keys())
            .collect();
        for id in ids {
            let mut claims = Vec::new();
            let mut absent = Vec::new();
            for api in readings {
                match api.operations.get(id) {
                    Some(operation) => claims.push(Claim {
                        api,
                        place: &operation.place,
                        value: operation,
                    }),
                    None => absent.push((*api, &api.place)),
                }
            }
            self.presence(Subject::of(id), &claims, &absent);
            self.operation(id, &claims);
        }
    }

    fn operation(&mut self, id: &'a str, claims: &[Claim<'a, Operation>]) {
        let subject = Subject::of(id);
        let at = |name, lead| Aspect(name, lead);
        self.text(
            subject,
            at("method", "the method is"),
            claims,
            |operation| Some(&operation.method),
        );
        self.text(subject, at("path", "the path is"), claims, |operation| {
            Some(&operation.path)
        });
        self.text(subject, at("status", "success is"), claims, |operation| {
            (!operation.status.is_empty()).then_some(&*operation.status)
        });
        self.flag(subject, "deprecated", claims, |operation| {
            operation.deprecated
        });
        self.flag(subject, "paged", claims, |operation| operation.paged);
        self.groups(id, claims);
        self.parameters(id, "/{", claims, |operation| &operation.path_parameters);
        self.parameters(id, "?", claims, |operation| &operation.query);
        self.bodies(subject, claims);
        self.replies(subject, claims);
        self.http(subject, claims);
    }

    /// Services and tags have names of their own. What they have to agree on is
    /// which operations belong together.
    fn groups(&mut self, id: &str, claims: &[Claim<'a, Operation>]) {
        let first_of = |api: &'a Api, group: &str| {
            let mut operations = api.operations.iter();
            operations
                .find(|(_, operation)| operation.group == group)
                .map_or("", |(id, _)| id.as_str())
        };
        let firsts: Vec<_> = claims
            .iter()
            .map(|claim| first_of(claim.api, &claim.value.group))
            .collect();
        let claims: Vec<_> = claims
            .iter()
            .zip(&firsts)
            .map(|(claim, first)| (claim.api, claim.place, *first))
            .collect();
        let differs = claims.iter().any(|(_, _, first)| *first != claims[0].2);
        if differs {
            let groups: Vec<_> = claims
                .iter()
                .map(|(api, place, first)| ((*first).to_owned(), vec![(*api, *place)]))
                .collect();
            self.report(
                Subject::of(id),
                Aspect("group", "it is in one service or tag with"),
                &merged(groups),
            );
        }
    }

    fn parameters(
        &mut self,
        id: &'a str,
        separator: &'a str,
        claims: &[Claim<'a, Operation>],
        of: impl Fn(&'a Operation) -> &'a BTreeMap<String, Property>,
    ) {
        let owner = Subject {
            separator,
            ..Subject::of(id)
        };
        let claims: Vec<_> = claims
            .iter()
            .map(|claim| claim.part(of(claim.value)))
            .collect();
        let request = self.going(Direction::Request);
        self.properties(owner, &claims, request, false);
    }

    fn bodies(&mut self, subject: Subject<'_>, claims: &[Claim<'a, Operation>]) {
        let body = Aspect("body", "the body is");
        let same = |one: &&Body, other: &&Body| match (one, other) {
            (Body::Json(one), Body::Json(other)) => one.is_like(other),
            (one, other) => one == other,
        };
        let show = |body: &&Body| body.to_string();
        self.fact(
            subject,
            body,
            claims,
            |operation| Some(&operation.body),
            same,
            show,
        );
        self.fact(
            subject,
            Aspect("body-required", "a body is"),
            claims,
            |operation| Some(operation.body_required),
            bool::eq,
            |is| (if *is { "required" } else { "optional" }).to_owned(),
        );
        let shapes: Vec<_> = claims
            .iter()
            .filter_map(|claim| match &claim.value.body {
                Body::Json(shape) => Some(claim.part(shape)),
                _ => None,
            })
            .collect();
        let request = self.going(Direction::Request);
        self.shapes(subject, &shapes, request);
    }

    fn replies(&mut self, subject: Subject<'_>, claims: &[Claim<'a, Operation>]) {
        self.fact(
            subject,
            Aspect("reply", "the reply is"),
            claims,
            |operation| Some(operation.reply.as_ref()),
            |one, other| match (one, other) {
                (Some(one), Some(other)) => one.is_like(other),
                (one, other) => one.is_none() && other.is_none(),
            },
            |reply| reply.map_or_else(|| "nothing".to_owned(), Shape::to_string),
        );
        let shapes: Vec<_> = claims
            .iter()
            .filter_map(|claim| Some(claim.part(claim.value.reply.as_ref()?)))
            .collect();
        let reply = self.going(Direction::Reply);
        self.shapes(subject, &shapes, reply);
    }

    fn http(&mut self, subject: Subject<'_>, claims: &[Claim<'a, Operation>]) {
        let claims: Vec<_> = claims
            .iter()
            .filter_map(|claim| Some(claim.part(claim.value.http.as_ref()?)))
            .collect();
        self.flag(subject, "authenticated", &claims, |http| http.authenticated);
        self.fact(
            subject,
            Aspect("headers", "the headers are"),
            &claims,
            |http| Some(&http.headers),
            PartialEq::eq,
            |headers| join(&headers.iter().map(String::as_str).collect::<Vec<_>>()),
        );
        let tag = Aspect("tag", "the tag is");
        self.text(subject, tag, &claims, |http| Some(&http.tag));
        let types = Aspect("content-types", "a file is of type");
        self.text(subject, types, &claims, |http| Some(&http.content_types));
        self.fact(
            subject,
            Aspect("failures", "the failures are"),
            &claims,
            |http| Some(&http.failures),
            |one, other| {
                one.len() == other.len()
                    && one.iter().zip(*other).all(|(one, other)| {
                        one.0 == other.0
                            && one.1.headers == other.1.headers
                            && one.1.body.is_like(&other.1.body)
                    })
            },
            |failures| {
                let each = failures
                    .iter()
                    .map(|(status, failure)| format!("{status} with {failure}"));
                each.collect::<Vec<_>>().join(", ")
            },
        );
        let statuses: BTreeSet<_> = claims
            .iter()
            .flat_map(|claim| claim.value.failures.keys())
            .collect();
        for status in statuses {
            let shapes: Vec<_> = claims
                .iter()
                .filter_map(|claim| Some(claim.part(&claim.value.failures.get(status)?.body)))
                .collect();
            let reply = self.going(Direction::Reply);
            self.shapes(subject, &shapes, reply);
        }
    }

    /// Compares types that stand for each other, once.
    fn types(&mut self, names: &[(&'a Api, &'a str)], direction: Option<Direction>) {
        let names_in_readings = self
            .readings
            .iter()
            .map(|reading| {
                let name = names.iter().find(|(api, _)| std::ptr::eq(*api, *reading));
                name.map(|(_, name)| *name)
            })
            .collect();
        if names.len() < 2 || !self.seen.insert((direction, names_in_readings)) {
            return;
        }
        let owner = names.last().map_or("", |(_, name)| name);
        let mut claims: Vec<Claim<'a, Type>> = Vec::new();
        let mut fixed_names = Vec::new();
        let mut absent = Vec::new();
        for (api, name) in names {
            match api.types.get(*name) {
                Some(object) => {
                    let place = &object.place;
                    claims.push(Claim {
                        api,
                        place,
                        value: object,
                    });
                    if object.named {
                        fixed_names.push(Claim {
                            api,
                            place,
                            value: *name,
                        });
                    }
                }
                None => absent.push((*api, &api.place)),
            }
        }
        let resource = claims
            .iter()
            .find_map(|claim| claim.value.view_of.as_deref());
        let subject = Subject {
            resource: resource.unwrap_or(owner),
            ..Subject::of(owner)
        };
        self.presence(subject, &claims, &absent);
        self.text(subject, Aspect("name", "it is called"), &fixed_names, Some);
        self.fact(
            subject,
            Aspect("undeclared", "a property that is not declared is"),
            &claims,
            |object| Some(object.undeclared),
            PartialEq::eq,
            ToString::to_string,
        );
        self.flag(subject, "deprecated", &claims, |object| object.deprecated);
        self.rules(subject, &claims, |object| object.rules.as_ref());
        let properties: Vec<_> = claims
            .iter()
            .map(|claim| claim.part(&claim.value.properties))
            .collect();
        let owner = Subject {
            separator: ".",
            ..subject
        };
        let of_patch = claims.iter().any(|claim| claim.value.is_patch);
        self.properties(owner, &properties, direction, of_patch);
    }

    fn rules<T>(
        &mut self,
        subject: Subject<'_>,
        claims: &[Claim<'a, T>],
        said: impl Fn(&'a T) -> Option<&'a Rules>,
    ) {
        let aspect = Aspect("rules", "the schema also says");
        let show = |rules: &&Rules| {
            let each = rules.iter().map(|(name, rule)| format!("{name} {rule}"));
            let each: Vec<_> = each.collect();
            if each.is_empty() {
                "nothing".to_owned()
            } else {
                each.join(", ")
            }
        };
        self.fact(subject, aspect, claims, said, PartialEq::eq, show);
    }

    fn properties(
        &mut self,
        owner: Subject<'_>,
        claims: &[Claim<'a, BTreeMap<String, Property>>],
        direction: Option<Direction>,
        of_patch: bool,
    ) {
        let names: BTreeSet<_> = claims.iter().flat_map(|claim| claim.value.keys()).collect();
        for name in names {
            let subject = Subject { name, ..owner };
            let mut holders = Vec::with_capacity(claims.len());
            let mut absent = Vec::new();
            for all in claims {
                match all.value.get(name) {
                    Some(property) => holders.push(Claim {
                        api: all.api,
                        place: &property.place,
                        value: property,
                    }),
                    None => absent.push((all.api, all.place)),
                }
            }
            // Who leaves it out of a request, or of a reply, says the same as who marks it.
            let is_elsewhere = holders.iter().all(|holder| match direction {
                Some(Direction::Request) => holder.value.read_only,
                Some(Direction::Reply) => holder.value.write_only,
                None => false,
            });
            if !is_elsewhere {
                self.presence(subject, &holders, &absent);
            }
            self.property(subject, &holders, direction, of_patch);
        }
    }

    fn property(
        &mut self,
        subject: Subject<'_>,
        claims: &[Claim<'a, Property>],
        direction: Option<Direction>,
        of_patch: bool,
    ) {
        // Protos have no word for what is in every reply (AIP-203).
        if direction != Some(Direction::Reply) {
            let of_requests = direction.is_some();
            // A patch requires nothing of what it changes, whatever is marked as REQUIRED.
            let lead = if of_patch {
                "in a PATCH it is"
            } else {
                "it is"
            };
            let aspect = Aspect("required", lead);
            self.flag_of(subject, aspect, claims, |property| {
                property.required && !(of_requests && property.read_only)
            });
            self.flag(subject, "read-only", claims, |property| property.read_only);
        }
        if direction != Some(Direction::Request) {
            self.flag(subject, "write-only", claims, |property| {
                property.write_only
            });
        }
        self.flag(subject, "deprecated", claims, |property| {
            property.deprecated
        });
        let shapes: Vec<_> = claims
            .iter()
            .map(|claim| claim.part(&claim.value.shape))
            .collect();
        self.fact(
            subject,
            Aspect("type", "it is"),
            &shapes,
            Some,
            |one, other| one.is_like(other),
            ToString::to_string,
        );
        self.shapes(subject, &shapes, direction);
    }

    /// Compares what is behind the type: values, nullability, rules, and the
    /// properties of objects.
    fn shapes(
        &mut self,
        subject: Subject<'_>,
        claims: &[Claim<'a, Shape>],
        direction: Option<Direction>,
    ) {
        self.fact(
            subject,
            Aspect("null", "null is"),
            claims,
            |shape| shape.nullable,
            bool::eq,
            |is| (if *is { "allowed" } else { "not allowed" }).to_owned(),
        );
        let any_order = self.by_direction;
        self.fact(
            subject,
            Aspect("values", "it is"),
            claims,
            |shape| Some(shape.kind.values()),
            // Their order means nothing, but for the readers of our own documents.
            |one, other| match (one, other) {
                (Some(one), Some(other)) if any_order => {
                    one.iter().collect::<BTreeSet<_>>() == other.iter().collect()
                }
                (one, other) => one == other,
            },
            |values| match values {
                Some(values) => format!("one of {}", values.join(", ")),
                None => "any string".to_owned(),
            },
        );
        let enums: Vec<_> = claims
            .iter()
            .filter(|claim| claim.value.kind.values().is_some())
            .copied()
            .collect();
        let name = Aspect("enum-name", "its type is called");
        self.text(subject, name, &enums, |shape| {
            Some(shape.kind.enum_name().unwrap_or("nothing"))
        });
        self.rules(subject, claims, |shape| shape.rules.as_ref());
        let objects: Vec<_> = claims
            .iter()
            .filter_map(|claim| match &claim.value.kind {
                Kind::Object(name) => Some((claim.api, name.as_str())),
                _ => None,
            })
            .collect();
        self.types(&objects, direction);
        let values: Vec<_> = claims
            .iter()
            .filter_map(|claim| match &claim.value.kind {
                Kind::Map(value) => Some(claim.part(&**value)),
                _ => None,
            })
            .collect();
        if values.len() > 1 {
            self.shapes(subject, &values, direction);
        }
    }
}

/// Puts those together that say the same.
fn merged<'a>(
    said: Vec<(String, Vec<(&'a Api, &'a Place)>)>,
) -> Vec<(String, Vec<(&'a Api, &'a Place)>)> {
    let mut groups: Vec<(String, Vec<(&Api, &Place)>)> = Vec::new();
    for (what, who) in said {
        match groups.iter_mut().find(|(one, _)| *one == what) {
            Some((_, members)) => members.extend(who),
            None => groups.push((what, who)),
        }
    }
    groups
}

fn join(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

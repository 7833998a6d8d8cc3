//! Faults that are seen only by who looks at what is missing, or at requests that nobody
//! makes by accident.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use conformance::verify::{Law, Laws};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::faults::{UNDECLARED, check, claims, each, replace};
use crate::faulty::{Answered, Asked, Fault, Faulty, serious};

/// Takes a property from the elements of a list.
fn lacks(path: &'static str, name: &'static str) -> Fault {
    Fault::in_replies(move |asked, answered| {
        let is_selected = asked.has("select");
        if asked.is("GET", path) && answered.status == StatusCode::OK && !is_selected {
            each(asked, answered, path, |thing| {
                drop(thing.as_object_mut().map(|thing| thing.remove(name)));
            });
        }
    })
}

#[tokio::test]
async fn a_list_that_lacks_a_property_that_a_read_has() {
    let fault = lacks("/users", "settings");
    check(Law::ReadIsWhatIsListed, "/users", false, fault).await;
}

#[tokio::test]
async fn a_list_that_lacks_a_property_that_was_written() {
    let fault = lacks("/forms", "pointsByBot");
    check(Law::ListShowsWhatWasWritten, "/forms", true, fault).await;
}

/// Tells the token of a caller in refusals with a status.
fn tells_token(status: StatusCode) -> Fault {
    Fault::in_replies(move |asked, answered| {
        let token = asked.headers.get("authorization");
        if asked.is_of_laws()
            && answered.status == status
            && let Some(token) = token.and_then(|token| token.to_str().ok())
        {
            let message = answered.body["error"]["message"].as_str();
            let message = format!("{}: {token}", message.unwrap_or_default());
            answered.body["error"]["message"] = message.into();
        }
    })
}

#[tokio::test]
async fn a_token_in_the_message_of_an_error() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND] {
        check(Law::SecretStaysSecret, "/bots", true, tells_token(status)).await;
    }
}

#[tokio::test]
async fn a_token_in_a_header_of_every_reply() {
    let fault = Fault::in_replies(|asked, answered| {
        if let Some(token) = asked
            .headers
            .get("authorization")
            .filter(|_| asked.is_of_laws())
        {
            answered.headers.insert("x-echo", token.clone());
        }
    });
    check(Law::SecretStaysSecret, "/forms", false, fault).await;
}

/// Takes the parameter that nobody declares from requests to a path that ends so.
fn takes_undeclared(method: &'static str, end: &'static str) -> Fault {
    Fault::in_requests(move |asked| {
        let is_meant = match end {
            "" => true,
            end => asked.path.ends_with(end),
        };
        if asked.is_of_laws() && asked.method == method && is_meant && asked.has(UNDECLARED) {
            asked.query.clear();
        }
    })
}

#[tokio::test]
async fn an_undeclared_parameter_that_is_taken_by_what_writes() {
    let law = Law::UndeclaredParameterRefused;
    for (method, end, only) in [
        ("POST", "/bots", "/bots"),
        (
            "POST",
            "/categories",
            "/organizations/{organization_id}/categories",
        ),
        ("POST", "/auth/token", "/auth"),
        ("DELETE", "", "/forms"),
        ("DELETE", "/avatar", "/users"),
        ("POST", "/avatar", "/users"),
    ] {
        check(law, only, true, takes_undeclared(method, end)).await;
    }
}

/// Whose token is taken for the good one.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Foreign,
    Limited,
}

/// Takes the token of another caller for the good one, in requests to paths that end so.
fn takes_others(whose: Whose, method: &'static str, end: &'static str) -> Fault {
    let good: Mutex<Option<HeaderValue>> = Mutex::default();
    Fault::in_requests(move |asked| {
        let Some(there) = asked.headers.get("authorization").cloned() else {
            return;
        };
        if !asked.is_of_laws() {
            return;
        }
        let mut good = good.lock().expect("no fault panics");
        let good = good.get_or_insert_with(|| there.clone());
        let (Some(own), Some(others)) = (claims(good), claims(&there)) else {
            return;
        };
        // An expired token and a forged one are those of the same user.
        let is_it = own["_id"] != others["_id"]
            && (own["organization"] != others["organization"]) == (whose == Whose::Foreign);
        if is_it && asked.method == method && asked.path.ends_with(end) {
            asked.headers.insert("authorization", good.clone());
        }
    })
}

#[tokio::test]
async fn another_caller_who_may_do_what_nothing_else_tries() {
    use Whose::{Foreign, Limited};
    for (whose, method, end, only) in [
        (Foreign, "GET", "/members", "/orggroups"),
        (Foreign, "POST", "/members", "/orggroups"),
        (Foreign, "GET", "/workflows", ""),
        (Foreign, "POST", "/fields", "/forms"),
        (Foreign, "POST", "/avatar", "/users"),
        (Foreign, "DELETE", "/avatar", "/users"),
        (Limited, "POST", "/users", "/users"),
    ] {
        let law = match whose {
            Foreign => Law::ForeignIsHidden,
            Limited => Law::LimitedTokenRefused,
        };
        check(law, only, true, takes_others(whose, method, end)).await;
    }
}

#[tokio::test]
async fn a_refusal_that_tells_that_there_is_something() {
    let fault = Fault::in_replies(|asked, answered| {
        let is_hidden = answered.status == StatusCode::NOT_FOUND;
        if asked.is_of_laws() && asked.is_of("GET", "/forms") && is_hidden {
            let error = &mut answered.body["error"];
            error["code"] = 403.into();
            error["status"] = "PERMISSION_DENIED".into();
            error["details"][0]["reason"] = "PERMISSION_DENIED".into();
            answered.status = StatusCode::FORBIDDEN;
        }
    });
    check(Law::ForeignIsHidden, "/forms", true, fault).await;
}

/// Gives the reply to another member of a group.
fn adds(change: fn(&Asked, &mut Answered)) -> Fault {
    Fault::in_replies(move |asked, answered| {
        let adds = asked.method == "POST" && asked.path.ends_with("/members");
        if asked.is_of_laws() && adds && answered.status == StatusCode::CREATED {
            change(asked, answered);
        }
    })
}

#[tokio::test]
async fn a_location_of_what_is_added_that_leads_to_another_kind() {
    let fault = adds(|_, answered| {
        let place = answered.headers["location"].to_str().expect("ASCII");
        let place = place.replace("orggroups", "bots");
        let place = place.parse().expect("a header");
        answered.headers.insert("location", place);
    });
    check(Law::LocationLeadsToCreated, "/orggroups", true, fault).await;
}

#[tokio::test]
async fn a_reply_that_lacks_what_was_added() {
    let fault = adds(|_, answered| answered.body = json!([]));
    check(Law::CreatedAsSent, "/orggroups", true, fault).await;
}

/// Gives refusals for one reason another one.
fn reasons(from: &'static str, to: &'static str) -> Fault {
    Fault::in_replies(move |asked, answered| {
        let reason = answered.body.pointer_mut("/error/details/0/reason");
        if let Some(reason) = reason.filter(|reason| *reason == from && asked.is_of_laws()) {
            *reason = to.into();
        }
    })
}

#[tokio::test]
async fn a_refusal_of_a_token_for_another_reason() {
    for (from, to) in [
        ("TOKEN_MISSING", "TOKEN_EXPIRED"),
        ("TOKEN_EXPIRED", "TOKEN_INVALID"),
        ("TOKEN_SIGNATURE_INVALID", "TOKEN_INVALID"),
    ] {
        let fault = reasons(from, to);
        check(Law::ErrorReasonInTable, "/forms", false, fault).await;
    }
}

#[tokio::test]
async fn a_violation_without_its_path() {
    let fault = Fault::in_replies(|asked, answered| {
        if !asked.is_of_laws() || answered.status != StatusCode::BAD_REQUEST {
            return;
        }
        let details = answered.body.pointer_mut("/error/details");
        let details = details.and_then(Value::as_array_mut).into_iter().flatten();
        for detail in details {
            let violations = detail.get_mut("fieldViolations");
            let violations = violations.and_then(Value::as_array_mut);
            for violation in violations.into_iter().flatten() {
                let field = violation["field"].as_str().unwrap_or_default();
                violation["field"] = field.rsplit('.').next().into();
            }
        }
    });
    check(Law::ErrorNamesTheCause, "/users", true, fault).await;
}

#[tokio::test]
async fn a_read_only_property_that_is_refused() {
    let fault = Fault::in_replies(|asked, answered| {
        let is_set = asked.body["updatedAt"].is_string();
        if is_set && asked.is_of("PATCH", "/forms") && answered.status == StatusCode::OK {
            answered.status = StatusCode::BAD_REQUEST;
            answered.body = json!({ "error": {
                "code": 400,
                "message": "updatedAt cannot be set",
                "status": "INVALID_ARGUMENT",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "INVALID_REQUEST",
                        "domain": "web1on1.chat"
                    },
                    {
                        "@type": "type.googleapis.com/google.rpc.BadRequest",
                        "fieldViolations": [
                            { "field": "updatedAt", "description": "it cannot be set" }
                        ]
                    }
                ]
            } });
        }
    });
    check(Law::ReadOnlyIsIgnored, "/forms", true, fault).await;
}

/// Sets to null what an object in a change does not name of what it was created with.
fn replaces(collection: &'static str, name: &'static str) -> Fault {
    let known: Mutex<BTreeMap<String, Value>> = Mutex::default();
    let known = Arc::new(known);
    let seen = Arc::clone(&known);
    Fault {
        request: Arc::new(move |asked| {
            let known = known.lock().expect("no fault panics");
            let before = known.get(&asked.path).and_then(Value::as_object);
            let part = asked.body.get_mut(name).and_then(Value::as_object_mut);
            if let (Some(before), Some(part)) = (before, part)
                && asked.method == "PATCH"
                && !part.is_empty()
                && part.values().all(|value| !value.is_null())
            {
                for key in before.keys() {
                    part.entry(key).or_insert(Value::Null);
                }
            }
        }),
        reply: Arc::new(move |asked, answered| {
            let Some(id) = answered.body["id"].as_str() else {
                return;
            };
            let is_one = answered.status.is_success() && asked.path.starts_with(collection);
            if asked.is_of_laws() && is_one && answered.body[name].is_object() {
                let path = format!("{collection}/{id}");
                let mut seen = seen.lock().expect("no fault panics");
                seen.insert(path, answered.body[name].clone());
            }
        }),
    }
}

#[tokio::test]
async fn a_patch_that_replaces_a_part_whole() {
    for (collection, names, beside) in [
        ("/users", &["meta", "settings"][..], "/users"),
        ("/bots", &["meta"], "/bots"),
        ("/botinstances", &["meta"], "/bots"),
        (
            "/organizations",
            &["meta", "settings", "dataRetention"],
            "/forms",
        ),
    ] {
        for name in names {
            let backend = Faulty::start(replaces(collection, name)).await;
            let laws = Laws {
                only: vec![collection.to_owned(), beside.to_owned()],
                ..Laws::default()
            };
            let found = serious(&backend.verify(laws, true).await);
            let law = Law::PatchChangesNothingElse.id();
            let told = found.iter().filter(|line| line.starts_with(law));
            let told = told.filter(|line| line.contains(&format!("{name}.")));
            assert!(told.count() > 0, "{collection} {name}: {found:#?}");
        }
    }
}

/// Checks that a filter that is ignored is found where its values are declared.
async fn check_filter(collection: &'static str, filter: &'static str, beside: &str) {
    let fault = Fault::in_requests(move |asked| {
        let is_wrong = asked.query.contains("no-such-value") || asked.query.contains("perhaps");
        if asked.is_of_laws() && asked.is("GET", collection) && !is_wrong {
            replace(asked, filter, |value| value.is_empty().then(String::new));
        }
    });
    let backend = Faulty::start(fault).await;
    let laws = Laws {
        only: vec![collection.to_owned(), beside.to_owned()],
        ..Laws::default()
    };
    let found = serious(&backend.verify(laws, true).await);
    let law = Law::FilterSelects.id();
    let told = found.iter().filter(|line| line.starts_with(law));
    let told = told.filter(|line| line.contains(&format!("`{filter}`")));
    assert!(told.count() > 0, "{collection} {filter}: {found:#?}");
}

#[tokio::test]
async fn a_filter_that_is_ignored_where_all_elements_are_alike() {
    for (collection, filter, beside) in [
        ("/forms", "type", "/forms"),
        ("/forms", "status", "/forms"),
        ("/services", "name", "/organizations"),
        ("/services", "type", "/organizations"),
        ("/services", "status", "/organizations"),
        ("/services", "organization", "/organizations"),
        ("/botinstances", "enabled", "/bots"),
    ] {
        check_filter(collection, filter, beside).await;
    }
}

//! A fault for each law, which the law and nothing else catches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use conformance::report::Level;
use conformance::verify::{Law, Laws, Part};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::adopted;
use crate::faulty::{Answered, Asked, Fault, Faulty, serious};

/// The name that no contract declares, as the laws have it.
pub(crate) const UNDECLARED: &str = "undeclaredByTheContract";

/// Checks that a fault is found by its law, and by nothing else.
pub(crate) async fn check(law: Law, only: &str, allow_writes: bool, fault: Fault) {
    let backend = Faulty::start(fault).await;
    let laws = Laws {
        only: vec![only.to_owned()],
        ..Laws::default()
    };
    let report = backend.verify(laws, allow_writes).await;
    let kinds: BTreeSet<_> = report
        .findings
        .iter()
        .filter(|finding| finding.level > Level::Info)
        .map(|finding| finding.id.as_str())
        .collect();
    let found = serious(&report);
    assert_eq!(kinds, BTreeSet::from([law.id()]), "{found:#?}");
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.id == law.id());
    let finding = finding.expect("it was found");
    assert!(
        finding.operation.is_some(),
        "it names no operation: {finding:?}"
    );
    assert!(
        finding.message.contains(&backend.url),
        "it names no request: {finding:?}"
    );
}

macro_rules! faults {
    ($($name:ident $law:ident in $only:literal $writes:literal: $fault:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                check(Law::$law, $only, $writes, $fault).await;
            }
        )*

        /// The laws that have a fault in the table.
        const IN_TABLE: &[Law] = &[$(Law::$law,)*];
    };
}

/// Changes one parameter of a query.
pub(crate) fn replace(asked: &mut Asked, name: &str, change: impl Fn(&str) -> Option<String>) {
    let pairs = asked.query.split('&').filter(|pair| !pair.is_empty());
    let changed = pairs.filter_map(|pair| {
        let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
        if found != name {
            return Some(pair.to_owned());
        }
        Some(format!("{name}={}", change(value)?))
    });
    asked.query = changed.collect::<Vec<_>>().join("&");
}

/// Changes each thing in the replies about a collection.
pub(crate) fn each(
    asked: &Asked,
    answered: &mut Answered,
    collection: &str,
    change: impl Fn(&mut Value),
) {
    if !answered.status.is_success() || !asked.path.starts_with(collection) {
        return;
    }
    match &mut answered.body {
        Value::Array(items) => items.iter_mut().for_each(change),
        Value::Null => {}
        one => change(one),
    }
}

/// What a token says.
pub(crate) fn claims(token: &HeaderValue) -> Option<Value> {
    let claims = token.to_str().ok()?.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// The organization that a token is for.
fn organization(token: &HeaderValue) -> Option<String> {
    let claims = claims(token)?;
    claims["organization"].as_str().map(str::to_owned)
}

/// Takes one token for another where `is_taken` says so, given the first token that
/// was seen and the one that is there.
fn takes(is_taken: fn(&HeaderValue, Option<&HeaderValue>) -> bool) -> Fault {
    takes_for("GET", is_taken)
}

/// The same for another method, of a form or of all.
fn takes_for(
    method: &'static str,
    is_taken: fn(&HeaderValue, Option<&HeaderValue>) -> bool,
) -> Fault {
    let good: Mutex<Option<HeaderValue>> = Mutex::default();
    Fault::in_requests(move |asked| {
        if !asked.is_of_laws() {
            return;
        }
        let mut good = good.lock().expect("no fault panics");
        let there = asked.headers.get("authorization");
        let Some(good) = good.as_ref() else {
            *good = there.cloned();
            return;
        };
        let is_meant =
            asked.is_of(method, "/forms") || asked.is(method, "/forms") && method == "POST";
        if is_meant && is_taken(good, there) {
            asked.headers.insert("authorization", good.clone());
        }
    })
}

/// Differs in one letter.
fn is_forged(good: &HeaderValue, there: &HeaderValue) -> bool {
    let pairs = good.as_bytes().iter().zip(there.as_bytes());
    good.len() == there.len() && pairs.filter(|(one, other)| one != other).count() == 1
}

/// Remembers forms that are read or listed, and those that are deleted.
#[derive(Default)]
struct Memory {
    forms: BTreeMap<String, Value>,
    deleted: BTreeSet<String>,
}

/// Changes replies about deleted forms.
fn remembers(change: fn(&Memory, &Asked, &mut Answered)) -> Fault {
    let memory: Arc<Mutex<Memory>> = Arc::default();
    Fault::in_replies(move |asked, answered| {
        if !asked.is_of_laws() {
            return;
        }
        let mut memory = memory.lock().expect("no fault panics");
        if asked.is_of("GET", "/forms") && answered.status == StatusCode::OK {
            memory
                .forms
                .insert(asked.path.clone(), answered.body.clone());
        }
        change(&memory, asked, answered);
        if asked.is_of("DELETE", "/forms") && answered.status == StatusCode::NO_CONTENT {
            memory.deleted.insert(asked.path.clone());
        }
    })
}

/// Changes the error to a request with an undeclared parameter.
fn errs(change: fn(&mut Value)) -> Fault {
    Fault::in_replies(move |asked, answered| {
        if asked.is("GET", "/forms") && asked.has(UNDECLARED) {
            change(&mut answered.body["error"]);
        }
    })
}

/// Changes the bodies of changes of forms.
fn patches(change: fn(&mut Value)) -> Fault {
    Fault::in_requests(move |asked| {
        if asked.is_of("PATCH", "/forms") {
            change(&mut asked.body);
        }
    })
}

/// Changes the bodies of new forms.
fn creates(change: fn(&mut Value)) -> Fault {
    Fault::in_requests(move |asked| {
        if asked.is("POST", "/forms") {
            change(&mut asked.body);
        }
    })
}

/// Changes a parameter of the list of forms.
fn lists(name: &'static str, change: fn(&str) -> Option<String>) -> Fault {
    Fault::in_requests(move |asked| {
        if asked.is("GET", "/forms") {
            replace(asked, name, change);
        }
    })
}

faults! {
    a_page_that_lacks_an_element PagesJoinToList in "/forms" true:
        Fault::in_replies(|asked, answered| {
            if asked.is("GET", "/forms") && asked.has("offset") && answered.status == StatusCode::OK {
                answered.body.as_array_mut().expect("a list").pop();
            }
        });
    a_page_in_another_order PagesJoinToList in "/forms" true:
        Fault::in_replies(|asked, answered| {
            let is_later = asked.has("offset") && asked.has("sort");
            if asked.is("GET", "/forms") && is_later && answered.status == StatusCode::OK {
                answered.body.as_array_mut().expect("a list").pop();
            }
        });
    a_page_that_is_too_long PageWithinLimit in "/forms" true:
        lists("limit", |limit| Some(if limit == "1" { "2" } else { limit }.to_owned()));
    a_link_to_another_host PageLinksLeadOn in "/forms" true:
        Fault::in_replies(|asked, answered| {
            if asked.is("GET", "/forms") && let Some(link) = answered.headers.get("link") {
                let (_, rest) = link.to_str().expect("ASCII").split_once("/v2/").expect("the base");
                let link = format!("<http://elsewhere.example/v2/{rest}");
                answered.headers.insert("link", link.parse().expect("a header"));
            }
        });
    two_things_with_one_identifier IdsAreUnique in "/forms" true: {
        let first: Mutex<Option<(Value, HeaderValue)>> = Mutex::default();
        Fault::in_replies(move |asked, answered| {
            if !asked.is_of_laws() || !asked.is("POST", "/forms") || answered.status != StatusCode::CREATED {
                return;
            }
            let mut first = first.lock().expect("no fault panics");
            let own = (answered.body["id"].clone(), answered.headers["location"].clone());
            let (id, location) = first.get_or_insert(own);
            answered.body["id"] = id.clone();
            answered.headers.insert("location", location.clone());
        })
    };
    a_read_that_differs_from_the_list ReadIsWhatIsListed in "/users" false:
        Fault::in_replies(|asked, answered| {
            if asked.is_of("GET", "/users") && answered.status == StatusCode::OK {
                answered.body["email"] = "somebody.else@example.com".into();
            }
        });
    an_ascending_order_that_descends SortAscends in "/forms" true:
        lists("sort", |by| Some(if by.starts_with('-') { by.to_owned() } else { format!("-{by}") }));
    a_descending_order_that_ascends SortDescends in "/forms" true:
        lists("sort", |by| Some(by.trim_start_matches('-').to_owned()));
    a_filter_that_is_ignored FilterSelects in "/forms" true:
        lists("name", |name| name.is_empty().then(String::new));
    a_selection_that_is_ignored SelectSelects in "/forms" true:
        lists("select", |names| (names == "no-such-value").then(|| names.to_owned()));
    another_value_than_was_sent CreatedAsSent in "/forms" true:
        creates(|form| {
            if let Some(points) = form["pointsByAgent"].as_i64() {
                form["pointsByAgent"] = (points + 1).into();
            }
        });
    another_value_than_the_default DefaultsAreFilled in "/forms" true:
        creates(|form| {
            if let Some(members) = form.as_object_mut() {
                members.entry("type").or_insert_with(|| "static".into());
            }
        });
    a_location_on_another_host LocationLeadsToCreated in "/forms" true:
        Fault::in_replies(|asked, answered| {
            if asked.is("POST", "/forms") && let Some(place) = answered.headers.get("location") {
                let place = format!("http://elsewhere.example{}", place.to_str().expect("ASCII"));
                answered.headers.insert("location", place.parse().expect("a header"));
            }
        });
    a_read_of_something_older ReadShowsWhatWasWritten in "/forms" true:
        Fault::in_replies(|asked, answered| {
            if asked.is_of("GET", "/forms") {
                each(asked, answered, "/forms", |form| form["pointsByBot"] = 99.into());
            }
        });
    a_list_of_something_older ListShowsWhatWasWritten in "/forms" true:
        Fault::in_replies(|asked, answered| {
            if asked.is("GET", "/forms") && asked.has("id") {
                each(asked, answered, "/forms", |form| form["pointsByBot"] = 99.into());
            }
        });
    a_patch_that_sets_something_else PatchChangesWhatItNames in "/forms" true:
        patches(|form| {
            if form["name"].is_string() {
                form["name"] = "another".into();
            }
        });
    a_patch_that_changes_more PatchChangesNothingElse in "/forms" true:
        patches(|form| {
            if form["name"].is_string() {
                form["pointsByBot"] = 1.into();
            }
        });
    a_patch_that_replaces_an_object PatchChangesNothingElse in "/users" true:
        Fault::in_requests(|asked| {
            let is_change = asked.is_of("PATCH", "/users");
            let settings = asked.body.get_mut("settings").and_then(Value::as_object_mut);
            if let Some(settings) = settings.filter(|settings| settings.len() == 1)
                && is_change
                && settings.values().all(Value::is_boolean)
            {
                settings.insert("timezone".to_owned(), "Europe/London".into());
            }
        });
    a_null_that_does_not_clear NullClears in "/forms" true:
        patches(|form| {
            if form.get("tags") == Some(&Value::Null) {
                *form = json!({});
            }
        });
    an_empty_patch_that_changes EmptyPatchChangesNothing in "/forms" true:
        patches(|form| {
            if *form == json!({}) {
                form["pointsByBot"] = 7.into();
            }
        });
    a_read_only_property_that_is_set ReadOnlyIsIgnored in "/forms" true:
        Fault::in_replies(|asked, answered| {
            let is_set = asked.body["updatedAt"].is_string();
            if is_set && asked.is_of("PATCH", "/forms") && answered.status == StatusCode::OK {
                answered.body["updatedAt"] = asked.body["updatedAt"].clone();
            }
        });
    a_time_of_change_that_stands_still UpdatedAtMoves in "/forms" true:
        Fault::in_replies(|asked, answered| {
            // Where the list has to be in an order or to fit a filter, it is as it is.
            if asked.is("GET", "/forms") && !asked.has("id") {
                return;
            }
            each(asked, answered, "/forms", |form| {
                if form["createdAt"].is_string() && form.get("updatedAt").is_some() {
                    form["updatedAt"] = form["createdAt"].clone();
                }
            });
        });
    a_time_of_creation_that_moves CreatedAtStands in "/forms" true:
        Fault::in_replies(|asked, answered| {
            // Where the list has to be in an order or to fit a filter, it is as it is.
            if asked.is("GET", "/forms") && !asked.has("id") {
                return;
            }
            each(asked, answered, "/forms", |form| {
                if form["updatedAt"].is_string() && form.get("createdAt").is_some() {
                    form["createdAt"] = form["updatedAt"].clone();
                }
            });
        });
    something_deleted_that_is_read DeletedIsGone in "/forms" true:
        remembers(|memory, asked, answered| {
            if asked.is_of("GET", "/forms")
                && memory.deleted.contains(&asked.path)
                && let Some(form) = memory.forms.get(&asked.path)
            {
                answered.status = StatusCode::OK;
                answered.body = form.clone();
            }
        });
    something_deleted_that_is_listed DeletedIsNotListed in "/forms" true:
        remembers(|memory, asked, answered| {
            if asked.is("GET", "/forms")
                && let Some(list) = answered.body.as_array_mut()
            {
                list.extend(memory.deleted.iter().filter_map(|path| memory.forms.get(path)).cloned());
            }
        });
    a_member_that_stays DeletedIsNotListed in "/orggroups" true: {
        let deleted: Mutex<Option<Value>> = Mutex::default();
        Fault::in_replies(move |asked, answered| {
            let mut deleted = deleted.lock().expect("no fault panics");
            let member = asked.path.split_once("/members/").map(|(_, id)| Value::from(id));
            if asked.is_of_laws() && asked.method == "DELETE" && member.is_some() {
                *deleted = member;
            }
            if asked.method == "GET" && asked.path.ends_with("/members")
                && let (Some(list), Some(member)) = (answered.body.as_array_mut(), deleted.as_ref())
            {
                list.push(member.clone());
            }
        })
    };
    a_second_delete_that_succeeds SecondDeleteAsDocumented in "/forms" true:
        remembers(|memory, asked, answered| {
            if asked.is_of("DELETE", "/forms") && memory.deleted.contains(&asked.path) {
                answered.status = StatusCode::NO_CONTENT;
                answered.body = Value::Null;
            }
        });
    an_undeclared_property_that_is_taken UndeclaredPropertyRefused in "/forms" true:
        creates(|form| {
            if let Some(members) = form.as_object_mut() {
                members.remove(UNDECLARED);
            }
        });
    an_undeclared_parameter_that_is_taken UndeclaredParameterRefused in "/forms" true:
        lists(UNDECLARED, |_| None);
    a_limit_that_is_exceeded BeyondLimitRefused in "/forms" true:
        lists("limit", |limit| Some(if limit == "1001" { "1000" } else { limit }.to_owned()));
    a_wrong_type_that_is_taken WrongTypeRefused in "/forms" true:
        creates(|form| {
            if form["name"].is_number() {
                form["name"] = "7".into();
            }
        });
    no_token_that_is_taken NoTokenRefused in "/forms" true: takes(|_, there| there.is_none());
    a_forged_token_that_is_taken ForgedTokenRefused in "/forms" true:
        takes(|good, there| there.is_some_and(|there| is_forged(good, there)));
    an_expired_token_that_is_taken ExpiredTokenRefused in "/forms" true:
        Fault::in_replies(|asked, answered| {
            let is_expired = answered.body["error"]["message"] == "jwt expired";
            if is_expired && asked.is("GET", "/forms") {
                answered.status = StatusCode::OK;
                answered.body = json!([]);
            }
        });
    a_guest_who_deletes LimitedTokenRefused in "/forms" true:
        Fault::in_replies(|asked, answered| {
            if asked.is_of("DELETE", "/forms") && answered.status == StatusCode::FORBIDDEN {
                answered.status = StatusCode::NO_CONTENT;
                answered.body = Value::Null;
            }
        });
    a_foreign_caller_who_reads ForeignIsHidden in "/forms" true:
        takes(|good, there| there.is_some_and(|there| organization(there) != organization(good)));
    a_foreign_caller_who_refers ForeignIsHidden in "/forms" true:
        takes_for("POST", |good, there| {
            there.is_some_and(|there| organization(there) != organization(good))
        });
    a_secret_in_a_free_form_object SecretStaysSecret in "/users" true:
        Fault::in_requests(|asked| {
            if asked.is("POST", "/users") && asked.body["meta"].is_object() {
                asked.body["meta"]["echo"] = asked.body["password"].clone();
            }
        });
    a_reply_of_another_shape ReplyAsDeclared in "/forms" true:
        Fault::in_replies(|asked, answered| {
            if asked.is("GET", "/forms") && asked.has("sort") {
                each(asked, answered, "/forms", |form| form["pointsByBot"] = "many".into());
            }
        });
    an_error_of_another_shape ErrorAsDeclared in "/forms" false:
        errs(|error| drop(error.as_object_mut().map(|error| error.remove("message"))));
    an_error_of_another_code ErrorCodeIsStatus in "/forms" false: errs(|error| error["code"] = 422.into());
    an_error_of_an_unknown_reason ErrorReasonInTable in "/forms" false:
        errs(|error| error["details"][0]["reason"] = "SOMETHING_NEW".into());
    a_refusal_that_names_another_cause ErrorNamesTheCause in "/forms" false:
        errs(|error| error["details"][1]["fieldViolations"][0]["field"] = "another".into());
}

/// Checks what is found if a part has to be seen completely, and that it is only
/// told otherwise.
async fn check_coverage(law: Law, part: Part) {
    let backend = Faulty::start(Fault::none()).await;
    for (required, expected) in [(Some(part), Level::Error), (None, Level::Info)] {
        let laws = Laws {
            require_coverage: required.into_iter().collect(),
            ..Laws::default()
        };
        let report = backend.verify(laws, false).await;
        let finding = report
            .findings
            .iter()
            .find(|finding| finding.id == law.id());
        assert_eq!(
            finding.map(|finding| finding.level),
            Some(expected),
            "{finding:?}"
        );
        let others = serious(&report);
        let others = others.iter().filter(|line| !line.starts_with(law.id()));
        assert_eq!(others.count(), 0, "{:?}", serious(&report));
    }
}

#[tokio::test]
async fn properties_of_examples_that_are_never_seen() {
    check_coverage(Law::ExamplePropertiesAreSeen, Part::Properties).await;
}

#[tokio::test]
async fn operations_that_are_never_seen() {
    check_coverage(Law::OperationsAreSeen, Part::Operations).await;
}

#[tokio::test]
async fn statuses_that_are_never_seen() {
    check_coverage(Law::StatusesAreSeen, Part::Statuses).await;
}

#[tokio::test]
async fn a_secret_in_the_log() {
    let directory = tempfile::tempdir().expect("a directory");
    let log = directory.path().join("log");
    std::fs::write(&log, "started\n").expect("a file");
    let path = log.clone();
    let fault = Fault::in_requests(move |asked| {
        if let Some(password) = asked.body["password"]
            .as_str()
            .filter(|_| asked.is("POST", "/users"))
        {
            let before = std::fs::read_to_string(&path).expect("a text");
            std::fs::write(&path, format!("{before}new user with {password}\n")).expect("a file");
        }
    });
    let backend = Faulty::start(fault).await;
    let laws = Laws {
        only: vec!["/users".to_owned()],
        server_log: Some(log),
        ..Laws::default()
    };
    let report = backend.verify(laws, true).await;
    let found = serious(&report);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with(Law::SecretIsNotLogged.id()),
        "{found:#?}"
    );
    assert!(
        !found[0].contains("Secret-password"),
        "the report has the secret: {found:#?}"
    );
}

#[test]
fn every_law_has_a_fault() {
    let apart = [
        Law::SecretIsNotLogged,
        Law::ExamplePropertiesAreSeen,
        Law::OperationsAreSeen,
        Law::StatusesAreSeen,
    ];
    for law in Law::ALL {
        let in_tables = IN_TABLE.contains(law) || adopted::LAWS.contains(law);
        let has_one = in_tables || apart.contains(law);
        assert!(
            has_one,
            "seed a fault for {}: add a line to the table in {}",
            law.id(),
            file!()
        );
    }
}

//! What lists are read from: that it agrees with what is kept, that every list is
//! what its documents say, and that no list looks at what it does not show.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use super::*;
use crate::store::key::{Kind, key};
use crate::store::listed::number;
use crate::store::row::Row as _;
use crate::store::scan::{Scan, Span, explained, texts};

/// A step in the life of a store: what is done to which user.
#[derive(Clone, Debug)]
enum Step {
    Create {
        name: String,
        role: &'static str,
    },
    Change {
        user: usize,
        property: &'static str,
        value: String,
    },
    Archive {
        user: usize,
    },
    Restore {
        user: usize,
    },
    Move {
        user: usize,
        below: bool,
    },
    Leave {
        user: usize,
        below: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let user = 0..8_usize;
    let name = "[a-cA-C]{1,3}";
    let role = prop::sample::select(vec!["guest", "agent", "admin"]);
    let property = prop::sample::select(vec!["givenName", "familyName", "displayName", "phone"]);
    prop_oneof![
        3 => (name, role).prop_map(|(name, role)| Step::Create { name, role }),
        3 => (user.clone(), property, name)
            .prop_map(|(user, property, value)| Step::Change { user, property, value }),
        1 => user.clone().prop_map(|user| Step::Archive { user }),
        1 => user.clone().prop_map(|user| Step::Restore { user }),
        2 => (user.clone(), any::<bool>()).prop_map(|(user, below)| Step::Move { user, below }),
        2 => (user, any::<bool>()).prop_map(|(user, below)| Step::Leave { user, below }),
    ]
}

/// A query of a list of users.
#[derive(Clone, Debug)]
struct Asked {
    filters: Vec<(&'static str, String)>,
    sort: Option<(&'static str, bool)>,
    limit: Option<usize>,
    offset: usize,
    below: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let filter = prop_oneof![
        prop::sample::select(vec!["guest", "agent", "owner"])
            .prop_map(|role| ("role", role.to_owned())),
        prop::sample::select(vec!["active", "queued", "archived"])
            .prop_map(|status| ("status", status.to_owned())),
        "[~^][a-c]{1,2}".prop_map(|email| ("email", email)),
        "[<>]=?".prop_map(|sign| ("createdAt", format!("{sign}2016-01-07T14:03:50Z"))),
    ];
    let sorts = vec![
        "id",
        "email",
        "role",
        "createdAt",
        "displayName",
        "familyName",
        "phone",
        "status",
    ];
    (
        prop::collection::vec(filter, 0..3),
        prop::option::of((prop::sample::select(sorts), any::<bool>())),
        prop::option::of(1..5_usize),
        0..4_usize,
        any::<bool>(),
    )
        .prop_map(|(mut filters, sort, limit, offset, below)| {
            filters.sort();
            filters.dedup_by_key(|(name, _)| *name);
            Asked {
                filters,
                sort,
                limit,
                offset,
                below,
            }
        })
}

/// The store as it is without `listed`.
struct Kept {
    users: BTreeMap<String, Value>,
    /// What those who see a user see of it.
    seen: BTreeMap<String, BTreeMap<String, Value>>,
}

async fn kept(api: &Api) -> Kept {
    let mut session = api.backend.app.store.read().await.expect("reads");
    let users = texts(&mut session, "SELECT id, document FROM users", 2).await;
    let members = "SELECT user_id, organization_id, role, status FROM memberships";
    let members = texts(&mut session, members, 4).await;
    let parents = "SELECT id, COALESCE(parent, '') FROM organizations";
    let parents: BTreeMap<_, _> = texts(&mut session, parents, 2)
        .await
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let document = |row: Vec<String>| {
        let document: Value = serde_json::from_str(&row[1]).expect("is JSON");
        (row[0].clone(), document)
    };
    let users: BTreeMap<_, _> = users.into_iter().map(document).collect();
    let mut seen: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for member in members {
        let (id, at) = (&member[0], &member[1]);
        let user = &users[id];
        let belongs = user["organization"] == **at;
        let mut view = user.clone();
        if !belongs {
            view["organization"] = at.as_str().into();
            view["role"] = member[2].as_str().into();
            if user["status"] != "archived" {
                view["status"] = member[3].as_str().into();
            }
            for hidden in ["phone", "updatedAt", "lastLogin", "settings"] {
                view.as_object_mut().expect("is an object").remove(hidden);
            }
        }
        let mut organization = Some(at);
        while let Some(viewer) = organization.filter(|id| !id.is_empty()) {
            let views = seen.entry(id.clone()).or_default();
            if belongs || !views.contains_key(viewer) {
                views.insert(viewer.clone(), view.clone());
            }
            organization = parents.get(viewer);
        }
    }
    Kept { users, seen }
}

impl Kept {
    /// The entries that there should be, as texts.
    fn entries(&self) -> BTreeSet<String> {
        let mut entries = BTreeSet::new();
        for (id, user) in &self.users {
            let archived = user["status"] == "archived";
            for (viewer, user) in &self.seen[id] {
                let list = number::<Account>(0, archived);
                entries.insert(format!("{list} {viewer}  {id}"));
                for ((name, kind), property) in Account::LISTED.iter().zip(1..) {
                    let list = number::<Account>(property, archived);
                    let key = key(&user[*name], *kind);
                    entries.insert(format!("{list} {viewer} {key} {id}"));
                }
            }
        }
        entries
    }

    /// The IDs of the users in a list, without regard to limit and offset.
    fn list(&self, viewer: &str, asked: &Asked) -> Vec<String> {
        let value = |name| {
            let filter = asked.filters.iter().find(|(filter, _)| *filter == name);
            filter.map(|(_, value)| value.as_str())
        };
        let admits = |user: &Value| {
            let text = |name: &str| user[name].as_str().unwrap_or_default();
            let email = text("email").to_lowercase();
            let time = |time: &str| {
                let limit: Timestamp = "2016-01-07T14:03:50Z".parse().expect("is a time");
                let created: Timestamp = text("createdAt").parse().expect("is a time");
                (created < limit && time.starts_with('<'))
                    || (created > limit && time.starts_with('>'))
                    || (created == limit && time[1..].starts_with('='))
            };
            value("role").is_none_or(|role| user["role"] == role)
                && value("status").map_or(user["status"] != "archived", |status| {
                    user["status"] == status
                })
                && value("email").is_none_or(|filter| match filter.split_at(1) {
                    ("~", part) => email.contains(part),
                    (_, start) => email.starts_with(start),
                })
                && value("createdAt").is_none_or(time)
        };
        let by_time = value("createdAt").map(|_| ("createdAt", false));
        let (property, descending) = asked.sort.or(by_time).unwrap_or(("id", false));
        let views = self.seen.iter();
        let users = views.filter_map(|(id, views)| Some((id, views.get(viewer)?)));
        let users = users.filter(|(_, user)| admits(user));
        let mut found: Vec<_> = users
            .map(|(id, user)| (key(&user[property], Kind::Instant), id.clone()))
            .collect();
        found.sort();
        if descending {
            found.reverse();
        }
        found.into_iter().map(|(_, id)| id).collect()
    }
}

async fn take(api: &Api, users: &mut Vec<String>, below: &str, step: &Step) {
    let organization = |is_below: bool| if is_below { below } else { &api.organization };
    let user = |user: usize| users.get(user % users.len().max(1)).cloned();
    // What is refused, such as an address that is taken, changes nothing.
    match step {
        Step::Create { name, role } => {
            api.advance(SignedDuration::from_secs(1));
            let body = json!({
                "email": format!("{name}{}@example.com", users.len()),
                "role": role, "status": "active", "givenName": name,
            });
            let created = api.create("users", body).await;
            users.push(text(&created["id"]));
        }
        Step::Change {
            user: at,
            property,
            value,
        } => {
            if let Some(id) = user(*at) {
                api.patch(&format!("users/{id}"), json!({ *property: value }))
                    .await;
            }
        }
        Step::Archive { user: at } => {
            if let Some(id) = user(*at) {
                api.delete(&format!("users/{id}")).await;
            }
        }
        Step::Restore { user: at } => {
            if let Some(id) = user(*at) {
                api.patch(&format!("users/{id}"), json!({"status": "active"}))
                    .await;
            }
        }
        Step::Move { user: at, below } => {
            if let Some(id) = user(*at) {
                let body = json!({"organization": organization(*below)});
                api.patch(&format!("users/{id}"), body).await;
            }
        }
        Step::Leave { user: at, below } => {
            if let Some(id) = user(*at) {
                let path = format!("users/{id}/organizations/{}", organization(*below));
                api.delete(&path).await;
            }
        }
    }
}

/// The IDs on a page, and the link to the next.
async fn ids(api: &Api, token: &str, path: &str) -> (Vec<String>, Option<String>) {
    let reply = api.get(token, path).await;
    let link = reply.headers.get("link").map(|link| {
        let link = link.to_str().expect("is text");
        let (target, _) = link[1..].split_once('>').expect("is a link");
        target.to_owned()
    });
    let list = reply.ok();
    let items = list.as_array().expect("is a list");
    (items.iter().map(|item| text(&item["id"])).collect(), link)
}

async fn check_list(api: &Api, kept: &Kept, owners: [(&str, &str); 2], asked: &Asked) {
    let (viewer, token) = owners[usize::from(asked.below)];
    let expected = kept.list(viewer, asked);
    let mut query: Vec<_> = asked.filters.clone();
    if let Some((property, descending)) = asked.sort {
        query.push((
            "sort",
            format!("{}{property}", if descending { "-" } else { "" }),
        ));
    }
    query.extend(asked.limit.map(|limit| ("limit", limit.to_string())));
    query.push(("offset", asked.offset.to_string()));
    let pairs: Vec<_> = query
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}={}",
                value
                    .replace('<', "%3C")
                    .replace('>', "%3E")
                    .replace('^', "%5E")
            )
        })
        .collect();
    let path = format!("/v2/users?{}", pairs.join("&"));
    let rest = &expected[asked.offset.min(expected.len())..];
    let (found, next) = ids(api, token, &path).await;
    let limit = asked.limit.unwrap_or(usize::MAX);
    assert_eq!(found, rest[..limit.min(rest.len())], "{path}");
    assert_eq!(next.is_some(), rest.len() > limit, "{path}");
    if let Some(next) = next {
        let (found, _) = ids(api, token, &next).await;
        let rest = &rest[limit..];
        assert_eq!(found, rest[..limit.min(rest.len())], "{next}");
    }
}

#[test]
fn lists_are_what_the_documents_say() {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let cases = Cases {
        cases: 8,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Cases::default()
    };
    let steps = prop::collection::vec(step(), 5..25);
    let queries = prop::collection::vec(asked(), 40);
    let ran = TestRunner::new(cases).run(&(steps, queries), |(steps, queries)| {
        runtime.block_on(async {
            let api = Api::start().await;
            let below = api.organization_below(&api.organization).await;
            let other = api
                .person("other", json!({"role": "owner", "organization": below}))
                .await;
            let mut users = Vec::new();
            for step in &steps {
                take(&api, &mut users, &below, step).await;
            }
            let kept = kept(&api).await;
            let mut session = api.backend.app.store.read().await.expect("reads");
            // Those of other resources have other numbers.
            let sql = format!(
                "SELECT CAST(list AS TEXT), viewer, value, id FROM listed WHERE list < {}",
                number::<Tenant>(0, false)
            );
            let entries: BTreeSet<_> = texts(&mut session, &sql, 4)
                .await
                .into_iter()
                .map(|entry| entry.join(" "))
                .collect();
            drop(session);
            assert_eq!(entries, kept.entries());
            let owners = [
                (api.organization.as_str(), api.owner.as_str()),
                (&below, &other.token),
            ];
            for asked in &queries {
                check_list(&api, &kept, owners, asked).await;
            }
        });
        Ok(())
    });
    ran.expect("every list is what the documents say");
}

/// Checks that a scan runs on the primary key of `listed` and on that of its table.
async fn check_plan(api: &Api, name: &str, scan: Scan<Account>) {
    let is_sqlite = api.database.starts_with("sqlite:");
    let mut session = api.backend.app.store.read().await.expect("reads");
    for (statement, plan) in explained(&mut session, &scan, is_sqlite).await {
        let refused: &[&str] = if is_sqlite {
            &["SCAN listed", "SCAN users", "TEMP B-TREE", "SCAN other"]
        } else {
            &["Seq Scan", "Sort"]
        };
        for refused in refused {
            assert!(!plan.contains(refused), "{statement} of {name}: {plan}");
        }
        assert!(plan.contains("listed"), "{statement} of {name}: {plan}");
    }
}

#[tokio::test]
async fn no_list_looks_at_what_it_does_not_show() {
    let api = Api::start().await;
    let scan = |property| {
        let list = number::<Account>(property, false);
        Scan::<Account>::new(api.organization.clone(), list)
    };
    let with = |span: Span| Scan { span, ..scan(2) };
    check_plan(&api, "a page by ID", scan(0)).await;
    check_plan(&api, "a sorted page", scan(2)).await;
    check_plan(
        &api,
        "a page sorted backwards",
        Scan {
            descending: true,
            ..scan(2)
        },
    )
    .await;
    check_plan(&api, "an equal value", with(Span::Is("tx".to_owned()))).await;
    let range = Span::Between(Some("ta".to_owned()), Some("tb".to_owned()));
    check_plan(&api, "a range", with(range.clone())).await;
    check_plan(
        &api,
        "a range backwards",
        Scan {
            descending: true,
            ..with(range)
        },
    )
    .await;
    check_plan(
        &api,
        "what contains a text",
        with(Span::Contains("x".to_owned())),
    )
    .await;
    let also = vec![(number::<Account>(3, false), "tagent".to_owned())];
    check_plan(&api, "two conditions", Scan { also, ..scan(2) }).await;
    let id = Some(api.owner_id.clone());
    check_plan(&api, "one ID", Scan { id, ..scan(0) }).await;
}

#[tokio::test]
async fn a_cursor_is_that_of_its_list() {
    let api = Api::start().await;
    api.person("anna", json!({})).await;
    let (_, next) = ids(&api, &api.owner, "/v2/users?limit=1&sort=email").await;
    let next = next.expect("there is another page");
    let (_, cursor) = next.split_once("cursor=").expect("has a cursor");
    for query in [format!("limit=1&cursor={cursor}"), "cursor=x".to_owned()] {
        let path = format!("/v2/users?{query}");
        api.get(&api.owner, &path).await.violates(&["cursor"]);
    }
    let form = api.create("forms", json!({"name": "Contact"})).await;
    let path = format!("/v2/forms/{}/fields?cursor={cursor}", text(&form["id"]));
    api.get(&api.owner, &path).await.violates(&["cursor"]);
}

/// A backend with so many users beside its owner.
async fn with_users(users: u32) -> Api {
    let api = Api::start().await;
    let app = &api.backend.app;
    let mut transaction = app.store.write().await.expect("begins");
    for number in 0..users {
        let id = app.ids.next(Timestamp::UNIX_EPOCH);
        let user = User {
            id: Some(id),
            email: format!("{number}@example.com"),
            organization: Some(object_id(&api.organization)),
            role: Some(Role::Agent),
            status: Some(UserStatus::Active),
            ..User::default()
        };
        let line = vec![object_id(&api.organization)];
        let account = Account::new(user, None, line).expect("is complete");
        insert_account(&mut transaction, &account)
            .await
            .expect("inserts");
    }
    store::commit(transaction).await.expect("commits");
    api
}

#[tokio::test]
async fn a_long_list_is_sent_in_pieces() {
    let api = with_users(1200).await;
    let (whole, next) = ids(&api, &api.owner, "/v2/users?email=~example").await;
    assert_eq!((whole.len(), next), (1200, None));
    let (sorted, _) = ids(&api, &api.owner, "/v2/users?sort=-email&offset=10").await;
    assert_eq!(sorted.len(), 1191);
}

#[tokio::test]
async fn a_long_list_that_fails_is_broken_off() {
    let api = with_users(1200).await;
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    let damage = "UPDATE users SET document = '{' WHERE email = '1199@example.com'";
    let damaged = transaction.execute(damage, Vec::new()).await;
    assert_eq!(damaged.expect("writes"), 1);
    store::commit(transaction).await.expect("commits");
    let request = Request::get("/v2/users")
        .header(header::AUTHORIZATION, format!("Bearer {}", api.owner))
        .body(Body::empty())
        .expect("is a request");
    let response = api.backend.router().oneshot(request).await;
    let response = response.expect("never fails");
    assert_eq!(response.status().as_u16(), 200);
    let read = to_bytes(response.into_body(), usize::MAX).await;
    assert!(read.is_err(), "a part of the list passes for the whole");
}

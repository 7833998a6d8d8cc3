//! What organizations see of others: bots by their audience, forms by their tags.

use std::collections::{BTreeMap, BTreeSet};

use contract::bots::Bot;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use super::*;
use crate::store::listed::number;
use crate::store::resources::Instance;
use crate::store::scan::{Scan, Span, explained};

/// The organizations of a tree and one elsewhere, and an owner of each.
struct World {
    api: Api,
    organizations: BTreeMap<&'static str, (String, String)>,
}

/// Each organization and those below it.
const PLACES: [(&str, &[&str]); 5] = [
    ("top", &["top", "left", "under", "right"]),
    ("left", &["left", "under"]),
    ("under", &["under"]),
    ("right", &["right"]),
    ("elsewhere", &["elsewhere"]),
];

impl World {
    async fn new() -> Self {
        let api = Api::start().await;
        let top = api.organization.clone();
        let left = api.organization_below(&top).await;
        let under = api.organization_below(&left).await;
        let right = api.organization_below(&top).await;
        let (elsewhere, stranger) = api.stranger().await;
        let mut organizations = BTreeMap::from([
            ("top", (top, api.owner.clone())),
            ("elsewhere", (elsewhere, stranger.token)),
        ]);
        for (name, id) in [("left", left), ("under", under), ("right", right)] {
            let properties = json!({"role": "owner", "organization": id});
            let owner = api.person(name, properties).await;
            organizations.insert(name, (id, owner.token));
        }
        Self { api, organizations }
    }

    fn id(&self, organization: &str) -> &str {
        &self.organizations[organization].0
    }

    /// Makes a call on behalf of the owner of an organization.
    async fn call(&self, organization: &str, line: &str, body: Value) -> Reply {
        let token = &self.organizations[organization].1;
        self.api.call(token, line, body).await
    }

    /// Creates something in an organization, and returns its ID.
    async fn create(&self, organization: &str, collection: &str, mut body: Value) -> String {
        body["organization"] = self.id(organization).into();
        text(&self.api.create(collection, body).await["id"])
    }

    async fn tag(&self, organization: &str, tags: Value) {
        let path = format!("organizations/{}", self.id(organization));
        self.api.patch(&path, json!({"tags": tags})).await.ok();
    }

    /// The organizations that see something of a collection: all that list it. Those
    /// that list it get it, find it by each filter, and others do not.
    async fn seen_from(&self, collection: &str, id: &str) -> BTreeSet<&'static str> {
        let mut seen = BTreeSet::new();
        for (organization, _) in PLACES {
            let list = format!("GET /v2/{collection}");
            let list = self.call(organization, &list, Value::Null).await.ok();
            let found = list.as_array().expect("is a list").iter();
            let found = found.filter(|item| item["id"] == id).count();
            let line = format!("GET /v2/{collection}/{id}");
            let got = self.call(organization, &line, Value::Null).await;
            let expected = if found == 1 { 200 } else { 404 };
            assert_eq!(got.status, expected, "{organization} gets {id}");
            for query in [
                format!("id={id}"),
                "limit=100&sort=-name&name=~shared".to_owned(),
                "limit=100&sort=status&status=active".to_owned(),
            ] {
                let line = format!("GET /v2/{collection}?{query}");
                let list = self.call(organization, &line, Value::Null).await.ok();
                let list = list.as_array().expect("is a list").iter();
                let same = list.filter(|item| item["id"] == id).count();
                assert_eq!(same, found, "{organization} finds {id} by {query}");
            }
            if found > 0 {
                seen.insert(organization);
            }
        }
        seen
    }

    async fn check(&self, collection: &str, id: &str, expected: &[&str]) {
        let seen = self.seen_from(collection, id).await;
        assert_eq!(seen, expected.iter().copied().collect());
    }
}

#[tokio::test]
async fn a_bot_is_its_owners_unless_it_is_shared() {
    let world = World::new().await;
    world.tag("under", json!(["cars"])).await;
    let bot = json!({"name": "Shared", "tags": ["cars"]});
    let id = world.create("left", "bots", bot).await;
    world.check("bots", &id, &["top", "left"]).await;
}

#[tokio::test]
async fn a_global_bot_is_that_of_its_tree() {
    let world = World::new().await;
    let bot = json!({"name": "Shared", "audience": "global"});
    let id = world.create("left", "bots", bot).await;
    let tree = ["top", "left", "under", "right"];
    world.check("bots", &id, &tree).await;
    let path = format!("bots/{id}");
    world.api.patch(&path, json!({"audience": "owner"})).await;
    world.check("bots", &id, &["top", "left"]).await;
}

#[tokio::test]
async fn a_bot_for_groups_is_seen_by_those_in_a_group_with_its_owner() {
    let world = World::new().await;
    let bot = json!({"name": "Shared", "audience": "group"});
    let id = world.create("left", "bots", bot).await;
    world.check("bots", &id, &["top", "left"]).await;
    let members = json!({"name": "Realtors", "members": [world.id("left"), world.id("right")]});
    let group = world.create("top", "orggroups", members).await;
    world.check("bots", &id, &["top", "left", "right"]).await;
    let own = json!({"name": "Mine", "members": [world.id("under")]});
    let own = world.create("left", "orggroups", own).await;
    let all = ["top", "left", "right", "under"];
    world.check("bots", &id, &all).await;
    let member = format!("orggroups/{group}/members/{}", world.id("right"));
    world.api.delete(&member).await;
    world.check("bots", &id, &["top", "left", "under"]).await;
    world.api.delete(&format!("orggroups/{own}")).await;
    world.check("bots", &id, &["top", "left"]).await;
}

#[tokio::test]
async fn a_bot_for_groups_is_seen_by_those_below_with_one_of_its_tags() {
    let world = World::new().await;
    let bot = json!({"name": "Shared", "audience": "group", "tags": ["cars", "boats"]});
    let id = world.create("left", "bots", bot).await;
    world.tag("under", json!(["boats", "cars", "bikes"])).await;
    world.tag("right", json!(["cars"])).await;
    world.check("bots", &id, &["top", "left", "under"]).await;
    world.tag("under", json!(["Cars", "bikes"])).await;
    world.check("bots", &id, &["top", "left"]).await;
}

#[tokio::test]
async fn a_form_is_seen_by_those_below_with_one_of_its_tags() {
    let world = World::new().await;
    let form = json!({"name": "Shared", "tags": ["cars", "boats"]});
    let id = world.create("top", "forms", form.clone()).await;
    let other = world.create("right", "forms", form).await;
    world.tag("under", json!(["cars"])).await;
    world.check("forms", &id, &["top", "under"]).await;
    world.check("forms", &other, &["top", "right"]).await;
    world.tag("left", json!(["boats"])).await;
    world.check("forms", &id, &["top", "left", "under"]).await;
    let path = format!("forms/{id}");
    world.api.patch(&path, json!({"tags": ["cars"]})).await;
    world.check("forms", &id, &["top", "under"]).await;
}

#[tokio::test]
async fn what_is_shared_is_used_and_not_changed() {
    let world = World::new().await;
    let bot = json!({"name": "Shared", "audience": "global", "meta": {"greeting": "Hello"}});
    let bot = world.create("left", "bots", bot).await;
    let form = json!({"name": "Shared", "tags": ["cars"], "fields": [{"name": "date"}]});
    let form = world.create("top", "forms", form).await;
    world.tag("right", json!(["cars"])).await;
    let call = |line: String, body: Value| {
        let world = &world;
        async move { world.call("right", &line, body).await }
    };
    for (line, body) in [
        (format!("PATCH /v2/bots/{bot}"), json!({"name": "Mine"})),
        (format!("DELETE /v2/bots/{bot}"), Value::Null),
        (format!("PATCH /v2/forms/{form}"), json!({"name": "Mine"})),
        (format!("DELETE /v2/forms/{form}"), Value::Null),
        (
            format!("POST /v2/forms/{form}/fields"),
            json!({"name": "x"}),
        ),
    ] {
        let refused = call(line, body).await.with_status(403).json();
        let message = text(&refused["error"]["message"]);
        assert!(message.contains("is shared with you"), "{message}");
    }
    let fields = call(format!("GET /v2/forms/{form}/fields"), Value::Null).await;
    let field = text(&fields.ok()[0]["id"]);
    let field = format!("GET /v2/forms/{form}/fields/{field}");
    assert_eq!(call(field, Value::Null).await.ok()["name"], "date");
    let copy = json!({"name": "Mine", "template": form});
    call("POST /v2/forms".to_owned(), copy).await.created();
    let category = json!({"name": "Sales", "forms": [form]});
    let path = format!("POST /v2/organizations/{}/categories", world.id("right"));
    call(path, category).await.created();
    let instance = call("POST /v2/botinstances".to_owned(), json!({"bot": bot})).await;
    let instance = instance.created();
    assert_eq!(
        (&instance["name"], &instance["meta"]["greeting"]),
        (&json!("Shared"), &json!("Hello"))
    );
    let shown = call(format!("GET /v2/bots/{bot}"), Value::Null).await.ok();
    assert_eq!(shown["secret"], Value::Null);
    let strangers = world
        .call("elsewhere", "POST /v2/botinstances", json!({"bot": bot}))
        .await;
    strangers.violates(&["bot"]);
}

#[tokio::test]
async fn an_instance_has_nothing_of_a_bot_that_is_shared_no_more() {
    let world = World::new().await;
    let bot = json!({
        "name": "Shared", "audience": "global", "description": "Sells",
        "meta": {"greeting": "Hello"},
    });
    let bot = world.create("left", "bots", bot).await;
    let body = json!({"bot": bot, "meta": {"color": "red"}});
    let instance = world.call("right", "POST /v2/botinstances", body).await;
    let line = format!("GET /v2/botinstances/{}", text(&instance.created()["id"]));
    let path = format!("bots/{bot}");
    let shown = world.call("right", &line, Value::Null).await.ok();
    assert_eq!(shown["meta"], json!({"color": "red", "greeting": "Hello"}));
    world.api.patch(&path, json!({"audience": "owner"})).await;
    let shown = world.call("right", &line, Value::Null).await.ok();
    assert_eq!(
        (&shown["name"], &shown["description"], &shown["meta"]),
        (&json!("Shared"), &Value::Null, &json!({"color": "red"}))
    );
    let listed = world
        .call("right", "GET /v2/botinstances", Value::Null)
        .await
        .ok();
    assert!(listed.as_array().expect("is a list").contains(&shown));
    let moved = json!({"organization": world.id("right")});
    world.api.patch(&path, moved).await.ok();
    let shown = world.call("right", &line, Value::Null).await.ok();
    assert_eq!(shown["meta"], json!({"color": "red", "greeting": "Hello"}));
}

#[tokio::test]
async fn an_instance_shows_of_its_bot_what_its_reader_may_see() {
    let world = World::new().await;
    let bot = json!({"name": "Hidden", "meta": {"greeting": "Hello"}});
    let bot = world.create("top", "bots", bot).await;
    let instance = json!({"bot": bot, "meta": {"color": "red"}});
    let id = world.create("left", "botinstances", instance).await;
    let line = format!("GET /v2/botinstances/{id}");
    let whole = json!({"color": "red", "greeting": "Hello"});
    let part = json!({"color": "red"});
    for (viewer, meta) in [("top", &whole), ("left", &part)] {
        let seen = world.call(viewer, &line, Value::Null).await.ok();
        assert_eq!((&seen["name"], &seen["meta"]), (&json!("Hidden"), meta));
        for query in ["", "?sort=-name", "?limit=5&sort=updatedAt"] {
            let list = format!("GET /v2/botinstances{query}");
            let list = world.call(viewer, &list, Value::Null).await.ok();
            let mut list = list.as_array().expect("is a list").iter();
            let found = list.find(|item| item["id"] == *id).expect("is listed");
            assert_eq!(found, &seen, "{viewer} lists it by {query}");
        }
        let change = json!({"enabled": false});
        let line = format!("PATCH /v2/botinstances/{id}");
        let changed = world.call(viewer, &line, change).await.ok();
        assert_eq!(&changed["meta"], meta);
    }
    let seen = world.call("top", &line, Value::Null).await.ok();
    assert_eq!(
        seen["meta"], whole,
        "a change keeps what others see of the bot"
    );
}

#[tokio::test]
async fn pages_show_what_is_shared_in_its_place() {
    let world = World::new().await;
    world.tag("right", json!(["cars", "boats"])).await;
    let group = json!({"name": "All", "members": [world.id("left"), world.id("right")]});
    world.create("top", "orggroups", group).await;
    for number in 0..7 {
        let name = format!("own {number}");
        world.create("right", "bots", json!({"name": name})).await;
        let shared = json!({
            "name": format!("own {number} shared"), "audience": "group",
            "tags": ["cars", "boats"],
        });
        let owner = if number % 2 == 0 { "top" } else { "left" };
        world.create(owner, "bots", shared).await;
    }
    let mut expected: Vec<_> = (0..7)
        .flat_map(|number| [format!("own {number}"), format!("own {number} shared")])
        .collect();
    for sort in ["name", "-name", "id", "-createdAt"] {
        let mut names = Vec::new();
        let mut next = Some(format!("/v2/bots?limit=3&sort={sort}"));
        while let Some(path) = next {
            let token = &world.organizations["right"].1;
            let page = world.api.get(token, &path).await;
            next = page.headers.get("link").map(|link| {
                let link = link.to_str().expect("is text");
                link[1..].split_once('>').expect("is a link").0.to_owned()
            });
            let page = page.ok();
            let page = page.as_array().expect("is a list");
            names.extend(page.iter().map(|bot| text(&bot["name"])));
        }
        if sort.ends_with("name") {
            assert_eq!(names, expected, "{sort}");
            expected.reverse();
        } else {
            let names: BTreeSet<_> = names.into_iter().collect();
            assert_eq!(names, expected.iter().cloned().collect(), "{sort}");
        }
    }
}

/// A step in the life of a tree.
#[derive(Clone, Debug)]
enum Step {
    Bot(Named, &'static str, Vec<&'static str>),
    Form(Named, Vec<&'static str>),
    Group(Named, Vec<&'static str>),
    Tags(&'static str, Vec<&'static str>),
}

/// Which one is created or changed, and to whom it then belongs.
#[derive(Clone, Copy, Debug)]
struct Named {
    number: usize,
    owner: &'static str,
}

fn step() -> impl Strategy<Value = Step> {
    let within = vec!["top", "left", "under", "right"];
    let organization = prop::sample::select(within.clone());
    let named = (0..3_usize, organization.clone());
    let named = named.prop_map(|(number, owner)| Named { number, owner });
    let audience = prop::sample::select(vec!["owner", "group", "global"]);
    let tags = || prop::sample::subsequence(vec!["cars", "boats"], 0..=2);
    let members = prop::sample::subsequence(within, 0..=3);
    prop_oneof![
        3 => (named.clone(), audience, tags()).prop_map(|(bot, to, tags)| Step::Bot(bot, to, tags)),
        2 => (named.clone(), tags()).prop_map(|(form, tags)| Step::Form(form, tags)),
        2 => (named, members).prop_map(|(group, members)| Step::Group(group, members)),
        2 => (organization, tags()).prop_map(|(organization, tags)| Step::Tags(organization, tags)),
    ]
}

/// What the steps say at the end.
#[derive(Default)]
struct Said {
    /// By number: the ID, the owner, the audience and the tags.
    bots: BTreeMap<usize, (String, &'static str, &'static str, Vec<&'static str>)>,
    forms: BTreeMap<usize, (String, &'static str, Vec<&'static str>)>,
    groups: BTreeMap<usize, (String, &'static str, Vec<&'static str>)>,
    tags: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Said {
    async fn take(&mut self, world: &World, step: Step) {
        let put = |known: Option<String>, collection: &'static str, owner, body: Value| async move {
            let Some(id) = known else {
                return world.create(owner, collection, body).await;
            };
            let mut body = body;
            body["organization"] = world.id(owner).into();
            let path = format!("{collection}/{id}");
            world.api.patch(&path, body).await.ok();
            id
        };
        match step {
            Step::Bot(Named { number, owner }, audience, tags) => {
                let known = self.bots.get(&number).map(|bot| bot.0.clone());
                let body = json!({"name": "Shared", "audience": audience, "tags": tags});
                let id = put(known, "bots", owner, body).await;
                self.bots.insert(number, (id, owner, audience, tags));
            }
            Step::Form(Named { number, owner }, tags) => {
                let known = self.forms.get(&number).map(|form| form.0.clone());
                let body = json!({"name": "Shared", "tags": tags});
                let id = put(known, "forms", owner, body).await;
                self.forms.insert(number, (id, owner, tags));
            }
            Step::Group(Named { number, owner }, members) => {
                let known = self.groups.get(&number).map(|group| group.0.clone());
                let ids: Vec<_> = members.iter().map(|member| world.id(member)).collect();
                let body = json!({"name": "Shared", "members": ids});
                let id = put(known, "orggroups", owner, body).await;
                self.groups.insert(number, (id, owner, members));
            }
            Step::Tags(organization, tags) => {
                world.tag(organization, json!(tags)).await;
                self.tags.insert(organization, tags);
            }
        }
    }

    fn is_below(below: &str, above: &str) -> bool {
        let (_, within) = PLACES[PLACES
            .iter()
            .position(|(name, _)| *name == above)
            .expect("is one")];
        within.contains(&below)
    }

    fn has_tag(&self, viewer: &str, owner: &str, tags: &[&str]) -> bool {
        let own = self.tags.get(viewer).into_iter().flatten();
        viewer != owner
            && Self::is_below(viewer, owner)
            && own.into_iter().any(|tag| tags.contains(tag))
    }

    fn share_a_group(&self, viewer: &str, owner: &str) -> bool {
        self.groups.values().any(|(_, of, members)| {
            members.contains(&viewer) && (*of == owner || members.contains(&owner))
        })
    }

    /// The organizations that see a bot or a form.
    fn viewers(owner: &str, sees: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
        let names = PLACES.iter().map(|(name, _)| *name);
        names
            .filter(|viewer| *viewer != "elsewhere")
            .filter(|viewer| Self::is_below(owner, viewer) || sees(viewer))
            .collect()
    }

    async fn check(&self, world: &World) {
        for (id, owner, audience, tags) in self.bots.values() {
            let expected = Self::viewers(owner, |viewer| match *audience {
                "owner" => false,
                "global" => true,
                _ => self.share_a_group(viewer, owner) || self.has_tag(viewer, owner, tags),
            });
            assert_eq!(world.seen_from("bots", id).await, expected, "bot {id}");
        }
        for (id, owner, tags) in self.forms.values() {
            let expected = Self::viewers(owner, |viewer| self.has_tag(viewer, owner, tags));
            assert_eq!(world.seen_from("forms", id).await, expected, "form {id}");
        }
    }
}

#[test]
fn everybody_sees_what_is_shared_with_them_and_nothing_else() {
    let runtime = tokio::runtime::Runtime::new().expect("starts");
    let cases = Cases {
        cases: 4,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Cases::default()
    };
    let steps = prop::collection::vec(step(), 5..30);
    let ran = TestRunner::new(cases).run(&steps, |steps| {
        runtime.block_on(async {
            let world = World::new().await;
            let mut said = Said::default();
            for step in steps {
                said.take(&world, step).await;
            }
            said.check(&world).await;
        });
        Ok(())
    });
    ran.expect("everybody sees what the documents say");
}

#[tokio::test]
async fn no_list_of_what_can_be_shared_looks_at_all_entries() {
    let world = World::new().await;
    let is_sqlite = world.api.is_on_sqlite();
    let mut session = world.api.backend.app.store.read().await.expect("reads");
    let list = number::<Bot>(2, false);
    let scan = Scan::<Bot>::new(world.id("right").to_owned(), list);
    let also = vec![(number::<Bot>(3, false), "tactive".to_owned())];
    let is_equal = Span::Is("tx".to_owned());
    for scan in [
        scan.clone(),
        Scan {
            span: is_equal,
            ..scan.clone()
        },
        Scan { also, ..scan },
    ] {
        for (statement, plan) in explained(&mut session, &scan, is_sqlite).await {
            let refused: &[&str] = if is_sqlite {
                &[
                    "SCAN listed",
                    "SCAN bots",
                    "SCAN other",
                    "SCAN tag",
                    "SCAN member",
                    "SCAN peer",
                ]
            } else {
                &["Seq Scan on listed", "Seq Scan on bots"]
            };
            for refused in refused {
                assert!(!plan.contains(refused), "{statement}: {plan}");
            }
        }
    }
}

#[tokio::test]
async fn one_row_is_looked_at_from_itself_and_not_from_all_members() {
    let world = World::new().await;
    if !world.api.is_on_sqlite() {
        // PostgreSQL tells of a search what it searches for, but not on the same line.
        return;
    }
    let mut session = world.api.backend.app.store.read().await.expect("reads");
    let list = number::<Instance>(0, false);
    let scan = Scan::<Instance>::new(world.id("right").to_owned(), list);
    let explained = explained(&mut session, &scan, true).await;
    let (statement, plan) = &explained[0];
    let mut peers = plan.lines().filter(|line| line.contains("peer"));
    // All peers of an organization would be a range of the key without a value.
    assert!(
        peers.any(|line| line.contains("value=?")),
        "{statement}: {plan}"
    );
}

#[tokio::test]
async fn a_database_that_is_older_than_sharing_shares() {
    let world = World::new().await;
    world.tag("under", json!(["cars"])).await;
    let bot = json!({"name": "Shared", "audience": "global"});
    let bot = world.create("left", "bots", bot).await;
    let form = json!({"name": "Shared", "tags": ["cars"]});
    let form = world.create("top", "forms", form).await;
    let members = json!({"name": "All", "members": [world.id("left"), world.id("right")]});
    world.create("top", "orggroups", members).await;
    let grouped = json!({"name": "Shared", "audience": "group"});
    let grouped = world.create("left", "bots", grouped).await;
    // More than are entered at once, and a row that cannot be read.
    let forms: Vec<_> = (0..450)
        .map(|number| {
            let id = format!("{:024x}", 0xb000_0000_u32 + number);
            json!({"id": id, "name": "Shared", "tags": ["cars"]})
        })
        .collect();
    let last = text(&forms[449]["id"]);
    let seed = json!({"forms": forms}).to_string();
    let seeded = world.api.backend.seed(seed.as_bytes()).await;
    seeded.expect("is valid");
    let store = &world.api.backend.app.store;
    let mut transaction = store.write().await.expect("begins");
    for older in [
        "UPDATE forms SET document = '{' WHERE id = '0000000000000000b0000003'",
        "DELETE FROM listed WHERE list < 3 OR viewer LIKE '%:%'",
        "DELETE FROM settings WHERE name = 'lists'",
    ] {
        let done = transaction.execute(older, Vec::new()).await;
        assert!(done.expect("writes") > 0, "{older}");
    }
    store::commit(transaction).await.expect("commits");
    world.check("bots", &bot, &["top", "left"]).await;
    let _beside = world.api.beside().await;
    let tree = ["top", "left", "under", "right"];
    world.check("bots", &bot, &tree).await;
    world
        .check("bots", &grouped, &["top", "left", "right"])
        .await;
    for id in [form, last] {
        let line = format!("GET /v2/forms/{id}");
        for (viewer, status) in [("top", 200), ("left", 404), ("under", 200)] {
            let got = world.call(viewer, &line, Value::Null).await;
            assert_eq!(got.status, status, "{viewer} gets {id}");
        }
    }
}

#[tokio::test]
async fn tags_and_members_are_bounded() {
    let world = World::new().await;
    let tags: Vec<_> = (0..101).map(|number| format!("tag {number}")).collect();
    let organization = format!("organizations/{}", world.id("top"));
    for (line, body) in [
        (
            "POST /v2/bots".to_owned(),
            json!({"name": "Shared", "tags": tags}),
        ),
        (
            "POST /v2/forms".to_owned(),
            json!({"name": "Shared", "tags": tags}),
        ),
        (format!("PATCH /v2/{organization}"), json!({"tags": tags})),
    ] {
        world.call("top", &line, body).await.violates(&["tags"]);
    }
    let long = json!({"tags": ["x".repeat(201)]});
    let refused = world.api.patch(&organization, long).await;
    refused.violates(&["tags[0]"]);
    let many: Vec<_> = (0..10_001).map(|number| format!("{number:024x}")).collect();
    let group = json!({"name": "All", "members": many});
    let refused = world.call("top", "POST /v2/orggroups", group).await;
    refused.violates(&["members"]);
}

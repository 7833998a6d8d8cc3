//! The permission table, tried: every operation, as every role, on something that
//! belongs to the caller's own organization, to one below, to one above, and to one
//! elsewhere.

use std::fmt::Write as _;

use contract::operation::{OperationInfo, ReplyInfo};
use contract::permission::{Permission, Relation, Verdict};

use super::*;
use crate::access::{Login, issue};
use crate::store::sessions::{self, NewSession, SessionId};

const ROLES: [Role; 5] = [
    Role::Guest,
    Role::Agent,
    Role::Bot,
    Role::Admin,
    Role::Owner,
];

/// Organizations in their places around that of the callers.
struct World {
    api: Api,
    own: String,
    below: String,
    above: String,
    foreign: String,
    /// A token for each role.
    tokens: Vec<String>,
    /// The number of the next target, which makes its ID.
    next: u32,
}

impl World {
    async fn new() -> Self {
        let api = Api::start().await;
        let above = api.organization.clone();
        let own = api.organization_below(&above).await;
        let below = api.organization_below(&own).await;
        let foreign = api.new_organization(None).await;
        let mut world = Self {
            api,
            own,
            below,
            above,
            foreign,
            tokens: Vec::new(),
            next: 0,
        };
        for role in ROLES {
            let account = world.account(&world.own.clone(), role).await;
            let token = world.session(&account).await;
            world.tokens.push(token);
        }
        world
    }

    fn organization(&self, relation: Relation) -> &str {
        match relation {
            Relation::Own => &self.own,
            Relation::Below => &self.below,
            Relation::Above => &self.above,
            Relation::Foreign => &self.foreign,
        }
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("{:024x}", 0xa000_0000_u32 + self.next)
    }

    /// Keeps a user who can do anything but log in.
    async fn account(&mut self, organization: &str, role: Role) -> Account {
        let id = self.id();
        let user = User {
            id: Some(object_id(&id)),
            email: format!("{id}@example.com"),
            organization: Some(object_id(organization)),
            role: Some(role),
            status: Some(UserStatus::Active),
            ..User::default()
        };
        let mut transaction = self.api.backend.app.store.write().await.expect("begins");
        let line = line(&mut transaction, object_id(organization)).await;
        let account = Account::new(user, None, line.expect("reads")).expect("is complete");
        let inserted = insert_account(&mut transaction, &account).await;
        inserted.expect("inserts");
        store::commit(transaction).await.expect("commits");
        account
    }

    /// A token of a user.
    async fn session(&self, account: &Account) -> String {
        let app = &self.api.backend.app;
        let id = SessionId::random().expect("has random numbers");
        let new = NewSession {
            id,
            user: account.id,
            started: app.clock.now().as_millisecond(),
            expires: i64::MAX,
        };
        let mut transaction = app.store.write().await.expect("begins");
        let opened = sessions::open(&mut transaction, new, 10).await;
        opened.expect("opens");
        store::commit(transaction).await.expect("commits");
        let generation = 0;
        let token = issue(app, account, Login::Session { id, generation }).expect("signs");
        token.token.expect("there is one")
    }

    /// Seeds a resource that belongs to an organization, and returns its ID.
    async fn seed(&mut self, kind: &str, organization: &str, mut resource: Value) -> String {
        let id = self.id();
        resource["id"] = id.as_str().into();
        resource["organization"] = organization.into();
        let document = json!({kind: [resource]}).to_string();
        let seeded = self.api.backend.seed(document.as_bytes()).await;
        seeded.expect("is valid");
        id
    }

    /// The call of an operation on something new that belongs to an organization,
    /// and the ID of what a list should have.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of resource")]
    async fn call(&mut self, operation: &OperationInfo, at: &str) -> (String, Value, String) {
        let mut path = operation.path.to_owned();
        let mut put = |name: &str, id: &str| path = path.replace(&format!("{{{name}}}"), id);
        let id = operation.id;
        let name = json!({"name": "New"});
        let mut target = at.to_owned();
        let mut body = Value::Null;
        match operation.tag.name {
            "Users" => {
                let user = self.account(at, Role::Agent).await.id.to_string();
                put("user_id", &user);
                put("organization_id", at);
                target = user;
                body = match id {
                    "createUser" => {
                        let email = format!("{}@example.org", self.id());
                        json!({"email": email, "organization": at})
                    }
                    "updateUser" => json!({"phone": "1"}),
                    _ => Value::Null,
                };
                if id == "removeUserOrganization" {
                    // It is not the last one.
                    let other = self.api.organization_below(at).await;
                    self.api.join(&target, &other, Role::Agent).await;
                }
            }
            "Organizations" | "Categories" => {
                let mut organization = at.to_owned();
                // One of its own for each, so that there is room for what is new.
                if at != self.own && at != self.above {
                    let parent = (at == self.below).then(|| self.own.clone());
                    organization = self.api.new_organization(parent.as_deref()).await;
                }
                put("organization_id", &organization);
                if path.contains("{category_id}") {
                    let line = format!("organizations/{organization}");
                    let category = self.category(&organization).await;
                    path = format!("/{line}/categories/{category}");
                }
                target = organization;
                body = match id {
                    "createOrganization" => super::organization("New"),
                    "updateOrganization" => json!({"country": "NL"}),
                    "createCategory" | "updateCategory" => name,
                    _ => Value::Null,
                };
            }
            "Workflows" => put("organization_id", at),
            "Organization groups" => {
                let group = json!({"name": "Group", "members": [at]});
                target = self.seed("organizationGroups", at, group).await;
                put("group_id", &target);
                put("member_id", at);
                body = match id {
                    "createOrganizationGroup" => json!({"name": "New", "organization": at}),
                    "updateOrganizationGroup" => name,
                    "addOrganizationGroupMembers" => json!([self.below]),
                    _ => Value::Null,
                };
            }
            "Bots" | "Bot instances" => {
                let bot = self.seed("bots", at, json!({"name": "Bot"})).await;
                let instance = json!({"bot": bot, "name": "Bot"});
                let instance = self.seed("botInstances", at, instance).await;
                put("bot_id", &bot);
                put("botInstance_id", &instance);
                let is_instance = operation.tag.name == "Bot instances";
                target = if is_instance { instance } else { bot };
                body = match id {
                    "createBot" => json!({"name": "New", "organization": at}),
                    "createBotInstance" => {
                        let own = self.own.clone();
                        let bot = self.seed("bots", &own, json!({"name": "Bot"})).await;
                        json!({"name": "New", "organization": at, "bot": bot})
                    }
                    "updateBot" | "updateBotInstance" => name,
                    _ => Value::Null,
                };
            }
            "Services" => {
                let params = json!({"url": "https://a.example"});
                let service = json!({"name": "Hook", "params": params});
                target = self.seed("services", at, service).await;
                put("service_id", &target);
                body = match id {
                    "createService" => {
                        json!({"name": "New", "organization": at, "params": params})
                    }
                    "updateService" => name,
                    _ => Value::Null,
                };
            }
            "Forms" | "Form fields" => {
                let field = self.id();
                let fields = json!([{"id": field, "name": "date"}]);
                let form = json!({"name": "Form", "fields": fields});
                target = self.seed("forms", at, form).await;
                put("form_id", &target);
                put("field_id", &field);
                body = match id {
                    "createForm" => json!({"name": "New", "organization": at}),
                    "updateForm" | "createFormField" => name,
                    _ => Value::Null,
                };
            }
            other => panic!("the test knows no operations on {other}; add them here"),
        }
        let line = format!("{} /v2{path}", operation.method);
        (line, body, target)
    }

    /// A category of an organization.
    async fn category(&mut self, organization: &str) -> String {
        let id = self.id();
        let mut transaction = self.api.backend.app.store.write().await.expect("begins");
        let found = store::get::<Tenant>(&mut transaction, organization).await;
        let found = found.expect("reads").expect("is there");
        let mut tenant = found.row.clone();
        let category = json!({"id": id, "name": "Category"});
        let category = serde_json::from_value(category).expect("is a category");
        tenant.organization.categories = Some(vec![Some(category)]);
        let replaced = store::replace(&mut transaction, &found, &tenant).await;
        assert!(replaced.expect("writes"), "nobody else changes it");
        store::commit(transaction).await.expect("commits");
        id
    }
}

/// What a reply says of a call, if that is one of the verdicts.
fn verdict(operation: &OperationInfo, reply: &Reply, target: &str) -> Option<Verdict> {
    let is_list = matches!(operation.reply, ReplyInfo { .. }) && operation.path.ends_with('s');
    let is_creation = operation.id.starts_with("create");
    match reply.status {
        200 if operation.id.starts_with("list") && is_list && !operation.path.contains('{') => {
            let list = reply.json();
            let mut items = list.as_array().into_iter().flatten();
            Some(if items.any(|item| item["id"] == target) {
                Verdict::Allowed
            } else {
                Verdict::Unseen
            })
        }
        status if status == operation.status.as_u16() => Some(Verdict::Allowed),
        // A new resource names its organization in the body.
        400 if is_creation => Some(Verdict::Unseen),
        403 if is_creation && String::from_utf8_lossy(&reply.bytes).contains("do not manage") => {
            Some(Verdict::Unseen)
        }
        403 => Some(Verdict::Denied),
        404 => Some(Verdict::Unseen),
        _ => None,
    }
}

#[tokio::test]
async fn every_role_may_do_what_the_table_says() {
    let mut world = World::new().await;
    let mut wrong = String::new();
    for operation in contract::catalogue() {
        match operation.permission {
            // These are about no organization.
            Permission::Nobody | Permission::Oneself(_) => continue,
            _ => {}
        }
        for (role, token) in ROLES.into_iter().zip(world.tokens.clone()) {
            for relation in Relation::ALL {
                // A new organization stands below that of its creator, whatever it says.
                if operation.id == "createOrganization" && relation != Relation::Own {
                    continue;
                }
                let at = world.organization(relation).to_owned();
                let (line, body, target) = world.call(operation, &at).await;
                let reply = if operation.id == "uploadUserAvatar" {
                    avatars::upload_some(&world.api, &token, &target).await
                } else {
                    world.api.call(&token, &line, body).await
                };
                let expected = operation.permission.verdict(role, relation);
                let found = verdict(operation, &reply, &target);
                if found != Some(expected) {
                    let _ = writeln!(
                        wrong,
                        "{} as {role}, {relation:?}: {expected:?} expected, {} {}",
                        operation.id,
                        reply.status,
                        String::from_utf8_lossy(&reply.bytes),
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn what_needs_no_organization_is_for_everybody() {
    let world = World::new().await;
    for token in &world.tokens {
        world
            .api
            .get(token, "/v2/users/me/organizations")
            .await
            .ok();
        world.api.log_in(EMAIL, PASSWORD).await.created();
    }
    assert_eq!(world.api.get(NOBODY, "/v2/users/me").await.status, 401);
}

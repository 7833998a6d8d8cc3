//! The permission table, tried over REST and over gRPC: every operation, as every
//! role, on something that belongs to the caller's own organization, to one below, to
//! one above, and to one elsewhere.

use std::fmt::Write as _;
use std::io::Cursor;

use bytes::{Buf, BufMut, Bytes};
use contract::operation::OperationInfo;
use contract::permission::{Permission, Relation, Verdict};
use contract::users::Role;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use proto::v2::upload_user_avatar_request::Payload;
use proto::v2::{UploadUserAvatarHeader, UploadUserAvatarRequest};
use serde_json::{Value, json};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Code, Status};

use crate::stack::{OWNER, PASSWORD, Stack, with_token};

const ROLES: [Role; 5] = [
    Role::Guest,
    Role::Agent,
    Role::Bot,
    Role::Admin,
    Role::Owner,
];

/// Organizations in their places around that of the callers.
struct World {
    stack: Stack,
    own: String,
    below: String,
    above: String,
    foreign: String,
    /// An organization right under each of these, to move somebody to.
    spare: [(String, String); 4],
    /// Tokens of the owners of the two trees.
    owners: [String; 2],
    /// A token for each role.
    tokens: Vec<String>,
    pool: DescriptorPool,
    picture: Vec<u8>,
    /// The number of the next target, which makes its ID.
    next: u32,
}

/// A call on something new that belongs to an organization.
struct Call {
    path: String,
    /// The fields of the request that the path has.
    variables: Vec<(&'static str, String)>,
    body: Value,
    /// The ID of what a list should have.
    target: String,
}

/// A new organization as a request has it.
fn organization(name: &str) -> Value {
    let billing = json!({
        "billReceiver": name, "billSender": "Web1on1", "stripeCustomerId": "none",
        "currentPlan": "base",
    });
    json!({"name": name, "billingInfo": billing})
}

impl World {
    async fn new() -> Self {
        let stack = Stack::start().await;
        let top = stack.owner().await;
        let created = stack.backend.create_organization(
            "Elsewhere",
            "stranger@example.com".to_owned(),
            Some(PASSWORD.to_owned()),
        );
        created.await.expect("the address is free");
        let stranger = stack.log_in("stranger@example.com", PASSWORD).await;
        let stranger = stranger.token.expect("a token has its text");
        let organization_of = |token: String| {
            let stack = &stack;
            async move {
                let (_, user) = stack.http("GET", "/users/me", &token, None).await;
                user["organization"].as_str().expect("has one").to_owned()
            }
        };
        let above = organization_of(top.clone()).await;
        let foreign = organization_of(stranger.clone()).await;
        let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET);
        let mut picture = Cursor::new(Vec::new());
        image::RgbImage::new(8, 8)
            .write_to(&mut picture, image::ImageFormat::Png)
            .expect("memory takes it");
        let mut world = Self {
            stack,
            own: String::new(),
            below: String::new(),
            spare: Default::default(),
            above,
            foreign,
            owners: [top, stranger],
            tokens: Vec::new(),
            pool: pool.expect("descriptors decode"),
            picture: picture.into_inner(),
            next: 0,
        };
        world.own = world.organization_under(&world.above.clone()).await;
        world.below = world.organization_under(&world.own.clone()).await;
        let places = Relation::ALL.map(|relation| world.at(relation).to_owned());
        for (spare, place) in places.into_iter().enumerate() {
            let organization = world.organization_under(&place).await;
            world.spare[spare] = (place, organization);
        }
        for role in ROLES {
            let (own, email) = (world.own.clone(), format!("{role}@own.example"));
            let user = json!({
                "email": email, "password": PASSWORD, "role": role,
                "status": "active",
            });
            world.seed("users", &own, user).await;
            let token = world.stack.log_in(&email, PASSWORD).await;
            let token = token.token.expect("a token has its text");
            world.tokens.push(token);
        }
        world
    }

    fn at(&self, relation: Relation) -> &str {
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

    /// Seeds a resource and returns its ID.
    async fn put(&mut self, kind: &str, mut resource: Value) -> String {
        let id = self.id();
        resource["id"] = id.as_str().into();
        let document = json!({kind: [resource]}).to_string();
        let seeded = self.stack.backend.seed(document.as_bytes()).await;
        seeded.expect("is valid");
        id
    }

    async fn seed(&mut self, kind: &str, organization: &str, mut resource: Value) -> String {
        resource["organization"] = organization.into();
        self.put(kind, resource).await
    }

    async fn organization_under(&mut self, parent: &str) -> String {
        let mut organization = organization("Part");
        organization["parent"] = parent.into();
        let category = json!({"id": self.id(), "name": "Category"});
        organization["categories"] = json!([category]);
        self.put("organizations", organization).await
    }

    /// Makes a user a member of another organization too, by moving it there and back.
    async fn join_another(&self, user: &str, at: &str) {
        let spare = self.spare.iter().find(|(place, _)| place == at);
        let (_, other) = spare.expect("there is one for each place");
        let owner = &self.owners[usize::from(at == self.foreign)];
        for organization in [other.as_str(), at] {
            let body = Some(json!({"organization": organization}));
            let path = format!("/users/{user}");
            let (status, body) = self.stack.http("PATCH", &path, owner, body).await;
            assert_eq!(status, 200, "{body}");
        }
    }

    /// The call of an operation on something new that belongs to an organization.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of resource")]
    async fn call(&mut self, operation: &OperationInfo, at: &str) -> Call {
        let id = operation.id;
        let name = json!({"name": "New"});
        let mut variables = Vec::new();
        let mut target = at.to_owned();
        let mut body = Value::Null;
        match operation.tag.name {
            "Users" => {
                let email = format!("{}@example.com", self.id());
                let user = json!({"email": email, "role": "agent", "status": "active"});
                target = self.seed("users", at, user).await;
                variables.push(("user_id", target.clone()));
                variables.push(("organization_id", at.to_owned()));
                body = match id {
                    "createUser" => {
                        let email = format!("{}@example.org", self.id());
                        json!({"email": email, "organization": at})
                    }
                    "updateUser" => json!({"phone": "1"}),
                    _ => Value::Null,
                };
                if id == "removeUserOrganization" {
                    self.join_another(&target, at).await;
                }
            }
            "Organizations" | "Categories" => {
                // One of its own for each, so that there is room for what is new.
                if at == self.below || at == self.foreign {
                    let parent = if at == self.below { &self.own } else { at };
                    let parent = parent.to_owned();
                    target = self.organization_under(&parent).await;
                }
                if operation.path.contains("{category_id}") || id == "createCategory" {
                    let owner = self.owners[usize::from(at == self.foreign)].clone();
                    let line = format!("/organizations/{target}");
                    let slots = Some(json!({"categories": [{"name": "Category"}]}));
                    let (_, changed) = self.stack.http("PATCH", &line, &owner, slots).await;
                    let category = changed["categories"][0]["id"].as_str();
                    let category = category.expect("there is one").to_owned();
                    variables.push(("category_id", category));
                }
                variables.push(("organization_id", target.clone()));
                body = match id {
                    "createOrganization" => organization("New"),
                    "updateOrganization" => json!({"country": "NL"}),
                    "createCategory" | "updateCategory" => name,
                    _ => Value::Null,
                };
            }
            "Workflows" => variables.push(("organization_id", at.to_owned())),
            "Organization groups" => {
                let group = json!({"name": "Group", "members": [at]});
                target = self.seed("organizationGroups", at, group).await;
                variables.push(("group_id", target.clone()));
                variables.push(("member_id", at.to_owned()));
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
                variables.push(("bot_id", bot.clone()));
                variables.push(("botInstance_id", instance.clone()));
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
                variables.push(("service_id", target.clone()));
                body = match id {
                    "createService" => json!({"name": "New", "organization": at, "params": params}),
                    "updateService" => name,
                    _ => Value::Null,
                };
            }
            "Forms" | "Form fields" => {
                let field = self.id();
                let fields = json!([{"id": field, "name": "date"}]);
                let form = json!({"name": "Form", "fields": fields});
                target = self.seed("forms", at, form).await;
                variables.push(("form_id", target.clone()));
                variables.push(("field_id", field));
                body = match id {
                    "createForm" => json!({"name": "New", "organization": at}),
                    "updateForm" | "createFormField" => name,
                    _ => Value::Null,
                };
            }
            other => panic!("the test knows no operations on {other}; add them here"),
        }
        variables.retain(|(name, _)| operation.path.contains(&format!("{{{name}}}")));
        let mut path = operation.path.to_owned();
        for (name, value) in &variables {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        Call {
            path,
            variables,
            body,
            target,
        }
    }

    async fn over_rest(&self, operation: &OperationInfo, token: &str, call: &Call) -> Reply {
        let (status, body) = if operation.id == "uploadUserAvatar" {
            let part = ("file", "photo.png", "image/png");
            self.stack
                .upload(&call.path, token, part, &self.picture)
                .await
        } else {
            let body = Some(call.body.clone()).filter(|body| !body.is_null());
            let method = operation.method.as_str();
            self.stack.http(method, &call.path, token, body).await
        };
        Reply {
            code: match status {
                200..=299 => Code::Ok,
                400 => Code::InvalidArgument,
                403 => Code::PermissionDenied,
                404 => Code::NotFound,
                _ => Code::Unknown,
            },
            text: body.to_string(),
            items: body.as_array().cloned(),
        }
    }

    async fn over_grpc(&self, operation: &OperationInfo, token: &str, call: &Call) -> Reply {
        let replied = if operation.id == "uploadUserAvatar" {
            self.upload_over_grpc(token, &call.target).await
        } else {
            self.unary(operation, token, call).await
        };
        match replied {
            Ok(items) => Reply {
                code: Code::Ok,
                text: String::new(),
                items,
            },
            Err(status) => Reply {
                code: status.code(),
                text: status.message().to_owned(),
                items: None,
            },
        }
    }

    /// Calls an rpc that has one request, and returns the list in its reply.
    async fn unary(
        &self,
        operation: &OperationInfo,
        token: &str,
        call: &Call,
    ) -> Result<Option<Vec<Value>>, Status> {
        let rpc = upper_first(operation.id);
        let mut methods = self.pool.services().flat_map(|service| {
            let methods: Vec<_> = service.methods().collect();
            methods
        });
        let method = methods.find(|method| method.name() == rpc);
        let method = method.expect("every operation has an rpc");
        let request = with_token(token, request(&method, operation, call));
        let path = format!("/{}/{rpc}", method.parent_service().full_name());
        let mut client = tonic::client::Grpc::new(self.stack.channel.clone());
        client.ready().await.expect("the gateway is there");
        let path = path.parse().expect("is a path");
        let reply = client
            .unary(request, path, Dynamic(method.output()))
            .await?;
        let reply = serde_json::to_value(reply.into_inner()).expect("has a JSON form");
        let mut fields = reply.as_object().into_iter().flatten();
        let list = fields.find_map(|(_, value)| value.as_array());
        Ok(list.cloned())
    }

    async fn upload_over_grpc(
        &self,
        token: &str,
        user: &str,
    ) -> Result<Option<Vec<Value>>, Status> {
        let header = Payload::Header(UploadUserAvatarHeader {
            user_id: user.to_owned(),
            file_name: Some("photo.png".to_owned()),
            content_type: Some("image/png".to_owned()),
        });
        let chunk = Payload::Chunk(Bytes::from(self.picture.clone()));
        let messages = [header, chunk].map(|payload| UploadUserAvatarRequest {
            payload: Some(payload),
        });
        let request = with_token(token, tokio_stream::iter(messages));
        self.stack.users().upload_user_avatar(request).await?;
        Ok(None)
    }
}

/// The request of an rpc: the variables of the path, and the body where the rpc has it.
fn request(method: &MethodDescriptor, operation: &OperationInfo, call: &Call) -> DynamicMessage {
    let mut request = serde_json::Map::new();
    for (name, value) in &call.variables {
        request.insert(
            name.replace("botInstance", "bot_instance"),
            value.as_str().into(),
        );
    }
    if !call.body.is_null() {
        let words = ["create", "update", "addOrganizationGroup"];
        let field = words
            .iter()
            .find_map(|word| operation.id.strip_prefix(word))
            .expect("what else has a body is not known here; add it");
        let mut field = field.to_owned();
        field[..1].make_ascii_lowercase();
        request.insert(field, call.body.clone());
    }
    DynamicMessage::deserialize(method.input(), Value::Object(request)).expect("the request fits")
}

fn upper_first(text: &str) -> String {
    let mut text = text.to_owned();
    text[..1].make_ascii_uppercase();
    text
}

/// Messages of any type.
struct Dynamic(MessageDescriptor);

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self(self.0.clone())
    }

    fn decoder(&mut self) -> Self {
        Self(self.0.clone())
    }
}

impl Encoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&message.encode_to_vec());
        Ok(())
    }
}

impl Decoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        let message = DynamicMessage::decode(self.0.clone(), bytes);
        message
            .map(Some)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

/// What comes of a call, over REST or over gRPC.
struct Reply {
    code: Code,
    text: String,
    items: Option<Vec<Value>>,
}

impl Reply {
    /// What it says of a call, if that is one of the verdicts.
    fn verdict(&self, operation: &OperationInfo, target: &str) -> Option<Verdict> {
        let is_creation = operation.id.starts_with("create");
        let is_list = operation.id.starts_with("list") && !operation.path.contains('{');
        Some(match self.code {
            Code::Ok if is_list => {
                let mut items = self.items.iter().flatten();
                if items.any(|item| item["id"] == target) {
                    Verdict::Allowed
                } else {
                    Verdict::Unseen
                }
            }
            Code::Ok => Verdict::Allowed,
            // A new resource names its organization in the body.
            Code::InvalidArgument if is_creation => Verdict::Unseen,
            Code::PermissionDenied if is_creation && self.text.contains("do not manage") => {
                Verdict::Unseen
            }
            Code::PermissionDenied => Verdict::Denied,
            Code::NotFound => Verdict::Unseen,
            _ => return None,
        })
    }
}

/// Tries the table over one protocol.
async fn check(over_grpc: bool) {
    let mut world = Box::pin(World::new()).await;
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
                let at = world.at(relation).to_owned();
                let call = world.call(operation, &at).await;
                let reply = if over_grpc {
                    world.over_grpc(operation, &token, &call).await
                } else {
                    world.over_rest(operation, &token, &call).await
                };
                let expected = operation.permission.verdict(role, relation);
                let found = reply.verdict(operation, &call.target);
                if found != Some(expected) {
                    let _ = writeln!(
                        wrong,
                        "{} as {role}, {relation:?}: {expected:?} expected, {} {}",
                        operation.id, reply.code, reply.text,
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn every_role_may_do_over_rest_what_the_table_says() {
    check(false).await;
}

#[tokio::test]
async fn every_role_may_do_over_grpc_what_the_table_says() {
    check(true).await;
}

#[tokio::test]
async fn what_needs_no_organization_is_for_everybody() {
    let world = Box::pin(World::new()).await;
    let path = "/users/me/organizations";
    for token in &world.tokens {
        let (status, body) = world.stack.http("GET", path, token, None).await;
        assert_eq!(status, 200, "{body}");
    }
    world.stack.log_in(OWNER, PASSWORD).await;
    let (status, _) = world.stack.http("GET", path, "nobody", None).await;
    assert_eq!(status, 401);
}

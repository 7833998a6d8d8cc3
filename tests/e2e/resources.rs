//! Every resource over gRPC and over plain HTTP: both see the same.

use contract::recorded::recorded;
use proto::v2;
use proto::v2::bot_instance_service_client::BotInstanceServiceClient;
use proto::v2::bot_service_client::BotServiceClient;
use proto::v2::category_service_client::CategoryServiceClient;
use proto::v2::form_field_service_client::FormFieldServiceClient;
use proto::v2::form_service_client::FormServiceClient;
use proto::v2::organization_group_service_client::OrganizationGroupServiceClient;
use proto::v2::organization_service_client::OrganizationServiceClient;
use proto::v2::service_service_client::ServiceServiceClient;
use serde_json::{Value, json};
use tonic_types::StatusExt as _;
use transcode::json::{self, JsonMessage, Nested};
use transcode::mask::Mask;

use crate::stack::{Stack, with_token};

/// A test for each resource: what is created over gRPC is got over HTTP, and the
/// other way round.
macro_rules! resources {
    ($($test:ident: $client:ident.$field:ident,
        $setup:pat => $case:expr,
        $create:ident: $parent:pat, $new:ident => $create_request:expr,
        $get:ident: $of:pat, $id:ident => $get_request:expr;)+) => {$(
        #[tokio::test]
        async fn $test() {
            let stack = Stack::start().await;
            let token = &stack.owner().await;
            let $setup = Setup { stack: &stack, token };
            let Case { path, parent, document } = $case;
            let mut client = $client::new(stack.channel.clone());

            let ($parent, $new) = (parent.clone(), Some(message(&document)));
            let reply = client.$create(with_token(token, $create_request)).await;
            let created = reply.expect("the document is valid").into_inner().$field;
            let created = without_secret(document_of(created.as_ref()));
            check_kept(&document, &created);
            let line = format!("{path}/{}", id(&created));
            let (status, seen) = stack.http("GET", &line, token, None).await;
            assert_eq!((status, &seen), (200, &created), "GET {line} after {}", stringify!($create));

            let (status, written) = stack.http("POST", &path, token, Some(document)).await;
            assert_eq!(status, 201, "POST {path}: {written}");
            let ($of, $id) = (parent, id(&written));
            let reply = client.$get(with_token(token, $get_request)).await;
            let got = reply.expect("it has been written").into_inner().$field;
            let written = without_secret(written);
            assert_eq!(document_of(got.as_ref()), written, "{} after POST {path}", stringify!($get));
        }
    )+};
}

/// A new resource as it is shown from then on: a secret is shown once.
fn without_secret(mut document: Value) -> Value {
    document
        .as_object_mut()
        .and_then(|members| members.remove("secret"));
    document
}

/// Where resources of a kind are, and one to create there.
struct Case {
    path: String,
    /// The ID of the resource that the path names, if it names one.
    parent: String,
    document: Value,
}

/// What a new organization does without that names something else.
fn alone() -> Value {
    json!({"categories": null, "partners": null})
}

/// Makes what a case needs.
struct Setup<'a> {
    stack: &'a Stack,
    token: &'a str,
}

impl Setup<'_> {
    /// The document of the recorded exchange, with `changes`; null takes a
    /// property away. The IDs in a recorded one name nothing here.
    fn document(operation: &str, changes: Value) -> Value {
        let request = recorded(operation).and_then(|exchange| exchange.request.as_ref());
        let body = request.and_then(|request| request.body.clone());
        let mut document = body.expect("a body was recorded");
        let Value::Object(changes) = changes else {
            panic!("changes are an object, not {changes}");
        };
        for (name, value) in changes {
            document[name] = value;
        }
        let members = document.as_object_mut().expect("an object was recorded");
        members.retain(|_, value| !value.is_null());
        document
    }

    fn case(path: &str, operation: &str, changes: Value) -> Case {
        Case {
            path: path.to_owned(),
            parent: String::new(),
            document: Self::document(operation, changes),
        }
    }

    /// Creates a resource and returns its ID.
    async fn create(&self, path: &str, document: Value) -> String {
        let (status, created) = self
            .stack
            .http("POST", path, self.token, Some(document))
            .await;
        assert_eq!(status, 201, "POST {path}: {created}");
        id(&created)
    }

    async fn organization(self) -> Case {
        let form = self.create("/forms", json!({"name": "Order"})).await;
        let partner = Self::document("createOrganization", alone());
        let partner = self.create("/organizations", partner).await;
        let partners = json!([{"organization": partner, "permission": "admin"}]);
        let categories = json!([{"name": "New Car", "forms": [form]}, null, {"name": "Used Car"}]);
        Self::case(
            "/organizations",
            "createOrganization",
            json!({"categories": categories, "partners": partners}),
        )
    }

    async fn category(self) -> Case {
        let changes = json!({"forms": [self.create("/forms", json!({"name": "Order"})).await]});
        let organization = Self::document("createOrganization", alone());
        let parent = self.create("/organizations", organization).await;
        let path = format!("/organizations/{parent}/categories");
        Case {
            parent,
            ..Self::case(&path, "createCategory", changes)
        }
    }

    async fn organization_group(self) -> Case {
        let member = Self::document("createOrganization", alone());
        let member = self.create("/organizations", member).await;
        let changes = json!({"organization": member, "members": [member]});
        Self::case("/orggroups", "createOrganizationGroup", changes)
    }

    fn bot() -> Case {
        Self::case("/bots", "createBot", json!({"organization": null}))
    }

    async fn bot_instance(self) -> Case {
        let bot = self.create("/bots", json!({"name": "BusyBot"})).await;
        let changes = json!({"organization": null, "bot": bot});
        Self::case("/botinstances", "createBotInstance", changes)
    }

    fn service() -> Case {
        let dates =
            json!({"organization": null, "startDate": "2100-01-01T00:00:00Z", "endDate": null});
        let mut case = Self::case("/services", "createService", dates);
        case.document["params"]["headerColor"] = json!("yellow");
        case
    }

    async fn form(self) -> Case {
        let template = self.create("/forms", json!({"name": "Order"})).await;
        let changes = json!({"organization": null, "template": template});
        Self::case("/forms", "createForm", changes)
    }

    async fn form_field(self) -> Case {
        let parent = self.create("/forms", json!({"name": "Order"})).await;
        let path = format!("/forms/{parent}/fields");
        Case {
            parent,
            ..Self::case(&path, "createFormField", json!({}))
        }
    }
}

fn message<M: JsonMessage>(document: &Value) -> M {
    let (message, drifts) =
        json::read::<Nested<M>>(document.to_string().as_bytes()).expect("the document fits");
    assert!(drifts.is_empty(), "{drifts:?} of {document}");
    message
}

fn document_of<M: JsonMessage>(message: Option<&M>) -> Value {
    let message = message.expect("the reply has its message");
    let json = json::write::<Nested<M>>(message, "", Mask::Set).expect("it has a JSON form");
    serde_json::from_slice(&json).expect("JSON")
}

fn id(document: &Value) -> String {
    let id = document["id"].as_str();
    id.unwrap_or_else(|| panic!("no id in {document}"))
        .to_owned()
}

/// Whatever was given is there; more may have come.
#[track_caller]
fn check_kept(given: &Value, kept: &Value) {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (name, given) in given {
                let kept = kept.get(name);
                check_kept(given, kept.unwrap_or_else(|| panic!("{name} is gone")));
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            assert_eq!(given.len(), kept.len(), "{given:?} has become {kept:?}");
            for (given, kept) in given.iter().zip(kept) {
                check_kept(given, kept);
            }
        }
        _ => assert_eq!(given, kept),
    }
}

resources! {
    an_organization_is_the_same_over_grpc_and_http: OrganizationServiceClient.organization,
        setup => setup.organization().await,
        create_organization: _, organization => v2::CreateOrganizationRequest { organization },
        get_organization: _, organization_id => v2::GetOrganizationRequest { organization_id };

    a_category_is_the_same_over_grpc_and_http: CategoryServiceClient.category,
        setup => setup.category().await,
        create_category: organization_id, category =>
            v2::CreateCategoryRequest { organization_id, category },
        get_category: organization_id, category_id =>
            v2::GetCategoryRequest { organization_id, category_id };

    a_group_is_the_same_over_grpc_and_http: OrganizationGroupServiceClient.organization_group,
        setup => setup.organization_group().await,
        create_organization_group: _, organization_group =>
            v2::CreateOrganizationGroupRequest { organization_group },
        get_organization_group: _, group_id => v2::GetOrganizationGroupRequest { group_id };

    a_bot_is_the_same_over_grpc_and_http: BotServiceClient.bot,
        _ => Setup::bot(),
        create_bot: _, bot => v2::CreateBotRequest { bot },
        get_bot: _, bot_id => v2::GetBotRequest { bot_id };

    a_bot_instance_is_the_same_over_grpc_and_http: BotInstanceServiceClient.bot_instance,
        setup => setup.bot_instance().await,
        create_bot_instance: _, bot_instance => v2::CreateBotInstanceRequest { bot_instance },
        get_bot_instance: _, bot_instance_id => v2::GetBotInstanceRequest { bot_instance_id };

    a_service_is_the_same_over_grpc_and_http: ServiceServiceClient.service,
        _ => Setup::service(),
        create_service: _, service => v2::CreateServiceRequest { service },
        get_service: _, service_id => v2::GetServiceRequest { service_id };

    a_form_is_the_same_over_grpc_and_http: FormServiceClient.form,
        setup => setup.form().await,
        create_form: _, form => v2::CreateFormRequest { form },
        get_form: _, form_id => v2::GetFormRequest { form_id };

    a_form_field_is_the_same_over_grpc_and_http: FormFieldServiceClient.form_field,
        setup => setup.form_field().await,
        create_form_field: form_id, form_field =>
            v2::CreateFormFieldRequest { form_id, form_field },
        get_form_field: form_id, field_id => v2::GetFormFieldRequest { form_id, field_id };
}

#[tokio::test]
async fn a_refused_property_has_the_path_of_its_field() {
    let stack = Stack::start().await;
    let token = &stack.owner().await;
    let form = v2::Form {
        name: Some("Brochure".to_owned()),
        notify_emails: vec!["a@example.com".to_owned(), "no address".to_owned()],
        ..Default::default()
    };
    let request = v2::CreateFormRequest { form: Some(form) };
    let mut client = FormServiceClient::new(stack.channel.clone());
    let reply = client.create_form(with_token(token, request)).await;
    let status = reply.expect_err("that is no address");
    let details = status.get_error_details();
    let bad = details.bad_request().expect("the field is named");
    let fields: Vec<_> = bad
        .field_violations
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(fields, ["form.notify_emails[1]"]);

    let request = v2::ListFormsRequest {
        created_at: Some("soon".to_owned()),
        ..Default::default()
    };
    let reply = client.list_forms(with_token(token, request)).await;
    let status = reply.expect_err("that is no time");
    let details = status.get_error_details();
    let bad = details.bad_request().expect("the parameter is named");
    assert_eq!(bad.field_violations[0].field, "created_at");
}

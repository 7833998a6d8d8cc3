//! Loading resources from a document.

use super::*;
use crate::{SeedError, Seeded};

const ONE: &str = "56467a06d9b082b0059151dc";
const TWO: &str = "56467a06d9b082b0059151dd";

/// The sample in the repository.
const SAMPLE: &[u8] = include_bytes!("../../../../seed/sample.json");

async fn seed(api: &Api, document: Value) -> Result<Seeded, SeedError> {
    api.backend.seed(document.to_string().as_bytes()).await
}

/// Checks which paths of a seed are refused, and that nothing of it is kept.
async fn check_refused(document: Value, paths: &[&str]) {
    let api = Api::start().await;
    match seed(&api, document).await {
        Err(SeedError::Invalid(violations)) => {
            let found: Vec<_> = violations
                .as_slice()
                .iter()
                .map(|violation| &*violation.field)
                .collect();
            assert_eq!(found, paths, "{violations}");
        }
        other => panic!("the seed must be refused: {other:?}"),
    }
    assert_eq!(api.names("organizations").await, ["My organization"]);
}

fn with_id(id: &str, mut resource: Value) -> Value {
    resource["id"] = id.into();
    resource
}

#[tokio::test]
async fn the_sample_is_loaded_once() {
    let api = Api::start().await;
    let done = api.backend.seed(SAMPLE).await.expect("the sample is valid");
    assert_eq!((done.replaced, done.kept), (0, 0));
    let again = api.backend.seed(SAMPLE).await.expect("the sample is valid");
    assert_eq!(
        again,
        Seeded {
            created: 0,
            replaced: 1,
            kept: done.created - 1
        }
    );
    for (list, count) in [
        ("organizations", 9),
        ("forms", 4),
        ("orggroups", 1),
        ("bots", 1),
        ("botinstances", 1),
        ("services", 1),
        ("organizations/56467a06d9b082b0059151dc/workflows", 1),
        ("organizations/55dcf8aa048ee2227d4aa1a4/workflows", 0),
    ] {
        assert_eq!(api.names(list).await.len(), count, "{list}");
    }
    let users = api.read("users?select=email").await.ok();
    assert_eq!(users.as_array().map(Vec::len), Some(4), "{users}");
}

#[tokio::test]
async fn backends_that_load_a_seed_together_load_it_once() {
    let api = Api::start().await;
    let beside = api.beside().await;
    let (one, other) = tokio::join!(api.backend.seed(SAMPLE), beside.seed(SAMPLE));
    let one = one.expect("the sample is valid");
    let other = other.expect("the sample is valid");
    assert_eq!(one.created.min(other.created), 0, "{one:?} {other:?}");
}

#[tokio::test]
async fn what_exists_is_left_as_it_is() {
    let api = Api::start().await;
    let form = json!({"forms": [{"id": ONE, "name": "Brochure"}]});
    seed(&api, form.clone()).await.expect("is valid");
    let path = format!("forms/{ONE}");
    api.patch(&path, json!({"name": "Flyer"})).await.ok();
    seed(&api, form).await.expect("is valid");
    assert_eq!(api.read(&path).await.ok()["name"], "Flyer");
}

#[tokio::test]
async fn workflows_are_replaced() {
    let api = Api::start().await;
    for name in ["Sales", "Support"] {
        let workflow = json!({"workflows": [{"id": ONE, "name": name}]});
        seed(&api, workflow).await.expect("is valid");
    }
    let path = format!("organizations/{}/workflows", api.organization);
    assert_eq!(api.names(&path).await, ["Support"]);
}

#[tokio::test]
async fn organizations_may_stand_before_the_one_above_them() {
    let api = Api::start().await;
    let mut below = with_id(ONE, organization("Below"));
    below["parent"] = TWO.into();
    let above = with_id(TWO, organization("Above"));
    let done = seed(&api, json!({"organizations": [below, above]})).await;
    assert_eq!(done.expect("is valid").created, 2);
    let anna = api
        .person("anna", json!({"organization": TWO, "role": "admin"}))
        .await;
    let seen = api
        .get(&anna.token, "/v2/organizations?select=name")
        .await
        .ok();
    assert_eq!(seen[0]["name"], "Below");
}

#[tokio::test]
async fn users_are_loaded_as_if_they_were_created() {
    let api = Api::start().await;
    let mut document = json!({"organizations": [with_id(TWO, organization("Below"))]});
    document["users"] = json!([
        {
            "id": ONE, "organization": TWO, "role": "admin", "status": "active",
            "email": "Anna@example.com", "password": "anna",
            "givenName": "Anna", "familyName": "Smith",
        },
        {"id": TWO, "email": "robot@example.com", "role": "bot", "apiToken": "made up"},
    ]);
    let done = seed(&api, document.clone()).await.expect("is valid");
    assert_eq!(done.created, 3);
    let token = api.log_in("anna@example.com", "anna").await.created();
    assert_eq!(token["organization"], TWO);
    let anna = api.get(&text(&token["token"]), "/v2/users/me").await.ok();
    assert_eq!(anna["displayName"], "Anna Smith");
    assert!(anna["password"].is_null(), "{anna}");
    let robot = api.read(&format!("users/{TWO}")).await.ok();
    assert_eq!(robot["organization"], api.organization);
    assert_eq!(robot["status"], "queued");
    assert_eq!(robot.get("apiToken"), None, "{robot}");
    let found = api.read("users?email=anna@example.com").await.ok();
    assert_eq!(found[0]["id"], ONE);

    // What is there is left as it is, its password included.
    let path = format!("users/{ONE}");
    api.patch(&path, json!({"password": "other"})).await.ok();
    let again = seed(&api, document).await.expect("is valid");
    assert_eq!((again.created, again.kept), (0, 3));
    api.log_in("anna@example.com", "other").await.created();
}

#[tokio::test]
async fn an_address_belongs_to_one_user() {
    let api = Api::start().await;
    let user = |id: &str, email: &str| json!({"id": id, "email": email});
    let twice = json!({"users": [user(ONE, "a@example.com"), user(TWO, "A@example.com")]});
    let taken = json!({"users": [user(ONE, "Jeff@jeffdoe.com")]});
    for (document, path) in [(twice, "users[1].email"), (taken, "users[0].email")] {
        match seed(&api, document).await {
            Err(SeedError::Invalid(violations)) => {
                assert_eq!(violations.as_slice()[0].field, path, "{violations}");
            }
            other => panic!("the seed must be refused: {other:?}"),
        }
    }
    assert_eq!(
        api.read("users").await.ok().as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn organizations_in_a_circle_are_refused() {
    let mut one = with_id(ONE, organization("One"));
    one["parent"] = TWO.into();
    let mut two = with_id(TWO, organization("Two"));
    two["parent"] = ONE.into();
    let paths = ["organizations[0].parent", "organizations[1].parent"];
    check_refused(json!({"organizations": [one, two]}), &paths).await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_named() {
    let document = json!({
        "organizations": [organization("No ID")],
        "forms": [{"id": ONE, "name": 7}, {"id": TWO, "nmae": "x", "name": "y"}],
        "services": [{"id": ONE, "name": "Hook", "params": {}}],
        "cars": [],
    });
    let paths = [
        "cars",
        "organizations[0].id",
        "forms[0].name",
        "forms[1].nmae",
        "services[0].params.url",
    ];
    check_refused(document, &paths).await;
}

#[tokio::test]
async fn references_must_lead_somewhere() {
    let document = json!({
        "organizations": [with_id(ONE, organization("One"))],
        "users": [{"id": ONE, "email": "a@example.com", "organization": TWO}],
        "forms": [{"id": ONE, "name": "Brochure", "organization": TWO, "template": TWO}],
        "botInstances": [{"id": ONE, "bot": TWO, "organization": ONE}],
        "workflows": [{"id": ONE, "organizations": [ONE, TWO]}],
    });
    let paths = [
        "users[0].organization",
        "forms[0].organization",
        "workflows[0].organizations[1]",
        "forms[0].template",
        "botInstances[0].bot",
    ];
    check_refused(document, &paths).await;
}

#[tokio::test]
async fn the_same_id_twice_is_refused() {
    let document = json!({"forms": [{"id": ONE, "name": "a"}, {"id": ONE, "name": "b"}]});
    check_refused(document, &["forms[1].id"]).await;
}

#[tokio::test]
async fn a_seed_is_a_json_object() {
    let api = Api::start().await;
    let found = api.backend.seed(b"organizations:").await;
    assert!(matches!(found, Err(SeedError::Json(_))), "{found:?}");
    check_refused(json!([]), &[""]).await;
}

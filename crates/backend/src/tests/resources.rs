//! What holds for every resource that belongs to an organization.

use super::*;

/// The collections, and the body of a new resource in each. A bot instance needs
/// a bot.
const COLLECTIONS: [&str; 5] = ["orggroups", "bots", "services", "forms", "botinstances"];

async fn body(api: &Api, collection: &str) -> Value {
    match collection {
        "services" => json!({"name": "One", "type": "api", "params": {}}),
        "botinstances" => {
            let bot = api.create("bots", json!({"name": "Bot"})).await;
            json!({"name": "One", "bot": bot["id"]})
        }
        _ => json!({"name": "One"}),
    }
}

#[tokio::test]
async fn a_new_resource_belongs_to_the_organization_of_the_caller() {
    let api = Api::start().await;
    for collection in COLLECTIONS {
        let body = body(&api, collection).await;
        let created = api.create(collection, body).await;
        assert_eq!(
            created["organization"],
            json!(api.organization),
            "{collection}"
        );
    }
}

#[tokio::test]
async fn a_created_resource_is_what_its_location_serves() {
    let api = Api::start().await;
    for collection in COLLECTIONS {
        let body = body(&api, collection).await;
        let reply = api
            .call(&api.owner, &format!("POST /v2/{collection}"), body)
            .await;
        let location = reply.header("location").to_owned();
        let mut created = reply.created();
        // A secret is shown once.
        created
            .as_object_mut()
            .expect("is an object")
            .remove("secret");
        assert_eq!(
            location,
            format!("/v2/{collection}/{}", text(&created["id"]))
        );
        assert_eq!(api.get(&api.owner, &location).await.ok(), created);
    }
}

#[tokio::test]
async fn what_was_fetched_can_be_sent_back() {
    let api = Api::start().await;
    for collection in COLLECTIONS {
        let body = body(&api, collection).await;
        let created = api.create(collection, body).await;
        api.advance(SignedDuration::from_secs(1));
        let path = format!("{collection}/{}", text(&created["id"]));
        assert_eq!(
            api.patch(&path, created.clone()).await.ok(),
            created,
            "{collection}"
        );
        let copy = api.create(collection, created.clone()).await;
        assert_ne!(copy["id"], created["id"], "{collection}");
    }
}

#[tokio::test]
async fn a_change_is_dated() {
    let api = Api::start().await;
    for collection in COLLECTIONS {
        let body = body(&api, collection).await;
        let created = api.create(collection, body).await;
        api.advance(SignedDuration::from_secs(1));
        let path = format!("{collection}/{}", text(&created["id"]));
        let changed = api.patch(&path, json!({"name": "Two"})).await.ok();
        assert_eq!(changed["name"], "Two", "{collection}");
        assert_eq!(changed["createdAt"], created["createdAt"], "{collection}");
        assert_ne!(changed["updatedAt"], created["updatedAt"], "{collection}");
    }
}

#[tokio::test]
async fn an_organization_must_be_visible() {
    let api = Api::start().await;
    let (elsewhere, _) = api.stranger().await;
    for collection in COLLECTIONS {
        let mut body = body(&api, collection).await;
        let created = api.create(collection, body.clone()).await;
        body["organization"] = elsewhere.clone().into();
        let line = format!("POST /v2/{collection}");
        api.call(&api.owner, &line, body)
            .await
            .violates(&["organization"]);
        let path = format!("{collection}/{}", text(&created["id"]));
        for organization in [json!(elsewhere), Value::Null] {
            let body = json!({"organization": organization});
            api.patch(&path, body).await.violates(&["organization"]);
        }
    }
}

#[tokio::test]
async fn what_belongs_to_another_organization_does_not_exist() {
    let api = Api::start().await;
    let (_, stranger) = api.stranger().await;
    for collection in COLLECTIONS {
        let body = body(&api, collection).await;
        let created = api.create(collection, body).await;
        let path = format!("/v2/{collection}/{}", text(&created["id"]));
        for (method, body) in [
            ("GET", Value::Null),
            ("PATCH", json!({"name": "x"})),
            ("DELETE", Value::Null),
        ] {
            let reply = api
                .call(&stranger.token, &format!("{method} {path}"), body)
                .await;
            assert_eq!(reply.status, 404, "{method} {path}");
        }
        let list = api
            .get(&stranger.token, &format!("/v2/{collection}"))
            .await
            .ok();
        assert_eq!(list, json!([]), "{collection}");
    }
}

#[tokio::test]
async fn agents_read_and_do_not_write() {
    let api = Api::start().await;
    let agent = api.person("anna", json!({})).await;
    for collection in COLLECTIONS {
        let body = body(&api, collection).await;
        let created = api.create(collection, body.clone()).await;
        let path = format!("/v2/{collection}/{}", text(&created["id"]));
        assert_eq!(
            api.get(&agent.token, &path).await.status,
            200,
            "{collection}"
        );
        for (line, body) in [
            (format!("POST /v2/{collection}"), body),
            (format!("PATCH {path}"), json!({"name": "x"})),
            (format!("DELETE {path}"), Value::Null),
        ] {
            let reply = api.call(&agent.token, &line, body).await;
            assert_eq!(reply.status, 403, "{line}");
        }
    }
}

#[tokio::test]
async fn a_list_can_be_filtered_sorted_and_paged() {
    for collection in COLLECTIONS {
        let api = Api::start().await;
        for name in ["Beta", "alpha", "Gamma"] {
            api.advance(SignedDuration::from_secs(1));
            let mut body = body(&api, collection).await;
            body["name"] = name.into();
            api.create(collection, body).await;
        }
        // Bots that instances needed came with instances of their own, named `Bot`.
        let names = |query: &str| {
            let (api, path) = (&api, format!("{collection}?name=~a&{query}"));
            async move { api.names(&path).await }
        };
        assert_eq!(
            names("sort=name").await,
            ["alpha", "Beta", "Gamma"],
            "{collection}"
        );
        assert_eq!(
            names("sort=-createdAt&limit=1").await,
            ["Gamma"],
            "{collection}"
        );
        assert_eq!(names("limit=1&offset=1").await, ["alpha"], "{collection}");
        let query = format!(
            "organization={}&createdAt=>2016-01-07&name=^g",
            api.organization
        );
        let path = format!("{collection}?{}&select=name", query.replace('>', "%3E"));
        let list = api.read(&path).await.ok();
        assert_eq!(list[0]["name"], "Gamma", "{collection}");
        // Of a service there is also the type, which tells what it can have.
        let expected = if collection == "services" { 3 } else { 2 };
        assert_eq!(
            list[0].as_object().map(serde_json::Map::len),
            Some(expected),
            "{collection}"
        );
        assert_eq!(
            names("createdAt=%3C2016-01-07").await,
            [""; 0],
            "{collection}"
        );
    }
}

#[tokio::test]
async fn concurrent_changes_lose_nothing() {
    let api = Arc::new(Api::start().await);
    let form = api.create("forms", json!({"name": "Brochure"})).await;
    let path = format!("forms/{}/fields", text(&form["id"]));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (api, path) = (api.clone(), path.clone());
        tasks.spawn(async move {
            api.create(&path, json!({"name": format!("field{number}")}))
                .await;
        });
    }
    tasks.join_all().await;
    let mut names = api.names(&path).await;
    names.sort();
    let expected: Vec<_> = (0..8).map(|number| format!("field{number}")).collect();
    assert_eq!(names, expected);
}

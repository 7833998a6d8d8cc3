//! Bots and their instances.

use super::*;

/// A backend, a bot and its first instance.
async fn start() -> (Api, Value, Value) {
    let api = Api::start().await;
    let bot = json!({
        "name": "BusyBot",
        "description": "Answers",
        "meta": {"greeting": "Hello", "language": "en"},
    });
    let bot = api.create("bots", bot).await;
    let instances = api.read("botinstances").await.ok();
    (api, bot, instances[0].clone())
}

fn path(instance: &Value) -> String {
    format!("botinstances/{}", text(&instance["id"]))
}

#[tokio::test]
async fn a_bot_comes_with_an_instance_for_its_organization() {
    let (api, bot, instance) = start().await;
    assert_eq!(
        (
            &instance["bot"],
            &instance["organization"],
            &instance["enabled"]
        ),
        (&bot["id"], &json!(api.organization), &json!(true))
    );
    assert_eq!(instance["createdBy"], json!(api.owner_id));
}

#[tokio::test]
async fn a_new_bot_has_its_defaults_and_a_secret() {
    let (_, bot, _) = start().await;
    assert_eq!(
        (&bot["status"], &bot["roles"], &bot["audience"]),
        (&json!("active"), &json!(["bot"]), &json!("owner"))
    );
    assert!(
        text(&bot["secret"]).len() >= 32,
        "a secret is hard to guess"
    );
}

#[tokio::test]
async fn a_secret_is_set_by_an_update_only() {
    let api = Api::start().await;
    let bot = api
        .create("bots", json!({"name": "BusyBot", "secret": "mine"}))
        .await;
    assert_ne!(bot["secret"], "mine");
    let path = format!("bots/{}", text(&bot["id"]));
    let bot = api.patch(&path, json!({"secret": "mine"})).await.ok();
    assert_eq!(bot["secret"], "mine");
}

#[tokio::test]
async fn a_secret_is_for_admins() {
    let (api, bot, _) = start().await;
    let agent = api.person("anna", json!({})).await;
    let seen = api
        .get(&agent.token, &format!("/v2/bots/{}", text(&bot["id"])))
        .await
        .ok();
    assert_eq!(seen.get("secret"), None);
}

#[tokio::test]
async fn an_instance_has_of_its_bot_what_it_does_not_have_itself() {
    let (api, bot, instance) = start().await;
    let bot_path = format!("bots/{}", text(&bot["id"]));
    api.patch(&path(&instance), json!({"description": "Sells"}))
        .await
        .ok();
    let patch =
        json!({"name": "LazyBot", "description": "Sleeps", "avatar": "https://a.example/b"});
    api.patch(&bot_path, patch).await.ok();
    let instance = api.read(&path(&instance)).await.ok();
    assert_eq!(
        (
            &instance["name"],
            &instance["description"],
            &instance["avatar"]
        ),
        (
            &json!("LazyBot"),
            &json!("Sells"),
            &json!("https://a.example/b")
        )
    );
}

#[tokio::test]
async fn meta_is_inherited_by_entry() {
    let (api, bot, instance) = start().await;
    let meta = json!({"meta": {"greeting": "Hi"}});
    let changed = api.patch(&path(&instance), meta).await.ok();
    assert_eq!(changed["meta"], json!({"greeting": "Hi", "language": "en"}));
    let bot_path = format!("bots/{}", text(&bot["id"]));
    let meta = json!({"meta": {"greeting": "Bye", "language": "nl"}});
    api.patch(&bot_path, meta).await.ok();
    let instance = api.read(&path(&instance)).await.ok();
    assert_eq!(
        instance["meta"],
        json!({"greeting": "Hi", "language": "nl"})
    );
}

#[tokio::test]
async fn what_is_cleared_is_that_of_the_bot_again() {
    let (api, _, instance) = start().await;
    let own = json!({"name": "BestBot", "meta": {"greeting": "Hi"}});
    api.patch(&path(&instance), own).await.ok();
    let cleared = json!({"name": null, "meta": {"greeting": null}});
    let instance = api.patch(&path(&instance), cleared).await.ok();
    assert_eq!(instance["name"], "BusyBot");
    assert_eq!(
        instance["meta"],
        json!({"greeting": "Hello", "language": "en"})
    );
}

#[tokio::test]
async fn what_is_sent_back_does_not_become_the_instances_own() {
    let (api, bot, instance) = start().await;
    api.patch(&path(&instance), instance.clone()).await.ok();
    let bot_path = format!("bots/{}", text(&bot["id"]));
    api.patch(&bot_path, json!({"name": "LazyBot"})).await.ok();
    assert_eq!(api.read(&path(&instance)).await.ok()["name"], "LazyBot");
}

#[tokio::test]
async fn instances_are_filtered_and_sorted_by_what_they_show() {
    let (api, bot, _) = start().await;
    let own = json!({"bot": bot["id"], "name": "BestBot", "enabled": false});
    api.create("botinstances", own).await;
    api.create("bots", json!({"name": "Other"})).await;
    let id = text(&bot["id"]);
    let sorted = api.names(&format!("botinstances?bot={id}&sort=name")).await;
    assert_eq!(sorted, ["BestBot", "BusyBot"]);
    assert_eq!(api.names("botinstances?enabled=false").await, ["BestBot"]);
    assert_eq!(api.names("botinstances?name=^busy").await, ["BusyBot"]);
}

#[tokio::test]
async fn the_bot_of_an_instance_must_be_visible() {
    let (api, _, instance) = start().await;
    let (_, stranger) = api.stranger().await;
    let line = "POST /v2/bots";
    let theirs = api
        .call(&stranger.token, line, json!({"name": "Spy"}))
        .await
        .created();
    let body = json!({"bot": theirs["id"], "name": "Mine"});
    let line = "POST /v2/botinstances";
    api.call(&api.owner, line, body).await.violates(&["bot"]);
    let patch = json!({"bot": theirs["id"]});
    api.patch(&path(&instance), patch).await.violates(&["bot"]);
}

#[tokio::test]
async fn a_deleted_bot_leaves_lists_and_its_instances_stay() {
    let (api, bot, instance) = start().await;
    let bot_path = format!("bots/{}", text(&bot["id"]));
    api.delete(&bot_path).await.no_content();
    assert_eq!(api.read("bots").await.ok(), json!([]));
    assert_eq!(api.read(&bot_path).await.ok()["status"], "archived");
    assert_eq!(api.read(&path(&instance)).await.ok(), instance);
}

#[tokio::test]
async fn a_deleted_instance_is_gone() {
    let (api, _, instance) = start().await;
    api.delete(&path(&instance)).await.no_content();
    assert_eq!(api.read(&path(&instance)).await.status, 404);
}

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
async fn a_secret_is_shown_once() {
    let (api, bot, _) = start().await;
    let path = format!("bots/{}", text(&bot["id"]));
    let other = api.patch(&path, json!({"name": "LazyBot"})).await.ok();
    assert_eq!(other.get("secret"), None);
    assert_eq!(api.read(&path).await.ok().get("secret"), None);
    assert_eq!(api.read("bots").await.ok()[0].get("secret"), None);
    let mut connection = api.backend.app.store.read().await.expect("connects");
    let kept = store::get::<contract::bots::Bot>(&mut connection, &text(&bot["id"])).await;
    let kept = kept.expect("reads").expect("is there").row;
    assert_ne!(kept.secret, Some(text(&bot["secret"])));
}

#[tokio::test]
async fn a_bot_that_moves_gets_another_secret() {
    let (api, bot, _) = start().await;
    let below = api.organization_below(&api.organization).await;
    let path = format!("bots/{}", text(&bot["id"]));
    let moved = api.patch(&path, json!({"organization": below})).await.ok();
    assert_ne!(text(&moved["secret"]), text(&bot["secret"]));
    let back = json!({"organization": api.organization, "secret": "mine"});
    assert_eq!(api.patch(&path, back).await.ok()["secret"], "mine");
    let without = api.patch(&path, json!({"secret": null})).await.ok();
    assert_eq!(without.get("secret"), None);
}

#[tokio::test]
async fn what_configures_a_bot_is_not_for_guests_and_agents() {
    let (api, bot, instance) = start().await;
    api.patch(&path(&instance), json!({"meta": {"greeting": "Hi"}}))
        .await
        .ok();
    for (role, sees) in [("guest", false), ("agent", false), ("admin", true)] {
        let person = api.person(role, json!({"role": role})).await;
        let bot = format!("/v2/bots/{}", text(&bot["id"]));
        let bot = api.get(&person.token, &bot).await.ok();
        assert_eq!(bot.get("meta").is_some(), sees, "{role}: {bot}");
        let instance = format!("/v2/{}", path(&instance));
        let seen = api.get(&person.token, &instance).await.ok();
        assert_eq!(seen.get("meta").is_some(), sees, "{role}: {seen}");
    }
}

#[tokio::test]
async fn the_root_instance_has_the_defaults_of_the_others() {
    let (api, bot, root) = start().await;
    let below = api.organization_below(&api.organization).await;
    let meta = json!({"meta": {"greeting": "Hi", "tone": "kind"}});
    api.patch(&path(&root), meta).await.ok();
    let other = api
        .create(
            "botinstances",
            json!({"bot": bot["id"], "organization": below, "meta": {"tone": "rude"}}),
        )
        .await;
    let expected = json!({"greeting": "Hi", "language": "en", "tone": "rude"});
    assert_eq!(other["meta"], expected);
    assert_eq!(api.read(&path(&other)).await.ok()["meta"], expected);
    api.patch(&path(&root), json!({"meta": {"greeting": "Bye"}}))
        .await
        .ok();
    let other = api.read(&path(&other)).await.ok();
    assert_eq!(other["meta"]["greeting"], "Bye");
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

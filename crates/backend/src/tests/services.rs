//! Services: what each provider needs, and when they are on.

use super::*;

/// Checks which parameters of a new service are refused.
async fn check(provider: &str, params: Value, refused: &[&str]) {
    let api = Api::start().await;
    let body = json!({"name": "Widget", "type": provider, "params": params});
    let reply = api.call(&api.owner, "POST /v2/services", body).await;
    if refused.is_empty() {
        assert_eq!(reply.created()["params"], params);
    } else {
        reply.violates(refused);
    }
}

#[tokio::test]
async fn smartsupp_needs_an_xmpp_account() {
    let params = json!({
        "jid": "me@example.com",
        "password": "z3krut",
        "host": "example.com",
        "port": "5223",
    });
    check("smartsupp", params, &[]).await;
    let params = json!({"password": "", "port": "https"});
    let refused = [
        "params.jid",
        "params.password",
        "params.host",
        "params.port",
    ];
    check("smartsupp", params, &refused).await;
}

#[tokio::test]
async fn intercom_needs_an_app_and_a_user() {
    let params = json!({"app_id": "a3sdd8g4", "access_token": "x", "assignee_id": "846956"});
    check("intercom", params, &[]).await;
    let refused = ["params.app_id", "params.access_token", "params.assignee_id"];
    check("intercom", json!({"appId": "a3sdd8g4"}), &refused).await;
}

#[tokio::test]
async fn smooch_needs_an_app() {
    check(
        "smooch",
        json!({"appId": "a", "advanced": {"any": [1]}}),
        &[],
    )
    .await;
    check("smooch", json!({}), &["params.appId"]).await;
}

#[tokio::test]
async fn gbm_needs_a_location_and_how_to_start() {
    let params = json!({"location": "l", "welcomeMessage": "Welcome", "starter": "Hello"});
    check("gbm", params, &[]).await;
    let params = json!({"location": "l", "startTime": "25:00", "endDay": "Sunday"});
    let refused = [
        "params.welcomeMessage",
        "params.starter",
        "params.startTime",
        "params.endDay",
    ];
    check("gbm", params, &refused).await;
}

#[tokio::test]
async fn a_webhook_needs_the_url_of_a_web_server() {
    check("webhook", json!({"url": "https://example.com/hook"}), &[]).await;
    check("webhook", json!({}), &["params.url"]).await;
    check(
        "webhook",
        json!({"url": "mailto:me@example.com"}),
        &["params.url"],
    )
    .await;
}

#[tokio::test]
async fn parameters_that_nobody_knows_are_kept() {
    check(
        "api",
        json!({"scopes": ["read"], "inviteText": "Stel uw vraag...", "x": {"y": null}}),
        &[],
    )
    .await;
    check("twilio", json!({}), &[]).await;
}

#[tokio::test]
async fn a_change_of_type_needs_the_parameters_of_the_new_one() {
    let api = Api::start().await;
    let body = json!({"name": "Hook", "params": {"url": "https://example.com"}});
    let service = api.create("services", body).await;
    assert_eq!(
        (&service["type"], &service["status"]),
        (&json!("webhook"), &json!("queued"))
    );
    let path = format!("services/{}", text(&service["id"]));
    api.patch(&path, json!({"type": "smooch"}))
        .await
        .violates(&["params.appId"]);
    let body = json!({"type": "smooch", "params": {"appId": "a", "url": null}});
    let changed = api.patch(&path, body).await.ok();
    assert_eq!(changed["params"], json!({"appId": "a"}));
}

#[tokio::test]
async fn secrets_of_a_service_are_for_admins() {
    let api = Api::start().await;
    let params =
        json!({"appId": "a", "keyId": "k", "secret": "s", "password": "p", "access_token": "t"});
    let body = json!({"name": "Smooch", "type": "smooch", "params": params});
    api.create("services", body).await;
    let agent = api.person("anna", json!({})).await;
    let seen = api.get(&agent.token, "/v2/services").await.ok();
    assert_eq!(seen[0]["params"], json!({"appId": "a", "keyId": "k"}));
}

/// A backend, and the path of a service with these properties.
async fn scheduled(properties: Value) -> (Api, String) {
    let api = Api::start().await;
    let mut body = json!({"name": "Widget", "type": "api", "params": {}});
    for (property, value) in properties.as_object().into_iter().flatten() {
        body[property] = value.clone();
    }
    let service = api.create("services", body).await;
    let path = format!("services/{}", text(&service["id"]));
    (api, path)
}

async fn status(api: &Api, path: &str) -> String {
    text(&api.read(path).await.ok()["status"])
}

#[tokio::test]
async fn a_service_is_on_from_its_start_to_its_end() {
    let (api, path) = scheduled(json!({
        "status": "disabled",
        "startDate": "2016-01-07T15:00:00Z",
        "endDate": "2016-01-07T16:00:00Z",
    }))
    .await;
    assert_eq!(status(&api, &path).await, "disabled");
    api.advance(SignedDuration::from_hours(1));
    assert_eq!(status(&api, &path).await, "active");
    assert_eq!(api.names("services?status=active").await, ["Widget"]);
    api.advance(SignedDuration::from_hours(1));
    assert_eq!(status(&api, &path).await, "disabled");
}

#[tokio::test]
async fn dates_leave_other_statuses_alone() {
    let dates = json!({"startDate": "2016-01-07T15:00:00Z", "endDate": "2016-01-07T16:00:00Z"});
    let (api, path) = scheduled(dates).await;
    api.advance(SignedDuration::from_hours(3));
    assert_eq!(status(&api, &path).await, "queued");
}

#[tokio::test]
async fn a_date_that_has_passed_takes_effect_at_once() {
    let dates = json!({"status": "active", "endDate": "2015-01-01T00:00:00Z"});
    let (api, path) = scheduled(dates).await;
    assert_eq!(status(&api, &path).await, "disabled");
    let started = json!({"startDate": "2015-06-01T00:00:00Z", "endDate": null});
    assert_eq!(api.patch(&path, started).await.ok()["status"], "active");
}

#[tokio::test]
async fn a_service_can_be_disabled_after_its_start() {
    let dates = json!({"status": "disabled", "startDate": "2016-01-07T15:00:00Z"});
    let (api, path) = scheduled(dates).await;
    api.advance(SignedDuration::from_hours(1));
    let disabled = json!({"status": "disabled"});
    assert_eq!(api.patch(&path, disabled).await.ok()["status"], "disabled");
    api.advance(SignedDuration::from_hours(1));
    assert_eq!(status(&api, &path).await, "disabled");
}

#[tokio::test]
async fn a_change_of_something_else_keeps_what_a_date_has_done() {
    let dates = json!({"status": "disabled", "startDate": "2016-01-07T15:00:00Z"});
    let (api, path) = scheduled(dates).await;
    api.advance(SignedDuration::from_hours(1));
    let renamed = json!({"name": "Gadget", "startDate": null});
    assert_eq!(api.patch(&path, renamed).await.ok()["status"], "active");
    assert_eq!(status(&api, &path).await, "active");
}

#[tokio::test]
async fn a_deleted_service_leaves_lists() {
    let (api, path) = scheduled(json!({})).await;
    api.delete(&path).await.no_content();
    assert_eq!(api.read("services").await.ok(), json!([]));
    assert_eq!(api.names("services?status=archived").await, ["Widget"]);
    assert_eq!(status(&api, &path).await, "archived");
}

#[tokio::test]
async fn secrets_among_the_parameters_are_for_admins() {
    let api = Api::start().await;
    let params = json!({
        "appId": "5876bc219b9d2b54a086647fd5",
        "keyId": "app_5876bc219b9d2b5400d34558",
        "secret": "0BPGhSWvROXtb37fkp8Q4iJO",
        "password": "z3kRuD",
        "access_token": "b2PrAP02",
        "apiKey": "hidden",
        "headers": [{"name": "Authorization", "value": "hidden"}],
        "connectionString": "hidden",
        "sessionId": "hidden",
        "uri": "https://user:hidden@example.com/",
        "auth": {"user": "u"},
        "advanced": {"color": "red", "list": [{"webhookSecret": "hidden", "size": 1}]},
        "url": "https://user:hidden@example.com/hook",
        "mailto": "a@example.com",
    });
    let service = json!({"name": "Chat", "type": "smooch", "params": params});
    let service = api.create("services", service).await;
    assert_eq!(service["params"], params, "who has set them sees them");
    let path = format!("/v2/services/{}", text(&service["id"]));
    assert_eq!(api.get(&api.owner, &path).await.ok()["params"], params);
    for role in ["guest", "agent", "bot"] {
        let token = if role == "bot" {
            let body = json!({"email": "bot@example.com", "role": "bot"});
            text(&api.create("users", body).await["apiToken"])
        } else {
            api.person(role, json!({"role": role})).await.token
        };
        let expected = json!({
            "appId": "5876bc219b9d2b54a086647fd5",
            "keyId": "app_5876bc219b9d2b5400d34558",
            "advanced": {"color": "red", "list": [{"size": 1}]},
            "mailto": "a@example.com",
        });
        assert_eq!(
            api.get(&token, &path).await.ok()["params"],
            expected,
            "{role}"
        );
        let list = api.get(&token, "/v2/services").await.ok();
        assert_eq!(list[0]["params"], expected, "{role}");
    }
}

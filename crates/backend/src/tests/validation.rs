//! What is refused, and what is filled in: the same for what is created, changed
//! and loaded from a seed.

use contract::operation::BodyInfo;
use contract::recorded::recorded;
use contract::schema::SchemaDocument;

use super::*;
use crate::SeedError;

const ID: &str = "56467a06d9b082b0059151dc";

/// The kinds of resources, each by its collection, with what a new one cannot do
/// without. A service needs nothing if it is of type `api`.
fn minimal(collection: &str) -> Value {
    match collection {
        "users" => json!({"email": "anna@example.com"}),
        "organizations" => organization("Acme Inc."),
        "services" => json!({"name": "Widget", "type": "api", "params": {}}),
        _ => json!({"name": "Busy"}),
    }
}

/// A value with a property of it set, which can be in an object or a list of one.
fn with(mut body: Value, path: &str, value: &Value) -> Value {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let (name, is_item) = match name.strip_suffix("[0]") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let value = if rest.is_empty() {
        value.clone()
    } else {
        let inner = body.get(name).cloned().unwrap_or_else(|| json!({}));
        with(inner, rest, value)
    };
    body[name] = if is_item { json!([value]) } else { value };
    body
}

/// Checks that a value of a property is refused in a new resource, in a change and
/// in a seed, each time under the path of the property.
async fn check(api: &Api, collection: &str, path: &str, value: Value) {
    let body = with(minimal(collection), path, &value);
    let line = format!("POST /v2/{collection}");
    let reply = api.call(&api.owner, &line, body.clone()).await;
    reply.violates(&[path]);

    let id = match collection {
        "users" => "me".to_owned(),
        "organizations" => api.organization.clone(),
        _ => text(&api.create(collection, minimal(collection)).await["id"]),
    };
    let change = with(json!({}), path, &value);
    let reply = api.patch(&format!("{collection}/{id}"), change).await;
    reply.violates(&[path]);

    let seed = json!({ collection: [with(body, "id", &json!(ID))] }).to_string();
    match api.backend.seed(seed.as_bytes()).await {
        Err(SeedError::Invalid(violations)) => {
            let fields: Vec<_> = violations
                .as_slice()
                .iter()
                .map(|violation| violation.field.clone())
                .collect();
            assert_eq!(fields, [format!("{collection}[0].{path}")], "{violations}");
        }
        other => panic!("the seed must be refused: {other:?}"),
    }
}

#[tokio::test]
async fn every_rule_holds_for_whatever_is_written() {
    let api = Api::start().await;
    for (collection, path, value) in [
        ("users", "settings.timezone", json!("Europe/Atlantis")),
        ("users", "settings.notifications[0]", json!("gossip")),
        ("users", "avatar", json!("javascript:alert(1)")),
        (
            "users",
            "email",
            json!(format!("{}@example.com", "a".repeat(320))),
        ),
        ("users", "password", json!("")),
        ("users", "password", json!("é".repeat(513))),
        ("users", "organization", Value::Null),
        ("organizations", "timezone", json!("europe/amsterdam")),
        ("organizations", "country", json!("ZZ")),
        ("organizations", "domain", json!("chat report")),
        ("organizations", "domainPrefix", json!("-")),
        ("organizations", "whitelist[0]", json!("john")),
        ("organizations", "url", json!("file:///etc/passwd")),
        ("organizations", "logo", json!("data:image/png;base64,")),
        (
            "organizations",
            "aliases[0].avatar",
            json!("ftp://example.com/a"),
        ),
        ("organizations", "dataRetention.length", json!(0)),
        ("organizations", "dataRetention.length", json!(1201)),
        ("organizations", "billingInfo.daysUntilDue", json!(1.5)),
        ("organizations", "billingInfo.version", json!(3)),
        ("organizations", "billingInfo.currentPlan", json!("free")),
        ("bots", "avatar", json!("data:,")),
        ("bots", "organization", Value::Null),
        ("services", "params.url", json!("mailto:me@example.com")),
        ("services", "params.privacy", json!("javascript:alert(1)")),
        ("services", "organization", Value::Null),
        ("forms", "notifyEmails[0]", json!("john")),
        ("forms", "pointsByAgent", json!("many")),
        ("forms", "organization", Value::Null),
    ] {
        check(&api, collection, path, value).await;
    }
}

#[tokio::test]
async fn numbers_that_json_cannot_hold_are_refused() {
    let api = Api::start().await;
    let mut headers = HeaderMap::new();
    let token = format!("Bearer {}", api.owner);
    headers.insert(header::AUTHORIZATION, token.parse().expect("is a header"));
    let json = "application/json".parse().expect("is a header");
    headers.insert(header::CONTENT_TYPE, json);
    let body = r#"{"name": "Order", "pointsByBot": 1e999}"#;
    let reply = api.send("POST /v2/forms", headers, body).await;
    reply.violates(&[""]);
}

#[tokio::test]
async fn the_pattern_of_a_field_is_a_regular_expression() {
    let api = Api::start().await;
    let fields = |pattern: &str| json!([{"name": "year", "pattern": pattern}]);
    let body = json!({"name": "Order", "fields": fields("(")});
    let reply = api.call(&api.owner, "POST /v2/forms", body).await;
    reply.violates(&["fields[0].pattern"]);

    let form = json!({"name": "Order", "fields": fields("(?!02)[0-9]{4}")});
    let path = format!("forms/{}", text(&api.create("forms", form).await["id"]));
    let reply = api.patch(&path, json!({"fields": fields("[0-9")})).await;
    reply.violates(&["fields[0].pattern"]);
    let line = format!("POST /v2/{path}/fields");
    let field = json!({"name": "year", "pattern": "a{2,1}"});
    let reply = api.call(&api.owner, &line, field).await;
    reply.violates(&["pattern"]);
}

#[tokio::test]
async fn a_service_does_not_end_before_it_starts() {
    let api = Api::start().await;
    let (early, late) = ("2016-02-01T00:00:00Z", "2016-03-01T00:00:00Z");
    let service = |start: &str, end: &str| {
        let body = with(minimal("services"), "startDate", &json!(start));
        with(body, "endDate", &json!(end))
    };
    let line = "POST /v2/services";
    let reply = api.call(&api.owner, line, service(late, early)).await;
    reply.violates(&["endDate"]);
    let seed = json!({"services": [with(service(late, early), "id", &json!(ID))]});
    let error = api.backend.seed(seed.to_string().as_bytes()).await;
    let error = error.expect_err("is refused").to_string();
    assert!(
        error.contains("services[0].endDate must not be before"),
        "{error}"
    );

    // One instant is in order: the reference shows it.
    let service = api.create("services", service(early, early)).await;
    let path = format!("services/{}", text(&service["id"]));
    let reply = api.patch(&path, json!({"startDate": late})).await;
    reply.violates(&["endDate"]);
    api.patch(&path, json!({"startDate": late, "endDate": late}))
        .await
        .ok();
}

/// Damages what is stored of the services, as an earlier release could have.
async fn store_services(api: &Api, sql: &'static str) {
    let mut connection = api.backend.app.store.write().await.expect("begins");
    connection.execute(sql, Vec::new()).await.expect("writes");
    store::commit(connection).await.expect("commits");
}

#[tokio::test]
async fn dates_that_are_older_than_their_rule_do_not_stand_in_the_way() {
    let api = Api::start().await;
    let body = with(
        minimal("services"),
        "startDate",
        &json!("2016-02-01T00:00:00Z"),
    );
    let body = with(body, "endDate", &json!("2016-03-01T00:00:00Z"));
    let path = format!(
        "services/{}",
        text(&api.create("services", body).await["id"])
    );
    let sql = "UPDATE services SET document = REPLACE(document, '2016-03-01', '2016-01-01')";
    store_services(&api, sql).await;
    api.patch(&path, json!({"name": "Gadget"})).await.ok();
    let reply = api
        .patch(&path, json!({"endDate": "2016-01-02T00:00:00Z"}))
        .await;
    reply.violates(&["endDate"]);
}

#[tokio::test]
async fn credentials_that_are_too_long_are_refused_whoever_they_are_of() {
    let api = Api::start().await;
    let long = "é".repeat(513);
    for email in [EMAIL, "nobody@example.com"] {
        api.log_in(email, &long).await.violates(&["password"]);
        api.log_in(email, &"z".repeat(1024)).await.with_status(401);
    }
    let email = format!("{}@example.com", "a".repeat(320));
    api.log_in(&email, PASSWORD).await.violates(&["email"]);
}

/// The settings that a user has who was created without any.
fn default_settings() -> Value {
    json!({
        "timezoneSet": false,
        "locale": "en",
        "localeSet": false,
        "audioOnChat": true,
        "audioOnMessage": false,
        "notifyOnChat": false,
        "notifyOnMessage": false,
        "tabdotNotify": true,
        "tabdotMessage": true,
        "pushNotify": false,
        "focusOnAccept": false,
    })
}

#[tokio::test]
async fn a_new_user_has_the_settings_that_it_does_not_name() {
    let api = Api::start().await;
    let anna = api.create("users", minimal("users")).await;
    assert_eq!(anna["settings"], default_settings());
    let body = json!({"email": "hans@example.com", "settings": {"audioOnChat": false}});
    let hans = api.create("users", body).await;
    let expected = with(default_settings(), "audioOnChat", &json!(false));
    assert_eq!(hans["settings"], expected);
}

#[tokio::test]
async fn clearing_a_setting_gives_its_default_again() {
    let api = Api::start().await;
    let change = json!({"settings": {"audioOnChat": false, "timezone": "UTC"}});
    let user = api.patch("users/me", change).await.ok();
    let expected = with(default_settings(), "audioOnChat", &json!(false));
    let expected = with(expected, "timezone", &json!("UTC"));
    let expected = with(expected, "timezoneSet", &json!(true));
    assert_eq!(user["settings"], expected);
    let change = json!({"settings": {"audioOnChat": null, "timezone": null}});
    let user = api.patch("users/me", change).await.ok();
    assert_eq!(user["settings"], default_settings());
    let user = api.patch("users/me", json!({"settings": null})).await.ok();
    assert_eq!(user["settings"], default_settings());
}

#[tokio::test]
async fn a_user_of_an_earlier_release_gets_its_settings_with_a_change() {
    let api = Api::start().await;
    // The stranger goes to the store without any.
    let (_, stranger) = api.stranger().await;
    let user = api.get(&stranger.token, "/v2/users/me").await.ok();
    assert_eq!(user.get("settings"), None);
    let change = json!({"phone": "1"});
    let user = api
        .call(&stranger.token, "PATCH /v2/users/me", change)
        .await
        .ok();
    assert_eq!(user["settings"], default_settings());
}

#[tokio::test]
async fn defaults_are_filled_in_wherever_an_object_is() {
    let api = Api::start().await;
    let mut body = organization("Acme Inc.");
    body["profileFields"] = json!({
        "name": {"label": "Name"},
        "gender": {"label": "Gender", "enabled": false},
        "address": {"postalCode": {"label": "Postcode"}},
    });
    body["dataRetention"] = json!({"length": 18});
    let organization = api.create("organizations", body).await;
    assert_eq!(
        organization["settings"],
        json!({"routeOnReply": "accept", "enableMail": true})
    );
    let fields = &organization["profileFields"];
    assert_eq!(
        (
            &fields["name"]["enabled"],
            &fields["gender"]["enabled"],
            &fields["address"]["postalCode"]["enabled"]
        ),
        (&json!(true), &json!(false), &json!(true))
    );
    assert_eq!(organization["dataRetention"]["unit"], "month");
    let billing = &organization["billingInfo"];
    for (name, value) in [
        ("liveMode", json!(true)),
        ("moveToLive", json!(false)),
        ("daysUntilDue", json!(14)),
        ("enableMecs", json!(false)),
        ("enableAmp", json!(false)),
        ("enableSepaDebitCosts", json!(false)),
    ] {
        assert_eq!(billing[name], value, "{name}");
    }
}

#[tokio::test]
async fn defaults_are_filled_in_where_a_change_makes_an_object() {
    let api = Api::start().await;
    let path = format!("organizations/{}", api.organization);
    let before = api.read(&path).await.ok();
    assert_eq!(
        (before.get("dataRetention"), before.get("profileFields")),
        (None, None)
    );
    let change = json!({
        "dataRetention": {"length": 2},
        "profileFields": {"email": {"label": "Mail"}},
        "billingInfo": {"daysUntilDue": null},
    });
    let after = api.patch(&path, change).await.ok();
    assert_eq!(
        after["dataRetention"],
        json!({"length": 2, "unit": "month"})
    );
    assert_eq!(after["profileFields"]["email"]["enabled"], true);
    assert_eq!(after["billingInfo"]["daysUntilDue"], 14);
}

#[tokio::test]
async fn defaults_are_filled_in_by_a_seed() {
    let api = Api::start().await;
    let seed = json!({
        "users": [with(minimal("users"), "id", &json!(ID))],
        "forms": [{"id": ID, "name": "Order", "fields": [{"name": "year"}]}],
        "services": [{
            "id": ID,
            "name": "Chat",
            "type": "smartsupp",
            "params": {"jid": "me@example.com", "password": "z3krut", "host": "example.com"},
        }],
    });
    let done = api.backend.seed(seed.to_string().as_bytes()).await;
    done.expect("is valid");
    let user = api.read(&format!("users/{ID}")).await.ok();
    assert_eq!(user["settings"], default_settings());
    let form = api.read(&format!("forms/{ID}")).await.ok();
    assert_eq!(form["fields"][0]["required"], false);
    let service = api.read(&format!("services/{ID}")).await.ok();
    assert_eq!(service["params"]["port"], "5222");
}

#[tokio::test]
async fn smartsupp_alone_has_a_default_port() {
    let api = Api::start().await;
    let service = api.create("services", minimal("services")).await;
    assert_eq!(service["params"].get("port"), None);
    let path = format!("services/{}", text(&service["id"]));
    let params = json!({"jid": "me@example.com", "password": "z3krut", "host": "example.com"});
    let change = json!({"type": "smartsupp", "params": params});
    let service = api.patch(&path, change).await.ok();
    assert_eq!(service["params"]["port"], "5222");
    let other = json!({"params": {"port": "5223"}});
    assert_eq!(api.patch(&path, other).await.ok()["params"]["port"], "5223");
    let cleared = json!({"params": {"port": null}});
    assert_eq!(
        api.patch(&path, cleared).await.ok()["params"]["port"],
        "5222"
    );
}

/// The properties that an update view has, at any depth but not in lists, and
/// whether each can be null. Read-only ones are ignored by an update.
fn nullable(
    document: &SchemaDocument,
    schema: &Value,
    path: &str,
    found: &mut Vec<(String, bool)>,
) {
    let schema = document.resolve(schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if property["readOnly"] == true {
            continue;
        }
        let path = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        let can_be_null = match (&property["type"], property["anyOf"].as_array()) {
            (Value::Array(types), _) => types.contains(&json!("null")),
            (Value::Null, Some(alternatives)) => alternatives.contains(&json!({"type": "null"})),
            _ => false,
        };
        nullable(document, property, &path, found);
        found.push((path, can_be_null));
    }
}

/// The recorded body of a new resource, without references to what is not here.
fn whole(operation: &str) -> Value {
    let request = recorded(operation).and_then(|exchange| exchange.request.as_ref());
    let mut body = request
        .and_then(|request| request.body.clone())
        .expect("a body was recorded");
    let members = body.as_object_mut().expect("is an object");
    for name in [
        "organization",
        "categories",
        "partners",
        "template",
        "members",
    ] {
        members.shift_remove(name);
    }
    body
}

#[tokio::test]
async fn null_is_refused_where_the_published_schema_says_so_and_nowhere_else() {
    let api = Api::start().await;
    let bot = api.create("bots", minimal("bots")).await["id"].clone();
    let category = json!({"name": "Used Car", "tags": ["car"]});
    let line = format!("organizations/{}/categories", api.organization);
    let category = text(&api.create(&line, category).await["id"]);
    let mut checked = 0;
    for operation in contract::catalogue() {
        let BodyInfo::Update(of) = operation.body else {
            continue;
        };
        let path = if operation.id == "updateCategory" {
            format!("organizations/{}/categories/{category}", api.organization)
        } else {
            let (collection, _) = operation.path[1..].split_once('/').expect("is a path");
            let mut body = whole(&operation.id.replace("update", "create"));
            match operation.id {
                "updateBotInstance" => body["bot"] = bot.clone(),
                "updateUser" => body["email"] = json!("anna@example.com"),
                // Other types need some of the parameters.
                "updateService" => body["type"] = json!("api"),
                _ => {}
            }
            format!(
                "{collection}/{}",
                text(&api.create(collection, body).await["id"])
            )
        };
        let update = &of.views().update;
        let mut properties = Vec::new();
        nullable(update, update.root(), "", &mut properties);
        for (property, can_be_null) in properties {
            // The default type of a service needs a URL.
            if (operation.id, property.as_str()) == ("updateService", "type") {
                continue;
            }
            let change = with(json!({}), &property, &Value::Null);
            let reply = api.patch(&path, change).await;
            if can_be_null {
                assert_eq!(reply.status, 200, "{}: {property}", operation.id);
            } else {
                assert_eq!(reply.status, 400, "{}: {property}", operation.id);
                reply.violates(&[&property]);
            }
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} properties were checked");
}

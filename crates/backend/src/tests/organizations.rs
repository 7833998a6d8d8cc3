//! Organizations, their place in the tree, and their slots for categories.

use super::*;

/// A backend, and the path of a new organization below that of the owner.
async fn start() -> (Api, String) {
    let api = Api::start().await;
    let created = api.create("organizations", organization("Acme Inc.")).await;
    let path = format!("organizations/{}", text(&created["id"]));
    (api, path)
}

/// Adds a category. Its ID.
async fn category(api: &Api, path: &str, name: &str) -> String {
    let created = api
        .create(&format!("{path}/categories"), json!({"name": name}))
        .await;
    text(&created["id"])
}

/// The names in the slots of an organization, `-` for a free one.
async fn slots(api: &Api, path: &str) -> Vec<String> {
    let organization = api.read(path).await.ok();
    let slots = organization["categories"].as_array().expect("is a list");
    let name = |slot: &Value| slot["name"].as_str().unwrap_or("-").to_owned();
    slots.iter().map(name).collect()
}

#[tokio::test]
async fn the_first_start_creates_an_organization_that_is_whole() {
    let api = Api::start().await;
    let organization = api
        .read(&format!("organizations/{}", api.organization))
        .await
        .ok();
    insta::assert_json_snapshot!(organization, @r#"
    {
      "id": "000000000000000000000001",
      "name": "My organization",
      "displayName": "My organization",
      "status": "active",
      "locale": "en",
      "timezone": "Europe/Amsterdam",
      "settings": {
        "routeOnReply": "accept",
        "enableMail": true
      },
      "defaultRole": "guest",
      "billingInfo": {
        "billReceiver": "My organization",
        "billSender": "",
        "stripeCustomerId": "",
        "liveMode": true,
        "moveToLive": false,
        "daysUntilDue": 14,
        "enableMecs": false,
        "enableAmp": false,
        "enableSepaDebitCosts": false,
        "currentPlan": "base"
      },
      "createdAt": "2016-01-07T14:03:43Z",
      "updatedAt": "2016-01-07T14:03:43Z"
    }
    "#);
}

#[tokio::test]
async fn a_new_organization_has_its_defaults() {
    let (api, path) = start().await;
    let organization = api.read(&path).await.ok();
    assert_eq!(organization["displayName"], "Acme Inc.");
    assert_eq!(
        (&organization["status"], &organization["timezone"]),
        (&json!("active"), &json!("Europe/Amsterdam"))
    );
}

#[tokio::test]
async fn a_new_organization_stands_under_that_of_its_creator() {
    let (api, path) = start().await;
    let middle = path.trim_start_matches("organizations/");
    let anna = api
        .person("anna", json!({"organization": middle, "role": "admin"}))
        .await;
    let line = "POST /v2/organizations";
    let created = api
        .call(&anna.token, line, organization("Below"))
        .await
        .created();
    let seen = api
        .get(&anna.token, "/v2/organizations?select=id")
        .await
        .ok();
    assert_eq!(seen, json!([{"id": middle}, {"id": created["id"]}]));
    assert_eq!(
        api.names("organizations").await,
        ["My organization", "Acme Inc.", "Below"]
    );
}

#[tokio::test]
async fn the_name_to_show_follows_the_name_until_it_is_set() {
    let (api, path) = start().await;
    let renamed = api.patch(&path, json!({"name": "Acme Ltd."})).await.ok();
    assert_eq!(renamed["displayName"], "Acme Ltd.");
    api.patch(&path, json!({"displayName": "Acme"})).await.ok();
    let renamed = api.patch(&path, json!({"name": "Acme Corp."})).await.ok();
    assert_eq!(renamed["displayName"], "Acme");
}

#[tokio::test]
async fn a_deleted_organization_leaves_lists_and_is_still_there() {
    let (api, path) = start().await;
    api.delete(&path).await.no_content();
    api.delete(&path).await.no_content();
    assert_eq!(api.names("organizations").await, ["My organization"]);
    assert_eq!(
        api.names("organizations?status=archived").await,
        ["Acme Inc."]
    );
    assert_eq!(api.read(&path).await.ok()["status"], "archived");
}

#[tokio::test]
async fn an_organization_with_others_under_it_is_not_deleted() {
    let (api, path) = start().await;
    let id = path.trim_start_matches("organizations/");
    api.organization_below(id).await;
    let message = format!("organizations under {id} are still in use; delete them first");
    api.delete(&path)
        .await
        .error(400, "ORGANIZATION_IN_USE", &message);
}

#[tokio::test]
async fn only_an_owner_above_archives_an_organization() {
    let (api, path) = start().await;
    let id = path.trim_start_matches("organizations/");
    let inside = api
        .person("anna", json!({"organization": id, "role": "owner"}))
        .await;
    let above = api.person("bert", json!({"role": "admin"})).await;
    for token in [&inside.token, &above.token] {
        let deleted = api
            .call(token, &format!("DELETE /v2/{path}"), Value::Null)
            .await;
        assert_eq!(deleted.status, 403);
        let archived = json!({"status": "archived"});
        let patched = api
            .call(token, &format!("PATCH /v2/{path}"), archived)
            .await;
        assert_eq!(patched.status, 403);
    }
}

#[tokio::test]
async fn a_category_takes_the_first_free_slot() {
    let (api, path) = start().await;
    let first = category(&api, &path, "A").await;
    category(&api, &path, "B").await;
    api.delete(&format!("{path}/categories/{first}"))
        .await
        .no_content();
    assert_eq!(slots(&api, &path).await, ["-", "B"]);
    assert_eq!(api.names(&format!("{path}/categories")).await, ["B"]);
    category(&api, &path, "C").await;
    assert_eq!(slots(&api, &path).await, ["C", "B"]);
}

#[tokio::test]
async fn an_eleventh_category_is_refused() {
    let (api, path) = start().await;
    for name in "ABCDEFGHIJ".chars() {
        category(&api, &path, &name.to_string()).await;
    }
    let line = format!("POST /v2/{path}/categories");
    api.call(&api.owner, &line, json!({"name": "K"}))
        .await
        .error(
            400,
            "NO_SLOT_FREE",
            "all 10 slots for categories are taken; delete a category first",
        );
}

#[tokio::test]
async fn categories_are_reordered_with_their_organization() {
    let (api, path) = start().await;
    let a = category(&api, &path, "A").await;
    let b = category(&api, &path, "B").await;
    let order = json!([{"id": b, "name": "B"}, null, {"name": "C"}, {"id": a, "name": "A2"}]);
    let changed = api.patch(&path, json!({"categories": order})).await.ok();
    assert_eq!(slots(&api, &path).await, ["B", "-", "C", "A2"]);
    assert_eq!(changed["categories"][3]["id"], json!(a));
    let new = text(&changed["categories"][2]["id"]);
    assert_eq!(
        api.read(&format!("{path}/categories/{new}")).await.ok()["name"],
        "C"
    );
}

#[tokio::test]
async fn a_slot_for_no_category_of_the_organization_is_refused() {
    let (api, path) = start().await;
    let a = category(&api, &path, "A").await;
    let twice =
        json!([{"id": a, "name": "A"}, {"id": a, "name": "B"}, {"id": api.owner_id, "name": "C"}]);
    api.patch(&path, json!({"categories": twice}))
        .await
        .violates(&["categories[1].id", "categories[2].id"]);
    assert_eq!(slots(&api, &path).await, ["A"]);
}

#[tokio::test]
async fn the_categories_of_a_template_become_new_ones() {
    let (api, path) = start().await;
    let old = category(&api, &path, "A").await;
    let template = api.read(&path).await.ok();
    let copy = api.create("organizations", template).await;
    assert_eq!(copy["categories"][0]["name"], "A");
    assert_ne!(copy["categories"][0]["id"], json!(old));
}

#[tokio::test]
async fn a_category_is_changed_in_its_slot() {
    let (api, path) = start().await;
    let id = category(&api, &path, "A").await;
    category(&api, &path, "B").await;
    let category_path = format!("{path}/categories/{id}");
    let body = json!({"id": api.owner_id, "name": "A2", "tags": ["x"]});
    let changed = api.patch(&category_path, body).await.ok();
    assert_eq!(changed, json!({"id": id, "name": "A2", "tags": ["x"]}));
    assert_eq!(slots(&api, &path).await, ["A2", "B"]);
}

#[tokio::test]
async fn the_forms_of_a_category_must_be_visible() {
    let (api, path) = start().await;
    let form = api.create("forms", json!({"name": "Brochure"})).await;
    let line = format!("POST /v2/{path}/categories");
    let body = json!({"name": "A", "forms": [form["id"], api.owner_id]});
    api.call(&api.owner, &line, body)
        .await
        .violates(&["forms[1]"]);
    let slots = json!({"categories": [null, {"name": "A", "forms": [api.owner_id]}]});
    api.patch(&path, slots)
        .await
        .violates(&["categories[1].forms[0]"]);
}

#[tokio::test]
async fn a_form_that_is_gone_does_not_hold_up_its_category() {
    let (api, path) = start().await;
    let form = api.create("forms", json!({"name": "Brochure"})).await;
    let body = json!({"name": "A", "forms": [form["id"]]});
    let category = api.create(&format!("{path}/categories"), body).await;
    api.delete(&format!("forms/{}", text(&form["id"])))
        .await
        .no_content();
    let category_path = format!("{path}/categories/{}", text(&category["id"]));
    let changed = api.patch(&category_path, json!({"name": "B"})).await.ok();
    assert_eq!(changed["forms"], json!([form["id"]]));
}

#[tokio::test]
async fn an_unknown_category_is_not_found() {
    let (api, path) = start().await;
    let id = &api.owner_id;
    api.read(&format!("{path}/categories/{id}")).await.error(
        404,
        "NOT_FOUND",
        &format!("there is no category {id}"),
    );
}

#[tokio::test]
async fn nothing_new_comes_into_an_archived_organization() {
    let api = Api::start().await;
    let closed = api.organization_below(&api.organization).await;
    let anna = api.person("anna", json!({})).await;
    let bot = api.create("bots", json!({"name": "BusyBot"})).await;
    let form = api.create("forms", json!({"name": "Brochure"})).await;
    let inside = json!({"name": "Inside", "organization": closed});
    let inside = api.create("forms", inside).await;
    api.delete(&format!("organizations/{closed}"))
        .await
        .no_content();
    let new = json!({"organization": closed, "name": "New"});
    let webhook =
        json!({"organization": closed, "name": "New", "params": {"url": "https://a.example"}});
    let instance = json!({"organization": closed, "bot": bot["id"]});
    let calls = [
        (
            "POST /v2/users".to_owned(),
            json!({"organization": closed, "email": "b@example.com"}),
        ),
        (
            format!("POST /v2/organizations/{closed}/categories"),
            json!({"name": "New"}),
        ),
        (
            format!("POST /v2/forms/{}/fields", text(&inside["id"])),
            json!({"name": "New"}),
        ),
        ("POST /v2/orggroups".to_owned(), new.clone()),
        ("POST /v2/bots".to_owned(), new.clone()),
        ("POST /v2/botinstances".to_owned(), instance),
        ("POST /v2/services".to_owned(), webhook),
        ("POST /v2/forms".to_owned(), new),
        (
            format!("PATCH /v2/users/{}", anna.id),
            json!({"organization": closed}),
        ),
        (
            format!("PATCH /v2/bots/{}", text(&bot["id"])),
            json!({"organization": closed}),
        ),
        (
            format!("PATCH /v2/forms/{}", text(&form["id"])),
            json!({"organization": closed}),
        ),
    ];
    for (line, body) in calls {
        let reply = api.call(&api.owner, &line, body).await;
        assert_eq!(
            reply.with_status(400).reason(),
            "ORGANIZATION_ARCHIVED",
            "{line}"
        );
    }
}

#[tokio::test]
async fn how_an_organization_is_billed_is_not_for_guests_and_agents() {
    let (api, path) = start().await;
    for (role, sees) in [
        ("guest", false),
        ("agent", false),
        ("admin", true),
        ("owner", true),
    ] {
        let person = api.person(role, json!({"role": role})).await;
        let got = api.get(&person.token, &format!("/v2/{path}")).await.ok();
        assert_eq!(got.get("billingInfo").is_some(), sees, "{role}: {got}");
        for query in ["", "?select=id,billingInfo"] {
            let line = format!("/v2/organizations{query}");
            let list = api.get(&person.token, &line).await.ok();
            let mut list = list.as_array().expect("is a list").iter();
            assert!(
                list.all(|item| item.get("billingInfo").is_some() == sees),
                "{role} by {line}"
            );
        }
    }
}

#[tokio::test]
async fn how_an_organization_is_billed_stays_said() {
    let (api, path) = start().await;
    let cleared = api.patch(&path, json!({"billingInfo": null})).await;
    cleared.violates(&["billingInfo"]);
    let mut without = organization("Beta Inc.");
    without
        .as_object_mut()
        .expect("is an object")
        .remove("billingInfo");
    let created = api
        .call(&api.owner, "POST /v2/organizations", without)
        .await;
    created.violates(&["billingInfo"]);
}

#[tokio::test]
async fn a_new_partner_is_an_organization_that_exists() {
    let (api, path) = start().await;
    let (elsewhere, _) = api.stranger().await;
    let partner = |id: &str| json!({"organization": id, "permission": "agent"});
    let known = json!({"partners": [partner(&elsewhere)]});
    api.patch(&path, known.clone()).await.ok();
    let partners = json!({"partners": [partner(&elsewhere), partner(&"a".repeat(24))]});
    let refused = api.patch(&path, partners.clone()).await;
    refused.violates(&["partners[1].organization"]);
    let mut body = organization("Beta Inc.");
    body["partners"] = partners["partners"].clone();
    let refused = api.call(&api.owner, "POST /v2/organizations", body).await;
    refused.violates(&["partners[1].organization"]);
    assert_eq!(api.read(&path).await.ok()["partners"], known["partners"]);
}

#[tokio::test]
async fn only_those_above_take_back_that_an_organization_is_to_be_archived() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let properties = json!({"role": "owner", "organization": below});
    let owner = api.person("owner-below", properties).await;
    let path = format!("organizations/{below}");
    let pending = json!({"status": "pendingArchive"});
    api.patch(&path, pending).await.ok();
    let active = json!({"status": "active"});
    let line = format!("PATCH /v2/{path}");
    let refused = api.call(&owner.token, &line, active.clone()).await;
    refused.with_status(403);
    assert_eq!(api.patch(&path, active).await.ok()["status"], "active");
}

//! Forms and their fields.

use super::*;

/// A backend, and a form with the fields `name` and `date`.
async fn start() -> (Api, String, Value) {
    let api = Api::start().await;
    let fields = json!([{"name": "name"}, {"name": "date", "type": "date", "required": true}]);
    let form = api
        .create("forms", json!({"name": "Brochure", "fields": fields}))
        .await;
    (api, format!("forms/{}", text(&form["id"])), form)
}

#[tokio::test]
async fn a_form_and_its_fields_have_their_defaults() {
    let (_, _, form) = start().await;
    assert_eq!(
        (&form["type"], &form["status"]),
        (&json!("topic"), &json!("active"))
    );
    let field = &form["fields"][0];
    assert_eq!(
        (&field["type"], &field["required"]),
        (&json!("text"), &json!(false))
    );
    assert_eq!(field["createdAt"], START);
}

#[tokio::test]
async fn the_fields_of_a_form_are_resources() {
    let (api, path, form) = start().await;
    let fields = api.read(&format!("{path}/fields")).await.ok();
    assert_eq!(fields, form["fields"]);
    let id = text(&form["fields"][1]["id"]);
    let field = api.read(&format!("{path}/fields/{id}")).await.ok();
    assert_eq!(field, form["fields"][1]);
    assert_eq!(
        api.names(&format!("{path}/fields?sort=name&limit=1")).await,
        ["date"]
    );
}

#[tokio::test]
async fn a_new_field_stands_behind_the_others() {
    let (api, path, _) = start().await;
    let collection = format!("{path}/fields");
    let line = format!("POST /v2/{collection}");
    let reply = api
        .call(&api.owner, &line, json!({"name": "color", "type": "color"}))
        .await;
    let location = reply.header("location").to_owned();
    let field = reply.created();
    assert_eq!(
        location,
        format!("/v2/{path}/fields/{}", text(&field["id"]))
    );
    assert_eq!(api.names(&collection).await, ["name", "date", "color"]);
    assert_eq!(api.read(&path).await.ok()["fields"][2], field);
}

#[tokio::test]
async fn fields_keep_their_identity_when_the_list_changes() {
    let (api, path, form) = start().await;
    api.advance(SignedDuration::from_secs(1));
    let (name, date) = (&form["fields"][0], &form["fields"][1]);
    let list = json!([date, {"id": name["id"], "name": "fullName"}, {"name": "color"}]);
    let changed = api.patch(&path, json!({"fields": list})).await.ok();
    let fields = &changed["fields"];
    assert_eq!(&fields[0], date);
    assert_eq!(
        (
            &fields[1]["id"],
            &fields[1]["createdAt"],
            &fields[1]["updatedAt"]
        ),
        (&name["id"], &json!(START), &json!("2016-01-07T14:03:44Z"))
    );
    assert_eq!(fields[2]["createdAt"], "2016-01-07T14:03:44Z");
}

#[tokio::test]
async fn a_field_of_another_form_is_refused() {
    let (api, path, form) = start().await;
    let id = &form["fields"][0]["id"];
    let list = json!([{"id": id, "name": "a"}, {"id": id, "name": "b"}, {"id": api.owner_id, "name": "c"}]);
    api.patch(&path, json!({"fields": list}))
        .await
        .violates(&["fields[1].id", "fields[2].id"]);
}

#[tokio::test]
async fn a_form_goes_together_with_its_fields() {
    let (api, path, form) = start().await;
    api.delete(&path).await.no_content();
    let id = text(&form["fields"][0]["id"]);
    for path in [
        path.clone(),
        format!("{path}/fields"),
        format!("{path}/fields/{id}"),
    ] {
        assert_eq!(api.read(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_template_must_be_visible_when_it_is_set() {
    let (api, path, _) = start().await;
    let body = json!({"name": "Copy", "template": api.owner_id});
    api.call(&api.owner, "POST /v2/forms", body)
        .await
        .violates(&["template"]);
    let id = path.trim_start_matches("forms/");
    let copy = api
        .create("forms", json!({"name": "Copy", "template": id}))
        .await;
    api.delete(&path).await.no_content();
    let copy = format!("forms/{}", text(&copy["id"]));
    assert_eq!(
        api.patch(&copy, json!({"name": "Mine"})).await.ok()["template"],
        id
    );
    api.patch(&copy, json!({"template": api.owner_id}))
        .await
        .violates(&["template"]);
}

#[tokio::test]
async fn profile_fields_are_those_of_the_documentation() {
    let (api, path, _) = start().await;
    let fields = json!({"profileFields": ["gender", "shoeSize"]});
    api.patch(&path, fields)
        .await
        .violates(&["profileFields[1]"]);
}

#[tokio::test]
async fn archived_forms_are_listed_on_request() {
    let (api, path, _) = start().await;
    api.patch(&path, json!({"status": "archived"})).await.ok();
    assert_eq!(api.read("forms").await.ok(), json!([]));
    assert_eq!(api.names("forms?status=archived").await, ["Brochure"]);
}

#[tokio::test]
async fn an_unknown_field_is_not_found() {
    let (api, path, _) = start().await;
    let id = &api.owner_id;
    api.read(&format!("{path}/fields/{id}")).await.error(
        404,
        "NOT_FOUND",
        &format!("there is no field {id}"),
    );
}

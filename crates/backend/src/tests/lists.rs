//! Lists: pages, order, filters and selections.

use super::*;

/// A backend with the owner and five users: anna, bert, carl, dora and emil, in
/// the order in which they are created, a second apart.
async fn with_people() -> Api {
    let api = Api::start().await;
    for (name, role, phone) in [
        ("dora", "agent", "3"),
        ("anna", "admin", "1"),
        ("emil", "guest", "20"),
        ("Bert", "agent", "1"),
        ("carl", "agent", ""),
    ] {
        api.advance(SignedDuration::from_secs(1));
        let mut body =
            json!({"email": format!("{name}@example.com"), "role": role, "givenName": name});
        if !phone.is_empty() {
            body["phone"] = phone.into();
        }
        api.call(&api.owner, "POST /v2/users", body).await.created();
    }
    api
}

/// A link without its cursor, which it must have.
fn without_cursor(link: &str) -> String {
    let (before, cursor) = link.split_once("&cursor=").expect("has a cursor");
    let (_, after) = cursor.split_once('>').expect("is a link");
    format!("{before}>{after}")
}

/// Checks the names on the page that `query` asks for, and what the query of
/// the next page is.
async fn check(api: &Api, query: &str, names: &[&str], next: Option<&str>) {
    let reply = api.get(&api.owner, &format!("/v2/users{query}")).await;
    let link = reply
        .headers
        .get("link")
        .map(|value| without_cursor(value.to_str().expect("is text")));
    let users = reply.ok();
    let found: Vec<_> = users
        .as_array()
        .expect("is a list")
        .iter()
        .map(|user| {
            user["email"]
                .as_str()
                .and_then(|email| email.split('@').next())
                .unwrap_or_default()
        })
        .collect();
    assert_eq!(found, names, "{query}");
    let next = next.map(|query| format!("<http://backend.test/v2/users?{query}>; rel=\"next\""));
    assert_eq!(link, next, "{query}");
}

#[tokio::test]
async fn without_a_limit_a_list_is_whole_and_oldest_first() {
    check(
        &with_people().await,
        "",
        &["jeff", "dora", "anna", "emil", "Bert", "carl"],
        None,
    )
    .await;
}

#[tokio::test]
async fn a_page_that_is_not_the_last_names_the_next() {
    let api = with_people().await;
    check(
        &api,
        "?limit=4",
        &["jeff", "dora", "anna", "emil"],
        Some("limit=4&offset=4"),
    )
    .await;
    check(&api, "?limit=4&offset=4", &["Bert", "carl"], None).await;
    check(
        &api,
        "?limit=6",
        &["jeff", "dora", "anna", "emil", "Bert", "carl"],
        None,
    )
    .await;
    check(&api, "?offset=5", &["carl"], None).await;
    check(&api, "?limit=2&offset=100", &[], None).await;
}

#[tokio::test]
async fn the_next_page_keeps_order_and_filters() {
    let api = with_people().await;
    let next = Some("sort=%2Demail&role=agent&limit=1&offset=2");
    check(
        &api,
        "?sort=-email&role=agent&offset=1&limit=1",
        &["carl"],
        next,
    )
    .await;
    check(
        &api,
        "?sort=-email&role=agent&offset=2&limit=1",
        &["Bert"],
        None,
    )
    .await;
}

#[tokio::test]
async fn a_list_can_be_sorted() {
    let api = with_people().await;
    check(
        &api,
        "?sort=email",
        &["anna", "Bert", "carl", "dora", "emil", "jeff"],
        None,
    )
    .await;
    check(
        &api,
        "?sort=-createdAt&limit=2",
        &["carl", "Bert"],
        Some("sort=%2DcreatedAt&limit=2&offset=2"),
    )
    .await;
    // Without the property first, and equal ones oldest first.
    check(
        &api,
        "?sort=phone",
        &["jeff", "carl", "anna", "Bert", "emil", "dora"],
        None,
    )
    .await;
}

#[tokio::test]
async fn a_list_can_be_filtered() {
    let api = with_people().await;
    check(&api, "?role=agent", &["dora", "Bert", "carl"], None).await;
    check(&api, "?email=bert@example.com", &["Bert"], None).await;
    check(&api, "?email=~r", &["dora", "Bert", "carl"], None).await;
    check(&api, "?email=^b", &["Bert"], None).await;
}

#[tokio::test]
async fn filters_are_met_together() {
    let api = with_people().await;
    check(
        &api,
        "?role=agent&email=~example&status=queued&sort=email",
        &["Bert", "carl", "dora"],
        None,
    )
    .await;
    check(&api, "?role=agent&status=active", &[], None).await;
}

#[tokio::test]
async fn a_list_can_be_filtered_by_id_and_organization() {
    let api = with_people().await;
    check(&api, &format!("?id={}", api.owner_id), &["jeff"], None).await;
    check(
        &api,
        &format!("?organization={}&role=guest", api.organization),
        &["emil"],
        None,
    )
    .await;
    check(&api, "?organization=57c8479433f5d57d3013a0bc", &[], None).await;
}

#[tokio::test]
async fn a_list_can_be_filtered_by_the_time_of_creation() {
    let api = with_people().await;
    let (first, second) = ("2016-01-07T14:03:43Z", "2016-01-07T14:03:44Z");
    check(&api, &format!("?createdAt={first}"), &["jeff"], None).await;
    check(&api, &format!("?createdAt=%3C{second}"), &["jeff"], None).await;
    check(
        &api,
        &format!("?createdAt=%3E={second}&role=agent&limit=1"),
        &["dora"],
        Some("createdAt=%3E%3D2016%2D01%2D07T14%3A03%3A44Z&role=agent&limit=1&offset=1"),
    )
    .await;
    check(&api, "?createdAt=%3C9999-12-31&role=guest", &["emil"], None).await;
}

#[tokio::test]
async fn a_list_can_be_reduced_to_some_properties() {
    let api = with_people().await;
    let users = api
        .get(
            &api.owner,
            "/v2/users?select=givenName,role&limit=2&offset=1",
        )
        .await
        .ok();
    for user in users.as_array().expect("is a list") {
        let names: Vec<_> = user.as_object().expect("is an object").keys().collect();
        assert_eq!(names, ["id", "givenName", "role"]);
    }
}

#[tokio::test]
async fn parameters_are_checked() {
    let api = Api::start().await;
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("limit=1&limit=2", "limit"),
        ("offset=-1", "offset"),
        ("sort=shoeSize", "sort"),
        ("sort=password", "sort"),
        ("status=gone", "status"),
        ("organization=42", "organization"),
        ("createdAt=yesterday", "createdAt"),
        ("colour=red", "colour"),
    ] {
        api.get(&api.owner, &format!("/v2/users?{query}"))
            .await
            .violates(&[name]);
    }
}

#[tokio::test]
async fn a_password_cannot_be_selected() {
    let api = Api::start().await;
    assert_eq!(
        api.get(&api.owner, "/v2/users?select=password")
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_page_far_behind_the_end_is_empty_in_any_order() {
    let api = Api::start().await;
    for sort in ["name", "description"] {
        let path = format!("bots?sort={sort}&offset=4000000&limit=1000");
        assert_eq!(api.read(&path).await.ok(), json!([]), "{path}");
    }
}

#[tokio::test]
async fn a_range_holds_on_every_page_in_the_order_of_the_ids() {
    let api = Api::start().await;
    for number in 0..8 {
        for name in ["ant", "bot", "cat"] {
            let body = json!({"name": format!("{name} {number}"), "audience": "global"});
            api.create("bots", body).await;
        }
    }
    let mut found = Vec::new();
    let mut next = Some("/v2/bots?name=%5Ebot&audience=global&sort=id&limit=3".to_owned());
    while let Some(path) = next {
        let page = api.get(&api.owner, &path).await;
        next = page.headers.get("link").map(|link| {
            let link = link.to_str().expect("is text");
            link[1..].split_once('>').expect("is a link").0.to_owned()
        });
        let page = page.ok();
        let page = page.as_array().expect("is a list");
        found.extend(page.iter().map(|bot| text(&bot["name"])));
    }
    let expected: Vec<_> = (0..8).map(|number| format!("bot {number}")).collect();
    assert_eq!(found, expected);
}

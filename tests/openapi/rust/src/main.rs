//! Makes calls with the generated client, as a user of it would.
//!
//! `openapi-client BASE_URL EMAIL PASSWORD`

use anyhow::{Context as _, ensure};
use progenitor_client::Error;
use serde_json::json;

/// What the generator writes is not held to the lints of this project.
#[allow(clippy::all, clippy::pedantic, dead_code, unused)]
mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}
use client::{Client, ClientInfo as _, types};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .context("BASE_URL EMAIL PASSWORD are needed")
    };
    let (base, email, password) = (next()?, next()?, next()?);

    // Log in.
    let anonymous = Client::new(&base);
    let credentials = types::PasswordCredentials {
        email: email.parse()?,
        password: password.parse()?,
    };
    let token = anonymous.create_token().body(credentials).send().await?;
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {}", token.token).parse()?);
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .build()?;
    let client = Client::new_with_client(&base, http);

    // Create.
    let new = types::UserCreate::builder()
        .email("rust@example.com")
        .phone("+31201234567".to_owned());
    let created = client.create_user().body(new).send().await?.into_inner();
    let id = created.id.to_string();
    ensure!(created.role == types::Role::Agent, "{created:?}");

    // Page through a list, with a selection.
    let mut emails = Vec::new();
    loop {
        let page = client
            .list_users()
            .limit(1)
            .offset(i64::try_from(emails.len())?)
            .sort("email")
            .select(vec![
                types::ListUsersSelectItem::Email,
                types::ListUsersSelectItem::Role,
            ])
            .send()
            .await?;
        let has_next = page.headers().get("link").is_some();
        emails.extend(page.into_inner().into_iter().filter_map(|user| user.email));
        if !has_next {
            break;
        }
    }
    ensure!(emails.len() >= 2, "{emails:?}");

    // Change. The generator leaves out what is None, so null is sent by hand.
    let patch = types::UserUpdate::builder().family_name("Smit".to_owned());
    let changed = client
        .update_user()
        .user_id(&*id)
        .body(patch)
        .send()
        .await?;
    ensure!(changed.family_name.as_deref() == Some("Smit"));
    let path = format!("{}/users/{id}", client.baseurl());
    let cleared = client
        .client()
        .patch(path)
        .json(&json!({ "phone": null }))
        .send()
        .await?;
    let cleared: types::User = cleared.error_for_status()?.json().await?;
    ensure!(cleared.phone.is_none(), "{cleared:?}");

    // A service, told apart by its type.
    let hook = types::WebhookServiceCreate::builder()
        .name("Hook")
        .type_(types::WebhookServiceType::Webhook)
        .params(types::WebhookParamsCreate::builder().url("https://example.com/hook"));
    let hook: types::WebhookServiceCreate = hook.try_into()?;
    let made = client
        .create_service()
        .body(hook)
        .send()
        .await?
        .into_inner();
    let types::Service::WebhookService(made) = made else {
        anyhow::bail!("{made:?} is no webhook");
    };
    ensure!(made.params.url.as_deref() == Some("https://example.com/hook"));

    // Upload a picture. The generator knows no forms.
    let png = reqwest::multipart::Part::bytes(PNG.to_vec())
        .file_name("a.png")
        .mime_str("image/png")?;
    let form = reqwest::multipart::Form::new().part("file", png);
    let path = format!("{}/users/{id}/avatar", client.baseurl());
    let shown = client
        .client()
        .post(path)
        .multipart(form)
        .send()
        .await?
        .error_for_status()?;
    let shown: types::User = shown.json().await?;
    ensure!(shown.avatar.is_some());

    // An error has its body.
    let unknown = "000000000000000000000000".parse::<types::ObjectId>()?;
    match client.get_bot().bot_id(unknown).send().await {
        Err(Error::ErrorResponse(reply)) => {
            ensure!(
                reply.error.status == types::ErrorCode::NotFound,
                "{reply:?}"
            );
        }
        other => anyhow::bail!("an unknown bot is {other:?}"),
    }
    client.delete_user().user_id(&*id).send().await?;
    println!(
        "Rust: {} users, and every call was answered as the client expects",
        emails.len()
    );
    Ok(())
}

/// A picture of one pixel.
const PNG: &[u8] = include_bytes!("../../pixel.png");

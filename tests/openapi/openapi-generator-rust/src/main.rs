//! Makes calls with the crate that openapi-generator makes, as a user of it would.
//!
//! `openapi-generator-client BASE_URL EMAIL PASSWORD PICTURE`

use anyhow::{Context as _, bail, ensure};
use web1on1_generated::apis::configuration::Configuration;
use web1on1_generated::apis::{Error, authentication_api, bots_api, services_api, users_api};
use web1on1_generated::models;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .context("BASE_URL EMAIL PASSWORD PICTURE are needed")
    };
    let (base_path, email, password, picture) = (next()?, next()?, next()?, next()?);

    // Log in.
    let mut configuration = Configuration {
        base_path,
        ..Configuration::new()
    };
    let credentials = models::PasswordCredentials::new(email.clone(), password);
    let credentials = models::TokenRequest::PasswordCredentials(Box::new(credentials));
    let token = authentication_api::create_token(&configuration, credentials).await?;
    configuration.bearer_access_token = Some(token.token);

    // Create.
    let new = models::UserCreate {
        phone: Some(Some("+31201234567".to_owned())),
        ..models::UserCreate::new("generated@example.com".to_owned())
    };
    let created = users_api::create_user(&configuration, new).await?;

    // Page through a list, with a selection.
    let mut emails = Vec::new();
    loop {
        let page = users_api::list_users(
            &configuration,
            Some(1),
            Some(i32::try_from(emails.len())?),
            Some("email"),
            Some(vec!["email".to_owned(), "role".to_owned()]),
            None,
            None,
            None,
            None,
            None,
            None,
        );
        let page = page.await?;
        if page.is_empty() {
            break;
        }
        emails.extend(page.into_iter().filter_map(|listed| listed.email));
    }
    ensure!(emails.contains(&email), "{emails:?}");

    // Change, and clear with null.
    let change = models::UserUpdate {
        family_name: Some(Some("Smit".to_owned())),
        phone: Some(None),
        ..models::UserUpdate::new()
    };
    let changed = users_api::update_user(&configuration, &created.id, change).await?;
    ensure!(changed.phone.is_none(), "{changed:?}");

    // A service, told apart by its type.
    let params = models::WebhookParamsCreate::new("https://example.com/hook".to_owned());
    let webhook = models::WebhookServiceCreate::new(
        "Hook".to_owned(),
        models::WebhookServiceType::Webhook,
        params,
    );
    let service = models::ServiceCreate::WebhookServiceCreate(Box::new(webhook));
    let made = services_api::create_service(&configuration, service).await?;
    let models::Service::WebhookService(webhook) = made else {
        bail!("this is no webhook: {made:?}");
    };
    ensure!(webhook.name == "Hook", "{webhook:?}");

    // Upload a picture.
    let shown = users_api::upload_user_avatar(&configuration, &created.id, picture.into()).await?;
    ensure!(shown.avatar.is_some(), "{shown:?}");

    // An error has its body.
    let unknown = bots_api::get_bot(&configuration, &"0".repeat(24)).await;
    let Err(Error::ResponseError(refused)) = unknown else {
        bail!("there is such a bot: {unknown:?}");
    };
    let Some(bots_api::GetBotError::Status400(body)) = refused.entity else {
        bail!("the error has no body: {refused:?}");
    };
    ensure!(refused.status.as_u16() == 404, "{}", refused.status);
    ensure!(body.error.status == models::ErrorCode::NotFound, "{body:?}");

    users_api::delete_user(&configuration, &created.id).await?;
    println!(
        "openapi-generator for Rust: {} users, and every call was answered as the client expects",
        emails.len()
    );
    Ok(())
}

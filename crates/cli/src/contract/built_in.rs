//! The backend that is built in, for `web1on1 contract check` to verify.

use std::time::Duration;

use ::contract::recorded::recorded;
use anyhow::{Context as _, bail};
use conformance::report::Report;
use conformance::verify::{Live, live};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const EMAIL: &str = "check@example.com";
const PASSWORD: &str = "only for this check";

/// Starts the backend that is built in, on data that is gone afterwards, and
/// verifies it.
pub(super) async fn verify() -> anyhow::Result<Report> {
    let data = tempfile::tempdir().context("no temporary directory can be created")?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let database = format!(
        "sqlite://{}?mode=rwc",
        data.path().join("web1on1.db").display()
    );
    let mut config = backend::Config::new(database, data.path(), &url);
    config.owner_email = Some(EMAIL.to_owned());
    config.owner_password = Some(PASSWORD.to_owned());
    let backend = backend::Backend::open(config).await?;
    let (token, organization) = log_in(backend.router()).await?;
    backend.seed(&workflows(&organization)?).await?;
    let serving = tokio::spawn(async move {
        let forever = std::future::pending();
        backend.serve(listener, forever, Duration::ZERO).await
    });
    let options = Live {
        url,
        token,
        allow_writes: true,
        ca: None,
    };
    let report = live(&options).await;
    serving.abort();
    Ok(report?)
}

/// A seed of the recorded workflows, which no operation creates. They run for an
/// organization, and for those below it that are created as recorded.
fn workflows(organization: &str) -> anyhow::Result<Vec<u8>> {
    let listed = recorded("listWorkflows").and_then(|exchange| exchange.response.body.clone());
    let created =
        recorded("createOrganization").and_then(|exchange| exchange.request.as_ref()?.body.clone());
    let mut workflows = listed.context("no workflows are recorded")?;
    let tags = &created.context("no new organization is recorded")?["tags"];
    for workflow in workflows.as_array_mut().into_iter().flatten() {
        workflow["organization"] = organization.into();
        workflow["organizations"] = json!([organization]);
        workflow["organizationTags"] = tags.clone();
    }
    Ok(serde_json::to_vec(&json!({"workflows": workflows}))?)
}

/// Logs in, and returns a token and the caller's organization.
async fn log_in(router: axum::Router) -> anyhow::Result<(String, String)> {
    let operation =
        ::contract::find("createToken").context("there is no operation to log in with")?;
    let path = format!("{}{}", ::contract::operation::BASE_PATH, operation.path);
    let credentials = json!({"email": EMAIL, "password": PASSWORD});
    let request = http::Request::builder()
        .method(operation.method.clone())
        .uri(path)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(axum::body::Body::from(credentials.to_string()))?;
    let response = router.oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    match (body["token"].as_str(), body["organization"].as_str()) {
        (Some(token), Some(organization)) => Ok((token.to_owned(), organization.to_owned())),
        _ => bail!("logging in at the backend was answered with {status}: {body}"),
    }
}

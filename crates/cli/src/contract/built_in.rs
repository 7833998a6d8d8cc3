//! The backend that is built in, for `web1on1 contract check` to verify.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ::contract::recorded::recorded;
use anyhow::{Context as _, bail};
use conformance::report::{Level, Report};
use conformance::verify::{Laws, Live, Part, with_laws_counting};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::progress::Progress;

const EMAIL: &str = "check@example.com";
const FOREIGN: &str = "foreign@example.com";
const GUEST: &str = "guest@example.com";
const PASSWORD: &str = "only for this check";

/// After how many hours a token has certainly expired.
const TOO_LONG: i64 = 48;

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
    let hours = Arc::new(AtomicI64::new(-TOO_LONG));
    let offset = Arc::clone(&hours);
    config.clock = backend::Clock::new(move || {
        jiff::Timestamp::now() + jiff::SignedDuration::from_hours(offset.load(Ordering::Relaxed))
    });
    let backend = backend::Backend::open(config).await?;
    let (expired, organization) = log_in(backend.router(), EMAIL, PASSWORD).await?;
    hours.store(0, Ordering::Relaxed);
    let (token, _) = log_in(backend.router(), EMAIL, PASSWORD).await?;
    let foreign = foreign(backend.router(), &token).await?;
    let guest = guest(backend.router(), &token, &organization).await?;
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
    let laws = Laws {
        expired_token: Some(expired),
        foreign_token: Some(foreign),
        limited_token: Some(guest),
        require_coverage: Part::ALL.into(),
        ..Laws::default()
    };
    let progress = Progress::start("verifying the backend", "requests");
    let report = with_laws_counting(&options, &laws, progress.counter()).await;
    drop(progress);
    serving.abort();
    let mut report = report?;
    // What could not be tried here cannot be changed by whoever reads this.
    report
        .findings
        .retain(|finding| finding.level > Level::Info);
    Ok(report)
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
async fn log_in(
    router: axum::Router,
    email: &str,
    password: &str,
) -> anyhow::Result<(String, String)> {
    let credentials = json!({"email": email, "password": password});
    let (status, body) = call(router, "createToken", None, &credentials).await?;
    match (body["token"].as_str(), body["organization"].as_str()) {
        (Some(token), Some(organization)) => Ok((token.to_owned(), organization.to_owned())),
        _ => bail!("logging in at the backend was answered with {status}: {body}"),
    }
}

/// A token of a caller of an organization of their own, who must not see what is
/// beside it.
async fn foreign(router: axum::Router, token: &str) -> anyhow::Result<String> {
    let created =
        recorded("createOrganization").and_then(|exchange| exchange.request.as_ref()?.body.clone());
    let billing = created.context("no new organization is recorded")?["billingInfo"].take();
    let body = json!({"name": "Foreign", "billingInfo": billing});
    let (_, organization) = call(router.clone(), "createOrganization", Some(token), &body).await?;
    let body = json!({
        "email": FOREIGN,
        "password": PASSWORD,
        "role": "owner",
        "organization": organization["id"],
    });
    call(router.clone(), "createUser", Some(token), &body).await?;
    Ok(log_in(router, FOREIGN, PASSWORD).await?.0)
}

/// A token of a caller who may change nothing.
async fn guest(router: axum::Router, token: &str, organization: &str) -> anyhow::Result<String> {
    let body = json!({
        "email": GUEST,
        "password": PASSWORD,
        "role": "guest",
        "organization": organization,
    });
    call(router.clone(), "createUser", Some(token), &body).await?;
    Ok(log_in(router, GUEST, PASSWORD).await?.0)
}

/// Carries out an operation that has no variables in its path.
async fn call(
    router: axum::Router,
    operation: &str,
    token: Option<&str>,
    body: &Value,
) -> anyhow::Result<(http::StatusCode, Value)> {
    let operation = ::contract::find(operation)
        .with_context(|| format!("there is no operation {operation}"))?;
    let path = format!("{}{}", ::contract::operation::BASE_PATH, operation.path);
    let mut request = http::Request::builder()
        .method(operation.method.clone())
        .uri(path)
        .header(http::header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(axum::body::Body::from(body.to_string()))?;
    let response = router.oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 16).await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

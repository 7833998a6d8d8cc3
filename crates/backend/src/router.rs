//! The whole service on one page.

use std::any::Any;
use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contract::auth::{CreateToken, RefreshToken};
use contract::bot_instances::{
    CreateBotInstance, DeleteBotInstance, GetBotInstance, ListBotInstances, UpdateBotInstance,
};
use contract::bots::{CreateBot, DeleteBot, GetBot, ListBots, UpdateBot};
use contract::categories::{
    CreateCategory, DeleteCategory, GetCategory, ListCategories, UpdateCategory,
};
use contract::error::Code;
use contract::form_fields::{CreateFormField, GetFormField, ListFormFields};
use contract::forms::{CreateForm, DeleteForm, GetForm, ListForms, UpdateForm};
use contract::organization_groups::{
    AddOrganizationGroupMembers, CreateOrganizationGroup, DeleteOrganizationGroup,
    GetOrganizationGroup, ListOrganizationGroupMembers, ListOrganizationGroups,
    RemoveOrganizationGroupMember, UpdateOrganizationGroup,
};
use contract::organizations::{
    CreateOrganization, DeleteOrganization, GetOrganization, ListOrganizations, UpdateOrganization,
};
use contract::services::{CreateService, DeleteService, GetService, ListServices, UpdateService};
use contract::users::{
    CreateUser, DeleteUser, DeleteUserAvatar, GetUser, ListUserOrganizations, ListUsers,
    RemoveUserOrganization, UpdateUser, UploadUserAvatar,
};
use contract::workflows::ListWorkflows;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};

use crate::App;
use crate::error::Error;
use crate::serve::{Route, serve};
use crate::{
    auth, bot_instances, bots, categories, form_fields, forms, organization_groups, organizations,
    services, users, workflows,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

macro_rules! routes {
    ($($operation:ty => $handler:path,)+) => {
        vec![$(serve::<$operation, _, _, _>($handler)),+]
    };
}

/// Every operation of the contract, and what serves it.
pub(crate) fn operations() -> Vec<Route> {
    routes![
        CreateToken => auth::create_token,
        RefreshToken => auth::refresh_token,

        ListUsers => users::list,
        CreateUser => users::create,
        GetUser => users::get,
        UpdateUser => users::update,
        DeleteUser => users::delete,
        ListUserOrganizations => users::organizations,
        RemoveUserOrganization => users::remove_organization,
        UploadUserAvatar => users::upload_avatar,
        DeleteUserAvatar => users::delete_avatar,

        ListOrganizations => organizations::list,
        CreateOrganization => organizations::create,
        GetOrganization => organizations::get,
        UpdateOrganization => organizations::update,
        DeleteOrganization => organizations::delete,

        ListCategories => categories::list,
        CreateCategory => categories::create,
        GetCategory => categories::get,
        UpdateCategory => categories::update,
        DeleteCategory => categories::delete,

        ListWorkflows => workflows::list,

        ListOrganizationGroups => organization_groups::list,
        CreateOrganizationGroup => organization_groups::create,
        GetOrganizationGroup => organization_groups::get,
        UpdateOrganizationGroup => organization_groups::update,
        DeleteOrganizationGroup => organization_groups::delete,
        ListOrganizationGroupMembers => organization_groups::members,
        AddOrganizationGroupMembers => organization_groups::add_members,
        RemoveOrganizationGroupMember => organization_groups::remove_member,

        ListBots => bots::list,
        CreateBot => bots::create,
        GetBot => bots::get,
        UpdateBot => bots::update,
        DeleteBot => bots::delete,

        ListBotInstances => bot_instances::list,
        CreateBotInstance => bot_instances::create,
        GetBotInstance => bot_instances::get,
        UpdateBotInstance => bot_instances::update,
        DeleteBotInstance => bot_instances::delete,

        ListServices => services::list,
        CreateService => services::create,
        GetService => services::get,
        UpdateService => services::update,
        DeleteService => services::delete,

        ListForms => forms::list,
        CreateForm => forms::create,
        GetForm => forms::get,
        UpdateForm => forms::update,
        DeleteForm => forms::delete,

        ListFormFields => form_fields::list,
        CreateFormField => form_fields::create,
        GetFormField => form_fields::get,
    ]
}

/// The service, from the outside in: a request gets its ID, what it is for is
/// found, and whatever happens it is answered.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for route in operations() {
        tracing::debug!(operation = route.id, path = route.path, "serves");
        router = router.route(&route.path, route.service);
    }
    router
        .route("/avatars/{user}/{file}", get(avatar))
        .route("/healthz", get(health))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(from_fn_with_state(app.clone(), identified))
        .with_state(app)
}

/// A picture of a user. See [`crate::files`].
async fn avatar(
    State(app): State<Arc<App>>,
    id: RequestId,
    Path((user, file)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    match app.files.serve(&user, &file).await {
        Ok(Some(response)) => response,
        Ok(None) => not_found(id, uri).await,
        Err(error) => Error::internal(error).respond(id.as_str()),
    }
}

/// Whether the backend can answer, which it can while its database does.
async fn health(State(app): State<Arc<App>>, id: RequestId) -> Response {
    match app.store.read().await {
        Ok(_) => "ok\n".into_response(),
        Err(error) => Error::from(error).respond(id.as_str()),
    }
}

async fn not_found(id: RequestId, uri: Uri) -> Response {
    let error = Error::Http {
        status: StatusCode::NOT_FOUND,
        code: Code::NotFound,
        reason: "PATH_UNKNOWN",
        message: format!("nothing is served at {}", uri.path()),
    };
    error.respond(id.as_str())
}

async fn method_not_allowed(id: RequestId, method: Method, uri: Uri) -> Response {
    let error = Error::Http {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: Code::Unimplemented,
        reason: "METHOD_NOT_ALLOWED",
        message: format!(
            "{} does not take {method}; the Allow header names what it takes",
            uri.path()
        ),
    };
    error.respond(id.as_str())
}

/// The ID of a request: the caller's, where it is fit for a log, or a new one.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    fn of(request: &Request, app: &App) -> Self {
        let given = request
            .headers()
            .get(REQUEST_ID)
            .filter(|value| is_sane(value.as_bytes()));
        Self(given.cloned().unwrap_or_else(|| {
            let id = app.ids.next(app.clock.now()).to_string();
            HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unknown"))
        }))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let id = parts.extensions.get::<Self>().cloned();
        Ok(id.unwrap_or(Self(HeaderValue::from_static("unknown"))))
    }
}

fn is_sane(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    (1..=128).contains(&id.len()) && id.iter().all(allowed)
}

/// Gives a request its ID, its response the same, and answers for a handler
/// that panics.
pub(crate) async fn identified(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(&request, &app);
    request.extensions_mut().insert(id.clone());
    // Without the query, which can hold a token.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut answer = pin!(next.run(request));
    let mut response = poll_fn(|context| {
        // What a panic leaves behind is dropped with the request, not used again.
        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => {
                Poll::Ready(Error::internal(describe(panic.as_ref())).respond(id.as_str()))
            }
        }
    })
    .await;
    let status = response.status().as_u16();
    tracing::debug!(request_id = id.as_str(), %method, path, status, "answered");
    response.headers_mut().insert(REQUEST_ID, id.0);
    response
}

fn describe(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or(panic.downcast_ref::<&str>().copied());
    format!(
        "a handler panicked: {}",
        text.unwrap_or("without a message")
    )
}

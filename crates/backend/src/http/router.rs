//! The whole service on one page.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::middleware::{from_fn, from_fn_with_state};
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
use contract::failure::Failure;
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
use http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use tower::util::option_layer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::identified::identified;
use super::observed::{Notes, observed};
use super::pages;
use super::request_id::{REQUEST_ID, RequestId};
use super::respond::respond;
use super::serve::{Route, serve, serve_list};
use crate::app::App;
use crate::resources::{
    avatars, bot_instances, bots, categories, form_fields, forms, memberships, organization_groups,
    organizations, services, tokens, users, workflows,
};

macro_rules! routes {
    ($($operation:ty => $handler:path,)+) => {
        [$(serve::<$operation, _, _>($handler)),+]
    };
}

macro_rules! lists {
    ($($operation:ty => $handler:path,)+) => {
        [$(serve_list::<$operation, _, _, _>($handler)),+]
    };
}

/// Every operation of the contract, and what serves it.
pub(crate) fn operations() -> Vec<Route> {
    let lists = lists![
        ListUsers => users::list,
        ListOrganizations => organizations::list,
        ListOrganizationGroups => organization_groups::list,
        ListBots => bots::list,
        ListBotInstances => bot_instances::list,
        ListServices => services::list,
        ListForms => forms::list,
    ];
    let others = routes![
        CreateToken => tokens::create,
        RefreshToken => tokens::refresh,

        CreateUser => users::create,
        GetUser => users::get,
        UpdateUser => users::update,
        DeleteUser => users::delete,
        ListUserOrganizations => memberships::list,
        RemoveUserOrganization => memberships::remove,
        UploadUserAvatar => avatars::upload,
        DeleteUserAvatar => avatars::delete,

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

        CreateOrganizationGroup => organization_groups::create,
        GetOrganizationGroup => organization_groups::get,
        UpdateOrganizationGroup => organization_groups::update,
        DeleteOrganizationGroup => organization_groups::delete,
        ListOrganizationGroupMembers => organization_groups::members,
        AddOrganizationGroupMembers => organization_groups::add_members,
        RemoveOrganizationGroupMember => organization_groups::remove_member,

        CreateBot => bots::create,
        GetBot => bots::get,
        UpdateBot => bots::update,
        DeleteBot => bots::delete,

        CreateBotInstance => bot_instances::create,
        GetBotInstance => bot_instances::get,
        UpdateBotInstance => bot_instances::update,
        DeleteBotInstance => bot_instances::delete,

        CreateService => services::create,
        GetService => services::get,
        UpdateService => services::update,
        DeleteService => services::delete,

        CreateForm => forms::create,
        GetForm => forms::get,
        UpdateForm => forms::update,
        DeleteForm => forms::delete,

        ListFormFields => form_fields::list,
        CreateFormField => form_fields::create,
        GetFormField => form_fields::get,
    ];
    lists.into_iter().chain(others).collect()
}

/// The service, from the outside in: whoever watches is told, a request gets its ID, what it is for is
/// found, and whatever happens it is answered.
pub(crate) fn router(app: Arc<App>) -> Router {
    let cors = option_layer(cors(&app.cors_origins));
    let mut router = Router::new();
    for route in operations() {
        tracing::debug!(operation = route.id, path = route.path, "serves");
        router = router.route(&route.path, route.service);
    }
    router
        .route("/avatars/{user}/{file}", get(avatar))
        .route("/healthz", get(health))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(others)
        .layer(from_fn(identified))
        .layer(cors)
        .layer(from_fn_with_state(Arc::clone(&app), observed))
        .with_state(app)
}

/// What allows pages of these origins to call the API ([CORS]). Cookies play no
/// part.
///
/// [CORS]: https://fetch.spec.whatwg.org/#http-cors-protocol
fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    /// How long a browser remembers what it may do.
    const MAX_AGE: Duration = Duration::from_mins(10);
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID])
        .expose_headers([
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            REQUEST_ID,
        ])
        .max_age(MAX_AGE);
    if origins.is_empty() {
        None
    } else if origins.iter().any(|origin| origin == "*") {
        Some(layer.allow_origin(AllowOrigin::any()))
    } else {
        Some(layer.allow_origin(AllowOrigin::list(origins.iter().cloned())))
    }
}

/// A picture of a user. It never changes, so whoever has it need not ask again, and
/// its name tells it from every other. A browser shows it and does nothing else with
/// it, whatever it may hold.
async fn avatar(
    State(app): State<Arc<App>>,
    id: RequestId,
    Path((user, file)): Path<(String, String)>,
    request: HeaderMap,
    extensions: Extensions,
    uri: Uri,
) -> Response {
    Notes::operation(&extensions, "avatar");
    let (media_type, bytes) = match avatars::get(&app, &user, &file).await {
        Ok(Some(found)) => found,
        Ok(None) => return not_found(&id, &uri),
        Err(error) => return respond(error, &id),
    };
    let tag = format!("\"{file}\"");
    let headers = [
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::CONTENT_TYPE, media_type),
        (header::ETAG, &tag),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let known = request.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, bytes).into_response()
}

/// Answers 200 if the backend can do all that it is there for: its database answers,
/// and there is room on the disk of it.
async fn health(State(app): State<Arc<App>>, extensions: Extensions, id: RequestId) -> Response {
    Notes::operation(&extensions, "health");
    match app.store.check().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => respond(error.into(), &id),
    }
}

/// A page that is served beside the API, or the answer that there is nothing.
async fn others(
    State(app): State<Arc<App>>,
    id: RequestId,
    method: Method,
    uri: Uri,
    request: HeaderMap,
    extensions: Extensions,
) -> Response {
    let pages = app.pages.as_ref();
    let Some(pages) = pages.filter(|pages| pages.cover(uri.path())) else {
        return not_found(&id, &uri);
    };
    Notes::operation(&extensions, "documentation");
    match pages::answer(pages, method, &uri, &request).await {
        Ok(response) => response,
        Err(error) => {
            let mut response = respond(error, &id);
            if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                let allowed = HeaderValue::from_static("GET, HEAD");
                response.headers_mut().insert(header::ALLOW, allowed);
            }
            response
        }
    }
}

fn not_found(id: &RequestId, uri: &Uri) -> Response {
    let path = uri.path().to_owned();
    respond(Failure::PathUnknown { path }.into(), id)
}

async fn method_not_allowed(id: RequestId, method: Method, uri: Uri) -> Response {
    let path = uri.path().to_owned();
    respond(Failure::MethodNotAllowed { path, method }.into(), &id)
}

//! Forms: the handlers, and how their fields are kept.
//!
//! - A form is kept together with its fields, and deleted together with them.
//!   What referred to it goes on doing so; categories keep the IDs of forms that
//!   are gone.
//! - In a change of `fields`, an entry with the ID of a field is that field with
//!   the content of the entry, an entry without an ID is a new field, and a field
//!   without an entry is gone. IDs in a new form are replaced, so that another
//!   one can be its template.
//! - The names of fields need not differ.

use std::collections::HashSet;

use contract::form_fields::FormField;
use contract::forms::{
    CreateForm, DeleteForm, Form, FormStatus, GetForm, ListForms, ListFormsQuery, UpdateForm,
};
use contract::id::ObjectId;
use contract::operation::{Create, Created, List, NoContent, Update};
use contract::timestamp::Timestamp;
use contract::validate::Violations;

use crate::App;
use crate::auth::Caller;
use crate::error::Error;
use crate::list::{self, Filters};
use crate::resource::{
    self, Stamped, change, check_admin, check_reference, find, insert, misplaced, new_owner, owner,
    with_defaults,
};
use crate::serve::Request;

impl Stamped for Form {
    fn stamp(&mut self, now: Timestamp, _: ObjectId) {
        self.updated_at = Some(now);
    }
}

/// Lists forms.
pub(crate) async fn list(request: Request<ListForms>) -> Result<List<Form>, Error> {
    let ListFormsQuery {
        list,
        id,
        organization,
        name,
        kind,
        status,
        created_at,
    } = request.query;
    let archived = status.is_none().then_some(FormStatus::Archived);
    let filters = Filters::default()
        .key("id", id)
        .key("organization", organization)
        .key("type", kind)
        .key("status", status)
        .without("status", archived)
        .text("name", name)
        .time("createdAt", created_at);
    list::list(&request.app, request.caller, list, filters, |form| form).await
}

/// Creates a form.
pub(crate) async fn create(request: Request<CreateForm>) -> Result<Created<Form>, Error> {
    let Request {
        app,
        caller,
        body: Create(mut form),
        ..
    } = request;
    check_admin(caller)?;
    let organization = owner(&app, caller, form.organization).await?;
    if let Some(template) = form.template {
        check_reference::<Form>(&app, caller, "template", template).await?;
    }
    for field in form.fields.iter_mut().flatten() {
        field.id = None;
    }
    let (id, now) = (app.ids.next(app.clock.now()), app.now()?);
    let form = Form {
        id: Some(id),
        organization: Some(organization),
        fields: fields(&app, None, form.fields.take())?,
        created_at: Some(now),
        updated_at: Some(now),
        ..with_defaults(&form)?
    };
    insert(&app, &form).await?;
    Ok(Created {
        location: format!("/forms/{id}"),
        reply: form,
    })
}

/// Gets a form.
pub(crate) async fn get(request: Request<GetForm>) -> Result<Form, Error> {
    Ok(find(&request.app, request.caller, request.path.form_id)
        .await?
        .row)
}

/// Changes a form.
pub(crate) async fn update(request: Request<UpdateForm>) -> Result<Form, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    change(&app, caller, path.form_id, |form| {
        patched(&app, caller, form, &patch)
    })
    .await
}

/// Deletes a form.
pub(crate) async fn delete(request: Request<DeleteForm>) -> Result<NoContent, Error> {
    resource::delete::<Form>(&request.app, request.caller, request.path.form_id).await?;
    Ok(NoContent)
}

/// The fields of a form after a change: checked, and each with an ID and its
/// dates.
fn fields(
    app: &App,
    before: Option<&Vec<FormField>>,
    after: Option<Vec<FormField>>,
) -> Result<Option<Vec<FormField>>, Error> {
    let Some(fields) = after else {
        return Ok(None);
    };
    let before = before.map(Vec::as_slice).unwrap_or_default();
    let known: HashSet<_> = before.iter().filter_map(|field| field.id).collect();
    let ids = fields
        .iter()
        .enumerate()
        .filter_map(|(index, field)| Some((index, field.id?)));
    Violations::check(misplaced("fields", "field", &known, ids))?;
    let fields = fields.iter().map(|field| {
        let same = before
            .iter()
            .find(|it| field.id.is_some() && it.id == field.id);
        match same {
            Some(same) => changed(app, same, field),
            None => new(app, field),
        }
    });
    fields.collect::<Result<_, _>>().map(Some)
}

/// A field that is new.
pub(crate) fn new(app: &App, field: &FormField) -> Result<FormField, Error> {
    let now = app.now()?;
    Ok(FormField {
        id: Some(app.ids.next(app.clock.now())),
        created_at: Some(now),
        updated_at: Some(now),
        ..with_defaults(field)?
    })
}

/// A field that was there before, with new content.
fn changed(app: &App, before: &FormField, after: &FormField) -> Result<FormField, Error> {
    let after = FormField {
        created_at: before.created_at,
        updated_at: before.updated_at,
        ..with_defaults(after)?
    };
    if after == *before {
        return Ok(after);
    }
    Ok(FormField {
        updated_at: Some(app.now()?),
        ..after
    })
}

async fn patched(
    app: &App,
    caller: Caller,
    before: Form,
    patch: &Update<Form>,
) -> Result<Form, Error> {
    let mut after = with_defaults(&patch.apply(&before)?)?;
    let organization = new_owner(app, caller, before.organization, after.organization).await?;
    if let Some(template) = after.template
        && after.template != before.template
    {
        check_reference::<Form>(app, caller, "template", template).await?;
    }
    Ok(Form {
        organization: Some(organization),
        fields: fields(app, before.fields.as_ref(), after.fields.take())?,
        ..after
    })
}

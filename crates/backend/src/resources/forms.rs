//! Forms: the handlers, and how their fields are kept.
//!
//! - A form is kept together with its fields, and deleted together with them.
//!   What referred to it goes on doing so; categories keep the IDs of forms that
//!   are gone. What is written to refer to it at the same time either comes first,
//!   or is refused.
//! - In a change of `fields`, an entry with the ID of a field is that field with
//!   the content of the entry, an entry without an ID is a new field, and a field
//!   without an entry is gone. IDs in a new form are replaced, so that another
//!   one can be its template.
//! - The names of fields need not differ.
//! - Organizations below the owner see a form that has one of their tags, and can
//!   refer to it. Only those who manage its owner change it.

use std::collections::HashSet;

use contract::form_fields::FormField;
use contract::forms::{
    CreateForm, DeleteForm, Form, FormStatus, GetForm, ListForms, ListFormsQuery, UpdateForm,
};
use contract::id::ObjectId;
use contract::operation::{Create, Created, NoContent, Operation, Update};
use contract::validate::Violations;

use super::change::{self, Edited, change};
use super::conditions::{Conditions, References};
use super::create::{insert, new, new_part, with_defaults};
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::parts::misplaced;
use super::request::Request;
use super::stamps::{Stamped, Stamps};
use crate::access::{Caller, find, new_owner};
use crate::app::App;
use crate::error::Error;

impl Stamped for Form {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: Some(&mut self.organization),
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: None,
        }
    }
}

impl Stamped for FormField {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: None,
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: None,
        }
    }
}

/// Lists forms.
pub(crate) async fn list(request: Request<ListForms>) -> Result<Listing<Form>, Error> {
    let ListFormsQuery {
        list,
        id,
        organization,
        name,
        kind,
        status,
        created_at,
    } = request.query;
    let filters = [
        Filter::is("id", id),
        Filter::is("organization", organization),
        Filter::is("type", kind),
        Filter::status(status, FormStatus::Archived),
        Filter::text("name", name),
        Filter::time("createdAt", created_at),
    ];
    let asked = Asked {
        app: request.app,
        caller: request.caller,
        query: list,
        cursor: request.cursor,
    };
    list::list(asked, filters, |form: Form| form).await
}

/// Creates a form.
pub(crate) async fn create(request: Request<CreateForm>) -> Result<Created<Form>, Error> {
    let Request {
        app,
        caller,
        body: Create(mut form),
        ..
    } = request;
    for field in form.fields.iter_mut().flatten() {
        field.id = None;
    }
    let (id, mut form) = new(&app, caller, &form).await?;
    form.fields = fields(&app, caller, None, form.fields)?;
    let conditions = Conditions {
        forms: template(None, form.template),
        ..Conditions::default()
    };
    insert(&app, caller, &form, conditions).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateForm::PATH),
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
    change::delete::<Form>(&request.app, request.caller, request.path.form_id).await?;
    Ok(NoContent)
}

/// The fields of a form after a change: checked, and each with an ID and its
/// dates.
fn fields(
    app: &App,
    caller: Caller,
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
            .find(|known| field.id.is_some() && known.id == field.id);
        match same {
            Some(same) => changed(app, same, field),
            None => Ok(new_part(app, caller, field)?.1),
        }
    });
    fields.collect::<Result<_, _>>().map(Some)
}

/// A field that was there before, with new content.
fn changed(app: &App, before: &FormField, after: &FormField) -> Result<FormField, Error> {
    let after = FormField {
        created_at: before.created_at,
        updated_at: before.updated_at,
        ..after.clone()
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
) -> Result<Edited<Form>, Error> {
    let mut after = with_defaults(&patch.apply(&before)?)?;
    let organization = new_owner(app, caller, before.organization, after.organization).await?;
    let conditions = Conditions {
        forms: template(before.template, after.template),
        ..Conditions::default()
    };
    let row = Form {
        organization: Some(organization),
        fields: fields(app, caller, before.fields.as_ref(), after.fields.take())?,
        ..after
    };
    Ok(Edited { row, conditions })
}

/// The template as a reference, if it is a new one.
fn template(before: Option<ObjectId>, after: Option<ObjectId>) -> References {
    let new = after.filter(|_| after != before);
    new.map(|id| ("template".to_owned(), id))
        .into_iter()
        .collect()
}

//! Form fields: the handlers. A field is kept with its form; see
//! [`super::forms`].

use contract::form_fields::{CreateFormField, FormField, GetFormField, ListFormFields};
use contract::forms::Form;
use contract::operation::{Create, Created, List};

use super::change::{Edited, change};
use super::conditions::Conditions;
use super::create::new_part;
use super::list;
use super::request::Request;
use crate::access::find;
use crate::error::Error;

/// Lists the fields of a form.
pub(crate) async fn list(request: Request<ListFormFields>) -> Result<List<FormField>, Error> {
    let found = find::<Form>(&request.app, request.caller, request.path.form_id).await?;
    list::of(found.row.fields.unwrap_or_default(), request.query)
}

/// Adds a field to a form.
pub(crate) async fn create(request: Request<CreateFormField>) -> Result<Created<FormField>, Error> {
    let Request {
        app,
        caller,
        path,
        body: Create(field),
        ..
    } = request;
    let (id, field) = new_part(&app, caller, &field)?;
    let new = &field;
    change(&app, caller, path.form_id, |mut form: Form| async move {
        form.fields.get_or_insert_default().push(new.clone());
        let conditions = Conditions {
            in_use: form.organization.into_iter().collect(),
            ..Conditions::default()
        };
        Ok(Edited {
            row: form,
            conditions,
        })
    })
    .await?;
    Ok(Created {
        location: format!("/forms/{}/fields/{id}", path.form_id),
        reply: field,
    })
}

/// Gets a field of a form.
pub(crate) async fn get(request: Request<GetFormField>) -> Result<FormField, Error> {
    let path = request.path;
    let found = find::<Form>(&request.app, request.caller, path.form_id).await?;
    let fields = found.row.fields.unwrap_or_default();
    let field = fields
        .into_iter()
        .find(|field| field.id == Some(path.field_id));
    field.ok_or_else(|| Error::NotFound(format!("there is no field {}", path.field_id)))
}

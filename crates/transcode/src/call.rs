//! What transcode-build generates for each rpc, and the parts that it uses.

use std::borrow::Cow;

use prost::Message;

use crate::json::{self, Codec, JsonMessage, Nested, TextCodec};
use crate::layout::{ReplyLayout, RequestLayout, UploadLayout};
use crate::mask::{Field, Selection};
use crate::query::Query;
use crate::request_parts::RequestParts;
use transcode_core::Violation;
use transcode_core::template::Template;

/// The REST request and reply of one rpc.
///
/// Generated; the annotation of the rpc says all of it.
pub trait RestCall: Send + Sync + 'static {
    /// The name of the rpc, as in `package.Service/Method`.
    const RPC: &'static str;

    /// The verb of the request.
    const METHOD: http::Method;

    /// The path of the request, below the base of the upstream.
    const PATH: Template<'static>;

    /// The rpc of the same service that streams the list of this one, by its bare
    /// name. By default there is none.
    const STREAMED_BY: Option<&'static str> = None;

    /// The request message.
    type Request: Message + Default + 'static;

    /// The response message.
    type Reply: Message + Default + Unpin + 'static;

    /// The value of a field that the path binds, as text. By default the path
    /// binds none.
    ///
    /// # Errors
    ///
    /// Fails where the value has no text form, with the reason.
    fn path_variable<'r>(
        _request: &'r Self::Request,
        _field: &str,
    ) -> Result<Option<Cow<'r, str>>, String> {
        Ok(None)
    }

    /// Adds the fields that neither the path nor the body holds, by default
    /// none.
    fn query(_request: &Self::Request, _query: &mut Query) {}

    /// The JSON body, if the annotation asks for one; by default it does not.
    ///
    /// # Errors
    ///
    /// Names what has no JSON form, and the paths of a field mask that lead to
    /// no field.
    fn body(_request: Self::Request) -> Result<Option<Vec<u8>>, Vec<Violation>> {
        Ok(None)
    }

    /// How the path, the query and the body are made of the bytes of the message.
    fn request() -> &'static RequestLayout;

    /// How the reply is read; of a [`ListCall`], each element as if it were the reply.
    fn reply() -> &'static ReplyLayout;
}

/// A streamed list: each element of the list that the upstream answers with
/// becomes a message.
pub trait ListCall: RestCall {
    /// The query parameters that name the next page in the target of the link to
    /// it. Without any, the list is one reply.
    const NEXT: &'static [&'static str];
}

/// An upload: a client stream whose first message is the header and whose other
/// messages are content.
pub trait UploadCall: RestCall {
    /// How its messages are laid out.
    fn upload() -> &'static UploadLayout;
}

/// The value of a field as text, if it is set.
///
/// # Errors
///
/// Fails where the value has no text form, with the reason.
pub fn text_of<C: TextCodec>(value: Option<&C::Value>) -> Result<Option<Cow<'_, str>>, String> {
    value
        .filter(|value| C::is_set(value))
        .map(C::text)
        .transpose()
}

/// Writes a body.
///
/// `field` names the body field in errors and is empty where the request itself
/// is the body.
///
/// # Errors
///
/// Fails where the value has no JSON form.
pub fn write_body<C: Codec>(
    field: &'static str,
    value: &C::Value,
) -> Result<Option<Vec<u8>>, Vec<Violation>> {
    write_selected::<C>(field, value, &Selection::Set)
}

/// Writes the part of a body that a field mask selects; `except` are the paths of
/// the fields that are not part of the body.
///
/// # Errors
///
/// Fails where the value has no JSON form, and on paths that name no field.
pub fn write_masked_body<M: JsonMessage>(
    field: &'static str,
    value: &M,
    mask: Option<&prost_types::FieldMask>,
    except: &[&str],
) -> Result<Option<Vec<u8>>, Vec<Violation>> {
    let selection = selection(mask, M::FIELDS, except)?;
    write_selected::<Nested<M>>(field, value, &selection)
}

fn write_selected<C: Codec>(
    field: &'static str,
    value: &C::Value,
    selection: &Selection,
) -> Result<Option<Vec<u8>>, Vec<Violation>> {
    json::write::<C>(value, field, selection.mask())
        .map(Some)
        .map_err(|error| {
            vec![Violation {
                field: error.path,
                description: error.reason,
            }]
        })
}

/// The violation of a body field that is not set and has no empty form.
#[must_use]
pub fn missing_body(field: &str) -> Vec<Violation> {
    vec![Violation {
        field: field.to_owned(),
        description: "is required, because it is the body".to_owned(),
    }]
}

/// What a field mask of an update selects.
///
/// # Errors
///
/// Fails on paths that name no field.
pub(crate) fn selection(
    mask: Option<&prost_types::FieldMask>,
    fields: &'static [Field],
    except: &[&str],
) -> Result<Selection, Vec<Violation>> {
    Selection::resolve(mask, fields, except).map_err(|paths| {
        let violations = paths.into_iter().map(|path| Violation {
            field: "update_mask".to_owned(),
            description: path.to_string(),
        });
        violations.collect()
    })
}

/// The request of a call.
///
/// # Errors
///
/// Names every field that does not fit the path or the query at once, or else what
/// has no JSON form in the body.
pub fn request_parts<C: RestCall>(request: C::Request) -> Result<RequestParts, Vec<Violation>> {
    Ok(RequestParts {
        target: path_and_query::<C>(&request)?,
        body: C::body(request)?,
    })
}

/// The path and query of a call.
///
/// # Errors
///
/// Names every field that does not fit at once.
pub(crate) fn path_and_query<C: RestCall>(request: &C::Request) -> Result<String, Vec<Violation>> {
    let path = C::PATH.fill(|field| C::path_variable(request, field));
    let mut query = Query::default();
    C::query(request, &mut query);
    query.behind(path)
}

//! The REST request of an rpc.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use prost_reflect::{FieldDescriptor, Kind, MethodDescriptor};
use quote::{format_ident, quote};
use transcode_core::template::{Pattern, Segment, Template};

use crate::fields::{
    FieldPath, dotted, is_free_form, is_message, is_text, is_well_known, oneof_of, single_field,
    text_field,
};
use crate::options::{self, HttpRule};
use crate::packages::is_not_generated;
use crate::requests::{self, Body, Parameter};
use crate::stream::{self, ListFields};
use crate::upload::UploadFields;
use crate::{layouts, messages, names};

/// The verbs of requests for a resource.
const VERBS: [&str; 7] = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// The name that a field mask of an update goes by (AIP-134).
const UPDATE_MASK: &str = "update_mask";

/// What is wrong with an rpc, in the words that follow its name.
pub(crate) type Reasons = Vec<String>;

/// An rpc whose annotations have been read.
pub(crate) struct Rpc {
    method: MethodDescriptor,
    package: String,
    rule: HttpRule,
    upload: Option<UploadFields>,
    /// The list whose elements are the messages of the rpc.
    streamed: Option<ListFields>,
    /// The fields that the path binds, and the template itself.
    template: TokenStream,
    bound: Vec<FieldPath>,
    body: Body,
    /// The field mask that selects what of the body is sent.
    mask: Option<FieldDescriptor>,
    /// The type that implements `RestCall`.
    call: Ident,
}

impl Rpc {
    /// Reads the annotations; `None` where they make no sense at all.
    pub(crate) fn new(method: &MethodDescriptor, reasons: &mut Reasons) -> Option<Self> {
        let Some(rule) = options::http(method) else {
            reasons.push(
                "has no google.api.http annotation, which says what request it is".to_owned(),
            );
            return None;
        };
        check_rule(method, &rule, reasons);
        let input = method.input();
        let mut bound = Vec::new();
        let template = match Template::parse(&rule.path) {
            Ok(template) => {
                for field in template.fields() {
                    match text_field(&input, field) {
                        Ok(path) => bound.push(path),
                        Err(reason) => {
                            reasons.push(format!("binds {field:?} to its path, which {reason}"));
                        }
                    }
                }
                template_tokens(&template)
            }
            Err(error) => {
                reasons.push(error.to_string());
                return None;
            }
        };
        let upload = options::upload(method);
        check_streaming(method, &rule, upload.is_some(), reasons);
        let streamed = options::streamed_list(method)
            .and_then(|streamed| ListFields::new(method, &rule, &streamed, reasons));
        let upload = upload.and_then(|upload| {
            UploadFields::new(&input, upload)
                .map_err(|reason| reasons.push(reason))
                .ok()
        });
        if let Some(upload) = &upload {
            for path in bound.iter().filter(|path| path[0] != upload.header) {
                let field = dotted(path);
                reasons.push(format!(
                    "binds {field:?} to its path, which is not part of the header"
                ));
            }
        }
        let body = match rule.body.as_str() {
            "" => Body::Nothing,
            "*" => Body::Request,
            name => match single_field(&input, name) {
                Ok(field) => Body::Field(field),
                Err(reason) => {
                    reasons.push(format!("has the body {name:?}, which {reason}"));
                    Body::Nothing
                }
            },
        };
        let mask = input.get_field_by_name(UPDATE_MASK).filter(|field| {
            !matches!(body, Body::Nothing)
                && oneof_of(field).is_none()
                && is_message(field, "google.protobuf.FieldMask")
                && !field.is_list()
        });
        let service = names::camel(method.parent_service().name());
        Some(Self {
            package: method.parent_service().package_name().to_owned(),
            call: format_ident!("{service}{}", names::camel(method.name())),
            method: method.clone(),
            rule,
            upload,
            streamed,
            template,
            bound,
            body,
            mask,
        })
    }

    /// The type of the call and its implementation of `RestCall`.
    pub(crate) fn call(&self, reasons: &mut Reasons) -> TokenStream {
        let name = format!(
            "{}/{}",
            self.method.parent_service().full_name(),
            self.method.name()
        );
        let call = &self.call;
        let doc = format!(" `{name}` as `{} {}`.", self.rule.verb, self.rule.path);
        let verb = Ident::new(&self.rule.verb, Span::call_site());
        let template = &self.template;
        let request = names::message(&self.package, &self.method.input());
        let reply = names::message(&self.package, &self.method.output());
        let variables = self.variables();
        let parameters = self.parameters(reasons);
        let query = self.query(&parameters);
        let body = self.body(reasons);
        let layout = requests::layout(
            &self.package,
            &self.method.input(),
            &self.bound,
            &parameters,
            &self.body,
            self.mask.as_ref(),
        );
        let read = self.reply(reasons);
        let upload = self.upload.as_ref().map(|upload| self.upload_call(upload));
        let list = self.streamed.as_ref().map(|list| list.call(call));
        let streamed_by = stream::streamed_by(&self.method).map(|name| {
            quote! { const STREAMED_BY: Option<&'static str> = Some(#name); }
        });
        quote! {
            #[doc = #doc]
            #[derive(Debug, Clone, Copy)]
            pub enum #call {}

            impl RestCall for #call {
                const RPC: &'static str = #name;
                const METHOD: Method = Method::#verb;
                const PATH: Template<'static> = #template;
                type Request = #request;
                type Reply = #reply;
                #streamed_by
                #variables
                #query
                #body
                fn request() -> &'static RequestLayout {
                    static REQUEST: RequestLayout = #layout;
                    &REQUEST
                }
                fn reply() -> &'static ReplyLayout {
                    static REPLY: ReplyLayout = #read;
                    &REPLY
                }
            }

            #upload
            #list
        }
    }

    /// The entry in the table of its service.
    pub(crate) fn entry(&self) -> TokenStream {
        let call = &self.call;
        if self.streamed.is_some() {
            quote! { Rpc::list::<#call>() }
        } else if self.upload.is_some() {
            quote! { Rpc::upload::<#call>() }
        } else {
            quote! { Rpc::unary::<#call>() }
        }
    }

    /// The function that looks up what the path binds, if it binds anything.
    fn variables(&self) -> Option<TokenStream> {
        let variables = self.bound.iter().map(|path| {
            let field = dotted(path);
            let value = self.value(path);
            let codec = self.codec(&path[path.len() - 1]);
            quote! { #field => text_of::<#codec>(#value), }
        });
        (!self.bound.is_empty()).then(|| {
            quote! {
                fn path_variable<'r>(
                    request: &'r Self::Request,
                    field: &str,
                ) -> Result<Option<Cow<'r, str>>, String> {
                    match field {
                        #(#variables)*
                        _ => Ok(None),
                    }
                }
            }
        })
    }

    fn codec(&self, field: &FieldDescriptor) -> TokenStream {
        // Fields without a codec are reported with their message.
        messages::codec(&self.package, field).unwrap_or_default()
    }

    /// An expression for an `Option` of a reference to a field's value.
    fn value(&self, path: &[FieldDescriptor]) -> TokenStream {
        let mut value: Option<TokenStream> = None;
        for field in path {
            let name = names::snake(field.name());
            let holder = if value.is_none() {
                quote! { request }
            } else {
                quote! { message }
            };
            let (step, is_option) = if let Some(oneof) = oneof_of(field) {
                let variant = names::variant(&self.package, &oneof, field);
                let oneof = names::snake(oneof.name());
                let step = quote! {
                    match &#holder.#oneof {
                        Some(#variant(value)) => Some(value),
                        _ => None,
                    }
                };
                (step, true)
            } else if field.supports_presence() && !field.is_list() {
                (quote! { #holder.#name.as_ref() }, true)
            } else {
                (quote! { &#holder.#name }, false)
            };
            value = Some(match (value, is_option) {
                (None, true) => step,
                (None, false) => quote! { Some(#step) },
                (Some(above), true) => quote! { #above.and_then(|message| #step) },
                (Some(above), false) => quote! { #above.map(|message| #step) },
            });
        }
        value.unwrap_or_default()
    }

    /// What neither the path nor the body holds.
    fn parameters(&self, reasons: &mut Reasons) -> Vec<Parameter> {
        let mut leaves = Vec::new();
        match (&self.body, &self.upload) {
            (Body::Request, _) => {}
            // The header is the envelope of the parameters, not one of them.
            (_, Some(upload)) => {
                self.leaves(&mut vec![upload.header.clone()], &mut leaves, reasons);
            }
            _ => {
                for field in self.method.input().fields() {
                    let in_body = matches!(&self.body, Body::Field(body) if *body == field);
                    if !in_body && self.mask.as_ref() != Some(&field) {
                        self.leaves(&mut vec![field], &mut leaves, reasons);
                    }
                }
            }
        }
        let skip = usize::from(self.upload.is_some());
        let parameters = leaves.into_iter().map(|path| {
            let names: Vec<_> = path[skip..]
                .iter()
                .map(FieldDescriptor::json_name)
                .collect();
            let sent_as = |list: &ListFields| list.sent_as(&path);
            let name = self.streamed.as_ref().and_then(sent_as);
            let name = name.unwrap_or_else(|| names.join("."));
            Parameter { path, name }
        });
        parameters.collect()
    }

    /// The function that pushes the parameters, if there are any.
    fn query(&self, parameters: &[Parameter]) -> Option<TokenStream> {
        if parameters.is_empty() {
            return None;
        }
        let pushes = parameters.iter().map(|Parameter { path, name }| {
            let field = &path[path.len() - 1];
            let codec = self.codec(field);
            let value = self.value(path);
            let dotted = dotted(path);
            let push = if field.is_list() {
                quote! { push_all }
            } else if field.supports_presence() {
                quote! { push }
            } else {
                quote! { push_implicit }
            };
            quote! { query.#push::<#codec>(#dotted, #name, #value); }
        });
        Some(quote! {
            fn query(request: &Self::Request, query: &mut Query) {
                #(#pushes)*
            }
        })
    }

    /// The fields at or below the path that become query parameters.
    fn leaves(&self, path: &mut FieldPath, leaves: &mut Vec<FieldPath>, reasons: &mut Reasons) {
        let field = path[path.len() - 1].clone();
        let of_upload =
            |upload: &UploadFields| upload.file_name == *path || upload.content_type == *path;
        if self.bound.contains(path) || self.upload.as_ref().is_some_and(of_upload) {
            return;
        }
        let mut refuse = |reason: &str| {
            reasons.push(format!(
                "sends {:?} as a query parameter, which {reason}",
                dotted(path)
            ));
        };
        if options::next_link(&field).is_some() {
            refuse("is filled from a reply; it has no place in a request");
        } else if field.is_map() {
            refuse("is a map, and a query has none; send it in the body");
        } else if is_text(&field) {
            leaves.push(path.clone());
        } else if let Kind::Message(message) = field.kind() {
            let recursive = path[..path.len() - 1]
                .iter()
                .any(|above| above.kind() == field.kind());
            if field.is_list() {
                refuse("is a list of messages, and a query has none; send it in the body");
            } else if recursive {
                refuse("is a message within itself; send it in the body");
            } else if is_free_form(&message) {
                refuse("has no form there; send it in the body");
            } else {
                for child in message.fields() {
                    path.push(child);
                    self.leaves(path, leaves, reasons);
                    path.pop();
                }
            }
        }
    }

    /// The function that writes the body, if there is one.
    fn body(&self, reasons: &mut Reasons) -> Option<TokenStream> {
        let write = match &self.body {
            Body::Nothing => return None,
            Body::Request => self.request_body(reasons),
            Body::Field(field) => self.field_body(field, reasons),
        };
        Some(quote! {
            fn body(request: Self::Request) -> Result<Option<Vec<u8>>, Vec<Violation>> {
                #write
            }
        })
    }

    /// The request itself, less what the path binds.
    fn request_body(&self, reasons: &mut Reasons) -> TokenStream {
        let input = self.method.input();
        if input.full_name() == "google.protobuf.Empty" {
            return quote! { write_body::<Empty>("", &request) };
        }
        let message = names::message(&self.package, &input);
        let clear: Vec<_> = self
            .bound
            .iter()
            .filter_map(|path| cleared(path, reasons))
            .collect();
        let write = if self.mask.is_some() {
            let bound = self.bound.iter().map(|path| dotted(path));
            let except = bound.chain([UPDATE_MASK.to_owned()]);
            quote! {
                let mask = request.update_mask.take();
                write_masked_body::<#message>("", &request, mask.as_ref(), &[#(#except),*])
            }
        } else {
            quote! { write_body::<Nested<#message>>("", &request) }
        };
        let mutable = (!clear.is_empty() || self.mask.is_some()).then(|| {
            quote! { let mut request = request; }
        });
        quote! { #mutable #(#clear)* #write }
    }

    fn field_body(&self, field: &FieldDescriptor, reasons: &mut Reasons) -> TokenStream {
        let name = field.name();
        let rust_name = names::snake(name);
        let codec = self.codec(field);
        let message = match field.kind() {
            Kind::Message(message) if !field.is_list() && !field.is_map() => Some(message),
            _ => None,
        };
        let message =
            message.filter(|message| !is_well_known(message) && !options::is_transparent(message));
        match message {
            Some(message) if self.mask.is_some() => {
                let message = names::message(&self.package, &message);
                quote! {
                    let body = request.#rust_name.unwrap_or_default();
                    write_masked_body::<#message>(#name, &body, request.update_mask.as_ref(), &[])
                }
            }
            None if self.mask.is_some() => {
                reasons.push(format!(
                    "has an {UPDATE_MASK}, but {name:?} is not a message of fields"
                ));
                TokenStream::new()
            }
            Some(_) => quote! {
                write_body::<#codec>(#name, &request.#rust_name.unwrap_or_default())
            },
            None if field.supports_presence() && !field.is_list() => quote! {
                match &request.#rust_name {
                    Some(body) => write_body::<#codec>(#name, body),
                    None => Err(missing_body(#name)),
                }
            },
            None => {
                let codec = messages::whole(field, &codec);
                quote! { write_body::<#codec>(#name, &request.#rust_name) }
            }
        }
    }

    /// How the reply is read.
    fn reply(&self, reasons: &mut Reasons) -> TokenStream {
        let output = self.method.output();
        let message = names::message(&self.package, &output);
        let links = output.fields().filter_map(|field| {
            let parameter = options::next_link(&field)?;
            let number = Literal::u32_unsuffixed(field.number());
            let value = layouts::key(&field.kind());
            let has_presence = field.supports_presence();
            Some(quote! {
                LinkLayout {
                    parameter: #parameter,
                    number: #number,
                    value: #value,
                    has_presence: #has_presence,
                }
            })
        });
        let properties: Vec<_> = output
            .fields()
            .filter(|field| options::next_link(field).is_none())
            .collect();
        if self.rule.verb == "HEAD" && !properties.is_empty() {
            reasons.push(
                "expects a body in the reply, which HEAD does not have; return \
                google.protobuf.Empty"
                    .to_owned(),
            );
        }
        if !self.rule.response_body.is_empty() {
            let name = &self.rule.response_body;
            let field = match single_field(&output, name) {
                Ok(field) => field,
                Err(reason) => {
                    reasons.push(format!("has the response_body {name:?}, which {reason}"));
                    return TokenStream::new();
                }
            };
            for other in properties.iter().filter(|other| **other != field) {
                let other = other.name();
                reasons.push(format!(
                    "reads {name:?} from the reply, and {other:?} from nothing; remove one of them"
                ));
            }
            let field = layouts::field(&self.package, &field);
            return quote! {
                ReplyLayout {
                    body: Root::Field({
                        static FIELD: FieldLayout = #field;
                        &FIELD
                    }),
                    links: &[#(#links),*],
                }
            };
        }
        let body = if properties.is_empty() {
            quote! { Root::Nothing }
        } else {
            quote! { Root::Message(<#message as JsonMessage>::layout) }
        };
        quote! { ReplyLayout { body: #body, links: &[#(#links),*] } }
    }

    fn upload_call(&self, upload: &UploadFields) -> TokenStream {
        let call = &self.call;
        let layout = requests::upload(upload);
        quote! {
            impl UploadCall for #call {
                fn upload() -> &'static UploadLayout {
                    static UPLOAD: UploadLayout = #layout;
                    &UPLOAD
                }
            }
        }
    }
}

fn check_rule(method: &MethodDescriptor, rule: &HttpRule, reasons: &mut Reasons) {
    if rule.additional_bindings {
        reasons.push(
            "has additional_bindings, of which a client could use only one; keep the \
            one to call"
                .to_owned(),
        );
    }
    if !VERBS.contains(&rule.verb.as_str()) {
        reasons.push(format!(
            "has the verb {:?}, not one of {}",
            rule.verb,
            VERBS.join(", ")
        ));
    }
    if !rule.body.is_empty() && matches!(rule.verb.as_str(), "GET" | "HEAD") {
        reasons.push(format!(
            "has a body, which {} does not carry; without it the fields are \
            sent in the query",
            rule.verb
        ));
    }
    for message in [method.input(), method.output()] {
        let name = message.full_name();
        if options::is_transparent(&message)
            || (is_not_generated(message.package_name()) && name != "google.protobuf.Empty")
        {
            reasons.push(format!(
                "exchanges {name}, which is no message of fields; make it a \
                field of one, and that the body or the response_body"
            ));
        }
    }
}

fn check_streaming(
    method: &MethodDescriptor,
    rule: &HttpRule,
    is_upload: bool,
    reasons: &mut Reasons,
) {
    if method.is_server_streaming() && options::streamed_list(method).is_none() {
        let reason = "streams its responses, but no transcode.v1.streamed_list says of which \
            list; add it, or return one message";
        reasons.push(reason.to_owned());
    }
    if method.is_client_streaming() && !is_upload {
        let reason = "streams its requests, but no transcode.v1.upload says how they make one \
            body; add it, or take one message";
        reasons.push(reason.to_owned());
    }
    if is_upload && !method.is_client_streaming() {
        reasons.push("is an upload, so it has to stream its requests".to_owned());
    }
    if is_upload && !rule.body.is_empty() {
        reasons.push("is an upload, whose body is its content; it has no other".to_owned());
    }
}

/// A statement that unsets a field which the path binds.
fn cleared(path: &[FieldDescriptor], reasons: &mut Reasons) -> Option<TokenStream> {
    if path.iter().any(|field| oneof_of(field).is_some()) {
        reasons.push(format!(
            "binds {:?} to its path, which cannot be taken out of the body, because it is in a \
                oneof; take it out of the oneof",
            dotted(path)
        ));
        return None;
    }
    let (last, above) = path.split_last()?;
    let mut place = quote! { Some(&mut request) };
    for field in above {
        let name = names::snake(field.name());
        place = quote! { #place.and_then(|message| message.#name.as_mut()) };
    }
    let name = names::snake(last.name());
    Some(if above.is_empty() {
        quote! { request.#name = Default::default(); }
    } else {
        quote! {
            if let Some(message) = #place {
                message.#name = Default::default();
            }
        }
    })
}

/// The template as a constant expression.
fn template_tokens(template: &Template<'_>) -> TokenStream {
    let segments = template.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => quote! { Segment::Literal(#text) },
        Segment::Variable { field, pattern } => {
            let pattern = pattern.iter().map(|part| match part {
                Pattern::Literal(text) => quote! { Pattern::Literal(#text) },
                Pattern::Any => quote! { Pattern::Any },
                Pattern::Rest => quote! { Pattern::Rest },
            });
            quote! {
                Segment::Variable {
                    field: #field,
                    pattern: Cow::Borrowed(&[#(#pattern),*]),
                }
            }
        }
    });
    let verb = if let Some(verb) = template.verb {
        quote! { Some(#verb) }
    } else {
        quote! { None }
    };
    quote! {
        Template {
            segments: Cow::Borrowed(&[#(#segments),*]),
            verb: #verb,
        }
    }
}

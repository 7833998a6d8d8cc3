//! The REST request of each rpc, and the tonic services that carry it out.

use proc_macro2::{Ident, Span, TokenStream};
use prost_reflect::{
    FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};
use quote::{format_ident, quote};
use transcode::template::{Pattern, Segment, Template};

use crate::options::{self, HttpRule, Upload};
use crate::{Problem, messages, names};

/// The verbs that `http::Method` has constants for.
const VERBS: [&str; 9] = [
    "GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT",
];

/// The name that a field mask of an update goes by (AIP-134).
const UPDATE_MASK: &str = "update_mask";

/// Generates the code for every service of the files of one package.
pub(crate) fn generate(files: &[FileDescriptor], problems: &mut Vec<Problem>) -> TokenStream {
    check_link_fields(files, problems);
    let services: Vec<_> = files.iter().flat_map(FileDescriptor::services).collect();
    if services.is_empty() {
        return TokenStream::new();
    }
    let code = services.iter().map(|descriptor| service(descriptor, problems));
    let code: TokenStream = code.collect();
    let names = services.iter().map(|service| service.full_name());
    let servers = services.iter().map(|service| {
        let (module, server, _) = server_names(service);
        quote! {
            .add_service(
                #module::#server::new(gateway.clone())
                    .accept_compressed(::tonic::codec::CompressionEncoding::Gzip),
            )
        }
    });
    quote! {
        #code

        /// The full names of the services of this package.
        pub const SERVICES: &[&str] = &[#(#names),*];

        /// The services of this package, answered by a gateway. Compressed
        /// requests are accepted.
        pub fn routes<U: ::transcode::Upstream>(
            gateway: &::transcode::Gateway<U>,
        ) -> ::tonic::service::Routes {
            ::tonic::service::Routes::default() #(#servers)*
        }
    }
}

/// A field is filled from a link only in the response of an rpc.
fn check_link_fields(files: &[FileDescriptor], problems: &mut Vec<Problem>) {
    let messages = files.iter().flat_map(FileDescriptor::messages);
    for message in messages {
        let answers = |method: MethodDescriptor| method.output() == message;
        let pool = message.parent_pool();
        if pool.services().any(|service| service.methods().any(answers)) {
            continue;
        }
        for field in message.fields().filter(|field| options::next_link(field).is_some()) {
            problems.push(Problem {
                subject: format!("field {}", field.full_name()),
                reason: "only the response of an rpc is filled from a link".to_owned(),
            });
        }
    }
}

/// The module, the server and the trait that tonic generates for a service.
fn server_names(service: &ServiceDescriptor) -> (Ident, Ident, Ident) {
    let name = names::camel(service.name());
    (
        format_ident!("{}_server", names::snake(service.name())),
        format_ident!("{name}Server"),
        name,
    )
}

fn service(descriptor: &ServiceDescriptor, problems: &mut Vec<Problem>) -> TokenStream {
    let mut calls = TokenStream::new();
    let mut methods = TokenStream::new();
    for method in descriptor.methods() {
        let mut found = Vec::new();
        let rpc = Rpc::new(&method, &mut found);
        if let Some(rpc) = rpc.filter(|_| found.is_empty()) {
            calls.extend(rpc.call(&mut found));
            methods.extend(rpc.server_method());
        }
        problems.extend(found.into_iter().map(|reason| Problem {
            subject: format!("rpc {}", method.full_name()),
            reason,
        }));
    }
    let (module, _, name) = server_names(descriptor);
    quote! {
        #calls

        #[::tonic::async_trait]
        impl<U: ::transcode::Upstream> #module::#name for ::transcode::Gateway<U> {
            #methods
        }
    }
}

/// What is wrong with an rpc, in the words that follow its name.
type Reasons = Vec<String>;

/// An rpc whose annotations have been read.
struct Rpc {
    method: MethodDescriptor,
    package: String,
    rule: HttpRule,
    upload: Option<UploadFields>,
    /// The fields that the path binds, and the template itself.
    template: TokenStream,
    bound: Vec<FieldPath>,
    body: Body,
    /// The field mask that selects what of the body is sent.
    mask: Option<FieldDescriptor>,
    /// The type that implements `RestCall`.
    call: Ident,
}

/// A field behind the fields that lead to it from the request message.
type FieldPath = Vec<FieldDescriptor>;

/// What the body of the request is made of.
enum Body {
    None,
    Request,
    Field(FieldDescriptor),
}

/// The parts of an upload's request message.
struct UploadFields {
    part: String,
    header: FieldDescriptor,
    content: FieldDescriptor,
    file_name: FieldPath,
    content_type: FieldPath,
}

impl Rpc {
    /// Reads the annotations; `None` where they make no sense at all.
    fn new(method: &MethodDescriptor, reasons: &mut Reasons) -> Option<Self> {
        let Some(rule) = options::http(method) else {
            reasons.push("has no google.api.http annotation".to_owned());
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
                        Err(reason) => reasons.push(format!("binds {field:?} to its path, which {reason}")),
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
        let upload = upload.and_then(|upload| {
            UploadFields::new(&input, upload)
                .map_err(|reason| reasons.push(reason))
                .ok()
        });
        if let Some(upload) = &upload {
            for path in bound.iter().filter(|path| path[0] != upload.header) {
                let field = dotted(path);
                reasons.push(format!("binds {field:?} to its path, which is not part of the header"));
            }
        }
        let body = match rule.body.as_str() {
            "" => Body::None,
            "*" => Body::Request,
            name => match single_field(&input, name) {
                Ok(field) => Body::Field(field),
                Err(reason) => {
                    reasons.push(format!("has the body {name:?}, which {reason}"));
                    Body::None
                }
            },
        };
        let mask = input.get_field_by_name(UPDATE_MASK).filter(|field| {
            !matches!(body, Body::None)
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
            template,
            bound,
            body,
            mask,
        })
    }

    /// The type of the call and its implementation of `RestCall`.
    fn call(&self, reasons: &mut Reasons) -> TokenStream {
        let name = format!("{}/{}", self.method.parent_service().full_name(), self.method.name());
        let call = &self.call;
        let doc = format!(" The REST request of `{name}`.");
        let verb = Ident::new(&self.rule.verb, Span::call_site());
        let template = &self.template;
        let (input, output) = (self.method.input(), self.method.output());
        let request = names::message(&self.package, &input);
        let reply = names::message(&self.package, &output);
        let variables = self.bound.iter().map(|path| {
            let field = dotted(path);
            let value = self.value(path);
            let codec = self.codec(&path[path.len() - 1]);
            quote! { #field => ::transcode::text_of::<#codec>(#value), }
        });
        let query = self.query(reasons);
        let body = self.body(reasons);
        let read = self.reply(reasons);
        let upload = self.upload.as_ref().map(|upload| self.upload_call(upload));
        quote! {
            #[doc = #doc]
            #[derive(Debug, Clone, Copy)]
            pub enum #call {}

            impl ::transcode::RestCall for #call {
                const RPC: &'static str = #name;
                const METHOD: ::transcode::Method = ::transcode::Method::#verb;
                const PATH: ::transcode::template::Template<'static> = #template;
                type Request = #request;
                type Reply = #reply;

                fn path_variable<'r>(
                    request: &'r Self::Request,
                    field: &str,
                ) -> Result<Option<::std::borrow::Cow<'r, str>>, String> {
                    match field {
                        #(#variables)*
                        _ => Ok(None),
                    }
                }

                fn query(request: &Self::Request, query: &mut ::transcode::Query) {
                    #query
                }

                fn body(
                    request: Self::Request,
                ) -> Result<Option<Vec<u8>>, Vec<::transcode::Violation>> {
                    #body
                }

                fn reply(
                    reply: &::transcode::Reply,
                ) -> Result<(Self::Reply, ::transcode::json::Drifts), ::transcode::json::ReadError> {
                    #read
                }
            }

            #upload
        }
    }

    /// The method of the tonic service.
    fn server_method(&self) -> TokenStream {
        let method = names::snake(self.method.name());
        let request = names::message(&self.package, &self.method.input());
        let reply = names::message(&self.package, &self.method.output());
        let call = &self.call;
        let (request, carry_out) = if self.upload.is_some() {
            (quote! { ::tonic::Streaming<#request> }, quote! { upload })
        } else {
            (request, quote! { call })
        };
        quote! {
            async fn #method(
                &self,
                request: ::tonic::Request<#request>,
            ) -> Result<::tonic::Response<#reply>, ::tonic::Status> {
                self.#carry_out::<#call>(request).await
            }
        }
    }

    fn codec(&self, field: &FieldDescriptor) -> TokenStream {
        // Fields without a codec are reported with their message.
        messages::codec(&self.package, field).unwrap_or_default()
    }

    /// An expression for an `Option` of a reference to a field's value.
    fn value(&self, path: &[FieldDescriptor]) -> TokenStream {
        let mut value = quote! { Some(request) };
        for field in path {
            let name = names::snake(field.name());
            if let Some(oneof) = messages::oneof_of(field) {
                let variant = names::variant(&self.package, &oneof, field);
                let oneof = names::snake(oneof.name());
                value = quote! {
                    #value.and_then(|message| match &message.#oneof {
                        Some(#variant(value)) => Some(value),
                        _ => None,
                    })
                };
            } else if field.supports_presence() && !field.is_list() {
                value = quote! { #value.and_then(|message| message.#name.as_ref()) };
            } else {
                value = quote! { #value.map(|message| &message.#name) };
            }
        }
        value
    }

    /// Statements that push what neither the path nor the body holds.
    fn query(&self, reasons: &mut Reasons) -> TokenStream {
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
        let pushes = leaves.into_iter().map(|path| {
            let field = &path[path.len() - 1];
            let codec = self.codec(field);
            let value = self.value(&path);
            let dotted = dotted(&path);
            let names: Vec<_> = path[skip..].iter().map(FieldDescriptor::json_name).collect();
            let name = names.join(".");
            let push = if field.is_list() {
                quote! { push_all }
            } else if field.supports_presence() {
                quote! { push }
            } else {
                quote! { push_implicit }
            };
            quote! { query.#push::<#codec>(#dotted, #name, #value); }
        });
        quote! { #(#pushes)* }
    }

    /// The fields at or below the path that become query parameters.
    fn leaves(&self, path: &mut FieldPath, leaves: &mut Vec<FieldPath>, reasons: &mut Reasons) {
        let field = path[path.len() - 1].clone();
        let of_upload = |upload: &UploadFields| upload.file_name == *path || upload.content_type == *path;
        if self.bound.contains(path) || self.upload.as_ref().is_some_and(of_upload) {
            return;
        }
        let mut refuse = |reason: &str| {
            reasons.push(format!("sends {:?} as a query parameter, which {reason}", dotted(path)));
        };
        if options::next_link(&field).is_some() {
            refuse("is filled from a reply");
        } else if field.is_map() {
            refuse("is a map");
        } else if is_text(&field) {
            leaves.push(path.clone());
        } else if let Kind::Message(message) = field.kind() {
            let recursive = path[..path.len() - 1].iter().any(|above| above.kind() == field.kind());
            if field.is_list() {
                refuse("is a list of messages");
            } else if recursive {
                refuse("is a message within itself");
            } else if is_free_form(&message) {
                refuse("has no form there");
            } else {
                for child in message.fields() {
                    path.push(child);
                    self.leaves(path, leaves, reasons);
                    path.pop();
                }
            }
        }
    }

    fn body(&self, reasons: &mut Reasons) -> TokenStream {
        let mask = self.mask.as_ref().map(|_| quote! { request.update_mask.as_ref() });
        let input = self.method.input();
        match &self.body {
            Body::None => quote! {
                let _ = request;
                Ok(None)
            },
            Body::Request if input.full_name() == "google.protobuf.Empty" => {
                quote! { ::transcode::write_body::<::transcode::json::Empty>("", &request) }
            }
            Body::Request => {
                let message = names::message(&self.package, &input);
                let clear: Vec<_> =
                    self.bound.iter().filter_map(|path| cleared(path, reasons)).collect();
                let clear = (!clear.is_empty() || mask.is_some()).then(|| {
                    quote! {
                        let mut request = request;
                        #(#clear)*
                    }
                });
                let bound = self.bound.iter().filter(|path| path.len() == 1);
                let mut except: Vec<_> = bound.map(|path| path[0].name().to_owned()).collect();
                let write = if mask.is_some() {
                    except.push(UPDATE_MASK.to_owned());
                    quote! {
                        let mask = request.update_mask.take();
                        ::transcode::write_masked_body::<#message>("", &request, mask.as_ref(), &[#(#except),*])
                    }
                } else {
                    quote! { ::transcode::write_body::<::transcode::json::Nested<#message>>("", &request) }
                };
                quote! { #clear #write }
            }
            Body::Field(field) => self.body_field(field, mask, reasons),
        }
    }

    fn body_field(
        &self,
        field: &FieldDescriptor,
        mask: Option<TokenStream>,
        reasons: &mut Reasons,
    ) -> TokenStream {
        let name = field.name();
        let rust_name = names::snake(name);
        let codec = self.codec(field);
        let nested = match field.kind() {
            Kind::Message(message) if !field.is_list() && !is_well_known(&message) => {
                Some(message).filter(|message| !options::is_transparent(message))
            }
            _ => None,
        };
        match (nested, mask) {
            (Some(message), Some(mask)) => {
                let message = names::message(&self.package, &message);
                quote! {
                    let mask = #mask;
                    let body = request.#rust_name.clone().unwrap_or_default();
                    ::transcode::write_masked_body::<#message>(#name, &body, mask, &[])
                }
            }
            (None, Some(_)) => {
                reasons.push(format!("has an {UPDATE_MASK}, but {name:?} is not a message"));
                TokenStream::new()
            }
            (Some(_), None) => quote! {
                ::transcode::write_body::<#codec>(#name, &request.#rust_name.unwrap_or_default())
            },
            (None, None) if field.supports_presence() && !field.is_list() => quote! {
                match &request.#rust_name {
                    Some(body) => ::transcode::write_body::<#codec>(#name, body),
                    None => Err(::transcode::missing_body(#name)),
                }
            },
            (None, None) => {
                let codec = messages::whole(field, &codec);
                quote! { ::transcode::write_body::<#codec>(#name, &request.#rust_name) }
            }
        }
    }

    fn reply(&self, reasons: &mut Reasons) -> TokenStream {
        let output = self.method.output();
        let from_links: Vec<_> = output
            .fields()
            .filter_map(|field| Some((options::next_link(&field)?, field)))
            .collect();
        let links = from_links.iter().map(|(parameter, field)| {
            let name = names::snake(field.name());
            let unwrap = (!field.supports_presence()).then(|| quote! { .unwrap_or_default() });
            quote! { message.#name = reply.next_link(#parameter)? #unwrap; }
        });
        let is_property = |field: &FieldDescriptor| options::next_link(field).is_none();
        let has_properties = output.fields().any(|field| is_property(&field));
        if self.rule.verb == "HEAD" && has_properties {
            reasons.push("expects a body in the reply, which HEAD does not have".to_owned());
        }
        let read = if !self.rule.response_body.is_empty() {
            let name = &self.rule.response_body;
            let field = match single_field(&output, name) {
                Ok(field) => field,
                Err(reason) => {
                    reasons.push(format!("has the response_body {name:?}, which {reason}"));
                    return TokenStream::new();
                }
            };
            for other in output.fields().filter(|other| is_property(other) && *other != field) {
                let other = other.name();
                reasons.push(format!("reads {name:?} from the reply, and {other:?} from nothing"));
            }
            let rust_name = names::snake(name);
            let codec = messages::whole(&field, &self.codec(&field));
            let value = if field.supports_presence() && !field.is_list() {
                quote! { Some(value.into()) }
            } else {
                quote! { value }
            };
            quote! {
                let (value, drifts) = reply.read_body::<#codec>()?;
                let mut message = Self::Reply::default();
                message.#rust_name = #value;
            }
        } else if has_properties {
            let message = names::message(&self.package, &output);
            quote! {
                let (mut message, drifts) =
                    reply.read_body::<::transcode::json::Nested<#message>>()?;
            }
        } else {
            quote! {
                let drifts = reply.ignore_body()?;
                let mut message = Self::Reply::default();
            }
        };
        quote! {
            #read
            #(#links)*
            Ok((message, drifts))
        }
    }

    fn upload_call(&self, upload: &UploadFields) -> TokenStream {
        let call = &self.call;
        let part = &upload.part;
        let variant = |field: &FieldDescriptor| {
            let oneof = messages::oneof_of(field).unwrap_or_else(|| unreachable!());
            (names::snake(oneof.name()), names::variant(&self.package, &oneof, field))
        };
        let (oneof, content) = variant(&upload.content);
        let (_, header) = variant(&upload.header);
        let file_name = self.value(&upload.file_name);
        let content_type = self.value(&upload.content_type);
        quote! {
            impl ::transcode::UploadCall for #call {
                const PART: &'static str = #part;

                fn content(message: Self::Request) -> Option<::transcode::Bytes> {
                    match message.#oneof {
                        Some(#content(content)) => Some(content),
                        _ => None,
                    }
                }

                fn is_header(message: &Self::Request) -> bool {
                    matches!(message.#oneof, Some(#header(_)))
                }

                fn file_name(request: &Self::Request) -> Option<&str> {
                    #file_name.map(String::as_str)
                }

                fn content_type(request: &Self::Request) -> Option<&str> {
                    #content_type.map(String::as_str)
                }
            }
        }
    }
}

impl UploadFields {
    fn new(input: &MessageDescriptor, upload: Upload) -> Result<Self, String> {
        if upload.part.is_empty() {
            return Err("is an upload without a name for its part".to_owned());
        }
        let content = input
            .get_field_by_name(&upload.content)
            .filter(|field| field.kind() == Kind::Bytes && !field.is_list());
        let oneof = content.as_ref().and_then(messages::oneof_of);
        let (Some(content), Some(oneof)) = (content, oneof) else {
            return Err(format!(
                "is an upload of {:?}, which is not a bytes field of a oneof",
                upload.content
            ));
        };
        let others: Vec<_> = oneof.fields().filter(|field| *field != content).collect();
        let header = match others.as_slice() {
            [field] if input.fields().len() == 2 && matches!(field.kind(), Kind::Message(_)) => field,
            _ => {
                return Err(
                    "is an upload, whose request is one oneof of a header message and the content"
                        .to_owned(),
                );
            }
        };
        let string_of_header = |option: &str, name: &str| {
            text_field(input, name)
                .ok()
                .filter(|path| path[0] == *header && path[path.len() - 1].kind() == Kind::String)
                .ok_or_else(|| format!("is an upload whose {option} is {name:?}, which is no string of its header"))
        };
        Ok(Self {
            file_name: string_of_header("file_name", &upload.file_name)?,
            content_type: string_of_header("content_type", &upload.content_type)?,
            header: header.clone(),
            part: upload.part,
            content,
        })
    }
}

fn check_rule(method: &MethodDescriptor, rule: &HttpRule, reasons: &mut Reasons) {
    if rule.additional_bindings {
        reasons.push("has additional_bindings, of which a client could use only one".to_owned());
    }
    if !VERBS.contains(&rule.verb.as_str()) {
        reasons.push(format!("has the verb {:?}, which HTTP does not define", rule.verb));
    }
    if !rule.body.is_empty() && matches!(rule.verb.as_str(), "GET" | "HEAD") {
        reasons.push(format!("has a body, which {} does not carry", rule.verb));
    }
    for message in [method.input(), method.output()] {
        let name = message.full_name();
        if options::is_transparent(&message)
            || (is_well_known(&message) && name != "google.protobuf.Empty")
        {
            reasons.push(format!("exchanges {name}, which is no message of fields"));
        }
    }
}

fn check_streaming(
    method: &MethodDescriptor,
    rule: &HttpRule,
    is_upload: bool,
    reasons: &mut Reasons,
) {
    if method.is_server_streaming() {
        reasons.push("streams its responses, which one REST reply cannot".to_owned());
    }
    if method.is_client_streaming() && !is_upload {
        let reason = "streams its requests, but no transcode.v1.upload says how they make one body";
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
    if path.iter().any(|field| messages::oneof_of(field).is_some()) {
        reasons.push(format!(
            "binds {:?} to its path, which cannot be taken out of the body, because it is in a oneof",
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

/// Resolves a dotted path to a single value that can stand in a path.
fn text_field(message: &MessageDescriptor, dotted: &str) -> Result<FieldPath, String> {
    let mut path = FieldPath::new();
    let mut within = Some(message.clone());
    for name in dotted.split('.') {
        let field = within
            .and_then(|message| message.get_field_by_name(name))
            .ok_or("is not a field of the request")?;
        if field.is_list() || field.is_map() {
            return Err("is not a single value".to_owned());
        }
        within = match field.kind() {
            Kind::Message(message) => Some(message),
            _ => None,
        };
        path.push(field);
    }
    match path.last() {
        Some(field) if is_text(field) => Ok(path),
        _ => Err("is not a scalar".to_owned()),
    }
}

/// Resolves the name of a field at the top of a message.
fn single_field(message: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, String> {
    let field = message.get_field_by_name(name).ok_or_else(|| {
        let full_name = message.full_name();
        format!("is not a field of {full_name}")
    })?;
    if messages::oneof_of(&field).is_some() {
        return Err("is a member of a oneof".to_owned());
    }
    Ok(field)
}

fn dotted(path: &[FieldDescriptor]) -> String {
    let names: Vec<_> = path.iter().map(FieldDescriptor::name).collect();
    names.join(".")
}

fn is_message(field: &FieldDescriptor, name: &str) -> bool {
    matches!(field.kind(), Kind::Message(message) if message.full_name() == name)
}

fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

/// Whether the values of a field can stand in a path or a query.
fn is_text(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(message) => is_well_known(&message) && !is_free_form(&message),
        _ => true,
    }
}

fn is_free_form(message: &MessageDescriptor) -> bool {
    options::is_transparent(message)
        || matches!(
            message.full_name(),
            "google.protobuf.Struct"
                | "google.protobuf.Value"
                | "google.protobuf.ListValue"
                | "google.protobuf.Empty"
                | "google.protobuf.Any"
        )
}

/// The template as a constant expression.
fn template_tokens(template: &Template<'_>) -> TokenStream {
    let segments = template.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => quote! { ::transcode::template::Segment::Literal(#text) },
        Segment::Variable { field, pattern } => {
            let pattern = pattern.iter().map(|part| match part {
                Pattern::Literal(text) => quote! { ::transcode::template::Pattern::Literal(#text) },
                Pattern::Any => quote! { ::transcode::template::Pattern::Any },
                Pattern::Rest => quote! { ::transcode::template::Pattern::Rest },
            });
            quote! {
                ::transcode::template::Segment::Variable {
                    field: #field,
                    pattern: ::std::borrow::Cow::Borrowed(&[#(#pattern),*]),
                }
            }
        }
    });
    let verb = match template.verb {
        Some(verb) => quote! { Some(#verb) },
        None => quote! { None },
    };
    quote! {
        ::transcode::template::Template {
            segments: ::std::borrow::Cow::Borrowed(&[#(#segments),*]),
            verb: #verb,
        }
    }
}

//! Streamed lists: `transcode.v1.streamed_list`.

use proc_macro2::{Ident, TokenStream};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use quote::quote;

use crate::fields::{FieldPath, dotted};
use crate::options::{self, HttpRule, StreamedList};

/// The request field with the number of elements to a page (AIP-158).
const PAGE_SIZE: &str = "page_size";

/// The list whose elements an rpc streams.
pub(crate) struct ListFields {
    /// The parameters of the link to the next page that name the page.
    next: Vec<String>,
    /// The query parameter that `page_size` is sent as.
    page_size: Option<String>,
}

impl ListFields {
    /// Holds a streaming rpc against the unary one whose list it streams; `None`
    /// where there is no such rpc.
    pub(crate) fn new(
        method: &MethodDescriptor,
        rule: &HttpRule,
        streamed: &StreamedList,
        reasons: &mut Vec<String>,
    ) -> Option<Self> {
        if !method.is_server_streaming() {
            reasons.push("is a streamed list, so it has to stream its responses".to_owned());
        }
        if !rule.body.is_empty() {
            reasons.push("is a streamed list, whose request has no body".to_owned());
        }
        let name = &streamed.list;
        let mut methods = method.parent_service().methods().collect::<Vec<_>>();
        methods.retain(|other| other.name() == name && other != method);
        let Some((list, of)) = methods
            .pop()
            .and_then(|list| options::http(&list).map(|rule| (list, rule)))
        else {
            reasons.push(format!(
                "streams the list {name:?}, which is no rpc of its service with a google.api.http \
                 annotation"
            ));
            return None;
        };
        if list.is_server_streaming() || list.is_client_streaming() {
            reasons.push(format!("streams the list {name:?}, which is not unary"));
        }
        if (&of.verb, &of.path) != (&rule.verb, &rule.path) {
            reasons.push(format!(
                "streams the list {name:?}, but asks for {} {} and not for {} {}",
                rule.verb, rule.path, of.verb, of.path
            ));
        }
        let elements = list
            .output()
            .get_field_by_name(&of.response_body)
            .filter(FieldDescriptor::is_list);
        match elements {
            Some(elements) => check_elements(method, rule, name, &elements, reasons),
            None => reasons.push(format!(
                "streams the list {name:?}, whose response_body is no repeated field"
            )),
        }
        let next: Vec<_> = list
            .output()
            .fields()
            .filter_map(|field| options::next_link(&field))
            .collect();
        let page_size = check_requests(method, &list, streamed, &next, reasons);
        Some(Self { next, page_size })
    }

    /// The query parameter that the field at the path is sent as, if it is not the
    /// one of its name.
    pub(crate) fn sent_as(&self, path: &FieldPath) -> Option<String> {
        let is_page_size = dotted(path) == PAGE_SIZE;
        self.page_size.clone().filter(|_| is_page_size)
    }

    /// What the call has beside an `impl RestCall`.
    pub(crate) fn call(&self, call: &Ident) -> TokenStream {
        let next = &self.next;
        quote! {
            impl ListCall for #call {
                const NEXT: &'static [&'static str] = &[#(#next),*];
            }
        }
    }
}

/// The rpc of the same service that streams the list of this one.
pub(crate) fn streamed_by(list: &MethodDescriptor) -> Option<String> {
    let service = list.parent_service();
    let streams = service.methods().find(|method| {
        options::streamed_list(method).is_some_and(|streamed| streamed.list == list.name())
    });
    streams.map(|method| method.name().to_owned())
}

/// Makes sure that the messages of the stream are the elements of the list.
fn check_elements(
    method: &MethodDescriptor,
    rule: &HttpRule,
    list: &str,
    elements: &FieldDescriptor,
    reasons: &mut Vec<String>,
) {
    let output = method.output();
    let (found, fits) = if rule.response_body.is_empty() {
        let fits = elements.kind() == Kind::Message(output.clone());
        (output.full_name().to_owned(), fits)
    } else {
        // Whoever reads the reply tells of a field that is not there.
        let Some(field) = output.get_field_by_name(&rule.response_body) else {
            return;
        };
        let fits = !field.is_list() && !field.is_map() && field.kind() == elements.kind();
        (field.full_name().to_owned(), fits)
    };
    if !fits {
        reasons.push(format!(
            "streams the list {list:?}, but {found} does not hold an element of {}",
            elements.full_name()
        ));
    }
}

/// Makes sure that both rpcs send the same, and returns what `page_size` is sent
/// as.
fn check_requests(
    method: &MethodDescriptor,
    list: &MethodDescriptor,
    streamed: &StreamedList,
    next: &[String],
    reasons: &mut Vec<String>,
) -> Option<String> {
    let (input, of) = (method.input(), list.input());
    let name = list.name();
    let limit = (!streamed.page_size.is_empty()).then_some(streamed.page_size.as_str());
    for field in of.fields().filter(|field| Some(field.name()) != limit) {
        if !has_alike(&input, &field) {
            reasons.push(format!(
                "streams the list {name:?}, but has no {:?} like {}",
                field.name(),
                of.full_name()
            ));
        }
    }
    let stands_in = |field: &FieldDescriptor| limit.is_some() && field.name() == PAGE_SIZE;
    for field in input.fields().filter(|field| !stands_in(field)) {
        if of.get_field_by_name(field.name()).is_none() || Some(field.name()) == limit {
            reasons.push(format!(
                "streams the list {name:?}, but has a {:?} that {} has not or that page_size \
                 stands for",
                field.name(),
                of.full_name()
            ));
        }
    }
    let limit = limit?;
    if next.is_empty() {
        reasons.push(format!(
            "streams the list {name:?} by pages, but {} has no field from the Link header",
            list.output().full_name()
        ));
    }
    let counts = |field: &FieldDescriptor| {
        let whole = [Kind::Int32, Kind::Int64, Kind::Uint32, Kind::Uint64];
        whole.contains(&field.kind()) && !field.is_list()
    };
    let Some(field) = of.get_field_by_name(limit).filter(counts) else {
        reasons.push(format!(
            "streams the list {name:?} with the page_size {limit:?}, which is no integer of {}",
            of.full_name()
        ));
        return None;
    };
    let page_size = input.get_field_by_name(PAGE_SIZE);
    if page_size.is_none_or(|size| size.kind() != field.kind() || size.is_list()) {
        reasons.push(format!(
            "streams the list {name:?} by pages, but has no {PAGE_SIZE:?} of the type of {}",
            field.full_name()
        ));
    }
    Some(field.json_name().to_owned())
}

/// Returns whether a message has a field that is sent as this one is.
fn has_alike(message: &MessageDescriptor, field: &FieldDescriptor) -> bool {
    message
        .get_field_by_name(field.name())
        .is_some_and(|other| {
            other.kind() == field.kind()
                && other.cardinality() == field.cardinality()
                && other.json_name() == field.json_name()
                && other.supports_presence() == field.supports_presence()
        })
}

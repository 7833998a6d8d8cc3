//! How the parts of an HTTP request lie in its message, as constant expressions.

use proc_macro2::{Literal, TokenStream};
use prost_reflect::{FieldDescriptor, MessageDescriptor};
use quote::quote;

use crate::fields::{FieldPath, dotted};
use crate::upload::UploadFields;
use crate::{layouts, names};

/// A field that becomes a query parameter of this name.
pub(crate) struct Parameter {
    pub(crate) path: FieldPath,
    pub(crate) name: String,
}

/// What the body of a request is made of.
pub(crate) enum Body {
    Nothing,
    Request,
    Field(FieldDescriptor),
}

/// The layout of a request.
pub(crate) fn layout(
    package: &str,
    message: &MessageDescriptor,
    bound: &[FieldPath],
    parameters: &[Parameter],
    body: &Body,
    mask: Option<&FieldDescriptor>,
) -> TokenStream {
    let layout = if message.full_name() == "google.protobuf.Empty" {
        quote! { MessageLayout::empty }
    } else {
        let name = names::message(package, message);
        quote! { <#name as JsonMessage>::layout }
    };
    let variables = bound.iter().map(|path| {
        let (field, way) = (dotted(path), way(path));
        quote! { VariableLayout { field: #field, way: #way } }
    });
    let parameters: Vec<_> = parameters.iter().collect();
    let parameters = parameter_tree(&parameters, 0);
    let body = match body {
        Body::Nothing => quote! { BodyLayout::Nothing },
        Body::Request => {
            let mut cleared: Vec<_> = bound.iter().map(Vec::as_slice).collect();
            cleared.extend(mask.map(std::slice::from_ref));
            let except: Vec<_> = cleared.iter().map(|path| dotted(path)).collect();
            let cleared = cleared_tree(&cleared, 0);
            let mask = mask_layout(mask, &except);
            quote! { BodyLayout::Request { cleared: #cleared, mask: #mask } }
        }
        Body::Field(field) => {
            let (index, name) = (index(field), field.name());
            let mask = mask_layout(mask, &[]);
            quote! { BodyLayout::Field { index: #index, name: #name, mask: #mask } }
        }
    };
    quote! {
        RequestLayout {
            message: #layout,
            variables: &[#(#variables),*],
            parameters: #parameters,
            body: #body,
        }
    }
}

/// The layout of the messages of an upload.
pub(crate) fn upload(fields: &UploadFields) -> TokenStream {
    let part = &fields.part;
    let (header, content) = (index(&fields.header), index(&fields.content));
    let (file_name, content_type) = (way(&fields.file_name), way(&fields.content_type));
    let content_type_field = dotted(&fields.content_type);
    quote! {
        UploadLayout {
            part: #part,
            header: #header,
            content: #content,
            file_name: #file_name,
            content_type: #content_type,
            content_type_field: #content_type_field,
        }
    }
}

fn index(field: &FieldDescriptor) -> Literal {
    Literal::usize_unsuffixed(layouts::index(field))
}

fn way(path: &[FieldDescriptor]) -> TokenStream {
    let way = path.iter().map(index);
    quote! { &[#(#way),*] }
}

fn mask_layout(mask: Option<&FieldDescriptor>, except: &[String]) -> TokenStream {
    let Some(mask) = mask else {
        return quote! { None };
    };
    let index = index(mask);
    quote! { Some(MaskLayout { index: #index, except: &[#(#except),*] }) }
}

/// The parameters by the fields that lead to them from this depth on.
fn parameter_tree(parameters: &[&Parameter], depth: usize) -> TokenStream {
    let groups = parameters.chunk_by(|one, other| one.path[depth] == other.path[depth]);
    let layouts = groups.map(|group| {
        let first = group[0];
        let index = index(&first.path[depth]);
        if first.path.len() == depth + 1 {
            let (field, name) = (dotted(&first.path), &first.name);
            quote! { ParameterLayout::Value { index: #index, field: #field, name: #name } }
        } else {
            let parameters = parameter_tree(group, depth + 1);
            quote! { ParameterLayout::Within { index: #index, parameters: #parameters } }
        }
    });
    quote! { &[#(#layouts),*] }
}

/// What is cleared by the fields that lead to it from this depth on.
fn cleared_tree(paths: &[&[FieldDescriptor]], depth: usize) -> TokenStream {
    let mut paths: Vec<_> = paths.iter().filter(|path| path.len() > depth).collect();
    paths.sort_by_key(|path| layouts::index(&path[depth]));
    let groups = paths.chunk_by(|one, other| one[depth] == other[depth]);
    let layouts = groups.map(|group| {
        let index = index(&group[0][depth]);
        let group: Vec<_> = group.iter().map(|path| **path).collect();
        let below = cleared_tree(&group, depth + 1);
        quote! { Cleared { index: #index, below: #below } }
    });
    quote! { &[#(#layouts),*] }
}

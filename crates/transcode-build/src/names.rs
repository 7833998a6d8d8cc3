//! The names that prost and tonic give to what they generate.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span, TokenStream};
use prost_reflect::{EnumDescriptor, FieldDescriptor, MessageDescriptor, OneofDescriptor};
use quote::quote;

/// A field, method or module.
pub(crate) fn snake(name: &str) -> Ident {
    ident(&name.to_snake_case())
}

/// A type or variant.
pub(crate) fn camel(name: &str) -> Ident {
    ident(&name.to_upper_camel_case())
}

fn ident(name: &str) -> Ident {
    match name {
        // Keywords that cannot be raw identifiers.
        "self" | "super" | "extern" | "crate" | "Self" | "" | "_" => {
            Ident::new(&format!("{name}_"), Span::call_site())
        }
        // A keyword since edition 2024, which syn takes for a name.
        "gen" => Ident::new_raw(name, Span::call_site()),
        _ if syn::parse_str::<Ident>(name).is_ok() => Ident::new(name, Span::call_site()),
        _ if name.starts_with(|c: char| c.is_ascii_digit()) => {
            Ident::new(&format!("_{name}"), Span::call_site())
        }
        _ => Ident::new_raw(name, Span::call_site()),
    }
}

/// A message, as seen from the generated module within the module of a package.
pub(crate) fn message(from: &str, message: &MessageDescriptor) -> TokenStream {
    if message.full_name() == "google.protobuf.Empty" {
        return quote! { () };
    }
    nested(
        from,
        message.package_name(),
        message.parent_message(),
        message.name(),
    )
}

/// An enum, as seen from the generated module within the module of a package.
pub(crate) fn enumeration(from: &str, descriptor: &EnumDescriptor) -> TokenStream {
    nested(
        from,
        descriptor.package_name(),
        descriptor.parent_message(),
        descriptor.name(),
    )
}

/// The variant of a oneof that holds the field.
pub(crate) fn variant(from: &str, oneof: &OneofDescriptor, field: &FieldDescriptor) -> TokenStream {
    let message = oneof.parent_message();
    let parent = Some(message.clone());
    let mut name = oneof.name().to_upper_camel_case();
    let types = message
        .child_messages()
        .map(|message| message.name().to_upper_camel_case());
    let enums = message
        .child_enums()
        .map(|descriptor| descriptor.name().to_upper_camel_case());
    // prost keeps the enum of a oneof apart from a nested type of its name.
    if types.chain(enums).any(|nested| nested == name) {
        name.push_str("OneOf");
    }
    let oneof = nested(from, message.package_name(), parent, &name);
    let variant = camel(field.name());
    quote! { #oneof::#variant }
}

fn nested(from: &str, package: &str, parent: Option<MessageDescriptor>, name: &str) -> TokenStream {
    let mut modules = Vec::new();
    let mut next = parent;
    while let Some(message) = next {
        modules.insert(0, snake(message.name()));
        next = message.parent_message();
    }
    let name = camel(name);
    let prefix = relative(from, package);
    quote! { #prefix #(#modules::)* #name }
}

/// The way to the module of a package from the generated module within that of
/// another.
fn relative(from: &str, to: &str) -> TokenStream {
    if from == to {
        return quote! { super:: };
    }
    let up = from
        .split('.')
        .filter(|part| !part.is_empty())
        .map(|_| quote! { super:: });
    let down = to.split('.').filter(|part| !part.is_empty()).map(|part| {
        let module = snake(part);
        quote! { #module:: }
    });
    quote! { super:: #(#up)* #(#down)* }
}

//! The services that hand their rpcs to a gateway.

use proc_macro2::{Ident, TokenStream};
use prost_reflect::{FieldDescriptor, FileDescriptor, Kind, ServiceDescriptor};
use quote::{format_ident, quote};

use crate::problem::Problem;
use crate::rpc::Rpc;
use crate::{messages, names, options};

/// Generates the code for every service of the files of one package.
pub(crate) fn generate(files: &[FileDescriptor], problems: &mut Vec<Problem>) -> TokenStream {
    check_link_fields(files, problems);
    let services: Vec<_> = files.iter().flat_map(FileDescriptor::services).collect();
    if services.is_empty() {
        return TokenStream::new();
    }
    let code = services
        .iter()
        .map(|descriptor| service(descriptor, problems));
    let code: TokenStream = code.collect();
    let names = services.iter().map(ServiceDescriptor::full_name);
    let servers = services.iter().map(rpcs_name);
    quote! {
        #code

        /// The full names of the services of this package.
        pub const SERVICES: &[&str] = &[#(#names),*];

        /// The services of this package, answered by a gateway. Compressed
        /// requests are accepted.
        pub fn routes<U: Upstream>(gateway: &Gateway<U>) -> Routes {
            Routes::default()
                #(.add_service(GatewayService::<U, #servers>::new(gateway.clone())))*
        }
    }
}

/// A field is filled from a link only where its message is the response of an
/// rpc, and nowhere else.
fn check_link_fields(files: &[FileDescriptor], problems: &mut Vec<Problem>) {
    for message in files.iter().flat_map(messages::all) {
        let pool = message.parent_pool();
        let methods = || {
            pool.services()
                .flat_map(|service| service.methods().collect::<Vec<_>>())
        };
        let answers = methods().any(|method| method.output() == message);
        let is_held = |field: FieldDescriptor| field.kind() == Kind::Message(message.clone());
        let asks = methods().any(|method| method.input() == message)
            || pool
                .all_messages()
                .any(|holder| holder.fields().any(is_held));
        if answers && !asks {
            continue;
        }
        for field in message
            .fields()
            .filter(|field| options::next_link(field).is_some())
        {
            let reason =
                "is filled from a link, but its message is more than the response of an rpc";
            problems.push(Problem::of_field(&field, reason));
        }
    }
}

/// The type that names the rpcs of a service.
fn rpcs_name(service: &ServiceDescriptor) -> Ident {
    format_ident!("{}Rpcs", names::camel(service.name()))
}

fn service(descriptor: &ServiceDescriptor, problems: &mut Vec<Problem>) -> TokenStream {
    let mut calls = TokenStream::new();
    let mut rpcs = Vec::new();
    for method in descriptor.methods() {
        let mut found = Vec::new();
        let rpc = Rpc::new(&method, &mut found);
        if let Some(rpc) = rpc.filter(|_| found.is_empty()) {
            calls.extend(rpc.call(&mut found));
            rpcs.push(rpc.entry());
        }
        let found = found.into_iter();
        problems.extend(found.map(|reason| Problem::of_rpc(&method, reason)));
    }
    let name = descriptor.full_name();
    let doc = format!(" The rpcs of `{name}`.");
    let rpcs_name = rpcs_name(descriptor);
    quote! {
        #calls

        #[doc = #doc]
        #[derive(Debug, Clone, Copy)]
        pub enum #rpcs_name {}

        impl Rpcs for #rpcs_name {
            const SERVICE: &'static str = #name;
            fn rpcs() -> &'static [Rpc] {
                static RPCS: &[Rpc] = &[#(#rpcs),*];
                RPCS
            }
        }
    }
}

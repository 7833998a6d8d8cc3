//! Generates the client from the document, the way that the manual of progenitor shows.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let document = "../../../openapi/openapi-3.0.json";
    println!("cargo:rerun-if-changed={document}");
    let mut document: openapiv3::OpenAPI = serde_json::from_str(&fs::read_to_string(document)?)?;
    // The generator knows no forms, and would stop. A client posts them by hand.
    for (_, path) in &mut document.paths.paths {
        if let openapiv3::ReferenceOr::Item(path) = path {
            path.post.take_if(|operation| has_form(operation));
        }
    }
    let mut settings = progenitor::GenerationSettings::default();
    settings.with_interface(progenitor::InterfaceStyle::Builder);
    let tokens = progenitor::Generator::new(&settings).generate_tokens(&document)?;
    let code = prettyplease::unparse(&syn::parse2(tokens)?);
    fs::write(Path::new(&env::var("OUT_DIR")?).join("client.rs"), code)?;
    Ok(())
}

fn has_form(operation: &openapiv3::Operation) -> bool {
    match &operation.request_body {
        Some(openapiv3::ReferenceOr::Item(body)) => {
            body.content.contains_key("multipart/form-data")
        }
        _ => false,
    }
}

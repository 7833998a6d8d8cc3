//! The pages with what the API is: its documents, as this version has them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use tokio::sync::OnceCell;

use crate::admin::{Answer, Page};

/// The documents by path, such as `openapi.json`.
type Documents = BTreeMap<String, Bytes>;

/// What makes the documents when somebody asks for one first.
type Make = fn() -> Vec<(String, String)>;

/// Pages that are made when the first of them is asked for, which takes a while.
#[derive(Clone)]
struct Library {
    make: Make,
    made: Arc<OnceCell<Documents>>,
}

impl Library {
    async fn documents(&self) -> &Documents {
        let make = self.make;
        let documents = || async move {
            let texts = tokio::task::spawn_blocking(make).await.unwrap_or_default();
            let texts = texts.into_iter();
            texts.map(|(path, text)| (path, text.into())).collect()
        };
        self.made.get_or_init(documents).await
    }

    async fn answer(&self, path: &str) -> Answer {
        let Some(document) = self.documents().await.get(path).cloned() else {
            return Answer::failed(StatusCode::NOT_FOUND, "there is no such document\n");
        };
        let content_type = match path.rsplit_once('.') {
            Some((_, "yaml")) => "application/yaml",
            _ => "application/json",
        };
        Answer::ok(content_type, document)
    }

    /// The names of the documents below a path, a line each.
    async fn list(&self, below: &str) -> Answer {
        let mut names = String::new();
        for path in self.documents().await.keys() {
            if let Some(name) = path.strip_prefix(below) {
                // Writing to a string cannot fail.
                let _ = writeln!(names, "{name}");
            }
        }
        Answer::text(names)
    }
}

/// The pages `/openapi.json`, `/openapi.yaml`, `/schemas/` and `/descriptors`. `make`
/// returns the documents by their paths, as in `schemas/User.json`.
pub fn pages(make: Make, descriptors: &'static [u8]) -> Vec<Page> {
    let library = Library {
        make,
        made: Arc::default(),
    };
    let of = |path: &'static str, about| {
        let library = library.clone();
        Page::new(path, about, move |_| {
            let library = library.clone();
            async move { library.answer(path.trim_start_matches('/')).await }
        })
    };
    let json = of("/openapi.json", "the OpenAPI document");
    let yaml = of("/openapi.yaml", "the same as YAML");
    let about = "the JSON Schemas of all bodies, such as /schemas/User.json";
    let schemas = Page::new("/schemas/", about, move |asked| {
        let library = library.clone();
        async move {
            if asked.rest.is_empty() {
                return library.list("schemas/").await;
            }
            library.answer(&format!("schemas/{}", asked.rest)).await
        }
    });
    let about = "the descriptors of the gRPC services: an encoded FileDescriptorSet";
    let descriptors = Page::new("/descriptors", about, move |_| async move {
        Answer::ok("application/x-protobuf", Bytes::from_static(descriptors))
    });
    vec![json, yaml, schemas, descriptors]
}

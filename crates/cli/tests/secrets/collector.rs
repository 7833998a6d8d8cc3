//! A collector of traces, and what it is sent.

use std::process::Command;
use std::sync::{Arc, Mutex};

use super::rest::{response, server};

/// What a collector has been sent, but for the fields that are its own.
pub(crate) struct Collector(Arc<Mutex<String>>);

impl Collector {
    /// Has the program send spans to a new collector, which it shows a secret.
    pub(crate) fn of(command: &mut Command) -> Self {
        let arrived = Arc::<Mutex<String>>::default();
        let told = Arc::clone(&arrived);
        let address = server(move |request| {
            assert!(
                request.rest.contains("canary0tracetoken"),
                "the collector is not shown its token: {}",
                request.rest
            );
            // A message of OTLP begins with the key of its first field, which is a line
            // feed; fields of HTTP do not.
            let body = request.rest.split_once("\r\n\n");
            let mut told = told.lock().unwrap();
            told.push_str(&request.line);
            told.push_str(body.expect("there is a body").1);
            response("200 OK", "")
        });
        command
            .args(["--trace-endpoint", &format!("http://{address}")])
            .env(
                "WEB1ON1_TRACE_HEADERS",
                "authorization: Bearer canary0tracetoken",
            );
        Self(arrived)
    }

    /// What has come, with line breaks in place of what is no text. All of it is there once
    /// the program has ended.
    pub(crate) fn seen(&self) -> String {
        let text = self.0.lock().unwrap();
        text.replace(char::is_control, "\n")
    }
}

//! Running the program.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use crate::command::program;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "correct horse battery";

/// A backend that serves. It is killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    caller: Caller,
}

/// Who calls a backend. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Caller {
    address: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Server {
    /// Starts a backend on what is kept in a directory, and perhaps in the
    /// database at a URL.
    pub(crate) fn start(data: &Path, database: Option<&str>) -> Self {
        let mut command = program();
        command
            .args(["backend", "--http", "127.0.0.1:0"])
            .args(["--owner-email", EMAIL, "--owner-password", PASSWORD])
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped());
        if let Some(url) = database {
            command.args(["--database", url]);
        }
        let mut process = command.spawn().expect("the program was built");
        let stdout = process.stdout.take().expect("it is piped");
        let first = BufReader::new(stdout).lines().next();
        let first = first.and_then(Result::ok).unwrap_or_default();
        let address = first.strip_prefix("http ").unwrap_or_else(|| {
            panic!("the backend did not start; what it says is above: {first:?}")
        });
        let caller = Caller {
            address: address.to_owned(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        };
        Self { process, caller }
    }

    /// Who calls this backend.
    pub(crate) fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// Ends the backend without a chance to tidy up.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it has ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Caller {
    /// Sends a request, and returns what it is answered with. `None` if the
    /// backend does not answer.
    pub(crate) async fn send(
        &self,
        line: &str,
        token: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Option<(StatusCode, Bytes)> {
        let (method, path) = line.split_once(' ').expect("a line is `METHOD /path`");
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::from(body.into()))
            .expect("is a request");
        let response = self.client.request(request).await.ok()?;
        let status = response.status();
        let body = response.into_body().collect().await.ok()?;
        Some((status, body.to_bytes()))
    }

    /// Sends a JSON body, if it is not null.
    pub(crate) async fn call(
        &self,
        line: &str,
        token: &str,
        body: Value,
    ) -> Option<(StatusCode, Value)> {
        let bytes = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let (status, body) = self.send(line, token, "application/json", bytes).await?;
        Some((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// Logs the owner in.
    pub(crate) async fn log_in(&self) -> String {
        let credentials = json!({"email": EMAIL, "password": PASSWORD});
        let reply = self.call("POST /v2/auth/token", "", credentials).await;
        let (_, token) = reply.expect("the backend answers");
        let token = token["token"].as_str();
        token.expect("the owner may log in").to_owned()
    }

    /// Creates a form, and returns its ID. `None` if that was not acknowledged.
    pub(crate) async fn create_form(&self, token: &str, name: &str) -> Option<String> {
        let (status, form) = self
            .call("POST /v2/forms", token, json!({"name": name}))
            .await?;
        assert_eq!(status, StatusCode::CREATED, "{form}");
        form["id"].as_str().map(str::to_owned)
    }
}

/// Runs `web1on1 backend` with these arguments on a directory until it ends.
pub(crate) async fn run(arguments: &[&str], file: &Path, data: &Path) -> Output {
    let mut command = program();
    command.arg("backend").args(arguments).arg(file);
    command.arg("--data").arg(data);
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    let ended = ended.expect("the thread ends");
    ended.expect("the program was built")
}

//! Tells how much memory an uploaded picture takes at its peak. Linux only.
//!
//!     cargo run -p web1on1-tests --example pictures -- IMAGE
//!
//! A backend in this process gets the image as the picture of its owner. The image
//! has to be accepted, so it has 10 MiB and 25 megapixels at most. A peak is that of
//! the process, so there is one image.

use std::error::Error;

use axum::body::Body;
use backend::{Backend, Config};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

type Failure = Box<dyn Error + Send + Sync>;

const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "correct horse battery";

/// Sends a request, and returns the reply if it is one of success.
async fn send(backend: &Backend, request: Request<Body>) -> Result<Value, Failure> {
    let reply = backend.router().oneshot(request).await?;
    let status = reply.status();
    let body = reply.into_body().collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(serde_json::from_slice(&body)?)
}

/// The most memory that this process has had so far, in MiB.
fn peak() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.ok_or("the system does not tell")?.parse::<u64>()? >> 10)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let file = std::env::args().nth(1).ok_or("an image is missing")?;
    let data = tempfile::tempdir()?;
    let url = format!("sqlite://{}?mode=rwc", data.path().join("db").display());
    let mut config = Config::new(url, data.path(), "http://127.0.0.1");
    config.owner_email = Some(EMAIL.to_owned());
    config.owner_password = Some(PASSWORD.to_owned());
    let backend = Backend::open(config).await?;
    let login = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let login = Request::post("/v2/auth/token")
        .header(CONTENT_TYPE, "application/json")
        .body(login.into())?;
    let token = send(&backend, login).await?;
    let token = token["token"].as_str().ok_or("there is no token")?;

    let mut body = b"--cut\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\n".to_vec();
    body.extend(std::fs::read(&file)?);
    body.extend(b"\r\n--cut--\r\n");
    let upload = Request::post("/v2/users/me/avatar")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "multipart/form-data; boundary=cut")
        .body(body.into())?;
    let before = peak()?;
    send(&backend, upload).await?;
    println!("{file}: {} MiB, and {before} MiB before", peak()?);
    Ok(())
}

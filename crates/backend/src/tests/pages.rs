//! Pages that are served beside the API.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::{HeaderMap, Request, StatusCode, header};
use axum::Router;
use axum::body::{Body, to_bytes};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tower::ServiceExt as _;

use super::Api;
use crate::{Page, Pages};

const TEXT: &str = "<h1>Hello</h1>";

fn page(path: &str) -> Page {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(TEXT.as_bytes()).expect("memory has room");
    Page {
        path: path.to_owned(),
        media_type: "text/html; charset=utf-8".to_owned(),
        policy: Some("default-src 'self'".to_owned()),
        gzip: gzip.finish().expect("memory has room").into(),
    }
}

/// A backend with pages, and how often they were made.
async fn served() -> (Router, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let pages = Pages::new(["/docs", "/openapi.json"], move || {
        count.fetch_add(1, Ordering::Relaxed);
        let paths = [
            "/docs/index.html",
            "/docs/a/index.html",
            "/docs/404.html",
            "/openapi.json",
        ];
        Ok::<_, String>(paths.map(page).into())
    });
    let api = Api::start_with(|config| config.pages = Some(pages)).await;
    (api.backend.router(), made)
}

async fn ask(
    router: &Router,
    line: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let (method, path) = line.split_once(' ').expect("method and path");
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("is a request");
    let response = router.clone().oneshot(request).await.expect("never fails");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("memory has room");
    (parts.status, parts.headers, body.into())
}

#[tokio::test]
async fn a_page_needs_no_token() {
    let (router, _) = served().await;
    for path in ["/docs/index.html", "/docs/", "/docs/a/", "/openapi.json"] {
        let (status, headers, body) = ask(&router, &format!("GET {path}"), &[]).await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(body, TEXT.as_bytes(), "{path}");
        assert_eq!(
            headers[header::CONTENT_SECURITY_POLICY],
            "default-src 'self'"
        );
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn people_are_shown_a_page_where_there_is_none() {
    let (router, _) = served().await;
    let browser = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    for path in ["/docs/b.html", "/docs/a/b/c/", "/docs/404.html/x"] {
        let (status, headers, body) = ask(&router, &format!("GET {path}"), &browser).await;
        assert_eq!(
            (status.as_u16(), body.as_slice()),
            (404, TEXT.as_bytes()),
            "{path}"
        );
        // It is no copy of what may be there one day.
        let tag = headers[header::ETAG].to_str().expect("ASCII").to_owned();
        let known = [browser[0], ("if-none-match", tag.as_str())];
        let (status, ..) = ask(&router, &format!("GET {path}"), &known).await;
        assert_eq!(status, 404, "{path}");
    }
    for (line, headers) in [
        ("GET /docs/b.html", &[("accept", "*/*")][..]),
        ("GET /docs/b.html", &[][..]),
        ("POST /docs/b.html", &browser[..]),
        ("GET /openapi.json/x", &browser[..]),
    ] {
        let (status, headers, _) = ask(&router, line, headers).await;
        assert_eq!(status, 404, "{line}");
        assert_eq!(headers[header::CONTENT_TYPE], "application/json", "{line}");
    }
}

#[tokio::test]
async fn a_page_is_compressed_for_who_takes_that() {
    let (router, _) = served().await;
    for (taken, is_compressed) in [
        ("gzip", true),
        ("br, GZIP;q=0.5", true),
        ("gzip;q=0", false),
        ("br", false),
    ] {
        let asked = [("accept-encoding", taken)];
        let (_, headers, body) = ask(&router, "GET /docs/", &asked).await;
        let coding = headers.get(header::CONTENT_ENCODING);
        assert_eq!(coding.is_some(), is_compressed, "{taken}");
        let mut plain = Vec::new();
        if is_compressed {
            let mut decoder = GzDecoder::new(body.as_slice());
            decoder.read_to_end(&mut plain).expect("is gzip");
        } else {
            plain = body;
        }
        assert_eq!(plain, TEXT.as_bytes(), "{taken}");
    }
}

#[tokio::test]
async fn a_page_that_is_known_is_not_sent_again() {
    let (router, _) = served().await;
    let (_, headers, _) = ask(&router, "GET /docs/", &[]).await;
    let tag = headers[header::ETAG].to_str().expect("is text").to_owned();
    let several = format!("\"other\", {tag}");
    for known in [tag.as_str(), &several, "*"] {
        let (status, _, body) = ask(&router, "GET /docs/", &[("if-none-match", known)]).await;
        assert_eq!((status.as_u16(), body.len()), (304, 0), "{known}");
    }
    let (status, ..) = ask(&router, "GET /docs/", &[("if-none-match", "W/\"other\"")]).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_directory_leads_to_its_page() {
    let (router, _) = served().await;
    for (path, location) in [("/docs", "docs/"), ("/docs/a", "a/")] {
        let (status, headers, _) = ask(&router, &format!("GET {path}"), &[]).await;
        assert_eq!(status, 308, "{path}");
        assert_eq!(headers[header::LOCATION], location);
    }
}

#[tokio::test]
async fn pages_are_only_read() {
    let (router, _) = served().await;
    let (status, headers, _) = ask(&router, "POST /docs/", &[]).await;
    assert_eq!(status, 405);
    assert_eq!(headers[header::ALLOW], "GET, HEAD");
}

#[tokio::test]
async fn pages_are_made_once_and_not_for_other_paths() {
    let (router, made) = served().await;
    for (path, expected) in [("/docsx", 0), ("/other", 0), ("/docs/x", 1), ("/docs/y", 1)] {
        let (status, ..) = ask(&router, &format!("GET {path}"), &[]).await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(made.load(Ordering::Relaxed), expected, "{path}");
    }
}

#[tokio::test]
async fn without_pages_there_are_none() {
    let api = Api::start().await;
    let (status, ..) = ask(&api.backend.router(), "GET /docs/", &[]).await;
    assert_eq!(status, 404);
}

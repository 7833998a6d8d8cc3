//! The pages of the admin address, and which of them a request is for.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};

/// How large what is put may be, in bytes.
const MAX_BODY: usize = 16 << 10;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// A page, or all pages below a path.
pub struct Page {
    path: &'static str,
    about: &'static str,
    takes_put: bool,
    answer: Box<dyn Fn(Asked) -> Answering + Send + Sync>,
}

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// What is asked of a page.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// What follows the path of the page, where that ends with a slash.
    pub rest: String,
    /// Whether a browser asks, which shows HTML.
    pub wants_html: bool,
    /// What is put; `None` where the page is only read.
    pub put: Option<Bytes>,
}

/// What a page answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
}

impl Answer {
    /// The answer 200 with content of this type.
    pub fn ok(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            body: body.into(),
        }
    }

    /// The answer 200 with text.
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self::ok(TEXT, text)
    }

    /// The answer 200 with HTML.
    pub fn html(text: impl Into<Bytes>) -> Self {
        Self::ok(HTML, text)
    }

    /// The answer 200 with JSON.
    pub fn json(text: impl Into<Bytes>) -> Self {
        Self::ok(JSON, text)
    }

    /// An answer that says what is wrong.
    pub fn failed(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self {
            status,
            ..Self::text(text)
        }
    }
}

impl Page {
    /// A page that is read. One whose path ends with a slash stands for all below
    /// it. `about` says in the index what it is.
    pub fn new<F>(
        path: &'static str,
        about: &'static str,
        answer: impl Fn(Asked) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self {
            path,
            about,
            takes_put: false,
            answer: Box::new(move |asked| Box::pin(answer(asked))),
        }
    }

    /// The same page, which can be put too.
    #[must_use]
    pub fn taking_put(self) -> Self {
        Self {
            takes_put: true,
            ..self
        }
    }

    /// What follows the path of this page in `path`, if it is for this page.
    fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.path)?;
        (rest.is_empty() || self.path.ends_with('/')).then_some(rest)
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page({})", self.path)
    }
}

/// All pages, and the index of them at `/`.
#[derive(Debug)]
pub struct Pages {
    title: &'static str,
    pages: Vec<Page>,
}

impl Pages {
    /// These pages and an index with this title.
    pub fn new(title: &'static str, pages: impl IntoIterator<Item = Page>) -> Self {
        Self {
            title,
            pages: pages.into_iter().collect(),
        }
    }

    /// Answers a request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let wants_html = head
            .headers
            .get(http::header::ACCEPT)
            .is_some_and(|accepted| {
                let accepted = String::from_utf8_lossy(accepted.as_bytes());
                accepted.contains("text/html")
            });
        let found = self
            .pages
            .iter()
            .find_map(|page| Some((page, page.rest(path)?)));
        let (answer, takes_put) = match found {
            None if path == "/" && is_read(&head.method) => (self.index(wants_html), false),
            None if path == "/" => (not_allowed(), false),
            None => {
                let text = "there is no such page; / lists those that there are\n";
                (Answer::failed(StatusCode::NOT_FOUND, text), false)
            }
            Some((page, rest)) => {
                let asked = Asked {
                    rest: rest.to_owned(),
                    wants_html,
                    put: None,
                };
                let answer = match head.method {
                    _ if is_read(&head.method) => (page.answer)(asked).await,
                    Method::PUT if page.takes_put => match whole(body).await {
                        Ok(put) => {
                            let put = Some(put);
                            (page.answer)(Asked { put, ..asked }).await
                        }
                        Err(answer) => answer,
                    },
                    _ => not_allowed(),
                };
                (answer, page.takes_put)
            }
        };
        let is_refused = answer.status == StatusCode::METHOD_NOT_ALLOWED;
        let mut response = Response::new(Full::new(answer.body));
        *response.status_mut() = answer.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if is_refused {
            let allowed = if takes_put {
                "GET, HEAD, PUT"
            } else {
                "GET, HEAD"
            };
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }

    fn index(&self, wants_html: bool) -> Answer {
        let mut text = String::new();
        let title = self.title;
        // Writing to a string cannot fail.
        if !wants_html {
            for Page { path, about, .. } in &self.pages {
                let _ = writeln!(text, "{path:<16}{about}");
            }
            return Answer::text(text);
        }
        let _ = write!(
            text,
            "<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><dl>"
        );
        for Page { path, about, .. } in &self.pages {
            let _ = write!(text, "<dt><a href=\"{path}\">{path}</a><dd>{about}");
        }
        text.push_str("</dl>");
        Answer::html(text)
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn not_allowed() -> Answer {
    let text = "this page does not take the method\n";
    Answer::failed(StatusCode::METHOD_NOT_ALLOWED, text)
}

/// All of a body, or what is wrong with it.
async fn whole<B>(body: B) -> Result<Bytes, Answer>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let collected = Limited::new(body, MAX_BODY).collect().await;
    let text = format!("the body cannot be read, or has more than {MAX_BODY} bytes\n");
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|_| Answer::failed(StatusCode::BAD_REQUEST, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages() -> Pages {
        let echo = |asked: Asked| async move {
            let text = asked.put.unwrap_or_else(|| asked.rest.into());
            Answer::text(text)
        };
        Pages::new(
            "pages",
            [
                Page::new("/one", "is one", echo),
                Page::new("/below/", "has more", echo),
                Page::new("/put", "is put", echo).taking_put(),
            ],
        )
    }

    async fn ask(method: Method, path: &str, body: &'static str) -> Response<Full<Bytes>> {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Full::new(Bytes::from_static(body.as_bytes())));
        pages().answer(request.expect("it is a request")).await
    }

    async fn check(method: Method, path: &str, body: &'static str, expected: (u16, &str)) {
        let response = ask(method.clone(), path, body).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("it is whole");
        let text = String::from_utf8(body.to_bytes().to_vec()).expect("UTF-8");
        assert_eq!((status, &*text), expected, "{method} {path}");
    }

    #[tokio::test]
    async fn a_page_is_found_by_its_path() {
        check(Method::GET, "/one", "", (200, "")).await;
        check(Method::GET, "/below/", "", (200, "")).await;
        check(Method::GET, "/below/a/b", "", (200, "a/b")).await;
        let nothing = "there is no such page; / lists those that there are\n";
        check(Method::GET, "/one/", "", (404, nothing)).await;
        check(Method::GET, "/below", "", (404, nothing)).await;
        check(Method::GET, "/onetwo", "", (404, nothing)).await;
    }

    #[tokio::test]
    async fn only_pages_that_can_be_put_are() {
        check(Method::PUT, "/put", "body", (200, "body")).await;
        let refused = "this page does not take the method\n";
        for (method, path, allowed) in [
            (Method::PUT, "/one", "GET, HEAD"),
            (Method::DELETE, "/put", "GET, HEAD, PUT"),
            (Method::POST, "/", "GET, HEAD"),
        ] {
            check(method.clone(), path, "", (405, refused)).await;
            let response = ask(method, path, "").await;
            assert_eq!(response.headers()[ALLOW], allowed, "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_put_is_bounded() {
        let large = "x".repeat(MAX_BODY + 1).leak();
        let response = ask(Method::PUT, "/put", large).await;
        assert_eq!(response.status(), 400);
    }

    #[tokio::test]
    async fn the_index_lists_all_pages() {
        let list = "/one            is one\n/below/         has more\n/put            is put\n";
        check(Method::GET, "/", "", (200, list)).await;
    }
}

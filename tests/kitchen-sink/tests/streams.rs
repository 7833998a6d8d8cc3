//! Streamed lists: what becomes of a list whose elements are handed on while it
//! arrives.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use kitchen_sink::kitchen::{
    Book, KitchenServiceListBooks, KitchenServiceStreamBooks, KitchenServiceStreamTexts,
    ListBooksRequest, StreamBooksRequest, StreamTextsResponse,
};
use tokio_stream::StreamExt as _;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use transcode::{
    BoxError, CallContext, CallRecord, Config, Gateway, ListCall, ListStream, RequestBody, Upstream,
};

use crate::stub::{config, noted_in, reason, run};

/// What the body of a page does next.
#[derive(Debug, Clone)]
enum Step {
    Data(Bytes),
    /// It breaks off.
    Break,
    /// It says nothing any more.
    Stall,
}

/// A page of the upstream.
#[derive(Debug, Clone, Default)]
struct Page {
    link: Option<&'static str>,
    steps: VecDeque<Step>,
}

impl Page {
    fn of(text: impl Into<Bytes>) -> Self {
        Self {
            link: None,
            steps: [Step::Data(text.into())].into(),
        }
    }

    /// The same text in frames of so many bytes.
    fn cut(text: &str, piece: usize) -> Self {
        let frames = text.as_bytes().chunks(piece);
        Self {
            link: None,
            steps: frames.map(Bytes::copy_from_slice).map(Step::Data).collect(),
        }
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }

    fn linking(self, link: &'static str) -> Self {
        Self {
            link: Some(link),
            ..self
        }
    }
}

/// What an upstream has seen.
#[derive(Debug, Clone, Default)]
struct Seen {
    lines: Arc<Mutex<Vec<String>>>,
    /// How many frames were taken.
    frames: Arc<AtomicUsize>,
    /// How many bodies are open.
    open: Arc<AtomicUsize>,
}

impl Seen {
    fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }
}

/// A body that takes its steps as it is asked to.
struct Steps {
    left: VecDeque<Step>,
    seen: Seen,
}

impl http_body::Body for Steps {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.left.pop_front() {
            Some(Step::Data(data)) => {
                self.seen.frames.fetch_add(1, Ordering::Relaxed);
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Step::Break) => Poll::Ready(Some(Err("connection reset".into()))),
            Some(Step::Stall) => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.seen.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A gateway in front of an upstream with these pages, one for each request.
fn gateway(pages: Vec<Page>, config: Config) -> (Gateway<impl Upstream>, Seen) {
    let seen = Seen::default();
    let (to_see, pages) = (seen.clone(), Arc::new(Mutex::new(VecDeque::from(pages))));
    let upstream = tower::service_fn(move |request: Request<RequestBody>| {
        let line = format!("{} {}", request.method(), request.uri());
        let mut lines = to_see.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
        let page = pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        to_see.open.fetch_add(1, Ordering::Relaxed);
        let seen = to_see.clone();
        async move {
            let page = page.ok_or("there is no such page")?;
            let mut response = Response::builder();
            if let Some(link) = page.link {
                response = response.header("link", link);
            }
            let left = page.steps;
            Ok::<_, BoxError>(response.body(Steps { left, seen })?)
        }
    });
    (Gateway::new(upstream, config), seen)
}

async fn all<T>(mut stream: ListStream<T>) -> (Vec<T>, Option<Status>) {
    let mut found = Vec::new();
    while let Some(message) = stream.next().await {
        match message {
            Ok(message) => found.push(message),
            Err(status) => {
                assert!(stream.next().await.is_none(), "an error is the end");
                return (found, Some(status));
            }
        }
    }
    (found, None)
}

/// All messages of a call, and the error that they end with.
fn streamed<C: ListCall>(
    request: C::Request,
    pages: Vec<Page>,
    config: Config,
) -> (Vec<C::Reply>, Option<Status>) {
    let (gateway, _) = gateway(pages, config);
    run(async {
        match gateway.stream::<C>(tonic::Request::new(request)).await {
            Ok(response) => all(response.into_inner()).await,
            Err(status) => (Vec::new(), Some(status)),
        }
    })
}

fn books(page: Page) -> (Vec<Book>, Option<Status>) {
    streamed::<KitchenServiceStreamBooks>(StreamBooksRequest::default(), vec![page], config())
}

fn titles(books: &[Book]) -> Vec<&str> {
    books
        .iter()
        .filter_map(|book| book.title.as_deref())
        .collect()
}

/// The stream of the page has these titles and then fails so.
#[track_caller]
fn fails(page: Page, expected: &[&str], code: Code, message: &str) -> Status {
    let (found, status) = books(page);
    let status = status.expect("the stream fails");
    assert_eq!((status.code(), status.message()), (code, message));
    assert_eq!(titles(&found), expected);
    status
}

/// The stream of the text has these titles and then does not fit.
#[track_caller]
fn does_not_fit(text: &str, expected: &[&str], reason: &str) {
    let message = format!("the upstream's reply does not fit: {reason}");
    for piece in [1, 5, text.len().max(1)] {
        let page = Page::cut(text, piece);
        let status = fails(page, expected, Code::Internal, &message);
        assert_eq!(crate::stub::reason(&status), "UPSTREAM_CONTRACT_VIOLATION");
    }
}

#[test]
fn the_elements_are_those_of_the_list_wherever_it_is_cut() {
    let text = r#"[{"title":"a","tags":["]","\"}"],"sequel":{"title":"é𝄞"}},
                   {"pageCount":2,"meta":{"x":[{}, "\\"]}} ,{}]"#;
    let (gateway, _) = gateway(vec![Page::of(text)], config());
    let request = tonic::Request::new(ListBooksRequest::default());
    let listed = run(gateway.call::<KitchenServiceListBooks>(request));
    let listed = listed.expect("the list").into_inner().books;
    assert_eq!(listed.len(), 3);
    for piece in 1..=text.len() {
        let (found, status) = books(Page::cut(text, piece));
        assert!(status.is_none(), "in pieces of {piece}: {status:?}");
        assert_eq!(found, listed, "in pieces of {piece}");
    }
}

#[test]
fn an_empty_list_is_a_stream_without_messages() {
    let (found, status) = books(Page::of("[]"));
    assert!(found.is_empty() && status.is_none(), "{found:?} {status:?}");
}

#[test]
fn an_element_can_be_a_field_of_its_message() {
    let page = Page::of(r#"["a",null,"b"]"#);
    let (found, status) = streamed::<KitchenServiceStreamTexts>((), vec![page], config());
    assert!(status.is_none(), "{status:?}");
    let text = |message: &StreamTextsResponse| message.text.clone().and_then(|text| text.text);
    let texts: Vec<_> = found.iter().map(text).collect();
    assert_eq!(texts, [Some("a".to_owned()), None, Some("b".to_owned())]);
}

#[test]
fn an_error_is_the_answer_before_the_first_element() {
    let upstream = tower::service_fn(|_: Request<RequestBody>| async {
        let body = http_body_util::Full::new(Bytes::from_static(b"{}"));
        Ok::<_, BoxError>(Response::builder().status(404).body(body)?)
    });
    let gateway = Gateway::new(upstream, config());
    let request = tonic::Request::new(StreamBooksRequest::default());
    let answer = run(gateway.stream::<KitchenServiceStreamBooks>(request));
    let status = answer.map(drop).expect_err("there are no books");
    assert_eq!(status.code(), Code::NotFound);
}

#[test]
fn an_upstream_that_breaks_off_ends_the_stream_behind_what_was_whole() {
    let page = Page::of(r#"[{"title":"a"},{"title":"b"},{"ti"#).then(Step::Break);
    let message = "the upstream's reply broke off";
    let status = fails(page, &["a", "b"], Code::Unavailable, message);
    assert_eq!(reason(&status), "UPSTREAM_REPLY_BROKEN");
}

#[test]
fn a_body_that_is_no_list_does_not_fit() {
    does_not_fit("{}", &[], "$: expected a list, found an object");
    does_not_fit("", &[], "$: expected a value, found an empty body");
    let reason = "$: expected value at line 1 column 1";
    does_not_fit("<html>", &[], reason);
}

#[test]
fn a_list_that_is_not_whole_does_not_fit() {
    let reason = "$[1]: EOF while parsing a list at line 1 column 14";
    does_not_fit(r#"[{"title":"a"}"#, &["a"], reason);
    let reason = "$[1]: EOF while parsing an object at line 1 column 16";
    does_not_fit(r#"[{"title":"a"},{"#, &["a"], reason);
}

#[test]
fn what_follows_the_list_does_not_fit() {
    let reason = "$: trailing characters at line 1 column 17";
    does_not_fit(r#"[{"title":"a"}] []"#, &["a"], reason);
}

#[test]
fn an_element_that_does_not_fit_ends_the_stream_with_its_path() {
    let reason = "$[1].pageCount: expected a 32-bit integer, found a boolean";
    does_not_fit(r#"[{"title":"a"},{"pageCount":true},{}]"#, &["a"], reason);
    let reason = "$[1]: expected an object, found null";
    does_not_fit(r#"[{"title":"a"},null]"#, &["a"], reason);
}

#[test]
fn an_element_has_a_limit() {
    let config = Config {
        max_element: 10,
        ..config()
    };
    let text = r#"[{"title":"a"},{"title":"b"},{"title":"much too long"}]"#;
    for piece in [1, 1000] {
        let pages = vec![Page::cut(text, piece)];
        let request = StreamBooksRequest::default();
        let (found, status) = streamed::<KitchenServiceStreamBooks>(request, pages, config.clone());
        let status = status.expect("the third book is too large");
        assert_eq!(titles(&found), ["a", "b"]);
        assert_eq!(
            (status.code(), status.message()),
            (
                Code::ResourceExhausted,
                "the element $[2] of the upstream's list is larger than 10 bytes, the `Config::max_element` \
                 of the gateway"
            )
        );
    }
}

#[test]
fn an_element_that_arrives_takes_room_like_a_reply() {
    let config = Config {
        max_held: 15,
        ..config()
    };
    let whole = r#"{"title":"b"}"#;
    let text = format!("[{}]", [whole; 100].join(","));
    let request = StreamBooksRequest::default();
    let pages = vec![Page::cut(&text, 3)];
    let (found, status) = streamed::<KitchenServiceStreamBooks>(request, pages, config.clone());
    assert!(status.is_none(), "{status:?}");
    assert_eq!(found.len(), 100);
    let pages = vec![Page::cut(r#"[{"title":"longer than the room"}]"#, 3)];
    let (_, status) = streamed::<KitchenServiceStreamBooks>(request, pages, config);
    let status = status.expect("there is no room");
    assert_eq!(
        (status.code(), reason(&status)),
        (Code::ResourceExhausted, "OVERLOADED".to_owned())
    );
}

#[test]
fn a_reply_that_is_too_large_names_the_rpc_that_streams_it() {
    let config = Config {
        max_reply: 10,
        ..config()
    };
    let (gateway, _) = gateway(vec![Page::of(r#"[{"title":"a"}]"#)], config);
    let request = tonic::Request::new(ListBooksRequest::default());
    let answer = run(gateway.call::<KitchenServiceListBooks>(request));
    let status = answer.expect_err("the reply is too large");
    assert_eq!(
        status.message(),
        "the upstream's reply is larger than 10 bytes, the `Config::max_reply` of the gateway; use \
         StreamBooks, which reads the list element by element"
    );
}

/// The requests of a stream of these pages, and what becomes of it.
fn walked(page_size: Option<i32>, pages: Vec<Page>) -> (Vec<String>, Vec<Book>, Option<Status>) {
    let (gateway, seen) = gateway(pages, config());
    let request = tonic::Request::new(StreamBooksRequest { page_size });
    let (found, status) = run(async {
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        all(stream.expect("the first page").into_inner()).await
    });
    assert_eq!(seen.open.load(Ordering::Relaxed), 0, "every page is let go");
    (seen.lines(), found, status)
}

const SECOND: &str = "</v1/books?offset=2&cursor=x%26y>; rel=next";

#[test]
fn pages_follow_each_other() {
    let pages = vec![
        Page::of(r#"[{"title":"a"},{"title":"b"}]"#).linking(SECOND),
        Page::of("[]").linking("<https://elsewhere.example/?offset=4&cursor=z>; rel=next"),
        Page::of(r#"[{"title":"c"}]"#),
    ];
    let (lines, found, status) = walked(Some(2), pages);
    assert!(status.is_none(), "{status:?}");
    assert_eq!(titles(&found), ["a", "b", "c"]);
    assert_eq!(
        lines,
        [
            "GET /v1/books?limit=2",
            "GET /v1/books?offset=2&cursor=x%26y&limit=2",
            "GET /v1/books?offset=4&cursor=z&limit=2",
        ]
    );
}

#[test]
fn an_upstream_that_limits_its_pages_by_itself_is_read_whole() {
    let pages = vec![
        Page::of(r#"[{"title":"a"}]"#).linking(SECOND),
        Page::of(r#"[{"title":"b"}]"#),
    ];
    let (lines, found, status) = walked(None, pages);
    assert!(status.is_none(), "{status:?}");
    assert_eq!(titles(&found), ["a", "b"]);
    assert_eq!(
        lines,
        ["GET /v1/books", "GET /v1/books?offset=2&cursor=x%26y"]
    );
}

#[test]
fn a_page_is_asked_for_when_the_one_before_is_read() {
    let pages = vec![
        Page::of(r#"[{"title":"a"},{"title":"b"}]"#).linking(SECOND),
        Page::of("[]"),
    ];
    let (gateway, seen) = gateway(pages, config());
    run(async {
        let request = tonic::Request::new(StreamBooksRequest { page_size: Some(2) });
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        let mut stream = stream.expect("the first page").into_inner();
        assert!(matches!(stream.next().await, Some(Ok(_))));
        assert!(matches!(stream.next().await, Some(Ok(_))));
        assert_eq!(seen.lines().len(), 1);
        assert!(stream.next().await.is_none());
        assert_eq!(seen.lines().len(), 2);
    });
}

#[test]
fn a_link_that_leads_back_ends_the_stream() {
    let pages = vec![
        Page::of(r#"[{"title":"a"}]"#).linking(SECOND),
        Page::of(r#"[{"title":"b"}]"#).linking(SECOND),
    ];
    let (lines, found, status) = walked(Some(1), pages);
    let status = status.expect("the stream would never end");
    assert_eq!((lines.len(), titles(&found)), (2, vec!["a"]));
    assert_eq!(
        status.message(),
        "the upstream's reply does not fit: Link: the next page is not behind this one, by its \
         \"offset\""
    );
}

#[test]
fn a_page_that_cannot_be_had_ends_the_stream() {
    let pages = vec![Page::of(r#"[{"title":"a"}]"#).linking(SECOND)];
    let (gateway, _) = gateway(pages, config());
    let request = tonic::Request::new(StreamBooksRequest::default());
    let (found, status) = run(async {
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        all(stream.expect("the first page").into_inner()).await
    });
    assert_eq!(titles(&found), ["a"]);
    let status = status.expect("there is no second page");
    assert_eq!(status.code(), Code::Unavailable);
}

/// A list in so many frames of one book each.
fn many(frames: usize) -> Page {
    let mut page = Page::of("[");
    for _ in 0..frames {
        page = page.then(Step::Data(Bytes::from_static(b"{\"title\":\"a\"},")));
    }
    page.then(Step::Data(Bytes::from_static(b"{}]")))
}

#[test]
fn nothing_is_read_ahead_of_the_caller() {
    let (gateway, seen) = gateway(vec![many(1000)], config());
    run(async {
        let request = tonic::Request::new(StreamBooksRequest::default());
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        let mut stream = stream.expect("the head").into_inner();
        assert_eq!(seen.frames.load(Ordering::Relaxed), 0);
        for _ in 0..10 {
            assert!(matches!(stream.next().await, Some(Ok(_))));
        }
        assert_eq!(seen.frames.load(Ordering::Relaxed), 11);
    });
}

#[test]
fn a_stream_that_is_dropped_lets_go_of_the_upstream() {
    let (gateway, seen) = gateway(vec![many(1000)], config());
    run(async {
        let request = tonic::Request::new(StreamBooksRequest::default());
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        let mut stream = stream.expect("the head").into_inner();
        assert!(matches!(stream.next().await, Some(Ok(_))));
        assert_eq!(seen.open.load(Ordering::Relaxed), 1);
        drop(stream);
        assert_eq!(seen.open.load(Ordering::Relaxed), 0);
    });
}

/// Others have at least eight turns while a page with so many elements is read.
#[track_caller]
fn check_turns(page: Page, elements: usize) {
    let (gateway, _) = gateway(vec![page], config());
    let turns = AtomicUsize::new(0);
    run(async {
        let request = tonic::Request::new(StreamBooksRequest::default());
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        let stream = stream.expect("the head").into_inner();
        let other = async {
            loop {
                turns.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            (found, status) = all(stream) => {
                assert_eq!((found.len(), status.map(|status| status.code())), (elements, None));
            }
            () = other => {}
        }
    });
    let turns = turns.into_inner();
    assert!(turns >= 8, "the list left {turns} turns to others");
}

#[test]
fn other_calls_have_their_turn_while_a_list_is_read() {
    check_turns(many(40_000), 40_001);
}

#[test]
fn other_calls_have_their_turn_while_a_large_element_is_read() {
    let title = "x".repeat(900_000);
    check_turns(Page::of(format!(r#"[{{"title":"{title}"}}]"#)), 1);
}

#[test]
fn the_deadline_is_that_of_the_whole_stream() {
    let page = Page::of(r#"[{"title":"a"},"#).then(Step::Stall);
    let (gateway, seen) = gateway(vec![page], config());
    let (found, status) = run(async {
        let mut request = tonic::Request::new(StreamBooksRequest::default());
        request.set_timeout(Duration::from_secs(2));
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        all(stream.expect("the head").into_inner()).await
    });
    let status = status.expect("the upstream stalls");
    assert_eq!(
        (titles(&found), status.code()),
        (vec!["a"], Code::DeadlineExceeded)
    );
    assert_eq!(seen.open.load(Ordering::Relaxed), 0);
}

#[test]
fn a_stream_without_a_deadline_has_the_longest() {
    let page = Page::of(r#"[{"title":"a"},"#).then(Step::Stall);
    let (gateway, _) = gateway(vec![page], config());
    let took = run(async {
        let start = tokio::time::Instant::now();
        let request = tonic::Request::new(StreamBooksRequest::default());
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        all(stream.expect("the head").into_inner()).await;
        start.elapsed()
    });
    assert_eq!(took, config().max_deadline);
}

#[test]
fn a_deadline_that_passes_while_elements_arrive_ends_the_stream() {
    let (gateway, _) = gateway(vec![many(10)], config());
    let code = run(async {
        let mut request = tonic::Request::new(StreamBooksRequest::default());
        let deadline = tokio::time::Instant::now() + Duration::from_secs(1);
        request.extensions_mut().insert(CallContext {
            deadline: Some(deadline),
            ..CallContext::default()
        });
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        let mut stream = stream.expect("the head").into_inner();
        assert!(matches!(stream.next().await, Some(Ok(_))));
        tokio::time::advance(Duration::from_secs(1)).await;
        stream
            .next()
            .await
            .map(|message| message.map_err(|status| status.code()))
    });
    assert_eq!(code, Some(Err(Code::DeadlineExceeded)));
}

#[test]
fn a_record_counts_what_was_handed_on_and_each_drift_once() {
    let text = r#"[{"title":"a","x":1},{"x":2,"color":"none"},{"title":"c"}]"#;
    let (gateway, _) = gateway(vec![Page::of(text)], config());
    let record = CallRecord::default();
    let mut request = tonic::Request::new(StreamBooksRequest::default());
    request.extensions_mut().insert(noted_in(&record));
    let (found, status) = run(async {
        let stream = gateway.stream::<KitchenServiceStreamBooks>(request).await;
        all(stream.expect("the head").into_inner()).await
    });
    assert_eq!((found.len(), status.map(|status| status.code())), (3, None));
    let upstream = record.upstream();
    assert_eq!(
        (upstream.elements, upstream.received),
        (3, text.len() as u64)
    );
    assert!(upstream.duration.is_some(), "the exchange is over");
    let drifts: Vec<_> = upstream.drifts.iter().map(ToString::to_string).collect();
    assert_eq!(
        drifts,
        [
            "unknown enum value at $[].color",
            "undeclared property at $[].x"
        ]
    );
}

#[test]
fn the_request_id_leads_the_stream() {
    let (gateway, _) = gateway(vec![Page::of("[]")], config());
    let request = StreamBooksRequest::default();
    let request = crate::stub::with_metadata(request, &[("x-request-id", "id-1")]);
    let answer = run(gateway.stream::<KitchenServiceStreamBooks>(request));
    let answer = answer.map(|response| response.metadata().clone());
    let metadata = answer.expect("the head of the stream");
    assert_eq!(
        metadata.get("x-request-id").map(MetadataValue::as_bytes),
        Some(&b"id-1"[..])
    );
}

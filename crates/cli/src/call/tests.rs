mod arguments;
mod names;
mod shown;
mod uploads;

use std::path::PathBuf;

use clap::Parser;
use insta::assert_snapshot;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};
use serde_json::{Value, json};
use tonic::codegen::tokio_stream::{self, Stream};
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt};

use super::codec::{DynamicCodec, Volume};
use super::{CallArgs, Login, Screen, find, run_to};

const SHELF: &str = r#"
syntax = "proto3";

package shelf.v1;

import "google/api/annotations.proto";
import "google/api/field_behavior.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "transcode/v1/options.proto";

// Keeps books.
service ShelfService {
  // Finds a book. The title
  // must match exactly.
  //
  // Fails with NOT_FOUND.
  rpc FindBook(FindBookRequest) returns (Book) {
    option (google.api.http) = {get: "/books/{title}"};
  }

  // Lists books.
  rpc ListBooks(ListBooksRequest) returns (ListBooksResponse) {
    option (google.api.http) = {
      get: "/books"
      response_body: "books"
    };
  }

  // Changes a book.
  rpc ChangeBook(ChangeBookRequest) returns (Book) {
    option (google.api.http) = {
      patch: "/books"
      body: "book"
    };
  }

  // Adds books.
  rpc AddBooks(stream Book) returns (AddBooksResponse);

  // Reports books as they arrive.
  rpc WatchBooks(FindBookRequest) returns (stream Book);

  // Uploads a cover.
  rpc UploadCover(stream UploadCoverRequest) returns (UploadCoverResponse) {
    option (transcode.v1.upload) = {
      part: "file"
      file_name: "header.file_name"
      content_type: "header.content_type"
      content: "chunk"
    };
  }
}

service LoanService {
  rpc FindBook(FindBookRequest) returns (Book);
}

// Names a book.
message FindBookRequest {
  // The title.
  string title = 1;
}

message ListBooksRequest {}

message ListBooksResponse {
  repeated Book books = 1;
  optional int32 next = 2;
}

message ChangeBookRequest {
  // What the book is from now on.
  //
  // Nothing else changes.
  Book book = 1 [(google.api.field_behavior) = REQUIRED];

  google.protobuf.FieldMask mask = 2;
}

// A book.
message Book {
  // What the cover says.
  optional string title = 1;

  // What it is about.
  Genre genre = 2;

  google.protobuf.Timestamp added_at = 3 [(google.api.field_behavior) = OUTPUT_ONLY];

  repeated Author authors = 4;

  map<string, Author> roles = 5;

  // Number of the book.
  string isbn = 6;

  google.protobuf.Struct notes = 7;

  Book sequel = 8;
}

message Author {
  string name = 1;
  Genre genre = 2;
}

// What a book is about.
enum Genre {
  // Not known.
  GENRE_UNSPECIFIED = 0;
  // Made up.
  GENRE_NOVEL = 1;
}

message AddBooksResponse {
  int32 count = 1;
}

message UploadCoverRequest {
  oneof payload {
    UploadCoverHeader header = 1;
    bytes chunk = 2;
  }
}

message UploadCoverHeader {
  string title = 1;
  optional string file_name = 2;
  optional string content_type = 3;
}

message UploadCoverResponse {
  UploadCoverHeader header = 1;
  repeated int32 chunk_sizes = 2;
}
"#;

/// Serves the one file that is written out above.
struct Inline;

impl FileResolver for Inline {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name {
            "shelf.proto" => File::from_source(name, SHELF),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}

fn pool() -> DescriptorPool {
    let protos = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let mut resolver = ChainFileResolver::new();
    resolver.add(Inline);
    let third_party = protos.join("../third_party");
    resolver.add(IncludeFileResolver::new(protos));
    resolver.add(IncludeFileResolver::new(third_party));
    resolver.add(GoogleFileResolver::new());
    let set = protox::Compiler::with_file_resolver(resolver)
        .include_imports(true)
        .include_source_info(true)
        .open_file("shelf.proto")
        .expect("the proto compiles")
        .encode_file_descriptor_set();
    DescriptorPool::decode(set.as_slice()).expect("the descriptors decode")
}

/// What one run of the command did.
struct Outcome {
    code: u8,
    out: String,
    err: String,
}

#[derive(Parser)]
#[command(args_override_self = true)]
struct Cli {
    #[command(flatten)]
    call: CallArgs,
}

/// What gives out tokens here.
const LOGIN: Login = Login {
    method: "LoanService/FindBook",
    data: r#"{"title": "TITLE"}"#,
    select: "title",
};

async fn run(args: &[&str]) -> Outcome {
    run_on(args, Screen::default()).await
}

/// Runs the command where a terminal may show what it prints.
async fn run_on(args: &[&str], screen: Screen) -> Outcome {
    // Whoever runs the tests may have a token in the environment.
    let command = ["call", "--token", ""];
    let command = command.into_iter().chain(args.iter().copied());
    let cli = Cli::try_parse_from(command).expect("the arguments parse");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_to(cli.call, (&pool(), LOGIN), screen, &mut out, &mut err)
        .await
        .expect("the output can be written");
    Outcome {
        code,
        out: String::from_utf8(out).expect("the output is text"),
        err: String::from_utf8(err).expect("the errors are text"),
    }
}

/// Runs the command against a server of its own.
async fn call(args: &[&str]) -> Outcome {
    call_on(args, Screen::default()).await
}

/// Runs the command against a server of its own, where a terminal shows what it prints.
async fn call_on(args: &[&str], screen: Screen) -> Outcome {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port is free");
    let address = incoming
        .local_addr()
        .expect("the port is known")
        .to_string();
    let server =
        tonic::transport::Server::builder().serve_with_incoming(tower::service_fn(serve), incoming);
    let server = tokio::spawn(server);
    let args: Vec<_> = args
        .iter()
        .copied()
        .chain(["--address", &address])
        .collect();
    let outcome = run_on(&args, screen).await;
    server.abort();
    outcome
}

#[track_caller]
fn check_reply(outcome: &Outcome, expected: &Value) {
    assert_eq!(outcome.err, "", "the call failed");
    assert_eq!(outcome.code, 0, "success has exit code 0");
    let reply: Value = serde_json::from_str(&outcome.out).expect("the reply is one JSON value");
    assert_eq!(&reply, expected);
}

/// The message of a call that failed, which must have printed nothing else.
#[track_caller]
fn failure(outcome: Outcome) -> String {
    assert_eq!(
        outcome.code, 1,
        "a failed call has exit code 1: {}",
        outcome.err
    );
    assert_eq!(outcome.out, "", "a failed call leaves stdout empty");
    outcome.err
}

/// The message about arguments that no call can be made with.
async fn usage(args: &[&str]) -> String {
    let outcome = run(args).await;
    assert_eq!(
        outcome.code, 2,
        "unusable arguments have exit code 2: {}",
        outcome.err
    );
    assert_eq!(outcome.out, "", "unusable arguments leave stdout empty");
    outcome.err
}

// ---- The server. ----

async fn serve(
    request: http::Request<tonic::body::Body>,
) -> Result<http::Response<tonic::body::Body>, std::convert::Infallible> {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    let method = find::method(&pool(), &path).expect("the method exists");
    let codec = DynamicCodec::new(method.input(), Volume::default());
    let handler = tower::service_fn(move |request| answer(method.clone(), request));
    Ok(tonic::server::Grpc::new(codec)
        .streaming(handler, request)
        .await)
}

type Replies =
    Response<Box<dyn Stream<Item = Result<Result<DynamicMessage, Status>, Status>> + Send + Unpin>>;

async fn answer(
    method: MethodDescriptor,
    request: Request<Streaming<DynamicMessage>>,
) -> Result<Replies, Status> {
    let metadata = request.metadata().clone();
    let mut requests = request.into_inner();
    let mut received = Vec::new();
    while let Some(message) = requests.message().await? {
        received.push(serde_json::to_value(&message).expect("messages have a JSON form"));
    }
    let is_broken = received
        .first()
        .is_some_and(|first| first["title"] == "broken");
    let replies = match method.name() {
        "FindBook" => match received[0]["title"].as_str() {
            Some("lost") => return Err(not_found()),
            Some("invalid") => return Err(invalid()),
            Some("stranger") => return Err(Status::unauthenticated("who are you?")),
            Some("never") => return std::future::pending().await,
            Some("none") => vec![],
            Some("metadata") => {
                let text = |name| metadata.get(name).map(|v| v.to_str().expect("ASCII"));
                let bytes = metadata.get_bin("x-two-bin").map(|value| {
                    let bytes = value.to_bytes().expect("base64");
                    assert_eq!(bytes.as_ref(), [1, 2], "the bytes arrive");
                    "bytes"
                });
                let all = [text("authorization"), text("x-one"), bytes];
                vec![json!({"title": format!("{all:?}")})]
            }
            title => vec![json!({"title": title, "genre": "GENRE_NOVEL"})],
        },
        "ChangeBook" => return Err(invalid()),
        "ListBooks" => vec![json!({
            "books": [
                {
                    "title": "Emma",
                    "genre": "GENRE_NOVEL",
                    "isbn": "9780141439587",
                    "addedAt": "2019-01-01T00:00:00Z",
                    "authors": [{"name": "Jane Austen"}, {"name": "Anna"}],
                },
                {"title": "A \u{1b}[31mred\u{7} book with a name that is far too long to be shown"},
                {"isbn": "2", "notes": {"shelf": 3}},
            ],
            "next": 3,
        })],
        "AddBooks" => vec![json!({"count": received.len()})],
        "WatchBooks" => vec![json!({"title": "one"}), json!({"title": "two"})],
        "UploadCover" => {
            let sizes: Vec<_> = received[1..].iter().map(decoded_size).collect();
            vec![json!({"header": received[0]["header"], "chunkSizes": sizes})]
        }
        name => panic!("the server has no answer for {name}"),
    };
    let replies = replies.into_iter().map(move |reply| {
        Ok(Ok(
            DynamicMessage::deserialize(method.output(), reply).expect("replies fit")
        ))
    });
    let mut replies: Vec<_> = replies.collect();
    if is_broken {
        replies.truncate(1);
        replies.push(Err(Status::unavailable("the shelf broke")));
    }
    Ok(Response::new(Box::new(tokio_stream::iter(replies)) as _))
}

/// The number of bytes in a chunk, from the length of its base64 form.
fn decoded_size(message: &Value) -> usize {
    let text = message["chunk"].as_str().expect("a chunk");
    text.len() / 4 * 3 - text.bytes().filter(|byte| *byte == b'=').count()
}

fn not_found() -> Status {
    let mut details = ErrorDetails::new();
    details
        .set_error_info(
            "BOOK_UNKNOWN",
            "shelf.example",
            [("shelf".to_owned(), "3".to_owned())],
        )
        .add_bad_request_violation("book.title", "is on no shelf")
        .set_retry_info(Some(std::time::Duration::from_secs(2)))
        .set_request_info("req-7", "");
    Status::with_error_details(Code::NotFound, "No such book.", details)
}

/// An error whose message is made of its violations.
fn invalid() -> Status {
    let mut details = ErrorDetails::new();
    details
        .set_error_info("INVALID", "shelf.example", [])
        .add_bad_request_violation("isbn", "must have 13 digits")
        .add_bad_request_violation("title", "must not be \u{1b}[31mred");
    let message = "isbn must have 13 digits; title must not be \u{1b}[31mred";
    Status::with_error_details(Code::InvalidArgument, message, details)
}

// ---- Calls. ----

#[tokio::test]
async fn unary_reply_is_indented_json() {
    let outcome = call(&["ShelfService/FindBook", "-d", r#"{"title": "Emma"}"#]).await;
    assert_snapshot!(outcome.out, @r#"
    {
      "title": "Emma",
      "genre": "GENRE_NOVEL"
    }
    "#);
}

#[tokio::test]
async fn request_without_data_is_empty() {
    check_reply(
        &call(&["ShelfService/FindBook"]).await,
        &json!({"genre": "GENRE_NOVEL"}),
    );
}

#[tokio::test]
async fn data_can_come_from_a_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("request.json");
    std::fs::write(&path, r#"{"title": "Emma"}"#).expect("the file can be written");
    let data = format!("@{}", path.display());
    check_reply(
        &call(&["ShelfService/FindBook", "-d", &data]).await,
        &json!({"title": "Emma", "genre": "GENRE_NOVEL"}),
    );
}

#[tokio::test]
async fn token_and_headers_become_metadata() {
    let args = ["ShelfService/FindBook", "-d", r#"{"title": "metadata"}"#];
    let outcome = call(&[&args[..], &["--token", "abc", "-H", "X-One: a: b"]].concat()).await;
    check_reply(
        &outcome,
        &json!({"title": r#"[Some("Bearer abc"), Some("a: b"), None]"#}),
    );
}

#[tokio::test]
async fn a_token_may_have_its_scheme_before_it() {
    let args = ["ShelfService/FindBook", "-d", r#"{"title": "metadata"}"#];
    let outcome = call(&[&args[..], &["--token", "bearer abc"]].concat()).await;
    check_reply(
        &outcome,
        &json!({"title": r#"[Some("Bearer abc"), None, None]"#}),
    );
}

#[tokio::test]
async fn authorization_header_wins_over_the_token() {
    let args = ["ShelfService/FindBook", "-d", r#"{"title": "metadata"}"#];
    let outcome = call(
        &[
            &args[..],
            &["--token", "abc", "-H", "authorization: Basic x"],
        ]
        .concat(),
    )
    .await;
    check_reply(
        &outcome,
        &json!({"title": r#"[Some("Basic x"), None, None]"#}),
    );
}

#[tokio::test]
async fn client_stream_takes_objects_in_a_row() {
    let books = r#"{"title": "Emma"} {"genre": "GENRE_NOVEL"}{}"#;
    check_reply(
        &call(&["ShelfService/AddBooks", "-d", books]).await,
        &json!({"count": 3}),
    );
}

#[tokio::test]
async fn server_stream_prints_every_reply() {
    let outcome = call(&["ShelfService.WatchBooks"]).await;
    assert_snapshot!(outcome.out, @r#"
    {"title":"one"}
    {"title":"two"}
    "#);
}

#[tokio::test]
async fn what_a_stream_brought_before_its_error_is_printed() {
    let outcome = call(&["ShelfService.WatchBooks", "-d", r#"{"title": "broken"}"#]).await;
    assert_eq!(
        (outcome.code, outcome.out.as_str()),
        (1, "{\"title\":\"one\"}\n")
    );
    assert_snapshot!(outcome.err, @"error: UNAVAILABLE: the shelf broke");
}

// ---- Failed calls. ----

#[tokio::test]
async fn error_is_printed_with_its_details() {
    let outcome = call(&["ShelfService/FindBook", "-d", r#"{"title": "lost"}"#]).await;
    assert_snapshot!(failure(outcome), @r"
    error: NOT_FOUND: No such book.
      book.title: is on no shelf
      retry after: 2s
      reason: BOOK_UNKNOWN (shelf.example)
      shelf: 3
      request id: req-7
    ");
}

#[tokio::test]
async fn silent_server_is_deadline_exceeded() {
    let outcome = call(&[
        "ShelfService/FindBook",
        "-d",
        r#"{"title": "never"}"#,
        "--timeout",
        "50ms",
    ])
    .await;
    assert_snapshot!(failure(outcome), @"error: DEADLINE_EXCEEDED: no answer within 50ms; --timeout allows for more");
}

#[tokio::test]
async fn success_without_a_reply_is_internal() {
    let outcome = call(&["ShelfService/FindBook", "-d", r#"{"title": "none"}"#]).await;
    assert_snapshot!(failure(outcome), @"error: INTERNAL: the server reported success without a reply");
}

#[tokio::test]
async fn absent_server_is_unavailable() {
    // Port 1 is reserved and nothing listens there.
    let outcome = run(&["ShelfService/FindBook", "--address", "127.0.0.1:1"]).await;
    let message = failure(outcome);
    let expected = "error: UNAVAILABLE: cannot connect to 127.0.0.1:1: Connection refused";
    assert!(message.starts_with(expected), "{message}");
}

#[tokio::test]
async fn violations_are_said_once_with_their_path_in_the_request() {
    let outcome = call(&["ShelfService/ChangeBook"]).await;
    assert_snapshot!(failure(outcome), @r"
    error: INVALID_ARGUMENT
      book.isbn: must have 13 digits
      book.title: must not be �[31mred
      reason: INVALID (shelf.example)
    ");
}

#[tokio::test]
async fn a_stranger_is_told_how_to_log_in() {
    let find = ["ShelfService/FindBook", "-d", r#"{"title": "stranger"}"#];
    let err = failure(call(&find).await);
    let login = "no token was sent; log in for one:\n  export WEB1ON1_TOKEN=$(web1on1 call \
                 LoanService/FindBook --address 127.0.0.1:";
    assert!(err.contains(login), "{err}");
    let data = r#" -d '{"title": "TITLE"}' --select title)"#;
    assert!(err.contains(data), "{err}");
    let err = failure(call(&[&find[..], &["--token", "abc"]].concat()).await);
    assert!(err.contains("the token was refused; log in"), "{err}");
}

#[tokio::test]
async fn who_fails_to_log_in_is_not_sent_back_there() {
    let find = ["LoanService/FindBook", "-d", r#"{"title": "stranger"}"#];
    assert_snapshot!(failure(call(&find).await), @"error: UNAUTHENTICATED: who are you?");
}

#[tokio::test]
async fn verbose_tells_what_goes_over_the_wire_without_secrets() {
    let find = ["ShelfService/FindBook", "-d", r#"{"title": "Emma"}"#, "-v"];
    let outcome = call(&[&find[..], &["--token", "canary", "-H", "x-one: 1"]].concat()).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(
        !outcome.err.contains("canary"),
        "a secret is told: {}",
        outcome.err
    );
    for line in [
        "> /shelf.v1.ShelfService/FindBook at 127.0.0.1:",
        "> x-one: 1\n",
        "> authorization: Bearer [hidden]\n",
        "< content-type: application/grpc\n",
        "< trailer grpc-status: 0\n",
        " ms, headers after ",
        "* sent 1 message of 6 bytes, received 1 message of 8 bytes\n",
    ] {
        assert!(
            outcome.err.contains(line),
            "{line:?} is not in {}",
            outcome.err
        );
    }
}

#[tokio::test]
async fn binary_metadata_is_written_in_base64() {
    let find = ["ShelfService/FindBook", "-d", r#"{"title": "metadata"}"#];
    let outcome = call(&[&find[..], &["-H", "x-two-bin: AQI"]].concat()).await;
    let expected = json!({"title": r#"[None, None, Some("bytes")]"#});
    check_reply(&outcome, &expected);
}

#[cfg(unix)]
#[tokio::test]
async fn a_socket_in_the_file_system_can_be_called() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("grpc.sock");
    let listener = tokio::net::UnixListener::bind(&path).expect("the socket is new");
    let incoming = tokio_stream::wrappers::UnixListenerStream::new(listener);
    let server =
        tonic::transport::Server::builder().serve_with_incoming(tower::service_fn(serve), incoming);
    let server = tokio::spawn(server);
    let address = format!("unix:{}", path.display());
    let outcome = run(&["ShelfService/FindBook", "--address", &address]).await;
    server.abort();
    check_reply(&outcome, &json!({"genre": "GENRE_NOVEL"}));
}

/// A pipe that nobody reads.
struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_is_told_as_such() {
    let cli = Cli::try_parse_from(["call", "--list"]).expect("the arguments parse");
    let (pool, mut err) = (pool(), Vec::new());
    let done = run_to(
        cli.call,
        (&pool, LOGIN),
        Screen::default(),
        &mut Closed,
        &mut err,
    )
    .await;
    let kind = done.map_err(|error| error.kind());
    assert_eq!(kind, Err(std::io::ErrorKind::BrokenPipe));
    assert!(err.is_empty(), "nothing is said of it");
}

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

use super::{CallArgs, DynamicCodec, run_to};

const SHELF: &str = r#"
syntax = "proto3";

package shelf.v1;

import "google/protobuf/timestamp.proto";
import "transcode/v1/options.proto";

// Keeps books.
service ShelfService {
  // Finds a book. The title
  // must match exactly.
  //
  // Fails with NOT_FOUND.
  rpc FindBook(FindBookRequest) returns (Book);

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

// A book.
message Book {
  // What the cover says.
  optional string title = 1;

  // What it is about.
  Genre genre = 2;

  google.protobuf.Timestamp added_at = 3;

  repeated Author authors = 4;

  map<string, Author> roles = 5;
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
    resolver.add(IncludeFileResolver::new(protos));
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
struct Cli {
    #[command(flatten)]
    call: CallArgs,
}

async fn run(args: &[&str]) -> Outcome {
    let command = ["call"].into_iter().chain(args.iter().copied());
    let cli = Cli::try_parse_from(command).expect("the arguments parse");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_to(cli.call, &pool(), &mut out, &mut err)
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
    let outcome = run(&args).await;
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
    let method = super::describe::find_method(&pool(), &path).expect("the method exists");
    let codec = DynamicCodec {
        decoded: method.input(),
    };
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
            Some("never") => return std::future::pending().await,
            Some("none") => vec![],
            Some("metadata") => {
                let text = |name| metadata.get(name).map(|v| v.to_str().expect("ASCII"));
                let all = [text("authorization"), text("x-one")];
                vec![json!({"title": format!("{all:?}")})]
            }
            title => vec![json!({"title": title, "genre": "GENRE_NOVEL"})],
        },
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
        &json!({"title": r#"[Some("Bearer abc"), Some("a: b")]"#}),
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
    check_reply(&outcome, &json!({"title": r#"[Some("Basic x"), None]"#}));
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
      retry after: 2s
      reason: BOOK_UNKNOWN (shelf.example)
      shelf: 3
      book.title: is on no shelf
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

// ---- Names. ----

#[track_caller]
fn check_found(name: &str, expected: &str) {
    let method = super::describe::find_method(&pool(), name).expect("the method is found");
    assert_eq!(method.full_name(), expected);
}

#[test]
fn full_service_name_is_found() {
    check_found(
        "shelf.v1.ShelfService/FindBook",
        "shelf.v1.ShelfService.FindBook",
    );
}

#[test]
fn short_service_name_is_found() {
    check_found("LoanService/FindBook", "shelf.v1.LoanService.FindBook");
}

#[test]
fn dot_separates_the_method_too() {
    check_found(
        "shelf.v1.ShelfService.AddBooks",
        "shelf.v1.ShelfService.AddBooks",
    );
}

#[test]
fn path_of_a_request_is_found() {
    check_found(
        "/shelf.v1.ShelfService/AddBooks",
        "shelf.v1.ShelfService.AddBooks",
    );
}

#[tokio::test]
async fn mistyped_method_suggests_the_near_ones() {
    assert_snapshot!(usage(&["ShelfService/findbooks"]).await, @"error: ShelfService has no method findbooks; did you mean ShelfService/FindBook?");
}

#[tokio::test]
async fn unknown_method_lists_those_of_the_service() {
    assert_snapshot!(usage(&["LoanService/Zap"]).await, @r"
    error: LoanService has no method Zap; it has
      LoanService/FindBook
    ");
}

#[tokio::test]
async fn mistyped_service_suggests_the_near_ones() {
    assert_snapshot!(usage(&["shelf.v1.ShelvService/AddBooks"]).await, @"error: there is no shelf.v1.ShelvService/AddBooks; did you mean ShelfService/AddBooks?");
}

#[tokio::test]
async fn method_without_a_service_suggests_full_names() {
    assert_snapshot!(usage(&["UploadCover"]).await, @r#"error: "UploadCover" does not say SERVICE/METHOD; did you mean ShelfService/UploadCover?"#);
}

// ---- Arguments. ----

#[tokio::test]
async fn unknown_field_is_named_with_its_position() {
    let data = r#"{"authors": [{"name": "A"}, {"nam": "B"}]}"#;
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", data]).await, @"error: in -d: authors[1]: unrecognized field name 'nam' at line 1 column 34; expected one of name, genre");
}

#[tokio::test]
async fn unknown_enum_value_lists_the_known_ones() {
    let data = r#"{"genre": "novel"}"#;
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", data]).await, @"error: in -d: genre: unrecognized enum value 'novel' at line 1 column 17; expected one of GENRE_UNSPECIFIED, GENRE_NOVEL");
}

#[tokio::test]
async fn value_of_a_wrong_type_is_named() {
    let data = r#"{"title": 7}"#;
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", data]).await, @"error: in -d: title: invalid type: integer `7`, expected a string at line 1 column 11");
}

#[tokio::test]
async fn truncated_json_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/AddBooks", "-d", r#"{"title": "#]).await, @"error: in -d: title: EOF while parsing a value at line 1 column 10");
}

#[tokio::test]
async fn second_message_for_a_unary_method_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "-d", "{} {}"]).await, @"error: FindBook takes one message, but -d holds 2");
}

#[tokio::test]
async fn missing_data_file_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "-d", "@/nowhere"]).await, @"error: -d @/nowhere: cannot read the file: No such file or directory (os error 2)");
}

#[tokio::test]
async fn token_with_a_line_break_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "--token", "a\nb"]).await, @"error: the token holds characters that no header can carry");
}

#[tokio::test]
async fn address_that_cannot_be_called_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "ftp://h:1"]).await, @"error: --address ftp://h:1: only http:// and https:// are spoken");
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "http://h:1/v2"]).await, @"error: --address http://h:1/v2: the address of a gateway has no path");
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "http://h:1", "--ca", "ca.pem"]).await, @"error: --address http://h:1 has no TLS, so --ca, --cert and --server-name have no use; did you mean https://?");
    assert_snapshot!(usage(&["ShelfService/FindBook", "--ca", "nowhere.pem"]).await, @"error: nowhere.pem cannot be read: No such file or directory (os error 2)");
}

#[tokio::test]
async fn malformed_address_is_a_usage_error() {
    assert_snapshot!(usage(&["ShelfService/FindBook", "--address", "a b"]).await, @"error: --address a b is neither HOST:PORT nor a URL: invalid uri character");
}

#[track_caller]
fn check_duration(text: &str, expected: Option<u64>) {
    let parsed = super::parse_duration(text).ok();
    assert_eq!(
        parsed.map(|duration| duration.as_millis()),
        expected.map(u128::from),
        "{text}"
    );
}

#[test]
fn durations_have_a_unit() {
    check_duration("500ms", Some(500));
    check_duration("10s", Some(10_000));
    check_duration("2m", Some(120_000));
    check_duration("1h", Some(3_600_000));
}

#[test]
fn other_durations_are_refused() {
    for text in [
        "",
        "10",
        "s",
        "1.5s",
        "-1s",
        "1 s",
        "0s",
        "1d",
        "99999999999999999999s",
        "18446744073709551615h",
    ] {
        check_duration(text, None);
    }
}

#[test]
fn header_without_a_colon_is_refused() {
    assert!(super::parse_header("x-one").is_err());
}

#[test]
fn header_with_a_malformed_name_is_refused() {
    assert!(super::parse_header("x one: 1").is_err());
}

#[test]
fn binary_header_is_refused() {
    assert!(super::parse_header("x-bin: 1").is_err());
}

// ---- Listing and describing. ----

#[tokio::test]
async fn list_shows_each_method_with_its_first_sentence() {
    assert_snapshot!(run(&["--list"]).await.out, @r"
    ShelfService/FindBook     Finds a book.
    ShelfService/AddBooks     Adds books.
    ShelfService/WatchBooks   Reports books as they arrive.
    ShelfService/UploadCover  Uploads a cover.
    LoanService/FindBook
    ");
}

#[tokio::test]
async fn list_can_be_narrowed_to_a_service() {
    assert_snapshot!(run(&["--list", "LoanService"]).await.out, @"LoanService/FindBook");
}

#[tokio::test]
async fn list_of_an_unknown_service_is_a_usage_error() {
    assert_snapshot!(usage(&["--list", "LoansService"]).await, @"error: there is no service LoansService; did you mean LoanService?");
}

#[tokio::test]
async fn describe_shows_the_method_and_all_it_is_made_of() {
    let outcome = run(&["--describe", "ShelfService/FindBook"]).await;
    assert_snapshot!("describe", outcome.out);
}

#[tokio::test]
async fn describe_marks_streams_and_alternatives() {
    let outcome = run(&["--describe", "ShelfService/UploadCover"]).await;
    assert_snapshot!("describe_upload", outcome.out);
}

use prost::Message as _;
use prost_reflect::{DescriptorPool, Value};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ExtensionRequest, ServerReflectionRequest, ServerReflectionResponse,
};
use tonic_reflection::pb::v1alpha;

use super::*;
use crate::descriptors::tests::of_sink;
use crate::sink;

const TAPS: &str = "sink/v1/taps.proto";
const IMPORTED: &str = "sink/v1/imported.proto";
const DESCRIPTOR: &str = "google/protobuf/descriptor.proto";

fn reflection() -> Reflection {
    Reflection::new(of_sink())
}

fn request(message_request: Option<MessageRequest>) -> ServerReflectionRequest {
    ServerReflectionRequest {
        host: "sink.example".to_owned(),
        message_request,
    }
}

fn file(name: &str) -> MessageRequest {
    MessageRequest::FileByFilename(name.to_owned())
}

fn symbol(name: &str) -> MessageRequest {
    MessageRequest::FileContainingSymbol(name.to_owned())
}

fn extension(containing_type: &str, extension_number: i32) -> MessageRequest {
    MessageRequest::FileContainingExtension(ExtensionRequest {
        containing_type: containing_type.to_owned(),
        extension_number,
    })
}

fn extensions_of(name: &str) -> MessageRequest {
    MessageRequest::AllExtensionNumbersOfType(name.to_owned())
}

/// Sends the requests on one stream and returns what the responses say.
async fn ask(questions: Vec<Option<MessageRequest>>) -> Vec<MessageResponse> {
    let requests: Vec<_> = questions.into_iter().map(request).collect();
    let mut client = ServerReflectionClient::new(reflection().v1());
    let sent = tokio_stream::iter(requests.clone());
    let reply = client.server_reflection_info(sent).await;
    let responses = reply.expect("reflection answers").into_inner();
    let responses: Vec<ServerReflectionResponse> = responses
        .map(|response| response.expect("an error is a response, not the end"))
        .collect()
        .await;
    assert_eq!(
        responses.len(),
        requests.len(),
        "each request has a response"
    );
    let answers = responses.into_iter().zip(requests);
    let answers = answers.map(|(response, request)| {
        assert_eq!(response.valid_host, request.host);
        assert_eq!(response.original_request, Some(request));
        response
            .message_response
            .expect("a response says something")
    });
    answers.collect()
}

async fn ask_one(question: MessageRequest) -> MessageResponse {
    let mut answers = ask(vec![Some(question)]).await;
    answers.pop().expect("there is one response")
}

#[track_caller]
fn names(answer: &MessageResponse) -> Vec<String> {
    let MessageResponse::FileDescriptorResponse(files) = answer else {
        panic!("it is not answered with files: {answer:?}");
    };
    let files = files.file_descriptor_proto.iter().map(|file| {
        let file = prost_types::FileDescriptorProto::decode(file.as_slice());
        file.expect("a descriptor").name().to_owned()
    });
    files.collect()
}

#[track_caller]
fn code(answer: &MessageResponse) -> Code {
    let MessageResponse::ErrorResponse(error) = answer else {
        panic!("it is not answered with an error: {answer:?}");
    };
    assert!(!error.error_message.is_empty(), "the error says nothing");
    Code::from_i32(error.error_code)
}

/// The question is answered with the file that comes first, and its imports.
async fn finds(question: MessageRequest, expected: &[&str]) {
    let context = format!("{question:?}");
    assert_eq!(names(&ask_one(question).await), expected, "for {context}");
}

async fn finds_nothing(question: MessageRequest) {
    let context = format!("{question:?}");
    assert_eq!(
        code(&ask_one(question).await),
        Code::NotFound,
        "for {context}"
    );
}

async fn has_extensions(name: &str, expected: &[i32]) {
    let answer = ask_one(extensions_of(name)).await;
    let MessageResponse::AllExtensionNumbersResponse(found) = answer else {
        panic!("it is not answered with numbers: {answer:?}");
    };
    assert_eq!(found.base_type_name, name);
    assert_eq!(found.extension_number, expected);
}

#[tokio::test]
async fn served_services_are_listed_in_order() {
    let answer = ask_one(MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = answer else {
        panic!("it is not answered with a list: {answer:?}");
    };
    let listed: Vec<_> = list.service.iter().map(|service| &service.name).collect();
    let expected = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "sink.v1.Taps",
    ];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn the_content_of_a_list_request_means_nothing() {
    let answer = ask_one(MessageRequest::ListServices("whatever".to_owned())).await;
    assert!(matches!(answer, MessageResponse::ListServicesResponse(_)));
}

#[tokio::test]
async fn a_file_comes_with_all_that_it_imports() {
    finds(file(TAPS), &[TAPS, IMPORTED, DESCRIPTOR]).await;
    finds(file(IMPORTED), &[IMPORTED, DESCRIPTOR]).await;
    finds(file(DESCRIPTOR), &[DESCRIPTOR]).await;
}

#[tokio::test]
async fn health_and_reflection_have_the_names_that_the_world_imports() {
    for (service, name) in [
        ("grpc.health.v1.Health", "grpc/health/v1/health.proto"),
        (
            "grpc.reflection.v1.ServerReflection",
            "grpc/reflection/v1/reflection.proto",
        ),
        (
            "grpc.reflection.v1alpha.ServerReflection",
            "grpc/reflection/v1alpha/reflection.proto",
        ),
    ] {
        finds(symbol(service), &[name]).await;
        finds(file(name), &[name]).await;
    }
}

#[tokio::test]
async fn an_unknown_file_is_not_found() {
    for name in [
        "",
        "taps.proto",
        "sink/v1/Taps.proto",
        "/sink/v1/taps.proto",
    ] {
        finds_nothing(file(name)).await;
    }
}

#[tokio::test]
async fn every_kind_of_symbol_is_found() {
    for name in [
        "sink.v1.Taps",
        "sink.v1.Unserved",
        "sink.v1.Taps.Open",
        "sink.v1.Water",
        "sink.v1.Water.Drop",
        "sink.v1.Water.ByNameEntry",
        "sink.v1.Water.temperature",
        "sink.v1.Water.Drop.size",
        "sink.v1.Water.amount",
        "sink.v1.Water.Temperature",
        "sink.v1.Material",
    ] {
        finds(symbol(name), &[TAPS, IMPORTED, DESCRIPTOR]).await;
    }
    for name in [
        "sink.v1.Pipe",
        "sink.v1.label",
        "sink.v1.maker",
        "sink.v1.Pipe.width",
    ] {
        finds(symbol(name), &[IMPORTED, DESCRIPTOR]).await;
    }
}

#[tokio::test]
async fn values_are_siblings_of_their_enum() {
    let expected = [TAPS, IMPORTED, DESCRIPTOR];
    finds(symbol("sink.v1.MATERIAL_COPPER"), &expected).await;
    finds(symbol("sink.v1.Water.TEMPERATURE_COLD"), &expected).await;
    finds_nothing(symbol("sink.v1.Material.MATERIAL_COPPER")).await;
}

#[tokio::test]
async fn an_unknown_symbol_is_not_found() {
    for name in [
        "",
        "Taps",
        "sink.v1",
        ".sink.v1.Taps",
        "sink.v1.Taps/Open",
        "sink.v1.Taps.Close",
        "sink.v1.Water.depth",
        "sink.v1.taps",
    ] {
        finds_nothing(symbol(name)).await;
    }
}

#[tokio::test]
async fn extensions_are_found_by_what_they_extend_and_their_number() {
    let expected = [IMPORTED, DESCRIPTOR];
    finds(extension("sink.v1.Pipe", 100), &expected).await;
    finds(extension("sink.v1.Pipe", 150), &expected).await;
    finds(extension("google.protobuf.MethodOptions", 50001), &expected).await;
}

#[tokio::test]
async fn an_unknown_extension_is_not_found() {
    for (name, number) in [
        ("sink.v1.Pipe", 101),
        ("sink.v1.Pipe", 0),
        ("sink.v1.Pipe", -1),
        ("sink.v1.Water", 100),
        ("sink.v1.Nothing", 100),
        ("", 100),
    ] {
        finds_nothing(extension(name, number)).await;
    }
}

#[tokio::test]
async fn extension_numbers_are_those_of_all_files() {
    has_extensions("sink.v1.Pipe", &[100, 150]).await;
    has_extensions("google.protobuf.MethodOptions", &[50001]).await;
}

#[tokio::test]
async fn a_message_without_extensions_has_no_numbers() {
    has_extensions("sink.v1.Water", &[]).await;
}

#[tokio::test]
async fn extension_numbers_of_what_is_no_message_are_not_found() {
    for name in ["", "sink.v1.Nothing", "sink.v1.Taps", "sink.v1.Material"] {
        finds_nothing(extensions_of(name)).await;
    }
}

#[tokio::test]
async fn a_request_for_nothing_is_invalid() {
    let answers = ask(vec![None]).await;
    assert_eq!(code(&answers[0]), Code::InvalidArgument);
}

#[tokio::test]
async fn an_error_does_not_end_the_stream() {
    let answers = ask(vec![
        Some(file("nowhere.proto")),
        Some(symbol("sink.v1.Nothing")),
        None,
        Some(extension("sink.v1.Pipe", 7)),
        Some(file(DESCRIPTOR)),
    ])
    .await;
    let codes: Vec<_> = answers[..4].iter().map(code).collect();
    let not_found = Code::NotFound;
    assert_eq!(
        codes,
        [not_found, not_found, Code::InvalidArgument, not_found]
    );
    assert_eq!(names(&answers[4]), [DESCRIPTOR]);
}

#[tokio::test]
async fn imports_are_sent_once_on_a_stream_and_the_wanted_file_always() {
    let questions = [IMPORTED, TAPS, TAPS].map(|name| Some(file(name)));
    let answers = ask(questions.to_vec()).await;
    assert_eq!(names(&answers[0]), [IMPORTED, DESCRIPTOR]);
    assert_eq!(names(&answers[1]), [TAPS]);
    assert_eq!(names(&answers[2]), [TAPS]);
}

#[tokio::test]
async fn a_response_does_not_wait_for_the_next_request() {
    let (sender, requests) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut client = ServerReflectionClient::new(reflection().v1());
    let reply = client.server_reflection_info(requests).await;
    let mut responses = reply.expect("reflection answers").into_inner();
    for name in [TAPS, "nowhere.proto", TAPS] {
        let sent = sender.send(request(Some(file(name)))).await;
        sent.expect("the stream is open");
        let response = responses.message().await.expect("no error");
        assert!(response.is_some(), "the stream ended");
    }
    drop(sender);
    let end = responses.message().await.expect("no error");
    assert_eq!(end, None);
}

#[tokio::test]
async fn files_are_sent_as_they_were_encoded() {
    let answer = ask_one(file(TAPS)).await;
    let MessageResponse::FileDescriptorResponse(files) = answer else {
        panic!("it is not answered with files: {answer:?}");
    };
    let mut pool = DescriptorPool::new();
    for file in files.file_descriptor_proto.iter().rev() {
        pool.decode_file_descriptor_proto(file.as_slice())
            .expect("imports come behind what imports them here");
    }
    let taps = pool
        .get_service_by_name("sink.v1.Taps")
        .expect("the service");
    let open = taps.methods().next().expect("an rpc");
    let label = pool
        .get_extension_by_name("sink.v1.label")
        .expect("the option");
    assert_eq!(
        *open.options().get_extension(&label),
        Value::String("opens".to_owned())
    );

    let sent = files.file_descriptor_proto[0].as_slice();
    let is_part = sink::encoded().windows(sent.len()).any(|part| part == sent);
    assert!(is_part, "the file was encoded anew");
}

#[tokio::test]
async fn extensions_have_no_json_names() {
    let answer = ask_one(file(IMPORTED)).await;
    let MessageResponse::FileDescriptorResponse(files) = answer else {
        panic!("it is not answered with files: {answer:?}");
    };
    let imported = files.file_descriptor_proto[0].as_slice();
    let imported = prost_types::FileDescriptorProto::decode(imported).expect("a descriptor");
    let nested = imported
        .message_type
        .iter()
        .flat_map(|message| &message.extension);
    let extensions: Vec<_> = imported.extension.iter().chain(nested).collect();
    assert_eq!(extensions.len(), 3, "those of the file are looked at");
    for extension in extensions {
        assert_eq!(extension.json_name, None, "of {}", extension.name());
    }
}

#[tokio::test]
async fn v1alpha_answers_as_v1_does() {
    use v1alpha::server_reflection_client::ServerReflectionClient as Client;
    let questions = || {
        [
            Some(MessageRequest::ListServices(String::new())),
            Some(symbol("sink.v1.Taps.Open")),
            Some(extension("sink.v1.Pipe", 100)),
            Some(extensions_of("sink.v1.Pipe")),
            Some(file("nowhere.proto")),
            None,
        ]
    };
    let requests = questions().map(|question| {
        let encoded = request(question).encode_to_vec();
        v1alpha::ServerReflectionRequest::decode(encoded.as_slice()).expect("the same message")
    });
    let mut client = Client::new(reflection().v1alpha());
    let reply = client
        .server_reflection_info(tokio_stream::iter(requests))
        .await;
    let responses = reply.expect("reflection answers").into_inner();
    let answers: Vec<_> = responses
        .map(|response| {
            let encoded = response.expect("no error ends the stream").encode_to_vec();
            let response = ServerReflectionResponse::decode(encoded.as_slice());
            let response = response.expect("the same message");
            response
                .message_response
                .expect("a response says something")
        })
        .collect()
        .await;
    assert_eq!(answers, ask(questions().to_vec()).await);
}

//! Server reflection, v1 and v1alpha, as the comments in their protos have it.
//!
//! tonic-reflection's own service ends the stream at the first question that it
//! cannot answer, knows no extensions and leaves imports out.
//!
//! A response is made when the caller is ready for it and the next request is
//! not read before that, so that a stream holds one response at most. A stream
//! has no end of its own but that of its requests; the call's deadline ends it.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};
use tokio_stream::Stream;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::descriptors::Descriptors;
use crate::pb::grpc::reflection::v1::server_reflection_request::MessageRequest;
use crate::pb::grpc::reflection::v1::server_reflection_response::MessageResponse;
use crate::pb::grpc::reflection::v1::{
    ErrorResponse, ExtensionNumberResponse, ExtensionRequest, FileDescriptorResponse,
    ListServiceResponse, ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use crate::pb::grpc::reflection::{v1, v1alpha};

/// The server of `grpc.reflection.v1.ServerReflection`.
pub type V1 = v1::server_reflection_server::ServerReflectionServer<Reflection>;

/// The server of `grpc.reflection.v1alpha.ServerReflection`.
pub type V1Alpha = v1alpha::server_reflection_server::ServerReflectionServer<Reflection>;

/// Describes the services of a server to its callers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reflection {
    known: Arc<Known>,
}

impl Reflection {
    /// Answers from these descriptors.
    pub fn new(descriptors: Descriptors) -> Self {
        let symbols = symbols(descriptors.pool());
        Self {
            known: Arc::new(Known {
                descriptors,
                symbols,
            }),
        }
    }

    /// The service for clients of v1.
    pub fn v1(&self) -> V1 {
        V1::new(self.clone())
    }

    /// The service for clients of v1alpha.
    pub fn v1alpha(&self) -> V1Alpha {
        V1Alpha::new(self.clone())
    }

    fn answers(&self, requests: Streaming<ServerReflectionRequest>) -> Response<Answers> {
        Response::new(Answers {
            known: Arc::clone(&self.known),
            requests,
            sent: HashSet::new(),
        })
    }
}

#[tonic::async_trait]
impl v1::server_reflection_server::ServerReflection for Reflection {
    type ServerReflectionInfoStream = Answers;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Answers>, Status> {
        Ok(self.answers(request.into_inner()))
    }
}

#[tonic::async_trait]
impl v1alpha::server_reflection_server::ServerReflection for Reflection {
    type ServerReflectionInfoStream = Answers;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Answers>, Status> {
        Ok(self.answers(request.into_inner()))
    }
}

/// The responses to the requests of one call.
#[derive(Debug)]
pub struct Answers {
    known: Arc<Known>,
    requests: Streaming<ServerReflectionRequest>,
    /// The files that the caller has, by their index in the pool.
    sent: HashSet<usize>,
}

impl Stream for Answers {
    type Item = Result<ServerReflectionResponse, Status>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let request = ready!(Pin::new(&mut this.requests).poll_next(context));
        Poll::Ready(request.map(|request| {
            let request = request?;
            let answer = this.known.answer(&request, &mut this.sent);
            Ok(ServerReflectionResponse {
                valid_host: request.host.clone(),
                original_request: Some(request),
                message_response: Some(answer.unwrap_or_else(MessageResponse::ErrorResponse)),
            })
        }))
    }
}

/// What all calls are answered from.
#[derive(Debug)]
struct Known {
    descriptors: Descriptors,
    /// The files by the full names of what they declare.
    symbols: HashMap<String, FileDescriptor>,
}

impl Known {
    fn answer(
        &self,
        request: &ServerReflectionRequest,
        sent: &mut HashSet<usize>,
    ) -> Result<MessageResponse, ErrorResponse> {
        let pool = self.descriptors.pool();
        match &request.message_request {
            Some(MessageRequest::FileByFilename(name)) => {
                let file = pool.get_file_by_name(name);
                self.files(file.ok_or_else(|| not_found("file", name))?, sent)
            }
            Some(MessageRequest::FileContainingSymbol(name)) => {
                let file = self.symbols.get(name).cloned();
                self.files(file.ok_or_else(|| not_found("symbol", name))?, sent)
            }
            Some(MessageRequest::FileContainingExtension(wanted)) => {
                self.files(file_of_extension(pool, wanted)?, sent)
            }
            Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                let message = message(pool, name)?;
                let numbers = message.extensions().map(|extension| extension.number());
                Ok(MessageResponse::AllExtensionNumbersResponse(
                    ExtensionNumberResponse {
                        base_type_name: message.full_name().to_owned(),
                        extension_number: numbers.map(u32::cast_signed).collect(),
                    },
                ))
            }
            Some(MessageRequest::ListServices(_)) => {
                let names = self.descriptors.service_names();
                let service = names.map(|name| ServiceResponse {
                    name: name.to_owned(),
                });
                Ok(MessageResponse::ListServicesResponse(ListServiceResponse {
                    service: service.collect(),
                }))
            }
            None => Err(error(
                Code::InvalidArgument,
                "the request asks for nothing that this server knows".to_owned(),
            )),
        }
    }

    /// The file, and those that it imports and the caller does not have. The
    /// file itself comes first, whether the caller has it or not, as clients
    /// take what they asked for from the response.
    fn files(
        &self,
        wanted: FileDescriptor,
        sent: &mut HashSet<usize>,
    ) -> Result<MessageResponse, ErrorResponse> {
        sent.insert(wanted.index());
        let mut found = vec![wanted];
        let mut next = 0;
        while let Some(file) = found.get(next).cloned() {
            found.extend(file.dependencies().filter(|file| sent.insert(file.index())));
            next += 1;
        }
        let encoded = found.iter().map(|file| {
            self.descriptors.encoded(file).ok_or_else(|| {
                tracing::error!(file = file.name(), "a file of the pool has no encoded form");
                error(Code::Internal, "the file cannot be sent".to_owned())
            })
        });
        Ok(MessageResponse::FileDescriptorResponse(
            FileDescriptorResponse {
                file_descriptor_proto: encoded.collect::<Result<_, _>>()?,
            },
        ))
    }
}

fn file_of_extension(
    pool: &DescriptorPool,
    wanted: &ExtensionRequest,
) -> Result<FileDescriptor, ErrorResponse> {
    let message = message(pool, &wanted.containing_type)?;
    let number = u32::try_from(wanted.extension_number).ok();
    let extension = number.and_then(|number| message.get_extension(number));
    let extension = extension.ok_or_else(|| {
        let number = wanted.extension_number;
        let name = &wanted.containing_type;
        error(Code::NotFound, format!("{name} has no extension {number}"))
    })?;
    Ok(extension.parent_file())
}

fn message(pool: &DescriptorPool, name: &str) -> Result<MessageDescriptor, ErrorResponse> {
    pool.get_message_by_name(name)
        .ok_or_else(|| not_found("message", name))
}

fn not_found(kind: &str, name: &str) -> ErrorResponse {
    error(Code::NotFound, format!("there is no {kind} {name:?}"))
}

fn error(code: Code, error_message: String) -> ErrorResponse {
    ErrorResponse {
        error_code: code.into(),
        error_message,
    }
}

/// The full names of everything that the files of the pool declare.
///
/// The values of an enum are siblings of the enum, not children of it, as
/// protobuf has them. Packages are no symbols: no file declares one alone.
fn symbols(pool: &DescriptorPool) -> HashMap<String, FileDescriptor> {
    let mut symbols = HashMap::new();
    let mut add = |name: &str, file: FileDescriptor| {
        symbols.insert(name.to_owned(), file);
    };
    for service in pool.services() {
        add(service.full_name(), service.parent_file());
        for method in service.methods() {
            add(method.full_name(), method.parent_file());
        }
    }
    for message in pool.all_messages() {
        add(message.full_name(), message.parent_file());
        for field in message.fields() {
            add(field.full_name(), field.parent_file());
        }
        for oneof in message.oneofs() {
            add(oneof.full_name(), oneof.parent_file());
        }
    }
    for extension in pool.all_extensions() {
        add(extension.full_name(), extension.parent_file());
    }
    for declared in pool.all_enums() {
        add(declared.full_name(), declared.parent_file());
        for value in declared.values() {
            add(value.full_name(), declared.parent_file());
        }
    }
    symbols
}

#[cfg(test)]
mod tests;

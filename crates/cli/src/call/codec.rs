//! How messages that are known by descriptor only go over the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Encodes and decodes messages that are known by descriptor only.
///
/// What is encoded is a result, so that the source of the messages can fail
/// the call.
#[derive(Clone)]
pub(super) struct DynamicCodec {
    /// The message to decode.
    decoded: MessageDescriptor,
    volume: Volume,
}

impl DynamicCodec {
    /// A codec that decodes such messages, and counts in `volume` what it does.
    pub(super) fn new(decoded: MessageDescriptor, volume: Volume) -> Self {
        Self { decoded, volume }
    }
}

/// How much has gone over the wire. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Volume(Arc<[Count; 2]>);

/// Messages, and the bytes of them.
#[derive(Debug, Default)]
struct Count {
    messages: AtomicUsize,
    bytes: AtomicUsize,
}

impl Count {
    fn add(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn read(&self) -> (usize, usize) {
        let messages = self.messages.load(Ordering::Relaxed);
        (messages, self.bytes.load(Ordering::Relaxed))
    }
}

impl Volume {
    /// Returns how many messages were sent, and their bytes of protobuf.
    pub(super) fn sent(&self) -> (usize, usize) {
        self.0[0].read()
    }

    /// Returns how many messages were received, and their bytes of protobuf.
    pub(super) fn received(&self) -> (usize, usize) {
        self.0[1].read()
    }
}

impl Codec for DynamicCodec {
    type Encode = Result<DynamicMessage, Status>;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for DynamicCodec {
    type Item = Result<DynamicMessage, Status>;
    type Error = Status;

    fn encode(&mut self, item: Self::Item, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let item = item?;
        self.volume.0[0].add(item.encoded_len());
        item.encode(buffer)
            .map_err(|error| Status::internal(format!("the message does not encode: {error}")))
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        use bytes::Buf as _;
        self.volume.0[1].add(buffer.remaining());
        DynamicMessage::decode(self.decoded.clone(), buffer)
            .map(Some)
            .map_err(|error| Status::internal(format!("the message does not decode: {error}")))
    }
}

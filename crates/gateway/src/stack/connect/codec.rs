//! Messages as the Connect protocol has them: binary or JSON.

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};

/// How many bytes stand before a message in a stream.
pub(super) const PREFIX: usize = 5;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Proto,
    Json,
}

impl Codec {
    /// The codec that a GET names.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name {
            "proto" => Some(Self::Proto),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The content type of a message by itself.
    pub(super) fn unary_type(self) -> &'static str {
        match self {
            Self::Proto => "application/proto",
            Self::Json => "application/json",
        }
    }

    /// The content type of a stream of messages.
    pub(super) fn stream_type(self) -> &'static str {
        match self {
            Self::Proto => "application/connect+proto",
            Self::Json => "application/connect+json",
        }
    }
}

/// The binary form of a message that is given as JSON. Members that it does not know are
/// left out, as unknown fields of the binary form are.
///
/// # Errors
///
/// Fails where the JSON is not that of such a message, and says why.
pub(super) fn from_json(message: &MessageDescriptor, json: &[u8]) -> Result<Vec<u8>, String> {
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let mut reader = serde_json::Deserializer::from_slice(json);
    DynamicMessage::deserialize_with_options(message.clone(), &mut reader, &options)
        .and_then(|message| reader.end().map(|()| message.encode_to_vec()))
        .map_err(|error| error.to_string())
}

/// The JSON of a message that is given in its binary form.
///
/// # Errors
///
/// Fails where it is not such a message, and says why.
pub(super) fn to_json(message: &MessageDescriptor, binary: Bytes) -> Result<Vec<u8>, String> {
    let message =
        DynamicMessage::decode(message.clone(), binary).map_err(|error| error.to_string())?;
    let mut json = Vec::new();
    let mut writer = serde_json::Serializer::new(&mut json);
    message
        .serialize_with_options(&mut writer, &SerializeOptions::new())
        .map_err(|error| error.to_string())?;
    Ok(json)
}

/// The message with what stands before it in a stream: flags, and its length.
///
/// Returns `None` where it is longer than a length can say.
pub(super) fn framed(flags: u8, message: &[u8]) -> Option<Bytes> {
    let length = u32::try_from(message.len()).ok()?;
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(flags);
    framed.put_u32(length);
    framed.extend_from_slice(message);
    Some(framed.freeze())
}

/// The flags and the length of the message that stands first.
pub(super) fn prefix(bytes: &[u8]) -> Option<(u8, usize)> {
    let (prefix, _) = bytes.split_first_chunk::<PREFIX>()?;
    let [flags, length @ ..] = *prefix;
    Some((flags, usize::try_from(u32::from_be_bytes(length)).ok()?))
}

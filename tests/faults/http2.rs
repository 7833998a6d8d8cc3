//! Frames of HTTP/2 (RFC 9113), written and read by hand: a library would keep
//! the tests from breaking its rules.
//!
//! Headers are written as literals without indexing (RFC 7541, section 6.2.2),
//! and read with httlib-hpack.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a client sends first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// Of DATA and HEADERS.
pub(crate) const END_STREAM: u8 = 1;
/// Of HEADERS and CONTINUATION.
pub(crate) const END_HEADERS: u8 = 4;
/// Of SETTINGS and PING.
pub(crate) const ACK: u8 = 1;

/// The largest payload that is accepted without settings that say otherwise.
pub(crate) const MAX_PAYLOAD: usize = 16 << 10;

/// A frame as it arrived.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The 32 bits that start here: an error code, for example.
    pub(crate) fn number(&self, start: usize) -> u32 {
        self.payload
            .get(start..start + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u32::from_be_bytes)
    }
}

/// Reads the next frame. `UnexpectedEof` is the end of the connection.
pub(crate) async fn read(connection: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    let mut head = [0; 9];
    connection.read_exact(&mut head).await?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    connection.read_exact(&mut payload).await?;
    Ok(Frame {
        kind,
        flags,
        stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        payload,
    })
}

/// A frame as bytes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("payloads of tests are small");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// SETTINGS of these identifiers and values.
pub(crate) fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (identifier, value) in values {
        payload.extend(identifier.to_be_bytes());
        payload.extend(value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

pub(crate) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub(crate) fn go_away(last: u32, code: u32) -> Vec<u8> {
    frame(
        GOAWAY,
        0,
        0,
        &[last.to_be_bytes(), code.to_be_bytes()].concat(),
    )
}

/// A larger window: of a stream, or of the connection where the stream is 0.
pub(crate) fn window_update(stream: u32, increment: usize) -> Vec<u8> {
    let increment = u32::try_from(increment).expect("windows have 31 bits");
    frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

/// HEADERS, continued where one frame does not hold them.
pub(crate) fn headers(stream: u32, fields: &[(&str, &str)], end: bool) -> Vec<u8> {
    let block = block(fields);
    let mut bytes = Vec::new();
    let mut pieces = block.chunks(MAX_PAYLOAD).peekable();
    let mut kind = HEADERS;
    while let Some(piece) = pieces.next() {
        let mut flags = if kind == HEADERS && end {
            END_STREAM
        } else {
            0
        };
        if pieces.peek().is_none() {
            flags |= END_HEADERS;
        }
        bytes.extend(frame(kind, flags, stream, piece));
        kind = CONTINUATION;
    }
    bytes
}

/// DATA, in as many frames as it takes.
pub(crate) fn data(stream: u32, content: &[u8], end: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pieces = content.chunks(MAX_PAYLOAD).peekable();
    if pieces.peek().is_none() {
        return frame(DATA, u8::from(end), stream, &[]);
    }
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        bytes.extend(frame(DATA, u8::from(end && last), stream, piece));
    }
    bytes
}

/// A header block of literals.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(&mut bytes, text.len());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn length(bytes: &mut Vec<u8>, mut value: usize) {
    const PREFIX: usize = 0x7f;
    if value < PREFIX {
        bytes.push(value.to_le_bytes()[0]);
        return;
    }
    bytes.push(0x7f);
    value -= PREFIX;
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// Reads the header blocks of a connection.
#[derive(Default)]
pub(crate) struct HeaderReader(httlib_hpack::Decoder<'static>);

impl HeaderReader {
    /// The fields of a block. One that cannot be read has none.
    pub(crate) fn read(&mut self, block: &[u8]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        let read = self.0.decode(&mut block.to_vec(), &mut fields);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let fields = fields.into_iter();
        match read {
            Ok(_) => fields
                .map(|(name, value, _)| (text(name), text(value)))
                .collect(),
            Err(_) => Vec::new(),
        }
    }
}

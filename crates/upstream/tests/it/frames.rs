//! An HTTP/2 server that is written frame by frame, so that it can misbehave.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;

/// `:status: 200`, as HPACK has it (RFC 7541, appendix A).
pub(crate) const OK: &[u8] = &[0x88];

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The error code of `RST_STREAM`.
    pub(crate) fn code(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().unwrap())
    }
}

pub(crate) struct Peer {
    stream: TcpStream,
    /// Whether PINGs are answered.
    pub(crate) answers_pings: bool,
}

impl Peer {
    /// Reads the preface and sends settings, which are pairs of id and value.
    pub(crate) async fn accept(stream: TcpStream, settings: &[(u16, u32)]) -> Option<Self> {
        let mut peer = Self::accept_silently(stream).await?;
        peer.settings(settings).await;
        Some(peer)
    }

    /// Reads the preface.
    pub(crate) async fn accept_silently(mut stream: TcpStream) -> Option<Self> {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.ok()?;
        Some(Self {
            stream,
            answers_pings: true,
        })
    }

    /// Sends settings.
    pub(crate) async fn settings(&mut self, settings: &[(u16, u32)]) {
        let mut payload = Vec::new();
        for (id, value) in settings {
            payload.extend(id.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        self.write(SETTINGS, 0, 0, &payload).await;
    }

    pub(crate) async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        // The client may be gone, as some tests want it.
        let _ = self.stream.write_all(&frame).await;
    }

    /// The next frame. `None` at the end of the connection.
    pub(crate) async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        let frame = Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes(head[5..].try_into().unwrap()),
            payload,
        };
        match (frame.kind, frame.flags & ACK) {
            (SETTINGS, 0) => self.write(SETTINGS, ACK, 0, &[]).await,
            (PING, 0) if self.answers_pings => {
                self.write(PING, ACK, 0, &frame.payload).await;
            }
            _ => {}
        }
        Some(frame)
    }

    /// The next frame of a kind.
    pub(crate) async fn next(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.read().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// Answers a request with 200 and a text.
    pub(crate) async fn answer(&mut self, stream: u32, text: &str) {
        self.write(HEADERS, END_HEADERS, stream, OK).await;
        self.write(DATA, END_STREAM, stream, text.as_bytes()).await;
    }

    /// Answers every request.
    pub(crate) async fn answer_all(mut self, text: &str) {
        while let Some(request) = self.next(HEADERS).await {
            self.answer(request.stream, text).await;
        }
    }

    pub(crate) async fn reset(&mut self, stream: u32, code: u32) {
        self.write(RST_STREAM, 0, stream, &code.to_be_bytes()).await;
    }

    pub(crate) async fn pong(&mut self, ping: &Frame) {
        self.write(PING, ACK, 0, &ping.payload).await;
    }

    pub(crate) async fn go_away(&mut self, last: u32, code: u32) {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.write(GOAWAY, 0, 0, &payload).await;
    }
}

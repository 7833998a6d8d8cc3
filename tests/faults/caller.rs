//! A caller that misbehaves as a script says, on a raw socket, and what it is
//! told.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use tonic::Code;

use crate::calls::Failure;
use crate::http2::{self as wire, HeaderReader};
use crate::upstream::Upstream;

/// Something that a caller does.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The preface of HTTP/2 and these SETTINGS.
    Preface(&'static [(u16, u32)]),
    Bytes(&'static [u8]),
    Make(fn() -> Vec<u8>),
    /// The head of a call, on the next stream; the flag ends the stream.
    Head(Head, bool),
    /// DATA on that stream.
    Data(&'static [u8], bool),
    MakeData(fn() -> Vec<u8>, bool),
    /// DATA on that stream a byte at a time, without end.
    Drip(&'static [u8]),
    /// Frames for that stream, so many times.
    Repeat(fn(u32) -> Vec<u8>, usize),
    /// So many whole calls, each on the next stream.
    Calls(Head, usize),
    /// So many calls that are reset as soon as they are made.
    Resets(Head, usize),
    /// Waits until the upstream has seen a request.
    UntilUpstream,
    Reset(u32),
    /// Hangs up.
    Close,
    /// Hangs up with RST.
    Abort,
}

/// The head of a call.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) fields: &'static [(&'static str, &'static str)],
}

impl Head {
    fn fields(&self) -> Vec<(&'static str, &'static str)> {
        let mut fields = vec![
            (":method", self.method),
            (":scheme", "http"),
            (":path", self.path),
            (":authority", "localhost"),
        ];
        fields.extend(self.fields);
        fields
    }
}

/// A call that is well formed.
pub(crate) const GET_USER: Head = Head {
    method: "POST",
    path: "/web1on1.v2.UserService/GetUser",
    fields: &[
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("grpc-timeout", "5S"),
    ],
};

/// Its message: the user `me`.
pub(crate) const ME: &[u8] = b"\0\0\0\0\x04\x0a\x02me";

/// How long a caller waits to be told.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// What a caller was told of one call.
#[derive(Debug, Default, Clone)]
pub(crate) struct Told {
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    ended: bool,
    /// The code of `RST_STREAM`.
    pub(crate) reset: Option<u32>,
}

impl Told {
    pub(crate) fn is_over(&self) -> bool {
        self.ended || self.reset.is_some()
    }

    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().rev().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn http_status(&self) -> Option<u16> {
        self.field(":status")?.parse().ok()
    }

    /// The gRPC status: of the trailers, or of gRPC-Web the last frame of the
    /// body.
    pub(crate) fn status(&self) -> Option<Failure> {
        use base64::Engine as _;
        use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

        let trailers = self.web_trailers();
        let field = |name: &str| {
            self.field(name).map(ToOwned::to_owned).or_else(|| {
                trailers.lines().find_map(|line| {
                    let (field, value) = line.split_once(':')?;
                    (field == name).then(|| value.trim().to_owned())
                })
            })
        };
        let code = Code::from_i32(field("grpc-status")?.parse().ok()?);
        let details = field("grpc-status-details-bin").unwrap_or_default();
        let details = STANDARD_NO_PAD
            .decode(&details)
            .or_else(|_| STANDARD.decode(&details))
            .unwrap_or_default();
        let message = field("grpc-message").unwrap_or_default();
        Some(Failure::decoded(code, &message, &details))
    }

    fn web_trailers(&self) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;

        let is_text = self
            .field("content-type")
            .is_some_and(|value| value.starts_with("application/grpc-web-text"));
        // Each piece of a text may be padded.
        let decoded = |text: &[u8]| -> Vec<u8> {
            text.chunks(4)
                .flat_map(|piece| STANDARD.decode(piece).unwrap_or_default())
                .collect()
        };
        let body = if is_text {
            decoded(&self.body)
        } else {
            self.body.clone()
        };
        let mut rest = body.as_slice();
        while let Some((head, behind)) = rest.split_at_checked(5) {
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let Some((content, behind)) = behind.split_at_checked(length) else {
                break;
            };
            if head[0] & 0x80 != 0 {
                return String::from_utf8_lossy(content).into_owned();
            }
            rest = behind;
        }
        String::new()
    }
}

/// A connection to a gateway, byte by byte.
pub(crate) struct Conversation {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    headers: HeaderReader,
    /// The stream of the last call.
    stream: u32,
    /// Whether the caller takes what it is sent.
    reads: bool,
    /// Whether the caller has sent preface and SETTINGS, and so may answer.
    greeted: bool,
    pub(crate) told: BTreeMap<u32, Told>,
    /// The code of GOAWAY.
    pub(crate) go_away: Option<u32>,
    /// Whether the gateway has hung up.
    pub(crate) closed: bool,
    read: Vec<u8>,
    /// The block of HEADERS that goes on.
    block: Vec<u8>,
    /// What the gateway said that was not HTTP/2.
    pub(crate) text: String,
}

impl Conversation {
    pub(crate) async fn start(gateway: SocketAddr, reads: bool) -> io::Result<Self> {
        let stream = TcpStream::connect(gateway).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok(Self {
            reader,
            writer,
            headers: HeaderReader::default(),
            stream: 0,
            reads,
            greeted: false,
            told: BTreeMap::new(),
            go_away: None,
            closed: false,
            read: Vec::new(),
            block: Vec::new(),
            text: String::new(),
        })
    }

    /// Does what the script says, and listens meanwhile. Returns false if the
    /// caller has left.
    pub(crate) async fn follow(&mut self, script: &[Step], upstream: &Upstream) -> bool {
        for step in script {
            match *step {
                Step::Preface(settings) => {
                    self.greeted = true;
                    self.send(&[wire::PREFACE, &wire::settings(settings)].concat())
                        .await;
                }
                Step::Bytes(bytes) => self.send(bytes).await,
                Step::Make(make) => self.send(&make()).await,
                Step::Head(head, end) => self.open(&head, end).await,
                Step::Data(content, end) => self.send(&wire::data(self.stream, content, end)).await,
                Step::MakeData(make, end) => {
                    self.send(&wire::data(self.stream, &make(), end)).await;
                }
                Step::Drip(bytes) => {
                    for byte in bytes.iter().cycle() {
                        self.send(&wire::data(self.stream, &[*byte], false)).await;
                        self.listen(Duration::from_millis(20)).await;
                        if self.is_over() {
                            break;
                        }
                    }
                }
                Step::Repeat(make, times) => {
                    for _ in 0..times {
                        self.send(&make(self.stream)).await;
                    }
                }
                Step::Calls(head, times) => {
                    for _ in 0..times {
                        self.open(&head, false).await;
                        self.send(&wire::data(self.stream, ME, true)).await;
                    }
                }
                Step::Resets(head, times) => {
                    for _ in 0..times {
                        self.open(&head, false).await;
                        let mut bytes = wire::data(self.stream, ME, true);
                        bytes.extend(wire::reset(self.stream, 8));
                        self.send(&bytes).await;
                        self.told.remove(&self.stream);
                    }
                }
                Step::UntilUpstream => {
                    let begun = std::time::Instant::now();
                    while upstream.attempts() == 0 && begun.elapsed() < PATIENCE {
                        self.listen(Duration::from_millis(10)).await;
                    }
                }
                Step::Reset(code) => {
                    self.send(&wire::reset(self.stream, code)).await;
                    self.told.remove(&self.stream);
                }
                Step::Close => return false,
                Step::Abort => {
                    let stream: &TcpStream = self.writer.as_ref();
                    let _ = stream.set_zero_linger();
                    return false;
                }
            }
        }
        true
    }

    /// Opens a stream, and remembers that it waits to be told something.
    async fn open(&mut self, head: &Head, end: bool) {
        self.stream = if self.stream == 0 { 1 } else { self.stream + 2 };
        self.told.insert(self.stream, Told::default());
        self.send(&wire::headers(self.stream, &head.fields(), end))
            .await;
    }

    /// Makes a well-formed call. Returns what it was told.
    pub(crate) async fn call(&mut self) -> Told {
        self.reads = true;
        self.open(&GET_USER, false).await;
        self.send(&wire::data(self.stream, ME, true)).await;
        self.listen_to_the_end(PATIENCE).await;
        self.told.remove(&self.stream).unwrap_or_default()
    }

    /// Sends, and listens where the gateway does not take it.
    async fn send(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.closed {
            match self.writer.try_write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.listen(Duration::from_millis(1)).await;
                }
                // What was said before may still be there to be read.
                Err(_) => self.listen_until(PATIENCE, |told| told.closed).await,
            }
        }
    }

    /// Returns whether nothing else is to come.
    fn is_over(&self) -> bool {
        let has_called = self.stream != 0;
        self.closed || has_called && self.told.values().all(Told::is_over)
    }

    /// Listens until everything is told, or patience ends.
    pub(crate) async fn listen_to_the_end(&mut self, patience: Duration) {
        self.listen_until(patience, Self::is_over).await;
    }

    async fn listen(&mut self, time: Duration) {
        self.listen_until(time, |_| false).await;
    }

    async fn listen_until(&mut self, time: Duration, is_enough: impl Fn(&Self) -> bool) {
        let listening = async {
            while !self.closed && !is_enough(self) {
                self.take().await;
            }
        };
        // Time that passes is one way to end.
        let _ = timeout(time, listening).await;
    }

    /// Takes what has arrived, or waits for something to arrive.
    async fn take(&mut self) {
        // Reading into a buffer of our own may be cut short at any time.
        self.read.reserve(16 << 10);
        if !matches!(self.reader.read_buf(&mut self.read).await, Ok(1..)) {
            self.closed = true;
        }
        if self.read.starts_with(b"HTTP/") || !self.text.is_empty() {
            self.text
                .push_str(&String::from_utf8_lossy(&std::mem::take(&mut self.read)));
            return;
        }
        let mut answer = Vec::new();
        while let Some(frame) = next_frame(&mut self.read) {
            self.hear(&frame, &mut answer);
        }
        if self.greeted && !answer.is_empty() {
            // Where it is not taken the gateway has too much to say.
            let _ = self.writer.try_write(&answer);
        }
    }

    fn hear(&mut self, frame: &wire::Frame, answer: &mut Vec<u8>) {
        let told = self.told.get_mut(&frame.stream);
        match frame.kind {
            wire::HEADERS | wire::CONTINUATION => {
                self.block.extend(&frame.payload);
                if frame.has(wire::END_HEADERS) {
                    let fields = self.headers.read(&std::mem::take(&mut self.block));
                    if let Some(told) = told {
                        told.fields.extend(fields);
                        told.ended |= frame.kind == wire::HEADERS && frame.has(wire::END_STREAM);
                    }
                }
            }
            wire::DATA => {
                if self.reads && !frame.payload.is_empty() {
                    answer.extend(wire::window_update(0, frame.payload.len()));
                }
                if let Some(told) = told {
                    told.body.extend(&frame.payload);
                    told.ended |= frame.has(wire::END_STREAM);
                    if self.reads && !frame.payload.is_empty() && !told.ended {
                        answer.extend(wire::window_update(frame.stream, frame.payload.len()));
                    }
                }
            }
            wire::RST_STREAM => {
                if let Some(told) = told {
                    // What follows the first one is about frames that were on
                    // their way.
                    told.reset.get_or_insert(frame.number(0));
                }
            }
            wire::GOAWAY => self.go_away = Some(frame.number(4)),
            wire::SETTINGS | wire::PING if !frame.has(wire::ACK) => {
                let payload = match frame.kind {
                    wire::PING => frame.payload.as_slice(),
                    _ => &[],
                };
                answer.extend(wire::frame(frame.kind, wire::ACK, 0, payload));
            }
            _ => {}
        }
    }
}

fn next_frame(read: &mut Vec<u8>) -> Option<wire::Frame> {
    let head: [u8; 9] = read.get(..9)?.try_into().ok()?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let end = 9 + u32::from_be_bytes([0, a, b, c]) as usize;
    let payload = read.get(9..end)?.to_vec();
    read.drain(..end);
    Some(wire::Frame {
        kind,
        flags,
        stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        payload,
    })
}

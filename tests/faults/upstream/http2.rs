//! An HTTP/2 connection of the upstream.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::server::TlsStream;

use super::{Act, DRIP, Last, On, Open, Reply, Script, Shared, follow};
use crate::http2::{self as wire, Frame};

type Connection = TlsStream<TcpStream>;
type Writer = Arc<Mutex<WriteHalf<Connection>>>;

/// The settings of an upstream that is well again.
const DEFAULTS: &[(u16, u32)] = &[(3, 100), (4, 65_535)];

/// What the parts of a connection tell its loop.
enum Event {
    Arrived(Frame),
    /// The other side has hung up.
    HungUp,
    /// A script has ended the upstream's side of a stream.
    Ended(u32),
    /// A script has reset a stream.
    Reset(u32),
    /// A script ends the connection.
    Close,
}

/// A stream that is not closed on both sides.
struct Stream {
    request_ended: bool,
    reply_ended: bool,
    meets_script: bool,
    script: Option<AbortHandle>,
    /// How much of the connection's window its unread bytes take.
    unread: usize,
    _open: Open,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(connection: Connection, shared: &Arc<Shared>) {
    let mut connection = connection;
    let mut preface = [0; wire::PREFACE.len()];
    if connection.read_exact(&mut preface).await.is_err() || preface != *wire::PREFACE {
        return;
    }
    if let Script::InsteadOfSettings(steps) = shared.script
        && shared.meets_script()
    {
        let _faulty = Open::count(&shared.faulty);
        let _ = follow(connection, steps, shared).await;
        return;
    }
    let settings = match shared.script {
        Script::OnHeaders(settings, _) => settings,
        _ => &[],
    };
    let (reader, writer) = tokio::io::split(connection);
    let writer = Arc::new(Mutex::new(writer));
    send(&writer, &wire::settings(settings)).await;
    let (events, mut happened) = mpsc::channel(64);
    let mut connection = Served {
        shared,
        writer,
        events: events.clone(),
        streams: HashMap::new(),
        silent: Arc::default(),
        tasks: JoinSet::new(),
    };
    connection.tasks.spawn(read_all(reader, events));
    if !settings.is_empty() {
        let (writer, shared) = (Arc::clone(&connection.writer), Arc::clone(shared));
        connection.tasks.spawn(async move {
            shared.after().await;
            send(&writer, &wire::settings(DEFAULTS)).await;
        });
    }
    while let Some(event) = happened.recv().await {
        match event {
            Event::Arrived(frame) => connection.take(frame).await,
            Event::HungUp | Event::Close => return,
            Event::Ended(id) => connection.end(id, |stream| stream.reply_ended = true),
            Event::Reset(id) => {
                connection.streams.remove(&id);
            }
        }
    }
}

async fn read_all(mut reader: ReadHalf<Connection>, events: mpsc::Sender<Event>) {
    while let Ok(frame) = wire::read(&mut reader).await {
        if events.send(Event::Arrived(frame)).await.is_err() {
            return;
        }
    }
    let _ = events.send(Event::HungUp).await;
}

async fn send(writer: &Writer, bytes: &[u8]) -> bool {
    let mut writer = writer.lock().await;
    writer.write_all(bytes).await.is_ok() && writer.flush().await.is_ok()
}

struct Served<'a> {
    shared: &'a Arc<Shared>,
    writer: Writer,
    events: mpsc::Sender<Event>,
    streams: HashMap<u32, Stream>,
    silent: Arc<AtomicBool>,
    tasks: JoinSet<()>,
}

impl Served<'_> {
    async fn take(&mut self, frame: Frame) {
        if self.silent.load(Ordering::SeqCst) {
            return;
        }
        let id = frame.stream;
        match frame.kind {
            wire::HEADERS => {
                let meets_script = self.shared.meets_script();
                let stream = Stream {
                    request_ended: false,
                    reply_ended: false,
                    meets_script,
                    script: None,
                    unread: 0,
                    _open: Open::count(&self.shared.streams),
                };
                self.streams.insert(id, stream);
                if meets_script && let Script::OnHeaders(_, acts) = self.shared.script {
                    self.follow(id, acts);
                }
            }
            wire::DATA => self.take_data(&frame).await,
            wire::RST_STREAM => {
                if let Some(stream) = self.streams.remove(&id) {
                    if let Some(script) = stream.script {
                        script.abort();
                    }
                    if stream.unread > 0 {
                        send(&self.writer, &wire::window_update(0, stream.unread)).await;
                    }
                }
            }
            wire::SETTINGS | wire::PING if !frame.has(wire::ACK) => {
                let payload = match frame.kind {
                    wire::PING => frame.payload.as_slice(),
                    _ => &[],
                };
                send(
                    &self.writer,
                    &wire::frame(frame.kind, wire::ACK, 0, payload),
                )
                .await;
            }
            _ => {}
        }
        if matches!(frame.kind, wire::HEADERS | wire::DATA) && frame.has(wire::END_STREAM) {
            self.answer(id).await;
            self.end(id, |stream| stream.request_ended = true);
        }
    }

    /// Lets the other side send on, unless the script is about not doing so.
    async fn take_data(&mut self, frame: &Frame) {
        let size = frame.payload.len();
        if size == 0 {
            return;
        }
        let mut updates = Vec::new();
        if let Some(stream) = self.streams.get_mut(&frame.stream) {
            if stream.meets_script && matches!(self.shared.script, Script::OnHeaders(..)) {
                stream.unread += size;
                return;
            }
            updates.extend(wire::window_update(frame.stream, size));
        }
        updates.extend(wire::window_update(0, size));
        send(&self.writer, &updates).await;
    }

    /// Answers a request that is whole.
    async fn answer(&mut self, id: u32) {
        let Some(stream) = self.streams.get(&id) else {
            return;
        };
        let meets_script = stream.meets_script;
        match self.shared.script {
            Script::OnHeaders(..) if meets_script => {}
            Script::OnStream(acts) if meets_script => self.follow(id, acts),
            Script::Reply(reply) if meets_script => self.reply(id, &reply).await,
            _ => {
                let head = [(":status", "200"), ("content-type", "application/json")];
                let mut bytes = wire::headers(id, &head, false);
                bytes.extend(wire::data(id, self.shared.good.as_bytes(), true));
                send(&self.writer, &bytes).await;
                self.end(id, |stream| stream.reply_ended = true);
            }
        }
    }

    async fn reply(&mut self, id: u32, reply: &Reply) {
        let status = reply.status.to_string();
        let body = reply.body.bytes();
        let mut fields = vec![(":status", status.as_str())];
        fields.extend(reply.fields);
        let mut bytes = wire::headers(id, &fields, body.is_empty());
        if !body.is_empty() {
            bytes.extend(wire::data(id, &body, true));
        }
        send(&self.writer, &bytes).await;
        self.end(id, |stream| stream.reply_ended = true);
    }

    /// Follows the script beside the other streams.
    fn follow(&mut self, id: u32, acts: &'static [Act]) {
        let (writer, events) = (Arc::clone(&self.writer), self.events.clone());
        let (silent, shared) = (Arc::clone(&self.silent), Arc::clone(self.shared));
        let script = self.tasks.spawn(async move {
            for act in acts {
                if !take(*act, id, &writer, &events, &silent, &shared).await {
                    return;
                }
            }
        });
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.script = Some(script);
        }
    }

    fn end(&mut self, id: u32, side: impl FnOnce(&mut Stream)) {
        if let Some(stream) = self.streams.get_mut(&id) {
            side(stream);
            if stream.request_ended && stream.reply_ended {
                self.streams.remove(&id);
            }
        }
    }
}

/// Acts once. Returns false if nothing else is to be done.
async fn take(
    act: Act,
    id: u32,
    writer: &Writer,
    events: &mpsc::Sender<Event>,
    silent: &AtomicBool,
    shared: &Shared,
) -> bool {
    let mut event = None;
    let bytes = match act {
        Act::Headers(fields, end) => {
            event = end.then_some(Event::Ended(id));
            wire::headers(id, fields, end)
        }
        Act::MakeHeaders(make) => {
            let fields = make();
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            wire::headers(id, &fields, false)
        }
        Act::Data(content, end) => {
            event = end.then_some(Event::Ended(id));
            wire::data(id, content, end)
        }
        Act::Frame(kind, flags, on, payload) => {
            let stream = match on {
                On::Call => id,
                On::Connection => 0,
                On::Stream(other) => other,
            };
            wire::frame(kind, flags, stream, payload)
        }
        Act::Drip => {
            while send(writer, &wire::data(id, b" ", false)).await {
                tokio::time::sleep(DRIP).await;
            }
            return false;
        }
        Act::Flood(make) => {
            let bytes = make(id);
            while !shared.is_after() && send(writer, &bytes).await {
                // The other tests need some of the machine, too.
                tokio::time::sleep(super::FLOOD_PAUSE).await;
            }
            return false;
        }
        Act::ResetStream(code) => {
            event = Some(Event::Reset(id));
            wire::reset(id, code)
        }
        Act::GoAway(last, code) => {
            let last = match last {
                Last::None => 0,
                Last::Call => id,
                Last::Any => 0x7fff_ffff,
            };
            wire::go_away(last, code)
        }
        Act::Stall => return false,
        Act::Silence => {
            silent.store(true, Ordering::SeqCst);
            return false;
        }
        Act::Close => {
            let _ = events.send(Event::Close).await;
            return false;
        }
    };
    let sent = send(writer, &bytes).await;
    if let Some(event) = event {
        let _ = events.send(event).await;
    }
    sent
}

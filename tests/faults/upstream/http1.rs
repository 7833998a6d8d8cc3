//! An HTTP/1.1 connection of the upstream.

use std::fmt::Write as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Body, Open, Reply, Script, Shared, follow};

/// Serves a connection until either side ends it.
pub(super) async fn serve(stream: TcpStream, shared: &Shared) {
    let mut stream = stream;
    if let Script::OnAccept(steps) = shared.script
        && shared.meets_script()
    {
        let _faulty = Open::count(&shared.faulty);
        let _ = follow(stream, steps, shared).await;
        return;
    }
    // A connection that met the script counts for as long as it is open.
    let mut faulty = None;
    let mut read = Vec::new();
    while let Some(body) = read_head(&mut stream, &mut read).await {
        let meets = shared.meets_script();
        if meets && faulty.is_none() {
            faulty = Some(Open::count(&shared.faulty));
        }
        let went_on = match shared.script {
            Script::OnHead(steps) if meets => follow(stream, steps, shared).await,
            script => {
                if !read_body(&mut stream, &mut read, body).await {
                    return;
                }
                match script {
                    Script::OnRequest(steps) if meets => follow(stream, steps, shared).await,
                    Script::Reply(reply) if meets => send(stream, &reply).await,
                    _ => send(stream, &good(shared.good)).await,
                }
            }
        };
        let Some(connection) = went_on else { return };
        stream = connection;
    }
}

fn good(body: &'static str) -> Reply {
    Reply {
        status: 200,
        fields: &[("content-type", "application/json")],
        body: Body::Bytes(body.as_bytes()),
    }
}

async fn send(mut stream: TcpStream, reply: &Reply) -> Option<TcpStream> {
    let body = reply.body.bytes();
    let mut head = format!("HTTP/1.1 {} Words\r\n", reply.status);
    for (name, value) in reply.fields {
        write!(head, "{name}: {value}\r\n").expect("strings take everything");
    }
    if !matches!(reply.status, 204 | 304) {
        write!(head, "content-length: {}\r\n", body.len()).expect("strings take everything");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body).await.ok()?;
    Some(stream)
}

/// How the body of a request is framed.
#[derive(Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
}

/// Reads up to the end of a head. What is read of the body stays in `read`.
async fn read_head(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Framing> {
    loop {
        if let Some(end) = find(read, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            read.drain(..end + 4);
            if head.contains("transfer-encoding: chunked") {
                return Some(Framing::Chunked);
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(Some(0), |length| length.trim().parse().ok())?;
            return Some(Framing::Length(length));
        }
        read_more(stream, read).await?;
    }
}

/// Reads a body and drops it. Returns false if the connection ended before.
async fn read_body(stream: &mut TcpStream, read: &mut Vec<u8>, framing: Framing) -> bool {
    const LAST_CHUNK: &[u8] = b"0\r\n\r\n";
    loop {
        match framing {
            Framing::Length(length) if read.len() >= length => {
                read.drain(..length);
                return true;
            }
            Framing::Chunked if read.ends_with(LAST_CHUNK) => {
                read.clear();
                return true;
            }
            // Nobody sends a request before the one before it is answered.
            Framing::Chunked => {
                let kept = read.len().saturating_sub(LAST_CHUNK.len());
                read.drain(..kept);
            }
            Framing::Length(_) => {}
        }
        if read_more(stream, read).await.is_none() {
            return false;
        }
    }
}

async fn read_more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    read.reserve(64 << 10);
    match stream.read_buf(read).await {
        Ok(1..) => Some(()),
        _ => None,
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

//! Clients that begin handshakes and do not end them.

use tls::ServerTls;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::authority::{Authority, Files};
use crate::support::{Server, client, for_localhost, soon};

/// The beginning of a handshake.
const BEGINNING: &[u8] = b"\x16\x03\x01\x02\x00\x01";

/// So many connections with half a handshake.
async fn half_open(server: &Server, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(server.address)
            .await
            .expect("it listens");
        stream.write_all(BEGINNING).await.expect("it is sent");
        streams.push(stream);
    }
    streams
}

async fn server(files: &Files, authority: &Authority, max_handshakes: usize) -> Server {
    let tls = ServerTls {
        max_handshakes,
        ..for_localhost(files, authority)
    };
    Server::start(tls).await
}

#[tokio::test]
async fn a_slow_handshake_does_not_hinder_another() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let server = server(&files, &authority, 16).await;
    let slow = half_open(&server, 3).await;
    let client = client(&files, &authority, None);
    soon(server.greet(&client)).await.expect("there is a turn");
    drop(slow);
}

#[tokio::test]
async fn handshakes_beyond_the_bound_wait_until_others_have_ended() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let server = server(&files, &authority, 16).await;
    let slow = half_open(&server, 50).await;
    let client = client(&files, &authority, None);
    let mut greeting = Box::pin(server.greet(&client));
    tokio::select! {
        biased;
        _ = &mut greeting => panic!("a handshake had a turn beyond the bound"),
        () = all_are_waited_for() => {}
    }
    drop(slow);
    soon(greeting).await.expect("the turns have come back");
    soon(server.greet(&client)).await.expect("and stay");
}

/// Lets the server do what it can by itself.
async fn all_are_waited_for() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

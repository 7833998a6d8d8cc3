//! The bounds on the number of connections and on the size of requests.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use super::served::{Client, LAST, ONE, Served, patient};
use super::*;
use crate::ServerLimits;

/// The head of a request without a token, whose body is waited for.
fn login(length: usize) -> String {
    format!(
        "POST /v2/auth/token HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// Logs in, which takes the database.
async fn log_in(client: &mut Client) -> Reply {
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    client.send(login(body.len()) + &body).await;
    client.reply().await
}

#[tokio::test]
async fn half_requests_make_room_for_a_whole_one() {
    let served = Served::start(ServerLimits {
        max_connections: 40,
        ..patient()
    })
    .await;
    let mut half = Vec::new();
    for _ in 0..60 {
        let mut client = served.connect().await;
        client.send("GET /hea").await;
        half.push(client);
    }
    served.works().await;
    drop(half);
    served.works().await;
}

#[tokio::test]
async fn the_connection_that_is_idle_the_longest_makes_room() {
    let served = Served::start(ServerLimits {
        max_connections: 3,
        ..patient()
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = served.connect().await;
        client.send(ONE).await;
        client.reply().await.with_status(200);
        clients.push(client);
    }
    served.works().await;
    clients.remove(0).closed().await;
    for client in &mut clients {
        client.send(ONE).await;
        client.reply().await.with_status(200);
    }
}

#[tokio::test]
async fn a_connection_that_is_used_makes_no_room() {
    let served = Served::start(ServerLimits {
        max_connections: 1,
        ..patient()
    })
    .await;
    let mut used = expecting(&served).await;
    let mut waiting = served.connect().await;
    waiting.send(ONE).await;
    used.send("{}").await;
    used.reply().await.violates(&[""]);
    drop(used);
    waiting.reply().await.with_status(200);
}

#[tokio::test]
async fn connections_that_wait_get_their_turn() {
    let served = Served::start(ServerLimits {
        max_connections: 2,
        ..patient()
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        let mut client = served.connect().await;
        client.send(LAST).await;
        clients.push(client);
    }
    for client in &mut clients {
        client.reply().await.with_status(200);
    }
}

/// A client whose request is under way: its body of two bytes is waited for.
async fn expecting(served: &Served) -> Client {
    let mut client = served.connect().await;
    let head = login(2).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    client.send(head).await;
    client.reply().await.with_status(100);
    client
}

#[tokio::test]
async fn one_peer_cannot_have_all_connections() {
    let served = Served::start(ServerLimits {
        max_connections_per_peer: 2,
        ..patient()
    })
    .await;
    let one = expecting(&served).await;
    let mut other = expecting(&served).await;
    served.connect().await.closed().await;
    drop(one);
    other.send("{}").await;
    other.reply().await.violates(&[""]);
    served.works().await;
}

/// Says to this test that it is the server.
const SERVER: &str = "WEB1ON1_TEST_DESCRIPTORS";

/// The server runs in a process of its own, because the clients need descriptors
/// too.
#[cfg(unix)]
#[tokio::test]
async fn half_requests_leave_descriptors_for_files_and_the_database() {
    if std::env::var_os(SERVER).is_some() {
        let served = Served::start(patient()).await;
        println!("\nat {}", served.address);
        let wait = || std::io::stdin().read_to_end(&mut Vec::new());
        tokio::task::spawn_blocking(wait)
            .await
            .expect("waits")
            .expect("reads");
        return;
    }
    let name = "tests::limits::half_requests_leave_descriptors_for_files_and_the_database";
    let mut server = Command::new("sh")
        .args(["-c", "ulimit -n 256 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this is a program"))
        .args(["--exact", name, "--nocapture"])
        .env(SERVER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh starts");
    let mut lines = BufReader::new(server.stdout.take().expect("is piped")).lines();
    // They are kept, so that the server can write on.
    let address = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("at ")?.parse().ok())
        .expect("the server says where it is");
    let mut half = Vec::new();
    for _ in 0..260 {
        let mut client = Client::connect(address).await;
        client.send("GET /hea").await;
        half.push(client);
    }
    let mut client = Client::connect(address).await;
    log_in(&mut client).await.created();
    drop(half);
    let mut client = Client::connect(address).await;
    log_in(&mut client).await.created();
    // It ends with its input.
    drop(server.stdin.take());
    let ended = server.wait().expect("can be waited for");
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn who_sends_all_of_a_body_that_is_too_large_reads_the_refusal() {
    let served = Served::start(patient()).await;
    for length in [(1 << 20) + 1, 30 << 20] {
        let mut client = served.connect().await;
        client.send(login(length)).await;
        client.send(vec![b' '; length]).await;
        let reply = client.reply().await;
        assert_eq!(reply.header("connection"), "close");
        reply.error(
            413,
            "BODY_TOO_LARGE",
            "the body is too large: 16 KiB is the most that is read",
        );
        client.closed().await;
    }
    served.works().await;
}

#[tokio::test]
async fn who_does_not_end_a_body_that_is_refused_is_hung_up_on() {
    let served = Served::start(ServerLimits {
        linger_bytes: 1 << 20,
        ..patient()
    })
    .await;
    let mut client = served.connect().await;
    client.send(login(1 << 40)).await;
    client.reply().await.with_status(413);
    let chunk = vec![b' '; 1 << 16];
    let sending = async {
        use tokio::io::AsyncWriteExt as _;
        while client.stream.write_all(&chunk).await.is_ok() {}
    };
    served::within("the client is hung up on", sending).await;
}

#[tokio::test]
async fn a_refusal_that_leaves_little_unread_keeps_the_connection() {
    let served = Served::start(patient()).await;
    let mut client = served.connect().await;
    client
        .send("POST /v2/users HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\n")
        .await;
    client.send("{}").await;
    client.reply().await.with_status(401);
    client.send(ONE).await;
    client.reply().await.with_status(200);
}

async fn check_head(head: String, expected: Option<(u16, &str, &str)>) {
    let served = Served::start(patient()).await;
    let mut client = served.connect().await;
    client.send(head).await;
    let reply = client.reply().await;
    match expected {
        Some((status, reason, message)) => {
            reply.error(status, reason, message);
        }
        // hyper has answered.
        None => assert!(reply.with_status(431).bytes.is_empty(), "there is a body"),
    }
    served.works().await;
}

const HEAD_TOO_LARGE: (u16, &str, &str) = (
    431,
    "HEAD_TOO_LARGE",
    "the head of the request is too large: 32768 bytes and 64 fields are the most that is read",
);

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let head = |length| format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(length));
    check_head(head(33_000), Some(HEAD_TOO_LARGE)).await;
    check_head(head(1 << 20), None).await;
}

#[tokio::test]
async fn a_head_with_too_many_fields_is_refused() {
    let head = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(count));
    check_head(head(65), Some(HEAD_TOO_LARGE)).await;
    check_head(head(1000), None).await;
}

#[tokio::test]
async fn a_target_that_is_too_long_is_refused() {
    let head = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(17_000));
    let message = "the URL is too long: 16384 bytes are the most that is read";
    check_head(head, Some((414, "URI_TOO_LONG", message))).await;
}

//! A server that is told to stop ends what waits at once, and what is under way
//! in time.

use super::served::{LAST, ONE, Served, patient};

#[tokio::test]
async fn what_waits_is_closed_and_what_is_under_way_is_answered() {
    // Nobody is hung up on for being slow.
    let mut served = Served::start(patient()).await;
    let mut idle = served.connect().await;
    idle.send(ONE).await;
    idle.reply().await.with_status(200);
    let mut half = served.connect().await;
    half.send("GET /hea").await;
    let mut under_way = served.connect().await;
    under_way
        .send(
            "POST /v2/auth/token HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n\
             content-length: 2\r\n\r\n",
        )
        .await;
    under_way.reply().await.with_status(100);
    served.stop();
    idle.closed().await;
    half.closed().await;
    under_way.send("{}").await;
    under_way.reply().await.violates(&[""]);
    under_way.closed().await;
    served.stopped().await;
}

#[tokio::test]
async fn a_server_without_requests_stops_at_once() {
    let mut served = Served::start(patient()).await;
    let mut silent = served.connect().await;
    let mut last = served.connect().await;
    last.send(LAST).await;
    last.reply().await.with_status(200);
    served.stop();
    silent.closed().await;
    served.stopped().await;
}

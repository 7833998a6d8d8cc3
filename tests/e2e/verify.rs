//! The backend keeps the contract to the letter, seen by a client that knows
//! the contract alone.

use conformance::record::{Operations, Recorder};
use conformance::report::{Level, Report};
use conformance::verify::{self, Live};

use crate::stack::{Stack, Tasks, listen};

async fn live(url: &str, token: &str, allow_writes: bool) -> Report {
    let options = Live {
        url: url.to_owned(),
        token: token.to_owned(),
        allow_writes,
        ca: None,
    };
    verify::live(&options).await.expect("the backend answers")
}

/// What there is to find, without what only tells that an operation was left
/// out on purpose.
fn serious(report: &Report) -> Vec<String> {
    let serious = report
        .findings
        .iter()
        .filter(|finding| finding.level > Level::Info);
    serious
        .map(|finding| {
            let operation = finding.operation.as_deref().unwrap_or_default();
            let pointer = finding
                .revision
                .as_ref()
                .map_or("", |place| place.pointer.as_str());
            format!("{} {operation} {pointer}: {}", finding.id, finding.message)
        })
        .collect()
}

#[tokio::test]
async fn every_operation_keeps_the_contract() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let report = live(&stack.rest, &token, true).await;
    let found = serious(&report);
    assert!(found.is_empty(), "{found:#?}");
    let coverage = report.coverage.expect("a live verification has coverage");
    assert!(
        coverage.operations.unseen.is_empty(),
        "{:?}",
        coverage.operations.unseen
    );
}

#[tokio::test]
async fn a_verification_leaves_nothing_behind() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let (_, before) = stack.http("GET", "/users", &token, None).await;
    live(&stack.rest, &token, true).await;
    let (_, after) = stack.http("GET", "/users", &token, None).await;
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_verification_that_may_not_write_only_reads() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let report = live(&stack.rest, &token, false).await;
    assert_eq!(serious(&report), [""; 0]);
    let writes = contract::catalogue()
        .iter()
        .filter(|operation| operation.method != "GET");
    let told = report
        .findings
        .iter()
        .filter(|finding| finding.message.contains("--allow-writes"));
    assert_eq!(told.count(), writes.count());
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_told() {
    let stack = Stack::start().await;
    let report = live(&stack.rest, "not-a-token", false).await;
    let found = serious(&report);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("response-unexpected-status GET /users/{user_id}"));
}

#[tokio::test]
async fn what_a_recorder_writes_of_a_verification_keeps_the_contract() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let out = tempfile::tempdir().expect("a directory");
    let origin = stack.rest.trim_end_matches(contract::operation::BASE_PATH);
    let recorder = Recorder::new(
        origin,
        None,
        out.path(),
        Operations::built_in(),
        |written| {
            written.expect("the directory can be written");
        },
    )
    .expect("a recorder");
    let (listener, address) = listen().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut tasks = Tasks::default();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    tasks.spawn(async move {
        let stopped = async { drop(stopped.await) };
        recorder.serve(listener, stopped).await.expect("it serves");
        drop(end);
    });
    let through = live(&format!("http://{address}"), &token, true).await;
    let direct = live(&stack.rest, &token, true).await;
    assert_eq!(serious(&through).len(), serious(&direct).len());
    drop(stop);
    drop(ended.await);

    let report =
        verify::recorded(out.path(), &verify::Against::Contract).expect("exchanges were recorded");
    // What was provoked is wrong on purpose, and its request says so.
    let mut found = serious(&report);
    found.retain(|line| !line.starts_with("request-"));
    assert!(found.is_empty(), "{found:#?}");
    for entry in std::fs::read_dir(out.path()).expect("a directory") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a text");
        assert!(!text.contains(&token), "the token is in {text}");
        assert!(!text.contains("owner@example"), "the owner is in {text}");
    }
}

use std::time::Duration;

use tonic::Code;
use transcode::UpstreamRecord;
use transcode::json::Drift;

use super::*;

fn outcome(rpc: Option<&str>, code: Code, reason: Option<&str>) -> Outcome {
    Outcome {
        rpc: rpc.map(Into::into),
        request_id: "a-request".into(),
        trace: None,
        peer: None,
        subject: None,
        code,
        reason: reason.map(ToOwned::to_owned),
        duration: Duration::from_millis(3),
        received: 10,
        sent: 20,
        upstream: UpstreamRecord::default(),
    }
}

/// Checks that the line is in a scrape after the outcomes.
#[track_caller]
fn check(outcomes: &[Outcome], line: &str) {
    let registry = Registry::default();
    let calls = GatewayCalls::register(&registry, ["a.B/C".into(), "a.B/D".into()]);
    for outcome in outcomes {
        calls.ended(outcome);
    }
    let text = registry.render();
    assert!(
        text.lines().any(|found| found == line),
        "no {line}:\n{text}"
    );
}

#[test]
fn a_call_counts_once_for_its_rpc_and_code() {
    let outcomes = [
        outcome(Some("a.B/C"), Code::Ok, None),
        outcome(Some("a.B/C"), Code::Ok, None),
        outcome(Some("a.B/C"), Code::NotFound, Some("NOT_FOUND")),
    ];
    check(
        &outcomes,
        r#"web1on1_gateway_calls_total{rpc="a.B/C",code="OK"} 2"#,
    );
    check(
        &outcomes,
        r#"web1on1_gateway_calls_total{rpc="a.B/C",code="NOT_FOUND"} 1"#,
    );
    check(
        &outcomes,
        r#"web1on1_gateway_calls_total{rpc="a.B/D",code="OK"} 0"#,
    );
    check(
        &outcomes,
        r#"web1on1_gateway_failures_total{reason="NOT_FOUND"} 1"#,
    );
    check(
        &outcomes,
        r#"web1on1_gateway_call_duration_seconds_count{rpc="a.B/C"} 3"#,
    );
    check(
        &outcomes,
        r#"web1on1_gateway_received_bytes_total{rpc="a.B/C"} 30"#,
    );
}

#[test]
fn whatever_is_called_has_no_series_of_its_own() {
    let outcomes: Vec<_> = (0..1000)
        .map(|n| outcome(Some(&format!("made.Up/{n}")), Code::Unimplemented, None))
        .chain([outcome(None, Code::Unimplemented, None)])
        .collect();
    let line = r#"web1on1_gateway_calls_total{rpc="unknown",code="UNIMPLEMENTED"} 1001"#;
    check(&outcomes, line);
}

#[test]
fn a_reply_drifts_once_in_each_way() {
    let mut drifting = outcome(Some("a.B/C"), Code::Ok, None);
    for path in ["$.one", "$.two"] {
        drifting.upstream.drifts.insert(Drift {
            path: path.to_owned(),
            kind: DriftKind::UndeclaredProperty,
        });
    }
    let line = r#"web1on1_gateway_drift_total{rpc="a.B/C",kind="undeclared_property"} 2"#;
    check(&[drifting.clone(), drifting], line);
}

//! Verifies a server, and then the laws.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use contract::operation::BASE_PATH;
use http::{HeaderMap, Method};

use super::check::Elements;
use super::laws::{
    self, ApiDocument, Coverage, Hints, Law, Laws, Model, Operations, Setting, Shown, Verified,
};
use super::live::run;
use super::server::{Live, LiveError, bearer, counting, run_id, wire};
use crate::report::{Finding, Level, Location, OperationList, Report};

/// Makes a request to every operation, and then verifies every law on every
/// operation that it fits.
///
/// With a document of another API, that document alone says what there is to call.
///
/// # Errors
///
/// The URL or the token is of no use, or nothing answers there.
pub async fn with_laws(options: &Live, laws: &Laws) -> Result<Report, LiveError> {
    with_laws_counting(options, laws, &Arc::default()).await
}

/// Verifies as [`with_laws`] does, and counts the requests in `sent` as they are made.
///
/// # Errors
///
/// As [`with_laws`].
pub async fn with_laws_counting(
    options: &Live,
    laws: &Laws,
    sent: &Arc<AtomicUsize>,
) -> Result<Report, LiveError> {
    let Some(document) = laws.document.clone() else {
        let run = run(options, sent).await?;
        let (mut report, checker) = run.report();
        let setting = Setting {
            wire: counting(wire(options, BASE_PATH)?, sent),
            token: options.token.clone(),
            allow_writes: options.allow_writes,
            run: run_id()?,
            hints: Hints::of_contract(),
            coverage: Coverage::Contract(Box::new(checker)),
        };
        let laws = Laws {
            strict_parameters: true,
            ..laws.clone()
        };
        let model = Model::new(ApiDocument::of_contract());
        let verified = laws::verify(&model, &laws, setting).await;
        report.title = format!("{}, {}", report.title, tried(&verified));
        report.findings.extend(verified.findings);
        report
            .findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.level));
        report.coverage = Some(verified.coverage);
        return Ok(report);
    };
    let model = Model::new(document);
    let setting = Setting {
        wire: counting(wire(options, model.document.base_path())?, sent),
        token: options.token.clone(),
        allow_writes: options.allow_writes,
        run: run_id()?,
        hints: Hints::default(),
        coverage: Coverage::Document(Elements::default()),
    };
    let base = setting.wire.base.clone();
    bearer(options)?;
    reach(&model, &setting).await?;
    let mut verified = laws::verify(&model, laws, setting).await;
    model.document.locate(&mut verified.findings);
    let Operations {
        all,
        called,
        succeeded,
    } = verified.operations;
    if let Some(why) = why_nothing_is_known(verified.shown, called) {
        verified.findings.push(nothing_verified(&base, why));
    }
    verified
        .findings
        .sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(Report {
        title: format!(
            "{base} against {}, {called} of {all} operations, {succeeded} of them with success, {}",
            model.document.source,
            tried(&verified)
        ),
        findings: verified.findings,
        accepted: 0,
        coverage: Some(verified.coverage),
    })
}

/// Why a verification has shown nothing of what the server does when all is well; nothing
/// if it has. `called` is how many operations were called.
fn why_nothing_is_known(shown: Shown, called: usize) -> Option<&'static str> {
    match shown {
        _ if called == 0 => Some(
            "no operation was called, so nothing is known of the server; the notes say why, and \
             --allow-writes may help",
        ),
        Shown { any: false, .. } => Some(
            "no request succeeded, so little is known of the server; is the token right, and the \
             path of the API in the URL?",
        ),
        Shown {
            refused: 1..,
            admitted: 0,
            ..
        } => Some(
            "every request that needs the token was refused, so little is known of the server; is \
             the token right?",
        ),
        _ => None,
    }
}

fn nothing_verified(base: &str, message: &str) -> Finding {
    Finding {
        id: "nothing-verified".to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location::of_text(base, None)),
        message: message.to_owned(),
    }
}

/// How much of the laws was tried, for a title.
fn tried(verified: &Verified) -> String {
    format!(
        "{} of {} laws in {} requests",
        verified.laws,
        Law::ALL.len(),
        verified.requests
    )
}

/// Finds out whether anything answers there, with a request that the document has.
async fn reach(model: &Model, setting: &Setting) -> Result<(), LiveError> {
    let Some(path) = model.plain_path() else {
        return Ok(());
    };
    let url = setting.wire.url(path, &[]);
    let none = HeaderMap::new();
    let sending = setting.wire.send(&Method::GET, &url, &none, Bytes::new());
    match sending.await {
        Ok(_) => Ok(()),
        Err(source) => Err(LiveError::Unreachable { url, source }),
    }
}

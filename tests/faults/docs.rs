//! docs/faults.md, from the tables.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tonic::Code;

use crate::caller_rows::{self, End as CallerEnd, Reaches};
use crate::calls::Call;
use crate::rows::{self, Deadline, End, Fault, Next, RetryInfo};
use crate::upstream::{Script, Version};

const COMMAND: &str = "UPDATE=1 cargo test -p web1on1-tests --test faults docs";

const ABOUT: &str = "\
# Faults, and what comes of them

What the gateway makes of an upstream and of callers that do not behave. Every row is
played by a test, over real sockets. This file is generated from the rows:
`UPDATE=1 cargo test -p web1on1-tests --test faults docs`.

## What always holds

- Every call ends: with its answer, or with its deadline. A call without a deadline has the
  gateway's default, and none is longer than the gateway's maximum.
- Every error has a code and, in its `ErrorInfo`, a reason that a program can tell apart.
- When a call is over, everything of it is over. Over HTTP/1.1 its connection to the upstream
  is closed, unless its reply was complete; over HTTP/2 its stream is reset and the connection
  stays. No task, socket or memory of it is left.
- The next call is answered as if nothing had been, as soon as the upstream is well again.
- Nothing of a reply is ever taken for the answer to another call.

## Reasons, and what to do about them

| reason | code | was it carried out? | what to do |
|---|---|---|---|
| `DEADLINE_EXCEEDED` | DEADLINE_EXCEEDED | perhaps | look at the upstream: it is slow or stalls |
| `DEADLINE_UNATTAINABLE` | DEADLINE_EXCEEDED | no | the deadline was over before anything could be sent |
| `OVERLOADED` | RESOURCE_EXHAUSTED | no | call again after `RetryInfo` |
| `UPSTREAM_UNAVAILABLE` | UNAVAILABLE | no | call again after `RetryInfo`; look whether the upstream is up |
| `UPSTREAM_CONNECTION_LOST` | UNAVAILABLE | perhaps | find out what became of it before calling again, unless the method is idempotent |
| `UPSTREAM_REPLY_BROKEN` | UNAVAILABLE | probably | the same |
| `UPSTREAM_UNTRUSTED` | UNAVAILABLE | no | mend the certificate of the upstream, or `--upstream-ca` |
| `UPSTREAM_REFUSES_CERTIFICATE` | UNAVAILABLE | no | mend `--upstream-cert`, or give the gateway one; the caller is not to blame |
| `UPSTREAM_TLS_FAILED` | UNAVAILABLE | no | look whether the upstream speaks TLS at that port; the log says what failed |
| `CREDENTIALS_REFUSED` | UNAVAILABLE | no | mend the credentials of the gateway; the caller is not to blame |
| `CREDENTIALS_UNAVAILABLE` | UNAVAILABLE | no | call again after `RetryInfo`; the log says why the gateway cannot log in |
| `NOT_ADMITTED` | UNAUTHENTICATED | no | show the gateway a token or a certificate that it knows |
| `CREDENTIALS_OF_GATEWAY` | UNIMPLEMENTED | no | make calls without tokens of the upstream: the gateway logs in itself |
| `UPSTREAM_REPLY_TOO_LARGE` | RESOURCE_EXHAUSTED | probably | ask for less, raise the limit on replies, or stream the list |
| `UPSTREAM_CONTRACT_VIOLATION` | INTERNAL | perhaps | mend the upstream; calling again does not help |
| `UPSTREAM_HTTP_<status>` | by the status | by the status | the upstream said so, without a reason of its own |
| `INVALID_REQUEST` | INVALID_ARGUMENT | no | mend the caller |
| `MESSAGE_TOO_LARGE` | RESOURCE_EXHAUSTED | no | send less, or raise the limit on messages |
| `MALFORMED_MESSAGE` | INTERNAL | no | mend the caller |
| `MESSAGE_COUNT` | UNIMPLEMENTED | no | mend the caller: its number of messages does not fit the rpc |
| `UNSUPPORTED_COMPRESSION` | UNIMPLEMENTED | no | compress with gzip, or not at all |
| `UNKNOWN_METHOD` | UNIMPLEMENTED | no | mend the caller |
| `UPLOAD_INTERRUPTED` | CANCELLED where the caller has cancelled, else as the cause has it | perhaps in part | upload again |
| `GATEWAY_FAULT` | INTERNAL | perhaps | report a fault of the gateway |

## Looking for leaks

`cargo test -p web1on1-tests --test faults leaks` repeats every fault a few dozen times and
counts connections, streams, tasks and bytes. `FAULT_REPETITIONS=10000` before it repeats each
ten thousand times. `FAULT_ONLY='part of a name'` plays some faults alone.
";

const ABOUT_UPSTREAMS: &str = "
# Upstreams

*HTTP* is the version that the upstream speaks, *sent* how often it sees the request (for
faults before a request: how many connections it sees). A call that is *once* meets the fault
on its first attempt only. *Retry* says whether the caller is invited to call again by a
`RetryInfo`. Where several ends are named, RFCs and circumstances leave it open which it is.
";

const ABOUT_CALLERS: &str = "
# Callers

*Carried out* says whether the upstream sees anything of the call.
";

#[test]
fn docs_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).expect("docs/faults.md can be written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/faults.md is stale: {COMMAND}");
}

#[test]
fn no_two_faults_have_the_same_name() {
    let mut names: Vec<_> = crate::matrix::Row::all()
        .iter()
        .map(crate::matrix::Row::name)
        .collect();
    names.extend(crate::callers::selected().into_iter().map(|(name, _)| name));
    names.sort();
    let twice: Vec<_> = names
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| &pair[0])
        .collect();
    assert!(twice.is_empty(), "give one of each another name: {twice:?}");
}

fn page() -> String {
    let mut page = String::from(ABOUT);
    page.push_str(ABOUT_UPSTREAMS);
    for family in rows::FAMILIES {
        write!(
            page,
            "\n## {}\n\n{}\n\n\
             | the upstream | call | HTTP | what the caller is told | retry | sent | its connection |\n\
             |---|---|---|---|---|---|---|\n",
            family.name, family.about
        )
        .expect("strings take everything");
        for fault in family.faults {
            page.push_str(&upstream_row(fault));
        }
    }
    page.push_str(ABOUT_CALLERS);
    for family in caller_rows::FAMILIES {
        write!(
            page,
            "\n## {}\n\n{}\n\n\
             | the caller | what it is told | carried out | its connection |\n\
             |---|---|---|---|\n",
            family.name, family.about
        )
        .expect("strings take everything");
        for fault in family.faults {
            page.push_str(&caller_row(fault));
        }
    }
    page
}

fn upstream_row(fault: &Fault) -> String {
    let versions: Vec<_> = fault
        .versions()
        .iter()
        .map(|version| match version {
            Version::Http1 => "1.1",
            Version::Http2 => "2",
        })
        .collect();
    let mut name = fault.name.to_owned();
    if fault.warm && !name.contains("that was used") {
        name.push_str(", on a connection that was used");
    }
    let mut call = match fault.call {
        Call::Get => "GET",
        Call::Post => "POST",
        Call::Patch => "PATCH",
        Call::Delete => "DELETE",
        Call::List => "GET of a list",
        Call::Stream => "GET of a list, streamed",
        Call::LargePost => "POST of 4 MB",
        Call::Upload => "upload",
    }
    .to_owned();
    if fault.once {
        call.push_str(", once");
    }
    match fault.deadline {
        Deadline::Own => {}
        Deadline::Default => call.push_str(", no deadline"),
        Deadline::TooLong => call.push_str(", too long a deadline"),
    }
    let ends: Vec<_> = fault.ends.iter().map(|end| told(*end)).collect();
    let retry = match fault.retry_info {
        RetryInfo::Legal => String::new(),
        RetryInfo::Absent => "no".to_owned(),
        RetryInfo::Present => "yes".to_owned(),
        RetryInfo::After(delay) => format!("after {delay:?}"),
    };
    let (least, most) = (fault.attempts.least, fault.attempts.most);
    let sent = match (least, most) {
        _ if least == most => most.to_string(),
        // Whatever else is tried belongs to finding out whether it is there.
        (_, 9) => format!("{least} or more"),
        _ => format!("{least} to {most}"),
    };
    let fails = fault.ends.iter().any(|end| matches!(end, End::Fails(..)));
    let connection = match (fault.next, fault.closed, fault.script) {
        (Next::OkSoon, ..) => "found dead and closed",
        (_, _, Script::Refuse) => "",
        (_, true, _) if fault.versions() == [Version::Http1] => "closed",
        (_, true, Script::OnStream(_) | Script::OnHeaders(..)) => "stays; the stream is reset",
        (_, true, _) => "closed",
        (_, false, _) if fails => "",
        _ => "stays",
    };
    format!(
        "| {name} | {call} | {} | {} | {retry} | {sent} | {connection} |\n",
        versions.join(", "),
        ends.join(" or ")
    )
}

fn told(end: End) -> String {
    match end {
        End::Ok("fault" | "") => "OK".to_owned(),
        End::Ok(_) => "OK, of another attempt".to_owned(),
        End::Page(Some(_)) => "OK, with the next page".to_owned(),
        End::Page(None) => "OK, the last page".to_owned(),
        End::Fails(code, reason) => failure(code, reason),
    }
}

fn caller_row(fault: &caller_rows::Fault) -> String {
    let ends: Vec<_> = fault
        .ends
        .iter()
        .map(|end| match end {
            CallerEnd::Ok => "OK".to_owned(),
            CallerEnd::Fails(code, reason) => failure(*code, reason),
            CallerEnd::Code(code) => name_of(*code),
            CallerEnd::Http(status) => format!("HTTP {status}"),
            CallerEnd::Reset => "RST_STREAM".to_owned(),
            CallerEnd::Closed => "the connection is closed".to_owned(),
            CallerEnd::EachByItself => {
                "each by itself: OK, RESOURCE_EXHAUSTED or REFUSED_STREAM".to_owned()
            }
            CallerEnd::Gone => "nothing: it is gone".to_owned(),
        })
        .collect();
    let reaches = match fault.reaches_upstream {
        Reaches::Never => "no",
        Reaches::Once => "yes",
        Reaches::Perhaps => "perhaps",
    };
    let connection = if fault.connection_goes_on {
        "goes on"
    } else {
        ""
    };
    format!(
        "| {} | {} | {reaches} | {connection} |\n",
        fault.name,
        ends.join(" or ")
    )
}

fn failure(code: Code, reason: &str) -> String {
    let code = name_of(code);
    if code == reason {
        return format!("`{reason}`");
    }
    format!("{code} `{reason}`")
}

/// A code as documents spell it.
fn name_of(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

//! The gateway, with credentials of its own and without.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{CreateUserRequest, GetUserRequest, ListUsersRequest, User};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::collector::Collector;
use super::program::{Running, check, program};
use super::rest::{self, Arrived, ask, response};

/// What an upstream answers that misbehaves, by the word in the path.
fn answer(to: &Arrived) -> String {
    let line = &to.line;
    if line.contains("/v2/auth/token") {
        let is_right = line.contains("canary0refreshgiven") || to.rest.contains("canary0password");
        let tokens = r#"{"token":"canary0access","refreshToken":"canary0refresh",
            "expiresAt":"2999-01-01T00:00:00Z"}"#;
        return if is_right {
            response("201 Created\r\nx-note: canary0loginheader", tokens)
        } else {
            response(
                "401 Unauthorized",
                r#"{"error":{"message":"canary0login"}}"#,
            )
        };
    }
    let error = r#"{"error":{"message":"canary0errormessage","details":[
        {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"canary0reason","domain":"canary0domain",
         "metadata":{"canary0key":"canary0value"}},
        {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[
         {"field":"canary0field","description":"canary0description"}]}]}}"#;
    let fails = |status: &str| response(&format!("{status}\r\nx-note: canary0errorheader"), error);
    let good = |body: &str| response("200 OK\r\nx-note: canary0header", body);
    match line {
        line if line.contains("fails") => fails("500 Internal Server Error"),
        line if line.contains("away") => fails("503 Service Unavailable"),
        line if line.contains("refuses") => fails("400 Bad Request"),
        line if line.contains("unknown") => fails("401 Unauthorized"),
        line if line.contains("text") => good("canary0text"),
        line if line.contains("type") => {
            good(r#"{"familyName":{"a":"canary0object"},"id":["canary0element"]}"#)
        }
        line if line.contains("time") => good(r#"{"createdAt":"canary0time"}"#),
        line if line.contains("number") => good(r#"{"settings":{"audioOnChat":"canary0bool"}}"#),
        line if line.contains("head") => "HTTP/1.1 200 OK\r\ncanary0 badhead\r\n\r\n".to_owned(),
        line if line.contains("short") => {
            "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"canary0short\":".to_owned()
        }
        line if line.contains("limit=7") => response(
            "200 OK\r\nlink: </v2/users?offset=canary0offset>; rel=\"next\"",
            "[]",
        ),
        line if line.contains("limit=8") => {
            response("200 OK\r\nlink: <canary0link; rel=\"next\"", "[]")
        }
        line if line.starts_with("GET /v2/users?") => good("[]"),
        _ => good(
            r#"{"familyName":"canary0familyname","role":"canary0role","extra":"canary0extra"}"#,
        ),
    }
}

fn request<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let metadata: &mut MetadataMap = request.metadata_mut();
    metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
    metadata.insert("accept-language", "canary0language".parse().unwrap());
    metadata.insert("x-note", "canary0metadata".parse().unwrap());
    metadata.insert("x-request-id", "canary0 of a caller".parse().unwrap());
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    metadata.insert("traceparent", trace.parse().unwrap());
    metadata.insert("tracestate", "canary0state=1".parse().unwrap());
    metadata.insert("cookie", "canary0cookie".parse().unwrap());
    request
}

/// Calls whatever can go wrong, and returns the errors.
async fn call_all(address: &str, token: &str) -> Vec<Status> {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap();
    let channel = channel.connect().await.expect("the gateway serves");
    let mut users = UserServiceClient::new(channel);
    let mut errors = Vec::new();
    let ids = "good fails away refuses unknown text type time number head short";
    for id in ids.split(' ').chain(["", ".."]) {
        let user_id = if id.len() > 2 {
            format!("canary0path-{id}")
        } else {
            id.to_owned()
        };
        let got = users
            .get_user(request(GetUserRequest { user_id }, token))
            .await;
        errors.extend(got.err());
    }
    for limit in 6..9 {
        let list = ListUsersRequest {
            limit: Some(limit),
            email: Some("canary0query".to_owned()),
            ..ListUsersRequest::default()
        };
        let listed = users.list_users(request(list.clone(), token)).await;
        errors.extend(listed.err());
    }
    let user = User {
        email: Some("canary0email@example.com".to_owned()),
        password: Some("canary0userpassword".to_owned()),
        ..User::default()
    };
    let created = users.create_user(request(CreateUserRequest { user: Some(user) }, token));
    errors.extend(created.await.err());
    errors
}

fn gateway(upstream: SocketAddr) -> std::process::Command {
    let mut command = program();
    command
        .args(["gateway", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .args(["--forward-header", "x-note", "--upstream-retries", "1"])
        .args(["--upstream", &format!("http://{upstream}/v2")]);
    command
}

fn ask_admin(admin: &str) -> String {
    [
        "/healthz", "/readyz", "/canary", "/metrics", "/config", "/drift",
    ]
    .map(|path| ask(admin, &format!("GET {path}"), "", ""))
    .concat()
}

/// Hangs up as a caller of HTTP/2 may: with a GOAWAY that says why (RFC 9113, section
/// 6.8).
fn hang_up(address: &str) {
    const WHY: &[u8] = b"canary0goaway";
    let mut stream = TcpStream::connect(address).expect("it accepts");
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // No settings.
    bytes.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let length = u8::try_from(8 + WHY.len()).expect("it is short");
    // Of stream 0; the last stream was 0, and the reason is INTERNAL_ERROR.
    bytes.extend([0, 0, length, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    bytes.extend(WHY);
    stream.write_all(&bytes).expect("it reads");
    let _ = stream.read_to_end(&mut Vec::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_passes_through_is_shown() {
    let mut command = gateway(rest::server(answer));
    let collector = Collector::of(&mut command);
    let mut running = Running::start(&mut command);
    let (grpc, admin) = (running.told("grpc "), running.told("admin "));
    let caller = grpc.clone();
    tokio::task::spawn_blocking(move || hang_up(&caller))
        .await
        .unwrap();
    let errors = call_all(&grpc, "canary0callertoken").await;
    assert!(errors.len() > 8, "{errors:?}");
    let admin = ask_admin(&admin);
    let seen = running.seen();
    check(
        &(admin + &seen),
        &[
            "a connection ended with an error",
            "the upstream failed",
            "the upstream breaks its contract",
            "the upstream drifts from its contract",
            "there is no reply from the upstream",
            "$.familyName",
        ],
    );
    check(
        &collector.seen(),
        &["web1on1.v2.UserService/GetUser", "http.request.method"],
    );
}

/// Credentials of a gateway, as files in a directory.
fn write_files(directory: &Path) {
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("password", "canary0password\n");
    write("refresh", "canary0refreshgiven\n");
    write("wrong", "canary0wrong\n");
    write("admit", "canary0admittedtoken\n");
}

/// A gateway with credentials, and what its callers and its log are told.
async fn with_credentials(
    arguments: &[&str],
    directory: &Path,
    token: &str,
) -> (Vec<Status>, String) {
    let mut command = gateway(rest::server(answer));
    command.args(arguments).current_dir(directory);
    let collector = Collector::of(&mut command);
    let mut running = Running::start(&mut command);
    let (grpc, admin) = (running.told("grpc "), running.told("admin "));
    let errors = call_all(&grpc, token).await;
    let admin = ask_admin(&admin);
    let seen = running.seen();
    (errors, admin + &seen + &collector.seen())
}

/// Checks that callers are not told what the gateway alone has.
#[track_caller]
fn check_errors(errors: &[Status]) {
    for error in errors {
        let details = String::from_utf8_lossy(error.details()).into_owned();
        let told = format!("{} {details} {:?}", error.message(), error.metadata());
        for own in [
            "access",
            "refresh",
            "password",
            "wrong",
            "admittedtoken",
            "login",
        ] {
            let own = format!("canary0{own}");
            assert!(!told.contains(&own), "a caller is told {own}: {told}");
        }
    }
}

const BY_PASSWORD: [&str; 4] = [
    "--credentials-email",
    "canary@example.com",
    "--credentials-password-file",
    "password",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_of_the_gateway_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    write_files(directory.path());
    let refresh = ["--credentials-refresh-token-file", "refresh"];
    for credentials in [&BY_PASSWORD[..], &refresh] {
        let arguments = [credentials, &["--admit-token-file", "admit"]].concat();
        let (errors, seen) =
            with_credentials(&arguments, directory.path(), "canary0admittedtoken").await;
        check_errors(&errors);
        check(
            &seen,
            &["the gateway has logged in upstream", "the upstream failed"],
        );
    }
    let kept = std::fs::read_to_string(directory.path().join("refresh")).unwrap();
    assert_eq!(kept, "canary0refresh\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_are_refused_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    write_files(directory.path());
    let mut arguments = BY_PASSWORD.to_vec();
    arguments[3] = "wrong";
    arguments.push("--admit-anyone");
    let (errors, seen) = with_credentials(&arguments, directory.path(), "canary0token").await;
    check_errors(&errors);
    let refused = |error: &&Status| error.code() == Code::Unavailable;
    // Two calls name no user, and never come so far.
    assert_eq!(
        errors.iter().filter(refused).count(),
        errors.len() - 2,
        "{errors:?}"
    );
    check(
        &seen,
        &[
            "the gateway could not log in upstream",
            "CREDENTIALS_REFUSED",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_is_not_admitted_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    write_files(directory.path());
    let arguments = [&BY_PASSWORD[..], &["--admit-token-file", "admit"]].concat();
    let (errors, seen) = with_credentials(&arguments, directory.path(), "canary0guessed").await;
    check_errors(&errors);
    let all = errors
        .iter()
        .all(|error| error.code() == Code::Unauthenticated);
    assert!(all, "{errors:?}");
    check(&seen, &["NOT_ADMITTED"]);
}

//! The REST backend.

use super::collector::Collector;
use super::program::{Running, check, program};
use super::rest::ask;

/// Requests in which secrets are where they belong and where they do not.
pub(crate) fn ask_all(address: &str, email: &str) {
    let fields = "authorization: Bearer canary0token\r\nx-note: canary0field\r\n\
                  x-request-id: canary0 with spaces\r\ntracestate: canary0state=1\r\n\
                  traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ncookie: canary0cookie\r\n";
    let login = |password: &str| format!(r#"{{"email":"{email}","password":"{password}"}}"#);
    let right = ask(
        address,
        "POST /v2/auth/token",
        "",
        &login("canary0ownerpassword"),
    );
    let token = right
        .split("\"token\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let token = token.unwrap_or_else(|| panic!("the owner may log in: {right}"));
    let owner = format!("{fields}authorization: Bearer {token}\r\n")
        .replace("authorization: Bearer canary0token\r\n", "");
    let bodies = [
        "",
        "canary0json",
        r#"{"email":["canary0type"],"password":{"a":"canary0password"}}"#,
        r#"{"email":"canary0email","password":"canary0password","role":"canary0role"}"#,
        r#"{"email":"a@example.com","password":"canary0password","createdAt":"canary0time"}"#,
    ];
    for body in bodies {
        for fields in [fields, &owner] {
            ask(
                address,
                "POST /v2/users?canary0query=canary0query",
                fields,
                body,
            );
            ask(address, "PATCH /v2/users/me", fields, body);
            ask(address, "POST /v2/bots", fields, body);
        }
        ask(address, "POST /v2/auth/token", "", body);
    }
    ask(address, "POST /v2/auth/token", "", &login("canary0wrong"));
    for target in [
        "/canary0path",
        "/v2/users/canary0path",
        "/v2/forms/canary0path/fields/canary0path",
        "/v2/users?limit=canary0limit&email=canary0email&sort=canary0sort",
        "/v2/auth/token?refreshToken=canary0refresh",
        "/avatars/canary0user/canary0file",
    ] {
        for fields in [fields, &owner] {
            ask(address, &format!("GET {target}"), fields, "");
            ask(address, &format!("DELETE {target}"), fields, "");
        }
    }
}

#[test]
fn nothing_that_a_request_holds_is_shown() {
    let data = tempfile::tempdir().unwrap();
    let mut command = program();
    command
        .args(["backend", "--http", "127.0.0.1:0"])
        .args(["--owner-email", "owner@example.com"])
        .args(["--owner-password", "canary0ownerpassword", "--data"])
        .arg(data.path())
        .env(
            "WEB1ON1_TOKEN_KEY",
            "first:canary0tokenkey-that-is-long-enough-to-be-one",
        );
    let collector = Collector::of(&mut command);
    let mut running = Running::start(&mut command);
    let address = running.told("http ");
    ask_all(&address, "owner@example.com");
    check(&running.seen(), &["answered", "/v2/users/{user_id}"]);
    check(&collector.seen(), &["POST /v1/traces", "createToken"]);
}

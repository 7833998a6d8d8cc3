//! Files that change while connections are open.

#[cfg(unix)]
use std::path::Path;

use tls::{ClientAuthentication, ClientAuthorities, ServerTls, Status};
use tokio::sync::watch;

use crate::authority::{Authority, Files, Subject};
use crate::support::{OFTEN, Server, client, for_localhost, repeat, shown, soon};

/// Waits until the files are seen as they are now.
async fn until(mut status: watch::Receiver<Status>, is_seen: impl FnMut(&Status) -> bool) {
    let waited = soon(status.wait_for(is_seen)).await;
    waited.expect("the files are looked at");
}

#[tokio::test]
async fn new_connections_see_the_new_certificate_and_open_ones_go_on() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let server = Server::start(for_localhost(&files, &authority)).await;
    let client = client(&files, &authority, None);
    let mut open = soon(server.greet(&client)).await.expect("it is trusted");
    let before = shown(&open);

    files.certificate("server", &authority.issue(Subject::LOCALHOST));
    until(server.acceptor.status(), |status| status.reloads == 1).await;
    let after = shown(&soon(server.greet(&client)).await.expect("it is trusted"));
    assert_ne!(
        after, before,
        "a new connection is shown the old certificate"
    );
    soon(repeat(&mut open)).await.expect("it is still open");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_is_swapped_is_a_change() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    for (name, subject) in [("1", Subject::LOCALHOST), ("2", Subject::LOCALHOST)] {
        std::fs::create_dir(files.path(name)).expect("the directory is ours");
        files.certificate(&format!("{name}/server"), &authority.issue(subject));
    }
    let link = files.path("data");
    point(&link, Path::new("1"));
    let mut tls = for_localhost(&files, &authority);
    tls.certificate.certificate = link.join("server.pem");
    tls.certificate.key = link.join("server.key");
    let server = Server::start(tls).await;

    point(&files.path("data.new"), Path::new("2"));
    std::fs::rename(files.path("data.new"), &link).expect("it is replaced at once");
    until(server.acceptor.status(), |status| status.reloads == 1).await;
    assert_eq!(server.acceptor.status().borrow().failures, 0);
}

#[cfg(unix)]
fn point(link: &Path, target: &Path) {
    std::os::unix::fs::symlink(target, link).expect("the directory is ours");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_and_the_old_certificate_stays() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let server = Server::start(for_localhost(&files, &authority)).await;
    let client = client(&files, &authority, None);
    let before = shown(&soon(server.greet(&client)).await.expect("it is trusted"));
    let certificate = files.path("server.pem");
    let good = std::fs::read_to_string(&certificate).expect("it is there");

    files.write("server.pem", "nonsense");
    until(server.acceptor.status(), |status| status.problem.is_some()).await;
    let problem = server.acceptor.status().borrow().problem.clone();
    assert_eq!(
        problem.unwrap_or_default(),
        format!(
            "{} has no certificate in it; a section -----BEGIN CERTIFICATE----- is needed",
            certificate.display()
        )
    );
    let now = shown(&soon(server.greet(&client)).await.expect("the old one"));
    assert_eq!(now, before);

    std::fs::remove_file(&certificate).expect("it is there");
    until(server.acceptor.status(), |status| status.failures == 2).await;
    files.write("server.pem", &good);
    until(server.acceptor.status(), |status| status.problem.is_none()).await;
    assert_eq!(server.acceptor.status().borrow().reloads, 0);
}

#[tokio::test]
async fn the_authorities_of_clients_are_reloaded() {
    let (files, ours) = (Files::new(), Authority::new("ours"));
    let theirs = Authority::new("theirs");
    let clients = ClientAuthorities {
        file: files.write("clients.pem", &ours.pem),
        authentication: ClientAuthentication::Required,
    };
    let tls = ServerTls {
        clients: Some(clients),
        ..for_localhost(&files, &ours)
    };
    let server = Server::start(tls).await;
    let certificate = files.certificate("client", &ours.issue(Subject::CLIENT));
    let client = client(&files, &ours, Some(certificate));
    let mut open = soon(server.greet(&client)).await.expect("it is let in");

    files.write("clients.pem", &theirs.pem);
    until(server.acceptor.status(), |status| status.reloads == 1).await;
    let refused = soon(server.greet(&client)).await.map(drop);
    refused.expect_err("its authority does not count any more");
    soon(repeat(&mut open)).await.expect("it is still open");

    files.certificate("client", &theirs.issue(Subject::CLIENT));
    until(client.status(), |status| status.reloads == 1).await;
    soon(server.greet(&client)).await.expect("it has a new one");
}

#[tokio::test]
async fn the_end_of_the_certificate_is_told() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let expired = Subject {
        expired: true,
        ..Subject::LOCALHOST
    };
    let pair = authority.issue(expired);
    let tls = ServerTls {
        reload_interval: OFTEN,
        ..ServerTls::new(files.certificate("server", &pair))
    };
    let server = Server::start(tls).await;
    let ends = server.acceptor.status().borrow().ends;
    // The 1st of January 2002.
    let expected = std::time::UNIX_EPOCH + std::time::Duration::from_hours(280_512);
    assert_eq!(ends, Some(expected));
    let good = authority.issue(Subject::LOCALHOST);
    files.certificate("server", &good);
    until(server.acceptor.status(), |status| {
        status.ends.is_some_and(|ends| ends > expected)
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_is_told_once_the_files_are_in_use() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let tls = ServerTls {
        reload_interval: std::time::Duration::from_hours(24),
        ..for_localhost(&files, &authority)
    };
    let server = Server::start(tls).await;
    let client = client(&files, &authority, None);
    let before = shown(&soon(server.greet(&client)).await.expect("it is trusted"));
    soon(server.acceptor.reload())
        .await
        .expect("nothing changed");

    files.certificate("server", &authority.issue(Subject::LOCALHOST));
    soon(server.acceptor.reload())
        .await
        .expect("a good certificate");
    let after = shown(&soon(server.greet(&client)).await.expect("it is trusted"));
    assert_ne!(after, before, "the old certificate is still in use");

    files.write("server.pem", "nonsense");
    let asked = soon(server.acceptor.reload()).await;
    let error = asked.expect_err("no certificate");
    assert!(matches!(error, tls::Error::NoCertificate { .. }), "{error}");
    let told = server.acceptor.status().borrow().problem.clone();
    assert_eq!(told, Some(error.to_string()));
    let now = shown(&soon(server.greet(&client)).await.expect("the old one"));
    assert_eq!(now, after);
}

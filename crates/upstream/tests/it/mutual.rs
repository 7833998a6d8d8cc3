//! TLS with files: certificates of the client, and authorities that change.

use std::time::Duration;

use tls::{Acceptor, ClientAuthentication, ClientAuthorities, ServerTls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use upstream::{CertificateFiles, Client, Config, Resolver, Roots, SendErrorKind};

use crate::authority::{Authority, Files, Subject};
use crate::support::{Server, get, ok, post, send, soon};

/// A server that asks for certificates of an authority, and tells whom each
/// connection is with.
async fn serve(
    files: &Files,
    authority: &Authority,
    subject: Subject<'_>,
) -> (Server, mpsc::UnboundedReceiver<String>) {
    serve_to(files, authority, subject, ClientAuthentication::Optional).await
}

async fn serve_to(
    files: &Files,
    authority: &Authority,
    subject: Subject<'_>,
    authentication: ClientAuthentication,
) -> (Server, mpsc::UnboundedReceiver<String>) {
    let pair = authority.issue(subject);
    let tls = ServerTls {
        clients: Some(ClientAuthorities {
            file: files.write("clients.pem", &authority.pem),
            authentication,
        }),
        ..ServerTls::new(files.certificate("server", &pair))
    };
    let acceptor = Acceptor::open(tls).unwrap();
    let (told, identities) = mpsc::unbounded_channel();
    let server = Server::start(move |_, stream| {
        let (acceptor, told) = (acceptor.clone(), told.clone());
        async move {
            let peer = stream.peer_addr().unwrap().ip();
            let Ok(mut stream) = acceptor.accept(stream, peer).await else {
                return;
            };
            let identity = tls::identity::Identity::of(stream.get_ref().1);
            let identity = identity.map_or("nobody".to_owned(), |identity| identity.to_string());
            let _ = told.send(identity);
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                let _ = stream.write_all(ok("hello").as_bytes()).await;
                let _ = stream.flush().await;
            }
        }
    })
    .await;
    (server, identities)
}

/// A client of the server at this host name.
fn client(server: &Server, config: Config, host: &str) -> Client {
    let address = server.url.authority().unwrap().as_str().parse().unwrap();
    let url = format!("https://{host}").parse().unwrap();
    let resolver = Resolver::new(move |_, _| async move { Ok(vec![address]) });
    let config = Config {
        resolver,
        max_retries: 0,
        reload_interval: Duration::from_millis(10),
        protocol: upstream::Protocol::Http1,
        // Each request has a connection of its own.
        max_requests_per_connection: 1,
        ..config
    };
    Client::new(&[url], config).unwrap()
}

fn trusting(files: &Files, authority: &Authority) -> Config {
    Config {
        roots: Roots::File(files.write("ca.pem", &authority.pem)),
        ..Config::default()
    }
}

#[tokio::test]
async fn a_client_shows_its_certificate_and_after_a_change_the_new_one() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let (server, mut identities) = serve(&files, &authority, Subject::LOCALHOST).await;
    let certificate = files.certificate("client", &authority.issue(Subject::CLIENT));
    let config = Config {
        certificate: Some(certificate),
        ..trusting(&files, &authority)
    };
    let client = client(&server, config, "localhost");
    send(&client, get()).await.unwrap();
    let shown = soon(identities.recv()).await.unwrap();
    assert_eq!(shown, "uri:spiffe://example.com/shop");

    let other = Subject {
        uri: Some("spiffe://example.com/other"),
        ..Subject::CLIENT
    };
    files.certificate("client", &authority.issue(other));
    let changed = async {
        loop {
            send(&client, get()).await.unwrap();
            if identities.recv().await.unwrap() == "uri:spiffe://example.com/other" {
                return;
            }
        }
    };
    soon(changed).await;
}

#[tokio::test]
async fn an_authority_that_changes_counts_for_new_connections() {
    let (files, ours) = (Files::new(), Authority::new("ours"));
    let theirs = Authority::new("theirs");
    let (server, _identities) = serve(&files, &ours, Subject::LOCALHOST).await;
    let client = client(&server, trusting(&files, &theirs), "localhost");
    let error = soon(client.send(post())).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Untrusted);
    files.write("ca.pem", &ours.pem);
    let trusted = async { while send(&client, get()).await.is_err() {} };
    soon(trusted).await;
}

#[tokio::test]
async fn a_server_may_be_expected_to_have_another_name() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let (server, _identities) = serve(&files, &authority, Subject::LOCALHOST).await;
    let host = "elsewhere.example.com";
    let refused = client(&server, trusting(&files, &authority), host);
    let error = soon(refused.send(get())).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Untrusted);
    let config = Config {
        server_name: Some("localhost".try_into().unwrap()),
        ..trusting(&files, &authority)
    };
    let named = client(&server, config, host);
    assert_eq!(send(&named, get()).await.unwrap(), "hello");
}

#[tokio::test]
async fn settings_of_tls_for_an_upstream_without_it_are_refused() {
    let base = upstream::base("http://127.0.0.1:8080").unwrap();
    let files = CertificateFiles {
        certificate: "a.pem".into(),
        key: "a.key".into(),
    };
    for (config, reason) in [
        (
            Config {
                certificate: Some(files),
                ..Config::default()
            },
            "is not https, so there is nobody to show a certificate to",
        ),
        (
            Config {
                server_name: Some("localhost".try_into().unwrap()),
                ..Config::default()
            },
            "is not https, so there is no certificate to be for a name",
        ),
    ] {
        let error = Client::new(std::slice::from_ref(&base), config).expect_err("it has no TLS");
        let expected = format!("the upstream \"http://127.0.0.1:8080/\" {reason}");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_named() {
    let base = upstream::base("https://127.0.0.1:8080").unwrap();
    let config = Config {
        roots: Roots::File("nowhere.pem".into()),
        ..Config::default()
    };
    let error = Client::new(&[base], config).expect_err("there is no such file");
    assert_eq!(error.to_string(), "nowhere.pem cannot be read");
}

/// Checks what a request is told by a server that wants certificates of an authority.
async fn is_refused(protocol: upstream::Protocol, certificate: Option<&Authority>) {
    let (files, ours) = (Files::new(), Authority::new("ours"));
    let required = ClientAuthentication::Required;
    let (server, _identities) = serve_to(&files, &ours, Subject::LOCALHOST, required).await;
    let certificate = certificate.map(|authority| {
        let pair = authority.issue(Subject::CLIENT);
        files.certificate("client", &pair)
    });
    let address = server.url.authority().unwrap().as_str().parse().unwrap();
    let config = Config {
        certificate,
        protocol,
        max_retries: 0,
        resolver: Resolver::new(move |_, _| async move { Ok(vec![address]) }),
        ..trusting(&files, &ours)
    };
    let client = Client::new(&["https://localhost".parse().unwrap()], config).unwrap();
    let error = soon(client.send(post())).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::CertificateRefused, "{error:?}");
}

#[tokio::test]
async fn a_server_that_refuses_the_certificate_is_told_from_one_that_is_away() {
    let theirs = Authority::new("theirs");
    for protocol in [upstream::Protocol::Http1, upstream::Protocol::Http2] {
        is_refused(protocol, None).await;
        is_refused(protocol, Some(&theirs)).await;
    }
}

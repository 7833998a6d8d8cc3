//! Whom a server lets in.

use tls::{ClientAuthentication, ClientAuthorities, HandshakeError, ServerTls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::authority::{Authority, Files, Subject};
use crate::support::{Server, client, for_localhost, soon};

/// What a client shows.
enum Shown<'a> {
    Nothing,
    Certificate(&'a Authority, Subject<'a>),
}

/// A server that wants certificates of an authority.
async fn server(
    files: &Files,
    authority: &Authority,
    authentication: ClientAuthentication,
) -> Server {
    let clients = ClientAuthorities {
        file: files.write("clients.pem", &authority.pem),
        authentication,
    };
    let tls = ServerTls {
        clients: Some(clients),
        ..for_localhost(files, authority)
    };
    Server::start(tls).await
}

/// Connects with what is shown. The result is who the server takes the client for,
/// or what the client was told.
async fn check(
    authentication: ClientAuthentication,
    authority: &Authority,
    shown: Shown<'_>,
    expected: Result<&str, &str>,
) {
    let files = Files::new();
    let server = server(&files, authority, authentication).await;
    let certificate = match shown {
        Shown::Nothing => None,
        Shown::Certificate(authority, subject) => {
            Some(files.certificate("client", &authority.issue(subject)))
        }
    };
    let client = client(&files, authority, certificate);
    let greeted = soon(server.greet(&client)).await;
    let found = match greeted {
        Ok(_) => Ok(server.identities().concat()),
        Err(error) => Err(error.to_string()),
    };
    let found = found.as_ref().map_or_else(
        |error| Err(error.as_str()),
        |identity| Ok(identity.as_str()),
    );
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_client_is_known_by_its_certificate() {
    let authority = Authority::new("ours");
    let shown = Shown::Certificate(&authority, Subject::CLIENT);
    let expected = Ok("uri:spiffe://example.com/shop");
    check(ClientAuthentication::Required, &authority, shown, expected).await;
    let plain = Subject {
        uri: None,
        ..Subject::CLIENT
    };
    let shown = Shown::Certificate(&authority, plain);
    let expected = Ok("cn:a client");
    check(ClientAuthentication::Optional, &authority, shown, expected).await;
}

#[tokio::test]
async fn a_client_without_a_certificate_is_let_in_where_that_is_optional() {
    let authority = Authority::new("ours");
    let required = ClientAuthentication::Required;
    let refused = Err("received fatal alert: CertificateRequired");
    check(required, &authority, Shown::Nothing, refused).await;
    let optional = ClientAuthentication::Optional;
    check(optional, &authority, Shown::Nothing, Ok("nobody")).await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    for authentication in [
        ClientAuthentication::Required,
        ClientAuthentication::Optional,
    ] {
        let shown = Shown::Certificate(&theirs, Subject::CLIENT);
        let refused = Err("received fatal alert: UnknownCA");
        check(authentication, &ours, shown, refused).await;
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new("ours");
    let expired = Subject {
        expired: true,
        ..Subject::CLIENT
    };
    let shown = Shown::Certificate(&authority, expired);
    let refused = Err("received fatal alert: CertificateExpired");
    check(ClientAuthentication::Required, &authority, shown, refused).await;
}

#[tokio::test]
async fn who_speaks_plain_text_is_told_from_others_and_hung_up_on() {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let server = Server::start(for_localhost(&files, &authority)).await;
    for words in ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address)
            .await
            .expect("it listens");
        stream.write_all(words.as_bytes()).await.expect("it reads");
        let mut told = Vec::new();
        let end = soon(stream.read_to_end(&mut told)).await;
        end.expect("it closes in order");
        assert_eq!(
            told.first(),
            Some(&0x15),
            "an alert was expected: {told:x?}"
        );
        drop(stream);
        let failure = soon(server.failure()).await;
        assert!(
            matches!(failure, HandshakeError::PlainText),
            "{words:?} is taken for {failure:?}"
        );
    }
}

//! TLS: whom the client trusts, and which version of HTTP is spoken.

use std::sync::Arc;

use bytes::Bytes;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use upstream::{Client, Config, Error, Protocol, Resolver, Roots, SendErrorKind};

use crate::support::{Server, get, ok, post, send, soon};

/// A TLS server for localhost that answers with the version that it speaks.
async fn serve(protocols: &[&str]) -> (Server, RootCertStore) {
    serve_together(protocols, 1).await
}

/// The same server, which answers on its first connection, and goes on with the
/// others, once there are so many of them.
async fn serve_together(protocols: &[&str], connections: usize) -> (Server, RootCertStore) {
    let together = Arc::new(Barrier::new(connections));
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |index, stream| {
        let (acceptor, together) = (acceptor.clone(), Arc::clone(&together));
        async move {
            if index > 0 {
                together.wait().await;
            }
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            if index == 0 {
                together.wait().await;
            }
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let head = http::Response::new(());
                    let mut body = respond.send_response(head, false).unwrap();
                    body.send_data(Bytes::from("HTTP/2"), true).unwrap();
                }
                return;
            }
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                stream.write_all(ok("HTTP/1.1").as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
        }
    })
    .await;
    (server, roots)
}

fn client(server: &Server, config: Config) -> Client {
    let address = server.url.authority().unwrap().as_str().parse().unwrap();
    let url = "https://localhost".parse().unwrap();
    // Wherever localhost is, the server is here.
    let resolver = Resolver::new(move |_, _| async move { Ok(vec![address]) });
    Client::new(&[url], Config { resolver, ..config }).unwrap()
}

#[tokio::test]
async fn the_server_chooses_the_version() {
    for (protocols, expected) in [
        (&["h2", "http/1.1"][..], "HTTP/2"),
        (&["http/1.1"], "HTTP/1.1"),
        (&[], "HTTP/1.1"),
    ] {
        let (server, roots) = serve(protocols).await;
        let config = Config {
            roots: Roots::Given(roots),
            ..Config::default()
        };
        let client = client(&server, config);
        for _ in 0..3 {
            assert_eq!(send(&client, get()).await.unwrap(), expected);
        }
        assert_eq!(server.connections(), 1, "for {expected}");
    }
}

#[tokio::test]
async fn calls_at_once_make_their_http1_connections_at_once() {
    const CALLS: usize = 4;
    let (server, roots) = serve_together(&["http/1.1"], CALLS).await;
    let config = Config {
        roots: Roots::Given(roots),
        ..Config::default()
    };
    let client = client(&server, config);
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let client = client.clone();
        calls.spawn(async move { send(&client, get()).await.unwrap() });
    }
    let answers = soon(calls.join_all()).await;
    assert_eq!(answers, ["HTTP/1.1"; CALLS]);
    assert_eq!(server.connections(), CALLS);
}

#[tokio::test]
async fn calls_at_once_make_one_http2_connection() {
    let (server, roots) = serve(&["h2"]).await;
    let config = Config {
        roots: Roots::Given(roots),
        ..Config::default()
    };
    let client = client(&server, config);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { send(&client, get()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(soon(call).await.unwrap().unwrap(), "HTTP/2");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_version_can_be_demanded() {
    let (server, roots) = serve(&["h2", "http/1.1"]).await;
    let config = Config {
        roots: Roots::Given(roots),
        protocol: Protocol::Http1,
        ..Config::default()
    };
    assert_eq!(
        send(&client(&server, config), get()).await.unwrap(),
        "HTTP/1.1"
    );
    let (server, roots) = serve(&[]).await;
    let config = Config {
        roots: Roots::Given(roots),
        protocol: Protocol::Http2,
        max_retries: 0,
        ..Config::default()
    };
    let error = send(&client(&server, config), get()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::NeverSent);
    let source = error.source.unwrap().to_string();
    assert_eq!(source, "the server does not speak HTTP/2");
}

#[tokio::test]
async fn a_certificate_of_nobody_known_is_not_trusted() {
    let (server, _) = serve(&["h2"]).await;
    let (_, others) = serve(&["h2"]).await;
    let config = Config {
        roots: Roots::Given(others),
        ..Config::default()
    };
    let client = client(&server, config);
    for _ in 0..3 {
        let error = soon(client.send(post())).await.unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Untrusted);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_an_untrusted_one() {
    let server = Server::start(|_, mut stream| async move {
        crate::support::write(&mut stream, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
        crate::support::closed(&mut stream).await;
    })
    .await;
    let (_, roots) = serve(&[]).await;
    let config = Config {
        roots: Roots::Given(roots),
        ..Config::default()
    };
    let error = send(&client(&server, config), get()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::HandshakeFailed);
}

#[tokio::test]
async fn roots_for_an_upstream_without_tls_are_refused() {
    let base = upstream::base("http://127.0.0.1:8080").unwrap();
    let config = Config {
        roots: Roots::Given(RootCertStore::empty()),
        ..Config::default()
    };
    let error = Client::new(&[base], config).expect_err("it needs no roots");
    assert_eq!(
        error.to_string(),
        "the upstream \"http://127.0.0.1:8080/\" is not https, so there is no certificate to check",
    );
}

#[test]
fn a_client_needs_a_runtime() {
    let base = upstream::base("http://127.0.0.1:8080").unwrap();
    let error = Client::new(&[base], Config::default()).expect_err("there is none");
    assert!(matches!(error, Error::NoRuntime(_)), "{error:?}");
}

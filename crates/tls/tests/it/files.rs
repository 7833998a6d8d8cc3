//! What is said of files that cannot be used.

use tls::{Acceptor, CertificateFiles, ClientAuthentication, ClientAuthorities, ServerTls};

use crate::authority::{Authority, Files, Subject};

/// An error with its sources, and without the directory of the test.
fn told(files: &Files, tls: ServerTls) -> String {
    let error = Acceptor::open(tls).expect_err("the files cannot be used");
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text.replace(&format!("{}/", files.directory().display()), "")
}

/// Replaces one of the files, and checks what is said of it.
#[track_caller]
fn check(file: &str, content: Option<&str>, expected: &str) {
    let (files, authority) = (Files::new(), Authority::new("ours"));
    let pair = authority.issue(Subject::LOCALHOST);
    let clients = ClientAuthorities {
        file: files.write("clients.pem", &authority.pem),
        authentication: ClientAuthentication::Required,
    };
    let tls = ServerTls {
        clients: Some(clients),
        ..ServerTls::new(files.certificate("server", &pair))
    };
    match content {
        Some(content) => {
            files.write(file, content);
        }
        None => std::fs::remove_file(files.path(file)).expect("it is there"),
    }
    assert_eq!(told(&files, tls), expected);
}

#[tokio::test]
async fn a_file_that_is_missing_is_named() {
    for file in ["server.pem", "server.key", "clients.pem"] {
        let expected = format!("{file} cannot be read: No such file or directory (os error 2)");
        check(file, None, &expected);
    }
}

#[tokio::test]
async fn a_file_without_what_is_looked_for_is_named() {
    for file in ["server.pem", "clients.pem"] {
        let expected = format!(
            "{file} has no certificate in it; a section -----BEGIN CERTIFICATE----- is needed"
        );
        check(file, Some("# nothing"), &expected);
    }
    check(
        "server.key",
        Some(""),
        "server.key has no private key in it; a section of PKCS#8, PKCS#1 or SEC1 is needed, \
         such as -----BEGIN PRIVATE KEY-----",
    );
}

#[tokio::test]
async fn a_key_that_needs_a_password_is_told() {
    let told = "the private key in server.key is encrypted; \
                `openssl pkey -in FILE -out NEW_FILE` decrypts it";
    for beginning in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n",
    ] {
        check("server.key", Some(beginning), told);
    }
}

#[tokio::test]
async fn a_key_of_another_certificate_is_told() {
    let (_, other) = Authority::new("ours").issue(Subject::LOCALHOST);
    check(
        "server.key",
        Some(&other),
        "the private key in server.key is not that of the first certificate in server.pem",
    );
}

#[tokio::test]
async fn a_key_is_taken_in_each_of_its_forms() {
    // Made by `openssl genrsa -traditional 2048` and `openssl ecparam -genkey`, with the
    // certificates of `openssl req -x509`.
    for (form, pem) in [
        ("PKCS#1", include_str!("../keys/pkcs1.pem")),
        ("PKCS#8", include_str!("../keys/pkcs8.pem")),
        ("SEC1", include_str!("../keys/sec1.pem")),
    ] {
        let files = Files::new();
        let both = files.write("both.pem", pem);
        let tls = ServerTls::new(CertificateFiles {
            certificate: both.clone(),
            key: both,
        });
        if let Err(error) = Acceptor::open(tls) {
            panic!("a key in {form} is refused: {error}");
        }
    }
}

//! TLS of the servers as arguments.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ::tls::{Acceptor, CertificateFiles, ClientAuthentication, ClientAuthorities, ServerTls};
use clap::{Args, ValueEnum};

use super::bounds::{duration, positive};

/// TLS of the gRPC server.
#[derive(Args, Debug)]
#[command(next_help_heading = "TLS of gRPC")]
#[expect(
    clippy::struct_field_names,
    reason = "clap names the arguments after the fields"
)]
pub(crate) struct TlsArgs {
    /// A PEM file with the certificate that callers are shown, and those of the
    /// authorities between it and a root; gRPC is then served over TLS alone. Files
    /// of TLS that change are taken into use without a restart
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// A PEM file with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// A PEM file with the authorities that vouch for callers; a caller then needs
    /// a certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_client_ca: Option<PathBuf>,

    /// Whether a caller may do without a certificate
    #[arg(
        long,
        value_name = "WHETHER",
        value_enum,
        default_value_t = ClientAuth::Required
    )]
    tls_client_auth: ClientAuth,

    /// How many handshakes may be under way at once, a quarter of them with one
    /// network; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = positive::<usize>)]
    tls_max_handshakes: usize,

    /// How often the files of TLS are looked at for changes, beside each SIGHUP
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    tls_reload_interval: Duration,
}

/// TLS of the REST server.
#[derive(Args, Debug)]
#[command(next_help_heading = "TLS of REST")]
#[expect(
    clippy::struct_field_names,
    reason = "clap names the arguments after the fields"
)]
pub(crate) struct HttpTlsArgs {
    /// A PEM file with the certificate that clients are shown, and those of the
    /// authorities between it and a root; REST is then served over TLS alone. Files
    /// of TLS that change are taken into use without a restart
    #[arg(long, value_name = "FILE", requires = "http_tls_key")]
    http_tls_cert: Option<PathBuf>,

    /// A PEM file with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "http_tls_cert")]
    http_tls_key: Option<PathBuf>,

    /// A PEM file with the authorities that vouch for clients; a client then needs
    /// a certificate
    #[arg(long, value_name = "FILE", requires = "http_tls_cert")]
    http_tls_client_ca: Option<PathBuf>,

    /// Whether a client may do without a certificate
    #[arg(
        long,
        value_name = "WHETHER",
        value_enum,
        default_value_t = ClientAuth::Required
    )]
    http_tls_client_auth: ClientAuth,

    /// How many handshakes may be under way at once, a quarter of them with one
    /// network; further ones wait
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = positive::<usize>)]
    http_tls_max_handshakes: usize,

    /// How often the files of TLS are looked at for changes, beside each SIGHUP
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    http_tls_reload_interval: Duration,
}

/// Whether a client needs a certificate, where there are authorities for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClientAuth {
    /// Every client needs one
    Required,
    /// A client may do without; one that no authority vouches for is refused
    Optional,
}

impl TlsArgs {
    /// What the server needs for TLS, if it is to speak it.
    fn tls(&self) -> Option<ServerTls> {
        let clients = (self.tls_client_ca.as_deref(), self.tls_client_auth);
        Some(ServerTls {
            clients: authorities(clients),
            max_handshakes: self.tls_max_handshakes,
            reload_interval: self.tls_reload_interval,
            ..ServerTls::new(certificate_files(
                self.tls_cert.as_ref(),
                self.tls_key.as_ref(),
            )?)
        })
    }

    /// What takes the handshakes of the server, if it is to speak TLS.
    pub(super) fn acceptor(&self) -> Result<Option<Acceptor>, ::tls::Error> {
        self.tls().map(Acceptor::open).transpose()
    }
}

impl HttpTlsArgs {
    /// What the server needs for TLS, if it is to speak it.
    fn tls(&self) -> Option<ServerTls> {
        let clients = (
            self.http_tls_client_ca.as_deref(),
            self.http_tls_client_auth,
        );
        Some(ServerTls {
            clients: authorities(clients),
            max_handshakes: self.http_tls_max_handshakes,
            reload_interval: self.http_tls_reload_interval,
            ..ServerTls::new(certificate_files(
                self.http_tls_cert.as_ref(),
                self.http_tls_key.as_ref(),
            )?)
        })
    }

    /// What takes the handshakes of the server, if it is to speak TLS.
    pub(super) fn acceptor(&self) -> Result<Option<Acceptor>, ::tls::Error> {
        self.tls().map(Acceptor::open).transpose()
    }
}

/// The files of a certificate, of which there are both or none.
pub(super) fn certificate_files(
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Option<CertificateFiles> {
    Some(CertificateFiles {
        certificate: certificate?.clone(),
        key: key?.clone(),
    })
}

fn authorities((file, auth): (Option<&Path>, ClientAuth)) -> Option<ClientAuthorities> {
    Some(ClientAuthorities {
        file: file?.to_owned(),
        authentication: match auth {
            ClientAuth::Required => ClientAuthentication::Required,
            ClientAuth::Optional => ClientAuthentication::Optional,
        },
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        grpc: TlsArgs,
        #[command(flatten)]
        http: HttpTlsArgs,
    }

    fn parse(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["web1on1"], arguments].concat())
    }

    #[test]
    fn without_a_certificate_there_is_no_tls() {
        let arguments = parse(&[]).expect("nothing is required");
        assert!(arguments.grpc.tls().is_none() && arguments.http.tls().is_none());
    }

    #[test]
    fn a_certificate_needs_its_key_and_the_other_way_round() {
        for argument in [
            "--tls-cert",
            "--tls-key",
            "--tls-client-ca",
            "--http-tls-cert",
            "--http-tls-key",
            "--http-tls-client-ca",
        ] {
            assert!(parse(&[argument, "a.pem"]).is_err(), "{argument} alone");
        }
    }

    #[test]
    fn the_defaults_of_the_arguments_are_those_of_the_servers() {
        let default = ServerTls::new(CertificateFiles {
            certificate: "a.pem".into(),
            key: "b.pem".into(),
        });
        let grpc = parse(&["--tls-cert", "a.pem", "--tls-key", "b.pem"]);
        let http = parse(&["--http-tls-cert", "a.pem", "--http-tls-key", "b.pem"]);
        for tls in [
            grpc.expect("both are there").grpc.tls(),
            http.expect("both are there").http.tls(),
        ] {
            assert_eq!(format!("{tls:?}"), format!("{:?}", Some(&default)));
        }
    }
}

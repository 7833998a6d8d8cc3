//! `web1on1 health`: asks a server whether it would answer a call.
//!
//! An image without a shell has nothing else to ask with. The command is for the health
//! check of a container and for scripts: one line, an exit code, and never longer than
//! `--timeout`.

use std::process::ExitCode;
use std::time::Duration;

use ::upstream::{Body, Client, Config};
use anyhow::{Context as _, bail, ensure};
use gateway::health::{HealthCheckRequest, HealthCheckResponse, ServingStatus};
use http::uri::PathAndQuery;
use http::{Request, StatusCode, Uri};
use tonic_prost::ProstCodec;

use crate::call::target::{TargetArgs, TrustArgs};
use crate::serve::duration;

/// The path of the health service's only question.
const CHECK: PathAndQuery = PathAndQuery::from_static("/grpc.health.v1.Health/Check");

/// What the admin server of a gateway and the REST server answer. The first is about
/// calls, so it is asked for where there are both.
const PATHS: [&str; 2] = ["/readyz", "/healthz"];

/// Ask a running server whether it would answer a call
///
/// The exit code is 0 if it would, and 1 if it would not or does not answer.
#[derive(clap::Args, Debug)]
pub(crate) struct HealthArgs {
    /// HOST:PORT of a gRPC server, 50051 without a port, or the URL of an admin or REST server; without a
    /// path, that is asked for /readyz, and for /healthz if it has none
    #[arg(value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    address: String,

    /// The gRPC service to ask for, such as web1on1.v2.UserService, rather than for all
    #[arg(
        long,
        value_name = "SERVICE",
        default_value = "",
        hide_default_value = true
    )]
    service: String,

    /// Ask a gRPC server over TLS, which the arguments below imply; a URL says itself
    /// whether there is TLS
    #[arg(long)]
    tls: bool,

    #[command(flatten)]
    trust: TrustArgs,

    /// How long the answer may take
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    timeout: Duration,
}

/// Asks the server and prints its answer if that is yes.
///
/// # Errors
///
/// The server says no, cannot be reached, or does not answer in time.
pub(crate) async fn run(args: &HealthArgs) -> anyhow::Result<ExitCode> {
    let asked = async {
        if args.address.starts_with("http://") || args.address.starts_with("https://") {
            ensure!(
                args.service.is_empty(),
                "--service is for gRPC servers, which are named by HOST:PORT"
            );
            http(args).await
        } else {
            grpc(args).await
        }
    };
    let Ok(answer) = tokio::time::timeout(args.timeout, asked).await else {
        bail!(
            "{} has not answered within {:?}; --timeout allows for more",
            args.address,
            args.timeout
        );
    };
    answer?;
    crate::serve::tell(&format!("{} is serving\n", args.address));
    Ok(ExitCode::SUCCESS)
}

async fn grpc(args: &HealthArgs) -> anyhow::Result<()> {
    let address = &if args.address.contains(':') {
        args.address.clone()
    } else {
        format!("{}:50051", args.address)
    };
    let has_tls = args.tls || args.trust.wants_tls();
    let scheme = if has_tls { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    url.parse::<Uri>()
        .ok()
        .filter(|uri| uri.port().is_some())
        .with_context(|| format!("{address} is neither HOST:PORT nor an http:// URL"))?;
    let target = TargetArgs {
        address: url,
        trust: args.trust.clone(),
    };
    let target = target.target(args.timeout)?;
    let channel = match target.connect().await {
        Ok(channel) => channel,
        Err(status) => match target.explain(&status) {
            Some(explanation) => bail!("{address} cannot be reached: {explanation}"),
            None => bail!("{address} cannot be reached: {}", status.message()),
        },
    };
    let mut client = tonic::client::Grpc::new(channel);
    client
        .ready()
        .await
        .with_context(|| format!("{address} has closed the connection"))?;
    let request = HealthCheckRequest {
        service: args.service.clone(),
    };
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let answer = client.unary(tonic::Request::new(request), CHECK, codec);
    let status = match answer.await {
        Ok(answer) => answer.into_inner().status(),
        // A server that refuses a certificate says so when it is first read from.
        Err(status) => match target.explain(&status) {
            Some(explanation) => bail!("{address} cannot be asked: {explanation}"),
            None => bail!(
                "{address} answers {:?}: {}",
                status.code(),
                status.message()
            ),
        },
    };
    ensure!(
        status == ServingStatus::Serving,
        "{address} answers {}",
        status.as_str_name()
    );
    Ok(())
}

async fn http(args: &HealthArgs) -> anyhow::Result<()> {
    let url = &*args.address;
    let parsed: Uri = url.parse().with_context(|| format!("{url} is not a URL"))?;
    let path = parsed.path_and_query().map_or("/", PathAndQuery::as_str);
    let base = url.strip_suffix(path).unwrap_or(url);
    ensure!(
        base.starts_with("https://") || !(args.tls || args.trust.wants_tls()),
        "{url} has no TLS, so --tls, --ca, --cert and --server-name have no use; did you mean \
         https://?"
    );
    let config = Config {
        roots: args.trust.roots(),
        certificate: args.trust.certificate(),
        server_name: args.trust.server_name(),
        ..Config::default()
    };
    let client = Client::new(&[::upstream::base(base)?], config)?;
    let paths: &[&str] = if path == "/" { &PATHS } else { &[path] };
    let mut status = StatusCode::NOT_FOUND;
    for path in paths {
        let request = Request::get(format!("{base}{path}")).body(Body::empty())?;
        let answer = client.send(request).await;
        status = answer
            .with_context(|| format!("{url} cannot be reached"))?
            .status();
        if status != StatusCode::NOT_FOUND {
            break;
        }
    }
    ensure!(status.is_success(), "{url} answers {status}");
    Ok(())
}

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
use tonic::transport::Endpoint;
use tonic_prost::ProstCodec;

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
            http(&args.address).await
        } else {
            grpc(&args.address, &args.service).await
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

async fn grpc(address: &str, service: &str) -> anyhow::Result<()> {
    let address = &if address.contains(':') {
        address.to_owned()
    } else {
        format!("{address}:50051")
    };
    let channel = Endpoint::from_shared(format!("http://{address}"))
        .ok()
        .filter(|endpoint| endpoint.uri().port().is_some())
        .with_context(|| format!("{address} is neither HOST:PORT nor an http:// URL"))?
        .connect()
        .await
        .with_context(|| format!("{address} cannot be reached"))?;
    let mut client = tonic::client::Grpc::new(channel);
    client
        .ready()
        .await
        .with_context(|| format!("{address} has closed the connection"))?;
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let answer = client.unary(tonic::Request::new(request), CHECK, codec);
    let status = match answer.await {
        Ok(answer) => answer.into_inner().status(),
        Err(status) => bail!(
            "{address} answers {:?}: {}",
            status.code(),
            status.message()
        ),
    };
    ensure!(
        status == ServingStatus::Serving,
        "{address} answers {}",
        status.as_str_name()
    );
    Ok(())
}

async fn http(url: &str) -> anyhow::Result<()> {
    let parsed: Uri = url.parse().with_context(|| format!("{url} is not a URL"))?;
    let path = parsed.path_and_query().map_or("/", PathAndQuery::as_str);
    let base = url.strip_suffix(path).unwrap_or(url);
    let client = Client::new(&[::upstream::base(base)?], Config::default())?;
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

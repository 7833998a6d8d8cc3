//! `web1on1 contract record`: examples from real traffic.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use conformance::record::{Operations, RecordError, Recorder};
use tokio::net::TcpListener;

use super::output::to_stdout;
use super::project::{ProjectArgs, whole_document};

/// Record examples of the traffic that passes through, without anything private
///
/// Point a client at --listen instead of the server. Everything passes through
/// unchanged; each new kind of exchange is written to --out, with secrets and
/// personal data replaced by fakes of the same form. What the document does not
/// declare is replaced too, and so is what is uploaded. A request whose body has no
/// form in an exchange is left out, which is told. Ctrl-C ends it.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes:\n  0  it was ended\n  2  the arguments are wrong, or it cannot listen or write"
)]
pub(crate) struct RecordArgs {
    /// The server to send requests on to
    ///
    /// The path of a request is put behind that of the URL.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// A PEM file with the authorities that may vouch for the server at --upstream
    ///
    /// They take the place of those that the system trusts.
    #[arg(long, value_name = "FILE", env = "WEB1ON1_UPSTREAM_CA")]
    ca: Option<PathBuf>,
    /// The address to listen at; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The directory to write to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) async fn run(args: &RecordArgs) -> anyhow::Result<ExitCode> {
    let settings = args.project.settings()?;
    let operations = if settings.built_in {
        Operations::built_in()
    } else {
        Operations::of(whole_document(&settings)?.document.value())
    };
    let recorder = Recorder::new(
        &args.upstream,
        args.ca.as_deref(),
        &args.out,
        operations,
        |written| match written {
            Ok(path) => {
                if let Err(error) = to_stdout(&format!("recorded {}\n", path.display())) {
                    eprintln!("error: standard output cannot be written: {error}");
                }
            }
            Err(error @ RecordError::LeftOut { .. }) => eprintln!("warning: {error}"),
            Err(error) => eprintln!("error: {:#}", anyhow::Error::from(error)),
        },
    )?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen at {}", args.listen))?;
    to_stdout(&format!("http {}\n", listener.local_addr()?))?;
    let stop = async {
        // Without a signal to wait for, it goes on until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    recorder.serve(listener, stop).await?;
    Ok(ExitCode::SUCCESS)
}

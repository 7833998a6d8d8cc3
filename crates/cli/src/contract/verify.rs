//! `web1on1 contract verify`: real traffic against the contract.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use conformance::verify::{self, Against, Bounds, Laws, Scheme};

use super::output::{EXIT_CODES, OutputArgs};
use super::project::{ProjectArgs, api_document};
use crate::progress::Progress;

/// Verify a server, or captured traffic, against the contract to the letter
///
/// With --url it makes a request to every operation and judges status, headers
/// and body, and then verifies the laws: what takes two replies to see, such as that
/// pages joined are the whole list, and that a PATCH changes what it names and
/// nothing else. docs/contract.md lists them. It only reads unless --allow-writes is
/// given; then all that it creates is deleted in the end. What could not be tried is
/// reported with the reason.
///
/// With --har or --recorded it judges traffic that was captured before, each request
/// and reply by itself, and needs no network. The API is that of contract.toml, or of
/// any OpenAPI document: --document FILE.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    source: Source,
    /// The access token to make calls with
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WEB1ON1_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
    /// Try the operations that write too, on things of their own
    #[arg(long, requires = "url")]
    allow_writes: bool,
    /// A PEM file with the authorities that may vouch for the server at --url
    ///
    /// They take the place of those that the system trusts.
    #[arg(long, value_name = "FILE", env = "WEB1ON1_UPSTREAM_CA")]
    ca: Option<PathBuf>,
    #[command(flatten)]
    laws: LawArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Source {
    /// The base of a server's API, such as `https://api.example.com/v2`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Captured traffic: a HAR 1.2 file
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Captured traffic: a directory of recorded exchanges
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "What is verified")]
struct LawArgs {
    /// The OpenAPI document of the API, if not that of contract.toml
    ///
    /// It is of OpenAPI 3.0, 3.1 or 3.2, in JSON or YAML. It alone says what there is to call
    /// and to judge by.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// Verify the laws only below a path, such as /users
    ///
    /// Can be given several times. Paths that start with it are meant.
    #[arg(long, value_name = "PATH")]
    only: Vec<String>,
    /// Where credentials stand in a request, in place of what --document says
    ///
    /// It is bearer, basic, header:NAME, query:NAME or cookie:NAME. With basic the token is
    /// NAME:PASSWORD.
    #[arg(
        long,
        value_name = "PLACE",
        env = "WEB1ON1_AUTH",
        requires = "document"
    )]
    auth: Option<Scheme>,
    /// An access token that has expired, which must be refused
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WEB1ON1_EXPIRED_TOKEN",
        hide_env_values = true
    )]
    expired_token: Option<String>,
    /// An access token of another organization, which must not see what is created
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WEB1ON1_FOREIGN_TOKEN",
        hide_env_values = true
    )]
    foreign_token: Option<String>,
    /// An access token of the same organization that may change nothing
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WEB1ON1_LIMITED_TOKEN",
        hide_env_values = true
    )]
    limited_token: Option<String>,
    /// The log of the server, which must not have a secret that was sent
    #[arg(long, value_name = "FILE")]
    server_log: Option<PathBuf>,
    /// Parameters that --document does not declare must be refused
    ///
    /// In captured traffic they are an error.
    #[arg(long, requires = "document")]
    strict_parameters: bool,
    /// What was never seen is an error: all of it, or these parts
    #[arg(
        long,
        value_name = "PART,...",
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "operations,statuses,properties"
    )]
    require_coverage: Vec<Part>,
    /// How many pages of a list are followed
    #[arg(long, value_name = "N", default_value_t = Bounds::default().pages)]
    max_pages: usize,
    /// How many elements of a list are looked at
    #[arg(long, value_name = "N", default_value_t = Bounds::default().items)]
    max_items: usize,
    /// How many requests are tried for one law on one operation
    #[arg(long, value_name = "N", default_value_t = Bounds::default().probes)]
    max_probes: usize,
    /// How many requests are made for all laws
    #[arg(long, value_name = "N", default_value_t = Bounds::default().requests)]
    max_requests: usize,
}

/// A part of what there is to see.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    /// The operations
    Operations,
    /// The declared statuses
    Statuses,
    /// The properties that the examples of replies have
    Properties,
}

impl From<Part> for verify::Part {
    fn from(part: Part) -> Self {
        match part {
            Part::Operations => Self::Operations,
            Part::Statuses => Self::Statuses,
            Part::Properties => Self::Properties,
        }
    }
}

impl LawArgs {
    /// The first flag that only makes sense for a server.
    fn for_a_server(&self) -> Option<&'static str> {
        let given = [
            ("--only", !self.only.is_empty()),
            ("--server-log", self.server_log.is_some()),
            ("--require-coverage", !self.require_coverage.is_empty()),
        ];
        let mut given = given.into_iter().filter(|(_, is_given)| *is_given);
        given.next().map(|(flag, _)| flag)
    }

    /// The laws, and what they are laws of: another API's document, or else the contract
    /// that is built in.
    fn read(&self, document: Option<&PathBuf>) -> anyhow::Result<Laws> {
        Ok(Laws {
            document: document.map(|path| api_document(path)).transpose()?,
            scheme: self.auth.clone(),
            only: self.only.clone(),
            expired_token: self.expired_token.clone(),
            foreign_token: self.foreign_token.clone(),
            limited_token: self.limited_token.clone(),
            server_log: self.server_log.clone(),
            strict_parameters: self.strict_parameters,
            require_coverage: self
                .require_coverage
                .iter()
                .map(|part| (*part).into())
                .collect(),
            bounds: Bounds {
                pages: self.max_pages,
                items: self.max_items,
                probes: self.max_probes,
                requests: self.max_requests,
            },
        })
    }
}

/// What captured traffic is verified against: another API's document, or else the
/// contract that is built in.
fn against(document: Option<&PathBuf>, strict_parameters: bool) -> anyhow::Result<Against> {
    Ok(match document {
        None => Against::Contract,
        Some(path) => Against::Document {
            document: api_document(path)?,
            strict_parameters,
        },
    })
}

pub(crate) async fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    args.output.judges_nothing()?;
    let Source { url, har, recorded } = &args.source;
    // clap asks for nothing that conflicts with what is given.
    if let Some(flag) = args.laws.for_a_server().filter(|_| url.is_none()) {
        anyhow::bail!("{flag} is for a server: give --url, and no captured traffic");
    }
    let settings = ProjectArgs::of(args.laws.document.clone()).settings()?;
    let document = (!settings.built_in).then_some(&settings.document);
    let report = if let Some(path) = har {
        verify::har(path, &against(document, args.laws.strict_parameters)?)?
    } else if let Some(path) = recorded {
        verify::recorded(path, &against(document, args.laws.strict_parameters)?)?
    } else {
        let laws = args.laws.read(document)?;
        let token = match (&args.token, &laws.document) {
            (Some(token), _) => Some(token.clone()),
            // Another API may do without.
            (None, Some(_)) => None,
            (None, None) => {
                anyhow::bail!("--url needs a token: give --token, or set WEB1ON1_TOKEN")
            }
        };
        let options = verify::Live {
            url: url.clone().unwrap_or_default(),
            token: token.unwrap_or_default(),
            allow_writes: args.allow_writes,
            ca: args.ca.clone(),
        };
        let progress = Progress::start("verifying the server", "requests");
        verify::with_laws_counting(&options, &laws, progress.counter()).await?
    };
    args.output.print(&report)
}

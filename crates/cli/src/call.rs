//! `web1on1 call`: calls one method of the gRPC API from a shell.
//!
//! The methods, their messages and their JSON form ([ProtoJSON]) come from a
//! descriptor set, so this module names no method of the API, needs no
//! generated client and asks the server for nothing but the call itself.
//!
//! [ProtoJSON]: https://protobuf.dev/programming-guides/json/

mod codec;
mod contact;
mod describe;
mod exchange;
mod facts;
mod find;
mod metadata;
mod outcome;
mod reply;
mod request;
mod select;
mod table;
pub(crate) mod target;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod trace;
mod upload;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};

use self::exchange::Call;
use self::metadata::Entries;
use self::reply::Printer;
use self::select::Selection;
use self::target::TargetArgs;
use self::upload::Upload;

/// Exit code for an argument that cannot be used; no call was made.
const USAGE: u8 = 2;

/// How wide text is where no terminal shows it.
const WIDTH: usize = 100;

/// The variable with metadata to send with every call, an entry on each line.
const METADATA: &str = "WEB1ON1_METADATA";

/// What can be called.
pub(crate) struct Api<'a> {
    /// An encoded `google.protobuf.FileDescriptorSet` with every import.
    pub(crate) descriptors: &'a [u8],
    /// How a caller gets a token.
    pub(crate) login: Login,
}

/// The call that returns a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Login {
    /// The method, as it is given to `call`.
    pub(crate) method: &'static str,
    /// The request, with words in place of the values.
    pub(crate) data: &'static str,
    /// Where the token is in the reply.
    pub(crate) select: &'static str,
}

/// Call one method of the gRPC API and print its reply as JSON
///
/// A method that streams its responses, such as UserService/StreamUsers, prints
/// each as soon as it has arrived, as JSON on a line of its own. On a terminal, a
/// list is a table.
#[derive(clap::Args, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[command(after_help = "Examples:\n  \
    web1on1 call --list\n  \
    web1on1 call UserService/CreateUser --describe\n  \
    web1on1 call UserService/CreateUser --template > user.json\n  \
    web1on1 call UserService/CreateUser -d @user.json\n  \
    web1on1 call UserService/ListUsers -d '{\"limit\": 10}' --select 'users.*.email'")]
pub(crate) struct CallArgs {
    /// The method to call, such as UserService/GetUser
    #[arg(value_name = "SERVICE/METHOD", required_unless_present = "list")]
    method: Option<String>,

    /// The request as JSON, @FILE to read it from a file, or - for stdin
    ///
    /// A client-streaming method takes any number of JSON objects in a row.
    #[arg(short, long, value_name = "JSON|@FILE|-")]
    data: Option<String>,

    /// Upload this file; -d then holds the header message alone
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,

    /// Access token, sent as `authorization: Bearer TOKEN`; @FILE reads it from a file
    #[arg(
        long,
        value_name = "TOKEN",
        env = "WEB1ON1_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,

    #[command(flatten)]
    target: TargetArgs,

    /// How long the call may take, such as 500ms, 10s or 2m
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    timeout: Duration,

    /// Metadata to send with the call, or @FILE with an entry on each line; may be given
    /// more than once
    ///
    /// The value of a name in -bin is base64. The variable `WEB1ON1_METADATA` has entries
    /// as such a file does.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = metadata::parse)]
    headers: Vec<Entries>,

    /// Print only this part of the reply, such as user.id, or users.*.email for that of
    /// every user, a value on each line
    ///
    /// A string is printed without quotes.
    #[arg(long, value_name = "PATH")]
    select: Option<String>,

    /// Print each reply as JSON on one line
    #[arg(long, conflicts_with = "json")]
    compact: bool,

    /// Print JSON also where a terminal would show a table
    #[arg(long)]
    json: bool,

    /// Tell metadata, headers, trailers, times and sizes on stderr, without secrets
    #[arg(short, long)]
    verbose: bool,

    /// List the methods, of one service if it is named
    #[arg(long, conflicts_with_all = ["describe", "template", "data", "file"])]
    list: bool,

    /// Show what the method does, takes and returns, and its REST route; or all of a
    /// service or a type
    #[arg(long, conflicts_with_all = ["template", "data", "file"])]
    describe: bool,

    /// Print a request to fill in, and on stderr what its fields are
    #[arg(long, conflicts_with_all = ["data", "file"])]
    template: bool,
}

/// Runs the command and prints its result: replies as JSON on stdout, errors
/// on stderr.
///
/// The exit code is 1 for a call that failed and 2 for arguments with which no call
/// could be made.
///
/// # Errors
///
/// Only what is wrong with neither call nor arguments: descriptors that do not
/// decode, or an output that cannot be written.
pub(crate) async fn run(args: CallArgs, api: Api<'_>) -> anyhow::Result<ExitCode> {
    let pool = DescriptorPool::decode(api.descriptors)
        .context("the embedded descriptors do not decode")?;
    let screen = Screen {
        out: width_of(&io::stdout()),
        err: width_of(&io::stderr()),
    };
    let (mut out, mut err) = (io::stdout(), io::stderr());
    let code = run_to(args, (&pool, api.login), screen, &mut out, &mut err).await?;
    Ok(ExitCode::from(code))
}

/// The names of all methods, as they are given to `call`.
///
/// # Errors
///
/// The embedded descriptors do not decode.
pub(crate) fn methods(api: &Api<'_>) -> anyhow::Result<Vec<String>> {
    let pool = DescriptorPool::decode(api.descriptors)
        .context("the embedded descriptors do not decode")?;
    Ok(find::all_methods(&pool))
}

/// How wide the terminals are that show what is printed, where there are any.
#[derive(Clone, Copy, Debug, Default)]
struct Screen {
    out: Option<usize>,
    err: Option<usize>,
}

/// How many columns a terminal has. `None` for what is no terminal.
#[cfg(unix)]
fn width_of(stream: &(impl io::IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok();
    let columns = size.map(|size| usize::from(size.ws_col));
    Some(columns.filter(|columns| *columns > 0).unwrap_or(80))
}

#[cfg(not(unix))]
fn width_of(stream: &impl io::IsTerminal) -> Option<usize> {
    stream.is_terminal().then_some(80)
}

async fn run_to(
    args: CallArgs,
    (pool, login): (&DescriptorPool, Login),
    screen: Screen,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<u8> {
    let width = screen.out.unwrap_or(WIDTH);
    let name = args.method.as_deref();
    let planned = if args.list {
        describe::list(pool, name, screen.out.unwrap_or(usize::MAX)).map(Plan::Print)
    } else if args.describe {
        describe::anything(pool, name.unwrap_or_default(), width).map(Plan::Print)
    } else {
        plan(&args, (pool, login), screen)
    };
    match planned {
        Ok(Plan::Print(text)) => {
            out.write_all(text.as_bytes())?;
            Ok(0)
        }
        Ok(Plan::Template(template)) => {
            err.write_all(template.notes.as_bytes())?;
            out.write_all(template.request.as_bytes())?;
            Ok(0)
        }
        Ok(Plan::Call(call)) => call.make(out, err).await,
        Err(error) => {
            writeln!(err, "error: {error:#}")?;
            Ok(USAGE)
        }
    }
}

/// What the arguments ask for.
enum Plan {
    Print(String),
    Template(template::Template),
    Call(Box<Call>),
}

fn plan(
    args: &CallArgs,
    (pool, login): (&DescriptorPool, Login),
    screen: Screen,
) -> anyhow::Result<Plan> {
    let name = args.method.as_deref().unwrap_or_default();
    let method = find::method(pool, name)?;
    if args.template {
        let width = screen.err.unwrap_or(usize::MAX);
        return Ok(Plan::Template(template::of(&method, width)));
    }
    let selection = match &args.select {
        Some(path) => {
            Some(Selection::parse(path, &method.output()).with_context(|| "in --select")?)
        }
        None => None,
    };
    let (messages, upload) = messages(args, &method)?;
    let printer = Printer::new(&method, selection, args.compact, args.json, screen.out);
    let metadata = metadata(args)?;
    let login = (find::short_name(&method) != login.method)
        .then(|| how_to_log_in(login, args, metadata.contains_key("authorization")));
    Ok(Plan::Call(Box::new(Call {
        metadata,
        target: Arc::new(args.target.target(args.timeout)?),
        method,
        messages,
        upload,
        timeout: args.timeout,
        printer,
        is_verbose: args.verbose,
        login,
    })))
}

/// The messages that `-d` has, and the file that is sent behind them.
fn messages(
    args: &CallArgs,
    method: &MethodDescriptor,
) -> anyhow::Result<(Vec<DynamicMessage>, Option<Upload>)> {
    let mut messages = match &args.data {
        Some(data) => {
            let data = request::read_data(data)?;
            request::parse_messages(&method.input(), &data).context("in -d")?
        }
        None => Vec::new(),
    };
    let upload = match &args.file {
        Some(path) => Some(Upload::open(method, path, &mut messages)?),
        None => None,
    };
    if !method.is_client_streaming() {
        ensure!(
            messages.len() <= 1,
            "{} takes one message, but -d holds {}",
            method.name(),
            messages.len()
        );
        if messages.is_empty() {
            messages.push(DynamicMessage::new(method.input()));
        }
    }
    Ok((messages, upload))
}

/// The metadata that the environment, the arguments and the token make.
fn metadata(args: &CallArgs) -> anyhow::Result<tonic::metadata::MetadataMap> {
    let everywhere = match std::env::var(METADATA) {
        Ok(lines) => metadata::lines(&lines).map_err(|error| anyhow!("{METADATA}: {error}"))?,
        Err(_) => Vec::new(),
    };
    let given = args.headers.iter().cloned().flatten();
    metadata::of(everywhere.into_iter().chain(given), args.token.as_deref())
}

/// What a caller does whom the server does not know.
fn how_to_log_in(login: Login, args: &CallArgs, has_token: bool) -> String {
    let Login {
        method,
        data,
        select,
    } = login;
    let cause = if has_token {
        "the token was refused; log in for a new one"
    } else {
        "no token was sent; log in for one"
    };
    let address = args.target.repeated();
    format!(
        "{cause}:\n  \
         export WEB1ON1_TOKEN=$(web1on1 call {method}{address} -d '{data}' --select {select})"
    )
}

/// Parses a number with a unit: `ms`, `s`, `m` or `h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    match number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(milliseconds))
    {
        Some(total) if total > 0 => Ok(Duration::from_millis(total)),
        _ => {
            Err("expected a positive whole number and a unit, such as 500ms, 10s or 2m".to_owned())
        }
    }
}

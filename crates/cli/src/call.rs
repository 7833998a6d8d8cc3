//! `web1on1 call`: calls one method of the gRPC API from a shell.
//!
//! The methods, their messages and their JSON form ([ProtoJSON]) come from a
//! descriptor set, so this module names no method of the API, needs no
//! generated client and asks the server for nothing but the call itself.
//!
//! [ProtoJSON]: https://protobuf.dev/programming-guides/json/

mod contact;
mod describe;
mod outcome;
pub(crate) mod target;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use bytes::Bytes;
use http::uri::PathAndQuery;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, Value,
};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::{Request, Status};

use self::target::{Target, TargetArgs};

/// Bytes of a file that go into one message of an upload.
const CHUNK: u64 = 64 * 1024;

/// Exit code for an argument that cannot be used; no call was made.
const USAGE: u8 = 2;

/// Call one method of the gRPC API and print its reply as JSON
///
/// A method that streams its responses, such as UserService/StreamUsers, prints
/// each as soon as it has arrived, as JSON on a line of its own.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    web1on1 call --list\n  \
    web1on1 call UserService/GetUser --describe\n  \
    web1on1 call UserService/ListUsers -d '{\"limit\": 1}'")]
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

    /// Access token, sent as `authorization: Bearer TOKEN`
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

    /// Metadata to send with the call; can be given many times
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = parse_header)]
    headers: Vec<(AsciiMetadataKey, AsciiMetadataValue)>,

    /// Print only this part of the reply, such as user.id
    ///
    /// A string is printed without quotes.
    #[arg(long, value_name = "PATH")]
    select: Option<String>,

    /// List the methods, of one service if it is named
    #[arg(long, conflicts_with_all = ["describe", "data", "file"])]
    list: bool,

    /// Show what the method does, and the messages that it takes and returns
    #[arg(long, conflicts_with_all = ["data", "file"])]
    describe: bool,
}

/// Runs the command and prints its result: replies as JSON on stdout, errors
/// on stderr.
///
/// `descriptors` is an encoded `google.protobuf.FileDescriptorSet` with every
/// import. The exit code is 1 for a call that failed and 2 for arguments with
/// which no call could be made.
///
/// # Errors
///
/// Only what is wrong with neither call nor arguments: descriptors that do not
/// decode, or an output that cannot be written.
pub(crate) async fn run(args: CallArgs, descriptors: &[u8]) -> anyhow::Result<ExitCode> {
    let pool =
        DescriptorPool::decode(descriptors).context("the embedded descriptors do not decode")?;
    let code = run_to(args, &pool, &mut io::stdout(), &mut io::stderr()).await?;
    Ok(ExitCode::from(code))
}

async fn run_to(
    args: CallArgs,
    pool: &DescriptorPool,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<u8> {
    let planned = if args.list {
        describe::list(pool, args.method.as_deref()).map(Plan::Print)
    } else {
        plan(&args, pool)
    };
    match planned {
        Ok(Plan::Print(text)) => {
            out.write_all(text.as_bytes())?;
            Ok(0)
        }
        Ok(Plan::Call(call)) => call.make(&args, out, err).await,
        Err(error) => {
            writeln!(err, "error: {error:#}")?;
            Ok(USAGE)
        }
    }
}

/// What the arguments ask for.
enum Plan {
    Print(String),
    Call(Box<Call>),
}

fn plan(args: &CallArgs, pool: &DescriptorPool) -> anyhow::Result<Plan> {
    let name = args.method.as_deref().unwrap_or_default();
    let method = describe::find_method(pool, name)?;
    if args.describe {
        return Ok(Plan::Print(describe::method(&method)));
    }
    let mut messages = match &args.data {
        Some(data) => parse_messages(&method.input(), &read_data(data)?).context("in -d")?,
        None => Vec::new(),
    };
    let upload = match &args.file {
        Some(path) => Some(Upload::open(&method, path, &mut messages)?),
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
    Ok(Plan::Call(Box::new(Call {
        metadata: metadata(args)?,
        target: Arc::new(args.target.target(args.timeout)?),
        method,
        messages,
        upload,
    })))
}

/// The metadata of the call. A token given by flag or environment yields to an
/// `authorization` header.
fn metadata(args: &CallArgs) -> anyhow::Result<MetadataMap> {
    let mut metadata = MetadataMap::new();
    for (name, value) in &args.headers {
        metadata.append(name.clone(), value.clone());
    }
    if let Some(token) = args.token.as_deref().filter(|token| !token.is_empty())
        && !metadata.contains_key("authorization")
    {
        let value = format!("Bearer {}", token.trim())
            .parse()
            .map_err(|_| anyhow!("the token holds characters that no header can carry"))?;
        metadata.insert("authorization", value);
    }
    Ok(metadata)
}

/// A call that is ready to be made.
struct Call {
    method: MethodDescriptor,
    target: Arc<Target>,
    metadata: MetadataMap,
    messages: Vec<DynamicMessage>,
    upload: Option<Upload>,
}

impl Call {
    /// Makes the call and prints how it went. Returns the exit code.
    async fn make(
        self,
        args: &CallArgs,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<u8> {
        let is_stream = self.method.is_server_streaming();
        let target = Arc::clone(&self.target);
        let unreadable = self.upload.as_ref().map(|upload| upload.failed.clone());
        let result = tokio::time::timeout(args.timeout, self.exchange(args, out)).await;
        let status = match result {
            Ok(Ok(())) => return Ok(0),
            // Whoever reads the output has seen enough of it.
            Ok(Err(Interrupted::Output(error)))
                if is_stream && error.kind() == io::ErrorKind::BrokenPipe =>
            {
                return Ok(0);
            }
            Ok(Err(Interrupted::Output(error))) => return Err(error),
            Ok(Err(Interrupted::Call(status))) if !outcome::is_local_timeout(&status) => {
                match target.explain(&status) {
                    Some(explanation) => Status::unavailable(explanation),
                    None => *status,
                }
            }
            _ => Status::deadline_exceeded(format!(
                "no answer within {:?}; --timeout allows for more",
                args.timeout
            )),
        };
        // A file that stopped being readable cancels the call: the cause is
        // the news, not the cancellation.
        if let Some(error) = unreadable.as_deref().and_then(OnceLock::get) {
            writeln!(
                err,
                "error: the upload was cancelled, reading the file failed: {error}"
            )?;
        } else {
            err.write_all(outcome::render(&status).as_bytes())?;
        }
        Ok(1)
    }

    /// Every kind of method is called as bidirectional streaming, which looks
    /// the same on the wire.
    async fn exchange(self, args: &CallArgs, out: &mut impl Write) -> Result<(), Interrupted> {
        let channel = self.target.connect().await?;
        let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(usize::MAX);
        client.ready().await.map_err(|error| {
            Status::unavailable(format!(
                "lost the connection to {}: {}",
                self.target.address(),
                outcome::root_cause(&error)
            ))
        })?;

        let messages = self.messages.into_iter().map(Ok);
        let chunks = self.upload.into_iter().flatten();
        let mut request = Request::new(tokio_stream::iter(messages.chain(chunks)));
        *request.metadata_mut() = self.metadata;
        request.set_timeout(args.timeout);
        let path = format!(
            "/{}/{}",
            self.method.parent_service().full_name(),
            self.method.name()
        );
        let path = PathAndQuery::try_from(path)
            .map_err(|error| Status::internal(format!("the name of the method: {error}")))?;
        let codec = DynamicCodec {
            decoded: self.method.output(),
        };

        let mut replies = client.streaming(request, path, codec).await?.into_inner();
        let is_stream = self.method.is_server_streaming();
        let mut count = 0;
        while let Some(reply) = replies.message().await? {
            count += 1;
            match &args.select {
                None if is_stream => outcome::print_line(&reply, out),
                None => outcome::print(&reply, out),
                Some(path) => outcome::print_part(&reply, path, out),
            }
            // Whoever reads along has each message as soon as it is there.
            .and_then(|()| out.flush())
            .map_err(Interrupted::Output)?;
        }
        if count == 0 && !is_stream {
            return Err(Status::internal("the server reported success without a reply").into());
        }
        Ok(())
    }
}

/// Why a call did not run to its end.
enum Interrupted {
    /// The call failed. Boxed, as a status is large.
    Call(Box<Status>),
    /// A reply could not be printed.
    Output(io::Error),
}

impl From<Status> for Interrupted {
    fn from(status: Status) -> Self {
        Self::Call(Box::new(status))
    }
}

/// The content of a file, as the messages that carry it.
struct Upload {
    file: File,
    request: MessageDescriptor,
    /// The bytes field of the request that carries content.
    content: String,
    /// Set when reading the file failed.
    failed: Arc<OnceLock<io::Error>>,
}

impl Upload {
    /// Opens the file and completes the header message, the only one that
    /// `messages` may hold. The descriptor of the method says which of its
    /// fields carries what.
    fn open(
        method: &MethodDescriptor,
        path: &Path,
        messages: &mut Vec<DynamicMessage>,
    ) -> anyhow::Result<Self> {
        let Some(declared) = declared_upload(method) else {
            bail!("{} is not an upload, so it takes no --file", method.name());
        };
        let field = |name: &str| match declared.get_field_by_name(name).as_deref() {
            Some(Value::String(value)) => value.clone(),
            _ => String::new(),
        };
        let content = field("content");
        ensure!(
            method
                .input()
                .get_field_by_name(&content)
                .is_some_and(|field| field.kind() == Kind::Bytes),
            "{} declares an upload without a bytes field for the content",
            method.name()
        );
        if messages.is_empty() {
            messages.push(DynamicMessage::new(method.input()));
        }
        let [header] = messages.as_mut_slice() else {
            bail!("with --file, -d holds the header message alone");
        };
        ensure!(
            !header.has_field_by_name(&content),
            "with --file, the file is the {content}; leave it out of -d"
        );
        if let Some(name) = path.file_name() {
            set_if_unset(header, &field("file_name"), &name.to_string_lossy());
        }
        if let Some(content_type) = content_type(path) {
            set_if_unset(header, &field("content_type"), content_type);
        }
        let file = File::open(path).with_context(|| format!("--file {}", path.display()))?;
        ensure!(
            !file.metadata().is_ok_and(|metadata| metadata.is_dir()),
            "--file {} is a directory",
            path.display()
        );
        Ok(Self {
            file,
            request: method.input(),
            content,
            failed: Arc::default(),
        })
    }

    fn chunk(&mut self) -> Result<Option<DynamicMessage>, Status> {
        let mut bytes = Vec::new();
        if let Err(error) = (&mut self.file).take(CHUNK).read_to_end(&mut bytes) {
            // An error in place of a message resets the stream. Merely ending
            // the stream would pass a part of the file off as the whole.
            let status = Status::aborted(error.to_string());
            let _ = self.failed.set(error);
            return Err(status);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut message = DynamicMessage::new(self.request.clone());
        message
            .try_set_field_by_name(&self.content, Value::Bytes(Bytes::from(bytes)))
            .map_err(|error| Status::internal(error.to_string()))?;
        Ok(Some(message))
    }
}

impl Iterator for Upload {
    type Item = Result<DynamicMessage, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        self.chunk().transpose()
    }
}

/// The `(transcode.v1.upload)` option of the method, if it has one.
fn declared_upload(method: &MethodDescriptor) -> Option<DynamicMessage> {
    let option = method
        .parent_pool()
        .get_extension_by_name("transcode.v1.upload")?;
    let options = method.options();
    if !options.has_extension(&option) {
        return None;
    }
    match options.get_extension(&option).as_ref() {
        Value::Message(upload) => Some(upload.clone()),
        _ => None,
    }
}

/// Sets the string field at `path`, a dotted path from `message`, unless it has
/// a value. Messages on the way are created. A path that leads nowhere is left
/// alone.
fn set_if_unset(message: &mut DynamicMessage, path: &str, value: &str) {
    if let Some((head, rest)) = path.split_once('.') {
        if let Some(Value::Message(inner)) = message.get_field_by_name_mut(head) {
            set_if_unset(inner, rest, value);
        }
    } else if !message.has_field_by_name(path) {
        let _ = message.try_set_field_by_name(path, Value::String(value.to_owned()));
    }
}

/// The media type that the extension of a file suggests, for the types that
/// people upload most. The server looks at the content in any case.
fn content_type(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match extension.as_str() {
        "gif" => "image/gif",
        "jpeg" | "jpg" => "image/jpeg",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        _ => return None,
    })
}

fn read_data(data: &str) -> anyhow::Result<String> {
    if data == "-" {
        io::read_to_string(io::stdin()).context("-d -: cannot read stdin")
    } else if let Some(path) = data.strip_prefix('@') {
        std::fs::read_to_string(path).with_context(|| format!("-d @{path}: cannot read the file"))
    } else {
        Ok(data.to_owned())
    }
}

/// Reads one JSON object after another. White space between them is optional.
fn parse_messages(
    descriptor: &MessageDescriptor,
    json: &str,
) -> anyhow::Result<Vec<DynamicMessage>> {
    let mut messages = Vec::new();
    let mut json = serde_json::Deserializer::from_str(json);
    while json.end().is_err() {
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
        match DynamicMessage::deserialize(descriptor.clone(), tracked) {
            Ok(message) => messages.push(message),
            Err(error) => bail!(describe::json_error(descriptor, &track.path(), &error)),
        }
    }
    Ok(messages)
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

/// Parses `name: value`, the form in which curl and grpcurl take headers.
fn parse_header(text: &str) -> Result<(AsciiMetadataKey, AsciiMetadataValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("expected a name, a colon and a value, such as 'x-request-id: 42'")?;
    let key = name
        .trim()
        .to_ascii_lowercase()
        .parse()
        .map_err(|_| format!("{:?} is not the name of text metadata", name.trim()))?;
    let value = value.trim().parse().map_err(|_| {
        format!(
            "the value of {} holds characters that no header can carry",
            name.trim()
        )
    })?;
    Ok((key, value))
}

/// Encodes and decodes messages that are known by descriptor only.
///
/// What is encoded is a result, so that the source of the messages can fail
/// the call.
#[derive(Clone)]
struct DynamicCodec {
    /// The message to decode.
    decoded: MessageDescriptor,
}

impl Codec for DynamicCodec {
    type Encode = Result<DynamicMessage, Status>;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for DynamicCodec {
    type Item = Result<DynamicMessage, Status>;
    type Error = Status;

    fn encode(&mut self, item: Self::Item, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item?
            .encode(buffer)
            .map_err(|error| Status::internal(format!("the message does not encode: {error}")))
    }
}

impl Decoder for DynamicCodec {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        DynamicMessage::decode(self.decoded.clone(), buffer)
            .map(Some)
            .map_err(|error| Status::internal(format!("the message does not decode: {error}")))
    }
}

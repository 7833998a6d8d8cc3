//! Traces as arguments.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use gateway::credentials::SecretSource;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use telemetry::Registry;
use telemetry::traces::{Calls, Exporter, ExporterConfig};
use trace::{Ratio, Sampling, Tracer};
use upstream::Roots;

use super::bounds::{duration, lasting, positive};
use super::credentials::source;

/// The environment variable with the fields that the collector is sent. There is no
/// argument for them: everybody on the machine reads those.
const HEADERS: &str = "WEB1ON1_TRACE_HEADERS";

/// The path that a URL without one means.
const PATH: &str = "/v1/traces";

/// Which traces are recorded, and where they go.
#[derive(Args, Debug)]
#[command(next_help_heading = "Traces")]
#[expect(
    clippy::struct_field_names,
    reason = "clap names the arguments after the fields"
)]
pub(crate) struct TraceArgs {
    /// The collector that spans are sent to, as OTLP over HTTP, such as
    /// `http://localhost:4318`; without a path, /v1/traces is meant. Without it there are
    /// no traces. Fields for it, such as a token, are in the file of --trace-headers-file
    /// or in the variable `WEB1ON1_TRACE_HEADERS`
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    trace_endpoint: Option<Uri>,

    /// The share of the traces that is recorded, from 0 to 1, of those that begin here
    #[arg(long, value_name = "RATIO", default_value_t = 1.0, value_parser = ratio)]
    trace_ratio: f64,

    /// Whether a caller that has a trace decides itself whether it is recorded
    #[arg(
        long,
        value_name = "WHETHER",
        value_enum,
        default_value_t = Parent::Follow
    )]
    trace_parent: Parent,

    /// What spans call this process; web1on1, web1on1-gateway or web1on1-backend by
    /// default
    #[arg(long, value_name = "NAME")]
    trace_service: Option<String>,

    /// A PEM file with the certificates of the authorities that may vouch for the
    /// collector, in place of those that the system trusts
    #[arg(long, value_name = "FILE", requires = "trace_endpoint")]
    trace_ca: Option<PathBuf>,

    /// The file with fields that the collector is sent, each as `NAME: VALUE` on a line of
    /// its own
    #[arg(long, value_name = "FILE", requires = "trace_endpoint")]
    trace_headers_file: Option<PathBuf>,

    /// How many spans may wait for the collector; further ones are dropped and counted
    #[arg(long, value_name = "NUMBER", default_value_t = 2048, value_parser = positive::<usize>)]
    trace_queue: usize,

    /// How long a span waits for others to be sent with, at most
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    trace_interval: Duration,

    /// How long the collector may take to answer
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = lasting)]
    trace_timeout: Duration,

    /// How long the end of the process waits until the spans that are left are sent
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    trace_flush: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Parent {
    /// What the caller says counts
    Follow,
    /// The ratio counts for the traces of callers too
    Ignore,
}

/// The traces of a process.
pub(super) struct Traces {
    tracer: Tracer,
    calls: std::sync::Arc<Calls>,
    exporter: Exporter,
    flush: Duration,
}

impl Traces {
    /// What says where calls stand.
    pub(super) fn tracer(&self) -> Tracer {
        self.tracer.clone()
    }

    /// What makes spans of calls.
    pub(super) fn calls(&self) -> std::sync::Arc<Calls> {
        self.calls.clone()
    }

    /// Sends the spans that are left.
    pub(super) async fn stop(self) {
        self.exporter.stop(self.flush).await;
    }
}

impl TraceArgs {
    /// Starts to export traces, if that is asked for. `command` is what the process runs as.
    pub(super) fn start(
        &self,
        command: &str,
        registry: &Registry,
    ) -> anyhow::Result<Option<Traces>> {
        let Some(endpoint) = self.trace_endpoint.clone() else {
            return Ok(None);
        };
        let service = self.trace_service.clone().unwrap_or(match command {
            "serve" => "web1on1".to_owned(),
            command => format!("web1on1-{command}"),
        });
        let mut config = ExporterConfig::new(endpoint, service, env!("CARGO_PKG_VERSION"));
        config.headers = self.headers(std::env::var_os(HEADERS))?;
        let ca = self.trace_ca.clone();
        config.client.roots = ca.map_or(Roots::System, Roots::File);
        config.queue = self.trace_queue;
        config.interval = self.trace_interval;
        config.timeout = self.trace_timeout;
        let exporter = Exporter::start(config, registry)
            .context("--trace-endpoint or --trace-ca cannot be used")?;
        let tracer = Tracer::new(self.sampling()?, exporter.sink());
        Ok(Some(Traces {
            calls: Calls::new(tracer.clone()),
            tracer,
            exporter,
            flush: self.trace_flush,
        }))
    }

    fn sampling(&self) -> anyhow::Result<Sampling> {
        let ratio = Ratio::new(self.trace_ratio);
        Ok(Sampling {
            ratio: ratio.context("--trace-ratio is not from 0 to 1")?,
            follows_callers: self.trace_parent == Parent::Follow,
        })
    }

    /// The fields that are sent to the collector. What is wrong with them is told without
    /// their values.
    fn headers(&self, variable: Option<OsString>) -> anyhow::Result<HeaderMap> {
        let flag = "--trace-headers-file";
        let file = self.trace_headers_file.as_ref();
        let Some(source) = source(file, variable, (flag, HEADERS))? else {
            return Ok(HeaderMap::new());
        };
        let place = match &source {
            SecretSource::File(file) => format!("{flag} {}", Path::display(file)),
            SecretSource::Value(_) => HEADERS.to_owned(),
        };
        let fields = source
            .read()
            .with_context(|| format!("{place} cannot be used"))?;
        let mut headers = HeaderMap::new();
        let lines = fields.reveal().lines().map(str::trim).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let field = line.split_once(':').and_then(|(name, value)| {
                let name = HeaderName::try_from(name.trim()).ok()?;
                Some((name, HeaderValue::try_from(value.trim()).ok()?))
            });
            let Some((name, value)) = field else {
                bail!(
                    "{place} has no field such as `authorization: Bearer TOKEN` on line {}",
                    index + 1
                );
            };
            headers.append(name, value);
        }
        Ok(headers)
    }
}

/// Reads the URL of a collector. What is wrong with it repeats nothing that may be a
/// password.
fn endpoint(text: &str) -> Result<Uri, String> {
    let uri = upstream::base(text).map_err(|error| match error {
        upstream::Error::Base { reason, .. } => format!("it {reason}"),
        _ => "it is no URL such as http://localhost:4318".to_owned(),
    })?;
    if uri.path() != "/" {
        return Ok(uri);
    }
    let uri = uri.to_string();
    let uri = format!("{}{PATH}", uri.trim_end_matches('/'));
    uri.parse()
        .map_err(|_| "it is no URL such as http://localhost:4318".to_owned())
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok();
    ratio
        .filter(|ratio| Ratio::new(*ratio).is_some())
        .ok_or_else(|| "must be from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        traces: TraceArgs,
    }

    fn parse(arguments: &[&str]) -> Result<TraceArgs, String> {
        let parsed = Arguments::try_parse_from([&["web1on1"], arguments].concat());
        let parsed = parsed.map(|arguments| arguments.traces);
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_without_a_path_means_that_of_otlp() {
        for (url, expected) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("https://c.example.com/", "https://c.example.com/v1/traces"),
            ("http://c.example.com/otlp", "http://c.example.com/otlp"),
        ] {
            let arguments = parse(&["--trace-endpoint", url]).expect(url);
            let found = arguments.trace_endpoint.expect("it is there").to_string();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for url in ["http://user:canary@host", "user:canary@host:4318"] {
            let error = parse(&["--trace-endpoint", url]).expect_err(url);
            let (_, why) = error.rsplit_once("]': ").unwrap_or(("", &error));
            assert!(!why.is_empty(), "{error}");
            assert!(endpoint(url).is_err_and(|why| !why.contains("canary")));
        }
    }

    #[test]
    fn a_ratio_is_from_0_to_1() {
        for (text, is_one) in [("0", true), ("0.01", true), ("1", true), ("1.1", false)] {
            assert_eq!(parse(&["--trace-ratio", text]).is_ok(), is_one, "{text}");
        }
        for wrong in ["-0.1", "NaN", "", "all"] {
            assert!(ratio(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_exporter() {
        let arguments = parse(&[]).expect("nothing is required");
        let default = ExporterConfig::new(Uri::default(), String::new(), "");
        assert_eq!(arguments.trace_queue, default.queue);
        assert_eq!(arguments.trace_interval, default.interval);
        assert_eq!(arguments.trace_timeout, default.timeout);
        assert!(arguments.trace_endpoint.is_none());
    }

    #[test]
    fn fields_are_read_line_by_line_and_never_repeated() {
        let arguments = parse(&[]).expect("nothing is required");
        let fields = "authorization: Bearer canary\n\n x-scope: a:b \n";
        let headers = arguments.headers(Some(fields.into())).expect("they are");
        assert_eq!(headers["authorization"], "Bearer canary");
        assert_eq!(headers["x-scope"], "a:b");
        for wrong in ["canary", "a: b\nca nary: x", "a: canary\u{1}"] {
            let error = arguments.headers(Some(wrong.into())).expect_err(wrong);
            let error = format!("{error:#}");
            assert!(!error.contains("nary"), "{error}");
            assert!(error.contains("on line"), "{error}");
        }
    }
}

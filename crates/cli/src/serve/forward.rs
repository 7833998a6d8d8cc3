//! Which fields pass in either direction, as arguments.

use clap::Args;
use http::HeaderName;
use transcode::{ReplyFields, RequestFields};

/// What passes beside the messages.
#[derive(Args, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "clap names the arguments after the fields"
)]
pub(crate) struct ForwardArgs {
    /// A field of a caller's metadata to pass on beside authorization,
    /// accept-language, traceparent, tracestate and x-forwarded-for; may be given
    /// several times
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = request_field
    )]
    forward_header: Vec<HeaderName>,

    /// Pass on only what --forward-header names, and none of the built-in fields
    #[arg(long)]
    forward_only: bool,

    /// A field of the upstream's replies to pass on to the caller as metadata; none is
    /// by default; may be given several times
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = reply_field
    )]
    forward_reply_header: Vec<HeaderName>,
}

/// Says where a call comes from. The gateway adds to it.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl ForwardArgs {
    /// The fields that go to the upstream.
    pub(super) fn requests(&self) -> RequestFields {
        let (mut fields, own) = if self.forward_only {
            (RequestFields::none(), None)
        } else {
            (RequestFields::default(), Some(FORWARDED_FOR))
        };
        for name in own.into_iter().chain(self.forward_header.iter().cloned()) {
            // Each was looked at when it was read.
            let _ = fields.add(name);
        }
        fields
    }

    /// Those of them that are named here, which browsers have to be told of.
    pub(super) fn extra_requests(&self) -> Vec<HeaderName> {
        self.forward_header.clone()
    }

    /// The fields that come back.
    pub(super) fn replies(&self) -> ReplyFields {
        let mut fields = ReplyFields::default();
        for name in &self.forward_reply_header {
            let _ = fields.add(name.clone());
        }
        fields
    }
}

/// Reads the name of a field that may go to the upstream.
fn request_field(text: &str) -> Result<HeaderName, String> {
    let name = field(text)?;
    let added = RequestFields::none().add(name.clone());
    added.map(|()| name).map_err(|error| error.to_string())
}

/// Reads the name of a field that may come back.
fn reply_field(text: &str) -> Result<HeaderName, String> {
    let name = field(text)?;
    let added = ReplyFields::default().add(name.clone());
    added.map(|()| name).map_err(|error| error.to_string())
}

fn field(text: &str) -> Result<HeaderName, String> {
    text.parse()
        .map_err(|_| "that is no name of a header".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        forward: ForwardArgs,
    }

    fn parse(arguments: &[&str]) -> Result<ForwardArgs, String> {
        let parsed = Arguments::try_parse_from([&["web1on1"], arguments].concat());
        let parsed = parsed.map_err(|error| error.to_string());
        parsed.map(|arguments| arguments.forward)
    }

    #[track_caller]
    fn check(arguments: &[&str], requests: &str, replies: &str) {
        let forward = parse(arguments).expect("the names may be on the lists");
        let joined = |names: &[HeaderName]| {
            let names: Vec<_> = names.iter().map(HeaderName::as_str).collect();
            names.join(" ")
        };
        assert_eq!(joined(forward.requests().names()), requests);
        assert_eq!(joined(forward.replies().names()), replies);
    }

    #[test]
    fn names_are_added_to_the_built_in_ones_unless_they_alone_are_wanted() {
        let built_in = "authorization accept-language traceparent tracestate x-forwarded-for";
        check(&[], built_in, "");
        let both = [
            "--forward-header",
            "X-Tenant",
            "--forward-reply-header",
            "etag,sunset",
        ];
        check(&both, &format!("{built_in} x-tenant"), "etag sunset");
        let only = ["--forward-only", "--forward-header", "authorization"];
        check(&only, "authorization", "");
    }

    #[test]
    fn what_can_never_pass_is_refused_with_the_reason() {
        for (argument, name, reason) in [
            ("--forward-header", "te", "it speaks of one hop"),
            ("--forward-header", "grpc-timeout", "it belongs to gRPC"),
            (
                "--forward-reply-header",
                "grpc-status",
                "it belongs to gRPC",
            ),
            (
                "--forward-reply-header",
                "connection",
                "it speaks of one hop",
            ),
        ] {
            let error = parse(&[argument, name]).expect_err("it can never pass");
            let told = format!("{name} can never be passed on: {reason}");
            assert!(error.contains(&told), "{error}");
        }
    }
}

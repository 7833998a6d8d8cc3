//! The field `traceparent`.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::ids::{SpanId, TraceId, byte_of};

/// The field that says which span of which trace a request is a part of.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The field with what those who trace add to that.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// How long the field is in version 00, in bytes.
const LENGTH: usize = 55;

/// The flag which says that the trace is recorded.
const SAMPLED: u8 = 0x01;

/// A span, and whether its trace is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// Whether the trace is recorded.
    pub is_sampled: bool,
}

impl Context {
    /// Reads the context of a caller. `None` where there is none, and where it is
    /// malformed: then a trace begins here.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let value = values.next()?;
        // Of two nobody knows which one counts.
        if values.next().is_some() {
            return None;
        }
        Self::parse(value.as_bytes())
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let [version, trace, span, flags] = split(known)?;
        match byte_of(version)? {
            // It has no meaning.
            0xff => return None,
            0 if !rest.is_empty() => return None,
            // A later version may say more behind another hyphen.
            _ if !rest.is_empty() && !rest.starts_with(b"-") => return None,
            _ => {}
        }
        Some(Self {
            trace: TraceId::read(trace)?,
            span: SpanId::read(span)?,
            is_sampled: byte_of(flags)? & SAMPLED != 0,
        })
    }

    /// The field for a request that this span sends.
    pub fn field(&self) -> HeaderValue {
        let flags = if self.is_sampled { SAMPLED } else { 0 };
        let text = format!("00-{}-{}-{flags:02x}", self.trace, self.span);
        // Digits and hyphens are always a value.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// The four parts of the field, if hyphens stand where they belong.
fn split(text: &[u8]) -> Option<[&[u8]; 4]> {
    let mut parts = text.split(|byte| *byte == b'-');
    let parts = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    (parts[0].len() == 2 && parts[3].len() == 2).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(values: &[&str]) -> Option<Context> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, value.parse().expect("it is a value"));
        }
        Context::read(&headers)
    }

    #[test]
    fn a_context_is_passed_on_as_it_was_read() {
        let context = read(&[GOOD]).expect("it is one");
        assert!(context.is_sampled);
        assert_eq!(context.field(), GOOD);
        let not_sampled = GOOD.replace("-01", "-00");
        let context = read(&[&not_sampled]).expect("it is one");
        assert!(!context.is_sampled);
        assert_eq!(context.field(), not_sampled);
    }

    #[test]
    fn flags_that_nobody_knows_are_not_passed_on() {
        let context = read(&[&GOOD.replace("-01", "-ff")]).expect("it is one");
        assert_eq!(context.field(), GOOD);
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        for later in [
            GOOD.replacen("00", "01", 1),
            GOOD.replacen("00", "fe", 1) + "-",
            GOOD.replacen("00", "cc", 1) + "-what the future will be like",
        ] {
            let context = read(&[&later]).expect(&later);
            assert_eq!(context.field(), GOOD, "{later}");
        }
    }

    #[test]
    fn what_is_malformed_is_none() {
        for wrong in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            // Version 00 has nothing behind its flags.
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what",
            // Nor has a later one, but for a hyphen.
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
            "00 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 01",
        ] {
            assert_eq!(read(&[wrong]), None, "{wrong:?}");
        }
    }

    #[test]
    fn of_two_none_counts() {
        assert_eq!(read(&[GOOD, GOOD]), None);
        assert_eq!(read(&[]), None);
    }
}

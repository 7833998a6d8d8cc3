//! A line of the access log.

use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// What a line says, in this order. What is not known or makes no sense is left out.
#[derive(Debug, Serialize)]
pub(super) struct Line<'a> {
    pub(super) time: Timestamp,
    pub(super) server: &'static str,
    pub(super) request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rpc: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peer: Option<IpAddr>,
    /// In seconds.
    pub(super) duration: f64,
    /// In bytes.
    pub(super) received: u64,
    /// In bytes.
    pub(super) sent: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upstream_status: Option<u16>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) upstream_duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) elements: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) drifts: Option<usize>,
}

impl Line<'_> {
    /// The line as a JSON object.
    pub(super) fn json(&self) -> Vec<u8> {
        // Texts and numbers can be written.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }

    /// The line as `name=value` pairs.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = String::new();
        if let Ok(Value::Object(members)) = serde_json::to_value(self) {
            for (name, value) in &members {
                if !text.is_empty() {
                    text.push(' ');
                }
                // Writing to a string cannot fail.
                let _ = match value {
                    Value::String(value) if is_plain(value) => write!(text, "{name}={value}"),
                    // A string in quotes, as JSON has it, or a number.
                    value => write!(text, "{name}={value}"),
                };
            }
        }
        text.push('\n');
        text.into_bytes()
    }
}

/// Returns whether a value needs no quotes.
fn is_plain(value: &str) -> bool {
    let needs_none = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\');
    !value.is_empty() && value.bytes().all(needs_none)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(reason: Option<&str>) -> Line<'_> {
        Line {
            time: Timestamp::UNIX_EPOCH,
            server: "gateway",
            request_id: "a-1",
            trace_id: None,
            rpc: Some("a.B/C"),
            code: Some("OK"),
            operation: None,
            status: None,
            reason,
            subject: None,
            user: None,
            peer: Some([192, 0, 2, 1].into()),
            duration: 0.25,
            received: 1,
            sent: 2,
            upstream_status: Some(200),
            upstream_duration: Some(0.125),
            attempts: Some(1),
            elements: None,
            drifts: None,
        }
    }

    #[track_caller]
    fn check(line: Vec<u8>, expected: &str) {
        assert_eq!(String::from_utf8(line).as_deref(), Ok(expected));
    }

    #[test]
    fn a_line_of_text_has_names_and_values() {
        check(
            line(None).text(),
            "time=1970-01-01T00:00:00Z server=gateway request_id=a-1 rpc=a.B/C code=OK \
             peer=192.0.2.1 duration=0.25 received=1 sent=2 upstream_status=200 \
             upstream_duration=0.125 attempts=1\n",
        );
    }

    #[test]
    fn a_line_of_json_is_an_object() {
        check(
            line(None).json(),
            "{\"time\":\"1970-01-01T00:00:00Z\",\"server\":\"gateway\",\"request_id\":\"a-1\",\
             \"rpc\":\"a.B/C\",\"code\":\"OK\",\"peer\":\"192.0.2.1\",\"duration\":0.25,\
             \"received\":1,\"sent\":2,\"upstream_status\":200,\"upstream_duration\":0.125,\
             \"attempts\":1}\n",
        );
    }

    #[test]
    fn nothing_can_make_up_another_line() {
        let text = line(Some("x\n y=\"z\"")).text();
        let text = String::from_utf8(text).expect("UTF-8");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains(r#"reason="x\n y=\"z\"" "#), "{text}");
    }
}

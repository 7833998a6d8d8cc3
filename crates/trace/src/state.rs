//! The field `tracestate`: what those who trace have added, which is passed on as it
//! is, within bounds.

use std::collections::HashSet;

use http::{HeaderMap, HeaderValue};

use crate::context::TRACESTATE;

/// How many members there may be.
const MAX_MEMBERS: usize = 32;

/// How long the field may be that is passed on, in bytes. Everybody passes on as much.
const MAX_LENGTH: usize = 512;

/// How long a member may be, in bytes, that stays when there is too much.
const LONG_MEMBER: usize = 128;

/// How long a key and a value may be, in bytes.
const MAX_PART: usize = 256;

/// Reads the field, which may stand on several lines. `None` where there is none, and
/// where it is malformed: then nothing of it counts.
pub(crate) fn read(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut members = Vec::new();
    for line in headers.get_all(TRACESTATE) {
        let line = line.to_str().ok()?;
        for member in line.split(',') {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            members.push(member);
            if members.len() > MAX_MEMBERS || !is_member(member) {
                return None;
            }
        }
    }
    let mut keys = HashSet::new();
    let key = |member: &'_ str| member.split_once('=').map(|(key, _)| key.to_owned());
    if !members.iter().all(|member| keys.insert(key(member))) {
        return None;
    }
    let members = shortened(members);
    if members.is_empty() {
        return None;
    }
    HeaderValue::try_from(members.join(",")).ok()
}

/// The members that are passed on: long ones go first, then those at the end.
fn shortened(mut members: Vec<&str>) -> Vec<&str> {
    let length = |members: &[&str]| members.iter().map(|member| member.len() + 1).sum::<usize>();
    while length(&members) > MAX_LENGTH + 1 {
        let long = members
            .iter()
            .rposition(|member| member.len() > LONG_MEMBER);
        match long {
            Some(place) => drop(members.remove(place)),
            None => drop(members.pop()),
        }
    }
    members
}

fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else {
        return false;
    };
    let begins = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let goes_on = |byte: u8| begins(byte) || b"_-*/@".contains(&byte);
    let is_key =
        key.len() <= MAX_PART && key.bytes().next().is_some_and(begins) && key.bytes().all(goes_on);
    let in_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=';
    is_key && (1..=MAX_PART).contains(&value.len()) && value.bytes().all(in_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(TRACESTATE, line.parse().expect("it is a value"));
        }
        let read = read(&headers);
        let read = read.as_ref().map(|value| value.to_str().expect("ASCII"));
        assert_eq!(read, expected, "{lines:?}");
    }

    #[test]
    fn members_keep_their_order() {
        check(
            &["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "t@v=a b"],
            Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,t@v=a b"),
        );
        check(&[" a=1 ,,\tb=2"], Some("a=1,b=2"));
        check(&[], None);
        check(&[","], None);
    }

    #[test]
    fn what_is_malformed_counts_as_a_whole_for_nothing() {
        for wrong in [
            "a", "=1", "a=", "A=1", "a =1", "a=1=2", "a=1\tb", "ok=1,a", "a=1,a=2", "_a=1",
        ] {
            check(&[wrong], None);
        }
        let long_key = format!("{}=1", "a".repeat(257));
        check(&[&long_key], None);
        let long_value = format!("a={}", "v".repeat(257));
        check(&[&long_value], None);
        let many: Vec<_> = (0..33).map(|n| format!("k{n}=1")).collect();
        check(&[&many.join(",")], None);
        check(&[&many[..32].join(",")], Some(&many[..32].join(",")));
    }

    #[test]
    fn of_too_much_the_long_and_the_last_go() {
        let long = format!("long={}", "v".repeat(200));
        let short: Vec<_> = (0..20)
            .map(|n| format!("k{n:02}={}", "v".repeat(20)))
            .collect();
        let all = format!("{long},{}", short.join(","));
        // 25 bytes each, with its comma.
        check(&[&all], Some(&short.join(",")));
        let more: Vec<_> = (0..30)
            .map(|n| format!("k{n:02}={}", "v".repeat(20)))
            .collect();
        check(&[&more.join(",")], Some(&more[..20].join(",")));
    }
}

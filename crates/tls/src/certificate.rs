//! What a certificate says that rustls does not tell: how long it is valid, and
//! the common name of its subject.
//!
//! Nothing is checked here. rustls has verified the certificate of a peer before,
//! and that of this process is its own.

use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::der::{
    GENERALIZED_TIME, IA5_STRING, OBJECT_IDENTIFIER, PRINTABLE_STRING, SEQUENCE, SET, UTC_TIME,
    UTF8_STRING, VERSION, Value, Values,
};

/// The object identifier of a common name, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// From when to when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) begins: SystemTime,
    pub(crate) ends: SystemTime,
}

/// Returns from when to when a certificate is valid, if it can be read.
pub(crate) fn validity(certificate: &[u8]) -> Option<Validity> {
    let mut times = fields(certificate)?.nth(3)?.within(SEQUENCE)?;
    Some(Validity {
        begins: time(times.next()?)?,
        ends: time(times.next()?)?,
    })
}

/// Returns the last common name of the subject, which is the most specific one.
pub(crate) fn common_name(certificate: &[u8]) -> Option<&str> {
    let subject = fields(certificate)?.nth(4)?.within(SEQUENCE)?;
    let attributes = subject
        .filter_map(|set| set.within(SET))
        .flatten()
        .filter_map(|attribute| attribute.within(SEQUENCE));
    attributes
        .filter_map(|mut attribute| {
            let kind = attribute.next()?;
            let is_name = kind.tag == OBJECT_IDENTIFIER && kind.content == COMMON_NAME;
            let value = attribute.next().filter(|_| is_name)?;
            let is_text = matches!(value.tag, UTF8_STRING | PRINTABLE_STRING | IA5_STRING);
            std::str::from_utf8(value.content)
                .ok()
                .filter(|name| is_text && !name.is_empty())
        })
        .last()
}

/// The fields of a certificate behind its version: serial number, signature,
/// issuer, validity, subject and more.
fn fields(certificate: &[u8]) -> Option<Values<'_>> {
    let mut certificate = Values(certificate).next()?.within(SEQUENCE)?;
    let mut fields = certificate.next()?.within(SEQUENCE)?;
    let behind_version = fields.clone();
    if fields.next()?.tag == VERSION {
        Some(fields)
    } else {
        Some(behind_version)
    }
}

/// A time as certificates have it (RFC 5280, section 4.1.2.5).
fn time(value: Value<'_>) -> Option<SystemTime> {
    let text = std::str::from_utf8(value.content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match value.tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 } else { 1900 } + year, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    if rest.len() != 10 {
        return None;
    }
    let part = |place: usize| rest.get(2 * place..2 * place + 2)?.parse::<i8>().ok();
    let (month, day, hour) = (part(0)?, part(1)?, part(2)?);
    let time = DateTime::new(year, month, day, hour, part(3)?, part(4)?, 0).ok()?;
    let time = TimeZone::UTC.to_timestamp(time).ok()?;
    Some(time.into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        certificate.der().to_vec()
    }

    #[track_caller]
    fn check_end((year, month, day): (i32, u8, u8), seconds: u64) {
        let certificate = certificate(|params| {
            params.not_before = date_time_ymd(1999, 1, 1);
            params.not_after = date_time_ymd(year, month, day);
        });
        let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let found = validity(&certificate).map(|validity| validity.ends);
        assert_eq!(found, Some(expected), "for {year}-{month}-{day}");
    }

    #[test]
    fn the_end_is_read_in_both_of_its_forms() {
        check_end((2026, 11, 27), 1_795_737_600);
        check_end((2049, 12, 31), 2_524_521_600);
        check_end((2050, 1, 1), 2_524_608_000);
        check_end((4000, 2, 29), 64_065_686_400);
    }

    #[test]
    fn the_last_common_name_is_the_one() {
        let named = certificate(|params| {
            params
                .distinguished_name
                .push(DnType::OrganizationName, "Acme");
            params
                .distinguished_name
                .push(DnType::CommonName, "grüner client");
        });
        assert_eq!(common_name(&named), Some("grüner client"));
        assert_eq!(common_name(&certificate(|_| {})), None);
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        for bytes in [&b""[..], b"certificate", &[0x30, 3, 0x30, 1, 0]] {
            assert_eq!(validity(bytes), None, "for {bytes:x?}");
            assert_eq!(common_name(bytes), None, "for {bytes:x?}");
        }
        let whole = certificate(|_| {});
        for length in 0..whole.len() {
            // Whatever it says, it does not panic.
            let _ = (validity(&whole[..length]), common_name(&whole[..length]));
        }
    }
}

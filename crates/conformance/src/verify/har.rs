//! HAR 1.2 files, as far as they tell about exchanges.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::multipart;

/// The part of HAR 1.2 that tells about an exchange.
#[derive(Deserialize)]
pub(crate) struct Har {
    pub(crate) log: HarLog,
}

#[derive(Deserialize)]
pub(crate) struct HarLog {
    pub(crate) entries: Vec<HarEntry>,
}

#[derive(Deserialize)]
pub(crate) struct HarEntry {
    pub(crate) request: HarRequest,
    pub(crate) response: HarResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: Vec<HarHeader>,
    pub(crate) post_data: Option<HarPostData>,
    /// The size of the body in bytes; negative where it is not known.
    pub(crate) body_size: Option<i64>,
}

/// A body: as text, or part by part if it is a form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarPostData {
    #[serde(default)]
    pub(crate) mime_type: String,
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) params: Vec<HarParam>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarParam {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: String,
    pub(crate) content_type: Option<String>,
}

impl HarPostData {
    /// The name and the content type of each part of a form.
    pub(crate) fn parts(&self, content_type: &str) -> Vec<(Option<String>, Option<String>)> {
        let params = self.params.iter();
        let mut parts: Vec<_> = params
            .map(|param| (Some(param.name.clone()), param.content_type.clone()))
            .collect();
        let text = self.text.as_deref().unwrap_or_default();
        if let Ok(found) = multipart::parse(content_type, text.as_bytes()) {
            parts.extend(found.into_iter().map(|part| (part.name, part.content_type)));
        }
        parts
    }
}

#[derive(Deserialize)]
pub(crate) struct HarResponse {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<HarHeader>,
    #[serde(default)]
    pub(crate) content: HarContent,
}

#[derive(Default, Deserialize)]
pub(crate) struct HarContent {
    #[serde(default)]
    pub(crate) size: i64,
    pub(crate) text: Option<String>,
    pub(crate) encoding: Option<String>,
}

impl HarContent {
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.text, self.encoding.as_deref()) {
            (Some(text), Some("base64")) => STANDARD.decode(text).ok(),
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, _) => (self.size == 0).then(Vec::new),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct HarHeader {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The headers that are valid.
pub(crate) fn headers(all: &[HarHeader]) -> HeaderMap {
    let valid = all.iter().filter_map(|header| {
        Some((
            HeaderName::try_from(&header.name).ok()?,
            HeaderValue::try_from(&header.value).ok()?,
        ))
    });
    valid.collect()
}

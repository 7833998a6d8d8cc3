//! The file that an upload sends, as the messages that carry it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, MethodDescriptor, Value};
use tonic::Status;

/// Bytes of a file that go into one message of an upload.
const CHUNK: u64 = 64 * 1024;

/// The content of a file, as the messages that carry it.
pub(super) struct Upload {
    file: File,
    request: MessageDescriptor,
    /// The bytes field of the request that carries content.
    content: String,
    /// Set when reading the file failed.
    pub(super) failed: Arc<OnceLock<io::Error>>,
}

impl Upload {
    /// Opens the file and completes the header message, the only one that
    /// `messages` may hold. The descriptor of the method says which of its
    /// fields carries what.
    pub(super) fn open(
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

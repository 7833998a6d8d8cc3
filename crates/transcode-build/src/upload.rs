//! Uploads: `transcode.v1.upload`.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::fields::{FieldPath, oneof_of, text_field};
use crate::options::Upload;

/// The parts of an upload's request message.
pub(crate) struct UploadFields {
    /// The name of the form-data part.
    pub(crate) part: String,
    /// The member of the oneof that holds the header.
    pub(crate) header: FieldDescriptor,
    /// The member of the oneof that holds content.
    pub(crate) content: FieldDescriptor,
    pub(crate) file_name: FieldPath,
    pub(crate) content_type: FieldPath,
}

impl UploadFields {
    pub(crate) fn new(input: &MessageDescriptor, upload: Upload) -> Result<Self, String> {
        if upload.part.is_empty() {
            return Err("is an upload without a name for its part".to_owned());
        }
        let content = input
            .get_field_by_name(&upload.content)
            .filter(|field| field.kind() == Kind::Bytes && !field.is_list());
        let oneof = content.as_ref().and_then(oneof_of);
        let (Some(content), Some(oneof)) = (content, oneof) else {
            return Err(format!(
                "is an upload of {:?}, which is not a bytes field of a oneof",
                upload.content
            ));
        };
        let others: Vec<_> = oneof.fields().filter(|field| *field != content).collect();
        let [header] = others.as_slice() else {
            return Err(NOT_AN_UPLOAD.to_owned());
        };
        if input.fields().len() != 2 || !matches!(header.kind(), Kind::Message(_)) {
            return Err(NOT_AN_UPLOAD.to_owned());
        }
        let string_of_header = |option: &str, name: &str| {
            text_field(input, name)
                .ok()
                .filter(|path| path[0] == *header && path[path.len() - 1].kind() == Kind::String)
                .ok_or_else(|| {
                    format!(
                        "is an upload whose {option} is {name:?}, which is no string of its header"
                    )
                })
        };
        Ok(Self {
            file_name: string_of_header("file_name", &upload.file_name)?,
            content_type: string_of_header("content_type", &upload.content_type)?,
            header: header.clone(),
            part: upload.part,
            content,
        })
    }
}

const NOT_AN_UPLOAD: &str =
    "is an upload, whose request is one oneof of a header message and the content";

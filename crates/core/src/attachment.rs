//! Files that go with an operation.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Text;

/// A file that an [`Invoke`](crate::WriteOp::Invoke) sends. It is held in memory and stored with its operation, its
/// bytes as Base64 (RFC 4648, section 4); an outbox bounds the size of what it stores.
///
/// `Debug` shows the size, not the name and not the bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachment {
    /// The name of the input that takes the file.
    pub field: Text,
    /// The file's name.
    pub name: String,
    /// The media type; `application/octet-stream` when `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<Text>,
    /// The bytes.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub bytes: Bytes,
}

impl Attachment {
    /// A file for an input.
    pub fn new(field: impl Into<Text>, name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self { field: field.into(), name: name.into(), media_type: None, bytes: bytes.into() }
    }

    /// Sets the media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<Text>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.field, self.bytes.len())
    }
}

fn write_bytes<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map(Bytes::from).map_err(|_| de::Error::custom("a file's bytes are not Base64"))
}

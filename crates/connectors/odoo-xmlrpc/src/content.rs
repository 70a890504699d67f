//! The bytes of a file: an attachment's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::Value;
use tieline_core::{Content, ContentRequest, Error, ErrorKind, Result, Text};
use tieline_kit::excerpt;

use crate::call::Call;
use crate::client::Client;
use crate::lookup::id;
use crate::write::missing;

/// The model that files hang on.
const ATTACHMENT: &str = "ir.attachment";

#[derive(Deserialize)]
struct Attachment {
    /// `binary`, or `url` for a link to elsewhere.
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    mimetype: Value,
    /// The content in base64, `false` when there is none.
    #[serde(default)]
    datas: Value,
}

/// Reads an attachment. Odoo sends it whole, in base64 within one answer.
///
/// # Errors
/// `Unsupported` for other models and for attachments that only link elsewhere, `NotFound` when there is none.
pub(crate) async fn content(client: &Client, request: &ContentRequest) -> Result<Content> {
    let entity = request.entity.as_str();
    if entity != ATTACHMENT {
        return Err(Error::unsupported("reading the content of a record that is no attachment")
            .with_advice("name the field in a read: binary fields come as base64 when they are asked for"));
    }
    let id = id(&request.key).ok_or_else(|| missing(entity, &request.key))?;
    // Without `bin_size`, in whose place a size would come.
    let call = Call::reading(ATTACHMENT, "read")
        .ids([id])
        .named("fields", &["type", "mimetype", "datas"])?
        .context("bin_size", false);
    let found: Vec<Attachment> = client.value(&call).await?.view().map_err(|_| {
        Error::new(ErrorKind::Decode, "Odoo's response describes the attachment otherwise than documented")
    })?;
    let attachment = found.into_iter().next().ok_or_else(|| missing(entity, &request.key))?;
    if attachment.kind.as_str() == Some("url") {
        return Err(Error::unsupported("reading an attachment that is a link")
            .with_advice("its field url says where the file is"));
    }
    let packed = attachment.datas.as_str().unwrap_or_default();
    let packed: String = packed.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let whole = STANDARD
        .decode(packed)
        .map_err(|_| Error::new(ErrorKind::Decode, "Odoo's response holds a file that is not base64"))?;
    let length = whole.len();
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    if offset > length {
        return Err(Error::new(ErrorKind::Rejected, "the file ends before the byte to go on from")
            .with_context("length", length));
    }
    let bytes = Bytes::from(whole).slice(offset..);
    let mut content = Content::new(Box::pin(stream::iter([Ok(bytes)])));
    content.length = u64::try_from(length).ok();
    content.media_type = attachment.mimetype.as_str().map(|kind| Text::new(excerpt(kind, 120)));
    Ok(content)
}

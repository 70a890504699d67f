//! The bytes of a file: of an attachment, or of a field that holds one.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use tieline_core::{Content, ContentRequest, Error, ErrorKind, Result, Text};
use tieline_kit::excerpt;

use crate::call::Call;
use crate::client::Client;
use crate::lookup::id;
use crate::write::missing;

/// The model that files hang on.
const ATTACHMENT: &str = "ir.attachment";

/// Reads an attachment, or the file in the field that `variant` names. Odoo sends it whole, in base64 within one answer.
///
/// # Errors
/// `Unsupported` for a record that is no attachment without a variant and for attachments that only link elsewhere,
/// `NotFound` when there is no such record.
pub(crate) async fn content(client: &Client, request: &ContentRequest) -> Result<Content> {
    let entity = request.entity.as_str();
    let id = id(&request.key).ok_or_else(|| missing(entity, &request.key))?;
    let field = match &request.variant {
        Some(variant) => {
            let model = client.model(entity).await?;
            let (name, field) = model.field(variant.as_str())?;
            if !field.is_file() {
                return Err(Error::unsupported("reading the content of a field that holds no file")
                    .with_context("field", excerpt(name, 80)));
            }
            name.to_owned()
        }
        None if entity == ATTACHMENT => "datas".to_owned(),
        None => {
            return Err(Error::unsupported("reading the content of a record that is no attachment")
                .with_advice("name the field that holds the file, such as image_1920, as the variant"));
        }
    };
    let mut fields = vec![field.as_str()];
    if entity == ATTACHMENT {
        fields.extend(["type", "mimetype"]);
    }
    // Without `bin_size`, in whose place a size would come.
    let call = Call::reading(entity, "read").ids([id]).named("fields", &fields)?.context("bin_size", false);
    let found: Vec<BTreeMap<String, Value>> = client.value(&call).await?.view().map_err(|_| {
        Error::new(ErrorKind::Decode, "Odoo's response describes the file otherwise than documented")
    })?;
    let record = found.into_iter().next().ok_or_else(|| missing(entity, &request.key))?;
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    if text("type") == Some("url") && entity == ATTACHMENT {
        return Err(Error::unsupported("reading an attachment that is a link")
            .with_advice("its field url says where the file is"));
    }
    let packed: String =
        text(&field).unwrap_or_default().chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let whole = STANDARD
        .decode(packed)
        .map_err(|_| Error::new(ErrorKind::Decode, "Odoo's response holds a file that is not base64"))?;
    let length = whole.len();
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    if offset > length {
        return Err(Error::new(ErrorKind::Rejected, "the file ends before the byte to go on from")
            .with_context("length", length));
    }
    let wanted = request.length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    let bytes = Bytes::from(whole).slice(offset..offset.saturating_add(wanted).min(length));
    let mut content = Content::new(Box::pin(stream::iter([Ok(bytes)])));
    content.length = u64::try_from(length).ok();
    content.media_type = text("mimetype").map(|kind| Text::new(excerpt(kind, 120)));
    Ok(content)
}

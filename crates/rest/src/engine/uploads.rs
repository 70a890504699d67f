//! Files that go with an action.

use tieline_core::http::{Body, Multipart};
use tieline_core::{Attachment, Error, ErrorKind, Result};

use super::words::RequestWords;
use crate::description::{Request, Upload, UploadKind};

/// The media type of a file that names none.
const BYTES: &str = "application/octet-stream";

/// The body of a request that sends files.
///
/// # Errors
/// `Rejected` for another number of files than the request sends.
pub(super) fn body(request: &Request, upload: &Upload, words: &RequestWords<'_>) -> Result<Body> {
    let one = || match words.files {
        [file] => Ok(file),
        files => Err(Error::new(ErrorKind::Rejected, format!("one file is sent here, not {}", files.len()))
            .with_advice("attach one file to the operation")),
    };
    let media = |file: &Attachment| file.media_type.as_ref().map_or(BYTES, |media| media.as_str()).to_owned();
    match upload.kind {
        UploadKind::Raw => {
            let file = one()?;
            Ok(Body::from(file.bytes.clone()).with_content_type(media(file)))
        }
        UploadKind::Related => {
            let file = one()?;
            let mut parts = Multipart::related();
            if let Some(body) = &request.body {
                parts = parts.part("application/json; charset=UTF-8", body.fill(words)?);
            }
            parts.part(&media(file), file.bytes.clone()).build()
        }
        UploadKind::Form => {
            if words.files.is_empty() {
                return Err(Error::new(ErrorKind::Rejected, "a file is sent here, and none is attached"));
            }
            let mut parts = Multipart::new();
            for (name, template) in &request.form {
                for value in template.fill_each(words, plain, |text, out| out.push_str(text))? {
                    parts = parts.text(name, value);
                }
            }
            for file in words.files {
                let name = upload.part.as_deref().unwrap_or(file.field.as_str());
                parts = parts.file(name, &file.name, &media(file), file.bytes.clone());
            }
            parts.build()
        }
    }
}

fn plain(text: &str, out: &mut String) -> Result<()> {
    out.push_str(text);
    Ok(())
}

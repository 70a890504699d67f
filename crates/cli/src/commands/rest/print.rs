//! `tieline rest print` and `tieline rest schema`.

use std::path::Path;

use serde_json::Value;
use tieline::{Error, ErrorKind};

use super::description;
use crate::failure::Outcome;
use crate::lines::stdout;

/// Writes a description out, with all that it began from.
pub(super) fn print(file: &Path, json: bool) -> Outcome {
    let description = description(file)?;
    let mut out = stdout();
    if json {
        let value: Value = serde_json::from_str(&description.to_json()).map_err(|error| {
            Error::new(ErrorKind::Internal, "the description was not written as JSON").with_source(error)
        })?;
        out.value(&value)?;
    } else {
        out.text(&description.to_yaml())?;
    }
    out.flush()
}

/// Writes the JSON Schema of descriptions, or the reference of the language.
pub(super) fn schema(markdown: bool) -> Outcome {
    let mut out = stdout();
    if markdown {
        out.text(&tieline_rest::reference())?;
    } else {
        out.text(&format!("{:#}\n", tieline_rest::schema()))?;
    }
    out.flush()
}

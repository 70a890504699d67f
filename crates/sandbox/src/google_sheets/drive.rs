//! Drive's file list, and one file's time of change.

use super::access::Caller;
use super::grid::{FileKind, Spreadsheet};
use super::mask::Mask;
use super::refusal::{self, Refusal};
use crate::{Json, Object};

/// The fields that come when nothing else is asked for.
const USUAL: &str = "kind,id,name,mimeType";

fn media_type(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Spreadsheet => "application/vnd.google-apps.spreadsheet",
        FileKind::Document => "application/vnd.google-apps.document",
        FileKind::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
}

fn shown(file: &Spreadsheet) -> Json {
    let modified = file.modified.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    Object::default()
        .with("kind", "drive#file")
        .with("id", file.id.clone())
        .with("name", file.title.clone())
        .with("mimeType", media_type(file.kind))
        .with("trashed", file.trashed)
        .with("version", file.version.to_string())
        .with("modifiedTime", modified)
        .into()
}

pub(crate) fn get(
    files: &[Spreadsheet],
    caller: &Caller,
    id: &str,
    fields: Option<&str>,
) -> Result<Json, Refusal> {
    let file = files.iter().find(|file| file.id == id && caller.sees(file));
    let mut missing = refusal::not_found();
    missing.message = format!("File not found: {id}.");
    let file = file.ok_or(missing)?;
    Ok(Mask::parse(fields.unwrap_or(USUAL))?.apply(shown(file)))
}

/// Lists files. Of queries, a media type, the bin, and a part of the name are understood.
pub(crate) fn list(
    files: &[Spreadsheet],
    caller: &Caller,
    query: &[(String, String)],
) -> Result<Json, Refusal> {
    let of = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let mut wanted: Vec<&Spreadsheet> = files.iter().filter(|file| caller.sees(file)).collect();
    for term in of("q").unwrap_or_default().split(" and ").map(str::trim).filter(|term| !term.is_empty()) {
        let text = term.split('\'').nth(1).unwrap_or_default();
        match term.split([' ', '=']).next().unwrap_or_default() {
            "mimeType" => wanted.retain(|file| media_type(file.kind) == text),
            "trashed" => wanted.retain(|file| file.trashed == term.ends_with("true")),
            "name" => wanted.retain(|file| file.title.contains(text)),
            _ => return Err(refusal::invalid(format!("Invalid Value: {term}"))),
        }
    }
    let size: usize = of("pageSize").and_then(|size| size.parse().ok()).unwrap_or(100).clamp(1, 1000);
    let start: usize =
        of("pageToken").map_or(Ok(0), str::parse).map_err(|_| refusal::invalid("Invalid Value"))?;
    let page: Vec<Json> = wanted.iter().skip(start).take(size).map(|file| shown(file)).collect();
    let mut list = Object::default().with("kind", "drive#fileList").with("incompleteSearch", false);
    if start + size < wanted.len() {
        list.set("nextPageToken", (start + size).to_string());
    }
    list.set("files", page);
    let usual = format!("kind,incompleteSearch,nextPageToken,files({USUAL})");
    Ok(Mask::parse(of("fields").unwrap_or(&usual))?.apply(list.into()))
}

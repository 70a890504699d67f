//! `tieline rows`: mapped rows as JSON lines or CSV, all of them or what changed since a cursor.

use std::collections::HashSet;

use serde_json::value::RawValue;
use tieline::store::{ConnectionId, Row, SyncStore, TargetName};
use tieline::store_sql::RowCursor;
use tieline::{Error, ErrorKind, Key, RawJson, Result};

use crate::arguments::{RowsArgs, RowsFormat};
use crate::database::Kept;
use crate::failure::{Failure, Outcome};
use crate::lines::{Lines, stdout};

/// Rows a page.
const PAGE: u32 = 1_000;

pub(crate) async fn rows(options: RowsArgs) -> Outcome {
    let kept = Kept::open(&options.from, &options.tenant, false).await?;
    let (connection, target) = (ConnectionId::from(&*options.name), TargetName::from(&*options.target));
    let mut out = stdout();
    match (&options.since, options.format) {
        (Some(_), RowsFormat::Csv) => {
            return Err(Failure::Usage(
                "--since takes --format jsonl: a row that went has no cells".to_owned(),
            ));
        }
        (Some(since), RowsFormat::Jsonl) => {
            let since = if since.is_empty() { RowCursor::default() } else { since.parse()? };
            changes(&kept, &connection, &target, since, &mut out).await?;
        }
        (None, RowsFormat::Jsonl) => {
            let store = kept.store();
            let mut after = None;
            while let Some(page) = page(&*store, &connection, &target, &mut after).await? {
                for row in page {
                    out.put(|line| _ = line.text("key", &row.key).raw("fields", row.fields.get()))?;
                }
            }
        }
        (None, RowsFormat::Csv) => csv(&*kept.store(), &connection, &target, &mut out).await?,
    }
    out.flush()
}

async fn changes<W: std::io::Write>(
    kept: &Kept,
    connection: &ConnectionId,
    target: &TargetName,
    mut since: RowCursor,
    out: &mut Lines<W>,
) -> Outcome {
    loop {
        let page = kept.rows_since(connection, target, &since, PAGE).await?;
        if page.restarted {
            out.put(|line| _ = line.text("type", "restart"))?;
        }
        for change in &page.changes {
            out.put(|line| match &change.fields {
                Some(fields) => {
                    line.text("type", "put").text("key", &change.key).raw("fields", fields.get());
                }
                None => _ = line.text("type", "remove").text("key", &change.key),
            })?;
        }
        since = page.next;
        if !page.more {
            return out.put(|line| _ = line.text("type", "cursor").text("cursor", since.to_string()));
        }
    }
}

/// Returns the next page of rows, or `None` behind the last.
async fn page(
    store: &dyn SyncStore,
    connection: &ConnectionId,
    target: &TargetName,
    after: &mut Option<Key>,
) -> Result<Option<Vec<Row>>> {
    let page = store.rows(connection, target, after.as_ref(), PAGE).await?;
    *after = page.last().map(|row| row.key.clone());
    Ok(after.is_some().then_some(page))
}

/// Writes a header with every field that a row has, then the rows. They are walked twice, so that none is kept.
async fn csv<W: std::io::Write>(
    store: &dyn SyncStore,
    connection: &ConnectionId,
    target: &TargetName,
    out: &mut Lines<W>,
) -> Outcome {
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    let mut after = None;
    while let Some(page) = page(store, connection, target, &mut after).await? {
        for row in &page {
            for (name, _) in members(&row.fields)? {
                if known.insert(name.clone()) {
                    names.push(name);
                }
            }
        }
    }
    let header = ["key"].into_iter().chain(names.iter().map(String::as_str));
    out.text(&record(header))?;
    let mut after = None;
    while let Some(page) = page(store, connection, target, &mut after).await? {
        for row in &page {
            let members = members(&row.fields)?;
            let cell = |name: &String| {
                members.iter().find(|(member, _)| member == name).map(|(_, value)| cell(value))
            };
            let cells: Vec<String> = names.iter().map(|name| cell(name).unwrap_or_default()).collect();
            out.text(&record([row.key.as_str()].into_iter().chain(cells.iter().map(String::as_str))))?;
        }
    }
    Ok(())
}

/// The members of a row in their order, as they are written.
fn members(fields: &RawJson) -> Result<Vec<(String, Box<RawValue>)>> {
    struct Members;

    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, Box<RawValue>)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    let mut reader = serde_json::Deserializer::from_str(fields.get());
    serde::Deserializer::deserialize_map(&mut reader, Members).map_err(|_| {
        Error::new(ErrorKind::Decode, "a row is no JSON object, so it has no cells")
            .with_advice("use --format jsonl")
    })
}

/// A value as a cell: a text without its quotation marks, null as nothing, all else as JSON, digit for digit.
fn cell(value: &RawValue) -> String {
    match serde_json::from_str::<Option<String>>(value.get()) {
        Ok(text) => text.unwrap_or_default(),
        Err(_) => value.get().to_owned(),
    }
}

/// A line of CSV as RFC 4180 describes it.
fn record<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let quoted = cells.map(|cell| {
        if cell.contains(['"', ',', '\r', '\n']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    });
    let mut line = quoted.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_digits_and_its_cells_apart() {
        let fields = RawJson::parse(r#"{"b":12.50,"a":"x, \"y\"\nz","n":null,"l":[1, 2]}"#).unwrap();
        let members = members(&fields).unwrap();
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "n", "l"]);
        let cells: Vec<String> = members.iter().map(|(_, value)| cell(value)).collect();
        assert_eq!(record(cells.iter().map(String::as_str)), "12.50,\"x, \"\"y\"\"\nz\",,\"[1, 2]\"\r\n");
    }
}

//! Lookups: rows by their keys, and by the value of a column.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tieline_core::{EntityName, Error, ErrorKind, FieldPath, Key, Lookup, Lookups, RawJson, Record, Result};
use tieline_kit::{KeyChunks, excerpt};

use crate::a1;
use crate::client::{Client, answer};
use crate::factory::{NO_RANGE, OUTSIDE};
use crate::grid::WINDOW;
use crate::header::{Cells, fingerprint};
use crate::read::collect;
use crate::record;
use crate::table::Table;

/// Ranges of one request: they are part of its address.
const RANGES: usize = 60;
/// Rows of one request.
const ROWS: u64 = 1_000;
/// Rows that have one value.
const MOST: usize = 10_000;
/// The number of times that rows are looked for again that moved meanwhile.
const TRIES: usize = 3;

/// The keys of a table at a moment, with their rows. Of a key that occurs twice, the first row.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) rows: HashMap<Key, u64>,
    /// The titles at that moment, as a hash.
    pub(crate) fingerprint: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ranges<'a> {
    #[serde(borrow, default)]
    value_ranges: Vec<Range<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Range<'a> {
    #[serde(borrow)]
    values: Vec<Vec<&'a RawValue>>,
}

impl Keys {
    /// Reads the header and all keys, in one request.
    pub(crate) async fn read(client: &Client, table: &Table) -> Result<Self> {
        let (Some(header), Some(keys)) = (table.header_range(), table.key_range()) else {
            return Err(positional());
        };
        let response = client.values(&[header, keys], &table.entity).await?;
        let ranges: Ranges<'_> = serde_json::from_str(response.text()?).map_err(|error| {
            Error::new(ErrorKind::Decode, "Google's answer is not the values that it documents")
                .with_source(error)
        })?;
        let mut ranges = ranges.value_ranges.into_iter();
        let header = ranges.next().unwrap_or_default().values.into_iter().next().unwrap_or_default();
        let titles: Vec<String> = header.into_iter().map(plain).collect();
        let left = table.across.map_or(0, |(left, _)| left);
        let titles: Vec<String> = std::iter::repeat_n(String::new(), left).chain(titles).collect();
        let mut rows = HashMap::new();
        for (row, values) in (table.first..).zip(ranges.next().unwrap_or_default().values) {
            let key = values.into_iter().next().map(plain).unwrap_or_default();
            if !key.trim().is_empty() {
                rows.entry(Key::new(key)).or_insert(row);
            }
        }
        Ok(Self { rows, fingerprint: fingerprint(&titles) })
    }
}

/// A value as the text that a grid has for it.
fn plain(value: &RawValue) -> String {
    match value.get() {
        "true" => "TRUE".to_owned(),
        "false" => "FALSE".to_owned(),
        text if text.starts_with('"') => serde_json::from_str(text).unwrap_or_default(),
        digits => digits.to_owned(),
    }
}

pub(crate) fn positional() -> Error {
    Error::unsupported("looking up and changing the rows of a table without a key column")
        .with_advice("name the key column in the settings")
}

pub(crate) async fn keys(client: &Client, entity: &EntityName, asked: Vec<Key>) -> Result<Lookups> {
    if asked.is_empty() {
        return Ok(Lookups::default());
    }
    let table = Table::open(client, entity, None).await?;
    if table.key.is_none() {
        return Err(positional());
    }
    let mut keys = KeyChunks::new(asked);
    for _ in 0..TRIES {
        let open = keys.open();
        if open.is_empty() {
            break;
        }
        let known = Keys::read(client, &table).await?;
        let mut rows: Vec<u64> = Vec::new();
        for key in open {
            match known.rows.get(&key) {
                Some(row) => rows.push(*row),
                None => keys.answer(Lookup::Missing(key)),
            }
        }
        rows.sort_unstable();
        for found in of_rows(client, &table, &rows).await? {
            keys.answer(Lookup::Record(found));
        }
    }
    Ok(Lookups::new(keys.finish()))
}

/// The records of these rows, which are sorted. What is in them by now may have another key.
pub(crate) async fn of_rows(client: &Client, table: &Table, rows: &[u64]) -> Result<Vec<Record>> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some((from, end)) if *end == *row && *end - *from < ROWS => *end += 1,
            _ => runs.push((*row, row + 1)),
        }
    }
    let mut found = Vec::new();
    let mut open = runs.as_slice();
    while !open.is_empty() {
        let mut count = 0;
        let fits = open.iter().take(RANGES).take_while(|(from, end)| {
            count += end - from;
            count <= ROWS
        });
        let (now, later) = open.split_at(fits.count().max(1).min(open.len()));
        open = later;
        let ranges: Vec<String> =
            now.iter().map(|(from, end)| a1::rows(&table.title, *from, *end, table.across)).collect();
        let response = match client.cells(WINDOW, &ranges, &table.entity).await {
            Ok(response) => response,
            // They were there a moment ago.
            Err(error) if matches!(error.code(), Some(OUTSIDE | NO_RANGE)) => continue,
            Err(error) => return Err(error),
        };
        let answer = answer(&response)?;
        let grids = answer.sheets.iter().flat_map(|tab| &tab.data);
        for ((from, _), grid) in now.iter().zip(grids) {
            for (row, data) in (*from..).zip(&grid.row_data) {
                let cells = Cells { cells: &data.values, left: grid.start_column };
                let read = record::read(table, row, cells, 256);
                found.extend(read.and_then(record::Row::record).map(|(record, _)| record));
            }
        }
    }
    Ok(found)
}

/// The rows with a value in a column.
pub(crate) async fn field(
    client: &Client,
    entity: &EntityName,
    field: &FieldPath,
    value: &RawJson,
) -> Result<Lookups> {
    let table = Table::open(client, entity, None).await?;
    if !table.columns.iter().any(|column| column.path() == *field) {
        let message = format!("the tab {:?} has no column {:?}", table.title, excerpt(field.as_str(), 60));
        return Err(
            Error::new(ErrorKind::Config, message).with_advice("use the path of a column of its header")
        );
    }
    let wanted: Value = value.view()?;
    let has = |record: &Record| {
        let there = record.payload.at(field.as_str()).ok().flatten();
        there.is_some_and(|there| {
            there.get() == value.get()
                || (there.get().starts_with('"')
                    && serde_json::from_str::<Value>(there.get()).is_ok_and(|there| there == wanted))
        })
    };
    let found = collect(client, entity, MOST, has).await?;
    Ok(Lookups::new(found.into_iter().map(Lookup::Record).collect()))
}

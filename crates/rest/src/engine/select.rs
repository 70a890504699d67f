//! What a read selects: the records with certain values, and whether their details are fetched.

use tieline_core::{Change, Error, FieldPath, Filter, RawJson, ReadMode, ReadRequest, Result};

use super::client::Client;
use super::lookup::same;
use super::read::Run;
use crate::hooks::Selection;

/// The most records whose details are fetched for one batch: a read that breaks off asks for few of them again.
pub(super) const DETAILS: u32 = 100;

/// The selection of a read.
///
/// # Errors
/// As the connector's hook, and `Unsupported` for filters without one.
pub(super) fn selection(client: &Client, request: &ReadRequest) -> Result<Selection> {
    match client.hooks.select(&client.hook_context(&request.entity), request)? {
        Some(selection) => Ok(selection),
        None if request.filters.is_empty() => Ok(Selection::default()),
        None => Err(Error::unsupported("reading with filters")),
    }
}

/// The filters in words, for the state of a read.
pub(super) fn filter_mark(filters: &[Filter]) -> Option<String> {
    let mut words: Vec<String> = filters
        .iter()
        .map(|filter| format!("{} {} {}", filter.field, filter.op.as_str(), filter.value))
        .collect();
    words.sort();
    (!words.is_empty()).then(|| words.join(" and "))
}

impl Run {
    /// Whether each listed record is fetched by itself.
    pub(super) fn fetches_details(&self) -> bool {
        let of_keys = self.mode == ReadMode::Keys && self.selection.records.is_empty();
        self.has_detail && !self.selection.listed && !of_keys
    }

    /// The changes whose rows have the selected values.
    pub(super) fn select_rows(&self, changes: &mut Vec<Change>) {
        retain(changes, &self.selection.rows);
    }

    /// The changes whose records have the selected values.
    pub(super) fn select_records(&self, changes: &mut Vec<Change>) {
        retain(changes, &self.selection.records);
    }
}

fn retain(changes: &mut Vec<Change>, values: &[(FieldPath, RawJson)]) {
    if values.is_empty() {
        return;
    }
    changes.retain(|change| match change {
        Change::Upsert(record) => values.iter().all(|(field, wanted)| {
            let there = record.payload.at(field.as_str()).ok().flatten();
            there.is_some_and(|there| same(there.get(), wanted.get()))
        }),
        _ => true,
    });
}

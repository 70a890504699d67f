//! Answers that are no JSON, record by record.

use tieline_core::{Issue, Result};

use super::reading::{PageRead, Reading};
use super::{csv_rows, xml_rows};
use crate::description::{Decode, Walk};

/// One record of an answer.
#[derive(Debug)]
pub(super) enum Row<'r> {
    /// As JSON.
    Json(&'r str),
    /// Why it cannot be read.
    Broken(String),
}

/// What is read of an answer that is no JSON.
#[derive(Clone, Debug)]
pub(super) struct RowLayout {
    decode: Decode,
    xml: xml_rows::XmlLayout,
}

/// The values beside the records, by the walk's settings.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) next: Option<String>,
    pub(super) more: Option<String>,
    pub(super) total: Option<String>,
    pub(super) total_pages: Option<String>,
    pub(super) token: Option<String>,
}

impl RowLayout {
    /// `None` for JSON, whose records are read where they stand.
    pub(super) fn new(walk: &Walk, records: &str) -> Option<Self> {
        let decode = walk.decode.unwrap_or_default();
        matches!(decode, Decode::Csv | Decode::Xml)
            .then(|| Self { decode, xml: xml_rows::XmlLayout::new(walk, records) })
    }

    /// Hands on each record, one at a time, and returns the values beside them.
    ///
    /// # Errors
    /// `Decode` for a text that is not of its format. Errors of `each`.
    pub(super) fn read(&self, text: &str, each: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<Beside> {
        if self.decode == Decode::Csv {
            csv_rows::each_row(text, each)?;
            return Ok(Beside::default());
        }
        self.xml.read(text, each)
    }
}

impl Reading {
    /// Reads a page that is no JSON.
    pub(super) fn read_rows(
        &self,
        rows: &RowLayout,
        entity: &str,
        text: &str,
        parents: &[String],
    ) -> Result<PageRead> {
        let mut read = self.page();
        let mut count = 0;
        let beside = rows.read(text, &mut |row| {
            count += 1;
            match row {
                Row::Json(json) => {
                    self.layout.walk_lines(json, |record| {
                        self.record(entity, record, parents, &mut read);
                        Ok(())
                    })?;
                }
                Row::Broken(why) => {
                    read.broken = true;
                    read.issues.push(Issue::new(why).refused());
                }
            }
            Ok(())
        })?;
        read.count = count;
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let number = |text: Option<String>| text.and_then(|text| text.parse().ok());
        read.total = number(beside.total);
        read.total_pages = number(beside.total_pages);
        read.more = beside.more.map(|text| matches!(text.as_str(), "true" | "1"));
        read.next = given(beside.next);
        read.token = given(beside.token);
        Ok(read)
    }
}

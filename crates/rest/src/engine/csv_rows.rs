//! Rows of CSV (RFC 4180) as records: each becomes one JSON object whose values are texts.

use std::collections::HashSet;

use tieline_core::{Error, ErrorKind, Result};

use super::rows::Row;

/// The most columns of a row.
const MAX_COLUMNS: usize = 10_000;

/// Hands on each row below the header, one at a time.
///
/// # Errors
/// `Decode` for a header with a name twice, and for a quoted field without end. Errors of `each`.
pub(super) fn each_row(text: &str, each: &mut dyn FnMut(Row<'_>) -> Result<()>) -> Result<()> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Rows::new(text);
    let Some(header) = rows.next()? else { return Ok(()) };
    let header: Vec<String> = header.into_iter().map(|name| quoted(&name)).collect();
    let mut names = HashSet::new();
    if !header.iter().all(|name| names.insert(name)) {
        return Err(Error::new(ErrorKind::Decode, "a CSV answer has two columns of one name"));
    }
    let mut json = String::new();
    while let Some(row) = rows.next()? {
        if row.len() != header.len() {
            let message =
                format!("row {} has {} fields, and the header {}", rows.number - 1, row.len(), header.len());
            each(Row::Broken(message))?;
            continue;
        }
        json.clear();
        for (name, value) in header.iter().zip(&row) {
            json.push(if json.is_empty() { '{' } else { ',' });
            json.push_str(name);
            json.push(':');
            json.push_str(&quoted(value));
        }
        json.push('}');
        each(Row::Json(&json))?;
    }
    // A quote that is never closed takes the rest of the text for its field.
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err(broken(rows.number));
    }
    Ok(())
}

/// The rows of a text.
struct Rows<'t> {
    reader: csv_core::Reader,
    left: &'t [u8],
    /// Rows so far, the header among them.
    number: u64,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl<'t> Rows<'t> {
    fn new(text: &'t str) -> Self {
        let (fields, ends) = (vec![0; 1 << 10], vec![0; 32]);
        Self { reader: csv_core::Reader::new(), left: text.as_bytes(), number: 0, fields, ends }
    }

    /// The fields of the next row.
    fn next(&mut self) -> Result<Option<Vec<String>>> {
        let (mut written, mut ended) = (0, 0);
        loop {
            let fields = self.fields.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(ended..).unwrap_or_default();
            let (step, read, wrote, ends) = self.reader.read_record(self.left, fields, ends);
            self.left = self.left.get(read..).unwrap_or_default();
            (written, ended) = (written + wrote, ended + ends);
            match step {
                // With nothing left the reader closes the last row.
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                csv_core::ReadRecordResult::OutputEndsFull if ended >= MAX_COLUMNS => {
                    return Err(broken(self.number));
                }
                csv_core::ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                csv_core::ReadRecordResult::Record => {
                    self.number += 1;
                    let mut row = Vec::with_capacity(ended);
                    let mut from = 0;
                    for end in self.ends.iter().take(ended) {
                        let field = self.fields.get(from..*end).unwrap_or_default();
                        row.push(String::from_utf8(field.to_vec()).map_err(|_| broken(self.number))?);
                        from = *end;
                    }
                    return Ok(Some(row));
                }
                csv_core::ReadRecordResult::End => return Ok(None),
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn broken(row: u64) -> Error {
    Error::new(ErrorKind::Decode, format!("the CSV of an answer cannot be read at row {row}"))
        .with_advice("go on later from the last stored state, and report it if it stays")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<String>> {
        let mut rows = Vec::new();
        each_row(text, &mut |row| {
            rows.push(match row {
                Row::Json(json) => json.to_owned(),
                Row::Broken(why) => why,
            });
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn rows_are_objects_of_texts() {
        let text = "\u{feff}Id,Name\r\n007,\"A, \"\"B\"\"\nC\"\r\n8,\r\n9\r\n";
        assert_eq!(
            rows(text).unwrap(),
            [
                r#"{"Id":"007","Name":"A, \"B\"\nC"}"#,
                r#"{"Id":"8","Name":""}"#,
                "row 3 has 1 fields, and the header 2"
            ]
        );
        assert!(rows("").unwrap().is_empty());
        assert!(rows("Id,Id\n1,2\n").is_err());
        assert!(rows("Id\n\"1\n2\n").is_err());
    }
}

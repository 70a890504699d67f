//! Answers of Google Sheets: windows of a tab of twenty columns, each cell with its displayed text and number format.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;

/// Cells of a row.
pub(crate) const COLUMNS: usize = 20;
/// Rows of a window.
pub(crate) const WINDOW: u64 = 2_000;
const HEAD: &str = r#"{"properties":{"title":"Bench","locale":"sv_SE","timeZone":"Europe/Stockholm"},"sheets":[{"properties":{"sheetId":0,"title":"Data","gridProperties":{"rowCount":"#;

#[derive(Clone)]
pub(crate) struct Answers {
    header: Arc<str>,
    rows: Arc<[String]>,
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answers").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

impl Answers {
    pub(crate) fn new(rows: u64) -> Self {
        let titles: Vec<String> = (0..COLUMNS)
            .map(|column| format!("{{\"effectiveValue\":{{\"stringValue\":\"Title {column}\"}},\"formattedValue\":\"Title {column}\"}}"))
            .collect();
        let header = format!("{{\"values\":[{}]}}", titles.join(","));
        Self { header: header.into(), rows: (1..=rows).map(row).collect() }
    }

    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.rows.iter().map(String::len).sum()
    }

    /// The answer to a request for some ranges of rows, which are counted from 0, the header being row 0.
    pub(crate) fn window(&self, ranges: &[(u64, u64)]) -> Bytes {
        let mut text = String::with_capacity(ranges.len() * 1024);
        let _written = write!(text, "{HEAD}{},\"columnCount\":{COLUMNS}}}}},\"data\":[", self.count() + 1);
        for (at, (from, end)) in ranges.iter().enumerate() {
            text.push_str(if at > 0 { ",{\"startRow\":" } else { "{\"startRow\":" });
            let _written = write!(text, "{from},\"rowData\":[");
            for row in *from..(*end).min(self.count() + 1) {
                if row > *from {
                    text.push(',');
                }
                text.push_str(match row.checked_sub(1) {
                    None => &self.header,
                    Some(row) => {
                        let row = usize::try_from(row).ok().and_then(|row| self.rows.get(row));
                        row.map_or("{}", String::as_str)
                    }
                });
            }
            text.push_str("]}");
        }
        text.push_str("]}]}");
        text.into()
    }
}

fn row(number: u64) -> String {
    let mut text = format!("{{\"values\":[{}", cell_of_text(&format!("K-{number}")));
    for column in 1..COLUMNS {
        let n = number.wrapping_mul(31).wrapping_add(u64::try_from(column).unwrap_or_default()) % 100_000;
        text.push(',');
        match column % 5 {
            0 => {
                let _written = write!(
                    text,
                    "{{\"effectiveValue\":{{\"numberValue\":{n}.25}},\"formattedValue\":\"{n},25 kr\",\"effectiveFormat\":{{\"numberFormat\":{{\"type\":\"CURRENCY\",\"pattern\":\"#,##0.00 \\\"kr\\\"\"}}}}}}"
                );
            }
            1 => {
                let day = 46_000 + n % 365;
                let _written = write!(
                    text,
                    "{{\"effectiveValue\":{{\"numberValue\":{day}}},\"formattedValue\":\"2026-01-01\",\"effectiveFormat\":{{\"numberFormat\":{{\"type\":\"DATE\",\"pattern\":\"yyyy-mm-dd\"}}}}}}"
                );
            }
            2 => {
                let _written =
                    write!(text, "{{\"effectiveValue\":{{\"numberValue\":{n}}},\"formattedValue\":\"{n}\"}}");
            }
            3 if n % 3 == 0 => text.push_str("{}"),
            3 => {
                let _written = write!(
                    text,
                    "{{\"effectiveValue\":{{\"boolValue\":{}}},\"formattedValue\":\"TRUE\"}}",
                    n % 2 == 0
                );
            }
            _ => text.push_str(&cell_of_text(&format!("Kund nummer {n} i Malmö"))),
        }
    }
    text.push_str("]}");
    text
}

fn cell_of_text(value: &str) -> String {
    format!("{{\"effectiveValue\":{{\"stringValue\":\"{value}\"}},\"formattedValue\":\"{value}\"}}")
}

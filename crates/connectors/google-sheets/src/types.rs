//! The types of what is read beside records.

/// A tab as a grid of texts.
///
/// Numbers have all their digits and a decimal point, whatever the sheet displays; dates are such as `2026-01-31`; other
/// cells are as they are displayed.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TabTexts {
    /// The spreadsheet's title.
    pub spreadsheet: String,
    /// The tab's title.
    pub tab: String,
    /// The rows. They may be of different lengths.
    pub rows: Vec<Vec<String>>,
    /// The rows that people do not see, from zero.
    pub hidden_rows: Vec<usize>,
}

impl std::fmt::Debug for TabTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TabTexts").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

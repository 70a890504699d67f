//! Grids of texts.

use std::collections::BTreeSet;

/// The cells of a sheet as texts. Numbers may be as they are displayed, or exact.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TextGrid {
    rows: Vec<Vec<String>>,
    hidden: BTreeSet<usize>,
    title: String,
    decimal_comma: Option<bool>,
    is_turned: bool,
}

impl std::fmt::Debug for TextGrid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextGrid").field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

impl TextGrid {
    /// A grid of rows.
    pub fn new<R, C>(rows: impl IntoIterator<Item = R>) -> Self
    where
        R: IntoIterator<Item = C>,
        C: Into<String>,
    {
        let rows = rows.into_iter().map(|row| row.into_iter().map(Into::into).collect()).collect();
        Self { rows, ..Self::default() }
    }

    /// Sets the title of the sheet. It names the company of a sheet that has one alone.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Leaves rows out, from zero, that people do not see.
    #[must_use]
    pub fn with_hidden_rows(mut self, rows: impl IntoIterator<Item = usize>) -> Self {
        self.hidden = rows.into_iter().collect();
        self
    }

    /// Says whether numbers have a decimal comma. Without it, the sheet's own numbers decide.
    #[must_use]
    pub fn with_decimal_comma(mut self, comma: bool) -> Self {
        self.decimal_comma = Some(comma);
        self
    }

    pub(crate) fn title(&self) -> &str {
        self.title.trim()
    }

    pub(crate) fn decimal_comma(&self) -> Option<bool> {
        self.decimal_comma
    }

    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn width(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or_default()
    }

    pub(crate) fn is_hidden(&self, row: usize) -> bool {
        !self.is_turned && self.hidden.contains(&row)
    }

    /// The text of a cell without white space around it.
    pub(crate) fn at(&self, row: usize, column: usize) -> &str {
        self.rows.get(row).and_then(|row| row.get(column)).map_or("", |text| text.trim())
    }

    /// The cell as people name it.
    pub(crate) fn name(&self, row: usize, column: usize) -> String {
        let (row, column) = if self.is_turned { (column, row) } else { (row, column) };
        let (mut letters, mut rest) = (Vec::new(), column + 1);
        while rest > 0 {
            rest -= 1;
            letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
            rest /= 26;
        }
        let letters: String = letters.into_iter().rev().collect();
        format!("{letters}{}", row + 1)
    }

    /// The grid with its columns as rows.
    pub(crate) fn turned(&self) -> Self {
        let visible: Vec<usize> = (0..self.height()).collect();
        let column = |column: usize| visible.iter().map(|row| self.at(*row, column).to_owned()).collect();
        let rows = (0..self.width()).map(column).collect();
        Self { rows, is_turned: !self.is_turned, ..self.clone() }
    }
}

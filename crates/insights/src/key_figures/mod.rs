//! Key figures that people keep in sheets: companies by months, as texts, in Swedish, English, Norwegian or German.

mod amount;
mod compute;
mod grid;
mod layout;
mod period;
mod words;

use std::fmt;

use rust_decimal::Decimal;
use serde::Serialize;

pub use grid::TextGrid;

/// The key figures of a sheet, by company, and the cells that could not be understood.
///
/// ```
/// use tieline_insights::{KeyFigureSheet, TextGrid};
///
/// let grid = TextGrid::new([
///     ["tkr", "jul 2026", "aug 2026", "sep 2026", "Q3", "Anställda", "Kassa"],
///     ["Fjord Data", "3 874", "3 902,5", "4 150", "11 926,5", "27", "1 250"],
///     ["Summa", "3 874", "3 902,5", "4 150", "11 926,5", "27", "1 250"],
/// ]);
/// let sheet = KeyFigureSheet::read(&grid);
/// let company = &sheet.companies[0];
/// assert_eq!(company.company, "Fjord Data");
/// assert_eq!(company.quarter_revenue.as_ref().unwrap().amount.to_string(), "11926500.0");
/// assert_eq!(company.cash.unwrap().to_string(), "1250000");
/// assert!(sheet.issues.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyFigureSheet {
    /// The companies, in the order of the sheet.
    pub companies: Vec<KeyFigures>,
    /// The currency that a unit names, such as `SEK`.
    pub currency: Option<String>,
    /// The cells that could not be understood. They are in no figure.
    pub issues: Vec<CellIssue>,
}

/// The key figures of a company. Amounts are in whole units of the currency: `2 174 tkr` is 2174000. A figure that the
/// sheet does not give is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyFigures {
    /// The company's name.
    pub company: String,
    /// The revenue of the last complete quarter.
    pub quarter_revenue: Option<QuarterRevenue>,
    /// The revenue of the twelve months up to the last month that has one.
    pub ltm_revenue: Option<Decimal>,
    /// Growth over a year, in percent with one decimal.
    pub growth_pct: Option<Decimal>,
    /// The comparison that the growth is of.
    pub growth_basis: Option<GrowthBasis>,
    /// The last number of employees.
    pub employees: Option<Decimal>,
    /// The last cash balance.
    pub cash: Option<Decimal>,
}

/// The revenue of a quarter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QuarterRevenue {
    /// The year. `None` where the sheet names none.
    pub year: Option<i32>,
    /// The quarter, 1 to 4.
    pub quarter: u32,
    /// The amount.
    pub amount: Decimal,
}

/// The comparison that a growth figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GrowthBasis {
    /// The last twelve months against the twelve before.
    LastTwelveMonths,
    /// The last complete quarter against the same quarter a year before.
    Quarter,
    /// The sheet's own figure.
    Stated,
}

/// A cell that could not be understood. `Debug` and `Display` do not show its text, which is a customer's.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CellIssue {
    /// The cell, such as `C4`.
    pub cell: String,
    /// The text of the cell.
    pub text: String,
    /// The reason.
    pub reason: String,
}

impl CellIssue {
    pub(crate) fn new(cell: String, text: &str, reason: impl Into<String>) -> Self {
        Self { cell, text: text.chars().take(100).collect(), reason: reason.into() }
    }
}

impl fmt::Display for CellIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cell, self.reason)
    }
}

impl fmt::Debug for CellIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellIssue({self})")
    }
}

impl KeyFigureSheet {
    /// Reads the key figures of a grid. Nothing fails: what cannot be understood is an issue.
    pub fn read(grid: &TextGrid) -> Self {
        let mut issues = Vec::new();
        let (layout, is_turned) = layout::find(grid, &mut issues);
        let grid = if is_turned { grid.turned() } else { grid.clone() };
        let mut sheet = compute::sheet(&grid, &layout, &mut issues);
        sheet.issues = issues;
        sheet
    }
}

//! The layout of a sheet: the row of periods, the column of companies, and what else the columns hold.

use super::grid::TextGrid;
use super::period::{self, Title};
use super::words::{self, Measure, Unit};
use super::{CellIssue, amount};

/// Rows that are looked at for the titles.
const LOOKED_AT: usize = 40;

/// The contents of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Months since the year 0.
    Month(i32),
    /// Quarters since the year 0.
    Quarter(i32),
    Measure(Measure),
    /// Sums, and what is no figure of ours.
    Nothing,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) content: Content,
    pub(crate) unit: Option<Unit>,
}

/// The layout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// The row of titles. `None` when nothing was found.
    pub(crate) titles: Option<usize>,
    pub(crate) columns: Vec<Option<Column>>,
    /// The column with the companies.
    pub(crate) names: usize,
    /// The column with measures, where each company has several rows.
    pub(crate) measures: Option<usize>,
    pub(crate) unit: Unit,
    /// Whether the sheet names its years.
    pub(crate) has_years: bool,
    pub(crate) comma: Option<bool>,
}

/// Finds the layout, and whether companies are the columns.
pub(crate) fn find(grid: &TextGrid, issues: &mut Vec<CellIssue>) -> (Layout, bool) {
    let turned = grid.turned();
    let (across, down) = (best_row(grid), best_row(&turned));
    let (grid, is_turned) = match (across, down) {
        ((_, periods), (_, more)) if more > periods => (&turned, true),
        _ => (grid, false),
    };
    let (row, periods) = if is_turned { down } else { across };
    if periods == 0 {
        issues.push(CellIssue::new(
            grid.name(0, 0),
            grid.at(0, 0),
            "no row or column of months or quarters was found",
        ));
        return (Layout::default(), is_turned);
    }
    (of(grid, row, issues), is_turned)
}

/// The row with the most periods, and how many it has. Of a run of years alone nothing can be computed.
fn best_row(grid: &TextGrid) -> (usize, usize) {
    let count = |row: usize| {
        let is_period = |column: &usize| {
            matches!(period::title(grid.at(row, *column)), Some(Title::Month(..) | Title::Quarter(..)))
        };
        (0..grid.width()).filter(is_period).count()
    };
    let rows = (0..grid.height().min(LOOKED_AT)).filter(|row| !grid.is_hidden(*row));
    rows.map(|row| (row, count(row))).fold((0, 0), |best, next| if next.1 > best.1 { next } else { best })
}

fn of(grid: &TextGrid, row: usize, issues: &mut Vec<CellIssue>) -> Layout {
    let mut layout = Layout { titles: Some(row), comma: comma(grid), ..Layout::default() };
    let first = (0..grid.width())
        .find(|column| {
            matches!(period::title(grid.at(row, *column)), Some(Title::Month(..) | Title::Quarter(..)))
        })
        .unwrap_or(0);
    // Names are before the periods: the column with the most texts that are no measure.
    let texts = |column: &usize| {
        let is_name = |row: &usize| {
            let text = grid.at(*row, *column);
            !amount::is_gap(text)
                && amount::read(text, layout.comma).is_err()
                && words::measure(text).is_none()
        };
        (row + 1..grid.height()).filter(is_name).count()
    };
    layout.names = (0..first).rev().max_by_key(texts).unwrap_or(0);
    let measures = |column: &usize| {
        (row + 1..grid.height()).filter(|row| words::measure(grid.at(*row, *column)).is_some()).count()
    };
    layout.measures = (0..first).max_by_key(|column| measures(column)).filter(|column| measures(column) >= 2);
    if layout.measures == Some(layout.names) && texts(&layout.names) > measures(&layout.names) {
        layout.measures = None;
    }
    layout.unit = unit_above(grid, row, layout.names);
    layout.columns = columns(grid, row, first, &mut layout.has_years, issues);
    layout
}

/// The unit of the whole sheet: in the corner, or anywhere above the titles.
fn unit_above(grid: &TextGrid, row: usize, names: usize) -> Unit {
    let corner = words::unit(grid.at(row, names)).or_else(|| in_parentheses(grid.at(row, names)));
    let above = || {
        (0..row).flat_map(|row| (0..grid.width()).map(move |column| (row, column))).find_map(
            |(row, column)| {
                let text = grid.at(row, column);
                words::unit(text).or_else(|| in_parentheses(text))
            },
        )
    };
    corner.or_else(above).unwrap_or_default()
}

/// The unit in `Kassa (tkr)`.
fn in_parentheses(text: &str) -> Option<Unit> {
    let (_, rest) = text.split_once(['(', '['])?;
    words::unit(rest.split([')', ']']).next()?)
}

fn columns(
    grid: &TextGrid,
    row: usize,
    first: usize,
    has_years: &mut bool,
    issues: &mut Vec<CellIssue>,
) -> Vec<Option<Column>> {
    let (mut year, mut last) = (None::<i32>, None::<u32>);
    let mut warned = false;
    let mut columns = Vec::new();
    for column in 0..grid.width() {
        if column < first {
            columns.push(None);
            continue;
        }
        let text = grid.at(row, column);
        // A year above the months is that of all months to its right, up to the next year.
        if let Some(above) = year_above(grid, row, column) {
            (year, last) = (Some(above), None);
        }
        let title = period::title(text);
        let content = match title {
            Some(Title::Month(own, month)) => {
                if own.is_some() {
                    year = own;
                } else if last.is_some_and(|last| month <= last) {
                    // January follows December.
                    year = Some(year.unwrap_or(0) + 1);
                }
                last = Some(month);
                *has_years |= year.is_some_and(|year| year > 1000);
                if !*has_years && !warned {
                    warned = true;
                    issues.push(CellIssue::new(
                        grid.name(row, column),
                        text,
                        "the year of the months is not said",
                    ));
                }
                Some(Content::Month(year.unwrap_or(0) * 12 + i32::try_from(month).unwrap_or(1) - 1))
            }
            Some(Title::Quarter(own, quarter)) => {
                let year = own.or(year).unwrap_or(0);
                *has_years |= year > 1000;
                Some(Content::Quarter(year * 4 + i32::try_from(quarter).unwrap_or(1) - 1))
            }
            Some(Title::Year(_) | Title::Sum) => Some(Content::Nothing),
            None => match words::measure(text) {
                Some(Measure::Other) => Some(Content::Nothing),
                Some(measure) => Some(Content::Measure(measure)),
                None => None,
            },
        };
        let unit = in_parentheses(text);
        columns.push(content.map(|content| Column { content, unit }));
    }
    columns
}

/// The year above a title, in the same column.
fn year_above(grid: &TextGrid, row: usize, column: usize) -> Option<i32> {
    (0..row).rev().find_map(|above| match period::title(grid.at(above, column)) {
        Some(Title::Year(year)) => Some(year),
        _ => None,
    })
}

/// Whether the sheet's decimals are behind a comma: by the numbers that show it.
fn comma(grid: &TextGrid) -> Option<bool> {
    let shown = || {
        let cells = (0..grid.height()).flat_map(|row| (0..grid.width()).map(move |column| (row, column)));
        let (mut commas, mut points) = (0usize, 0usize);
        for (row, column) in cells {
            let text = grid.at(row, column);
            if amount::read(text, None).is_err() || period::title(text).is_some() {
                continue;
            }
            match amount::shows_comma(text) {
                Some(true) => commas += 1,
                Some(false) => points += 1,
                None => {}
            }
        }
        (commas != points).then_some(commas > points)
    };
    grid.decimal_comma().or_else(shown)
}

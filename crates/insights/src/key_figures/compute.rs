//! From a grid and its layout to the figures of each company.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::grid::TextGrid;
use super::layout::{Content, Layout};
use super::words::{self, Measure, Unit};
use super::{CellIssue, GrowthBasis, KeyFigureSheet, KeyFigures, QuarterRevenue, amount};

/// The contents of a company's rows.
#[derive(Debug, Default)]
struct Company {
    name: String,
    months: BTreeMap<i32, Decimal>,
    quarters: BTreeMap<i32, Decimal>,
    employees: Option<Decimal>,
    cash: Option<Decimal>,
    ltm: Option<Decimal>,
    growth: Option<Decimal>,
    row: usize,
}

pub(crate) fn sheet(grid: &TextGrid, layout: &Layout, issues: &mut Vec<CellIssue>) -> KeyFigureSheet {
    let mut sheet = KeyFigureSheet::default();
    let Some(titles) = layout.titles else { return sheet };
    let mut currency = layout.unit.currency;
    let mut companies: Vec<Company> = Vec::new();
    let mut name = String::new();
    for row in titles + 1..grid.height() {
        if grid.is_hidden(row) {
            continue;
        }
        let text = grid.at(row, layout.names);
        let of_row = layout.measures.map(|column| (column, grid.at(row, column)));
        let measure = of_row.and_then(|(_, text)| words::measure(text));
        let is_own = layout.measures == Some(layout.names);
        if is_own {
            grid.title().clone_into(&mut name);
        } else if !text.is_empty() {
            text.clone_into(&mut name);
        } else if layout.measures.is_none() {
            name.clear();
        }
        let has_figures = layout.columns.iter().enumerate().any(|(column, known)| {
            known.is_some_and(|known| known.content != Content::Nothing)
                && !amount::is_gap(grid.at(row, column))
        });
        // Notes have no figures; sums are made of others.
        if !has_figures || words::is_total(&name) || of_row.is_some_and(|(_, text)| words::is_total(text)) {
            continue;
        }
        if name.is_empty() && !is_own {
            let place = grid.name(row, layout.names);
            issues.push(CellIssue::new(place, text, "the row has figures and no company"));
            continue;
        }
        let measure = match (of_row, measure) {
            (Some((column, text)), None) => {
                if !text.is_empty() {
                    let reason = "the measure is not one that is known: the row is left out";
                    issues.push(CellIssue::new(grid.name(row, column), text, reason));
                }
                continue;
            }
            (_, measure) => measure.unwrap_or(Measure::Revenue),
        };
        if measure == Measure::Other {
            continue;
        }
        let at = companies.iter().position(|company| company.name == name);
        let at = match at {
            Some(at) if layout.measures.is_some() => at,
            Some(_) => {
                let reason = "the company has a row already: this one is left out";
                issues.push(CellIssue::new(grid.name(row, layout.names), text, reason));
                continue;
            }
            None => {
                companies.push(Company { name: name.clone(), row, ..Company::default() });
                companies.len() - 1
            }
        };
        let unit = of_row.and_then(|(_, text)| unit_of(text));
        if let Some(company) = companies.get_mut(at) {
            take_row(grid, layout, row, measure, unit, company, &mut currency, issues);
        }
    }
    sheet.currency = currency.map(str::to_owned);
    sheet.companies = companies.iter().map(|company| figures(grid, layout, company, issues)).collect();
    sheet
}

fn unit_of(text: &str) -> Option<Unit> {
    let (_, rest) = text.split_once(['(', '['])?;
    words::unit(rest.split([')', ']']).next()?)
}

#[allow(clippy::too_many_arguments, reason = "one row with all that is known of it")]
fn take_row(
    grid: &TextGrid,
    layout: &Layout,
    row: usize,
    measure: Measure,
    unit: Option<Unit>,
    company: &mut Company,
    currency: &mut Option<&'static str>,
    issues: &mut Vec<CellIssue>,
) {
    for (column, known) in layout.columns.iter().enumerate() {
        let Some(known) = known else { continue };
        let text = grid.at(row, column);
        if known.content == Content::Nothing || amount::is_gap(text) {
            continue;
        }
        let read = match amount::read(text, layout.comma) {
            Ok(read) => read,
            Err(reason) => {
                issues.push(CellIssue::new(grid.name(row, column), text, reason));
                continue;
            }
        };
        let measure = match known.content {
            Content::Measure(own) => own,
            _ => measure,
        };
        let unit = read.unit.or(known.unit).or(unit).unwrap_or(layout.unit);
        if let Some(own) = unit.currency {
            match *currency {
                Some(known) if known != own => {
                    let reason = "the amount is in another currency than the sheet: it is left out";
                    issues.push(CellIssue::new(grid.name(row, column), text, reason));
                    continue;
                }
                _ => *currency = Some(own),
            }
        }
        let is_amount = matches!(measure, Measure::Revenue | Measure::Cash | Measure::LastTwelveMonths);
        if is_amount && read.is_percent {
            issues.push(CellIssue::new(
                grid.name(row, column),
                text,
                "a percentage is where an amount is expected",
            ));
            continue;
        }
        let scaled = if is_amount { scaled(read.number, unit) } else { Some(read.number) };
        let Some(number) = scaled else {
            issues.push(CellIssue::new(grid.name(row, column), text, "the number has too many digits"));
            continue;
        };
        match (measure, known.content) {
            (Measure::Revenue, Content::Month(month)) => {
                company.months.insert(month, number);
            }
            (Measure::Revenue, Content::Quarter(quarter)) => {
                company.quarters.insert(quarter, number);
            }
            // The last one is the one at the right.
            (Measure::Employees, _) => company.employees = Some(number),
            (Measure::Cash, _) => company.cash = Some(number),
            (Measure::LastTwelveMonths, _) => company.ltm = Some(number),
            (Measure::Growth, _) => {
                // A fraction, unless a percent sign or its size says otherwise.
                let is_fraction = !read.is_percent && number.abs() <= Decimal::ONE && number.scale() > 0;
                let percent =
                    if is_fraction { number.checked_mul(Decimal::ONE_HUNDRED) } else { Some(number) };
                company.growth = percent;
            }
            _ => {}
        }
    }
}

fn scaled(number: Decimal, unit: Unit) -> Option<Decimal> {
    number.checked_mul(Decimal::from(10u64.checked_pow(unit.power)?))
}

fn sum(values: impl Iterator<Item = Option<Decimal>>) -> Option<Decimal> {
    values.into_iter().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(value?))
}

impl Company {
    /// The revenue of a quarter: of its months where all are there, else as the sheet states it.
    fn quarter(&self, quarter: i32) -> Option<Decimal> {
        let months = (quarter * 3..quarter * 3 + 3).map(|month| self.months.get(&month).copied());
        sum(months).or_else(|| self.quarters.get(&quarter).copied())
    }

    /// The revenue of twelve months, the last of which is this one; by quarters where months are missing.
    fn year_to(&self, month: i32) -> Option<Decimal> {
        let months = (month - 11..=month).map(|month| self.months.get(&month).copied());
        sum(months).or_else(|| {
            let is_end = (month + 1).rem_euclid(3) == 0;
            let quarter = month.div_euclid(3);
            is_end.then(|| sum((quarter - 3..=quarter).map(|quarter| self.quarter(quarter))))?
        })
    }
}

fn figures(grid: &TextGrid, layout: &Layout, company: &Company, issues: &mut Vec<CellIssue>) -> KeyFigures {
    check_quarters(grid, layout, company, issues);
    let last_month = company.months.keys().next_back().copied();
    let last_quarter = company.quarters.keys().next_back().copied();
    let last = last_month.max(last_quarter.map(|quarter| quarter * 3 + 2));
    let mut out = KeyFigures {
        company: company.name.clone(),
        employees: company.employees,
        cash: company.cash,
        ..KeyFigures::default()
    };
    let Some(last) = last else {
        (out.ltm_revenue, out.growth_pct) = (company.ltm, company.growth.map(one_decimal));
        out.growth_basis = out.growth_pct.map(|_| GrowthBasis::Stated);
        return out;
    };
    let newest = (last + 1).div_euclid(3) - 1;
    let quarter = (newest - 3..=newest).rev().find_map(|quarter| Some((quarter, company.quarter(quarter)?)));
    out.quarter_revenue = quarter.map(|(quarter, amount)| QuarterRevenue {
        year: layout.has_years.then_some(quarter.div_euclid(4)),
        quarter: u32::try_from(quarter.rem_euclid(4)).unwrap_or_default() + 1,
        amount,
    });
    let year = company.year_to(last);
    out.ltm_revenue = year.or(company.ltm);
    let before = year.and_then(|year| Some((year, company.year_to(last - 12)?)));
    let of_quarter = || quarter.and_then(|(quarter, amount)| Some((amount, company.quarter(quarter - 4)?)));
    let computed = before
        .and_then(|(now, before)| Some((growth(now, before)?, GrowthBasis::LastTwelveMonths)))
        .or_else(|| of_quarter().and_then(|(now, before)| Some((growth(now, before)?, GrowthBasis::Quarter))))
        .or_else(|| company.growth.map(|growth| (one_decimal(growth), GrowthBasis::Stated)));
    (out.growth_pct, out.growth_basis) = computed.unzip();
    out
}

/// Growth in percent. Against nothing, or a loss, there is none.
fn growth(now: Decimal, before: Decimal) -> Option<Decimal> {
    if before <= Decimal::ZERO {
        return None;
    }
    let ratio = now.checked_sub(before)?.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(before)?;
    Some(one_decimal(ratio))
}

fn one_decimal(number: Decimal) -> Decimal {
    number.round_dp_with_strategy(1, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

/// Compares the quarters that the sheet states with the sums of their months.
fn check_quarters(grid: &TextGrid, layout: &Layout, company: &Company, issues: &mut Vec<CellIssue>) {
    for (quarter, stated) in &company.quarters {
        let months = (quarter * 3..quarter * 3 + 3).map(|month| company.months.get(&month).copied());
        let Some(months) = sum(months) else { continue };
        // Sums of rounded numbers may differ by a few units.
        let slack = Decimal::from(3u64.saturating_mul(10u64.saturating_pow(layout.unit.power)));
        if (months - *stated).abs() <= slack {
            continue;
        }
        let column = layout
            .columns
            .iter()
            .position(|column| column.is_some_and(|column| column.content == Content::Quarter(*quarter)));
        let column = column.unwrap_or_default();
        let reason = "the quarter is not the sum of its months: the months count";
        issues.push(CellIssue::new(grid.name(company.row, column), grid.at(company.row, column), reason));
    }
}

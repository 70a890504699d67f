//! Ranges in A1 notation.

use super::grid::{Area, Sheet, Spreadsheet};
use super::refusal::{self, Refusal};

/// The letters of a column, from zero.
pub(crate) fn letters(column: usize) -> String {
    let mut text = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        text.push(b'A' + u8::try_from(rest % 26).unwrap_or_default());
        rest /= 26;
    }
    text.reverse();
    String::from_utf8(text).unwrap_or_default()
}

/// The area as answers name it: the tab always quoted where its name is more than letters and digits.
pub(crate) fn named(sheet: &Sheet, area: &Area) -> String {
    let plain = sheet.title.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !sheet.title.starts_with(|c: char| c.is_ascii_digit())
        && parse_cell(&sheet.title).is_none();
    let title = if plain { sheet.title.clone() } else { format!("'{}'", sheet.title.replace('\'', "''")) };
    let last = (area.bottom.saturating_sub(1), area.right.saturating_sub(1));
    let corner = |row: usize, column: usize| format!("{}{}", letters(column), row + 1);
    let (from, to) = (corner(area.top, area.left), corner(last.0, last.1));
    if from == to { format!("{title}!{from}") } else { format!("{title}!{from}:{to}") }
}

/// Finds the area that a range names. Its bottom and right may lie outside the grid.
pub(crate) fn find(file: &Spreadsheet, range: &str) -> Result<Area, Refusal> {
    let broken = || refusal::invalid(format!("Unable to parse range: {range}"));
    let (sheet, cells) = split(file, range).ok_or_else(broken)?;
    let Some(cells) = cells else { return Ok(sheet.whole()) };
    let (from, to) = cells.split_once(':').unwrap_or((cells, cells));
    let (from, to) = (parse_part(from).ok_or_else(broken)?, parse_part(to).ok_or_else(broken)?);
    let whole = sheet.whole();
    let area = Area {
        sheet: sheet.id,
        top: from.0.unwrap_or(0),
        left: from.1.unwrap_or(0),
        bottom: to.0.map_or(whole.bottom, |row| row + 1),
        right: to.1.map_or(whole.right, |column| column + 1),
    };
    if area.top >= whole.bottom || area.left >= whole.right {
        let limits = format!("Max rows: {}, max columns: {}", whole.bottom, whole.right);
        return Err(refusal::invalid(format!("Range ({range}) exceeds grid limits. {limits}")));
    }
    Ok(area)
}

/// The tab and the cells behind it.
fn split<'f, 'r>(file: &'f Spreadsheet, range: &'r str) -> Option<(&'f Sheet, Option<&'r str>)> {
    if let Some(rest) = range.strip_prefix('\'') {
        let mut at = 0;
        let mut title = String::new();
        let bytes = rest.as_bytes();
        loop {
            let next = rest.get(at..)?.find('\'')? + at;
            title.push_str(rest.get(at..next)?);
            at = next + 1;
            if bytes.get(at) != Some(&b'\'') {
                break;
            }
            title.push('\'');
            at += 1;
        }
        let sheet = file.sheet(&title)?;
        let behind = rest.get(at..)?;
        return Some((sheet, if behind.is_empty() { None } else { Some(behind.strip_prefix('!')?) }));
    }
    if let Some((title, cells)) = range.rsplit_once('!') {
        return Some((file.sheet(title)?, Some(cells)));
    }
    // A plain word: a cell before a tab, as people are surprised to learn.
    let first = file.sheets.iter().find(|sheet| !sheet.hidden)?;
    let (from, to) = range.split_once(':').unwrap_or((range, range));
    let is_cells = parse_cell(from).is_some()
        || (range.contains(':') && parse_part(from).is_some() && parse_part(to).is_some());
    if is_cells { Some((first, Some(range))) } else { Some((file.sheet(range)?, None)) }
}

type Place = (Option<usize>, Option<usize>);

/// A corner: row and column, each of which may be missing.
fn parse_part(text: &str) -> Option<Place> {
    let text = text.replace('$', "");
    let letters = text.chars().take_while(char::is_ascii_alphabetic).count();
    let (column, row) = text.split_at_checked(letters)?;
    let column = if column.is_empty() { None } else { Some(column_of(column)?) };
    let row = if row.is_empty() { None } else { Some(row.parse::<usize>().ok()?.checked_sub(1)?) };
    (row.is_some() || column.is_some()).then_some((row, column))
}

fn parse_cell(text: &str) -> Option<(usize, usize)> {
    let (row, column) = parse_part(text)?;
    Some((row?, column?))
}

fn column_of(letters: &str) -> Option<usize> {
    if letters.len() > 3 {
        return None;
    }
    let number = letters
        .bytes()
        .fold(0usize, |number, byte| number * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

/// Finds a named range or an area in A1 notation.
pub(crate) fn find_named(file: &Spreadsheet, range: &str) -> Result<Area, Refusal> {
    let named = file.named_ranges.iter().find(|(name, _)| name == range);
    match named {
        Some((_, area)) => Ok(*area),
        None => find(file, range),
    }
}

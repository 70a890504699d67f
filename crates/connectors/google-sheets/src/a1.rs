//! A1 notation: names of cells and ranges. Titles are always quoted, so that a tab called `A1` is a tab.

use std::fmt;

/// A position in a tab, from zero. It is displayed as people name it: `B7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CellName {
    pub(crate) row: u64,
    pub(crate) column: usize,
}

/// A column's letters.
pub(crate) struct Letters(pub(crate) usize);

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut letters, mut rest) = (Vec::new(), self.0 + 1);
        while rest > 0 {
            rest -= 1;
            letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
            rest /= 26;
        }
        letters.iter().rev().try_for_each(|letter| write!(f, "{letter}"))
    }
}

impl fmt::Display for CellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Letters(self.column), self.row + 1)
    }
}

/// A title in quotes.
pub(crate) fn quoted(title: &str) -> String {
    format!("'{}'", title.replace('\'', "''"))
}

/// Rows `first..end` of a tab, restricted to these columns, the last one included.
pub(crate) fn rows(title: &str, first: u64, end: u64, columns: Option<(usize, usize)>) -> String {
    let title = quoted(title);
    let (from, to) = (first + 1, end.max(first + 1));
    match columns {
        Some((left, right)) => format!("{title}!{}{from}:{}{to}", Letters(left), Letters(right)),
        None => format!("{title}!{from}:{to}"),
    }
}

/// A column from a row to the end of the tab.
pub(crate) fn column(title: &str, first: u64, column: usize) -> String {
    format!("{}!{}{}:{}", quoted(title), Letters(column), first + 1, Letters(column))
}

/// An area in A1 notation without a tab: first row, first column, row behind the last, column behind the last. A bound
/// that is not named is `None`.
pub(crate) type Bounds = (Option<u64>, Option<usize>, Option<u64>, Option<usize>);

/// Reads a range without a tab, such as `B3:F`, `2:40` or `C:F`. `None` for what is no range, such as a name.
pub(crate) fn parse(range: &str) -> Option<Bounds> {
    let range = range.trim().replace('$', "");
    let (from, to) = range.split_once(':')?;
    let ((top, left), (bottom, right)) = (corner(from)?, corner(to)?);
    Some((top, left, bottom.map(|row| row + 1), right.map(|column| column + 1)))
}

fn corner(text: &str) -> Option<(Option<u64>, Option<usize>)> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (letters, digits) = text.split_at_checked(end)?;
    let column = match letters.len() {
        0 => None,
        1..=3 => {
            let number = letters
                .bytes()
                .fold(0usize, |sum, letter| sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
            Some(number - 1)
        }
        _ => return None,
    };
    let row = if digits.is_empty() { None } else { Some(digits.parse::<u64>().ok()?.checked_sub(1)?) };
    (column.is_some() || row.is_some()).then_some((row, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_without_a_zero() {
        for (column, letters) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (18_277, "ZZZ")]
        {
            assert_eq!(Letters(column).to_string(), letters);
            assert_eq!(corner(letters), Some((None, Some(column))));
        }
    }

    #[test]
    fn titles_are_always_quoted() {
        for (title, range) in [
            ("CRM26", "'CRM26'!2:11"),
            ("Ada's lista", "'Ada''s lista'!2:11"),
            ("a:b", "'a:b'!2:11"),
            ("Blad!1", "'Blad!1'!2:11"),
            ("2026", "'2026'!2:11"),
            (" x ", "' x '!2:11"),
        ] {
            assert_eq!(rows(title, 1, 11, None), range);
        }
        assert_eq!(column("A1", 1, 27), "'A1'!AB2:AB");
    }

    #[test]
    fn ranges_may_be_open() {
        assert_eq!(parse("B3:F"), Some((Some(2), Some(1), None, Some(6))));
        assert_eq!(parse("$C:$F"), Some((None, Some(2), None, Some(6))));
        assert_eq!(parse("2:40"), Some((Some(1), None, Some(40), None)));
        for name in ["PriceList", "A1", "B0:F", ":", "ABCD1:B2"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}

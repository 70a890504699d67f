//! Amounts as people type them: thousands separators, minus signs of every kind, percent signs, units behind the number.

use rust_decimal::Decimal;

use super::words::{self, Unit};

/// A number that was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) number: Decimal,
    /// The unit behind the number, where there is one.
    pub(crate) unit: Option<Unit>,
    pub(crate) is_percent: bool,
}

/// Whether a text says that there is no number.
pub(crate) fn is_gap(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    matches!(
        lower.as_str(),
        "" | "-" | "–" | "—" | "n/a" | "na" | "n.a." | "saknas" | "mangler" | "fehlt" | "k.a." | ".." | "…"
    )
}

/// Reads an amount. `comma` is whether the sheet's decimals are behind a comma; `None` where nothing says it.
///
/// # Errors
///
/// The reason why the text is no amount.
pub(crate) fn read(text: &str, comma: Option<bool>) -> Result<Amount, &'static str> {
    let text = text.trim();
    let (text, negative) = sign(text);
    let start = text.find(|c: char| c.is_ascii_digit()).ok_or("there is no number")?;
    let end = text.rfind(|c: char| c.is_ascii_digit()).map_or(text.len(), |at| at + 1);
    let (before, number) = text.split_at_checked(start).unwrap_or(("", text));
    let (number, after) = number.split_at_checked(end - start).unwrap_or((number, ""));
    let (before, after) = (before.trim(), after.trim());
    // `-12 kr` and `kr -12` both have the minus before the digits.
    let (before, negative) = match before.strip_suffix(['-', '−', '–']) {
        Some(rest) if !negative => (rest.trim(), true),
        _ => (before, negative),
    };
    let is_percent = after == "%" || before == "%";
    let words = if is_percent { String::new() } else { format!("{before}{after}") };
    let unit = match words.as_str() {
        "" | "*" => None,
        words => Some(words::unit(words).ok_or("there are words beside the number")?),
    };
    if words == "*" {
        return Err("a footnote mark is beside the number");
    }
    let mut number = digits(number, comma)?;
    if negative {
        number.set_sign_negative(true);
    }
    Ok(Amount { number, unit, is_percent })
}

/// Takes the sign from a text: a minus of any kind before or behind it, or parentheses around it.
fn sign(text: &str) -> (&str, bool) {
    let minus = ['-', '−', '–', '‑'];
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return (inner.trim(), true);
    }
    if let Some(rest) = text.strip_prefix(minus) {
        return (rest.trim_start(), true);
    }
    if let Some(rest) = text.strip_suffix(minus) {
        return (rest.trim_end(), true);
    }
    (text.strip_prefix('+').map_or(text, str::trim_start), false)
}

fn digits(text: &str, comma: Option<bool>) -> Result<Decimal, &'static str> {
    const WRONG: &str = "the digits are not grouped like those of a number";
    // Spaces of every width and apostrophes group thousands.
    let grouped: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '\u{202f}' | '\u{2009}' | '\'' | '’'))
        .collect();
    let (last, others) = grouped.split_last().ok_or(WRONG)?;
    for (at, group) in others.iter().enumerate() {
        let fits = if at == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        if !fits || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(WRONG);
        }
    }
    if !others.is_empty() && last.split([',', '.']).next().is_none_or(|group| group.len() != 3) {
        return Err(WRONG);
    }
    let text: String = grouped.concat();
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',' || byte == b'.') {
        return Err("there are words within the number");
    }
    let (commas, points) = (text.matches(',').count(), text.matches('.').count());
    let plain = match (commas, points) {
        (0, 0) => text,
        (_, 0) => one_kind(&text, ',', commas, comma, !others.is_empty())?,
        (0, _) => one_kind(&text, '.', points, comma.map(|comma| !comma), !others.is_empty())?,
        _ => {
            // The last one has the decimals behind it.
            let comma_last = text.rfind(',') > text.rfind('.');
            let (decimal, thousands) = if comma_last { (',', '.') } else { ('.', ',') };
            if text.matches(decimal).count() > 1 || !groups(&text, thousands, decimal) {
                return Err(WRONG);
            }
            text.replace(thousands, "").replace(decimal, ".")
        }
    };
    plain.parse().map_err(|_| "the number has too many digits")
}

/// A number with one kind of separator. `decimal` is whether the sheet's decimals are behind it.
fn one_kind(
    text: &str,
    separator: char,
    count: usize,
    decimal: Option<bool>,
    has_groups: bool,
) -> Result<String, &'static str> {
    let behind = text.rsplit(separator).next().map_or(0, str::len);
    let as_decimal = || Ok(text.replace(separator, "."));
    let as_group = || match groups(text, separator, '\0') {
        true => Ok(text.replace(separator, "")),
        false => Err("the digits are not grouped like those of a number"),
    };
    match decimal {
        _ if count > 1 => as_group(),
        _ if has_groups || behind != 3 || text.starts_with('0') => as_decimal(),
        Some(true) => as_decimal(),
        Some(false) => as_group(),
        None => Err("the separator may stand for thousands or for decimals"),
    }
}

/// Whether the digits before the decimals are in groups of three.
fn groups(text: &str, thousands: char, decimal: char) -> bool {
    let whole = text.split(decimal).next().unwrap_or(text);
    whole.split(thousands).enumerate().all(|(at, group)| match at {
        0 => (1..=3).contains(&group.len()),
        _ => group.len() == 3,
    })
}

/// Whether a number shows which separator its decimals are behind: `Some(true)` for a comma.
pub(crate) fn shows_comma(text: &str) -> Option<bool> {
    let (commas, points) = (text.matches(',').count(), text.matches('.').count());
    let behind = |separator: char| {
        let digits = text.rsplit(separator).next().unwrap_or_default();
        digits.chars().take_while(char::is_ascii_digit).count()
    };
    match (commas, points) {
        (1, 0) if behind(',') != 3 => Some(true),
        (0, 1) if behind('.') != 3 => Some(false),
        (2.., 0) => Some(false),
        (0, 2..) => Some(true),
        (1.., 1..) => Some(text.rfind(',') > text.rfind('.')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str, comma: Option<bool>) -> Result<String, &'static str> {
        read(text, comma).map(|amount| amount.number.to_string())
    }

    #[test]
    fn numbers_as_people_type_them() {
        for (text, expected) in [
            ("2174", "2174"),
            ("2 174", "2174"),
            ("2\u{a0}174,50", "2174.50"),
            ("1'234.5", "1234.5"),
            ("1.234.567", "1234567"),
            ("1,234.50", "1234.50"),
            ("1.234,50", "1234.50"),
            ("−12", "-12"),
            ("(1 200)", "-1200"),
            ("12-", "-12"),
            ("kr -12", "-12"),
            ("+7", "7"),
            ("12 %", "12"),
            ("0.500", "0.500"),
        ] {
            assert_eq!(number(text, None).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(number("1,234", Some(false)).as_deref(), Ok("1234"));
        assert_eq!(number("1,234", Some(true)).as_deref(), Ok("1.234"));
        let unit = read("2,1 MSEK", None).unwrap().unit.unwrap();
        assert_eq!((unit.power, unit.currency), (6, Some("SEK")));
    }

    #[test]
    fn what_is_no_number_has_a_reason() {
        for (text, reason) in [
            ("1,234", "the separator may stand for thousands or for decimals"),
            ("kommer i mars", "there is no number"),
            ("ca 1200", "there are words beside the number"),
            ("1200*", "a footnote mark is beside the number"),
            ("1 23 456", "the digits are not grouped like those of a number"),
            ("12/13", "there are words within the number"),
        ] {
            assert_eq!(number(text, None), Err(reason), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_rounded(whole in 0u64..9_999_999, cents in 0u32..100, noise in ".{0,12}") {
            let _read = read(&noise, None);
            let exact = format!("{whole}.{cents:02}");
            prop_assert_eq!(number(&format!("{whole},{cents:02}"), None).unwrap(), exact.clone());
            prop_assert_eq!(number(&exact, Some(true)).unwrap(), exact);
        }
    }
}

//! Amounts as people write them: nothing is guessed. A text that can be read in two ways, or in none, is refused.

use std::borrow::Cow;

use tieline_core::trimmed;

use super::Fault;

/// What people write beside an amount, other than a currency's code of three capital letters.
const CURRENCIES: [&str; 12] = ["kr", "kr.", "Kr", "Kr.", "KR", "Fr.", "Fr", "SFr.", "€", "£", "$", "¥"];
/// What people write in the place of no öre, øre, Rappen: `100:-`, `100,-`, `100.–`.
const NO_FRACTION: [&str; 8] = [":-", ":–", ",-", ",–", ",—", ".-", ".–", ".—"];

/// How texts write amounts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// A comma for the point.
    pub(super) comma: bool,
    /// Also what people type around a number: a currency, brackets, other signs for minus.
    pub(super) typed: bool,
}

/// The number of a text, as JSON writes numbers.
pub(super) fn plain(text: &str, style: Style) -> Result<String, Fault> {
    let mut rest = trimmed(text);
    let mut negative = false;
    if style.typed {
        let (signed, number) = stripped(rest).ok_or_else(unreadable)?;
        (negative, rest) = (signed, number);
    } else if let Some(unsigned) = rest.strip_prefix(['-', '+']) {
        negative = rest.starts_with('-');
        rest = unsigned;
    }
    let number = grouped(rest, style).ok_or_else(unreadable)?;
    Ok(if negative { format!("-{number}") } else { number })
}

fn unreadable() -> Fault {
    Fault::new("the text is no amount in the form that the step names, with thousands in groups of three")
}

/// Takes brackets, one sign, one currency and a mark of no fraction away; says whether the amount is negative.
fn stripped(text: &str) -> Option<(bool, &str)> {
    let mut rest = text;
    let bracketed = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    rest = bracketed.map_or(rest, trimmed);
    let (mut sign, mut currency) = (None, false);
    // A sign before the currency, or after it.
    for _ in 0..3 {
        if let Some(first) = rest.chars().next().filter(|first| matches!(first, '-' | '+' | '\u{2212}')) {
            if sign.replace(first != '+').is_some() {
                return None;
            }
            rest = trimmed(rest.get(first.len_utf8()..)?);
        } else if let Some(after) = without_currency(rest, |text, word| text.strip_prefix(word)) {
            if std::mem::replace(&mut currency, true) {
                return None;
            }
            rest = trimmed(after);
        }
    }
    if let Some(before) = without_currency(rest, |text, word| text.strip_suffix(word)) {
        if currency {
            return None;
        }
        rest = trimmed(before);
    }
    if let Some(whole) = NO_FRACTION.iter().find_map(|mark| rest.strip_suffix(mark)) {
        if !whole.ends_with(|last: char| last.is_ascii_digit()) {
            return None;
        }
        rest = whole;
    }
    match (bracketed, sign) {
        (Some(_), Some(_)) => None,
        (Some(_), None) => Some((true, rest)),
        (None, sign) => Some((sign == Some(true), rest)),
    }
}

/// The rest without a currency at one end.
fn without_currency<'t>(text: &'t str, strip: fn(&'t str, &str) -> Option<&'t str>) -> Option<&'t str> {
    let known = CURRENCIES.iter().filter_map(|word| strip(text, word)).min_by_key(|rest| rest.len());
    if known.is_some() {
        return known;
    }
    let is_code = |code: &&str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let ends = [text.get(..3), text.get(text.len().saturating_sub(3)..)];
    let rest = ends.into_iter().flatten().filter(is_code).find_map(|code| strip(text, code))?;
    // Four letters are no code.
    (!rest.starts_with(char::is_alphabetic) && !rest.ends_with(char::is_alphabetic)).then_some(rest)
}

/// Digits with a decimal mark, and with thousands in groups of three.
fn grouped(text: &str, style: Style) -> Option<String> {
    let (decimal, thousands) = if style.comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = match text.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !fraction.is_none_or(is_digits) || (whole.is_empty() && fraction.is_none_or(str::is_empty)) {
        return None;
    }
    let whole = if is_digits(whole) { Cow::Borrowed(whole) } else { Cow::Owned(joined(whole, thousands)?) };
    let whole = if whole.is_empty() { "0" } else { &whole };
    Some(match fraction {
        Some(fraction) if !fraction.is_empty() => format!("{whole}.{fraction}"),
        _ => whole.to_owned(),
    })
}

/// Groups of three digits, set apart by one kind of mark.
fn joined(whole: &str, thousands: char) -> Option<String> {
    let kind = |character: char| match character {
        '\'' | '\u{2019}' => Some('\''),
        space if space.is_whitespace() => Some(' '),
        other if other == thousands => Some(other),
        _ => None,
    };
    let mut marks = whole.chars().filter(|character| !character.is_ascii_digit()).map(kind);
    let first = marks.next()??;
    if !marks.all(|mark| mark == Some(first)) {
        return None;
    }
    let mut groups = whole.split(|character: char| !character.is_ascii_digit());
    let lead = groups.next()?;
    if lead.is_empty() || lead.len() > 3 || lead.starts_with('0') {
        return None;
    }
    let mut digits = lead.to_owned();
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, comma: bool, typed: bool) -> Option<String> {
        plain(text, Style { comma, typed }).ok()
    }

    #[test]
    fn a_mark_sets_thousands_apart_in_groups_of_three_alone() {
        for (text, expected) in [
            ("1 234,50", Some("1234.50")),
            ("1\u{a0}234\u{a0}567,5", Some("1234567.5")),
            ("1\u{202f}234,50", Some("1234.50")),
            ("1.234,5", Some("1234.5")),
            ("1.250", Some("1250")),
            ("1'234,50", Some("1234.50")),
            ("12,5", Some("12.5")),
            (",5", Some("0.5")),
            ("-1 234", Some("-1234")),
            ("12.50", None),
            ("1250.50", None),
            ("1,234.50", None),
            ("1.25", None),
            ("12.34,5", None),
            ("1.2.3", None),
            ("1 23 4", None),
            ("1 234.567", None),
            ("0.250", None),
            ("1.234.56", None),
            ("1..234", None),
            ("1,2,3", None),
            ("1e3", None),
            ("", None),
            (",", None),
            ("\u{2212}5,0", None),
            ("5 kr", None),
            ("(5)", None),
        ] {
            assert_eq!(read(text, true, false).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, comma, expected) in [
            ("1 234,50 kr", true, Some("1234.50")),
            ("SEK 1 234,50", true, Some("1234.50")),
            ("\u{2212}1 234,50 kr", true, Some("-1234.50")),
            ("kr -5,00", true, Some("-5.00")),
            ("-€5,00", true, Some("-5.00")),
            ("100:-", true, Some("100")),
            ("kr 1.234,-", true, Some("1234")),
            ("1.234,50 €", true, Some("1234.50")),
            ("(1.234,50)", true, Some("-1234.50")),
            ("CHF 1'234.50", false, Some("1234.50")),
            ("1\u{2019}234.\u{2013}", false, Some("1234")),
            ("£1,234.50", false, Some("1234.50")),
            ("(£5.00)", false, Some("-5.00")),
            ("USD 5", false, Some("5")),
            ("£1,23", false, None),
            ("1,234,50", false, None),
            ("1.234,50", false, None),
            ("1 234,50", false, None),
            ("(-5)", true, None),
            ("--5", true, None),
            ("-\u{2212}5", true, None),
            ("kr 5 kr", true, None),
            ("5-", true, None),
            ("SEKK 5", true, None),
            ("5 apples", true, None),
            ("kr", true, None),
            ("()", true, None),
        ] {
            assert_eq!(read(text, comma, true).as_deref(), expected, "{text}");
        }
    }
}

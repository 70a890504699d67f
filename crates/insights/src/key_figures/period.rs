//! Titles of columns as periods: `Jan 2026`, `jan-26`, `2026-01`, `Q3`, `Kv 3`, `2026`.

use super::words;

/// A period, whose year may not be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Title {
    Month(Option<i32>, u32),
    Quarter(Option<i32>, u32),
    Year(i32),
    /// A half year or a total, which is made of others.
    Sum,
}

/// The period that a text names.
pub(crate) fn title(text: &str) -> Option<Title> {
    let lower = text.trim().to_lowercase();
    if lower.is_empty() || lower.chars().count() > 30 {
        return None;
    }
    let is_date = lower.matches('.').count() == 2 && lower.starts_with(|c: char| c.is_ascii_digit());
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || "-/_'’,()".contains(c) || (is_date && c == '.'))
        .filter(|word| !word.is_empty())
        .collect();
    match words.as_slice() {
        [one] => single(one),
        [first, second] => pair(first, second).or_else(|| pair(second, first)),
        [first, second, third] => {
            // A whole date stands for its month; `3. Quartal 2026` and `Kv 3 2026` have a word more.
            let date = (number(first), number(second), number(third));
            match date {
                (Some(year @ 1900..), Some(month @ 1..=12), Some(1..=31)) => {
                    Some(Title::Month(Some(year), u32::try_from(month).ok()?))
                }
                (Some(1..=31), Some(month @ 1..=12), Some(year @ 1900..)) => {
                    Some(Title::Month(Some(year), u32::try_from(month).ok()?))
                }
                _ => {
                    let quarter = pair(first, second).or_else(|| pair(second, first));
                    match (quarter, year_of(third)) {
                        (Some(Title::Quarter(None, quarter)), Some(year)) => {
                            Some(Title::Quarter(Some(year), quarter))
                        }
                        _ => None,
                    }
                }
            }
        }
        _ => None,
    }
    .or_else(|| words::is_total(&lower).then_some(Title::Sum))
}

fn number(word: &str) -> Option<i32> {
    word.trim_end_matches('.').parse().ok()
}

/// A year of four digits, or of two.
fn year_of(word: &str) -> Option<i32> {
    match (word.len(), word.parse::<i32>().ok()?) {
        (4, year @ 1900..=2200) => Some(year),
        // Two digits are years around now.
        (2, short @ 0..=69) => Some(2000 + short),
        (2, short) => Some(1900 + short),
        _ => None,
    }
}

fn single(word: &str) -> Option<Title> {
    if let Some(month) = words::month(word) {
        return Some(Title::Month(None, month));
    }
    if let Some(year) = year_of(word).filter(|_| word.len() == 4) {
        return Some(Title::Year(year));
    }
    if let Some(quarter) = quarter(word) {
        return Some(Title::Quarter(None, quarter));
    }
    if matches!(word, "h1" | "h2") {
        return Some(Title::Sum);
    }
    // `jan26`, `q326`, `3q26`, `2026m01`, `2026q3`, `2026.01`, `202601`.
    let split = |at: usize| word.split_at_checked(at);
    for (at, turned) in [(4, true), (3, false), (2, false)] {
        if let Some((first, second)) = split(at)
            && let Some(title) = if turned { pair(second, first) } else { pair(first, second) }
        {
            return Some(title);
        }
    }
    let (year, month) = split(4)?;
    let month = month.trim_start_matches(['m', '.']);
    let month: u32 = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    Some(Title::Month(Some(year_of(year).filter(|_| year.len() == 4)?), month))
}

/// A month or a quarter with a year behind it.
fn pair(first: &str, second: &str) -> Option<Title> {
    if let Some(month) = words::month(first) {
        return Some(Title::Month(Some(year_of(second)?), month));
    }
    if let (Some(quarter), Some(year)) = (quarter(first), year_of(second)) {
        return Some(Title::Quarter(Some(year), quarter));
    }
    if matches!(first, "kv" | "kvartal" | "quarter" | "quartal" | "q" | "kv." | "kvartalet") {
        let quarter = number(second).filter(|number| (1..=4).contains(number))?;
        return Some(Title::Quarter(None, u32::try_from(quarter).ok()?));
    }
    if matches!(first, "h1" | "h2") && year_of(second).is_some() {
        return Some(Title::Sum);
    }
    let month = first.parse::<u32>().ok().filter(|month| (1..=12).contains(month) && first.len() <= 2)?;
    Some(Title::Month(Some(year_of(second).filter(|_| second.len() == 4)?), month))
}

fn quarter(word: &str) -> Option<u32> {
    let digit = word
        .strip_prefix("kv")
        .or_else(|| word.strip_prefix('q'))
        .or_else(|| word.strip_prefix('k'))
        .or_else(|| word.strip_suffix('q'))
        .or_else(|| word.strip_suffix("kv"))?;
    digit.parse().ok().filter(|quarter| (1..=4).contains(quarter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_as_people_write_them() {
        use Title::{Month, Quarter, Sum, Year};
        for (text, expected) in [
            ("Jan 2026", Month(Some(2026), 1)),
            ("jan-26", Month(Some(2026), 1)),
            ("2026-01", Month(Some(2026), 1)),
            ("01/2026", Month(Some(2026), 1)),
            ("2026-03-31", Month(Some(2026), 3)),
            ("31.12.2025", Month(Some(2025), 12)),
            ("2026M07", Month(Some(2026), 7)),
            ("202611", Month(Some(2026), 11)),
            ("Okt.", Month(None, 10)),
            ("Mai 26", Month(Some(2026), 5)),
            ("jan'26", Month(Some(2026), 1)),
            ("Q3", Quarter(None, 3)),
            ("Kv 3", Quarter(None, 3)),
            ("Q3 2026", Quarter(Some(2026), 3)),
            ("Kv 3 2026", Quarter(Some(2026), 3)),
            ("3. Quartal 2026", Quarter(Some(2026), 3)),
            ("2026 Q3", Quarter(Some(2026), 3)),
            ("3Q26", Quarter(Some(2026), 3)),
            ("2026", Year(2026)),
            ("H1", Sum),
            ("Totalt", Sum),
        ] {
            assert_eq!(title(text), Some(expected), "{text}");
        }
        for text in ["", "Company", "2174", "12", "Anställda", "Ängsdata AB", "1 250", "Q5", "13/2026"] {
            let found = title(text);
            assert!(found.is_none() || text == "2174" && found == Some(Year(2174)), "{text}: {found:?}");
        }
    }
}

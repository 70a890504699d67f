//! Text for people: tables, colours, and nothing that a provider could do to a terminal.

use std::borrow::Cow;
use std::io::IsTerminal;

use unicode_width::UnicodeWidthStr as _;

/// Whether the environment lets programs use colours: <https://no-color.org>, and no `TERM=dumb`.
pub fn colours_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Colours only on a terminal that wants them.
    pub(crate) fn on(stream: &impl IsTerminal) -> Self {
        Self(stream.is_terminal() && colours_wanted())
    }

    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self(false);

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("1;33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The text without characters that move the cursor, colour the screen or turn the direction of writing.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if harmful(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// A table with a head. Numbers stand to the right.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| clean(cell.as_ref()).into_owned()).collect());
    }

    /// The table, each line with a line end.
    pub(crate) fn show(&self, indent: &str, paint: Paint) -> String {
        let column = |index: usize| self.rows.iter().filter_map(move |row| row.get(index));
        let widths: Vec<usize> = self
            .head
            .iter()
            .enumerate()
            .map(|(index, head)| column(index).map(|cell| cell.width()).fold(head.width(), usize::max))
            .collect();
        let numeric: Vec<bool> = (0..self.head.len())
            .map(|index| {
                let mut cells = column(index).filter(|cell| !cell.is_empty()).peekable();
                cells.peek().is_some() && cells.all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()))
            })
            .collect();
        let line = |cells: &[&str]| {
            let mut line = String::from(indent);
            for ((cell, width), numeric) in cells.iter().zip(&widths).zip(&numeric) {
                let gap = " ".repeat(width.saturating_sub(cell.width()));
                let (before, after) = if *numeric { (gap.as_str(), "") } else { ("", gap.as_str()) };
                line.push_str(&format!("{before}{cell}{after}  "));
            }
            line.truncate(line.trim_end().len());
            line
        };
        let mut text = paint.bold(&line(&self.head));
        text.push('\n');
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            text.push_str(&line(&cells));
            text.push('\n');
        }
        text
    }
}

/// "1 record", "2 records".
pub(crate) fn counted(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A word for each.
pub(crate) const fn yes_or_blank(is: bool) -> &'static str {
    if is { "yes" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_cannot_write_to_the_terminal() {
        assert_eq!(clean("Åsa\u{1b}[31m\u{202e}x\ny"), "Åsa\u{fffd}[31m\u{fffd}x y");
        assert!(matches!(clean("Åsa & 株式会社"), Cow::Borrowed(_)));
    }

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut table = Table::new(&["NAME", "COUNT", "NOTE"]);
        table.row(["株式会社", "7", ""]);
        table.row(["Åsa", "1200", "late"]);
        let expected = "  NAME      COUNT  NOTE\n  株式会社      7\n  Åsa        1200  late\n";
        assert_eq!(table.show("  ", Paint::PLAIN), expected);
    }
}

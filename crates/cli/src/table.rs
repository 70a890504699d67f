//! Tables for people, which fit the screen that they are shown on.

use std::io::IsTerminal as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::text::{Paint, clean};

/// The spaces between two columns.
const GAP: usize = 2;
/// A column is not made narrower than its longest word, up to this width.
const LONGEST_WORD: usize = 40;
/// A block's values have at least this width.
const NARROWEST: usize = 20;

/// A table with a head. Numbers stand to the right. Where it is wider than the screen, long cells continue on further
/// lines of their column, cut between words; where not even that fits, each row becomes a block of lines.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// How a column is shown.
#[derive(Clone, Copy, Debug)]
struct Column {
    width: usize,
    numeric: bool,
}

impl Table {
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| clean(cell.as_ref()).into_owned()).collect());
    }

    /// The table, each line with a line end, for standard output.
    pub(crate) fn show(&self, indent: &str, paint: Paint) -> String {
        self.fit(indent, paint, screen_width())
    }

    fn fit(&self, indent: &str, paint: Paint, screen: Option<usize>) -> String {
        let mut columns: Vec<Column> = (0..self.head.len()).map(|index| self.column(index)).collect();
        let gaps = GAP * columns.len().saturating_sub(1) + indent.width();
        if let Some(room) = screen.map(|screen| screen.saturating_sub(gaps)) {
            let total = |columns: &[Column]| columns.iter().map(|column| column.width).sum::<usize>();
            if total(&columns) > room && !self.narrow(&mut columns, room) {
                return self.blocks(indent, paint, screen.unwrap_or(usize::MAX));
            }
        }
        let head: Vec<String> = self.head.iter().map(ToString::to_string).collect();
        let mut text = String::new();
        for line in lines(&head, &columns) {
            text.push_str(&paint.bold(&format!("{indent}{line}")));
            text.push('\n');
        }
        for row in &self.rows {
            for line in lines(row, &columns) {
                text.push_str(format!("{indent}{line}").trim_end());
                text.push('\n');
            }
        }
        text
    }

    fn cells(&self, index: usize) -> impl Iterator<Item = &String> {
        self.rows.iter().filter_map(move |row| row.get(index))
    }

    fn column(&self, index: usize) -> Column {
        let head = self.head.get(index).map_or(0, |head| head.width());
        let width = self.cells(index).map(|cell| cell.width()).fold(head, usize::max);
        let mut filled = self.cells(index).filter(|cell| !cell.is_empty()).peekable();
        let numeric =
            filled.peek().is_some() && filled.all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()));
        Column { width, numeric }
    }

    /// Takes width from the widest columns until the table fits. Returns whether it does.
    fn narrow(&self, columns: &mut [Column], room: usize) -> bool {
        let least: Vec<usize> = columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let words = self.cells(index).flat_map(|cell| cell.split(' ')).map(|word| word.width());
                let head = self.head.get(index).map_or(0, |head| head.width());
                if column.numeric {
                    column.width
                } else {
                    words.fold(0, usize::max).min(LONGEST_WORD).max(head)
                }
            })
            .collect();
        let mut over = columns.iter().map(|column| column.width).sum::<usize>().saturating_sub(room);
        while over > 0 {
            let spare = columns.iter_mut().zip(&least).filter(|(column, least)| column.width > **least);
            let Some((widest, _)) = spare.max_by_key(|(column, _)| column.width) else { return false };
            widest.width -= 1;
            over -= 1;
        }
        true
    }

    /// Each row as a block: a line for each column that has something to say.
    fn blocks(&self, indent: &str, paint: Paint, screen: usize) -> String {
        let name = self.head.iter().map(|head| head.width()).fold(0, usize::max);
        let room = screen.saturating_sub(indent.width() + name + GAP).max(NARROWEST);
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            for (head, cell) in self.head.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                for (line, part) in wrapped(cell, room).into_iter().enumerate() {
                    let head = if line == 0 { *head } else { "" };
                    let gap = " ".repeat(name.saturating_sub(head.width()) + GAP);
                    text.push_str(&format!("{indent}{}{gap}{part}\n", paint.bold(head)));
                }
            }
        }
        text
    }
}

/// The lines of a row.
fn lines(cells: &[String], columns: &[Column]) -> Vec<String> {
    let parts: Vec<Vec<String>> =
        cells.iter().zip(columns).map(|(cell, column)| wrapped(cell, column.width)).collect();
    let height = parts.iter().map(Vec::len).fold(1, usize::max);
    (0..height)
        .map(|number| {
            let mut line = String::new();
            for (part, column) in parts.iter().zip(columns) {
                let part = part.get(number).map_or("", String::as_str);
                let fill = " ".repeat(column.width.saturating_sub(part.width()));
                let (before, after) = if column.numeric { (fill.as_str(), "") } else { ("", fill.as_str()) };
                line.push_str(&format!("{before}{part}{after}{}", " ".repeat(GAP)));
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}

/// A text in lines of at most this width, cut between words; a word that is longer is cut too.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    if text.width() <= width {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let with = if line.is_empty() { word.width() } else { line.width() + 1 + word.width() };
        if with <= width {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            if !line.is_empty() && line.width() + c.width().unwrap_or(0) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// How many columns the screen has: what `COLUMNS` says, else the terminal. `None` where the output goes elsewhere.
fn screen_width() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    told.filter(|columns| *columns > 0).or_else(|| {
        let stdout = std::io::stdout();
        let size = if stdout.is_terminal() { terminal_size::terminal_size_of(&stdout) } else { None };
        size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let mut table = Table::new(&["NAME", "COUNT", "NOTE"]);
        table.row(["株式会社", "7", ""]);
        table.row(["Åsa", "1200", "late"]);
        let expected = "  NAME      COUNT  NOTE\n  株式会社      7\n  Åsa        1200  late\n";
        assert_eq!(table.fit("  ", Paint::PLAIN, None), expected);
        assert_eq!(table.fit("  ", Paint::PLAIN, Some(80)), expected);
    }

    fn wide() -> Table {
        let mut table = Table::new(&["ID", "READ", "LAST ERROR"]);
        table.row(["sales", "1200", "the provider does not accept the credential: copy it again"]);
        table.row(["unaussprechlichkeit-im-norden", "7", ""]);
        table
    }

    #[test]
    fn a_cell_that_does_not_fit_goes_on_in_its_column() {
        let shown = wide().fit("", Paint::PLAIN, Some(60));
        assert!(shown.lines().all(|line| line.width() <= 60), "{shown}");
        let expected = [
            "ID                             READ  LAST ERROR",
            "sales                          1200  the provider does not",
            "                                     accept the credential:",
            "                                     copy it again",
            "unaussprechlichkeit-im-norden     7",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_fits_no_screen_is_shown_in_blocks() {
        let shown = wide().fit("  ", Paint::PLAIN, Some(40));
        assert!(shown.lines().all(|line| line.width() <= 40), "{shown}");
        let expected = [
            "  ID          sales",
            "  READ        1200",
            "  LAST ERROR  the provider does not",
            "              accept the credential:",
            "              copy it again",
            "",
            "  ID          unaussprechlichkeit-im-nor",
            "              den",
            "  READ        7",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nothing_is_lost_at_any_width() {
        let squeezed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        for width in 1..90 {
            let shown = wide().fit("", Paint::PLAIN, Some(width));
            let cells: usize = wide().rows.iter().flatten().map(|cell| squeezed(cell)).sum();
            assert!(squeezed(&shown) >= cells, "{width}: {shown}");
        }
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("株式会社 AB", 5), ["株式", "会社", "AB"]);
    }
}

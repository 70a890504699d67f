use std::fmt;

use tieline_core::{Error, ErrorKind};
use tieline_document::Mark;

use super::like::LIKE_LINES;

/// One thing that is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Where.
    pub mark: Option<Mark>,
    /// The number of characters of the line that it is about.
    pub length: usize,
    /// The fault.
    pub message: String,
    /// Advice.
    pub advice: Option<String>,
}

/// Everything that is wrong with a description, in the order of the file.
///
/// `Display` shows each with its line, marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    file: String,
    lines: Vec<String>,
    /// The file that `like` names: findings in it count their lines from [`LIKE_LINES`] on.
    below: Option<(String, Vec<String>)>,
    list: Vec<Finding>,
}

/// The longest part of a line that is shown.
const SHOWN: usize = 160;

impl Findings {
    pub(crate) fn new(file: &str, text: &str, mut list: Vec<Finding>) -> Self {
        list.sort_by_key(|finding| finding.mark);
        list.dedup();
        let lines = text.lines().map(str::to_owned).collect();
        Self { file: file.to_owned(), lines, below: None, list }
    }

    /// Names the file that `like` begins from.
    pub(crate) fn with_below(mut self, below: Option<(String, String)>) -> Self {
        self.below = below.map(|(file, text)| (file, text.lines().map(str::to_owned).collect()));
        self
    }

    /// The file of a mark, its line there, and the text of that line.
    fn place(&self, mark: Mark) -> (&str, usize, Option<&str>) {
        let (file, lines, line) = match (&self.below, mark.line.checked_sub(LIKE_LINES)) {
            (Some((file, lines)), Some(line)) => (file, lines, line),
            _ => (&self.file, &self.lines, mark.line),
        };
        (file, line, line.checked_sub(1).and_then(|at| lines.get(at)).map(String::as_str))
    }

    /// The findings.
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// The first one as an error of kind `Config`, and how many more there are.
    pub fn into_error(self) -> Error {
        let Some((first, more)) = self.list.split_first() else {
            return Error::new(ErrorKind::Internal, "a description was refused without a reason");
        };
        let place = match first.mark {
            Some(mark) => {
                let (file, line, _) = self.place(mark);
                format!("{file}:{line}:{}", mark.column)
            }
            None => self.file.clone(),
        };
        let error = Error::new(ErrorKind::Config, format!("{place}: {}", first.message));
        let error = match &first.advice {
            Some(advice) => error.with_advice(advice.clone()),
            None => error,
        };
        if more.is_empty() { error } else { error.with_context("more_findings", more.len()) }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match finding.mark {
                Some(mark) => {
                    let (file, line, _) = self.place(mark);
                    write!(f, "{file}:{line}:{}", mark.column)?;
                }
                None => f.write_str(&self.file)?,
            }
            write!(f, ": {}", finding.message)?;
            if let Some(advice) = &finding.advice {
                write!(f, ": {advice}")?;
            }
            let Some(mark) = finding.mark else { continue };
            let (_, number, Some(line)) = self.place(mark) else { continue };
            if mark.column <= SHOWN {
                let shown: String = line.chars().take(SHOWN).collect();
                let before = " ".repeat(mark.column.saturating_sub(1));
                let length = finding.length.clamp(1, SHOWN + 1 - mark.column);
                write!(f, "\n{number:>5} | {shown}\n      | {before}{}", "^".repeat(length))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

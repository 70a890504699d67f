use std::fmt;

use tieline_core::{Error, ErrorKind};
use tieline_document::Mark;

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
    list: Vec<Finding>,
}

/// The longest part of a line that is shown.
const SHOWN: usize = 160;

impl Findings {
    pub(crate) fn new(file: &str, text: &str, mut list: Vec<Finding>) -> Self {
        list.sort_by_key(|finding| finding.mark);
        list.dedup();
        Self { file: file.to_owned(), lines: text.lines().map(str::to_owned).collect(), list }
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
            Some(Mark { line, column }) => format!("{}:{line}:{column}", self.file),
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
            f.write_str(&self.file)?;
            if let Some(Mark { line, column }) = finding.mark {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {}", finding.message)?;
            if let Some(advice) = &finding.advice {
                write!(f, ": {advice}")?;
            }
            let Some(mark) = finding.mark else { continue };
            let Some(line) = mark.line.checked_sub(1).and_then(|at| self.lines.get(at)) else { continue };
            if mark.column <= SHOWN {
                let shown: String = line.chars().take(SHOWN).collect();
                let before = " ".repeat(mark.column.saturating_sub(1));
                let length = finding.length.clamp(1, SHOWN + 1 - mark.column);
                write!(f, "\n{:>5} | {shown}\n      | {before}{}", mark.line, "^".repeat(length))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

//! What is wrong with a mapping: where, why, and what to do.

use std::fmt;

use tieline_core::{Error, ErrorKind};
use tieline_document::{DocumentError, Mark};

/// One thing that keeps a mapping from being loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A pointer into the plan.
    pub(crate) at: String,
    /// The field that it is about, for a plan without a file.
    pub(crate) field: Option<String>,
    pub(crate) mark: Option<Mark>,
    pub(crate) message: String,
    pub(crate) advice: Option<String>,
}

impl Problem {
    pub(crate) fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), field: None, mark: None, message: message.into(), advice: None }
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The line in the file, counted from one; `None` for a plan that came from no file.
    pub fn line(&self) -> Option<usize> {
        self.mark.map(|mark| mark.line)
    }

    /// The column in the line, in characters, counted from one.
    pub fn column(&self) -> Option<usize> {
        self.mark.map(|mark| mark.column)
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        let mut problem = Self::new("", error.message);
        problem.advice = error.advice;
        problem.mark = error.mark;
        problem
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&place(self))?;
        f.write_str(&self.message)?;
        match &self.advice {
            Some(advice) => write!(f, ": {advice}"),
            None => Ok(()),
        }
    }
}

/// The beginning of a message: where.
fn place(problem: &Problem) -> String {
    let mut place = String::new();
    if let Some(Mark { line, column }) = problem.mark {
        place = format!("line {line}, column {column}: ");
    }
    if let Some(field) = &problem.field {
        place.push_str(&format!("field {field}: "));
    }
    place
}

/// The first of the problems as an error, and how many more there are.
pub(crate) fn refusal(problems: &[Problem]) -> Error {
    let Some((first, more)) = problems.split_first() else {
        return Error::new(ErrorKind::Internal, "a mapping was refused without a reason");
    };
    let mut error = Error::new(ErrorKind::Config, format!("the mapping: {}{}", place(first), first.message));
    if let Some(advice) = &first.advice {
        error = error.with_advice(advice.clone());
    }
    if !more.is_empty() {
        error = error.with_context("more_problems", more.len());
    }
    error
}

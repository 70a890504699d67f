use std::fmt;

use crate::{Format, Mark};

/// What is wrong with a document, and where.
///
/// `Display` names the place, what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}{}", place(*.mark), advised(.advice))]
#[non_exhaustive]
pub struct DocumentError {
    /// Where, once that is known.
    pub mark: Option<Mark>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl DocumentError {
    /// An error without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { mark: None, message: message.into(), advice: None }
    }

    /// Sets the place, unless a deeper one is known.
    #[must_use]
    pub fn at(mut self, mark: Mark) -> Self {
        self.mark.get_or_insert(mark);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// A text that is not of its format.
    pub(crate) fn malformed(format: Format, mark: Option<Mark>, why: impl fmt::Display) -> Self {
        Self { mark, ..Self::new(format!("this is not valid {}: {why}", format.name())) }
    }

    /// The same name twice.
    pub(crate) fn repeated(format: Format, mark: Mark, name: &str) -> Self {
        Self::malformed(format, Some(mark), format_args!("the name {name:?} stands twice in one object"))
    }
}

/// `line 2, column 5: `, or nothing.
fn place(mark: Option<Mark>) -> String {
    mark.map(|Mark { line, column }| format!("line {line}, column {column}: ")).unwrap_or_default()
}

/// `: what to do`, or nothing.
fn advised(advice: &Option<String>) -> String {
    advice.as_ref().map(|advice| format!(": {advice}")).unwrap_or_default()
}

/// Advice for a word that is not known: the nearest known word, or all of them.
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean {near:?}?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!("known are {}", known.join(", ")),
    }
}

/// The known word that is nearest to this one, if any is near enough to be meant.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

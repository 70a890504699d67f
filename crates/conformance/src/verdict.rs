//! Verdicts on promises.

use std::fmt;

/// A promise that was not kept: what was expected, and what came.
pub struct Failure(String);

impl Failure {
    /// A failure.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn at(self, place: &str) -> Self {
        Self(format!("{place}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// A test that returns an error shows its `Debug`.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<tieline_core::Error> for Failure {
    fn from(error: tieline_core::Error) -> Self {
        Self(format!("an unexpected error: {error:?}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(format!("the suite could not go on: {error}"))
    }
}

/// What was checked, and what was not, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// For what the promise was kept: entities, or the connector as a whole.
    pub kept: Vec<String>,
    /// For what it was not applicable, and why not.
    pub not_applicable: Vec<(String, String)>,
}

impl Verdict {
    pub(crate) fn add(&mut self, what: &str, applies: Applies) {
        match applies {
            Applies::Kept => self.kept.push(what.to_owned()),
            Applies::Not(why) => self.not_applicable.push((what.to_owned(), why.to_owned())),
        }
    }

    /// Whether nothing was checked.
    pub fn is_not_applicable(&self) -> bool {
        self.kept.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kept.is_empty() {
            f.write_str("not applicable")?;
        } else {
            write!(f, "kept for {}", self.kept.join(", "))?;
        }
        let mut reasons: Vec<&str> = self.not_applicable.iter().map(|(_, why)| why.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let what: Vec<&str> = self
                .not_applicable
                .iter()
                .filter(|(_, why)| why == reason)
                .map(|(what, _)| what.as_str())
                .collect();
            write!(f, "; {}: {reason}", what.join(", "))?;
        }
        Ok(())
    }
}

/// The verdict on a promise for one entity.
pub(crate) enum Applies {
    Kept,
    Not(&'static str),
}

pub(crate) type Check = Result<Applies, Failure>;

pub(crate) fn not(why: &'static str) -> Check {
    Ok(Applies::Not(why))
}

macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::Failure::new(format!($($message)+)));
        }
    };
}

pub(crate) use ensure;

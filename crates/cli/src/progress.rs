//! Progress on a terminal: a bar where the provider tells how many records there are, else a spinner.

use std::fmt::Display;
use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::Verbosity;

const SPINNER: &str = "{spinner} {msg} ({elapsed})";
const BAR: &str = "{spinner} {msg} [{wide_bar}] {pos} of {len} ({elapsed})";

/// Progress on standard error. Clones show the same line.
#[derive(Clone, Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Shows only on a terminal, and not where the log is shown too.
    pub(crate) fn new(verbosity: Verbosity) -> Self {
        if !stderr().is_terminal() || verbosity != Verbosity::Quiet {
            return Self::hidden();
        }
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Shows nothing.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// An entity begins.
    pub(crate) fn begin(&self, entity: impl Display) {
        self.0.set_style(style(SPINNER));
        self.0.set_message(format!("{entity}"));
    }

    /// So many records are read, of so many where that is known.
    pub(crate) fn at(&self, entity: impl Display, read: u64, total: Option<u64>) {
        match total {
            Some(total) => {
                self.0.set_style(style(BAR));
                self.0.set_length(total.max(read));
                self.0.set_position(read);
                self.0.set_message(format!("{entity}"));
            }
            None => self.0.set_message(format!("{entity}: {read} read")),
        }
    }

    /// Takes the line off the screen.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_understood() {
        for template in [SPINNER, BAR] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}

//! Text for people: colours, and nothing that a provider could do to a terminal.

use std::borrow::Cow;
use std::io::IsTerminal;

/// Whether the environment lets programs use colours: <https://no-color.org>, and no `TERM=dumb`.
pub(crate) fn colours_wanted() -> bool {
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
}

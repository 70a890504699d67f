//! Many values in one statement: arrays, and `unnest`.

use tieline_core::Key;

/// How many keys go into one statement at most.
pub(crate) const KEYS: usize = 1_000;

/// Keys as one parameter.
pub(crate) fn keys<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Vec<&'k str> {
    keys.into_iter().map(Key::as_str).collect()
}

/// PostgreSQL's text holds every character but this one. So nothing is stored under a name that holds it, and no
/// stored text lies between the part before it and the whole.
pub(crate) fn before_nul(text: &str) -> Option<&str> {
    text.split_once('\0').map(|(before, _)| before)
}

/// A text for people, with every character kept or shown: it must not be lost, and with it what it tells of, because a
/// provider put a NUL into it.
pub(crate) fn prose(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

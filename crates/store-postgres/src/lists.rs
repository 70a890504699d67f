//! Values as statements take them.

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

/// Numbers as PostgreSQL keeps them; one that it cannot keep is beyond all that it has.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

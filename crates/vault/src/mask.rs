//! Showing that a secret is there without showing it.

use secrecy::{ExposeSecret, SecretString};

/// Shorter secrets show nothing: they may be chosen by a person, and four characters would be too much of them.
const SHORTEST_SHOWN: usize = 24;
const SHOWN: usize = 4;
const HIDDEN: &str = "••••••••";

/// The secret as a settings page may show it: dots, and of a secret of 24 or more characters the last four, so that a
/// person can tell which key is stored. The number of dots says nothing about the length, and what is not letters or
/// digits at the end is not shown.
///
/// ```
/// use tieline_vault::mask;
///
/// assert_eq!(mask(&"0123456789abcdef0123456789abcdef01234567".into()), "••••••••4567");
/// assert_eq!(mask(&"hunter2".into()), "••••••••");
/// ```
pub fn mask(secret: &SecretString) -> String {
    let secret = secret.expose_secret().trim();
    let start = secret.char_indices().rev().nth(SHOWN - 1).map(|(at, _)| at);
    let tail = start.and_then(|at| secret.get(at..)).filter(|tail| {
        secret.chars().count() >= SHORTEST_SHOWN && tail.chars().all(|c| c.is_ascii_alphanumeric())
    });
    format!("{HIDDEN}{}", tail.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn at_most_four_of_at_least_24_characters_show(secret in "\\PC{0,64}") {
            let masked = mask(&secret.clone().into());
            let tail = masked.strip_prefix(HIDDEN).unwrap();
            prop_assert!(tail.is_empty() || tail.chars().count() == SHOWN);
            prop_assert!(tail.is_empty() || secret.trim().chars().count() >= SHORTEST_SHOWN);
            prop_assert!(secret.trim().ends_with(tail));
        }

        #[test]
        fn length_does_not_show(one in "[a-z0-9]{0,40}", other in "[a-z0-9]{0,40}") {
            let masked = |start: &str| mask(&format!("{start}01234567890123456789wxyz").into());
            prop_assert_eq!(masked(&one), masked(&other));
            let short = |text: &str| mask(&text.chars().take(SHORTEST_SHOWN - 1).collect::<String>().into());
            prop_assert_eq!(short(&one), short(&other));
        }
    }

    #[test]
    fn the_end_of_a_file_tells_nothing_and_is_not_shown() {
        let json = "{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIE…\\n\"}\n";
        assert_eq!(mask(&json.into()), HIDDEN);
        assert_eq!(mask(&"".into()), HIDDEN);
    }
}

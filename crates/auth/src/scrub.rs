use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::OnceLock;

use secrecy::{ExposeSecret, SecretString};

const REDACTED: &str = "[redacted]";

/// Finds a secret in a text in every form in which a provider may echo it.
pub(crate) struct Scrubber(Vec<SecretString>);

impl Scrubber {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut forms: Vec<SecretString> = secrets.into_iter().flat_map(forms).collect();
        // The longest first, so that no form hides a part of another.
        forms.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
        forms.dedup_by(|a, b| a.expose_secret() == b.expose_secret());
        Self(forms)
    }

    /// A number that is the same for the same secrets within this process, and useless to guess them by.
    pub(crate) fn identity(&self) -> u64 {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        let mut hasher = KEY.get_or_init(RandomState::new).build_hasher();
        for form in &self.0 {
            form.expose_secret().hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The text without the secret, or `None` when it does not hold it.
    pub(crate) fn scrub(&self, text: &str) -> Option<String> {
        let mut clean: Option<String> = None;
        let mut rest = text;
        // One pass, because what is put in must not be searched again.
        while let Some((at, length)) = self.first_in(rest) {
            let (before, from) = rest.split_at_checked(at)?;
            let (_, after) = from.split_at_checked(length)?;
            let clean = clean.get_or_insert_default();
            clean.push_str(before);
            clean.push_str(REDACTED);
            rest = after;
        }
        if let Some(clean) = &mut clean {
            clean.push_str(rest);
        }
        clean
    }

    fn first_in(&self, text: &str) -> Option<(usize, usize)> {
        self.0
            .iter()
            .filter_map(|form| Some((text.find(form.expose_secret())?, form.expose_secret().len())))
            .min_by_key(|(at, length)| (*at, std::cmp::Reverse(*length)))
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The secret itself, in a query (a space as `+` or `%20`, either case of hex), in JSON and in XML.
fn forms(secret: &SecretString) -> Vec<SecretString> {
    let plain = secret.expose_secret();
    // A single character is a placeholder, as in `key:X`, and taking it out would ruin every text.
    if plain.chars().nth(1).is_none() {
        return Vec::new();
    }
    let query: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
    let percent = query.replace('+', "%20");
    let json = plain.replace('\\', "\\\\").replace('"', "\\\"");
    let xml = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let attribute = xml.replace('"', "&quot;").replace('\'', "&apos;");
    let lower = [lower_hex(&query), lower_hex(&percent)];
    let mut forms = vec![plain.to_owned(), query, percent, json, xml, attribute];
    forms.extend(lower);
    forms.into_iter().map(SecretString::from).collect()
}

/// `%2F` as `%2f`, and nothing else changed.
fn lower_hex(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut lower = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (hex, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        lower.push('%');
        lower.push_str(&hex.to_ascii_lowercase());
        lower.push_str(rest);
    }
    lower
}

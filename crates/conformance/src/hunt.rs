//! The search for secrets in whatever a program shows or keeps.

use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use tieline_core::Error;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// A shorter text is found everywhere by chance.
const SHORTEST: usize = 8;

/// Looks for secrets in texts and bytes: as they are, percent-encoded, in base64 at any place of a longer text, escaped
/// for JSON, in hex, and as a list of numbers.
///
/// ```
/// use tieline_conformance::Hunt;
///
/// let mut hunt = Hunt::default();
/// hunt.secret("the API key", "c0ffee+c0ffee");
/// hunt.text("a page", "all is well");
/// assert_eq!(hunt.found().len(), 0);
/// hunt.text("an address", "https://api.example.com/?key=c0ffee%2Bc0ffee");
/// assert_eq!(hunt.found(), ["the API key, percent-encoded, is in an address after: https://api.example.com/?key="]);
/// ```
#[derive(Default)]
pub struct Hunt {
    secrets: Vec<(String, Vec<u8>)>,
    places: Vec<(String, Vec<u8>)>,
    provider_texts: bool,
}

impl Debug for Hunt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hunt").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl Hunt {
    /// Looks for this, too. Texts that are too short to be found by more than chance are passed over.
    pub fn secret(&mut self, what: &str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        let known = self.secrets.iter().any(|(_, known)| known == secret);
        if secret.len() >= SHORTEST && !known {
            self.secrets.push((what.to_owned(), secret.to_vec()));
        }
    }

    /// Looks into the provider's own words that an error keeps beside what it prints, too: a record may be quoted there, a
    /// secret may not.
    #[must_use]
    pub fn with_provider_texts(mut self) -> Self {
        self.provider_texts = true;
        self
    }

    /// Returns the number of secrets that it looks for.
    pub fn secrets(&self) -> usize {
        self.secrets.len()
    }

    /// Returns the number of bytes that it looks through.
    pub fn searched(&self) -> usize {
        self.places.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Looks here.
    pub fn text(&mut self, place: &str, text: impl Into<String>) {
        self.bytes(place, text.into().into_bytes());
    }

    /// Looks into what was read from a file.
    pub fn bytes(&mut self, place: &str, bytes: Vec<u8>) {
        self.places.push((place.to_owned(), bytes));
    }

    /// Looks into every file of a folder, also of those in it. Files that go away meanwhile are passed over.
    pub fn folder(&mut self, place: &str, folder: &Path) {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(mut bytes) = std::fs::read(&path) {
                    // Files of databases are made longer than what is in them.
                    let used =
                        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
                    bytes.truncate(used);
                    self.bytes(&format!("{place} {}", entry.file_name().display()), bytes);
                }
            }
        }
    }

    /// Looks into what a value shows of itself.
    pub fn debug(&mut self, place: &str, value: &impl Debug) {
        self.text(place, format!("{value:?} {value:#?}"));
    }

    /// Looks into an error and all its causes.
    pub fn error(&mut self, place: &str, error: &Error) {
        self.text(place, format!("{error} {error:#} {error:?} {error:#?}"));
        if self.provider_texts {
            let of_fields = error.issues().iter().filter_map(|issue| issue.provider_text());
            let words: Vec<&str> = error.provider_text().into_iter().chain(of_fields).collect();
            self.text(&format!("the provider's words in {place}"), words.join("\n"));
        }
        let mut cause = error.source();
        while let Some(error) = cause {
            self.text(&format!("a cause of {place}"), format!("{error} {error:#} {error:?} {error:#?}"));
            cause = error.source();
        }
    }

    /// Looks into a value or an error.
    pub fn result<T: Debug>(&mut self, place: &str, result: &Result<T, Error>) {
        match result {
            Ok(value) => self.debug(place, value),
            Err(error) => self.error(place, error),
        }
    }

    /// What was found: which secret, in which form and where, with what stands before its first appearance there.
    pub fn found(&self) -> Vec<String> {
        let mut forms = Vec::new();
        for (index, (_, secret)) in self.secrets.iter().enumerate() {
            forms.extend(forms_of(secret).into_iter().map(|(form, text)| (index, form, text)));
        }
        let Ok(search) = AhoCorasick::new(forms.iter().map(|(_, _, text)| text)) else {
            return vec!["the search cannot be made".to_owned()];
        };
        let mut found = Vec::new();
        for (place, bytes) in &self.places {
            let mut seen = Vec::new();
            for hit in search.find_iter(bytes) {
                let Some((index, form, _)) = forms.get(hit.pattern().as_usize()) else { continue };
                let Some((what, _)) = self.secrets.get(*index).filter(|_| !seen.contains(&(index, form)))
                else {
                    continue;
                };
                seen.push((index, form));
                let before = bytes.get(hit.start().saturating_sub(120)..hit.start()).unwrap_or_default();
                let before = String::from_utf8_lossy(before);
                found.push(format!("{what}, {form}, is in {place} after: {}", before.escape_debug()));
            }
        }
        found
    }
}

fn forms_of(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut add = |form, bytes: Vec<u8>| {
        if bytes.len() >= SHORTEST && !forms.iter().any(|(_, known)| *known == bytes) {
            forms.push((form, bytes));
        }
    };
    add("as it is", secret.to_vec());
    let text = String::from_utf8_lossy(secret);
    let percent = percent_encode(secret, NON_ALPHANUMERIC).to_string();
    // Letters after a percent sign may be small.
    let mut small = String::new();
    let mut upper = 0;
    for letter in percent.chars() {
        upper = if letter == '%' { 3 } else { upper };
        small.push(if upper > 0 { letter.to_ascii_lowercase() } else { letter });
        upper = if upper > 0 { upper - 1 } else { 0 };
    }
    add("percent-encoded", url::form_urlencoded::byte_serialize(secret).collect::<String>().into_bytes());
    add("percent-encoded", percent.into_bytes());
    add("percent-encoded", small.into_bytes());
    let json = serde_json::Value::from(text.as_ref()).to_string();
    let json = json.trim_matches('"').to_owned();
    add("escaped for JSON", json.replace('/', "\\/").into_bytes());
    add("escaped for JSON", json.into_bytes());
    add("escaped", text.escape_debug().to_string().into_bytes());
    let mut hex = String::new();
    for byte in secret {
        let _infallible = write!(hex, "{byte:02x}");
    }
    add("in hex", hex.to_uppercase().into_bytes());
    add("in hex", hex.into_bytes());
    let numbers: Vec<String> = secret.iter().map(u8::to_string).collect();
    add("as numbers", numbers.join(", ").into_bytes());
    add("as numbers", numbers.join(",").into_bytes());
    for (before, cut) in [(0, 0), (1, 2), (2, 3)] {
        let mut longer = vec![0; before];
        longer.extend_from_slice(secret);
        // What depends on the neighbours is left out.
        let whole = longer.len() * 8 / 6;
        for engine in [&STANDARD, &URL_SAFE] {
            let encoded = engine.encode(&longer).into_bytes();
            add("in base64", encoded.get(cut..whole).unwrap_or_default().to_vec());
        }
    }
    forms
}

/// A place where everything that is logged at any level ends up.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

impl Log {
    /// What writes here: every event and span at TRACE, with all their fields. Set as the default by
    /// `SubscriberInitExt`, it takes what libraries log by the crate `log` as well.
    pub fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(self.clone())
            .with_span_events(FmtSpan::FULL)
            .finish()
    }

    /// Returns the text that was written so far.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SECRET: &str = "c0ffee/+\"c0ffee\n00";

    #[test]
    fn every_form_is_found_and_nothing_else() {
        let longer = |before: &str| format!("{before}{SECRET}and more");
        let forms = [
            format!("key={SECRET}."),
            "c0ffee%2f%2b%22c0ffee%0a00".to_owned(),
            "c0ffee%2F%2B%22c0ffee%0A00".to_owned(),
            serde_json::json!({ "key": SECRET }).to_string(),
            serde_json::json!({ "key": SECRET }).to_string().replace('/', "\\/"),
            format!("{SECRET:?}"),
            format!("{:?}", SECRET.as_bytes()),
            SECRET.bytes().map(|byte| format!("{byte:02X}")).collect(),
            STANDARD.encode(longer("")),
            STANDARD.encode(longer("a")),
            URL_SAFE.encode(longer("ab")),
            STANDARD.encode(longer("abc")),
        ];
        for form in forms {
            let mut hunt = Hunt::default();
            hunt.secret("it", SECRET);
            hunt.text("there", form.clone());
            let found = hunt.found();
            assert_eq!(found.len(), 1, "{form}: {found:?}");
            assert!(!found.join("").contains(SECRET));
        }
        let mut hunt = Hunt::default();
        hunt.secret("it", SECRET);
        hunt.text("there", "c0ffee/+ c0ffee");
        hunt.text("there", STANDARD.encode("c0ffee/+ c0ffee"));
        assert_eq!(hunt.found(), [""; 0]);
    }

    #[test]
    fn what_is_logged_is_kept() {
        let log = Log::default();
        tracing::subscriber::with_default(log.subscriber(), || {
            let _span = tracing::trace_span!("a span", key = SECRET).entered();
            tracing::trace!(target: "elsewhere", "an event");
        });
        let text = log.text();
        assert!(text.contains("elsewhere") && text.contains("a span"), "{text}");
        let mut hunt = Hunt::default();
        hunt.secret("it", SECRET);
        hunt.text("the log", text);
        assert_eq!(hunt.found().len(), 1);
    }
}

//! What a token endpoint said, in whatever form it said it.

use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::json::without_bom;

/// The most bytes of a plain text that are looked through.
const LOOKED_AT: usize = 2000;

/// A refusal in its own words.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The value of `error`, or of `error.code` or `error.type` of an object.
    pub(crate) code: Option<String>,
    /// The description, for a person.
    pub(crate) description: Option<String>,
    /// All of it in lower case: code, description, message, hint.
    pub(crate) words: String,
}

impl Said {
    /// Reads JSON, a form, XML with an element `error`, or a plain text (RFC 6749, section 5.2, and what servers make of
    /// it). `None` for a web page and for nothing at all.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let body = without_bom(body).trim_ascii();
        let text = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body));
        if let Ok(value) = serde_json::from_slice::<Value>(body) {
            return Some(Self::of_json(&value));
        }
        if let Some(code) = element(&text, "error") {
            return Some(Self::of(Some(code), element(&text, "error_description"), &[]));
        }
        if body.is_empty() || body.starts_with(b"<") {
            return None;
        }
        let pairs = form(&text);
        let get = |name: &str| pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
        match get("error") {
            Some(code) => {
                let description = get("error_description").or_else(|| get("message"));
                Some(Self::of(Some(code), description, &[]))
            }
            None => Some(Self::of(None, None, &[&text])),
        }
    }

    fn of_json(value: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let error = value.get("error");
        let code = text(error).or_else(|| {
            let error = error?;
            text(error.get("code")).or_else(|| text(error.get("type")))
        });
        let inner = error.and_then(|error| text(error.get("message")));
        let description =
            text(value.get("error_description")).or(inner).or_else(|| text(value.get("message")));
        let others = ["message", "hint", "detail", "error_reason"].map(|name| text(value.get(name)));
        let others: Vec<&str> = others.iter().flatten().map(String::as_str).collect();
        Self::of(code, description, &others)
    }

    fn of(code: Option<String>, description: Option<String>, others: &[&str]) -> Self {
        let known = [code.as_deref(), description.as_deref()];
        let words: Vec<&str> = known.into_iter().flatten().chain(others.iter().copied()).collect();
        Self { words: words.join(" ").to_lowercase(), code, description }
    }

    /// Whether it says one of these.
    pub(crate) fn says(&self, needles: &[&str]) -> bool {
        needles.iter().any(|needle| self.words.contains(needle))
    }
}

/// A token response that came as a form, as JSON; anything else as it is.
pub(crate) fn as_json(body: &[u8]) -> Vec<u8> {
    let body = without_bom(body);
    let text = std::str::from_utf8(body).unwrap_or_default().trim();
    if text.starts_with("access_token=") || text.contains("&access_token=") {
        let members: Map<String, Value> =
            form(text).into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        return Value::Object(members).to_string().into_bytes();
    }
    body.to_vec()
}

fn form(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.trim().as_bytes()).into_owned().collect()
}

/// The text of an XML element without children.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, after) = text.split_once(&format!("<{name}>"))?;
    let (inside, _) = after.split_once(&format!("</{name}>"))?;
    (!inside.contains('<')).then(|| inside.trim().to_owned())
}

use std::collections::BTreeMap;

use tieline_document::nearest;

use super::format::NAMES;
use super::{Format, Otherwise, Part, Template, Word, WordName};

/// The longest text with words, in bytes.
const MAX_TEXT: usize = 16 << 10;
/// The most words of a text.
const MAX_WORDS: usize = 32;
/// The most fallbacks of a word.
const MAX_FALLBACKS: usize = 4;

/// What is wrong with a text, and at which character of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) at: usize,
    pub(crate) length: usize,
    pub(crate) message: String,
    pub(crate) advice: Option<String>,
}

fn mistake<T>(at: usize, length: usize, message: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake { at, length, message: message.into(), advice: None })
}

/// Which words may stand in a text beside those that are known everywhere.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known<'k> {
    /// Names of settings.
    pub(crate) settings: &'k [String],
    /// Names of `each`.
    pub(crate) each: &'k [String],
    /// Words that are filled when the file is loaded: `let`, and `entity`.
    pub(crate) fixed: Option<&'k BTreeMap<String, String>>,
    /// The words of the place where the text stands, as the list of the language writes them.
    pub(crate) words: &'k [&'k str],
}

/// Reads a text. Words that are fixed when the file is loaded become part of the text.
pub(crate) fn parse_template(text: &str, known: Known<'_>) -> Result<Template, Mistake> {
    if text.len() > MAX_TEXT {
        return mistake(0, 1, format!("this text is longer than {MAX_TEXT} bytes"));
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    let mut at = 0;
    let mut count = 0;
    while let Some(open) = rest.find('<') {
        let (before, from) = (rest.get(..open).unwrap_or_default(), rest.get(open + 1..).unwrap_or_default());
        plain.push_str(before);
        at += before.chars().count();
        if let Some(after) = from.strip_prefix('<') {
            plain.push('<');
            (rest, at) = (after, at + 2);
            continue;
        }
        let Some(close) = end_of_word(from) else {
            return mistake(at, 1, "this word has no end").map_err(|wrong| Mistake {
                advice: Some("close it with >, or write << for the character itself".to_owned()),
                ..wrong
            });
        };
        let inside = from.get(..close).unwrap_or_default();
        match (Reader { known, at: at + 1 }).word(inside, 0)? {
            Found::Fixed(text) => plain.push_str(&text),
            Found::Word(word) => {
                count += 1;
                if count > MAX_WORDS {
                    return mistake(at, 1, format!("this text has more than {MAX_WORDS} words"));
                }
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Word(word));
            }
        }
        at += inside.chars().count() + 2;
        rest = from.get(close + 1..).unwrap_or_default();
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(Template { parts })
}

/// The closing bracket of a word, which may hold a quoted text.
fn end_of_word(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '\'';
        (c == '>' && !quoted).then_some(at)
    })
}

enum Found {
    Fixed(String),
    Word(Word),
}

struct Reader<'k> {
    known: Known<'k>,
    at: usize,
}

impl Reader<'_> {
    fn word(&self, text: &str, depth: usize) -> Result<Found, Mistake> {
        if depth > MAX_FALLBACKS {
            return mistake(self.at, 1, format!("a word has more than {MAX_FALLBACKS} fallbacks"));
        }
        let (own, fallback) = match text.split_once('|') {
            Some((own, fallback)) => (own, Some(fallback)),
            None => (text, None),
        };
        let (head, format) = match own.split_once(':') {
            Some((head, format)) => (head, Some(format)),
            None => (own, None),
        };
        let (head, each) = strip(head, "[]");
        let (head, optional) = strip(head, "?");
        let length = head.chars().count().max(1);
        if head.is_empty() {
            return mistake(self.at, 1, "a word is missing between < and >");
        }
        let fixed = self.known.fixed.and_then(|fixed| fixed.get(head));
        // `let: {type: <setting>}` is another name of a setting.
        let setting = fixed
            .and_then(|text| text.strip_prefix('<')?.strip_suffix('>'))
            .filter(|name| self.known.settings.iter().any(|known| known == name));
        let head = setting.unwrap_or(head);
        if let Some(text) = fixed.filter(|_| setting.is_none()) {
            let format = self.format(own, format)?;
            return Ok(Found::Fixed(format.text(text)));
        }
        let Some(name) = self.name(head) else { return Err(self.unknown(head, length)) };
        let format = self.format(own, format)?;
        let otherwise = match fallback {
            None => None,
            Some(fallback) => {
                let at = self.at + own.chars().count() + 1;
                Some(Box::new(Reader { known: self.known, at }.otherwise(fallback, depth)?))
            }
        };
        if optional && !matches!(name, WordName::InputField(_) | WordName::RecordField(_)) {
            return mistake(self.at, length, format!("<{name}> cannot be marked with ?")).map_err(|wrong| {
                Mistake { advice: Some("only members of input and record can".to_owned()), ..wrong }
            });
        }
        Ok(Found::Word(Word { name, format, each, optional, otherwise, at: self.at }))
    }

    fn otherwise(&self, text: &str, depth: usize) -> Result<Otherwise, Mistake> {
        if let Some(quoted) = text.strip_prefix('\'') {
            return match quoted.strip_suffix('\'') {
                Some(text) if !text.contains('\'') => Ok(Otherwise::Text(text.to_owned())),
                _ => mistake(self.at, text.chars().count(), "this quoted text has no end"),
            };
        }
        if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            return match serde_json::from_str::<&serde_json::value::RawValue>(text) {
                Ok(_) => Ok(Otherwise::Number(text.to_owned())),
                Err(_) => mistake(self.at, text.chars().count(), "this is no number").map_err(|wrong| {
                    Mistake { advice: Some("put a text in quotes: '…'".to_owned()), ..wrong }
                }),
            };
        }
        match self.word(text, depth + 1)? {
            Found::Fixed(text) => Ok(Otherwise::Text(text)),
            Found::Word(word) => Ok(Otherwise::Word(word)),
        }
    }

    fn format(&self, own: &str, format: Option<&str>) -> Result<Format, Mistake> {
        let Some(text) = format else { return Ok(Format::Plain) };
        Format::parse(text).ok_or_else(|| {
            let before = own.chars().count().saturating_sub(text.chars().count());
            let advice = match nearest(text, NAMES) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("known are {}", NAMES.join(", ")),
            };
            Mistake {
                at: self.at + before,
                length: text.chars().count().max(1),
                message: format!("there is no format {text:?}"),
                advice: Some(advice),
            }
        })
    }

    fn name(&self, text: &str) -> Option<WordName> {
        use WordName::{
            Callback, Changes, Each, Events, FieldName, Fields, Id, Input, InputField, Key, KeyPart, Keys,
            Last, Marker, Next, Now, Offset, Page, PageSize, Parent, ParentKey, Parents, Record, RecordField,
            Records, Secret, Setting, Since, Started, Token, Until, Value, Version,
        };
        let listed = |word: &str| self.known.words.contains(&word);
        let name = match text {
            "page" => Page,
            "offset" => Offset,
            "next" => Next,
            "page_size" => PageSize,
            "fields" => Fields,
            "since" => Since,
            "until" => Until,
            "started" => Started,
            "token" => Token,
            "parent.key" => ParentKey,
            "parents" => Parents,
            "key" => Key,
            "keys" => Keys,
            "field.name" => FieldName,
            "value" => Value,
            "record" => Record,
            "records" => Records,
            "marker" => Marker,
            "version" => Version,
            "changes" => Changes,
            "input" => Input,
            "id" => Id,
            "callback" => Callback,
            "events" => Events,
            "secret" => Secret,
            "now" => return Some(Now),
            other => {
                if self.known.each.iter().any(|name| name == other) {
                    return Some(Each(other.to_owned()));
                }
                if self.known.settings.iter().any(|name| name == other) {
                    return Some(Setting(other.to_owned()));
                }
                let (word, member) = other.split_once('.')?;
                if member.is_empty() {
                    return None;
                }
                let member = member.to_owned();
                let name = match word {
                    "last" => Last(member),
                    "parent" => Parent(member),
                    "key" => KeyPart(member),
                    "record" => RecordField(member),
                    "input" => InputField(member),
                    _ => return None,
                };
                return listed(word).then_some(name);
            }
        };
        (listed(text) || text.split_once('.').is_some_and(|(word, _)| listed(word))).then_some(name)
    }

    fn unknown(&self, text: &str, length: usize) -> Mistake {
        let (word, _) = text.split_once('.').unwrap_or((text, ""));
        let fixed = self.known.fixed.into_iter().flat_map(|fixed| fixed.keys().map(String::as_str));
        let own = self.known.settings.iter().chain(self.known.each).map(String::as_str);
        let known: Vec<&str> =
            self.known.words.iter().copied().chain(["now"]).chain(own).chain(fixed).collect();
        let shown = if known.contains(&word) { text } else { word };
        let advice = match nearest(word, known.iter().copied().filter(|near| *near != word)) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("known here are {}", known.join(", ")),
        };
        let length = if shown == word { word.chars().count().max(1) } else { length };
        Mistake {
            at: self.at,
            length,
            message: format!("the word {shown:?} is not known here"),
            advice: Some(advice),
        }
    }
}

fn strip<'t>(text: &'t str, end: &str) -> (&'t str, bool) {
    match text.strip_suffix(end) {
        Some(rest) => (rest, true),
        None => (text, false),
    }
}

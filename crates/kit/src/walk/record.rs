use std::borrow::Cow;

use tieline_core::Key;

use super::layout::{MAX_SLOTS, PAYLOAD, RECORD_SLOTS};

/// The JSON text of one value, borrowed from a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadJson<'a>(pub(super) &'a str);

impl<'a> HeadJson<'a> {
    /// The JSON text as it is written.
    pub fn json(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The content of a text, unescaped. `None` for other types, and for a text with half a surrogate pair.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let content = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if content.contains('\\') {
            return serde_json::from_str::<String>(self.0).ok().map(Cow::Owned);
        }
        Some(Cow::Borrowed(content))
    }

    /// A text's content, or a number or boolean as it is written. `None` for null, lists and objects.
    pub fn scalar(self) -> Option<Cow<'a, str>> {
        match self.0.as_bytes().first()? {
            b'"' => self.text(),
            b'{' | b'[' | b'n' => None,
            _ => Some(Cow::Borrowed(self.0)),
        }
    }

    /// An id: a whole number, or a text that is not empty and holds no control character.
    pub fn key(self) -> Option<Key> {
        let digits = self.0.strip_prefix('-').unwrap_or(self.0);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Key::new(self.0));
        }
        let text = self.text()?;
        (!text.is_empty() && !text.chars().any(char::is_control)).then(|| Key::new(&*text))
    }

    /// A flag: `true`, `false`, 1 or 0.
    pub fn flag(self) -> Option<bool> {
        match self.0 {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// Why one record of a page cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordFault {
    /// What is wrong, such as `is not valid JSON` or `has a member twice`.
    pub problem: &'static str,
    /// Where, in bytes from the start of the page.
    pub byte: usize,
}

pub(super) type Slots<'a> = [Option<&'a str>; RECORD_SLOTS];

/// One record of a page.
#[derive(Debug)]
pub struct PageRecord<'w, 'a> {
    pub(super) text: &'a str,
    pub(super) slots: &'w Slots<'a>,
    pub(super) has_payload: bool,
    pub(super) fault: Option<RecordFault>,
}

impl<'a> PageRecord<'_, 'a> {
    /// Its whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The text that is the record: the payload where the layout names one, else the whole. `None` where the payload is
    /// absent or null.
    pub fn payload(&self) -> Option<&'a str> {
        if !self.has_payload {
            return Some(self.text);
        }
        self.slots.get(usize::from(PAYLOAD)).copied().flatten().filter(|text| *text != "null")
    }

    /// A head by its number; `None` when the record has no such member.
    pub fn head(&self, number: usize) -> Option<HeadJson<'a>> {
        let slot = |slot: usize| self.slots.get(slot).copied().flatten();
        (number < MAX_SLOTS).then(|| slot(number).or_else(|| slot(MAX_SLOTS + number)))?.map(HeadJson)
    }

    /// Why it cannot be read, when that is so. Its heads are then incomplete.
    pub fn fault(&self) -> Option<RecordFault> {
        self.fault
    }
}

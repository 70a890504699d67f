use std::borrow::Cow;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tieline_core::{Error, ErrorKind, Result};

use super::{Format, Otherwise, Part, Template, Word, WordName};
use crate::stamp::Stamp;

/// The value of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WordValue<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Any other JSON value, as it is written.
    Json(Cow<'a, str>),
    /// Several values.
    List(Vec<WordValue<'a>>),
    /// A time, or a number that grows.
    Stamp(Stamp),
}

impl<'a> WordValue<'a> {
    /// The value of a JSON text.
    pub(crate) fn of_json(json: &'a str) -> Self {
        if json.starts_with('"')
            && let Ok(text) = serde_json::from_str::<Cow<'a, str>>(json)
        {
            return Self::Text(text);
        }
        Self::Json(Cow::Borrowed(json))
    }

    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }
}

/// The values of a request's words.
pub(crate) trait Words {
    /// The value of a word; `None` when it has none.
    fn value(&self, name: &WordName) -> Option<WordValue<'_>>;
    /// The time.
    fn now(&self) -> DateTime<Utc>;
    /// The zone of `local`.
    fn zone(&self) -> Option<Tz>;
}

/// A word's place: a text piece, or nothing when the smallest thing around it is to be left out.
pub(crate) type Filled = Option<String>;

impl Word {
    /// The word's value and the format in which it is to be written, by itself or by its fallback.
    pub(crate) fn find<'w>(&'w self, words: &'w dyn Words) -> Result<Option<(WordValue<'w>, &'w Format)>> {
        if let Some(value) = words.value(&self.name) {
            return Ok(Some((value, &self.format)));
        }
        match self.otherwise.as_deref() {
            Some(Otherwise::Word(word)) => word.find(words),
            Some(Otherwise::Number(number)) => Ok(Some((WordValue::Json(number.into()), &Format::Plain))),
            Some(Otherwise::Text(text)) => Ok(Some((WordValue::Text(text.into()), &Format::Plain))),
            None if self.optional || self.name.is_left_out() => Ok(None),
            None => Err(missing(&self.name)),
        }
    }

    /// The text to put in its place.
    pub(crate) fn fill(&self, words: &dyn Words) -> Result<Filled> {
        let Some((value, format)) = self.find(words)? else { return Ok(None) };
        write(&value, format, words).map(Some).ok_or_else(|| unwritable(&self.name, format))
    }
}

fn missing(name: &WordName) -> Error {
    if let WordName::Setting(setting) = name {
        return Error::new(ErrorKind::Config, format!("the setting {setting:?} is missing"))
            .with_advice("choose one of its values in the connection's settings");
    }
    let message = format!("<{name}> has no value, and the request would mean something else without it");
    Error::new(ErrorKind::Config, message)
}

fn unwritable(name: &WordName, format: &Format) -> Error {
    Error::new(ErrorKind::Config, format!("<{name}> cannot be written as {format}: it is no time"))
}

/// A value as text; `None` when the format does not fit it.
pub(crate) fn write(value: &WordValue<'_>, format: &Format, words: &dyn Words) -> Option<String> {
    match value {
        WordValue::Stamp(stamp) if format.is_of_times() => format.time(stamp, words.now(), words.zone()),
        WordValue::Stamp(stamp) => Some(format.text(stamp.text())),
        WordValue::List(items) => {
            let between = if let Format::Join(between) = format { between } else { "," };
            let each = if matches!(format, Format::Join(_)) { &Format::Plain } else { format };
            let texts: Option<Vec<String>> = items.iter().map(|item| write(item, each, words)).collect();
            texts.map(|texts| texts.join(between))
        }
        WordValue::Text(text) | WordValue::Json(text) if format.is_of_times() => {
            let stamp = Stamp::parse(text, matches!(value, WordValue::Json(_)), words.zone())?;
            format.time(&stamp, words.now(), words.zone())
        }
        WordValue::Text(text) => Some(format.text(text)),
        WordValue::Json(json) if *format == Format::Json => Some(json.clone().into_owned()),
        WordValue::Json(json) => Some(format.text(json)),
    }
}

impl Template {
    /// The text with all words filled, each passed through `escape`. `None` when it is to be left out.
    pub(crate) fn fill(
        &self,
        words: &dyn Words,
        escape: impl Fn(&str, &mut String) -> Result<()>,
        plain: impl Fn(&str, &mut String),
    ) -> Result<Filled> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => plain(text, &mut out),
                Part::Word(word) => match word.fill(words)? {
                    Some(text) => escape(&text, &mut out)?,
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(out))
    }

    /// The text with all words filled as they are.
    pub(crate) fn fill_plain(&self, words: &dyn Words) -> Result<Filled> {
        let copy = |text: &str, out: &mut String| out.push_str(text);
        self.fill(
            words,
            |text, out| {
                copy(text, out);
                Ok(())
            },
            copy,
        )
    }

    /// The text once for each item of the list of a word with `[]`; once when there is no such word.
    pub(crate) fn fill_each(
        &self,
        words: &dyn Words,
        escape: impl Fn(&str, &mut String) -> Result<()> + Copy,
        plain: impl Fn(&str, &mut String) + Copy,
    ) -> Result<Vec<String>> {
        let Some(name) = self.words().find(|word| word.each).map(|word| &word.name) else {
            return Ok(self.fill(words, escape, plain)?.into_iter().collect());
        };
        let mut filled = Vec::new();
        for item in items(words, name)? {
            let one = OneOf { words, name, item };
            filled.extend(self.fill(&one, escape, plain)?);
        }
        Ok(filled)
    }
}

/// The items of a list word.
pub(crate) fn items<'w>(words: &'w dyn Words, name: &WordName) -> Result<Vec<WordValue<'w>>> {
    match words.value(name) {
        Some(WordValue::List(items)) => Ok(items),
        Some(one) => Ok(vec![one]),
        None if name.is_left_out() => Ok(Vec::new()),
        None => Err(missing(name)),
    }
}

/// The words, with one item of a list in the list's place.
pub(crate) struct OneOf<'w> {
    pub(crate) words: &'w dyn Words,
    pub(crate) name: &'w WordName,
    pub(crate) item: WordValue<'w>,
}

impl Words for OneOf<'_> {
    fn value(&self, name: &WordName) -> Option<WordValue<'_>> {
        if name == self.name { Some(self.item.clone()) } else { self.words.value(name) }
    }

    fn now(&self) -> DateTime<Utc> {
        self.words.now()
    }

    fn zone(&self) -> Option<Tz> {
        self.words.zone()
    }
}

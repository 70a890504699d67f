use std::fmt;

use serde_json::Value;
use tieline_core::{Error, ErrorKind, Result};

use super::value::{OneOf, items, write};
use super::{Template, Word, WordName, WordValue, Words};

/// The longest body that is built, in bytes.
const MAX_BODY: usize = 1 << 20;

/// A body as data: JSON whose texts may hold words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tree {
    /// Exactly one word: the value with its own type.
    Word(Word),
    /// A text, with or without words.
    Text(Template),
    /// A number, a boolean or null, as it is written.
    Raw(String),
    /// A list.
    List(Vec<Item>),
    /// An object.
    Object(Vec<(String, Tree)>),
}

/// An item of a list in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The item.
    pub tree: Tree,
}

impl Tree {
    /// All words in it.
    pub(crate) fn visit<'t>(&'t self, each: &mut dyn FnMut(&'t Word)) {
        match self {
            Self::Word(word) => each(word),
            Self::Text(text) => text.words().for_each(each),
            Self::Raw(_) => {}
            Self::List(items) => items.iter().for_each(|item| item.tree.visit(each)),
            Self::Object(members) => members.iter().for_each(|(_, tree)| tree.visit(each)),
        }
    }

    /// The JSON text of the body.
    ///
    /// # Errors
    /// `Config` when a word has no value that must have one, or the body grows beyond 1 MiB.
    pub(crate) fn fill(&self, words: &dyn Words) -> Result<String> {
        let mut out = String::new();
        if !self.write(words, &mut out)? {
            out.push_str("null");
        }
        Ok(out)
    }

    /// Appends it, or nothing and false when it is to be left out.
    fn write(&self, words: &dyn Words, out: &mut String) -> Result<bool> {
        if out.len() > MAX_BODY {
            let message = format!("the body of a request is longer than {MAX_BODY} bytes");
            return Err(Error::new(ErrorKind::Config, message));
        }
        match self {
            Self::Raw(raw) => out.push_str(raw),
            Self::Text(text) => match text.fill_plain(words)? {
                Some(text) => push_text(&text, out),
                None => return Ok(false),
            },
            Self::Word(word) => {
                let Some((value, format)) = word.find(words)? else { return Ok(false) };
                if format.is_number() {
                    match write(&value, format, words) {
                        Some(number) => out.push_str(&number),
                        None => return Err(unwritable(word)),
                    }
                } else if *format == super::Format::Plain {
                    push_value(&value, out);
                } else {
                    match write(&value, format, words) {
                        Some(text) => push_text(&text, out),
                        None => return Err(unwritable(word)),
                    }
                }
            }
            Self::List(list) => {
                out.push('[');
                let mut first = true;
                for item in list {
                    match item.tree.repeated() {
                        None => first &= !element(&item.tree, words, first, out)?,
                        Some(name) => {
                            for value in items(words, name)? {
                                let one = OneOf { words, name, item: value };
                                first &= !element(&item.tree, &one, first, out)?;
                            }
                        }
                    }
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                let mut first = true;
                for (name, tree) in members {
                    let before = out.len();
                    if !first {
                        out.push(',');
                    }
                    push_text(name, out);
                    out.push(':');
                    if tree.write(words, out)? {
                        first = false;
                    } else {
                        out.truncate(before);
                    }
                }
                out.push('}');
            }
        }
        Ok(true)
    }

    /// The list word by which an item is repeated.
    fn repeated(&self) -> Option<&WordName> {
        let mut found = None;
        self.visit(&mut |word| {
            if word.each && found.is_none() {
                found = Some(&word.name);
            }
        });
        found
    }
}

fn element(tree: &Tree, words: &dyn Words, first: bool, out: &mut String) -> Result<bool> {
    let before = out.len();
    if !first {
        out.push(',');
    }
    let written = tree.write(words, out)?;
    if !written {
        out.truncate(before);
    }
    Ok(written)
}

fn unwritable(word: &Word) -> Error {
    Error::new(ErrorKind::Config, format!("<{word}> is no time, and cannot be written so"))
}

fn push_text(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

fn push_value(value: &WordValue<'_>, out: &mut String) {
    match value {
        WordValue::Text(text) => push_text(text, out),
        WordValue::Json(json) => out.push_str(json),
        WordValue::Stamp(stamp) if stamp.is_number() => out.push_str(stamp.text()),
        WordValue::Stamp(stamp) => push_text(stamp.text(), out),
        WordValue::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_value(item, out);
            }
            out.push(']');
        }
    }
}

impl fmt::Display for Tree {
    /// JSON whose texts hold the words as a file writes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: String| Value::from(text).to_string();
        match self {
            Self::Raw(raw) => f.write_str(raw),
            Self::Text(template) => f.write_str(&text(template.to_string())),
            Self::Word(word) => f.write_str(&text(format!("<{word}>"))),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { "," } else { "" }, item.tree)?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (name, tree)) in members.iter().enumerate() {
                    write!(f, "{}{}:{tree}", if index > 0 { "," } else { "" }, text(name.clone()))?;
                }
                f.write_str("}")
            }
        }
    }
}

//! Values as JSON text, from events: right for everything that XML allows. `fast` takes over where it can.

use tieline_core::Result;

use super::MAX_DEPTH;
use super::events::{Events, Tag, Token};
use super::fast;
use super::number::{push_double, push_integer};
use super::rules::{Course, FieldRule, Role};
use super::text::{is_space, push_cdata, push_char, push_xml};

pub(super) struct Decoder<'a> {
    pub(super) events: Events<'a>,
    depth: usize,
    /// The text of a number, a flag, a time.
    scratch: String,
    /// Whether the short way may be taken.
    fast: bool,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(answer: &'a [u8], fast: bool) -> Result<Self> {
        Ok(Self { events: Events::new(answer)?, depth: 0, scratch: String::new(), fast })
    }

    /// Writes the rest of a value whose start was read.
    pub(super) fn value(&mut self, out: &mut String, rule: FieldRule) -> Result<()> {
        self.deeper()?;
        let start = out.len();
        out.push('"');
        let mut blank = true;
        loop {
            match self.events.next()? {
                // Without an element it is a string.
                Token::Close => {
                    out.push('"');
                    break;
                }
                Token::Open(tag) if blank => {
                    out.truncate(start);
                    self.typed(tag, out, rule)?;
                    self.events.close()?;
                    break;
                }
                Token::Open(_) => return Err(self.events.error("has text beside an element")),
                token => {
                    blank &= matches!(&token, Token::Text(text) if text.chars().all(is_space));
                    self.piece(&token, out)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.events.error("nests deeper than is read"));
        }
        Ok(())
    }

    /// Writes a value whose type was opened, up to that type's end.
    fn typed(&mut self, tag: Tag, out: &mut String, rule: FieldRule) -> Result<()> {
        match tag {
            Tag::String => {
                out.push('"');
                self.text(out)?;
                out.push('"');
                return Ok(());
            }
            Tag::Array => return self.array(out, rule),
            Tag::Struct => return self.members(out, None),
            Tag::Nil => {
                out.push_str("null");
                return self.events.close();
            }
            _ => {}
        }
        self.scalar()?;
        let trimmed = self.scratch.trim_matches(is_space);
        let wrong = match tag {
            Tag::Integer => push_integer(out, trimmed).is_none().then_some("has an integer that is none"),
            Tag::Double => push_double(out, whole(trimmed, rule))
                .is_none()
                .then_some("has a number that JSON does not have"),
            Tag::Boolean => match trimmed {
                "0" | "false" if rule.false_is_null() => {
                    out.push_str("null");
                    None
                }
                "0" | "false" => {
                    out.push_str("false");
                    None
                }
                "1" | "true" => {
                    out.push_str("true");
                    None
                }
                _ => Some("has a boolean that is none"),
            },
            // Base64 may be broken into lines; a time has no spaces.
            Tag::DateTime | Tag::Base64 => {
                out.push('"');
                for c in trimmed.chars().filter(|c| !is_space(*c)) {
                    push_char(out, c);
                }
                out.push('"');
                None
            }
            _ => Some("has an element that XML-RPC does not have there"),
        };
        wrong.map_or(Ok(()), |problem| Err(self.events.error(problem)))
    }

    /// Character data up to the end of its element, into an open JSON string.
    fn text(&mut self, out: &mut String) -> Result<()> {
        loop {
            match self.events.next()? {
                Token::Close => return Ok(()),
                token => self.piece(&token, out)?,
            }
        }
    }

    fn piece(&self, token: &Token<'_>, out: &mut String) -> Result<()> {
        match token {
            Token::Text(text) => push_xml(out, text),
            Token::Cdata(text) => push_cdata(out, text),
            Token::Char(c) => {
                push_char(out, *c);
                Some(())
            }
            found => return Err(self.events.unexpected(found)),
        }
        .ok_or_else(|| self.events.error("has a reference that XML does not define"))
    }

    /// Character data up to the end of its element, as it is, into `scratch`.
    fn scalar(&mut self) -> Result<()> {
        self.scratch.clear();
        loop {
            match self.events.next()? {
                Token::Close => return Ok(()),
                Token::Text(text) | Token::Cdata(text) => self.scratch.push_str(&text),
                Token::Char(c) => self.scratch.push(c),
                found => return Err(self.events.unexpected(&found)),
            }
        }
    }

    fn array(&mut self, out: &mut String, rule: FieldRule) -> Result<()> {
        let start = out.len();
        let (mut count, mut second) = (0_usize, start);
        out.push('[');
        match self.events.tag()? {
            Token::Open(Tag::Data) => {
                while self.element()? {
                    if count > 0 {
                        out.push(',');
                    }
                    if count == 1 {
                        second = out.len();
                    }
                    self.value(out, FieldRule::Keep)?;
                    count += 1;
                }
                self.events.close()?;
            }
            // An array without data.
            Token::Close => {}
            found => return Err(self.events.unexpected(&found)),
        }
        out.push(']');
        if rule == FieldRule::Many2one {
            reference_object(out, start, second, count);
        }
        Ok(())
    }

    /// Whether another value of an array begins.
    pub(super) fn element(&mut self) -> Result<bool> {
        match self.events.tag()? {
            Token::Open(Tag::Value) => Ok(true),
            Token::Close => Ok(false),
            found => Err(self.events.unexpected(&found)),
        }
    }

    /// Writes a struct, up to its end.
    pub(super) fn members(&mut self, out: &mut String, mut course: Option<&mut Course<'_>>) -> Result<()> {
        let start = out.len();
        out.push('{');
        loop {
            if let Some(course) = course.as_deref_mut().filter(|_| self.fast) {
                let used = fast::members(self.events.rest(), out, course);
                self.events.skip(used);
            }
            match self.events.tag()? {
                Token::Open(Tag::Member) => {
                    if out.len() > start + 1 {
                        out.push(',');
                    }
                    self.member(out, course.as_deref_mut())?;
                }
                Token::Close => break,
                found => return Err(self.events.unexpected(&found)),
            }
        }
        out.push('}');
        Ok(())
    }

    fn member(&mut self, out: &mut String, mut course: Option<&mut Course<'_>>) -> Result<()> {
        self.events.expect(Tag::Name)?;
        out.push('"');
        let start = out.len();
        self.text(out)?;
        let (rule, role) = match (course.as_deref_mut(), out.get(start..)) {
            (Some(course), Some(name)) => course.member(name),
            _ => (FieldRule::Keep, Role::Plain),
        };
        out.push_str("\":");
        self.events.expect(Tag::Value)?;
        let value = out.len();
        self.value(out, rule)?;
        if let Some(course) = course {
            course.remember(role, value..out.len());
        }
        self.events.close()
    }
}

/// Makes `{"id":id,"name":name}` of the `[id, name]` that begins at `start` and is the last thing written. An id is a
/// number or, in models without a table, a text. `[id]` and a name that is no text have no name; a pair without an id, as
/// overridden methods of some apps return it, is no reference. Anything else stays as it is.
pub(super) fn reference_object(out: &mut String, start: usize, second: usize, count: usize) {
    let Some(first) = out.get(start + 1..) else { return };
    let is_id = first.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '"');
    if count == 0 || count <= 2 && (first.starts_with("false") || first.starts_with("null")) {
        out.truncate(start);
        out.push_str("null");
        return;
    }
    if !is_id || count > 2 {
        return;
    }
    let name = if count == 2 { out.get(second..).unwrap_or_default() } else { "false]" };
    if name.starts_with('"') {
        out.pop();
        out.push('}');
        out.insert_str(second, "\"name\":");
    } else if !matches!(name, "false]" | "null]") {
        return;
    } else {
        // A name that may not be seen is false.
        if count == 2 {
            out.truncate(second - 1);
        } else {
            out.pop();
        }
        out.push_str(",\"name\":null}");
    }
    out.replace_range(start..=start, "{\"id\":");
}

/// The double as which Odoo sends an integer beyond 32 bits, without its fraction of nothing.
pub(super) fn whole(text: &str, rule: FieldRule) -> &str {
    match text.strip_suffix(".0") {
        Some(whole) if rule == FieldRule::Integer => whole,
        _ => text,
    }
}

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;
use tieline_core::{Error, ErrorKind, Result};

use crate::head::HeadText;
use crate::{is_html, web_page};

/// What an answer holds beside its records.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// What was found where the records belong.
    pub records: Records,
    members: Vec<Member<'a>>,
}

#[derive(Debug)]
struct Member<'a> {
    name: Cow<'a, str>,
    text: &'a str,
    at: usize,
}

/// What was found where the records belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// There is no such member.
    Absent,
    /// It is `null`, which some providers write for an empty list.
    Null,
    /// A list of so many.
    List(usize),
}

impl<'a> Envelope<'a> {
    /// How many records there were, `null` counting as an empty list. Fails with `Decode` when there is no list.
    pub fn count(&self, name: &str) -> Result<usize> {
        match self.records {
            Records::List(count) => Ok(count),
            Records::Null => Ok(0),
            Records::Absent => {
                Err(Error::new(ErrorKind::Decode, format!("{name:?} is missing in the answer")))
            }
        }
    }

    /// The JSON text of a member beside the records (at the top, or beside them on their path).
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.find(name).map(|member| member.text)
    }

    /// A member beside the records, `None` when it is absent or null.
    pub fn member<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>> {
        let Some(Member { text, at, .. }) = self.find(name) else { return Ok(None) };
        serde_json::from_str(text).map_err(|error| broken(name, reason(&error), at + offset_of(text, &error)))
    }

    /// Of a name that comes twice the last counts, as in most parsers.
    fn find(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().rev().find(|member| member.name == name)
    }
}

/// Parses an answer in one pass: for each record at `path`, its head and its exact text.
///
/// For paths that are known at compile time; [`PageLayout`](crate::PageLayout) takes them when the program runs.
///
/// `path` names the members that lead to the list; an empty path means that the answer itself is the list. A head
/// names the few fields that a connector needs of a record; everything else is checked and skipped. Nothing else is
/// built, so a record costs what its caller keeps.
///
/// Fails with `Decode`, naming member and byte and never content, when the answer is a web page, is no JSON, is cut
/// off, has text after its end, or has another type or the same member twice where the path leads.
///
/// ```
/// use serde::Deserialize;
/// use tieline_kit::parse_page;
///
/// #[derive(Deserialize)]
/// struct Head {
///     id: u64,
/// }
///
/// let text = r#"{"data":[{"id":1,"sum":1.10},{"id":2}],"next":"x"}"#;
/// let mut seen = Vec::new();
/// let envelope = parse_page(text, &["data"], |head: Head, raw| {
///     seen.push((head.id, raw));
///     Ok(())
/// })?;
/// assert_eq!(seen, [(1, r#"{"id":1,"sum":1.10}"#), (2, r#"{"id":2}"#)]);
/// assert_eq!(envelope.member::<&str>("next")?, Some("x"));
/// # Ok::<(), tieline_core::Error>(())
/// ```
pub fn parse_page<'a, H, F>(text: &'a str, path: &[&str], each: F) -> Result<Envelope<'a>>
where
    H: Deserialize<'a>,
    F: FnMut(H, &'a str) -> Result<()>,
{
    if is_html(text.as_bytes()) {
        return Err(web_page());
    }
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut walker = Walker {
        cursor: Cursor { text, at },
        path,
        each,
        envelope: Envelope { records: Records::Absent, members: Vec::new() },
        head: PhantomData::<fn() -> H>,
    };
    walker.cursor.space();
    if walker.cursor.at == text.len() {
        return Err(Error::new(ErrorKind::Decode, "the answer is empty where JSON is documented"));
    }
    walker.node(0)?;
    walker.cursor.space();
    if walker.cursor.at != text.len() {
        return Err(broken("", "has text after its end", walker.cursor.at));
    }
    Ok(walker.envelope)
}

struct Walker<'a, 'p, H, F> {
    cursor: Cursor<'a>,
    path: &'p [&'p str],
    each: F,
    envelope: Envelope<'a>,
    head: PhantomData<fn() -> H>,
}

impl<'a, H, F> Walker<'a, '_, H, F>
where
    H: Deserialize<'a>,
    F: FnMut(H, &'a str) -> Result<()>,
{
    /// What stands after `depth` members of the path. The path bounds the recursion.
    fn node(&mut self, depth: usize) -> Result<()> {
        let Some(wanted) = self.path.get(depth).copied() else { return self.list() };
        if !self.cursor.eat(b'{') {
            return self.other("is not an object", depth);
        }
        let mut found = false;
        self.cursor.space();
        if self.cursor.eat(b'}') {
            return Ok(());
        }
        loop {
            self.cursor.space();
            let start = self.cursor.at;
            let (name, _) = self.cursor.value::<HeadText<'a>>().map_err(|bad| bad.of(&self.name(depth)))?;
            let Some(name) = name.0 else {
                return Err(broken(&self.name(depth), "is not valid JSON", start));
            };
            self.cursor.space();
            if !self.cursor.eat(b':') {
                return Err(self.unexpected(depth));
            }
            self.cursor.space();
            if name == wanted {
                if std::mem::replace(&mut found, true) {
                    return Err(broken(&self.name(depth + 1), "occurs twice", start));
                }
                self.node(depth + 1)?;
            } else {
                let at = self.cursor.at;
                let (_, text) = self.cursor.value::<IgnoredAny>().map_err(|bad| bad.of(&name))?;
                self.envelope.members.push(Member { name, text, at });
            }
            self.cursor.space();
            if self.cursor.eat(b'}') {
                return Ok(());
            }
            if !self.cursor.eat(b',') {
                return Err(self.unexpected(depth));
            }
        }
    }

    fn list(&mut self) -> Result<()> {
        let depth = self.path.len();
        if !self.cursor.eat(b'[') {
            return self.other("is not a list", depth);
        }
        let mut count = 0;
        self.cursor.space();
        if !self.cursor.eat(b']') {
            loop {
                self.cursor.space();
                let (head, raw) = self
                    .cursor
                    .value::<H>()
                    .map_err(|bad| bad.of(&format!("{}[{count}]", self.name(depth))))?;
                (self.each)(head, raw)?;
                count += 1;
                self.cursor.space();
                if self.cursor.eat(b']') {
                    break;
                }
                if !self.cursor.eat(b',') {
                    return Err(self.unexpected(depth));
                }
            }
        }
        self.envelope.records = Records::List(count);
        Ok(())
    }

    /// `null` in the place of the list or of an object on the way to it, or else an error.
    fn other(&mut self, problem: &'static str, depth: usize) -> Result<()> {
        let start = self.cursor.at;
        let (_, raw) = self.cursor.value::<IgnoredAny>().map_err(|bad| bad.of(&self.name(depth)))?;
        if raw == "null" && depth > 0 {
            self.envelope.records = Records::Null;
            return Ok(());
        }
        Err(broken(&self.name(depth), problem, start))
    }

    fn unexpected(&self, depth: usize) -> Error {
        let problem = if self.cursor.peek().is_none() { "ends in the middle" } else { "is not valid JSON" };
        broken(&self.name(depth), problem, self.cursor.at)
    }

    fn name(&self, depth: usize) -> String {
        self.path.get(..depth).unwrap_or_default().join(".")
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The value that begins here, with its text. One scan gives both.
    fn value<T: Deserialize<'a>>(&mut self) -> Result<(T, &'a str), Bad> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<T>();
        match stream.next() {
            Some(Ok(value)) => {
                let end = stream.byte_offset();
                self.at += end;
                Ok((value, rest.get(..end).unwrap_or_default()))
            }
            Some(Err(error)) => Err(Bad { problem: reason(&error), at: self.at + offset_of(rest, &error) }),
            None => Err(Bad { problem: "ends in the middle", at: self.at }),
        }
    }
}

struct Bad {
    problem: &'static str,
    at: usize,
}

impl Bad {
    fn of(self, name: &str) -> Error {
        broken(name, self.problem, self.at)
    }
}

/// A word for what is wrong. The parser's own message may quote content.
fn reason(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Eof => "ends in the middle",
        Category::Data => "has another type than documented",
        Category::Syntax | Category::Io => "is not valid JSON",
    }
}

/// Where the parser stopped. It counts lines from 1, and bytes in a line.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    before + error.column()
}

pub(crate) fn broken(name: &str, problem: &'static str, byte: usize) -> Error {
    let subject = if name.is_empty() { "the answer".to_owned() } else { format!("{name:?} in the answer") };
    Error::new(ErrorKind::Decode, format!("{subject} {problem}"))
        .with_advice("go on later from the last stored state, and report it if it stays")
        .with_context("byte", byte)
}

//! Pages by a layout that is known when the program runs: one strict pass over the text, nothing built but spans.

mod layout;
mod lines;
mod path;
mod record;
mod scan;

use tieline_core::{Error, ErrorKind, Result};

pub use self::layout::PageLayout;
use self::layout::{NONE, RECORD_SLOTS};
pub use self::path::JsonPath;
use self::record::Slots;
pub use self::record::{HeadJson, PageRecord, RecordFault};
use self::scan::{INVALID, ScanError, Scanned, byte, colon, error, space, string, value};
use crate::page::{Records, broken};
use crate::{is_html, web_page};

const TWICE: &str = "has a member twice";

/// What a page holds beside its records.
#[derive(Debug)]
pub struct Page<'a> {
    /// What was found where the records belong.
    pub records: Records,
    members: Vec<Option<&'a str>>,
    path: String,
}

impl<'a> Page<'a> {
    /// A member by its number in the layout; `None` when it is absent.
    pub fn member(&self, number: usize) -> Option<HeadJson<'a>> {
        self.members.get(number).copied().flatten().map(HeadJson)
    }

    /// How many records there were; `null` is an empty list.
    ///
    /// # Errors
    /// `Decode` when there was no list.
    pub fn count(&self) -> Result<usize> {
        match self.records {
            Records::List(count) => Ok(count),
            Records::Null => Ok(0),
            Records::Absent => {
                Err(Error::new(ErrorKind::Decode, format!("{:?} is missing in the answer", self.path)))
            }
        }
    }
}

impl PageLayout {
    /// Walks a page in one pass and hands each record to `each`, in order.
    ///
    /// A record that is broken, or has a member twice where a head leads, is handed on with its
    /// [fault](PageRecord::fault), and the page goes on.
    ///
    /// # Errors
    /// `Decode`, naming member and byte and never content, when the answer is a web page, is no JSON, is cut off, has text
    /// after its end, or has another type or the same member twice where a path leads. Errors of `each`.
    pub fn walk<'a>(
        &self,
        text: &'a str,
        each: impl FnMut(&PageRecord<'_, 'a>) -> Result<()>,
    ) -> Result<Page<'a>> {
        if is_html(text.as_bytes()) {
            return Err(web_page());
        }
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let mut walker = Walker {
            layout: self,
            text,
            bytes: text.as_bytes(),
            each,
            slots: [None; RECORD_SLOTS],
            page: Page {
                records: Records::Absent,
                members: vec![None; self.members.len()],
                path: self.path.to_string(),
            },
        };
        let start = space(walker.bytes, start);
        if start == text.len() {
            return Err(Error::new(ErrorKind::Decode, "the answer is empty where JSON is documented"));
        }
        let end = walker.node(0, start, "")?;
        let end = space(walker.bytes, end);
        if end != text.len() {
            return Err(broken("", "has text after its end", end));
        }
        Ok(walker.page)
    }
}

struct Walker<'l, 'a, F> {
    layout: &'l PageLayout,
    text: &'a str,
    bytes: &'a [u8],
    each: F,
    slots: Slots<'a>,
    page: Page<'a>,
}

impl<'l, 'a, F> Walker<'l, 'a, F>
where
    F: FnMut(&PageRecord<'_, 'a>) -> Result<()>,
{
    /// Walks the value at a node above the records. The depth of the layout bounds the recursion.
    fn node(&mut self, node: usize, at: usize, name: &str) -> Result<usize> {
        let layout = self.layout;
        let Some(known) = layout.nodes.get(node) else { return skip(self.bytes, at, name) };
        let end = if known.is_records {
            self.records(at, name)?
        } else {
            match self.bytes.get(at) {
                Some(b'{') if known.each.is_some() || !known.members.is_empty() => {
                    self.object(known, at + 1, name)?
                }
                Some(b'[') if known.each.is_some() => self.list(known, at + 1, name)?,
                _ => {
                    let end = skip(self.bytes, at, name)?;
                    if known.leads {
                        self.absent(at, end, "is not an object", name)?;
                    }
                    end
                }
            }
        };
        if known.slot != NONE
            && let Some(member) = self.page.members.get_mut(usize::from(known.slot))
        {
            *member = self.text.get(at..end);
        }
        Ok(end)
    }

    /// `null` where the records or an object on the way to them belong, or else an error.
    fn absent(&mut self, at: usize, end: usize, problem: &'static str, name: &str) -> Result<()> {
        if self.text.get(at..end) != Some("null") || at == 0 {
            return Err(broken(name, problem, at));
        }
        if self.page.records == Records::Absent {
            self.page.records = Records::Null;
        }
        Ok(())
    }

    fn object(&mut self, node: &'l layout::Node, at: usize, name: &str) -> Result<usize> {
        let mut seen = 0_u64;
        let mut at = space(self.bytes, at);
        if self.bytes.get(at) == Some(&b'}') {
            return Ok(at + 1);
        }
        loop {
            let (member, escaped, next) = member(self.bytes, at).map_err(|bad| bad.of(name))?;
            let bytes = self.bytes;
            let plain = bytes.get(member.clone()).unwrap_or_default();
            let child = if escaped { unescaped(plain, |name| node.child(name)) } else { node.child(plain) };
            at = match (child, node.each) {
                (Some((index, child)), _) => {
                    let inner = node.members.get(index).map_or("", |(name, _)| &**name);
                    if seen & 1 << (index & 63) != 0 {
                        return Err(broken(inner, "occurs twice", at));
                    }
                    seen |= 1 << (index & 63);
                    self.node(child, next, inner)?
                }
                (None, Some(each)) => self.node(each, next, name)?,
                (None, None) => {
                    let name = self.text.get(member).unwrap_or_default();
                    skip(self.bytes, next, name)?
                }
            };
            at = space(self.bytes, at);
            match byte(self.bytes, at).map_err(|bad| bad.of(name))? {
                b',' => at = space(self.bytes, at + 1),
                b'}' => return Ok(at + 1),
                _ => return Err(broken(name, INVALID, at)),
            }
        }
    }

    fn list(&mut self, node: &'l layout::Node, at: usize, name: &str) -> Result<usize> {
        let Some(each) = node.each else { return skip(self.bytes, at, name) };
        if node.leads && self.page.records == Records::Absent {
            self.page.records = Records::List(0);
        }
        self.items(at, name, |walker, at| walker.node(each, at, name))
    }

    fn records(&mut self, at: usize, name: &str) -> Result<usize> {
        match self.bytes.get(at) {
            Some(b'[') => {
                if !matches!(self.page.records, Records::List(_)) {
                    self.page.records = Records::List(0);
                }
                self.items(at + 1, name, |walker, at| walker.item(at, name))
            }
            Some(b'{') if self.layout.single || self.layout.path.has_each() => self.item(at, name),
            _ => {
                let end = skip(self.bytes, at, name)?;
                if self.layout.path.has_each() {
                    // An item that is no object is a record that cannot be read.
                    let fault = RecordFault { problem: "is not an object", byte: at };
                    self.hand_on(at, end, Some(fault))?;
                    return Ok(end);
                }
                self.absent(at, end, "is not a list", name)?;
                Ok(end)
            }
        }
    }

    /// The items of a list whose bracket stands before `at`.
    fn items(
        &mut self,
        at: usize,
        name: &str,
        mut item: impl FnMut(&mut Self, usize) -> Result<usize>,
    ) -> Result<usize> {
        let mut at = space(self.bytes, at);
        if self.bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            at = item(self, at)?;
            at = space(self.bytes, at);
            match byte(self.bytes, at).map_err(|bad| bad.of(name))? {
                b',' => at = space(self.bytes, at + 1),
                b']' => return Ok(at + 1),
                _ => return Err(broken(name, INVALID, at)),
            }
        }
    }

    /// One record. A broken one is left out where its end can be found.
    fn item(&mut self, at: usize, name: &str) -> Result<usize> {
        self.slots = [None; RECORD_SLOTS];
        let mut head =
            HeadWalk { layout: self.layout, text: self.text, bytes: self.bytes, slots: &mut self.slots };
        let twice = match head.record(self.layout.record, at) {
            Ok((end, None)) => {
                self.hand_on(at, end, None)?;
                return Ok(end);
            }
            Ok((end, Some(twice))) => Ok((end, RecordFault { problem: TWICE, byte: twice })),
            Err(bad) => Err(bad),
        };
        let (end, fault) = match twice {
            Ok(found) => found,
            Err(bad) => {
                let numbered = || match self.page.records {
                    Records::List(count) => format!("{name}[{count}]"),
                    _ => name.to_owned(),
                };
                let end = scan::lenient(self.bytes, at).map_err(|_| bad.of(&numbered()))?;
                let follows = self.bytes.get(space(self.bytes, end));
                if end == at || !matches!(follows, Some(b',' | b']' | b'}')) {
                    return Err(bad.of(&numbered()));
                }
                (end, RecordFault { problem: bad.problem, byte: bad.at })
            }
        };
        self.hand_on(at, end, Some(fault))?;
        Ok(end)
    }

    #[inline]
    fn hand_on(&mut self, at: usize, end: usize, fault: Option<RecordFault>) -> Result<()> {
        let text = self.text.get(at..end).unwrap_or_default();
        let has_payload = self.layout.has_payload();
        (self.each)(&PageRecord { text, slots: &self.slots, has_payload, fault })?;
        self.page.records = match self.page.records {
            Records::List(count) => Records::List(count + 1),
            _ => Records::List(1),
        };
        Ok(())
    }
}

/// Walks one record and fills the slots of its heads.
pub(super) struct HeadWalk<'w, 'a> {
    pub(super) layout: &'w PageLayout,
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) slots: &'w mut Slots<'a>,
}

impl HeadWalk<'_, '_> {
    /// Where the value at a node ends, and where a member stands that occurs twice.
    pub(super) fn record(&mut self, node: usize, at: usize) -> Scanned<(usize, Option<usize>)> {
        let layout = self.layout;
        let Some(known) = layout.nodes.get(node) else { return value(self.bytes, at).map(|end| (end, None)) };
        let (end, twice) = if self.bytes.get(at) == Some(&b'{') && !known.members.is_empty() {
            self.members(known, at + 1)?
        } else {
            (value(self.bytes, at)?, None)
        };
        if known.slot != NONE
            && let Some(slot) = self.slots.get_mut(usize::from(known.slot))
        {
            *slot = self.text.get(at..end);
        }
        Ok((end, twice))
    }

    fn members(&mut self, node: &layout::Node, at: usize) -> Scanned<(usize, Option<usize>)> {
        let bytes = self.bytes;
        let mut seen = 0_u64;
        let mut twice = None;
        let mut at = space(bytes, at);
        if bytes.get(at) == Some(&b'}') {
            return Ok((at + 1, None));
        }
        loop {
            let (name, escaped, next) = member(bytes, at)?;
            let plain = bytes.get(name).unwrap_or_default();
            let child = if escaped { unescaped(plain, |name| node.child(name)) } else { node.child(plain) };
            at = match child {
                None => value(bytes, next)?,
                Some((index, child)) => {
                    if seen & 1 << (index & 63) != 0 {
                        twice = Some(at);
                    }
                    seen |= 1 << (index & 63);
                    let (end, inner) = self.record(child, next)?;
                    twice = twice.or(inner);
                    end
                }
            };
            at = space(bytes, at);
            match byte(bytes, at)? {
                b',' => at = space(bytes, at + 1),
                b'}' => return Ok((at + 1, twice)),
                _ => return error(INVALID, at),
            }
        }
    }
}

/// A member's name that begins here, whether it has escapes, and where its value begins.
#[inline]
fn member(bytes: &[u8], at: usize) -> Scanned<(std::ops::Range<usize>, bool, usize)> {
    if byte(bytes, at)? != b'"' {
        return error(INVALID, at);
    }
    let (end, escaped) = string(bytes, at + 1)?;
    Ok((at + 1..end, escaped, colon(bytes, end + 1)?))
}

/// Looks for a name that is written with escapes.
#[cold]
fn unescaped<T>(name: &[u8], find: impl FnOnce(&[u8]) -> Option<T>) -> Option<T> {
    let quoted = format!("\"{}\"", std::str::from_utf8(name).ok()?);
    find(serde_json::from_str::<String>(&quoted).ok()?.as_bytes())
}

fn skip(bytes: &[u8], at: usize, name: &str) -> Result<usize> {
    value(bytes, at).map_err(|bad| bad.of(name))
}

impl ScanError {
    fn of(self, name: &str) -> Error {
        broken(name, self.problem, self.at)
    }
}

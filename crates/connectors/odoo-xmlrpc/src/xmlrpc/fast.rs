//! The short way through rows as Python's `xmlrpc.client` writes them, which is how Odoo writes them: one comparison a
//! tag, texts copied once. Whatever looks otherwise is left where it stands, and `decode` goes on from there; both ways
//! give the same result, which is tested.

use super::decode::{reference_object, whole};
use super::number::{push_double, push_integer};
use super::rules::{Course, FieldRule};
use super::text::{is_space, push_xml};

/// Writes the whole members that `text` begins with, and says how many bytes they take.
pub(super) fn members(text: &str, out: &mut String, course: &mut Course<'_>) -> usize {
    let mut done = text;
    loop {
        let (written, mut scan) = (out.len(), Scan(done));
        match member(&mut scan, out, course) {
            Some(()) => done = scan.0,
            None => {
                out.truncate(written);
                return text.len() - done.len();
            }
        }
    }
}

fn member(scan: &mut Scan<'_>, out: &mut String, course: &mut Course<'_>) -> Option<()> {
    scan.eat("<member>")?;
    scan.eat("<name>")?;
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push('"');
    let start = out.len();
    push_xml(out, scan.text("</name>")?)?;
    let (rule, role) = course.member(out.get(start..)?);
    out.push_str("\":");
    let value = out.len();
    let done = self::value(scan, out, rule).and_then(|()| scan.eat("</member>"));
    if done.is_none() {
        course.again();
        return None;
    }
    course.remember(role, value..out.len());
    Some(())
}

fn value(scan: &mut Scan<'_>, out: &mut String, rule: FieldRule) -> Option<()> {
    scan.eat("<value>")?;
    if scan.eat("<array>").is_none() {
        return scalar(scan, out, rule);
    }
    scan.eat("<data>")?;
    let start = out.len();
    let (mut count, mut second) = (0_usize, start);
    out.push('[');
    while scan.eat("<value>").is_some() {
        if count > 0 {
            out.push(',');
        }
        if count == 1 {
            second = out.len();
        }
        scalar(scan, out, FieldRule::Keep)?;
        count += 1;
    }
    out.push(']');
    if rule == FieldRule::Many2one {
        reference_object(out, start, second, count);
    }
    scan.eat("</data>")?;
    scan.eat("</array>")?;
    scan.eat("</value>")
}

/// A value without parts, up to the end of its `<value>`.
fn scalar(scan: &mut Scan<'_>, out: &mut String, rule: FieldRule) -> Option<()> {
    if scan.eat("<string>").is_some() {
        out.push('"');
        push_xml(out, scan.text("</string>")?)?;
        out.push('"');
    } else if scan.eat("<int>").is_some() {
        push_integer(out, scan.text("</int>")?)?;
    } else if scan.eat("<boolean>").is_some() {
        out.push_str(match scan.text("</boolean>")? {
            "0" if rule.false_is_null() => "null",
            "0" => "false",
            "1" => "true",
            _ => return None,
        });
    } else if scan.eat("<double>").is_some() {
        push_double(out, whole(scan.text("</double>")?, rule))?;
    } else {
        return None;
    }
    scan.eat("</value>")
}

struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    /// Whitespace, then a tag.
    fn eat(&mut self, tag: &str) -> Option<()> {
        let rest = match self.0.strip_prefix(tag) {
            Some(rest) => rest,
            None => self.0.trim_start_matches(is_space).strip_prefix(tag)?,
        };
        self.0 = rest;
        Some(())
    }

    /// Text, then the tag that ends it.
    fn text(&mut self, end: &str) -> Option<&'a str> {
        let (text, rest) = self.0.split_at_checked(self.0.find('<')?)?;
        self.0 = rest.strip_prefix(end)?;
        Some(text)
    }
}

//! XML-RPC as Python's `xmlrpc.client` reads and writes it, which is what Odoo's servers use.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::Version;
use super::trouble::Trouble;
use crate::{Json, Object};

/// How deep a request may nest.
const DEEPEST: usize = 96;

/// A method call as it arrived.
pub(crate) struct MethodCall {
    pub(crate) method: String,
    pub(crate) params: Vec<Json>,
}

#[derive(Default)]
struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

/// Reads a request.
pub(crate) fn read(body: &[u8], version: Version) -> Result<MethodCall, Trouble> {
    let root = tree(body).map_err(|why| Trouble::python("xml.parsers.expat.ExpatError", why))?;
    let part = |name: &str| root.children.iter().find(|child| child.name == name);
    let Some(method) = part("methodName").filter(|_| root.name == "methodCall") else {
        return Err(Trouble::python("xmlrpc.client.ResponseError", "ResponseError()"));
    };
    let params = part("params").map_or(&[][..], |params| &params.children);
    let params = params
        .iter()
        .map(|param| param.children.first().map_or(Ok(Json::Null), |node| value(node, version)))
        .collect::<Result<_, _>>()?;
    Ok(MethodCall { method: method.text.clone(), params })
}

fn tree(body: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(body).map_err(|_| no_token())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.chars().any(forbidden) {
        return Err(no_token());
    }
    let mut reader = Reader::from_str(text);
    // The bottom of the stack is no element; it holds the root once that is closed.
    let mut open = vec![Node::default()];
    loop {
        let event = reader.read_event().map_err(|_| no_token())?;
        let Some(here) = open.last_mut() else { return Err(no_token()) };
        match event {
            Event::Start(tag) => {
                if open.len() > DEEPEST {
                    return Err("nesting too deep: line 1, column 0".into());
                }
                let name = tag.name().as_ref().to_owned();
                open.push(Node { name, ..Node::default() });
            }
            Event::Empty(tag) => {
                let name = tag.name().as_ref().to_owned();
                here.children.push(Node { name, ..Node::default() });
            }
            Event::End(_) => {
                let closed = open.pop().unwrap_or_default();
                let Some(parent) = open.last_mut() else { return Err(no_token()) };
                parent.children.push(closed);
            }
            Event::Text(text) => here.text.push_str(&text.xml10_content()),
            Event::CData(text) => here.text.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let resolved = match name.resolve_char_ref().map_err(|_| no_token())? {
                    Some(char) if forbidden(char) => {
                        return Err("reference to invalid character number: line 1, column 0".into());
                    }
                    Some(char) => char,
                    None => named(&name).ok_or("undefined entity: line 1, column 0")?,
                };
                here.text.push(resolved);
            }
            Event::DocType(_) => return Err(no_token()),
            Event::Eof => break,
            _ => {}
        }
    }
    let root = open.pop().filter(|_| open.is_empty()).and_then(|mut bottom| bottom.children.pop());
    root.ok_or_else(|| "no element found: line 1, column 0".into())
}

fn no_token() -> String {
    "not well-formed (invalid token): line 1, column 0".into()
}

const fn forbidden(char: char) -> bool {
    matches!(char, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

fn named(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn value(node: &Node, version: Version) -> Result<Json, Trouble> {
    let Some(typed) = node.children.first() else { return Ok(Json::Text(node.text.clone().into())) };
    let text = typed.text.trim();
    let wrong = |what: &str| Trouble::python("ValueError", format!("{what}: {text:?}"));
    Ok(match typed.name.as_str() {
        "int" | "i4" | "i8" | "i2" | "i1" | "biginteger" => {
            text.parse().map(Json::Int).map_err(|_| wrong("invalid literal for int() with base 10"))?
        }
        "double" | "float" | "bigdecimal" => text
            .parse::<f64>()
            .map(|number| Json::Decimal(python_float(number).into()))
            .map_err(|_| wrong("could not convert string to float"))?,
        "boolean" => match text {
            "0" => Json::Bool(false),
            "1" => Json::Bool(true),
            _ => return Err(Trouble::python("TypeError", "bad boolean value")),
        },
        "string" => Json::Text(typed.text.clone().into()),
        "nil" => Json::Null,
        "base64" => {
            let packed: String = text.chars().filter(|char| !char.is_ascii_whitespace()).collect();
            let bytes = base64::engine::general_purpose::STANDARD.decode(packed);
            Json::Text(
                String::from_utf8_lossy(&bytes.map_err(|_| wrong("Incorrect padding"))?).into_owned().into(),
            )
        }
        // 17 hands the text on as it is, and then its own date format does not match. 19 takes it.
        "dateTime.iso8601" => Json::Text(match version {
            Version::V17 => text.to_owned().into(),
            Version::V19 => moment(text).ok_or_else(|| wrong("time data does not match format"))?.into(),
        }),
        "array" => {
            let items = typed.children.first().map_or(&[][..], |data| &data.children);
            Json::Array(items.iter().map(|item| value(item, version)).collect::<Result<_, _>>()?)
        }
        "struct" => {
            let mut object = Object::default();
            for member in &typed.children {
                let part = |name: &str| member.children.iter().find(|child| child.name == name);
                let (Some(name), Some(of)) = (part("name"), part("value")) else {
                    return Err(Trouble::python("xmlrpc.client.ResponseError", "ResponseError()"));
                };
                object.set(name.text.clone(), value(of, version)?);
            }
            Json::Object(object)
        }
        other => return Err(Trouble::python("KeyError", format!("'{other}'"))),
    })
}

/// `20260110T08:12:44` as Odoo writes moments.
fn moment(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).take(14).collect();
    let part = |from: usize, to: usize| digits.get(from..to);
    Some(format!(
        "{}-{}-{} {}:{}:{}",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

/// A float as Python prints it.
pub(crate) fn python_float(number: f64) -> String {
    let text = format!("{number:?}");
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

/// Writes an answer.
pub(crate) fn response(value: &Json, version: Version) -> Result<String, Trouble> {
    let mut out = String::from("<params>\n<param>\n");
    write(value, &mut out)?;
    out.push_str("</param>\n</params>\n");
    Ok(envelope(&out, version))
}

/// Writes a fault. Its code is a number, or a text on the door of the first version.
pub(crate) fn fault(code: Json, text: &str, version: Version) -> String {
    let fault = Object::default().with("faultCode", code).with("faultString", text.to_owned());
    let mut out = String::from("<fault>\n");
    // Two texts, or a small number and a text, can always be written.
    let _written = write(&fault.into(), &mut out);
    out.push_str("</fault>\n");
    envelope(&out, version)
}

/// The two versions differ in the quotes of the first line and in a blank line at the end.
fn envelope(inner: &str, version: Version) -> String {
    match version {
        Version::V17 => format!("<?xml version='1.0'?>\n<methodResponse>\n{inner}</methodResponse>\n"),
        Version::V19 => format!("<?xml version=\"1.0\"?>\n<methodResponse>\n{inner}\n</methodResponse>\n"),
    }
}

fn write(value: &Json, out: &mut String) -> Result<(), Trouble> {
    out.push_str("<value>");
    match value {
        Json::Null => {
            return Err(Trouble::python("TypeError", "cannot marshal None unless allow_none is enabled"));
        }
        Json::Bool(flag) => push(out, format_args!("<boolean>{}</boolean>", u8::from(*flag))),
        Json::Int(number) => {
            if i32::try_from(*number).is_err() {
                return Err(Trouble::python("OverflowError", "int exceeds XML-RPC limits"));
            }
            push(out, format_args!("<int>{number}</int>"));
        }
        Json::Decimal(text) => push(out, format_args!("<double>{text}</double>")),
        Json::Text(text) => push(out, format_args!("<string>{}</string>", escaped(text))),
        Json::Array(items) => {
            out.push_str("<array><data>\n");
            for item in items {
                write(item, out)?;
            }
            out.push_str("</data></array>");
        }
        Json::Object(object) => {
            out.push_str("<struct>\n");
            for (name, member) in object.iter() {
                push(out, format_args!("<member>\n<name>{}</name>\n", escaped(name)));
                write(member, out)?;
                out.push_str("</member>\n");
            }
            out.push_str("</struct>");
        }
    }
    out.push_str("</value>\n");
    Ok(())
}

fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    // A string never refuses what is written to it.
    let _written = out.write_fmt(what);
}

/// Only the three characters that must be, and control characters are dropped. U+FFFE goes out as it is, although
/// no XML document may hold it.
fn escaped(text: &str) -> Cow<'_, str> {
    let dropped = |char: char| char < ' ' && !matches!(char, '\t' | '\n' | '\r');
    if !text.contains(|char| matches!(char, '&' | '<' | '>') || dropped(char)) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars().filter(|char| !dropped(*char)) {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(char),
        }
    }
    out.into()
}

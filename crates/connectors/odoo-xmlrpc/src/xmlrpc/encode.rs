//! JSON text as XML-RPC values. Numbers keep their digits: no value passes through `f64`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::MAX_DEPTH;

/// How `null` is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nulls {
    /// As `<nil/>`, an extension that Odoo reads.
    #[default]
    Nil,
    /// As `false`, which is how Odoo itself writes that there is nothing.
    False,
}

/// What cannot be sent, and where it stands.
#[derive(Debug)]
pub(super) struct Problem {
    what: String,
    /// Names and indexes, innermost first.
    path: Vec<String>,
}

impl Problem {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), path: Vec::new() }
    }

    fn within(mut self, name: impl Into<String>) -> Self {
        self.path.push(name.into());
        self
    }

    /// `PLACE/fields/name holds …`.
    pub(super) fn message(&self, place: &str) -> String {
        let mut message = place.to_owned();
        for name in self.path.iter().rev() {
            message.push('/');
            message.push_str(name);
        }
        message.push(' ');
        message.push_str(&self.what);
        message
    }
}

/// Writes `<value>…</value>` of a JSON text.
pub(super) fn push_value(
    out: &mut String,
    json: &RawValue,
    nulls: Nulls,
    depth: usize,
) -> Result<(), Problem> {
    if depth == 0 {
        return Err(Problem::new(format!("nests deeper than {MAX_DEPTH} values")));
    }
    let broken = |_| Problem::new("is not valid JSON");
    let text = json.get();
    out.push_str("<value>");
    match text.bytes().next().unwrap_or_default() {
        b'{' => {
            // The order of members has no meaning.
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(broken)?;
            out.push_str("<struct>");
            for (name, value) in members {
                out.push_str("<member><name>");
                push_text(out, &name)
                    .map_err(|problem| Problem::new(format!("has a name that {}", problem.what)))?;
                out.push_str("</name>");
                push_value(out, value, nulls, depth - 1).map_err(|problem| problem.within(name))?;
                out.push_str("</member>");
            }
            out.push_str("</struct>");
        }
        b'[' => {
            let values: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
            out.push_str("<array><data>");
            for (index, value) in values.into_iter().enumerate() {
                push_value(out, value, nulls, depth - 1)
                    .map_err(|problem| problem.within(index.to_string()))?;
            }
            out.push_str("</data></array>");
        }
        b'"' => {
            let string: String = serde_json::from_str(text).map_err(broken)?;
            out.push_str("<string>");
            push_text(out, &string)?;
            out.push_str("</string>");
        }
        b't' => out.push_str("<boolean>1</boolean>"),
        b'f' => out.push_str("<boolean>0</boolean>"),
        b'n' => out.push_str(match nulls {
            Nulls::Nil => "<nil/>",
            Nulls::False => "<boolean>0</boolean>",
        }),
        _ => push_number(out, text)?,
    }
    out.push_str("</value>");
    Ok(())
}

fn push_number(out: &mut String, text: &str) -> Result<(), Problem> {
    if text.contains(['.', 'e', 'E']) {
        // The server reads it as a binary float; beyond its range it would become infinite.
        if !text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(Problem::new("is a number out of range"));
        }
        out.push_str("<double>");
        out.push_str(text);
        out.push_str("</double>");
        return Ok(());
    }
    // Odoo reads an `i8`, but an answer that holds one fails as a whole.
    if text.parse::<i32>().is_err() {
        return Err(Problem::new("is an integer of more than 32 bits, which XML-RPC cannot carry"));
    }
    out.push_str("<int>");
    out.push_str(text);
    out.push_str("</int>");
    Ok(())
}

/// Writes character data.
pub(super) fn push_text(out: &mut String, text: &str) -> Result<(), Problem> {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A parser reads a bare carriage return as a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            // XML 1.0, 2.2: these are no characters, not even as a reference.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                return Err(Problem::new(format!(
                    "holds U+{:04X}, a character that XML cannot carry",
                    u32::from(c)
                )));
            }
            c => out.push(c),
        }
    }
    Ok(())
}

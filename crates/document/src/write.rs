//! A tree as YAML that is read back as the same tree.

use crate::{Node, Value, yaml};

/// The longest line that is written on one line.
const WIDTH: usize = 100;

impl Node {
    /// The value as YAML: short objects and lists on one line, longer ones a member or item a line.
    ///
    /// ```
    /// use tieline_document::{Format, Node};
    ///
    /// let node = Node::parse(r#"{"a": {"b": ["x", "1", 1]}, "c": "no: yes"}"#, Format::Json)?;
    /// assert_eq!(node.to_yaml(), "a: {b: [x, \"1\", 1]}\nc: \"no: yes\"\n");
    /// # Ok::<(), tieline_document::DocumentError>(())
    /// ```
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        match &self.value {
            Value::Object(members) if !members.is_empty() => block(self, 0, &mut out),
            _ => {
                flow(self, &mut out);
                out.push('\n');
            }
        }
        out
    }
}

fn block(node: &Node, indent: usize, out: &mut String) {
    match &node.value {
        Value::Object(members) => {
            for member in members {
                out.push_str(&" ".repeat(indent));
                scalar(&member.name, out);
                out.push(':');
                below(&member.node, indent, out);
            }
        }
        Value::List(items) => {
            for item in items {
                out.push_str(&" ".repeat(indent));
                out.push('-');
                below(item, indent, out);
            }
        }
        _ => flow(node, out),
    }
}

/// Writes a value behind its name: on the same line where it fits, else in lines of its own.
fn below(node: &Node, indent: usize, out: &mut String) {
    let mut line = String::new();
    flow(node, &mut line);
    let start = out.rfind('\n').map_or(0, |at| at + 1);
    let is_long = out.len() - start + line.len() + 1 > WIDTH;
    let breaks = match &node.value {
        Value::Object(members) => !members.is_empty() && (is_long || indent == 0 && members.len() > 3),
        Value::List(items) => !items.is_empty() && is_long,
        _ => false,
    };
    if breaks {
        out.push('\n');
        block(node, indent + 2, out);
    } else {
        out.push(' ');
        out.push_str(&line);
        out.push('\n');
    }
}

fn flow(node: &Node, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(text),
        Value::Text(text) => scalar(text, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                flow(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                scalar(&member.name, out);
                out.push_str(": ");
                flow(&member.node, out);
            }
            out.push('}');
        }
    }
}

/// A text: as it is where YAML reads it so, else in quotes.
fn scalar(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Ends of line, marks and characters that YAML does not print.
            c if c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') =>
            {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '<' | '_'));
    let plain = |c: char| c.is_ascii_alphanumeric() || "/<>_.=?&$;+- ".contains(c);
    begins
        && text.len() <= WIDTH
        && text.chars().all(plain)
        && !text.ends_with(' ')
        && !text.contains("  ")
        && matches!(yaml::plain(text), Value::Text(_))
}

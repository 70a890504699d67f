//! Texts made of fields, with minijinja: no loader, no functions, no globals, and nothing that can grow.

use std::collections::BTreeMap;
use std::io;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use tieline_core::{FieldPath, MappingContext, RawJson};

use super::{Fault, Refused};
use crate::value::{self, Val};

/// The longest template, in bytes.
const LONGEST: usize = 2048;
/// The longest value that a template reads, and the longest text that it writes, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;
/// How many instructions of the engine one text may take.
const FUEL: u64 = 10_000;
const DEEPEST: usize = 32;
const NAME: &str = "template";
/// What the host hands in stands under this name.
const GIVEN: &str = "given";

#[derive(Debug)]
pub(crate) struct Template {
    environment: Environment<'static>,
    /// The fields at the top of the record that it reads.
    pub(crate) names: Vec<String>,
    given: Vec<String>,
}

const FILTERS: [&str; 10] =
    ["lower", "upper", "trim", "capitalize", "default", "replace", "join", "first", "last", "length"];
const TESTS: [&str; 3] = ["defined", "undefined", "none"];

impl Template {
    pub(crate) fn new(source: &str) -> Result<Self, Refused> {
        if source.len() > LONGEST {
            return Err(Refused::new("", format!("the template is longer than {LONGEST} bytes")));
        }
        let mut environment = Environment::empty();
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(20);
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        add_filters(&mut environment);
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| {
            let line = error.line().filter(|_| source.contains('\n'));
            let line = line.map(|line| format!(" in its line {line}")).unwrap_or_default();
            Refused::new(
                "",
                format!("the template cannot be read{line}: {}", error.detail().unwrap_or("a slip")),
            )
        })?;
        check(source)?;
        let template =
            environment.get_template(NAME).map_err(|_| Refused::new("", "the template cannot be read"))?;
        let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        names.sort();
        if let Some(name) = names.iter().find(|name| OUTSIDE.contains(&name.as_str())) {
            return Err(Refused::new(
                "",
                format!("the template asks for {name:?}, and a mapping sees only the record"),
            )
            .advise("hand the value in, and name it given.NAME"));
        }
        names.retain(|name| name != GIVEN);
        let mut given: Vec<String> = template
            .undeclared_variables(true)
            .iter()
            .filter_map(|name| name.strip_prefix("given.")?.split('.').next().map(str::to_owned))
            .collect();
        given.sort();
        Ok(Self { environment, names, given })
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = FieldPath> {
        self.names.iter().map(|name| FieldPath::field(name))
    }

    /// The text for these values, which stand in the order of the names.
    pub(crate) fn render<'v>(
        &self,
        values: impl Iterator<Item = Option<&'v str>>,
        given: &MappingContext,
    ) -> Result<Val<'static>, Fault> {
        let mut context: BTreeMap<String, Value> = BTreeMap::new();
        for (name, raw) in self.names.iter().zip(values) {
            // A null is not there, so that the engine says which one is missing.
            if let Some(raw) = raw.filter(|raw| *raw != "null") {
                context.insert(name.clone(), read(raw)?);
            }
        }
        let handed: BTreeMap<String, Value> = self
            .given
            .iter()
            .filter_map(|name| {
                Some((name.clone(), read(given.values.get(name.as_str()).map(RawJson::get)?).ok()?))
            })
            .collect();
        context.insert(GIVEN.to_owned(), Value::from(handed));
        let template = self.environment.get_template(NAME).map_err(|_| Fault::new("the template is gone"))?;
        let mut out = Bounded(Vec::new());
        let full = |out: &Bounded| out.0.len() >= LONGEST_TEXT;
        match template.render_captured_to(Value::from(context), &mut out) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::OutOfFuel => {
                return Err(Fault::new("the template is out of fuel: it does too much for one text"));
            }
            Err(_) if full(&out) => {
                return Err(Fault::new(format!("the template writes more than {LONGEST_TEXT} bytes")));
            }
            Err(error) if error.kind() == ErrorKind::UndefinedError => {
                return Err(Fault::new("the template uses a field that is null or not there"));
            }
            Err(_) => return Err(Fault::new("the template cannot be filled in with these values")),
        }
        String::from_utf8(out.0)
            .map(|text| Val::Text(text.into()))
            .map_err(|_| Fault::new("the template writes no valid text"))
    }
}

/// Names that other engines give to what lies outside the record.
const OUTSIDE: [&str; 10] =
    ["env", "environ", "environment", "getenv", "os", "process", "self", "config", "request", "now"];

/// Decimals become texts, so that they keep every digit.
fn read(raw: &str) -> Result<Value, Fault> {
    if raw.len() > LONGEST_TEXT {
        return Err(Fault::new(format!("the template reads a value longer than {LONGEST_TEXT} bytes")));
    }
    Ok(convert(raw, 0))
}

fn convert(raw: &str, depth: usize) -> Value {
    match Val::of(raw) {
        Val::Null => Value::UNDEFINED,
        Val::Bool(value) => Value::from(value),
        Val::Number(text) => text.parse::<i64>().map_or_else(|_| Value::from(text.into_owned()), Value::from),
        Val::Text(text) => Value::from(text.into_owned()),
        Val::Json(_) if depth >= DEEPEST => Value::UNDEFINED,
        Val::Json(text) => {
            if let Some(items) = value::items(&text) {
                return items.into_iter().map(|item| convert(item, depth + 1)).collect();
            }
            let members = value::members_in_order(&text).unwrap_or_default();
            let members = members.into_iter().map(|(name, member)| (name, convert(member, depth + 1)));
            Value::from(members.collect::<BTreeMap<String, Value>>())
        }
    }
}

/// Takes so many bytes, then no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = LONGEST_TEXT - self.0.len().min(LONGEST_TEXT);
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.0.extend_from_slice(taken);
        if taken.len() < bytes.len() {
            return Err(io::Error::other("the text is too long"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn add_filters(environment: &mut Environment<'static>) {
    fn bounded(text: String) -> Result<String, minijinja::Error> {
        if text.len() > LONGEST_TEXT {
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, "the text is too long"));
        }
        Ok(text)
    }
    fn joined(items: &Value, separator: &str) -> Result<String, minijinja::Error> {
        let mut text = String::new();
        for (index, item) in items.try_iter()?.enumerate() {
            if index > 0 {
                text.push_str(separator);
            }
            text.push_str(&item.to_string());
            text = bounded(text)?;
        }
        Ok(text)
    }
    fn replaced(text: &str, from: &str, to: &str) -> Result<String, minijinja::Error> {
        if from.is_empty() || text.matches(from).count().saturating_mul(to.len()) > LONGEST_TEXT {
            return Err(minijinja::Error::new(ErrorKind::InvalidOperation, "the text would be too long"));
        }
        bounded(text.replace(from, to))
    }
    environment.add_filter("lower", |text: String| text.to_lowercase());
    environment.add_filter("upper", |text: String| text.to_uppercase());
    environment.add_filter("trim", |text: String| text.trim().to_owned());
    environment.add_filter("capitalize", |text: String| {
        let mut characters = text.chars();
        let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        first + &characters.as_str().to_lowercase()
    });
    environment.add_filter("default", |value: Value, otherwise: Option<Value>| {
        if value.is_undefined() || value.is_none() { otherwise.unwrap_or_else(|| "".into()) } else { value }
    });
    environment.add_filter("replace", |text: String, from: String, to: String| replaced(&text, &from, &to));
    environment.add_filter("join", |items: Value, separator: Option<String>| {
        joined(&items, separator.as_deref().unwrap_or_default())
    });
    environment.add_filter("first", |items: Value| {
        items.try_iter().map(|mut items| items.next().unwrap_or(Value::UNDEFINED))
    });
    environment.add_filter("last", |items: Value| {
        items.try_iter().map(|items| items.last().unwrap_or(Value::UNDEFINED))
    });
    environment.add_filter("length", |items: Value| items.len().unwrap_or_default());
    environment.add_test("defined", |value: Value| !value.is_undefined());
    environment.add_test("undefined", |value: Value| value.is_undefined());
    environment.add_test("none", |value: Value| value.is_undefined() || value.is_none());
}

/// Refuses what could grow, call or bind: a template picks and places, nothing else.
fn check(source: &str) -> Result<(), Refused> {
    let mut rest = source;
    while let Some(at) = rest.find('{') {
        rest = rest.get(at..).unwrap_or_default();
        let closing = match rest.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                let end = rest.find("#}").map_or(rest.len(), |end| end + 2);
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            _ => {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
        };
        let inner = rest.get(2..).unwrap_or_default();
        let (words, length) = words(inner, closing);
        check_block(&words, closing == "%}")?;
        rest = inner.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The words and signs of a block, without its texts, and where it ends.
fn words<'s>(inner: &'s str, closing: &str) -> (Vec<&'s str>, usize) {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = inner.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(closing) {
            return (words, at + closing.len());
        }
        let Some(first) = rest.chars().next() else { break };
        let mut length = first.len_utf8();
        if first == '"' || first == '\'' {
            let mut escaped = false;
            for character in rest.chars().skip(1) {
                length += character.len_utf8();
                if !escaped && character == first {
                    break;
                }
                escaped = !escaped && character == '\\';
            }
            words.push("\"");
        } else if first.is_alphanumeric() || first == '_' {
            length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            words.extend(rest.get(..length));
        } else if !first.is_whitespace() {
            words.extend(rest.get(..length));
        }
        at += length;
    }
    (words, inner.len())
}

fn check_block(words: &[&str], is_statement: bool) -> Result<(), Refused> {
    let words = match words {
        ["-" | "+", rest @ ..] => rest,
        all => all,
    };
    let grows = |sign: &str| Refused::new("", format!("{sign:?} is not allowed in a template"));
    if is_statement {
        match words {
            ["if" | "elif" | "else" | "endif" | "endfor", ..] => {}
            // Over a field of the record, so that nothing is longer than the record.
            ["for", name, "in", path @ ..] => {
                let path = path.strip_suffix(&["-"]).unwrap_or(path);
                let is_path = path
                    .iter()
                    .all(|word| *word == "." || word.starts_with(|c: char| c.is_alphabetic() || c == '_'));
                if !is_path || path.contains(&"recursive") || path.contains(&"if") || name.is_empty() {
                    return Err(Refused::new("", "a loop of a template goes over a field, and nothing else"));
                }
            }
            other => {
                let word = other.first().copied().unwrap_or_default();
                return Err(grows(word).advise("use if, for, and what stands in double braces"));
            }
        }
    }
    for (index, word) in words.iter().enumerate() {
        let before = |back: usize| index.checked_sub(back).and_then(|at| words.get(at)).copied();
        let is_name = |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_');
        match *word {
            "*" | "~" => {
                return Err(grows(word).advise("write values one after another, and count with steps"));
            }
            "+" if index + 1 < words.len() => {
                return Err(grows(word).advise("write values one after another, and count with steps"));
            }
            "(" if before(1).is_some_and(|name| is_name(name) && !OPERATORS.contains(&name))
                && before(2) != Some("|")
                && !matches!(before(2), Some("is" | "not")) =>
            {
                let name = before(1).unwrap_or_default();
                return Err(Refused::new(
                    "",
                    format!("the template calls {name:?}, and there are no functions"),
                )
                .advise("a mapping sees only the record: hand the value in, and name it given.NAME"));
            }
            name if before(1) == Some("|") && !FILTERS.contains(&name) => {
                return Err(Refused::new("", format!("the filter {name:?} is not known"))
                    .advise(tieline_document::did_you_mean(name, &FILTERS)));
            }
            name if before(1) == Some("is") && name != "not" && !TESTS.contains(&name) => {
                return Err(Refused::new("", format!("the test {name:?} is not known"))
                    .advise(tieline_document::did_you_mean(name, &TESTS)));
            }
            _ => {}
        }
    }
    Ok(())
}

const OPERATORS: [&str; 9] = ["if", "elif", "else", "and", "or", "not", "in", "is", "for"];

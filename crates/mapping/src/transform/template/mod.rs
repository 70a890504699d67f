//! Texts made of fields, with minijinja: no loader, no functions, no globals, and nothing that can grow.

mod check;
mod filters;
mod values;

use std::collections::BTreeMap;
use std::io;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};
use tieline_core::{FieldPath, MappingContext};

use self::values::convert;
use super::{Fault, Refused};
use crate::value::Val;

/// The longest template, in bytes.
const LONGEST: usize = 2048;
/// The longest value that a template reads, and the longest text that it writes, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;
/// How many instructions of the engine one text may take.
const FUEL: u64 = 10_000;
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
        environment.set_formatter(|out, _, value| {
            let text = values::text_of(value)?;
            out.write_str(&text).map_err(|_| ErrorKind::WriteFailure.into())
        });
        filters::add(&mut environment);
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| {
            let line = error.line().filter(|_| source.contains('\n'));
            let line = line.map(|line| format!(" in its line {line}")).unwrap_or_default();
            Refused::new(
                "",
                format!("the template cannot be read{line}: {}", error.detail().unwrap_or("a slip")),
            )
        })?;
        let rewritten = check::check(source)?;
        environment
            .add_template_owned(NAME, rewritten)
            .map_err(|_| Refused::new("", "the template compares what cannot be compared"))?;
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
        values: impl Iterator<Item = Result<Option<&'v str>, Fault>>,
        given: &MappingContext,
    ) -> Result<Val<'static>, Fault> {
        let mut context: BTreeMap<String, Value> = BTreeMap::new();
        for (name, raw) in self.names.iter().zip(values) {
            // A null is not there, so that the engine says which one is missing.
            if let Some(raw) = raw? {
                context.insert(name.clone(), read(raw)?);
            }
        }
        let mut handed: BTreeMap<String, Value> = BTreeMap::new();
        for name in &self.given {
            if let Some(value) = given.values.get(name.as_str()) {
                handed.insert(name.clone(), read(value.get())?);
            }
        }
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
                return Err(Fault::missing("the template uses a field that is null or not there"));
            }
            Err(error) if error.detail() == Some(values::UNLIKE) => {
                return Err(Fault::new(
                    "the template compares values of different types, such as a text with a number",
                ));
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

fn read(raw: &str) -> Result<Value, Fault> {
    if raw.len() > LONGEST_TEXT {
        return Err(Fault::new(format!("the template reads a value longer than {LONGEST_TEXT} bytes")));
    }
    convert(raw, 0).ok_or_else(|| Fault::new("the template reads a text that is no valid Unicode"))
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

//! A plan made ready: paths as a tree, tables as maps, keys and constants as JSON text.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tieline_core::{
    Direction, Error, ErrorKind, FieldMapping, FieldPatch, FieldPath, Given, Issue, Key, Mapped, Need, Patch,
    RawJson, Record, Result,
};

use crate::extract::{Extractor, plain};
use crate::plan::{FieldPlan, Lookup, Otherwise, Plan, Source, Table};

/// A plan that was checked and can be applied.
#[derive(Debug)]
pub struct CompiledPlan {
    fingerprint: String,
    inputs: Vec<FieldPath>,
    extractor: Extractor,
    leave_out: Vec<(usize, HashSet<String>)>,
    fields: Vec<CompiledField>,
}

#[derive(Debug)]
struct CompiledField {
    path: FieldPath,
    /// `"name":`, ready to be written.
    label: String,
    sources: Vec<CompiledSource>,
}

#[derive(Debug)]
struct CompiledSource {
    origin: Origin,
    table: Option<CompiledTable>,
}

#[derive(Debug)]
enum Origin {
    Slot(usize),
    Constant(RawJson),
    Lookup { slot: usize, lookup: Lookup },
}

#[derive(Debug)]
struct CompiledTable {
    forward: HashMap<String, RawJson>,
    /// From the host's value to the provider's; `None` when two entries share a host's value.
    backward: Option<HashMap<String, RawJson>>,
    otherwise: Otherwise,
    otherwise_value: Option<RawJson>,
}

impl CompiledPlan {
    pub(crate) fn new(plan: Plan) -> Result<Self> {
        let bytes = serde_json::to_vec(&plan).map_err(|error| {
            Error::new(ErrorKind::Internal, "a plan could not be written").with_source(error)
        })?;
        let fingerprint = Sha256::digest(&bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if plan.fields.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the mapping has no fields")
                .with_advice("name at least one field of the host's record"));
        }
        let mut inputs = Inputs::default();
        let leave_out = plan
            .leave_out
            .into_iter()
            .map(|rule| (inputs.slot(rule.path), rule.values.iter().map(word).collect()))
            .collect();
        let mut names = HashSet::new();
        let mut fields = Vec::with_capacity(plan.fields.len());
        for field in plan.fields {
            if !names.insert(field.to.clone()) {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("the field {:?} of the mapping is written twice", field.to),
                )
                .with_advice("keep one of the two, or give both sources to one field"));
            }
            fields.push(CompiledField::new(field, &mut inputs)?);
        }
        Ok(Self { fingerprint, extractor: Extractor::new(&inputs.0), inputs: inputs.0, leave_out, fields })
    }
}

/// The paths that are read, each once.
#[derive(Default)]
struct Inputs(Vec<FieldPath>);

impl Inputs {
    fn slot(&mut self, path: FieldPath) -> usize {
        self.0.iter().position(|known| *known == path).unwrap_or_else(|| {
            self.0.push(path);
            self.0.len() - 1
        })
    }
}

impl CompiledField {
    fn new(field: FieldPlan, inputs: &mut Inputs) -> Result<Self> {
        let refuse = |why: &str| {
            Error::new(ErrorKind::Config, format!("the field {:?} of the mapping {why}", field.to))
        };
        if field.from.is_empty() {
            return Err(refuse("has no source").with_advice("give it a path, a constant or a lookup"));
        }
        let sources = field
            .from
            .iter()
            .map(|source| {
                let origin = match source.clone() {
                    Source { path: Some(path), constant: None, lookup: None, .. } => {
                        Origin::Slot(inputs.slot(path))
                    }
                    Source { path: None, constant: Some(value), lookup: None, .. } => Origin::Constant(value),
                    Source { path: Some(path), constant: None, lookup: Some(lookup), .. } => {
                        Origin::Lookup { slot: inputs.slot(path), lookup }
                    }
                    _ => {
                        return Err(refuse(
                            "has a source that is not exactly one of path, constant, or lookup with path",
                        ));
                    }
                };
                Ok(CompiledSource {
                    origin,
                    table: source.table.clone().map(CompiledTable::new).transpose()?,
                })
            })
            .collect::<Result<_>>()?;
        let label = format!("{}:", RawJson::of(&field.to)?);
        Ok(Self { path: FieldPath::field(&field.to), label, sources })
    }

    /// The one path that this field can be written back to, with its table.
    fn inverse(&self) -> Option<(usize, Option<&HashMap<String, RawJson>>)> {
        match self.sources.as_slice() {
            [CompiledSource { origin: Origin::Slot(slot), table: None }] => Some((*slot, None)),
            [CompiledSource { origin: Origin::Slot(slot), table: Some(table) }] => {
                table.backward.as_ref().map(|backward| (*slot, Some(backward)))
            }
            _ => None,
        }
    }
}

impl CompiledTable {
    fn new(table: Table) -> Result<Self> {
        let mut forward = HashMap::with_capacity(table.entries.len());
        let mut backward = HashMap::with_capacity(table.entries.len());
        for (from, to) in &table.entries {
            if forward.insert(word(from), RawJson::of(to)?).is_some() {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("a table of the mapping lists {from} twice"),
                ));
            }
            backward.insert(word(to), RawJson::of(from)?);
        }
        let one_to_one = backward.len() == forward.len();
        let otherwise_value = match &table.otherwise {
            Otherwise::Value(value) => Some(RawJson::of(value)?),
            _ => None,
        };
        Ok(Self {
            forward,
            backward: one_to_one.then_some(backward),
            otherwise: table.otherwise,
            otherwise_value,
        })
    }
}

/// A value as a table compares it.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

fn word_of(raw: &RawValue) -> Cow<'_, str> {
    match plain(raw) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn kind_of(raw: &RawValue) -> &'static str {
    match raw.get().as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

type Slots<'a> = [Option<&'a RawValue>];

fn value_at<'a>(slots: &Slots<'a>, slot: usize) -> Option<&'a RawValue> {
    slots.get(slot).copied().flatten().filter(|raw| raw.get() != "null")
}

fn need(lookup: &Lookup, key: &RawValue) -> Need {
    Need::new(lookup.entity.clone(), Key::new(plain(key)), lookup.field.clone())
}

impl CompiledSource {
    /// The JSON text of the value, or `None` for null.
    fn value<'a>(
        &'a self,
        slots: &Slots<'a>,
        given: &'a Given,
        issue: &mut dyn FnMut(String),
    ) -> Option<&'a str> {
        let found: Option<&'a str> = match &self.origin {
            Origin::Constant(value) => Some(value.get()),
            Origin::Slot(slot) => value_at(slots, *slot).map(RawValue::get),
            Origin::Lookup { slot, lookup } => {
                let key = value_at(slots, *slot)?;
                let value = given.get(&need(lookup, key)).map(RawJson::get);
                if value.is_none() {
                    issue(format!(
                        "{} {} was not found, so its {} is not known",
                        lookup.entity,
                        plain(key),
                        lookup.field
                    ));
                }
                value
            }
        };
        let text = found.filter(|text| *text != "null")?;
        let Some(table) = &self.table else { return Some(text) };
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        if let Some(value) = table.forward.get(word_of(raw).as_ref()) {
            return Some(value.get()).filter(|text| *text != "null");
        }
        match table.otherwise {
            Otherwise::Keep => Some(text),
            Otherwise::Null => None,
            Otherwise::Value(_) => table.otherwise_value.as_ref().map(RawJson::get),
            Otherwise::Issue => {
                issue(format!("the table does not list this value ({})", kind_of(raw)));
                None
            }
        }
    }
}

impl FieldMapping for CompiledPlan {
    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn inputs(&self) -> &[FieldPath] {
        &self.inputs
    }

    fn needs(&self, direction: Direction, record: &Record) -> Vec<Need> {
        let lookups = || {
            self.fields.iter().flat_map(|field| &field.sources).filter_map(|source| match &source.origin {
                Origin::Lookup { slot, lookup } => Some((*slot, lookup)),
                _ => None,
            })
        };
        if direction == Direction::Backward || lookups().next().is_none() {
            return Vec::new();
        }
        // A record that cannot be read is reported by `forward`.
        let Ok(slots) = self.extractor.extract(record.payload.get()) else { return Vec::new() };
        let mut needs: Vec<Need> = lookups()
            .filter_map(|(slot, lookup)| value_at(&slots, slot).map(|key| need(lookup, key)))
            .collect();
        needs.dedup();
        needs
    }

    fn forward(&self, record: &Record, given: &Given) -> Result<Mapped> {
        let slots = self.extractor.extract(record.payload.get())?;
        let left_out = self.leave_out.iter().any(|(slot, values)| {
            value_at(&slots, *slot).is_some_and(|raw| values.contains(word_of(raw).as_ref()))
        });
        if left_out {
            return Ok(Mapped::left_out());
        }
        let mut issues = Vec::new();
        let mut text = String::with_capacity(64 * self.fields.len());
        for field in &self.fields {
            text.push(if text.is_empty() { '{' } else { ',' });
            text.push_str(&field.label);
            let mut note = |message: String| issues.push(Issue::new(message).at(field.path.clone()));
            let value = field.sources.iter().find_map(|source| source.value(&slots, given, &mut note));
            text.push_str(value.unwrap_or("null"));
        }
        text.push('}');
        Ok(Mapped::new(RawJson::from_checked(&text)).with_issues(issues))
    }

    fn backward(&self, wanted: &Record, current: Option<&Record>, _: &Given) -> Result<Patch> {
        let current = current.map(|record| self.extractor.extract(record.payload.get())).transpose()?;
        let mut patch = Patch::default();
        for field in &self.fields {
            let Some((slot, table)) = field.inverse() else { continue };
            let Some(raw) = wanted.payload.at(field.path.as_str())? else { continue };
            let is = current.as_ref().and_then(|slots| value_at(slots, slot));
            let change = if raw.get() == "null" {
                if is.is_none() {
                    continue;
                }
                FieldPatch::Clear
            } else {
                let value = match table {
                    None => RawJson::from_raw(raw),
                    Some(table) => table.get(word_of(raw).as_ref()).cloned().ok_or_else(|| {
                        Error::new(
                            ErrorKind::Rejected,
                            "the table of a mapping has no way back for this value",
                        )
                        .with_context("field", &field.path)
                    })?,
                };
                if is.is_some_and(|is| same(is, &value)) {
                    continue;
                }
                FieldPatch::Set(value)
            };
            if let Some(path) = self.inputs.get(slot) {
                patch.0.push((path.clone(), change));
            }
        }
        Ok(patch)
    }
}

/// Whether two JSON texts say the same. Texts are compared unescaped, all else as it is written.
fn same(a: &RawValue, b: &RawJson) -> bool {
    a.get() == b.get()
        || serde_json::from_str::<&RawValue>(b.get())
            .is_ok_and(|b| a.get().starts_with('"') && b.get().starts_with('"') && plain(a) == plain(b))
}

//! A plan made ready: paths as a tree, steps as objects, names and constants as JSON text.

use std::collections::HashSet;

use tieline_core::{
    Direction, Entity, FieldMapping, FieldPath, Issue, Mapped, MappingContext, Patch, PreparedRecord,
    RawJson, Record, RecordLookup, Result, Text,
};

use crate::backward;
use crate::drift::Drift;
use crate::extract::{Extractor, Slot};
use crate::forward::Read;
use crate::mapping::{FieldDirection, Mapping, Owner, RequiredOn};
use crate::transform::template::Template;
use crate::transform::{Equality, Fault, Resolve, Transform};
use crate::value::Val;

/// A plan that was checked and can be applied.
#[derive(Debug)]
pub struct CompiledMapping {
    pub(crate) plan: Mapping,
    pub(crate) fingerprint: String,
    /// The provider's paths, each in the slot of its number.
    pub(crate) inputs: Vec<FieldPath>,
    pub(crate) provider: Extractor,
    pub(crate) host: Extractor,
    pub(crate) exclude: Vec<Exclusion>,
    pub(crate) fields: Vec<Field>,
    /// The host's record, piece by piece.
    pub(crate) layout: Vec<Piece>,
    /// The order in which fields go back.
    pub(crate) order: Vec<usize>,
    pub(crate) has_lookups: bool,
}

#[derive(Debug)]
pub(crate) struct Exclusion {
    pub(crate) slot: usize,
    /// As they are compared.
    pub(crate) values: HashSet<String>,
    /// Whether a record without a value is left out.
    pub(crate) null: bool,
}

#[derive(Debug)]
pub(crate) enum Piece {
    /// `,"name":{`
    Open {
        label: String,
    },
    Close,
    /// `,"name":` and the value of a field.
    Field {
        label: String,
        field: usize,
    },
}

#[derive(Debug)]
pub(crate) struct Field {
    /// Its number in the plan.
    pub(crate) index: usize,
    /// The host's path, or the provider's where the host has none.
    pub(crate) name: FieldPath,
    /// Where its value stands in what the host wants, when it goes both ways.
    pub(crate) host: Option<usize>,
    pub(crate) direction: FieldDirection,
    pub(crate) required_on_create: bool,
    pub(crate) required_on_update: bool,
    pub(crate) omit_null: bool,
    /// What it writes of the provider's record.
    pub(crate) writes: Vec<FieldPath>,
    pub(crate) equality: Equality,
    /// The first of these that gives a value.
    pub(crate) sources: Vec<Chain>,
}

/// A source with its steps.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) origin: Origin,
    pub(crate) steps: Vec<Box<dyn Transform>>,
    /// Whether one of the steps makes something of null.
    pub(crate) takes_null: bool,
}

#[derive(Debug)]
pub(crate) enum Origin {
    Slot(usize),
    Several { slots: Vec<usize>, flat: bool, skip_null: bool },
    Constant(RawJson),
    MappingContext(Text),
    Template { template: Box<Template>, slots: Vec<usize> },
}

/// The values at the paths of one side.
pub(crate) type Slots<'a> = [Slot<'a>];

/// The value of a slot as it is written, also null; `None` where there is none, or none that can be read.
pub(crate) fn written_at<'a>(slots: &Slots<'a>, slot: usize) -> Option<&'a str> {
    match slots.get(slot) {
        Some(Slot::Value(raw)) => Some(raw),
        _ => None,
    }
}

/// The value of a slot, other than null, where it can be read.
pub(crate) fn value_at<'a>(slots: &Slots<'a>, slot: usize) -> Option<&'a str> {
    written_at(slots, slot).filter(|raw| *raw != "null")
}

/// The value of a slot, other than null, or why it cannot be read.
#[inline]
pub(crate) fn read_at<'a>(slots: &Slots<'a>, slot: usize) -> Result<Option<&'a str>, Fault> {
    match slots.get(slot) {
        Some(Slot::Value("null") | Slot::Absent) | None => Ok(None),
        Some(Slot::Value(raw)) => Ok(Some(raw)),
        Some(Slot::Unseen) => Err(Fault::unseen()),
        Some(Slot::Flawed(flaw)) => Err(Fault::flawed(*flaw)),
    }
}

impl Chain {
    pub(crate) fn lookup(&self) -> Option<(usize, &Resolve)> {
        self.steps.iter().enumerate().find_map(|(index, step)| Some((index, step.resolves()?)))
    }

    /// The value before the first step.
    pub(crate) fn start<'a>(
        &'a self,
        slots: &Slots<'a>,
        given: &'a MappingContext,
    ) -> Result<Val<'a>, Fault> {
        Ok(match &self.origin {
            Origin::Slot(slot) => read_at(slots, *slot)?.map_or(Val::Null, Val::of),
            Origin::Constant(value) => Val::of(value.get()),
            Origin::MappingContext(name) => match given.values.get(name.as_str()) {
                Some(value) => Val::of(value.get()),
                None => {
                    return Err(Fault::missing(format!("the host handed no value {:?} in", name.as_str())));
                }
            },
            Origin::Several { slots: several, flat, skip_null } => {
                let mut list = String::from("[");
                let mut push = |item: &str| {
                    if list.len() > 1 {
                        list.push(',');
                    }
                    list.push_str(item);
                };
                for slot in several {
                    let value = read_at(slots, *slot)?;
                    match value.and_then(|raw| if *flat { crate::value::items(raw) } else { None }) {
                        Some(items) => items.into_iter().for_each(&mut push),
                        None if *skip_null && value.is_none() => {}
                        None => push(value.unwrap_or("null")),
                    }
                }
                list.push(']');
                Val::Json(list.into())
            }
            Origin::Template { template, slots: read } => {
                template.render(read.iter().map(|slot| read_at(slots, *slot)), given)?
            }
        })
    }

    /// Takes a value through some of the steps.
    pub(crate) fn through<'a>(
        steps: &'a [Box<dyn Transform>],
        mut value: Val<'a>,
        given: &'a MappingContext,
    ) -> Result<Val<'a>, Fault> {
        for step in steps {
            if !value.is_null() || step.takes_null() {
                value = step.forward(value, given)?;
            }
        }
        Ok(value)
    }

    pub(crate) fn value<'a>(
        &'a self,
        slots: &Slots<'a>,
        given: &'a MappingContext,
    ) -> Result<Val<'a>, Fault> {
        Self::through(&self.steps, self.start(slots, given)?, given)
    }

    /// What each step takes now, as far as the value comes.
    pub(crate) fn inputs<'a>(&'a self, slots: &Slots<'a>, given: &'a MappingContext) -> Vec<Val<'a>> {
        let mut inputs = Vec::with_capacity(self.steps.len());
        let Ok(mut value) = self.start(slots, given) else { return inputs };
        for step in &self.steps {
            inputs.push(value.clone());
            if !value.is_null() || step.takes_null() {
                match step.forward(value, given) {
                    Ok(next) => value = next,
                    Err(_) => break,
                }
            }
        }
        inputs
    }

    /// Takes a value back through the steps, in the types that the provider has now: `before` is what each step takes.
    pub(crate) fn back_over<'a>(
        steps: &'a [Box<dyn Transform>],
        mut value: Val<'a>,
        given: &'a MappingContext,
        before: &[Val<'_>],
    ) -> Result<Val<'a>, Fault> {
        for (index, step) in steps.iter().enumerate().rev() {
            if !value.is_null() {
                value = step.backward(value, given)?;
                if let Some(before) = before.get(index) {
                    value = step.like(value, before)?;
                }
            }
        }
        Ok(value)
    }

    /// Takes a value back through some of the steps, from the last to the first.
    pub(crate) fn back<'a>(
        steps: &'a [Box<dyn Transform>],
        mut value: Val<'a>,
        given: &'a MappingContext,
    ) -> Result<Val<'a>, Fault> {
        for step in steps.iter().rev() {
            if !value.is_null() {
                value = step.backward(value, given)?;
            }
        }
        Ok(value)
    }
}

impl CompiledMapping {
    /// The mapping as it was written.
    pub fn mapping(&self) -> &Mapping {
        &self.plan
    }

    /// The fields, in the order of the plan.
    pub fn fields(&self) -> impl Iterator<Item = MappedField<'_>> {
        self.fields.iter().map(|field| MappedField { plan: &self.plan, field })
    }

    /// The host's fields that the record lacks, or has as null, and that an operation needs.
    pub fn missing(&self, on: RequiredOn, fields: &RawJson) -> Result<Vec<FieldPath>> {
        let mut missing = Vec::new();
        for field in self.fields.iter().filter(|field| field.direction.is_forward() && field.is_required(on))
        {
            let value = fields.at(field.name.as_str())?;
            if value.is_none_or(|value| value.get() == "null") {
                missing.push(field.name.clone());
            }
        }
        Ok(missing)
    }
}

impl Field {
    pub(crate) fn is_required(&self, on: RequiredOn) -> bool {
        match on {
            RequiredOn::Create => self.required_on_create,
            RequiredOn::Update => self.required_on_update,
        }
    }
}

/// A field of a mapping that is ready: what became of its settings.
#[derive(Clone, Copy, Debug)]
pub struct MappedField<'p> {
    plan: &'p Mapping,
    field: &'p Field,
}

impl<'p> MappedField<'p> {
    /// Where it stands in the host's record; the provider's path for a field that the host does not have.
    pub fn name(&self) -> &'p FieldPath {
        &self.field.name
    }

    /// Which way it goes.
    pub fn direction(&self) -> FieldDirection {
        self.field.direction
    }

    /// Whose value stands when both sides changed it; `None` when the mapping does not say.
    pub fn owner(&self) -> Option<Owner> {
        self.plan.fields.get(self.field.index)?.owner.or(self.plan.owner)
    }

    /// Whether an operation needs it.
    pub fn is_required(&self, on: RequiredOn) -> bool {
        self.field.is_required(on)
    }

    /// What it writes of the provider's record.
    pub fn writes(&self) -> &'p [FieldPath] {
        &self.field.writes
    }
}

impl FieldMapping for CompiledMapping {
    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn inputs(&self) -> &[FieldPath] {
        &self.inputs
    }

    fn broken_by(&self, entity: &Entity) -> Vec<Issue> {
        let broken = self.drift(entity).into_iter().filter(|drift| drift.broken);
        // A rule that leaves records out clears no field.
        let issue = |drift: Drift| {
            let field = drift.field?;
            Some(Issue::new(format!("{} {}", drift.provider, drift.message)).at(field))
        };
        broken.filter_map(issue).collect()
    }

    fn needs(&self, direction: Direction, record: &Record) -> Vec<RecordLookup> {
        if !self.has_lookups {
            return Vec::new();
        }
        match direction {
            Direction::Forward => Read::new(self, record).needs(),
            Direction::Backward => backward::needs(self, record),
        }
    }

    fn forward(&self, record: &Record, given: &MappingContext) -> Result<Mapped> {
        Read::new(self, record).forward(given)
    }

    fn backward(&self, wanted: &Record, current: Option<&Record>, given: &MappingContext) -> Result<Patch> {
        backward::patch(self, wanted, current, given)
    }

    fn begin<'r>(&'r self, record: &'r Record) -> Box<dyn PreparedRecord + 'r> {
        Box::new(Read::new(self, record))
    }

    fn keep_unseen(&self, fields: &RawJson, unseen: &[FieldPath], row: &RawJson) -> Result<RawJson> {
        crate::apply::keep(fields, unseen, row)
    }
}

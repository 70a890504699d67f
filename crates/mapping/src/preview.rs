//! What a mapping does to one record, for people.

use tieline_core::{
    Direction, FieldMapping, FieldPath, Issue, MappingContext, Patch, RawJson, Record, RecordLookup, Result,
};

use crate::compiled::{Chain, CompiledMapping, Field, Origin};
use crate::mapping::FieldDirection;
use crate::transform;
use crate::value::Val;

/// What a mapping makes of a record, and what it would write back.
#[derive(Debug)]
#[non_exhaustive]
pub struct Preview {
    /// The host's record, as a new one; `None` when the record is left out.
    pub fields: Option<RawJson>,
    /// What was wrong with single fields.
    pub issues: Vec<Issue>,
    /// The way back of these fields, or of those the host wants. Empty for what came forward: that is the first law.
    pub back: Result<Patch>,
}

/// How the value of one field came about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The field.
    pub field: FieldPath,
    /// Which way it goes.
    pub direction: FieldDirection,
    /// The sources that were tried, the first with a value last.
    pub sources: Vec<ExplainedSource>,
    /// The value in the host's record.
    pub value: RawJson,
}

/// One source of a field, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedSource {
    /// Where the value comes from, in words: `provider /status`, `constant`.
    pub from: String,
    /// The value at the source, and then after each step. It ends at the step that could not take it.
    pub steps: Vec<ExplainedStep>,
}

/// A value on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExplainedStep {
    /// The step's name in a mapping; `None` for the source itself.
    pub step: Option<&'static str>,
    /// The value after it, or why there is none.
    pub value: Result<RawJson, String>,
}

impl CompiledMapping {
    /// Maps a record and shows the way back: of `wanted`, or, when nothing is wanted, of what came forward.
    ///
    /// Fails with `Decode` when the record is no JSON.
    pub fn preview(
        &self,
        record: &Record,
        wanted: Option<&Record>,
        given: &MappingContext,
    ) -> Result<Preview> {
        let mapped = self.settle(self.forward(record, given)?, None)?;
        let back = match (wanted, &mapped.fields) {
            (Some(wanted), _) => self.backward(wanted, Some(record), given),
            (None, Some(fields)) => {
                self.backward(&Record::new(record.key.clone(), fields.clone()), Some(record), given)
            }
            (None, None) => Ok(Patch::default()),
        };
        Ok(Preview { fields: mapped.fields, issues: mapped.issues, back })
    }

    /// What a preview wants resolved, both ways.
    pub fn preview_needs(&self, record: &Record, wanted: Option<&Record>) -> Vec<RecordLookup> {
        let mut needs = self.needs(Direction::Forward, record);
        needs.extend(wanted.into_iter().flat_map(|wanted| self.needs(Direction::Backward, wanted)));
        needs
    }

    /// How a field of the host's record came about, step by step. `None` when the mapping has no such field that is
    /// read. Fails with `Decode` when the record is no JSON.
    pub fn explain(
        &self,
        field: &FieldPath,
        record: &Record,
        given: &MappingContext,
    ) -> Result<Option<Explanation>> {
        let slots = self.provider.extract(record.payload.get())?;
        let is_it = |known: &&Field| known.name == *field && known.direction.is_forward();
        let Some(known) = self.fields.iter().find(is_it) else { return Ok(None) };
        let plan = self.plan.fields.get(known.index);
        let mut sources = Vec::new();
        for (number, chain) in known.sources.iter().enumerate() {
            let written = plan.map(|plan| match number.checked_sub(1) {
                None => plan.source(),
                Some(or) => plan.or.get(or).cloned().unwrap_or_default(),
            });
            let names: Vec<&'static str> =
                written.iter().flat_map(|source| source.steps.iter().map(transform::name)).collect();
            let mut steps = Vec::new();
            let mut value = match chain.start(&slots, given) {
                Ok(value) => value,
                Err(fault) => {
                    steps.push(ExplainedStep { step: None, value: Err(fault.reason.into_owned()) });
                    Val::Null
                }
            };
            if steps.is_empty() {
                steps.push(ExplainedStep { step: None, value: Ok(value.to_json()) });
                for (step, name) in chain.steps.iter().zip(names) {
                    if value.is_null() && !step.takes_null() {
                        continue;
                    }
                    value = match step.forward(value, given) {
                        Ok(value) => value,
                        Err(fault) => {
                            steps.push(ExplainedStep {
                                step: Some(name),
                                value: Err(fault.reason.into_owned()),
                            });
                            Val::Null
                        }
                    };
                    if steps.last().is_some_and(|step| step.value.is_err()) {
                        break;
                    }
                    steps.push(ExplainedStep { step: Some(name), value: Ok(value.to_json()) });
                }
            }
            let has_value = !value.is_null();
            sources.push(ExplainedSource { from: self.source_in_words(chain), steps });
            if has_value {
                break;
            }
        }
        let value = RawJson::from_checked(&known.value(&slots, given));
        Ok(Some(Explanation { field: field.clone(), direction: known.direction, sources, value }))
    }

    fn source_in_words(&self, chain: &Chain) -> String {
        let path = |slot: &usize| self.inputs.get(*slot).map(FieldPath::to_string).unwrap_or_default();
        match &chain.origin {
            Origin::Slot(slot) => format!("provider {}", path(slot)),
            Origin::Several { slots, .. } => {
                format!("several {}", slots.iter().map(path).collect::<Vec<_>>().join(" "))
            }
            Origin::Constant(_) => "constant".to_owned(),
            Origin::MappingContext(name) => format!("given {name}"),
            Origin::Template { slots, .. } => {
                format!("template {}", slots.iter().map(path).collect::<Vec<_>>().join(" "))
                    .trim_end()
                    .to_owned()
            }
        }
    }
}

//! Provider to host.

use tieline_core::{Issue, Mapped, MappingContext, PreparedRecord, RawJson, Record, RecordLookup, Result};

use crate::compiled::{Chain, CompiledMapping, Field, Origin, Piece, Slots, value_at};
use crate::transform::Fault;
use crate::value::Val;

/// A record whose values were picked out, in one walk over its text.
pub(crate) struct Read<'r> {
    plan: &'r CompiledMapping,
    record: &'r Record,
    /// `None` when the text is no JSON.
    slots: Option<Vec<Option<&'r str>>>,
}

impl<'r> Read<'r> {
    pub(crate) fn new(plan: &'r CompiledMapping, record: &'r Record) -> Self {
        Self { plan, record, slots: plan.provider.extract(record.payload.get()).ok() }
    }
}

impl PreparedRecord for Read<'_> {
    fn needs(&self) -> Vec<RecordLookup> {
        // A record that cannot be read is reported by `forward`.
        let Some(slots) = self.slots.as_ref().filter(|_| self.plan.has_lookups) else { return Vec::new() };
        if self.plan.leaves_out(slots) {
            return Vec::new();
        }
        let given = MappingContext::default();
        let mut needs = Vec::new();
        let forward = self.plan.fields.iter().filter(|field| field.direction.is_forward());
        for chain in forward.flat_map(|field| &field.sources) {
            let Some((at, lookup)) = chain.lookup() else { continue };
            let before = chain.steps.get(..at).unwrap_or_default();
            let key = chain.start(slots, &given).and_then(|value| Chain::through(before, value, &given));
            if let Ok(key @ (Val::Bool(_) | Val::Number(_) | Val::Text(_))) = key {
                let need = lookup.forward(&key);
                if !needs.contains(&need) {
                    needs.push(need);
                }
            }
        }
        needs
    }

    fn forward(&self, given: &MappingContext) -> Result<Mapped> {
        let Some(slots) = &self.slots else {
            // Once more, for the reason.
            self.plan.provider.extract(self.record.payload.get())?;
            return Ok(Mapped::left_out());
        };
        if self.plan.leaves_out(slots) {
            return Ok(Mapped::left_out());
        }
        let mut issues = Vec::new();
        let mut refused = false;
        let text = self.plan.write(slots, given, &mut |field, problem| {
            refused |= problem.refuse;
            let issue = Issue::new(problem.reason).at(field.name.clone());
            issues.push(if problem.refuse { issue.refused() } else { issue });
        });
        if refused {
            return Ok(Mapped::left_out().with_issues(issues));
        }
        Ok(Mapped::new(RawJson::from_checked(&text)).with_issues(issues))
    }
}

impl CompiledMapping {
    pub(crate) fn leaves_out(&self, slots: &Slots<'_>) -> bool {
        self.exclude.iter().any(|rule| {
            value_at(slots, rule.slot).is_some_and(|raw| rule.values.contains(Val::of(raw).word()))
        })
    }

    /// The host's record. Whoever calls hears what is wrong with single fields.
    pub(crate) fn write(
        &self,
        slots: &Slots<'_>,
        given: &MappingContext,
        note: &mut dyn FnMut(&Field, Fault),
    ) -> String {
        let mut out = String::with_capacity(40 * self.layout.len());
        out.push('{');
        for piece in &self.layout {
            match piece {
                Piece::Open { label } => {
                    comma(&mut out);
                    out.push_str(label);
                    out.push('{');
                }
                Piece::Close => out.push('}'),
                Piece::Field { label, field } => {
                    let Some(field) = self.fields.get(*field) else { continue };
                    let start = out.len();
                    comma(&mut out);
                    out.push_str(label);
                    let is_null = !field.write(slots, given, &mut out, note);
                    if is_null && field.required_on_create {
                        let fault = Fault::new("a field that a new record needs is null");
                        note(field, Fault { refuse: true, ..fault });
                    }
                    if is_null && field.omit_null {
                        out.truncate(start);
                    } else if is_null {
                        out.push_str("null");
                    }
                }
            }
        }
        out.push('}');
        out
    }
}

/// No value ends with an opening brace, so what does is the begin of an object.
fn comma(out: &mut String) {
    if !out.ends_with('{') {
        out.push(',');
    }
}

impl Field {
    /// Writes the value, and says whether there was one.
    fn write(
        &self,
        slots: &Slots<'_>,
        given: &MappingContext,
        out: &mut String,
        note: &mut dyn FnMut(&Field, Fault),
    ) -> bool {
        for chain in &self.sources {
            // What has no steps is copied as it is written.
            if let (Origin::Slot(slot), []) = (&chain.origin, chain.steps.as_slice()) {
                if let Some(raw) = value_at(slots, *slot) {
                    out.push_str(raw);
                    return true;
                }
                continue;
            }
            match chain.value(slots, given) {
                Ok(Val::Null) => {}
                Ok(value) => {
                    value.write(out);
                    return true;
                }
                Err(fault) => note(self, fault),
            }
        }
        false
    }

    /// The value as JSON, or null; what is wrong with it is not told.
    pub(crate) fn value(&self, slots: &Slots<'_>, given: &MappingContext) -> String {
        let mut out = String::new();
        if !self.write(slots, given, &mut out, &mut |_, _| {}) {
            out.push_str("null");
        }
        out
    }
}

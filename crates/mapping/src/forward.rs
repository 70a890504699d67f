//! Provider to host.

use tieline_core::{
    FieldPath, Issue, Mapped, MappingContext, PreparedRecord, RawJson, Record, RecordLookup, Result,
};

use crate::compiled::{Chain, CompiledMapping, Field, Origin, Piece, Slots, read_at};
use crate::extract::Slot;
use crate::transform::{Effect, Fault};
use crate::value::Val;

/// A record whose values were picked out, in one walk over its text.
pub(crate) struct Read<'r> {
    plan: &'r CompiledMapping,
    record: &'r Record,
    /// `None` when the text is no JSON.
    slots: Option<Vec<Slot<'r>>>,
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
        let mut noted = Noted::default();
        let text = self.plan.write(slots, given, &mut noted);
        let Noted { issues, refused, unseen, missing_on_create, missing_on_update } = noted;
        if refused {
            return Ok(Mapped::left_out().with_issues(issues));
        }
        let mut mapped = Mapped::new(RawJson::from_checked(&text)).with_issues(issues);
        mapped.unseen = unseen;
        mapped.missing_on_create = missing_on_create;
        mapped.missing_on_update = missing_on_update;
        Ok(mapped)
    }
}

/// What is to be said of a record's fields.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    issues: Vec<Issue>,
    refused: bool,
    pub(crate) unseen: Vec<FieldPath>,
    missing_on_create: Vec<FieldPath>,
    missing_on_update: Vec<FieldPath>,
}

impl Noted {
    #[cold]
    fn fault(&mut self, field: &Field, fault: Fault) {
        if fault.effect == Effect::Unseen {
            self.unseen.push(field.name.clone());
            return;
        }
        let refuse = fault.effect == Effect::Refuse;
        self.refused |= refuse;
        let issue = Issue::new(fault.reason).at(field.name.clone());
        self.issues.push(if refuse { issue.refused() } else { issue });
    }

    #[cold]
    fn missing(&mut self, field: &Field) {
        if field.required_on_create {
            self.missing_on_create.push(field.name.clone());
        }
        if field.required_on_update {
            self.missing_on_update.push(field.name.clone());
        }
    }
}

impl CompiledMapping {
    pub(crate) fn leaves_out(&self, slots: &Slots<'_>) -> bool {
        self.exclude.iter().any(|rule| match read_at(slots, rule.slot) {
            Ok(Some(raw)) => rule.values.contains(&*Val::of(raw).word()),
            Ok(None) => rule.null,
            // Not seen is not a value.
            Err(_) => false,
        })
    }

    /// The host's record.
    pub(crate) fn write(&self, slots: &Slots<'_>, given: &MappingContext, noted: &mut Noted) -> String {
        let mut out = String::with_capacity(40 * self.layout.len());
        out.push('{');
        for piece in &self.layout {
            match piece {
                Piece::Open { label } => {
                    begin(&mut out, label);
                    out.push('{');
                }
                Piece::Close => out.push('}'),
                Piece::Field { label, field } => {
                    let Some(field) = self.fields.get(*field) else { continue };
                    let start = out.len();
                    begin(&mut out, label);
                    if field.write(slots, given, &mut out, noted) {
                        continue;
                    }
                    if field.required_on_create || field.required_on_update {
                        noted.missing(field);
                    }
                    if field.omit_null {
                        out.truncate(start);
                    } else {
                        out.push_str("null");
                    }
                }
            }
        }
        out.push('}');
        out
    }
}

/// Writes a member's name. No value ends with an opening brace, so what does is the begin of an object, where no comma
/// stands.
#[inline]
fn begin(out: &mut String, label: &str) {
    let is_first = out.as_bytes().last() == Some(&b'{');
    out.push_str(if is_first { label.get(1..).unwrap_or_default() } else { label });
}

impl Field {
    /// Writes the value, and says whether there was one.
    #[inline]
    fn write(&self, slots: &Slots<'_>, given: &MappingContext, out: &mut String, noted: &mut Noted) -> bool {
        let mut unreadable = false;
        for chain in &self.sources {
            // What is the same for every record says nothing of a value that is there and cannot be read.
            if unreadable && matches!(chain.origin, Origin::Constant(_) | Origin::MappingContext(_)) {
                return false;
            }
            let raw = match &chain.origin {
                Origin::Slot(slot) => Some(read_at(slots, *slot)),
                _ => None,
            };
            let written = match (raw, chain.steps.as_slice()) {
                // What has no steps is copied as it is written.
                (Some(Ok(Some(raw))), []) => {
                    out.push_str(raw);
                    return true;
                }
                (Some(Ok(None)), _) if !chain.takes_null => continue,
                (Some(Err(fault)), _) => Err(fault),
                (Some(Ok(raw)), steps) => Chain::through(steps, raw.map_or(Val::Null, Val::of), given),
                (None, steps) => {
                    chain.start(slots, given).and_then(|value| Chain::through(steps, value, given))
                }
            };
            let written = written.map(|value| {
                let is_there = !value.is_null();
                if is_there {
                    value.write(out);
                }
                is_there
            });
            match written {
                Ok(true) => return true,
                Ok(false) => {}
                Err(fault) => {
                    let effect = fault.effect;
                    noted.fault(self, fault);
                    match effect {
                        Effect::Missing => {}
                        Effect::Unreadable => unreadable = true,
                        Effect::Unseen | Effect::Refuse => return false,
                    }
                }
            }
        }
        false
    }

    /// The value as JSON, or null; what is wrong with it is not told.
    pub(crate) fn value(&self, slots: &Slots<'_>, given: &MappingContext) -> String {
        let mut out = String::new();
        if !self.write(slots, given, &mut out, &mut Noted::default()) {
            out.push_str("null");
        }
        out
    }
}

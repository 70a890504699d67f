//! Host to provider: the changes that make the provider's record say what the host wants.
//!
//! A field whose value in the wanted record is what the current record gives stays as it is, so nothing is lost that a
//! step cannot undo. What changes is taken back through the steps, and then forward again: when that is not what was
//! wanted, the value is beyond the field's range, and refused.

use tieline_core::{
    Error, ErrorKind, FieldPatch, FieldPath, MappingContext, Patch, RawJson, Record, RecordLookup, Result,
};

use crate::compiled::{Chain, CompiledMapping, Field, Origin, Slots, read_at, value_at, written_at};
use crate::digits::Digits;
use crate::extract::Slot;
use crate::forward::Noted;
use crate::mapping::FieldDirection;
use crate::transform::{Equality, Fault};
use crate::value::{self, Val, same};

/// What the way back wants resolved.
pub(crate) fn needs(plan: &CompiledMapping, wanted: &Record) -> Vec<RecordLookup> {
    let Ok(slots) = plan.host.extract(wanted.payload.get()) else { return Vec::new() };
    let given = MappingContext::default();
    let mut needs = Vec::new();
    for field in plan.fields.iter().filter(|field| field.direction.is_backward()) {
        let Some(chain) = field.sources.first() else { continue };
        let Some((at, lookup)) = chain.lookup() else { continue };
        let need = if let Some(slot) = field.host {
            let after = chain.steps.get(at + 1..).unwrap_or_default();
            let value = value_at(&slots, slot).map_or(Val::Null, Val::of);
            Chain::back(after, value, &given).ok().filter(is_key).and_then(|value| lookup.backward(&value))
        } else {
            let before = chain.steps.get(..at).unwrap_or_default();
            let value = chain.start(&slots, &given).and_then(|value| Chain::through(before, value, &given));
            value.ok().filter(is_key).map(|value| lookup.forward(&value))
        };
        if let Some(need) = need.filter(|need| !needs.contains(need)) {
            needs.push(need);
        }
    }
    needs
}

fn is_key(value: &Val<'_>) -> bool {
    matches!(value, Val::Bool(_) | Val::Number(_) | Val::Text(_))
}

pub(crate) fn patch(
    plan: &CompiledMapping,
    wanted: &Record,
    current: Option<&Record>,
    given: &MappingContext,
) -> Result<Patch> {
    let wanted = plan.host.extract(wanted.payload.get())?;
    let slots = match current {
        Some(record) => plan.provider.extract(record.payload.get())?,
        None => vec![Slot::Absent; plan.inputs.len()],
    };
    let mut noted = Noted::default();
    let now = current.map(|_| plan.write(&slots, given, &mut noted));
    let now_text = now.unwrap_or_else(|| "{}".to_owned());
    let now = plan.host.extract(&now_text)?;
    let mut back = Back {
        plan,
        wanted: &wanted,
        slots: &slots,
        now: &now,
        unseen: &noted.unseen,
        current,
        given,
        written: Vec::new(),
    };
    let in_order = |way: FieldDirection| {
        plan.order
            .iter()
            .filter_map(|place| plan.fields.get(*place))
            .filter(move |field| field.direction == way)
    };
    for field in in_order(FieldDirection::Both) {
        back.two_way(field).map_err(|fault| refused(field, &fault))?;
    }
    for field in in_order(FieldDirection::Backward) {
        back.one_way(field, false)?;
    }
    // What the host does not say itself travels with what it says.
    if !back.written.is_empty() || current.is_none() {
        for field in in_order(FieldDirection::Backward) {
            back.one_way(field, true)?;
        }
    }
    back.with_required()
}

fn refused(field: &Field, fault: &Fault) -> Error {
    Error::new(ErrorKind::Rejected, format!("a field cannot be written back: {}", fault.reason))
        .with_advice("change the value, or the field's steps")
        .with_context("field", &field.name)
}

struct Back<'b> {
    plan: &'b CompiledMapping,
    wanted: &'b Slots<'b>,
    /// The provider's record as it is.
    slots: &'b Slots<'b>,
    /// What the provider's record gives the host now.
    now: &'b Slots<'b>,
    /// The fields that the provider does not show. They are not written: nobody knows what would be overwritten.
    unseen: &'b [FieldPath],
    current: Option<&'b Record>,
    given: &'b MappingContext,
    written: Vec<(FieldPath, RawJson)>,
}

impl Back<'_> {
    fn two_way(&mut self, field: &Field) -> Result<(), Fault> {
        let Some(slot) = field.host else { return Ok(()) };
        // What the host does not mention stays as it is.
        let Some(wanted) = read_at(self.wanted, slot)?.or(written_at(self.wanted, slot)) else {
            return Ok(());
        };
        let Some(chain) = field.sources.first() else { return Ok(()) };
        if self.unseen.contains(&field.name) {
            return Ok(());
        }
        // A fallback sees what other fields have just written.
        let overlaid;
        let slots = if field.sources.len() > 1 && !self.written.is_empty() {
            overlaid = self.overlaid();
            if self.current.is_some() && equal(field.equality, wanted, &field.value(&overlaid, self.given)) {
                return Ok(());
            }
            overlaid.as_slice()
        } else {
            let now = value_at(self.now, slot).unwrap_or("null");
            if self.current.is_some() && equal(field.equality, wanted, now) {
                return Ok(());
            }
            self.slots
        };
        let before = match self.current {
            Some(_) => chain.inputs(self.slots, self.given),
            None => Vec::new(),
        };
        let value = Chain::back_over(&chain.steps, Val::of(wanted), self.given, &before)?;
        // A look-up's way forward may not be among what was resolved.
        if chain.lookup().is_none() {
            let again = Chain::through(&chain.steps, value.clone(), self.given)?;
            let mut again = again.to_json().get().to_owned();
            if again == "null" {
                for fallback in field.sources.iter().skip(1) {
                    let value = fallback.value(slots, self.given).unwrap_or(Val::Null);
                    if !value.is_null() {
                        again = value.to_json().get().to_owned();
                        break;
                    }
                }
            }
            if !equal(field.equality, wanted, &again) {
                return Err(Fault::new("the value is beyond what the field's steps can give"));
            }
        }
        let written = match &chain.origin {
            Origin::Several { slots: several, .. } => {
                let Val::Json(list) = &value else { return Err(Fault::kind("several", "a list", &value)) };
                let items = value::items(list).ok_or_else(|| Fault::kind("several", "a list", &value))?;
                if items.len() != several.len() {
                    let message = format!("the list has {} items, and {} fields", items.len(), several.len());
                    return Err(Fault::new(message));
                }
                several
                    .iter()
                    .zip(&field.writes)
                    .zip(items)
                    .map(|((slot, path), item)| (*slot, path, item.to_owned()))
                    .collect()
            }
            Origin::Slot(slot) => {
                let path = field.writes.first().ok_or_else(|| Fault::new("the field writes nothing"))?;
                vec![(*slot, path, value.to_json().get().to_owned())]
            }
            _ => Vec::new(),
        };
        for (slot, path, text) in written {
            self.write(path, text, value_at(self.slots, slot));
        }
        Ok(())
    }

    /// A field that is only written. In the second turn, what does not come from the host's record.
    fn one_way(&mut self, field: &Field, second: bool) -> Result<()> {
        let (Some(chain), Some(path)) = (field.sources.first(), field.writes.first()) else { return Ok(()) };
        let read: &[usize] = match &chain.origin {
            Origin::Slot(slot) => std::slice::from_ref(slot),
            Origin::Template { slots, .. } => slots,
            _ => &[],
        };
        let there = |slot: &usize| written_at(self.wanted, *slot);
        let is_asked_for = match read {
            [] => second,
            read if second || read.iter().any(|slot| there(slot).is_none()) => false,
            read => {
                self.current.is_none()
                    || read.iter().any(|slot| {
                        let now = written_at(self.now, *slot);
                        !now.zip(there(slot)).is_some_and(|(now, wanted)| same(now, wanted))
                    })
            }
        };
        if !is_asked_for {
            return Ok(());
        }
        let value = chain.value(self.wanted, self.given).map_err(|fault| refused(field, &fault))?;
        let current = self.current.map(|record| record.payload.at(path.as_str())).transpose()?.flatten();
        let current = current.map(|raw| raw.get()).filter(|raw| *raw != "null");
        self.write(path, value.to_json().get().to_owned(), current);
        Ok(())
    }

    fn write(&mut self, path: &FieldPath, text: String, current: Option<&str>) {
        if !same(&text, current.unwrap_or("null")) {
            self.written.push((path.clone(), RawJson::from_checked(&text)));
        }
    }

    /// The slots as they will be.
    fn overlaid(&self) -> Vec<Slot<'_>> {
        let mut slots = self.slots.to_vec();
        for (slot, path) in slots.iter_mut().zip(&self.plan.inputs) {
            if let Some((_, value)) = self.written.iter().find(|(written, _)| written == path) {
                *slot = Slot::Value(value.get());
            }
        }
        slots
    }

    /// The patch, with what the operation needs.
    fn with_required(self) -> Result<Patch> {
        let mut changes: Vec<(FieldPath, FieldPatch)> = Vec::with_capacity(self.written.len());
        for (path, value) in &self.written {
            let change =
                if value.get() == "null" { FieldPatch::Clear } else { FieldPatch::Set(value.clone()) };
            changes.push((path.clone(), change));
        }
        let backward = || self.plan.fields.iter().filter(|field| field.direction.is_backward());
        let Some(current) = self.current else {
            let is_set = |path: &FieldPath| {
                changes.iter().any(|(set, change)| set == path && matches!(change, FieldPatch::Set(_)))
            };
            let missing = |field: &&Field| field.required_on_create && !field.writes.iter().all(is_set);
            let missing: Vec<&str> = backward().filter(missing).map(|field| field.name.as_str()).collect();
            if !missing.is_empty() {
                let fields = missing.join(", ");
                return Err(Error::new(ErrorKind::Rejected, format!("a new record needs {fields}"))
                    .with_advice("give these fields a value"));
            }
            return Ok(Patch(changes));
        };
        if !changes.is_empty() {
            for path in backward().filter(|field| field.required_on_update).flat_map(|field| &field.writes) {
                let Some(value) = current.payload.at(path.as_str())? else { continue };
                if !changes.iter().any(|(changed, _)| changed == path) && value.get() != "null" {
                    changes.push((path.clone(), FieldPatch::Set(RawJson::from_raw(value))));
                }
            }
        }
        Ok(Patch(changes))
    }
}

/// Whether two of the host's values of a field mean the same.
pub(crate) fn equal(equality: Equality, one: &str, other: &str) -> bool {
    if same(one, other) {
        return true;
    }
    match equality {
        Equality::Json => false,
        Equality::Number => {
            let number = |raw: &str| match Val::of(raw) {
                Val::Number(text) => Digits::parse(&text).map(|digits| (false, digits.trimmed())),
                Val::Text(text) => Digits::parse(text.trim()).map(|digits| (true, digits.trimmed())),
                _ => None,
            };
            number(one).is_some_and(|one| Some(one) == number(other))
        }
        Equality::Moment => {
            let moment = |raw: &str| match Val::of(raw) {
                Val::Text(text) => chrono::DateTime::parse_from_rfc3339(&text).ok(),
                _ => None,
            };
            moment(one).is_some_and(|one| Some(one) == moment(other))
        }
    }
}

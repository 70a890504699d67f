//! The body of a create or an update, put together and checked before anything is sent.

use tieline_core::{FieldPatch, FieldPath, Patch, RawJson, Result};
use tieline_kit::excerpt;

use crate::discover::is_code;
use crate::fields::{EntityFields, Form, When};
use crate::raw::{Edit, Members, changed, edited, unquoted};
use crate::slot::{CUSTOM, Slot, refused, slot, takes, unescaped, unknown_custom};

/// The body of a create.
pub(crate) fn creation(
    entity: &'static EntityFields,
    fields: &RawJson,
    marker: Option<(&str, &str)>,
) -> Result<String> {
    let given = Members::of(fields.get())
        .ok_or_else(|| refused(entity, "the fields of a create are no JSON object".to_owned()))?;
    let mut draft = Draft::new(entity);
    for (name, value) in given.iter() {
        let path = FieldPath::field(name);
        match slot(entity, &[name.to_owned()], &path, When::Creating)? {
            Slot::Whole => {
                let all = Members::of(value)
                    .or_else(|| (value == "null").then(Members::default))
                    .ok_or_else(|| takes(entity, &path, "an object"))?;
                for (code, value) in all.iter() {
                    let path = path.child(code);
                    let at = [CUSTOM.to_owned(), code.to_owned()];
                    let slot = slot(entity, &at, &path, When::Creating)?;
                    draft.put_new(&slot, &path, value)?;
                }
            }
            slot => draft.put_new(&slot, &path, value)?,
        }
    }
    if let Some((code, text)) = marker {
        draft.mark(code, text)?;
    }
    for name in &entity.required {
        if draft.top.get(name).is_none_or(|value| unquoted(value).is_some_and(|text| text.trim().is_empty()))
        {
            return Err(refused(entity, format!("{} cannot be created without \"/{name}\"", entity.name)));
        }
    }
    if !entity.one_of.is_empty() && !entity.one_of.iter().any(|name| draft.top.get(name).is_some()) {
        let names: Vec<String> = entity.one_of.iter().map(|name| format!("\"/{name}\"")).collect();
        let names = names.join(", ");
        return Err(refused(entity, format!("{} cannot be created without one of {names}", entity.name)));
    }
    draft.check(true)?;
    Ok(draft.body())
}

/// The changes of an update, checked as far as they can be without the record.
#[derive(Debug)]
pub(crate) struct Changes<'p> {
    entity: &'static EntityFields,
    steps: Vec<Step<'p>>,
}

#[derive(Debug)]
struct Step<'p> {
    slot: Slot,
    /// The way from the field down.
    rest: Vec<String>,
    path: &'p FieldPath,
    change: &'p FieldPatch,
}

impl<'p> Changes<'p> {
    pub(crate) fn of(entity: &'static EntityFields, patch: &'p Patch) -> Result<Self> {
        let mut steps = Vec::with_capacity(patch.0.len());
        for (path, change) in &patch.0 {
            let mut way: Vec<String> = path.as_str().split('/').skip(1).map(unescaped).collect();
            let raw = matches!(change, FieldPatch::Raw(_));
            let slot = match slot(entity, &way, path, When::Updating) {
                Err(_) if raw && way.first().is_some_and(|name| name != "id") => {
                    Slot::Unknown(way.first().cloned().unwrap_or_default())
                }
                slot => slot?,
            };
            let depth = if matches!(&slot, Slot::Custom(_)) && entity.is_nested() { 2 } else { 1 };
            let rest = way.split_off(depth.min(way.len()));
            let step = Step { slot, rest, path, change };
            if !raw {
                step.check(entity)?;
            }
            steps.push(step);
        }
        Ok(Self { entity, steps })
    }

    /// Whether the record must be read first: to add to a list, or to change a part of a field, which Pipedrive
    /// replaces as a whole.
    pub(crate) fn needs_record(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(step.change, FieldPatch::Add(_) | FieldPatch::Remove(_))
                || !(step.rest.is_empty() || step.is_whole_address())
        })
    }

    /// The body, or `None` when nothing changes.
    pub(crate) fn body(&self, record: Option<&RawJson>) -> Result<Option<String>> {
        let mut draft = Draft::new(self.entity);
        for step in &self.steps {
            draft.apply(step, record)?;
        }
        if draft.is_empty() {
            return Ok(None);
        }
        draft.check(false)?;
        Ok(Some(draft.body()))
    }
}

impl Step<'_> {
    fn is_whole_address(&self) -> bool {
        matches!(&self.slot, Slot::Field(_, Form::Address, _))
            && self.rest.iter().eq(["value"])
            && !matches!(self.change, FieldPatch::Add(_) | FieldPatch::Remove(_))
    }

    fn check(&self, entity: &EntityFields) -> Result<()> {
        let Self { slot, rest, path, change } = self;
        let clears = match change {
            FieldPatch::Clear => true,
            FieldPatch::Set(value) => text(value) == "null",
            _ => false,
        };
        match slot {
            Slot::Field(_, Form::Address, _) if !rest.is_empty() && !self.is_whole_address() => {
                Err(refused(entity, format!("{:?} cannot be written", excerpt(path.as_str(), 80)))
                    .with_advice(
                        "write the whole address as one text, below /value; Pipedrive finds its parts itself",
                    ))
            }
            _ if !rest.is_empty() => Ok(()),
            Slot::Field(_, _, false) if clears => {
                Err(refused(entity, format!("\"{path}\" of {} cannot be left empty", entity.name)))
            }
            Slot::Field(_, form, _) => match change {
                FieldPatch::Set(value) if !clears && !form.takes(text(value)) => {
                    Err(takes(entity, path, form.words()))
                }
                FieldPatch::Add(_) | FieldPatch::Remove(_) if !matches!(form, Form::List(_)) => {
                    Err(takes(entity, path, form.words())
                        .with_advice("set it, instead of adding or removing"))
                }
                _ => Ok(()),
            },
            Slot::Whole => match change {
                FieldPatch::Set(value) if text(value).starts_with('{') => Ok(()),
                _ => Err(refused(
                    entity,
                    format!("{path:?} cannot be changed as a whole", path = path.as_str()),
                )
                .with_advice("name the single fields, as /custom_fields/ and 40 hexadecimal digits")),
            },
            _ => Ok(()),
        }
    }
}

/// The members of a body in the making.
struct Draft {
    entity: &'static EntityFields,
    top: Members,
    custom: Members,
}

impl Draft {
    fn new(entity: &'static EntityFields) -> Self {
        Self { entity, top: Members::default(), custom: Members::default() }
    }

    fn is_empty(&self) -> bool {
        self.top.is_empty() && self.custom.is_empty()
    }

    fn body(mut self) -> String {
        if !self.custom.is_empty() {
            self.top.set(CUSTOM, self.custom.text());
        }
        self.top.text()
    }

    fn get(&self, slot: &Slot) -> Option<&str> {
        match slot {
            Slot::Custom(code) if self.entity.is_nested() => self.custom.get(code),
            Slot::Field(name, ..) => self.top.get(name),
            Slot::Custom(name) | Slot::Unknown(name) => self.top.get(name),
            Slot::Whole => None,
        }
    }

    fn put(&mut self, slot: &Slot, value: &str) {
        match slot {
            Slot::Custom(code) if self.entity.is_nested() => self.custom.set(code.as_str(), emptied(value)),
            Slot::Custom(name) => self.top.set(name.as_str(), emptied(value)),
            Slot::Field(name, form, _) => self.top.set(*name, written(*form, value)),
            Slot::Unknown(name) => self.top.set(name.as_str(), value),
            Slot::Whole => {}
        }
    }

    /// A field of a create. What is null is not given.
    fn put_new(&mut self, slot: &Slot, path: &FieldPath, value: &str) -> Result<()> {
        if value == "null" {
            return Ok(());
        }
        if let Slot::Field(_, form, _) = slot
            && !form.takes(value)
        {
            return Err(takes(self.entity, path, form.words()));
        }
        self.put(slot, value);
        Ok(())
    }

    fn mark(&mut self, code: &str, text: &str) -> Result<()> {
        let slot = Slot::Custom(code.to_owned());
        let marker = crate::raw::quoted(text);
        if self.get(&slot).is_some_and(|given| unquoted(given).as_deref() != Some(text)) {
            return Err(refused(
                self.entity,
                "the fields of a create hold another marker already".to_owned(),
            )
            .with_advice("leave the marker's field out: the marker is written to it"));
        }
        self.put(&slot, &marker);
        Ok(())
    }

    fn apply(&mut self, step: &Step<'_>, record: Option<&RawJson>) -> Result<()> {
        let edit = match step.change {
            FieldPatch::Set(value) | FieldPatch::Raw(value) => Edit::Put(text(value)),
            FieldPatch::Clear => Edit::Clear,
            FieldPatch::Add(value) => Edit::Add(text(value)),
            FieldPatch::Remove(value) => Edit::Remove(text(value)),
            _ => return Err(refused(self.entity, "this kind of change is not known".to_owned())),
        };
        if step.slot == Slot::Whole {
            let all = match edit {
                Edit::Put(value) => Members::of(value),
                _ => None,
            };
            let all = all.ok_or_else(|| takes(self.entity, step.path, "an object"))?;
            for (code, value) in all.iter() {
                if !is_code(code) {
                    return Err(unknown_custom(self.entity, code));
                }
                self.put(&Slot::Custom(code.to_owned()), value);
            }
            return Ok(());
        }
        if matches!(step.change, FieldPatch::Raw(_)) && step.rest.is_empty() {
            self.put_raw(&step.slot, edit);
            return Ok(());
        }
        if step.is_whole_address() {
            let whole = match edit {
                Edit::Put(text) if text != "null" => format!("{{\"value\":{text}}}"),
                _ => "null".to_owned(),
            };
            self.put(&step.slot, &whole);
            return Ok(());
        }
        let stored = match record {
            Some(record) => record.at(&self.pointer(&step.slot))?.map(|value| value.get().to_owned()),
            None => None,
        };
        let drafted = self.get(&step.slot).map(str::to_owned);
        let before = drafted.as_deref().or(stored.as_deref());
        let identity = match &step.slot {
            Slot::Field(_, Form::List(identity), _) => identity,
            _ => "",
        };
        let outcome = match step.rest.as_slice() {
            [] => changed(before, edit, identity),
            rest => edited(before, rest, edit),
        };
        let after = outcome.map_err(|problem| {
            refused(self.entity, format!("{:?} {problem}", excerpt(step.path.as_str(), 80)))
        })?;
        // What a list has already, or never had, changes nothing.
        let by_list = matches!(edit, Edit::Add(_) | Edit::Remove(_));
        if by_list
            && drafted.is_none()
            && crate::raw::elements(stored.as_deref()) == crate::raw::elements(Some(&after))
        {
            return Ok(());
        }
        self.put(&step.slot, &after);
        Ok(())
    }

    fn put_raw(&mut self, slot: &Slot, edit: Edit<'_>) {
        let Edit::Put(value) = edit else { return };
        match slot {
            Slot::Custom(code) if self.entity.is_nested() => self.custom.set(code.as_str(), value),
            Slot::Field(name, ..) => self.top.set(*name, value),
            Slot::Custom(name) | Slot::Unknown(name) => self.top.set(name.as_str(), value),
            Slot::Whole => {}
        }
    }

    /// Where the record has the value of a slot.
    fn pointer(&self, slot: &Slot) -> String {
        let path = match slot {
            Slot::Custom(code) if self.entity.is_nested() => FieldPath::field(CUSTOM).child(code),
            Slot::Field(name, ..) => FieldPath::field(name),
            Slot::Custom(name) | Slot::Unknown(name) => FieldPath::field(name),
            Slot::Whole => FieldPath::field(CUSTOM),
        };
        path.as_str().to_owned()
    }

    /// What Pipedrive asks of a deal as a whole. Only what the body itself says is judged.
    ///
    /// Source: <https://developers.pipedrive.com/docs/api/v1/Deals#updateDeal>.
    fn check(&self, creating: bool) -> Result<()> {
        if self.entity.name != "deals" {
            return Ok(());
        }
        let given = |name: &str| self.top.get(name).filter(|value| *value != "null");
        if given("is_deleted") == Some("true") {
            return Err(refused(self.entity, "a deal is not deleted by \"/is_deleted\"".to_owned())
                .with_advice("send a delete"));
        }
        if !creating && given("pipeline_id").is_some() && given("stage_id").is_none() {
            return Err(refused(
                self.entity,
                "a deal goes to another pipeline with a stage of it only".to_owned(),
            )
            .with_advice("write \"/stage_id\" too"));
        }
        let status = given("status").and_then(unquoted).or_else(|| creating.then(|| "open".to_owned()));
        let Some(status) = status else { return Ok(()) };
        for (name, allowed) in [
            ("lost_reason", &["lost"][..]),
            ("lost_time", &["lost"]),
            ("won_time", &["won"]),
            ("close_time", &["won", "lost"]),
        ] {
            if given(name).is_some() && !allowed.contains(&status.as_str()) {
                return Err(refused(
                    self.entity,
                    format!("\"/{name}\" belongs to a deal whose status is {}", allowed.join(" or ")),
                )
                .with_context("status", excerpt(&status, 32)));
            }
        }
        Ok(())
    }
}

/// A value without white space around it.
fn text(value: &RawJson) -> &str {
    value.get().trim()
}

/// An empty selection is refused where null is taken.
/// Source: <https://pipedrive.readme.io/docs/updating-custom-field-value>.
fn emptied(value: &str) -> &str {
    let empty = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if empty.is_some_and(|inside| inside.trim().is_empty()) { "null" } else { value }
}

/// The value as the field is written.
fn written(form: Form, value: &str) -> String {
    match (form, value) {
        (Form::Bit, "true") => "1".to_owned(),
        (Form::Bit, "false") => "0".to_owned(),
        (Form::List(_), "null") => "[]".to_owned(),
        (Form::EmptyText, "null") => "\"\"".to_owned(),
        (Form::Address, value) => match Members::of(value) {
            Some(mut address) => {
                let empty: Vec<String> = address
                    .iter()
                    .filter(|(_, part)| *part == "null")
                    .map(|(name, _)| name.to_owned())
                    .collect();
                empty.iter().for_each(|name| address.remove(name));
                address.text()
            }
            None => value.to_owned(),
        },
        (_, value) => value.to_owned(),
    }
}

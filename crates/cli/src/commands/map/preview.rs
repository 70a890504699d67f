//! `tieline map --mapping FILE --input FILE`: input, output and issues side by side, and the way back as a patch.

use std::io;
use std::path::Path;

use serde::Serialize;
use tieline::mapping::{CompiledMapping, FieldSpec, MappedField};
use tieline::{Direction, FieldMapping as _, FieldPatch, Issue, Key, Mapped, Patch, RawJson, Record, Result};

use super::explain;
use super::files::{self, Handed};
use crate::failure::{Failure, Outcome};
use crate::lines::stdout;
use crate::table::Table;
use crate::text::{Paint, clean};

/// The most characters of a value that people are shown.
const SHOWN: usize = 40;

/// What became of one record.
struct Preview<'r> {
    record: &'r Record,
    mapped: Mapped,
    /// What the way back of the output writes over the input: nothing, where the mapping keeps its laws.
    unchanged: Option<Patch>,
    /// What it writes for a new record.
    new: Option<Result<Patch>>,
    /// What it writes for the edited record.
    edited: Option<Result<Patch>>,
}

pub(super) fn preview(
    mapping: &CompiledMapping,
    records: &[Record],
    handed: &Handed,
    edited: Option<&Path>,
    json: bool,
) -> Outcome {
    let edited = edited.map(|path| files::json(path, "edited")).transpose()?;
    if edited.is_some() && records.len() > 1 {
        return Err(Failure::Usage("--edited goes with one input record".to_owned()));
    }
    let mut out = stdout();
    let paint = Paint::on(&io::stdout());
    let mut refused = false;
    for (number, record) in records.iter().enumerate() {
        let preview = Preview::of(mapping, record, edited.as_ref(), handed)?;
        refused |= preview.mapped.issues.iter().any(|issue| issue.refused);
        if json {
            out.value(&preview.json())?;
            continue;
        }
        if number > 0 {
            out.text("\n")?;
        }
        out.text(&preview.for_people(mapping, paint)?)?;
    }
    out.flush()?;
    if refused { Err(Failure::Incomplete) } else { Ok(()) }
}

impl<'r> Preview<'r> {
    fn of(
        mapping: &CompiledMapping,
        record: &'r Record,
        edited: Option<&RawJson>,
        handed: &Handed,
    ) -> Result<Self> {
        let given = handed.given(mapping, Direction::Forward, record)?;
        let mapped = mapping.settle(mapping.forward(record, &given)?, None)?;
        let back = |fields: &RawJson, current: Option<&Record>| {
            let wanted = Record::new(record.key.clone(), fields.clone());
            // The way back also looks at what the current record means.
            let mut both = handed.given(mapping, Direction::Backward, &wanted)?;
            both.resolved.extend(given.resolved.clone());
            mapping.backward(&wanted, current, &both)
        };
        let fields = mapped.fields.as_ref();
        Ok(Self {
            unchanged: fields.map(|fields| back(fields, Some(record))).transpose()?,
            new: fields.map(|fields| back(fields, None)),
            edited: edited.map(|fields| back(fields, Some(record))),
            record,
            mapped,
        })
    }

    fn for_people(&self, mapping: &CompiledMapping, paint: Paint) -> Result<String> {
        let mut text = format!("{}\n", paint.bold(&clean(&format!("record {}", self.record.key))));
        let Some(fields) = &self.mapped.fields else {
            let why = if self.mapped.issues.is_empty() { "by the mapping's exclude" } else { "because:" };
            text.push_str(&format!("  left out {why}\n"));
            for issue in &self.mapped.issues {
                text.push_str(&format!("  {}\n", clean(&issue.to_string())));
            }
            return Ok(text);
        };
        let mut table = Table::new(&["INPUT", "OUTPUT", "", "WAY BACK", "ISSUE"]);
        for (plan, field) in mapping.mapping().fields.iter().zip(mapping.fields()) {
            self.rows(plan, field, fields, &mut table)?;
        }
        text.push_str(&table.show("  ", paint));
        let other = self
            .mapped
            .issues
            .iter()
            .filter(|issue| !mapping.fields().any(|field| issue.path.as_ref() == Some(field.name())));
        for issue in other {
            text.push_str(&format!("  issue: {}\n", clean(&issue.to_string())));
        }
        if let Some(patch) = &self.unchanged {
            text.push_str(&shown("  way back, with nothing changed", patch));
        }
        for (what, patch) in
            [("  way back, as a new record", &self.new), ("  way back, as it was edited", &self.edited)]
        {
            match patch {
                None => {}
                Some(Ok(patch)) => text.push_str(&shown(what, patch)),
                Some(Err(error)) => {
                    text.push_str(&format!("{what}: refused, {}\n", clean(&error.to_string())))
                }
            }
        }
        Ok(text)
    }

    /// The rows of a field: one for each path that it is read from.
    fn rows(
        &self,
        plan: &FieldSpec,
        field: MappedField<'_>,
        fields: &RawJson,
        table: &mut Table,
    ) -> Result<()> {
        let mut inputs = Vec::new();
        if field.direction().is_forward() {
            for source in std::iter::once(plan.source()).chain(plan.or.iter().cloned()) {
                let several = source.several.iter().flat_map(|several| several.fields.iter());
                let paths: Vec<_> = source.provider.iter().chain(several).collect();
                if paths.is_empty() {
                    inputs.push(explain::origin(&source));
                }
                for path in paths {
                    let value = self.record.payload.at(path.as_str())?;
                    inputs.push(format!(
                        "{path} {}",
                        value.map_or("(absent)".into(), |value| cut(value.get()))
                    ));
                }
            }
        }
        let output = if field.direction().is_forward() { fields.at(field.name().as_str())? } else { None };
        let back = if field.direction().is_backward() {
            field.writes().iter().map(|path| path.as_str()).collect::<Vec<_>>().join(", ")
        } else {
            String::new()
        };
        let issues: Vec<&str> = self
            .mapped
            .issues
            .iter()
            .filter(|issue| issue.path.as_ref() == Some(field.name()))
            .map(|issue| issue.message.as_str())
            .collect();
        let name = if field.direction().is_forward() { field.name().to_string() } else { String::new() };
        for row in 0..inputs.len().max(issues.len()).max(1) {
            let first = |text: &str| if row == 0 { text.to_owned() } else { String::new() };
            table.row([
                inputs.get(row).cloned().unwrap_or_default(),
                first(&name),
                first(&output.map_or(String::new(), |value| cut(value.get()))),
                first(&back),
                issues.get(row).copied().unwrap_or_default().to_owned(),
            ]);
        }
        Ok(())
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Shown {
            key: Key,
            left_out: bool,
            fields: Option<RawJson>,
            issues: Vec<ShownIssue>,
            back: Back,
        }
        #[derive(Serialize)]
        struct ShownIssue {
            path: Option<String>,
            message: String,
            refused: bool,
        }
        #[derive(Serialize)]
        struct Back {
            unchanged: Option<Patch>,
            new: Option<Patch>,
            #[serde(skip_serializing_if = "Option::is_none")]
            edited: Option<Patch>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<String>,
        }
        let issue = |issue: &Issue| ShownIssue {
            path: issue.path.as_ref().map(ToString::to_string),
            message: issue.message.clone(),
            refused: issue.refused,
        };
        let good =
            |patch: &Option<Result<Patch>>| patch.as_ref().and_then(|patch| patch.as_ref().ok().cloned());
        let bad = |patch: &Option<Result<Patch>>| {
            patch.as_ref().and_then(|patch| patch.as_ref().err()).map(ToString::to_string)
        };
        Shown {
            key: self.record.key.clone(),
            left_out: self.mapped.fields.is_none(),
            fields: self.mapped.fields.clone(),
            issues: self.mapped.issues.iter().map(issue).collect(),
            back: Back {
                unchanged: self.unchanged.clone(),
                new: good(&self.new),
                edited: good(&self.edited),
                error: bad(&self.edited).or_else(|| bad(&self.new)),
            },
        }
    }
}

/// A patch, one line for each change.
fn shown(what: &str, patch: &Patch) -> String {
    if patch.is_empty() {
        return format!("{what}: nothing is written\n");
    }
    let mut text = format!("{what}:\n");
    for (path, change) in &patch.0 {
        let change = match change {
            FieldPatch::Set(value) => format!("set {}", cut(value.get())),
            FieldPatch::Clear => "clear".to_owned(),
            FieldPatch::Add(value) => format!("add {}", cut(value.get())),
            FieldPatch::Remove(value) => format!("remove {}", cut(value.get())),
            FieldPatch::Raw(value) => format!("send {}", cut(value.get())),
            _ => "change".to_owned(),
        };
        text.push_str(&clean(&format!("    {path}  {change}")));
        text.push('\n');
    }
    text
}

/// A value, cut to what fits a column.
pub(super) fn cut(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", value.get(..at).unwrap_or_default()),
        None => value.to_owned(),
    }
}

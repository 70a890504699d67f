//! From a plan to what can be applied: every check that can be made without a record.

use std::collections::HashSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tieline_core::FieldPath;

use crate::compiled::{Chain, CompiledMapping, Exclusion, Field, Origin, Piece};
use crate::extract::Extractor;
use crate::mapping::{FieldDirection, FieldSpec, Mapping, RequiredOn, Source, VERSION};
use crate::paths;
use crate::problem::Problem;
use crate::schema::kinds_of;
use crate::targets;
use crate::transform::template::Template;
use crate::transform::{self, Equality, Refused, Transform};
use crate::value::{Kinds, Val};

/// More fields than any record has.
const MOST_FIELDS: usize = 2000;

/// Checks the plan and makes it ready. All problems are reported, not only the first.
pub(crate) fn compile(plan: Mapping) -> Result<CompiledMapping, Vec<Problem>> {
    let mut compiler = Compiler::default();
    if plan.version != VERSION {
        compiler.refuse(
            Problem::new("/version", "the mapping is written in a version that is not known")
                .advise(format!("this version of the crate reads version {VERSION}")),
        );
    }
    if plan.fields.is_empty() {
        compiler.refuse(
            Problem::new("/fields", "the mapping has no fields")
                .advise("name at least one field of the host's record"),
        );
    }
    if plan.fields.len() > MOST_FIELDS {
        compiler.refuse(Problem::new("/fields", format!("the mapping has more than {MOST_FIELDS} fields")));
        return Err(compiler.problems);
    }
    let exclude: Vec<Exclusion> = plan
        .exclude
        .iter()
        .map(|rule| Exclusion {
            slot: compiler.provider.slot(&rule.provider),
            values: rule
                .values
                .iter()
                .map(|value| Val::of(value.get()))
                .filter(|value| !value.is_null())
                .map(|value| value.word().into_owned())
                .collect(),
            null: rule.values.iter().any(|value| Val::of(value.get()).is_null()),
        })
        .collect();
    let mut fields = Vec::with_capacity(plan.fields.len());
    for (index, field) in plan.fields.iter().enumerate() {
        let before = compiler.problems.len();
        if let Some(field) = compiler.field(&plan, index, field) {
            fields.push(field);
        }
        for problem in compiler.problems.iter_mut().skip(before) {
            problem.field = field.host.as_ref().or(field.provider.as_ref()).map(FieldPath::to_string);
        }
    }
    let order = targets::check(&plan, &fields, &mut compiler.problems);
    let fingerprint = fingerprint(&plan);
    if !compiler.problems.is_empty() {
        return Err(compiler.problems);
    }
    Ok(CompiledMapping {
        layout: layout(&fields),
        provider: Extractor::new(&compiler.provider.0).with_unseen(&plan.unseen),
        host: Extractor::new(&compiler.host.0),
        has_lookups: fields.iter().flat_map(|field| &field.sources).any(|chain| chain.lookup().is_some()),
        inputs: compiler.provider.0,
        fingerprint,
        exclude,
        fields,
        order,
        plan,
    })
}

/// What the mapping does, not what people call it.
fn fingerprint(plan: &Mapping) -> String {
    let plan = Mapping { name: None, ..plan.clone() };
    let bytes = serde_json::to_vec(&plan).unwrap_or_default();
    Sha256::digest(&bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The paths that are read, each once.
#[derive(Default)]
struct Slots(Vec<FieldPath>);

impl Slots {
    fn slot(&mut self, path: &FieldPath) -> usize {
        self.0.iter().position(|known| known == path).unwrap_or_else(|| {
            self.0.push(path.clone());
            self.0.len() - 1
        })
    }
}

#[derive(Default)]
struct Compiler {
    provider: Slots,
    host: Slots,
    problems: Vec<Problem>,
}

impl Compiler {
    fn refuse(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn field(&mut self, plan: &Mapping, index: usize, field: &FieldSpec) -> Option<Field> {
        let at = format!("/fields/{index}");
        let wished = field.direction.or(plan.direction);
        if wished == Some(FieldDirection::Backward) {
            return self.backward_field(&at, index, field);
        }
        let Some(host) = &field.host else {
            self.refuse(
                Problem::new(&at, "the field does not say where it stands in the host's record")
                    .advise("say host, or direction: backward for what is only written to the provider"),
            );
            return None;
        };
        if paths::segments(host).any(|segment| paths::index(&segment).is_some()) {
            self.refuse(
                Problem::new(format!("{at}/host"), "a field of the host's record is no item of a list")
                    .advise("make a list with several, wrap or split"),
            );
        }
        let before = self.problems.len();
        let main = self.chain(&at, &field.source(), false);
        let mut sources: Vec<Chain> = main.into_iter().collect();
        for (or, source) in field.or.iter().enumerate() {
            sources.extend(self.chain(&format!("{at}/or/{or}"), source, false));
        }
        if self.problems.len() > before {
            return None;
        }
        let no_way_back = sources.first().and_then(|main| no_way_back(&at, field, main));
        let direction = match (wished, &no_way_back) {
            (Some(FieldDirection::Both), Some(_)) => {
                self.problems.extend(no_way_back);
                return None;
            }
            (None, None) if field.or.is_empty() => FieldDirection::Both,
            (wished, _) => wished.unwrap_or(FieldDirection::Forward),
        };
        let equality = sources.first().and_then(|main| main.steps.last()?.equality());
        Some(Field {
            index,
            name: host.clone(),
            host: (direction == FieldDirection::Both).then(|| self.host.slot(host)),
            direction,
            required_on_create: field.required.contains(&RequiredOn::Create),
            required_on_update: field.required.contains(&RequiredOn::Update),
            omit_null: field.omit_null,
            writes: if direction == FieldDirection::Both { written(field) } else { Vec::new() },
            equality: equality.unwrap_or(Equality::Json),
            sources,
        })
    }

    /// A field whose source is the host's record, and whose target is the provider's.
    fn backward_field(&mut self, at: &str, index: usize, field: &FieldSpec) -> Option<Field> {
        let Some(provider) = &field.provider else {
            self.refuse(
                Problem::new(at, "the field does not say where it stands in the provider's record")
                    .advise("say provider"),
            );
            return None;
        };
        for (name, is_there) in [("several", field.several.is_some()), ("or", !field.or.is_empty())] {
            if is_there {
                self.refuse(Problem::new(
                    format!("{at}/{name}"),
                    format!("a field that only goes backward has no {name}"),
                ));
                return None;
            }
        }
        let source = Source { provider: field.host.clone(), ..field.source() };
        let main = self.chain(at, &source, true)?;
        Some(Field {
            index,
            name: field.host.clone().unwrap_or_else(|| provider.clone()),
            host: None,
            direction: FieldDirection::Backward,
            required_on_create: field.required.contains(&RequiredOn::Create),
            required_on_update: field.required.contains(&RequiredOn::Update),
            omit_null: false,
            writes: vec![provider.clone()],
            equality: Equality::Json,
            sources: vec![main],
        })
    }

    /// A source with its steps. Paths are read from the host's record on the way backward.
    fn chain(&mut self, at: &str, source: &Source, backward: bool) -> Option<Chain> {
        let path = if backward { "host" } else { "provider" };
        let there = [
            (path, source.provider.is_some()),
            ("several", source.several.is_some()),
            ("constant", source.constant.is_some()),
            ("given", source.given.is_some()),
            ("template", source.template.is_some()),
        ];
        let named: Vec<&str> =
            there.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect();
        if named.len() != 1 {
            let problem = match named.as_slice() {
                [] => Problem::new(at, "the field has no source"),
                [_, second, ..] => {
                    let named = named.join(" and ");
                    Problem::new(format!("{at}/{second}"), format!("the field has {named} for its source"))
                }
                [_] => return None,
            };
            self.refuse(
                problem.advise(format!("give it exactly one of {path}, several, constant, given, template")),
            );
            return None;
        }
        let slots = if backward { &mut self.host } else { &mut self.provider };
        let (origin, kinds) = match source {
            Source { provider: Some(path), .. } => (Origin::Slot(slots.slot(path)), Kinds::ANY),
            Source { several: Some(several), .. } => {
                if several.fields.is_empty() {
                    self.refuse(Problem::new(format!("{at}/several"), "the list of fields is empty"));
                    return None;
                }
                let (flat, skip_null) = (several.flat, several.skip_null);
                let slots = several.fields.iter().map(|path| slots.slot(path)).collect();
                (Origin::Several { slots, flat, skip_null }, Kinds::LIST)
            }
            Source { constant: Some(value), .. } => (Origin::Constant(value.clone()), Kinds::ANY),
            Source { given: Some(name), .. } => (Origin::MappingContext(name.clone()), Kinds::ANY),
            Source { template: Some(text), .. } => match Template::new(text) {
                Ok(template) => {
                    let slots = template.paths().map(|path| slots.slot(&path)).collect();
                    (Origin::Template { template: Box::new(template), slots }, Kinds::TEXT)
                }
                Err(refused) => {
                    self.refuse(problem(format!("{at}/template"), refused));
                    return None;
                }
            },
            _ => return None,
        };
        let steps = self.steps(at, source, kinds)?;
        let takes_null = steps.iter().any(|step| step.takes_null());
        Some(Chain { origin, steps, takes_null })
    }

    fn steps(&mut self, at: &str, source: &Source, kinds: Kinds) -> Option<Vec<Box<dyn Transform>>> {
        let before = self.problems.len();
        let mut steps: Vec<Box<dyn Transform>> = Vec::with_capacity(source.steps.len());
        let mut range = if kinds == Kinds::ANY { json!({}) } else { schema_of(kinds) };
        let (mut last, mut lookups) = ("the source", 0);
        for (index, step) in source.steps.iter().enumerate() {
            let name = transform::name(step);
            let at = format!("{at}/steps/{index}/{name}");
            let compiled = match transform::compile(step) {
                Ok(compiled) => compiled,
                Err(refused) => {
                    self.refuse(problem(format!("{at}{}", refused.at), refused));
                    continue;
                }
            };
            let made = kinds_of(&range).without(Kinds::NULL);
            if !made.is_empty() && made.and(compiled.accepts()).is_empty() {
                let message = format!("{name} cannot take what {last} makes: {}", crate::schema::words(made));
                self.refuse(Problem::new(&at, message));
            }
            lookups += usize::from(compiled.resolves().is_some());
            if lookups == 2 && compiled.resolves().is_some() {
                self.refuse(
                    Problem::new(&at, "a source has one look-up, because all are resolved at once")
                        .advise("map the other entity first, and look the result up there"),
                );
            }
            range = compiled.range(range);
            last = name;
            steps.push(compiled);
        }
        (self.problems.len() == before).then_some(steps)
    }
}

fn schema_of(kinds: Kinds) -> Value {
    if kinds == Kinds::LIST { json!({ "type": "array" }) } else { json!({ "type": "string" }) }
}

fn problem(at: String, refused: Refused) -> Problem {
    let problem = Problem::new(at, refused.reason);
    match refused.advice {
        Some(advice) => problem.advise(advice),
        None => problem,
    }
}

/// Why a field cannot go both ways.
fn no_way_back(at: &str, field: &FieldSpec, main: &Chain) -> Option<Problem> {
    const ADVICE: &str = "mark it direction: forward, or choose what can be undone";
    let source = match (&main.origin, &field.several) {
        (Origin::Slot(_), _) => None,
        (Origin::Several { flat: false, skip_null: false, .. }, _) => None,
        (Origin::Several { .. }, _) => Some(("/several", "flat and skip_null forget which field was which")),
        (Origin::Constant(_), _) => Some(("/constant", "a constant comes from nowhere")),
        (Origin::MappingContext(_), _) => Some(("/given", "a value handed in comes from nowhere")),
        (Origin::Template { .. }, _) => Some(("/template", "a template cannot be taken apart")),
    };
    let refuse = |at: String, what: &str, why: &str| {
        Problem::new(at, format!("the field goes both ways, and {what} has no way back: {why}"))
            .advise(ADVICE)
    };
    if let Some((setting, why)) = source {
        return Some(refuse(format!("{at}{setting}"), setting.trim_start_matches('/'), why));
    }
    main.steps.iter().zip(&field.steps).enumerate().find_map(|(index, (ready, step))| {
        let name = transform::name(step);
        Some(refuse(format!("{at}/steps/{index}/{name}"), name, ready.one_way()?))
    })
}

/// The fields of the provider's record that a two-way field writes.
fn written(field: &FieldSpec) -> Vec<FieldPath> {
    match (&field.provider, &field.several) {
        (Some(path), _) => vec![path.clone()],
        (None, Some(several)) => several.fields.clone(),
        (None, None) => Vec::new(),
    }
}

/// The host's record as pieces that are written one after another.
fn layout(fields: &[Field]) -> Vec<Piece> {
    let forward: Vec<(usize, Vec<String>)> = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.direction.is_forward())
        .map(|(index, field)| (index, paths::segments(&field.name).collect()))
        .collect();
    let mut pieces = Vec::new();
    nest(&forward, 0, &mut pieces);
    pieces
}

/// Fields that share a name at this depth stand in one object, where the first of them stands.
fn nest(fields: &[(usize, Vec<String>)], depth: usize, pieces: &mut Vec<Piece>) {
    let mut done: HashSet<&str> = HashSet::new();
    for (index, segments) in fields {
        let Some(name) = segments.get(depth) else { continue };
        let mut label = String::from(",");
        crate::value::quote(name, &mut label);
        label.push(':');
        if segments.len() == depth + 1 {
            pieces.push(Piece::Field { label, field: *index });
        } else if done.insert(name) {
            let below: Vec<(usize, Vec<String>)> = fields
                .iter()
                .filter(|(_, other)| other.len() > depth + 1 && other.get(..=depth) == segments.get(..=depth))
                .cloned()
                .collect();
            pieces.push(Piece::Open { label });
            nest(&below, depth + 1, pieces);
            pieces.push(Piece::Close);
        }
    }
}

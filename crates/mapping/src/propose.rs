//! A draft of a mapping between two schemas, by names and types.

use serde_json::Value;
use tieline_core::FieldPath;

use crate::mapping::{FieldSpec, Mapping, Source};
use crate::schema::kinds_of;
use crate::step::{Boolean, Decimal, Integer, Step, Text, TextOf, Unwrap, Wrap};
use crate::time_steps::{Date, Datetime, Time};
use crate::value::Kinds;

/// Below this, names have nothing to do with each other.
const LEAST: f64 = 0.6;
/// How deep objects are looked into.
const DEEPEST: usize = 3;
/// More fields than that are not compared.
const MOST: usize = 1000;

/// A draft of a mapping. A person decides.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Proposal {
    /// A line for each field of the host that something was found for, in the order of the host's schema.
    pub lines: Vec<ProposedField>,
    /// The host's fields that nothing was found for, each with whether its schema requires it.
    pub unmatched: Vec<(FieldPath, bool)>,
}

/// One line of a draft.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProposedField {
    /// The field.
    pub field: FieldSpec,
    /// From 0 to 1: how alike the names are, less where the types have to be brought together.
    pub confidence: f64,
    /// Why, in words.
    pub reason: String,
}

impl Proposal {
    /// The lines that are at least this sure, as a plan.
    pub fn plan(&self, least_confidence: f64) -> Mapping {
        let sure = self.lines.iter().filter(|line| line.confidence >= least_confidence);
        sure.fold(Mapping::new(), |plan, line| plan.with_field(line.field.clone()))
    }
}

struct Leaf<'s> {
    path: FieldPath,
    /// The words of its own name; where it is nested says little.
    words: Vec<String>,
    schema: &'s Value,
    required: bool,
}

/// A draft of a mapping from records of one JSON Schema (the provider's) to records of another (the host's).
///
/// Each of the host's fields gets the provider's field whose name is most alike, unless a better match needs that one. No
/// provider's field is proposed twice.
pub fn propose(provider: &Value, host: &Value) -> Proposal {
    let (mut from, mut to) = (Vec::new(), Vec::new());
    leaves(provider, None, 0, &mut from);
    leaves(host, None, 0, &mut to);
    let mut pairs = Vec::new();
    for (to_index, to) in to.iter().enumerate() {
        for (from_index, from) in from.iter().enumerate() {
            let likeness = likeness(&from.words, &to.words);
            if likeness < LEAST {
                continue;
            }
            let Some((steps, sure)) = steps(from.schema, to.schema) else { continue };
            pairs.push((likeness * sure, likeness, to_index, from_index, steps));
        }
    }
    pairs.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut lines, mut taken): (Vec<(usize, ProposedField)>, Vec<usize>) = (Vec::new(), Vec::new());
    for (confidence, likeness, to_index, from_index, steps) in pairs {
        let (Some(to), Some(from)) = (to.get(to_index), from.get(from_index)) else { continue };
        if confidence < LEAST
            || taken.contains(&from_index)
            || lines.iter().any(|(index, _)| *index == to_index)
        {
            continue;
        }
        taken.push(from_index);
        let names = if likeness > 0.995 { "same name" } else { "a name alike" };
        let reason = match steps.first() {
            None => names.to_owned(),
            Some(step) => format!("{names}, with {}", crate::transform::name(step)),
        };
        let source = steps.into_iter().fold(Source::path(from.path.as_str()), Source::step);
        let field = FieldSpec::new(to.path.as_str(), source);
        let confidence = (confidence * 100.0).round() / 100.0;
        lines.push((to_index, ProposedField { field, confidence, reason }));
    }
    lines.sort_by_key(|(index, _)| *index);
    let unmatched = to
        .iter()
        .enumerate()
        .filter(|(index, _)| !lines.iter().any(|(line, _)| line == index))
        .map(|(_, leaf)| (leaf.path.clone(), leaf.required))
        .collect();
    Proposal { lines: lines.into_iter().map(|(_, line)| line).collect(), unmatched }
}

/// The fields that hold something, below objects that are described.
fn leaves<'s>(schema: &'s Value, path: Option<&FieldPath>, depth: usize, out: &mut Vec<Leaf<'s>>) {
    let Some(Value::Object(properties)) = schema.get("properties") else { return };
    let required = |name: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|required| required == name))
    };
    for (name, property) in properties {
        if out.len() >= MOST {
            return;
        }
        let path = path.map_or_else(|| FieldPath::field(name), |path| path.child(name));
        if property.get("properties").is_some() && depth < DEEPEST {
            leaves(property, Some(&path), depth + 1, out);
            continue;
        }
        // A custom field is named by its title; its path is a number.
        let title = property
            .get("title")
            .and_then(Value::as_str)
            .filter(|_| name.len() >= 32 || !name.contains(char::is_alphabetic));
        let words = words(title.unwrap_or(name));
        out.push(Leaf { path, words, schema: property, required: required(name) });
    }
}

/// The words of a name: `org_name`, `orgName` and `Org name` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for character in name.chars() {
        let begins = !character.is_alphanumeric() || (character.is_uppercase() && !last.is_uppercase());
        if begins || words.is_empty() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        last = character;
    }
    words.retain(|word| !word.is_empty());
    for word in &mut words {
        if let Some((_, same)) = SAME.iter().find(|(other, _)| other == word) {
            *word = (*same).to_owned();
        }
    }
    words
}

/// Words that business systems use for the same.
const SAME: [(&str, &str); 26] = [
    ("org", "organization"),
    ("organisation", "organization"),
    ("company", "organization"),
    ("client", "customer"),
    ("mail", "email"),
    ("tel", "phone"),
    ("telephone", "phone"),
    ("mobile", "phone"),
    ("postcode", "zip"),
    ("postal", "zip"),
    ("zipcode", "zip"),
    ("amount", "value"),
    ("total", "value"),
    ("number", "no"),
    ("nr", "no"),
    ("attendees", "participants"),
    ("begin", "start"),
    ("stop", "end"),
    ("add", "created"),
    ("create", "created"),
    ("creation", "created"),
    ("update", "updated"),
    ("modified", "updated"),
    ("write", "updated"),
    ("time", "at"),
    ("description", "note"),
];

fn likeness(one: &[String], other: &[String]) -> f64 {
    if one == other {
        return 1.0;
    }
    let whole = strsim::jaro_winkler(&one.concat(), &other.concat());
    let near = |word: &String, among: &[String]| {
        among.iter().map(|other| strsim::jaro_winkler(word, other)).fold(0.0, f64::max)
    };
    let covered = |one: &[String], other: &[String]| {
        one.iter().map(|word| near(word, other)).filter(|near| *near > 0.9).sum::<f64>()
    };
    let shared = (covered(one, other) + covered(other, one)) / (one.len() + other.len()).max(1) as f64;
    // Letters alone mislead: half a match of words is worth more.
    (whole * 0.5 + shared * 0.5).min(0.99)
}

/// What brings one type to the other, and how sure that is; `None` when nothing does.
fn steps(from: &Value, to: &Value) -> Option<(Vec<Step>, f64)> {
    let (has, wants) = (kinds_of(from).without(Kinds::NULL), kinds_of(to).without(Kinds::NULL));
    let any = Kinds::ANY.without(Kinds::NULL);
    let format = |schema: &Value| schema.get("format").and_then(Value::as_str).map(str::to_owned);
    let is_integer = |schema: &Value| match schema.get("type") {
        Some(Value::String(name)) => name == "integer",
        Some(Value::Array(names)) => {
            names.iter().any(|n| n == "integer") && !names.iter().any(|n| n == "number")
        }
        _ => false,
    };
    if has == any || wants == any {
        return Some((Vec::new(), 0.8));
    }
    if wants == Kinds::TEXT && has == Kinds::TEXT {
        return Some(match (format(from).as_deref(), format(to).as_deref()) {
            (Some("date"), Some("date")) => (vec![Date::default().into()], 1.0),
            (Some("time"), Some("time")) => (vec![Time::default().into()], 1.0),
            (Some("date-time"), Some("date-time")) => (vec![Datetime::default().into()], 1.0),
            (Some("date-time"), Some("date")) => {
                (vec![Datetime { host: Some("%Y-%m-%d".to_owned()), ..Datetime::default() }.into()], 0.8)
            }
            (_, Some("date" | "time" | "date-time")) => (Vec::new(), 0.7),
            _ => (Vec::new(), 1.0),
        });
    }
    if !has.and(wants).is_empty() {
        if wants == Kinds::NUMBER && is_integer(to) && !is_integer(from) {
            return Some((vec![Integer::default().into()], 0.9));
        }
        return Some((Vec::new(), if has == wants { 1.0 } else { 0.9 }));
    }
    let is_text_of = |kind| has == kind && wants == Kinds::TEXT;
    if is_text_of(Kinds::NUMBER) {
        return Some((vec![Text { provider: TextOf::Number }.into()], 0.9));
    }
    if is_text_of(Kinds::BOOL) {
        return Some((vec![Text { provider: TextOf::Boolean }.into()], 0.8));
    }
    let scalar = has.without(Kinds::SCALAR).is_empty();
    match wants {
        Kinds::NUMBER if scalar && is_integer(to) => Some((vec![Integer::default().into()], 0.85)),
        Kinds::NUMBER if scalar => Some((vec![Decimal::default().into()], 0.85)),
        Kinds::BOOL if scalar => Some((vec![Boolean::default().into()], 0.85)),
        Kinds::LIST if scalar => Some((vec![Wrap::default().into()], 0.8)),
        wants if has == Kinds::LIST && wants.without(Kinds::SCALAR).is_empty() => {
            Some((vec![Unwrap::default().into()], 0.75))
        }
        _ => None,
    }
}

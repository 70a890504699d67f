//! The merge of two records that are linked: pure, a field at a time.
//!
//! A link has two bases: what each side showed at the last agreement. A side has changed a field if and only if what it shows
//! differs from its own base, so a provider that trims or rounds what it is sent causes no echo.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tieline_core::{FieldPath, RawJson};
use tieline_store::pairings::{ConflictWinner, NewConflict, PairSide};

use crate::equality::{ValueType, elements};
use crate::fields::Fields;
use crate::rules::{ConflictPolicy, FieldRule, MergeRules};

/// Both sides of something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "a pairing has two sides")]
pub struct Both<T> {
    /// That of the left side.
    pub left: T,
    /// That of the right side.
    pub right: T,
}

impl<T> Both<T> {
    /// Both.
    pub fn new(left: T, right: T) -> Self {
        Self { left, right }
    }

    /// Returns that of a side.
    pub fn of(&self, side: PairSide) -> &T {
        match side {
            PairSide::Left => &self.left,
            PairSide::Right => &self.right,
        }
    }

    /// Returns that of a side.
    pub fn of_mut(&mut self, side: PairSide) -> &mut T {
        match side {
            PairSide::Left => &mut self.left,
            PairSide::Right => &mut self.right,
        }
    }
}

/// The input of a merge.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs, reason = "it is made where it is used")]
pub struct MergeInput<'a> {
    /// What each side showed at the last agreement.
    pub bases: &'a Both<Fields>,
    /// What each side shows now; a field that is missing was not seen.
    pub shown: &'a Both<Fields>,
    /// When each record was changed last, as its side says.
    pub changed_at: Both<Option<DateTime<Utc>>>,
    /// Fields that people were asked about and have not answered for.
    pub frozen: &'a BTreeSet<FieldPath>,
    /// The answers of people about frozen fields: the side whose value holds; `None` leaves both as they are.
    pub resolved: &'a BTreeMap<FieldPath, Option<PairSide>>,
}

/// The result of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merge {
    /// The values to be written to each side.
    pub writes: Both<Fields>,
    /// The bases after it, without the fields that are to be written: those move when a write is done.
    pub bases: Both<Fields>,
    /// Edits that do not hold, for the log.
    pub conflicts: Vec<NewConflict>,
    /// Fields that people are asked about from now on.
    pub frozen: BTreeSet<FieldPath>,
    /// Fields that people no longer need to answer for, because both sides show the same.
    pub thawed: BTreeSet<FieldPath>,
}

impl Merge {
    /// Whether nothing is to be written, and no base moves.
    pub fn is_quiet(&self, bases: &Both<Fields>) -> bool {
        self.writes.left.is_empty()
            && self.writes.right.is_empty()
            && self.conflicts.is_empty()
            && self.frozen.is_empty()
            && self.thawed.is_empty()
            && self.bases == *bases
    }
}

/// Merges what two sides show of a linked record.
pub fn merge(rules: &MergeRules, input: MergeInput<'_>) -> Merge {
    let mut merge = Merge { bases: input.bases.clone(), ..Merge::default() };
    for rule in &rules.fields {
        let shown = (input.shown.left.get(&rule.path), input.shown.right.get(&rule.path));
        // A field that one side did not show cannot be judged. It stays as it is, and so does its base.
        let (Some(left), Some(right)) = shown else { continue };
        merge_field(rules, rule, &input, (left, right), &mut merge);
    }
    merge
}

fn merge_field(
    rules: &MergeRules,
    rule: &FieldRule,
    input: &MergeInput<'_>,
    (left, right): (&RawJson, &RawJson),
    merge: &mut Merge,
) {
    let kind = rule.value_type;
    let path = &rule.path;
    let bases = (input.bases.left.get(path), input.bases.right.get(path));
    if kind.same(left, right) {
        // Both say the same, whatever it was before.
        let moved = |base: Option<&RawJson>, now: &RawJson| base.is_none_or(|base| !kind.same(base, now));
        if moved(bases.0, left) || moved(bases.1, right) {
            merge.bases.left.set(path.clone(), left.clone());
            merge.bases.right.set(path.clone(), right.clone());
        }
        if input.frozen.contains(path) {
            merge.thawed.insert(path.clone());
        }
        return;
    }
    let mut field = FieldMerge { rules, rule, input, left, right, merge };
    match input.resolved.get(path) {
        Some(Some(side)) => return field.write_from(*side),
        Some(None) => return field.agree_to_differ(),
        None if input.frozen.contains(path) => return,
        None => {}
    }
    match bases {
        (Some(base_left), Some(base_right)) => {
            let changed = (!kind.same(base_left, left), !kind.same(base_right, right));
            match changed {
                (false, false) => {}
                (true, false) => field.one_changed(PairSide::Left),
                (false, true) => field.one_changed(PairSide::Right),
                (true, true) => field.both_changed(base_left, base_right),
            }
        }
        _ => field.first_comparison(),
    }
}

struct FieldMerge<'m, 'a> {
    rules: &'m MergeRules,
    rule: &'m FieldRule,
    input: &'m MergeInput<'a>,
    left: &'m RawJson,
    right: &'m RawJson,
    merge: &'m mut Merge,
}

impl FieldMerge<'_, '_> {
    fn shown(&self, side: PairSide) -> &RawJson {
        match side {
            PairSide::Left => self.left,
            PairSide::Right => self.right,
        }
    }

    /// The value of a side goes to the other one.
    fn write_from(&mut self, side: PairSide) {
        let value = self.shown(side).clone();
        self.merge.writes.of_mut(side.other()).set(self.rule.path.clone(), value);
    }

    /// Both values stay as they are, and count as agreed on.
    fn agree_to_differ(&mut self) {
        self.merge.bases.left.set(self.rule.path.clone(), self.left.clone());
        self.merge.bases.right.set(self.rule.path.clone(), self.right.clone());
    }

    fn log(&mut self, policy: &str, winner: ConflictWinner) {
        let mut conflict = NewConflict::new(self.rule.path.clone(), policy, winner);
        conflict.base = self.input.bases.left.get(&self.rule.path).cloned();
        conflict.left = Some(self.left.clone());
        conflict.right = Some(self.right.clone());
        self.merge.conflicts.push(conflict);
    }

    fn one_changed(&mut self, side: PairSide) {
        match self.rule.owner {
            Some(owner) if owner != side => {
                // The edit does not hold: the owner's value is put back.
                self.log("owner", owner.into());
                self.write_from(owner);
            }
            _ => self.write_from(side),
        }
    }

    fn both_changed(&mut self, base_left: &RawJson, base_right: &RawJson) {
        if let Some(owner) = self.rule.owner {
            self.log("owner", owner.into());
            self.write_from(owner);
            return;
        }
        if self.rule.value_type == ValueType::Set
            && let Some(merged) = merged_sets((base_left, self.left), (base_right, self.right))
        {
            for side in PairSide::BOTH {
                if !ValueType::Set.same(&merged, self.shown(side)) {
                    self.merge.writes.of_mut(side).set(self.rule.path.clone(), merged.clone());
                }
            }
            return;
        }
        self.decide(self.rule.policy.unwrap_or(self.rules.policy), "");
    }

    /// There was no agreement about the field yet.
    fn first_comparison(&mut self) {
        if let Some(owner) = self.rule.owner {
            // Nothing is known to have been edited, but a value that goes is logged.
            if self.shown(owner.other()).get() != "null" {
                self.log("owner", owner.into());
            }
            self.write_from(owner);
            return;
        }
        match (self.left.get() == "null", self.right.get() == "null") {
            (true, _) => self.write_from(PairSide::Right),
            (_, true) => self.write_from(PairSide::Left),
            _ => self.decide(self.rules.initial, "initial "),
        }
    }

    fn decide(&mut self, policy: ConflictPolicy, prefix: &str) {
        let (word, winner) = match policy {
            ConflictPolicy::Side(side) => (side.as_str(), Some(side)),
            ConflictPolicy::Newest { margin, fallback } => {
                let newer = newer(&self.input.changed_at, margin);
                ("newest", Some(newer.unwrap_or(fallback)))
            }
            ConflictPolicy::Manual => ("manual", None),
        };
        let word = format!("{prefix}{word}");
        match winner {
            Some(side) => {
                self.log(&word, side.into());
                self.write_from(side);
            }
            None => {
                self.log(&word, ConflictWinner::Open);
                self.merge.frozen.insert(self.rule.path.clone());
            }
        }
    }
}

/// The side that was changed later by more than a margin.
fn newer(changed_at: &Both<Option<DateTime<Utc>>>, margin: Duration) -> Option<PairSide> {
    let (left, right) = (changed_at.left?, changed_at.right?);
    let apart = (left - right).abs().to_std().ok()?;
    if apart <= margin {
        return None;
    }
    Some(if left > right { PairSide::Left } else { PairSide::Right })
}

/// The set of which both sides' additions and removals are made; `None` for what is no list.
fn merged_sets(left: (&RawJson, &RawJson), right: (&RawJson, &RawJson)) -> Option<RawJson> {
    let normal = |value: &RawJson| ValueType::Text.normal(value);
    let set =
        |value: &RawJson| -> Option<BTreeSet<String>> { Some(elements(value)?.iter().map(normal).collect()) };
    let (left_base, left_now) = (set(left.0)?, set(left.1)?);
    let (right_base, right_now) = (set(right.0)?, set(right.1)?);
    let removed = |element: &String| {
        (left_base.contains(element) && !left_now.contains(element))
            || (right_base.contains(element) && !right_now.contains(element))
    };
    let mut seen = BTreeSet::new();
    let mut merged = Vec::new();
    for element in elements(left.1)?.into_iter().chain(elements(right.1)?) {
        let normal = normal(&element);
        if !removed(&normal) && seen.insert(normal) {
            merged.push(element);
        }
    }
    let texts: Vec<&str> = merged.iter().map(RawJson::get).collect();
    let list = RawJson::from_checked(&format!("[{}]", texts.join(",")));
    list.view::<Vec<&RawValue>>().ok()?;
    Some(list)
}

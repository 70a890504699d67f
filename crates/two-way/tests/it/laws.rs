//! The laws of the merge, over any bases and any edits.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tieline_core::{FieldPath, RawJson};
use tieline_two_way::{Both, ConflictPolicy, Fields, Merge, MergeInput, MergeRules, PairSide, merge};

use crate::model::{path, rules};

const NAMES: [&str; 5] = ["name", "city", "number", "price", "tags"];

fn value(name: &'static str) -> BoxedStrategy<RawJson> {
    let texts: &'static [&'static str] = match name {
        "price" => &["null", "1.5", "1.50", "\"1.5\"", "2", "1e1", "10"],
        "tags" => &["[]", "null", r#"["a"]"#, r#"["b","a"]"#, r#"["a","b","b"]"#, r#"["c"]"#],
        _ => &["null", r#""a""#, r#"" a ""#, r#""b""#, r#""A""#, "7"],
    };
    proptest::sample::select(texts).prop_map(|text| RawJson::parse(text).unwrap()).boxed()
}

fn record() -> impl Strategy<Value = Fields> {
    NAMES.map(|name| proptest::option::weighted(0.9, value(name))).prop_map(|values| {
        let named = NAMES.into_iter().zip(values);
        named.filter_map(|(name, value)| Some((path(name), value?))).collect()
    })
}

fn policy() -> impl Strategy<Value = ConflictPolicy> {
    proptest::sample::select(vec![
        ConflictPolicy::Side(PairSide::Left),
        ConflictPolicy::Side(PairSide::Right),
        ConflictPolicy::newest(PairSide::Left),
        ConflictPolicy::Manual,
    ])
}

fn merged(
    rules: &MergeRules,
    bases: &Both<Fields>,
    shown: &Both<Fields>,
    frozen: &BTreeSet<FieldPath>,
) -> Merge {
    let resolved = BTreeMap::new();
    let changed_at = Both::default();
    merge(rules, MergeInput { bases, shown, changed_at, frozen, resolved: &resolved })
}

/// What both sides show, and what the bases are, when all writes are done.
fn written(rules: &MergeRules, shown: &Both<Fields>, merge: &Merge) -> (Both<Fields>, Both<Fields>) {
    let (mut after, mut bases) = (shown.clone(), merge.bases.clone());
    for side in PairSide::BOTH {
        after.of_mut(side).extend(merge.writes.of(side));
    }
    for rule in &rules.fields {
        let written = PairSide::BOTH.into_iter().any(|side| merge.writes.of(side).get(&rule.path).is_some());
        for side in PairSide::BOTH {
            if let Some(now) = after.of(side).get(&rule.path).filter(|_| written) {
                bases.of_mut(side).set(rule.path.clone(), now.clone());
            }
        }
    }
    (after, bases)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_second_merge_finds_nothing_to_do(
        base in (record(), record()), shown in (record(), record()), policy in policy()
    ) {
        let rules = rules(policy);
        let (bases, shown) = (Both::new(base.0, base.1), Both::new(shown.0, shown.1));
        let first = merged(&rules, &bases, &shown, &BTreeSet::new());
        let (after, bases) = written(&rules, &shown, &first);
        let second = merged(&rules, &bases, &after, &first.frozen);
        prop_assert!(second.is_quiet(&bases), "{second:?}");
    }

    #[test]
    fn nothing_is_written_where_nothing_changed(base in (record(), record()), policy in policy()) {
        let bases = Both::new(base.0, base.1);
        let rules = rules(policy);
        let merge = merged(&rules, &bases, &bases, &BTreeSet::new());
        for rule in &rules.fields {
            let known = PairSide::BOTH.into_iter().all(|side| bases.of(side).get(&rule.path).is_some());
            for side in PairSide::BOTH {
                prop_assert!(!known || merge.writes.of(side).get(&rule.path).is_none());
            }
        }
        prop_assert!(merge.conflicts.is_empty());
    }

    #[test]
    fn every_value_that_goes_was_there_before_or_is_logged(
        base in (record(), record()), shown in (record(), record()), policy in policy()
    ) {
        let rules = rules(policy);
        let (bases, shown) = (Both::new(base.0, base.1), Both::new(shown.0, shown.1));
        let merge = merged(&rules, &bases, &shown, &BTreeSet::new());
        for rule in &rules.fields {
            for side in PairSide::BOTH {
                let Some(overwritten) = shown.of(side).get(&rule.path) else { continue };
                let Some(new) = merge.writes.of(side).get(&rule.path) else { continue };
                // Nobody's edit goes where it is what both had agreed on, null, or merged into the new value.
                let agreed = bases.of(side).get(&rule.path).is_some_and(|base| rule.value_type.same(base, overwritten));
                let is_set = rule.path == path("tags") && new.get().starts_with('[');
                let logged = merge.conflicts.iter().any(|conflict| {
                    let value = match side { PairSide::Left => &conflict.left, PairSide::Right => &conflict.right };
                    conflict.field == rule.path && value.as_ref() == Some(overwritten)
                });
                prop_assert!(agreed || is_set || overwritten.get() == "null" || logged, "{} {merge:?}", rule.path);
            }
        }
    }

    #[test]
    fn a_field_that_is_not_seen_is_neither_written_nor_forgotten(
        base in (record(), record()), shown in (record(), record()), policy in policy()
    ) {
        let rules = rules(policy);
        let (bases, shown) = (Both::new(base.0, base.1), Both::new(shown.0, shown.1));
        let merge = merged(&rules, &bases, &shown, &BTreeSet::new());
        for rule in &rules.fields {
            if PairSide::BOTH.into_iter().all(|side| shown.of(side).get(&rule.path).is_some()) {
                continue;
            }
            for side in PairSide::BOTH {
                prop_assert!(merge.writes.of(side).get(&rule.path).is_none());
                prop_assert_eq!(merge.bases.of(side).get(&rule.path), bases.of(side).get(&rule.path));
            }
        }
    }

    #[test]
    fn sides_are_alike(
        base in (record(), record()), shown in (record(), record())
    ) {
        let bases = Both::new(base.0, base.1);
        let shown = Both::new(shown.0, shown.1);
        let turned = |both: &Both<Fields>| Both::new(both.right.clone(), both.left.clone());
        let one = merged(&rules(ConflictPolicy::Side(PairSide::Left)), &bases, &shown, &BTreeSet::new());
        let two = merged(&rules(ConflictPolicy::Side(PairSide::Right)), &turned(&bases), &turned(&shown), &BTreeSet::new());
        // The order of a merged set may differ.
        let same = |one: &Fields, two: &Fields| {
            let kind = |path: &FieldPath| rules(ConflictPolicy::Manual).field(path).unwrap().value_type;
            one.len() == two.len()
                && one.iter().all(|(path, value)| two.get(path).is_some_and(|other| kind(path).same(value, other)))
        };
        prop_assert!(same(&one.writes.left, &two.writes.right), "{one:?} {two:?}");
        prop_assert!(same(&one.writes.right, &two.writes.left), "{one:?} {two:?}");
        prop_assert_eq!(one.conflicts.len(), two.conflicts.len());
    }
}

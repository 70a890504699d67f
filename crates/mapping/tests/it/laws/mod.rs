//! The laws of a two-way mapping, over generated mappings and records.

pub(crate) mod kinds;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;
use serde_json::value::RawValue;
use tieline_core::{Direction, FieldMapping, FieldPath, MappingContext, RawJson, Record, RecordLookup};
use tieline_mapping::{CompiledMapping, FieldDirection, FieldSpec, Mapping, Source, apply};

use self::kinds::{Kind, any_json, field, kinds};

/// Cases of each law.
const CASES: u32 = 10_000;

fn laws() -> Config {
    Config { cases: CASES, failure_persistence: None, max_shrink_iters: 400, ..Config::default() }
}

/// One generated field: its kind, what the provider has, what the host wants.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    provider: Option<String>,
    wanted: Option<String>,
}

fn any_case() -> impl Strategy<Value = Case> {
    select(kinds()).prop_flat_map(|kind| {
        let provider = prop_oneof![6 => kind.provider.clone().prop_map(Some), 1 => any_json().prop_map(Some), 1 => Just(None)];
        let wanted = prop_oneof![3 => kind.range.clone().prop_map(Some), 1 => Just(None)];
        (provider, wanted).prop_map(move |(provider, wanted)| Case { kind: kind.clone(), provider, wanted })
    })
}

/// A mapping, a record, and what a host wants it to be.
#[derive(Debug)]
struct World {
    plan: CompiledMapping,
    record: Record,
    wanted: Record,
}

fn worlds() -> impl Strategy<Value = World> {
    (prop::collection::vec(any_case(), 1..7), any_json()).prop_map(|(cases, shared)| {
        let mut plan = Mapping::new();
        let (mut record, mut wanted) = (BTreeMap::new(), BTreeMap::new());
        record.insert("shared".to_owned(), raw(&shared));
        let mut nested = BTreeMap::new();
        for (index, case) in cases.iter().enumerate() {
            // Every third is nested on one side or the other.
            let host = if index % 3 == 1 { format!("/nest/h{index}") } else { format!("/h{index}") };
            let provider = if index % 3 == 2 { format!("/in/p{index}") } else { format!("/p{index}") };
            plan = plan.with_field(field(&case.kind, &host, &provider));
            if let Some(value) = &case.provider {
                let place = if index % 3 == 2 { &mut nested } else { &mut record };
                place.insert(format!("p{index}"), raw(value));
            }
            if let Some(value) = &case.wanted {
                if index % 3 == 1 {
                    wanted.insert(
                        "nest".to_owned(),
                        RawValue::from_string(format!(r#"{{"h{index}":{value}}}"#)).unwrap(),
                    );
                } else {
                    wanted.insert(format!("h{index}"), raw(value));
                }
            }
        }
        // What goes one way keeps out of the way.
        plan = plan
            .with_field(FieldSpec::new("label", Source::template("{{ shared|default('') }}")))
            .with_field(FieldSpec::new("copy", Source::path("/p0")).direction(FieldDirection::Forward))
            .with_field(FieldSpec::write_only("/channel", Source::constant("tieline")));
        if !nested.is_empty() {
            record.insert(
                "in".to_owned(),
                RawValue::from_string(serde_json::to_string(&nested).unwrap()).unwrap(),
            );
        }
        let text = |members: &BTreeMap<String, Box<RawValue>>| RawJson::of(members).unwrap();
        World {
            plan: plan.compile().unwrap_or_else(|error| panic!("{error}")),
            record: Record::new("1", text(&record)),
            wanted: Record::new("1", text(&wanted)),
        }
    })
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// A hundred users, found by id and by name.
static GIVEN: LazyLock<MappingContext> = LazyLock::new(|| {
    let mut given = MappingContext::default();
    let (id, name) = (FieldPath::field("id"), FieldPath::field("name"));
    for number in 0..100 {
        let (id_text, name_text) = (number.to_string(), format!("user {number}"));
        let by_key = RecordLookup::new("users", id_text.as_str(), name.clone());
        let (number, quoted) = (RawJson::of(&number).unwrap(), RawJson::of(&name_text).unwrap());
        given.resolved.insert(by_key, quoted.clone());
        given
            .resolved
            .insert(RecordLookup::new("users", id_text.as_str(), name.clone()).by(id.clone()), quoted);
        given
            .resolved
            .insert(RecordLookup::new("users", name_text.as_str(), id.clone()).by(name.clone()), number);
    }
    given
});

fn forward(plan: &CompiledMapping, record: &Record) -> Record {
    let fields = plan.forward(record, &GIVEN).unwrap().fields.unwrap();
    Record::new("1", fields)
}

proptest! {
    #![proptest_config(laws())]

    #[test]
    fn what_came_forward_changes_nothing_on_the_way_back(world in worlds()) {
        let World { plan, record, .. } = world;
        let patch = plan.backward(&forward(&plan, &record), Some(&record), &GIVEN).unwrap();
        prop_assert!(patch.is_empty(), "{}", crate::written(&patch));
    }

    #[test]
    fn what_was_written_back_comes_forward_again(world in worlds()) {
        let World { plan, record, wanted } = world;
        let patch = plan.backward(&wanted, Some(&record), &GIVEN).unwrap();
        let after = apply(&patch, &record).unwrap();
        let again = forward(&plan, &after);
        // No difference is left: what the host wants is what the provider's record now gives.
        let rest = plan.backward(&wanted, Some(&after), &GIVEN).unwrap();
        prop_assert!(rest.is_empty(), "{}\nthen {}\nleaves {}", crate::written(&patch), after.payload, crate::written(&rest));
        for field in plan.fields().filter(|field| field.direction() == FieldDirection::Both) {
            let path = field.name().as_str();
            let Some(wanted) = wanted.payload.at(path).unwrap() else { continue };
            let is = again.payload.at(path).unwrap().unwrap();
            prop_assert!(means_the_same(wanted.get(), is.get()), "{path}: wanted {wanted}, is {is}");
        }
    }

    #[test]
    fn what_is_made_new_comes_forward(world in worlds()) {
        let World { plan, wanted, .. } = world;
        let patch = plan.backward(&wanted, None, &GIVEN).unwrap();
        let made = Record::new("1", tieline_mapping::new_record(&patch).unwrap());
        let again = forward(&plan, &made);
        for field in plan.fields().filter(|field| field.direction() == FieldDirection::Both) {
            let path = field.name().as_str();
            let Some(wanted) = wanted.payload.at(path).unwrap() else { continue };
            let is = again.payload.at(path).unwrap().unwrap();
            prop_assert!(means_the_same(wanted.get(), is.get()), "{path}: wanted {wanted}, is {is}");
        }
    }

    #[test]
    fn a_mapping_is_pure(world in worlds()) {
        let World { plan, record, wanted } = world;
        let again = plan.mapping().clone().compile().unwrap();
        prop_assert_eq!(plan.fingerprint(), again.fingerprint());
        prop_assert_eq!(plan.forward(&record, &GIVEN).unwrap(), again.forward(&record, &GIVEN).unwrap());
        prop_assert_eq!(plan.begin(&record).forward(&GIVEN).unwrap(), again.forward(&record, &GIVEN).unwrap());
        prop_assert_eq!(plan.needs(Direction::Forward, &record), again.begin(&record).needs());
        prop_assert_eq!(plan.needs(Direction::Backward, &wanted), again.needs(Direction::Backward, &wanted));
        let back = |plan: &CompiledMapping| plan.backward(&wanted, Some(&record), &GIVEN).unwrap();
        prop_assert_eq!(back(&plan), back(&again));
    }

    #[test]
    fn no_json_makes_it_panic(world in worlds(), one in any_json(), other in any_json()) {
        let plan = world.plan;
        let (one, other) = (Record::new("1", RawJson::parse(one).unwrap()), Record::new("1", RawJson::parse(other).unwrap()));
        let _ = plan.needs(Direction::Backward, &one);
        if let Ok(mapped) = plan.forward(&one, &GIVEN)
            && let Some(fields) = mapped.fields
        {
            prop_assert!(RawJson::parse(fields.get()).is_ok(), "{fields}");
        }
        for current in [None, Some(&one), Some(&world.record)] {
            if let Ok(patch) = plan.backward(&other, current, &GIVEN) {
                apply(&patch, &one).unwrap();
            }
        }
    }

    #[test]
    fn numbers_keep_every_digit(numbers in prop::collection::vec(kinds::any_number(), 1..5)) {
        let mut plan = Mapping::new();
        let mut members = Vec::new();
        for (index, number) in numbers.iter().enumerate() {
            plan = plan.field(format!("h{index}"), Source::path(&format!("/p{index}")));
            members.push(format!(r#""p{index}":{number}"#));
        }
        let plan = plan.compile().unwrap();
        let record = Record::new("1", RawJson::parse(format!("{{{}}}", members.join(","))).unwrap());
        let mapped = forward(&plan, &record);
        prop_assert_eq!(mapped.payload.get().replace("\"h", "\"p"), record.payload.get());
        let made = tieline_mapping::new_record(&plan.backward(&mapped, None, &GIVEN).unwrap()).unwrap();
        prop_assert_eq!(made.get(), record.payload.get());
    }
}

/// Equal as JSON, as numbers, or as moments: what the fields declare. Told by serde_json and rust_decimal, not by the
/// crate itself.
fn means_the_same(one: &str, other: &str) -> bool {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let number = |text: &str| {
        let text = text.trim_matches('"');
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let unsigned = digits.trim_start_matches('-');
        let is_number = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        let exponent = exponent.parse::<i64>().ok()? - fraction.len() as i64;
        let kept = unsigned.trim_matches('0');
        let dropped = unsigned.len() - unsigned.trim_end_matches('0').len();
        let scale = if kept.is_empty() { 0 } else { exponent + dropped as i64 };
        is_number.then(|| (digits.starts_with('-') && !kept.is_empty(), kept.to_owned(), scale))
    };
    if one == other || value(one) == value(other) {
        return true;
    }
    number(one).is_some_and(|one| Some(one) == number(other))
}

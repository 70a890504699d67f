//! The deals: 193 that lists show, and some archived and deleted ones besides.

use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};

use super::names::{DEAL_SUBJECTS, LOST_REASONS};
use super::{Lcg, PIPELINE, STAGES, Soil, office_hours, owner};
use crate::pipedrive::keys;
use crate::pipedrive::schema::Entity;
use crate::pipedrive::state::State;
use crate::pipedrive::table::{Record, v2_time};
use crate::{Json, Object};

/// How a deal stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Open,
    Won,
    Lost,
    Deleted,
}

/// How many deals of each fate lie in each stage: fate, archived, stage, how many.
const PLAN: &[(Fate, bool, i64, usize)] = &[
    (Fate::Open, false, 1, 41),
    (Fate::Open, false, 2, 33),
    (Fate::Open, false, 3, 26),
    (Fate::Open, false, 4, 15),
    (Fate::Open, false, 5, 6),
    (Fate::Won, false, 5, 40),
    (Fate::Won, false, 4, 4),
    (Fate::Lost, false, 1, 9),
    (Fate::Lost, false, 2, 8),
    (Fate::Lost, false, 3, 7),
    (Fate::Lost, false, 4, 4),
    (Fate::Open, true, 1, 2),
    (Fate::Lost, true, 2, 3),
    (Fate::Won, true, 5, 2),
    (Fate::Deleted, false, 1, 3),
    (Fate::Deleted, false, 3, 2),
];

/// More than a binary float can hold: it must come out as it went in.
const EXACT: &str = "12345678901234567.89";

const NEGATIVE: [&str; 4] = ["-4500", "-12345.67", "-980.5", "-25000"];

pub(super) fn deals(state: &mut State, soil: &mut Soil) {
    let mut plan: Vec<(Fate, bool, i64)> = PLAN
        .iter()
        .flat_map(|(fate, archived, stage, count)| std::iter::repeat_n((*fate, *archived, *stage), *count))
        .collect();
    soil.chance.shuffle(&mut plan);
    let mut id = 100;
    let mut ages = (0..).map(|index: i64| 398 - index * 193 / 100);
    let mut credits = NEGATIVE.iter();
    let mut shown = 0;
    for (number, (fate, archived, stage)) in plan.into_iter().enumerate() {
        // Numbers are missing where deals were purged long ago.
        id += 1 + i64::from(soil.chance.percent(12));
        let added = soil.ago(ages.next().unwrap_or(3).max(3));
        let mut deal = Entity::Deals.blank(id);
        let visible = !archived && fate != Fate::Deleted;
        shown += usize::from(visible);
        let credit = if visible && shown % 47 == 20 { credits.next() } else { None };
        describe(&mut deal, state, soil, stage, credit.copied());
        if visible && shown == 77 {
            deal.set("title", "Ramavtal nationell lagerinfrastruktur");
            deal.set("value", Json::decimal(EXACT));
            deal.set("currency", "SEK");
        }
        if visible && shown == 3 {
            deal.set("value", Json::decimal("12345.67"));
            deal.set("currency", "SEK");
        }
        let last = live(&mut deal, soil, fate, added, number);
        if archived {
            let at = last + TimeDelta::hours(5);
            deal.set("is_archived", true);
            deal.set("archive_time", v2_time(at));
            deal.set("update_time", v2_time(at));
        }
        state.deals.insert(Record::new(id, deal));
    }
}

/// Who, what and how much.
fn describe(deal: &mut Object, state: &State, soil: &mut Soil, stage: i64, credit: Option<&'static str>) {
    let chance = &mut soil.chance;
    let person = state.persons.get(chance.below(142) + 1, soil.today);
    let org = person.and_then(|person| person.get("org_id").as_i64());
    let customer = org
        .and_then(|id| state.organizations.get(id, soil.today))
        .or(person)
        .and_then(|record| record.get("name").as_str())
        .unwrap_or("Okänd kund");
    let subject = if credit.is_some() { "Kreditering" } else { chance.pick(DEAL_SUBJECTS) };
    let (value, currency) = worth(chance);
    let owner_id = owner(chance);
    deal.set("title", format!("{subject} – {customer}"));
    deal.set("creator_user_id", owner_id);
    deal.set("owner_id", owner_id);
    deal.set("value", credit.map_or(value, Json::decimal));
    deal.set("currency", currency);
    deal.set("person_id", person.map(Record::id).filter(|_| !chance.percent(5)));
    deal.set("org_id", org);
    deal.set("stage_id", stage);
    deal.set("pipeline_id", PIPELINE);
    deal.set("origin", if chance.percent(80) { "ManuallyCreated" } else { "API" });
    if chance.percent(20) {
        deal.set("label_ids", vec![Json::Int(11 + chance.below(3))]);
    }
    if chance.percent(25) {
        deal.set("probability", chance.below(20) * 5);
    }
    deal.set("custom_fields", customs(soil));
}

fn worth(chance: &mut Lcg) -> (Json, &'static str) {
    let whole = 5_000 + chance.below(480) * 1_250;
    let currency = match chance.below(100) {
        0..=79 => "SEK",
        80..=91 => "EUR",
        _ => "NOK",
    };
    let whole = if currency == "EUR" { whole / 10 } else { whole };
    let value = match chance.below(10) {
        0..=5 => Json::Int(whole),
        6 | 7 => Json::decimal(format!("{whole}.50")),
        8 => Json::decimal(format!("{}.67", whole - 13)),
        _ => Json::decimal(format!("{whole}.99")),
    };
    (value, currency)
}

fn customs(soil: &mut Soil) -> Object {
    let chance = &mut soil.chance;
    let mut values = Object::default();
    if chance.percent(60) {
        values.set(keys::DEAL_SOURCE, 31 + chance.below(4));
    }
    if chance.percent(35) {
        let first = 41 + chance.below(3);
        let ids = if chance.percent(50) { vec![first] } else { vec![first, 44] };
        values.set(keys::DEAL_INTERESTS, ids.into_iter().map(Json::Int).collect::<Vec<_>>());
    }
    if chance.percent(40) {
        let fee = format!("{}.{:02}", 990 + chance.below(300) * 10, chance.below(100));
        let fee = Object::default().with("value", Json::decimal(fee)).with("currency", "SEK");
        values.set(keys::DEAL_LICENCE_FEE, fee);
    }
    if chance.percent(30) {
        let day = soil.today + TimeDelta::days(chance.below(150));
        values.set(keys::DEAL_DELIVERY_DATE, day.format("%Y-%m-%d").to_string());
    }
    if chance.percent(25) {
        values.set(keys::DEAL_REFERENCE, format!("ÖKN-{:05}", chance.below(100_000)));
    }
    values
}

/// Times, from the first entry to the last change, which is returned.
fn live(
    deal: &mut Object,
    soil: &mut Soil,
    fate: Fate,
    added: DateTime<Utc>,
    number: usize,
) -> DateTime<Utc> {
    let room = (soil.today - added).num_seconds() - 86_400;
    let moved = office_hours(added + TimeDelta::seconds(soil.chance.below(room / 2))).max(added);
    let mut last = office_hours(moved + TimeDelta::seconds(soil.chance.below(room / 2))).max(moved);
    let (mut status, mut reason) = ("open", None);
    match fate {
        // Somebody changed the owner of many deals at once: equal times are common in real accounts.
        Fate::Open if number.is_multiple_of(5) && added < soil.today - TimeDelta::days(10) => {
            last = soil.today - TimeDelta::days(6) + TimeDelta::seconds(18_322);
        }
        Fate::Open => {}
        Fate::Won => status = "won",
        Fate::Lost => (status, reason) = ("lost", Some(soil.chance.pick(LOST_REASONS))),
        Fate::Deleted => {
            status = "deleted";
            let days = soil.chance.below(18) + 2;
            last = soil.ago(days);
            deal.set("is_deleted", true);
        }
    }
    if fate == Fate::Open || fate == Fate::Deleted {
        let close = soil.today + TimeDelta::days(soil.chance.below(120) - 10);
        if soil.chance.percent(70) {
            deal.set("expected_close_date", close.format("%Y-%m-%d").to_string());
        }
    } else {
        let (time, date) =
            if status == "won" { ("won_time", "local_won_date") } else { ("lost_time", "local_lost_date") };
        let day = last.format("%Y-%m-%d").to_string();
        deal.set(time, v2_time(last));
        deal.set("close_time", v2_time(last));
        deal.set(date, day.clone());
        deal.set("local_close_date", day);
    }
    deal.set("status", status);
    deal.set("lost_reason", reason);
    deal.set("add_time", v2_time(added));
    deal.set("stage_change_time", v2_time(moved));
    deal.set("update_time", v2_time(last));
    last
}

/// Many open deals, one a second, ending now.
pub(crate) fn more_deals(state: &mut State, count: u32, now: DateTime<Utc>) -> RangeInclusive<i64> {
    let first = state.deals.next_id();
    let mut soil = Soil { today: now, chance: Lcg::new(u64::from(count)) };
    for number in 0..i64::from(count) {
        let id = first + number;
        let (stage, ..) = soil.chance.pick(STAGES);
        let mut deal = Entity::Deals.blank(id);
        describe(&mut deal, state, &mut soil, stage, None);
        let at = v2_time(now - TimeDelta::seconds(i64::from(count) - number - 1));
        for time in ["add_time", "update_time", "stage_change_time"] {
            deal.set(time, at.clone());
        }
        deal.set("status", "open");
        state.deals.insert(Record::new(id, deal));
    }
    first..=first + i64::from(count) - 1
}

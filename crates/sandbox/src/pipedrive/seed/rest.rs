//! What surrounds the deals: activities, notes and leads.

use chrono::TimeDelta;

use super::names::{ACTIVITIES, DEAL_SUBJECTS, NOTES};
use super::{Soil, owner};
use crate::pipedrive::schema::Entity;
use crate::pipedrive::state::{Lead, State};
use crate::pipedrive::table::{Record, v1_time, v2_time};
use crate::pipedrive::{keys, notes as notes_of};
use crate::{Json, Object};

const ACTIVITY_COUNT: i64 = 260;
const NOTE_COUNT: i64 = 48;
const LEAD_COUNT: i64 = 17;

/// The deals that activities and notes can belong to.
fn deal_ids(state: &State, soil: &Soil) -> Vec<i64> {
    state
        .deals
        .from(0, soil.today)
        .filter(|deal| !deal.deleted() && !deal.archived())
        .map(Record::id)
        .collect()
}

pub(super) fn activities(state: &mut State, soil: &mut Soil) {
    let deals = deal_ids(state, soil);
    for id in 1..=ACTIVITY_COUNT {
        let (kind, subject) = soil.chance.pick(ACTIVITIES);
        let deal = state.deals.get(soil.chance.pick(&deals), soil.today);
        let person = deal.and_then(|deal| deal.get("person_id").as_i64());
        let org = deal.and_then(|deal| deal.get("org_id").as_i64());
        let deal = deal.map(Record::id);
        let added = soil.ago(270 - id);
        let due = added + TimeDelta::days(soil.chance.below(21));
        let done = (due < soil.today).then(|| due + TimeDelta::hours(2)).filter(|_| soil.chance.percent(85));
        let participants = person
            .map(|id| Object::default().with("person_id", id).with("primary", true).into())
            .into_iter()
            .collect::<Vec<Json>>();
        let user = owner(&mut soil.chance);
        let timed = kind == "meeting" || kind == "lunch";
        let activity = Entity::Activities
            .blank(id)
            .with("subject", subject)
            .with("type", kind)
            .with("owner_id", user)
            .with("creator_user_id", user)
            .with("add_time", v2_time(added))
            .with("update_time", v2_time(done.unwrap_or(added).min(soil.today)))
            .with("deal_id", deal)
            .with("person_id", person)
            .with("org_id", org)
            .with("due_date", due.format("%Y-%m-%d").to_string())
            .with("due_time", timed.then_some("12:30:00"))
            .with("duration", timed.then_some("01:00:00"))
            .with("busy", timed)
            .with("done", done.is_some())
            .with("marked_as_done_time", done.map(v2_time))
            .with("participants", participants)
            .with("priority", soil.chance.percent(10).then_some(263_i64));
        state.activities.insert(Record::new(id, activity));
    }
}

pub(super) fn notes(state: &mut State, soil: &mut Soil) {
    let deals = deal_ids(state, soil);
    for id in 1..=NOTE_COUNT {
        let at = soil.ago(240 - id * 4);
        let user = owner(&mut soil.chance);
        let mut note = notes_of::blank(id, user, at).with("content", soil.chance.pick(NOTES));
        if id % 4 == 0 {
            note.set("person_id", soil.chance.below(142) + 1);
        } else {
            note.set("deal_id", soil.chance.pick(&deals));
            note.set("pinned_to_deal_flag", id % 7 == 0);
        }
        note.set("update_time", v1_time(at + TimeDelta::hours(id)));
        state.notes.insert(Record::new(id, note));
    }
}

fn uuid(kind: i64, number: i64) -> String {
    format!("{:08x}-5a4d-4b0c-8000-{:012x}", 0xa11c_e000 + kind * 0x1000 + number, number * 7_919)
}

/// Leads: the last three are archived. Their times have fractions of a second, unlike everything else.
pub(super) fn leads(state: &mut State, soil: &mut Soil) {
    let precise = |time: chrono::DateTime<chrono::Utc>, number: i64| {
        (time + TimeDelta::milliseconds(number * 37)).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    };
    for (number, (name, color)) in (0..).zip([("Het", "red"), ("Varm", "yellow"), ("Kall", "blue")]) {
        let at = precise(soil.today - TimeDelta::days(800), number);
        let label = Object::default().with("id", uuid(1, number)).with("name", name).with("color", color);
        state.lead_labels.push(label.with("add_time", at.clone()).with("update_time", at));
    }
    for number in 1..=LEAD_COUNT {
        let person = state.persons.get(soil.chance.below(142) + 1, soil.today);
        let org = person.and_then(|person| person.get("org_id").as_i64());
        let name = person.and_then(|person| person.get("name").as_str()).unwrap_or_default().to_owned();
        let person = person.map(Record::id);
        let added = soil.ago(90 - number * 5);
        let updated = added + TimeDelta::hours(number * 3);
        let archived = number > LEAD_COUNT - 3;
        let value = (number % 3 != 0).then(|| {
            let amount = Json::decimal(format!("{}.25", 9_000 + number * 1_500));
            Object::default().with("amount", amount).with("currency", "SEK")
        });
        let mut customs = Object::default();
        if number % 2 == 0 {
            let fee = Object::default().with("value", Json::decimal("2990.40")).with("currency", "SEK");
            customs.set(keys::DEAL_SOURCE, 33_i64);
            customs.set(keys::DEAL_INTERESTS, vec![Json::Int(41), Json::Int(43)]);
            customs.set(keys::DEAL_LICENCE_FEE, fee);
        }
        let user = owner(&mut soil.chance);
        let object = Object::default()
            .with("id", uuid(0, number))
            .with("title", format!("{} – {name}", soil.chance.pick(DEAL_SUBJECTS)))
            .with("owner_id", user)
            .with("creator_id", user)
            .with("label_ids", vec![Json::from(uuid(1, number % 3))])
            .with("person_id", person)
            .with("organization_id", org)
            .with("source_name", "Webbformulär")
            .with("origin", "ManuallyCreated")
            .with("origin_id", Json::Null)
            .with("channel", Json::Null)
            .with("channel_id", Json::Null)
            .with("source_deal_id", Json::Null)
            .with("is_archived", archived)
            .with("was_seen", number % 4 != 0)
            .with("value", value)
            .with("expected_close_date", Json::Null)
            .with("next_activity_id", Json::Null)
            .with("add_time", precise(added, number))
            .with("update_time", precise(updated, number))
            .with("visible_to", "3")
            .with("cc_email", format!("acme-demo+lead{number}@mail.example"))
            .with("custom_fields", customs);
        state.leads.push(Lead { object, updated: updated.timestamp(), archived });
    }
}

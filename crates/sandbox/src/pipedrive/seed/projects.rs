//! What follows a deal: projects with their tasks, and the types of activities.

use chrono::TimeDelta;

use super::{Soil, owner};
use crate::pipedrive::choices::activity_type;
use crate::pipedrive::lines::{blank, fill};
use crate::pipedrive::schema::Entity;
use crate::pipedrive::state::State;
use crate::pipedrive::table::{Record, v1_time, v2_time};
use crate::{Json, Object};

/// Name and word of each type.
const TYPES: [(&str, &str); 6] = [
    ("Samtal", "call"),
    ("Möte", "meeting"),
    ("Uppgift", "task"),
    ("Deadline", "deadline"),
    ("E-post", "email"),
    ("Lunch", "lunch"),
];

const PROJECT_COUNT: i64 = 9;
const STEPS: [&str; 4] = ["Inventera lagret", "Montera ställage", "Utbilda personalen", "Slutbesiktning"];

pub(super) fn activity_types(state: &mut State, soil: &Soil) {
    let founded = v1_time(soil.today - TimeDelta::days(880));
    for (id, (name, word)) in (1..).zip(TYPES) {
        let row = activity_type(id, name, word, false);
        state.activity_types.push(row.with("add_time", founded.clone()).with("update_time", founded.clone()));
    }
}

/// One or two products of each of the first won deals.
pub(super) fn lines(state: &mut State, soil: &mut Soil) {
    let won: Vec<i64> = state
        .deals
        .from(0, soil.today)
        .filter(|deal| !deal.deleted() && deal.get("status").as_str() == Some("won"))
        .take(12)
        .map(Record::id)
        .collect();
    for (number, deal) in
        (1_i64..).zip(won.iter().flat_map(|deal| [*deal, *deal])).filter(|(n, _)| n % 4 != 0)
    {
        let time = v2_time(soil.ago(100 - number));
        let body = Object::default()
            .with("product_id", number % 12 + 1)
            .with("item_price", Json::decimal(format!("{}.50", 400 + number * 35)))
            .with("quantity", number % 3 + 1)
            .with("tax", 25_i64)
            .with("discount", if number % 5 == 0 { 10_i64 } else { 0 });
        let mut line = Record::new(number, blank(number, deal, "SEK".into(), &time));
        if fill(state, &mut line, &body.into()).is_ok() {
            state.lines.insert(line);
        }
    }
}

/// Projects of deals that were won, the last two archived, with four tasks each.
pub(super) fn projects(state: &mut State, soil: &mut Soil) {
    let won: Vec<Record> = state
        .deals
        .from(0, soil.today)
        .filter(|deal| !deal.deleted() && deal.get("status").as_str() == Some("won"))
        .take(usize::try_from(PROJECT_COUNT).unwrap_or_default())
        .cloned()
        .collect();
    let list = |value: &Json| Json::Array(if value.is_null() { Vec::new() } else { vec![value.clone()] });
    for (id, deal) in (1_i64..).zip(won) {
        let added = soil.ago(120 - id * 9);
        let day = |days: i64| (added + TimeDelta::days(days)).format("%Y-%m-%d").to_string();
        let archived = id > PROJECT_COUNT - 2;
        let user = owner(&mut soil.chance);
        let project = Entity::Projects
            .blank(id)
            .with("title", format!("Införande – {}", deal.get("title").as_str().unwrap_or_default()))
            .with("description", "")
            .with("status", if archived { "completed" } else { "open" })
            .with("board_id", 1_i64)
            .with("phase_id", id % 3 + 1)
            .with("owner_id", user)
            .with("start_date", day(7))
            .with("end_date", day(60))
            .with("deal_ids", vec![Json::Int(deal.id())])
            .with("person_ids", list(deal.get("person_id")))
            .with("org_ids", list(deal.get("org_id")))
            .with("add_time", v2_time(added))
            .with("update_time", v2_time(added + TimeDelta::hours(id * 5)))
            .with("status_change_time", v2_time(added))
            .with("archive_time", archived.then(|| v2_time(added + TimeDelta::hours(id * 5))));
        state.projects.insert(Record::new(id, project));
        for (step, title) in (1_i64..).zip(STEPS) {
            let number = (id - 1) * 4 + step;
            let done = archived || step == 1;
            let task = Entity::Tasks
                .blank(number)
                .with("title", title)
                .with("creator_id", user)
                .with("project_id", id)
                .with("is_done", done)
                .with("is_milestone", step == 4)
                .with("due_date", day(step * 12))
                .with("assignee_ids", vec![Json::Int(user)])
                .with("add_time", v2_time(added))
                .with("update_time", v2_time(added + TimeDelta::hours(step)))
                .with("marked_as_done_time", done.then(|| v2_time(added + TimeDelta::hours(step))));
            state.tasks.insert(Record::new(number, task));
        }
    }
}

//! What follows from a change of a deal: times of its stage, its end and its archiving.

use chrono::{DateTime, Utc};

use super::answers::Refusal;
use super::schema::Entity;
use super::state::State;
use super::table::{Record, v2_time};
use crate::Json;

/// Times that only a deal of the given status may have.
const OF_STATUS: [(&str, &[&str]); 4] = [
    ("lost_reason", &["lost"]),
    ("lost_time", &["lost"]),
    ("won_time", &["won"]),
    ("close_time", &["won", "lost"]),
];

pub(crate) fn settle(
    state: &State,
    before: &Record,
    record: &mut Record,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    settle_stage(state, before, record, now)?;
    let changed = record.get("status") != before.get("status");
    let status = record.get("status").as_str().unwrap_or_default().to_owned();
    for (name, allowed) in OF_STATUS {
        let set_now = record.get(name) != before.get(name) && !record.get(name).is_null();
        if !allowed.contains(&status.as_str()) {
            if set_now {
                return Err(Refusal::bad(format!("`{name}` cannot be set while the status is {status}")));
            }
            record.set(name, Json::Null);
        } else if name != "lost_reason" && changed && !set_now {
            record.set(name, v2_time(now));
        }
    }
    for (date, time) in
        [("local_won_date", "won_time"), ("local_lost_date", "lost_time"), ("local_close_date", "close_time")]
    {
        let day = record.get(time).as_str().and_then(|text| text.get(..10)).map(str::to_owned);
        record.set(date, day);
    }
    if record.archived() != before.archived() {
        let given = record.get("archive_time").clone();
        let at = if given.is_null() { v2_time(now).into() } else { given };
        record.set("archive_time", if record.archived() { at } else { Json::Null });
    }
    if record.get("value").is_null() {
        record.set("value", 0_i64);
    }
    Ok(())
}

/// A stage brings its pipeline; a pipeline alone brings its first stage; both must fit together.
fn settle_stage(
    state: &State,
    before: &Record,
    record: &mut Record,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let moved = |name: &str| record.get(name) != before.get(name);
    let (stage_moved, pipeline_moved) = (moved("stage_id"), moved("pipeline_id"));
    if !stage_moved && !pipeline_moved {
        return Ok(());
    }
    if stage_moved {
        let stages = state.table(Entity::Stages);
        let stage = record.get("stage_id").as_i64().and_then(|id| stages.get(id, now));
        let pipeline = stage.map_or(Json::Null, |stage| stage.get("pipeline_id").clone());
        if pipeline_moved && pipeline != *record.get("pipeline_id") {
            return Err(Refusal::bad("`stage_id` is not a stage of `pipeline_id`"));
        }
        record.set("pipeline_id", pipeline);
    } else {
        let first = state.first_stage(record.get("pipeline_id").as_i64());
        record.set("stage_id", first.map(|(stage, _)| stage));
    }
    record.set("stage_change_time", v2_time(now));
    Ok(())
}

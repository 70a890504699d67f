//! Thirty fields of a deal as a mapping: casts, an enum table, dates, copies.

use tieline_mapping::{
    Boolean, Case, Date, Datetime, Decimal, Integer, Mapping, Otherwise, Source, Step, Text, TextOf,
};

pub(super) fn plan() -> Mapping {
    let text = |name: &str| Source::path(name).step(Text { provider: TextOf::Number });
    let integer = |name: &str| Source::path(name).step(Integer::default());
    let money = |name: &str| Source::path(name).step(Decimal { scale: Some(2), ..Decimal::default() });
    let moment = |name: &str| Source::path(name).step(Datetime::default());
    let date = |name: &str| Source::path(name).step(Date::default());
    let boolean = |name: &str| Source::path(name).step(Boolean::default());
    let stages = [("open", "proposal"), ("won", "won"), ("lost", "lost")];
    Mapping::new()
        .field("id", text("id"))
        .field("title", Source::path("title"))
        .field("owner", integer("owner_id"))
        .field("value", money("value"))
        .field("person", text("person_id"))
        .field("organization", text("org_id"))
        .field("stage_id", integer("stage_id"))
        .field("pipeline_id", integer("pipeline_id"))
        .field("currency", Source::path("currency"))
        .field("created_at", moment("add_time"))
        .field("updated_at", moment("update_time"))
        .field("stage_changed_at", moment("stage_change_time"))
        .field("stage", Source::path("status").table(stages, Otherwise::Issue))
        .field("archived", boolean("is_archived"))
        .field("deleted", boolean("is_deleted"))
        .field("probability", integer("probability"))
        .field("lost_reason", Source::path("lost_reason"))
        .field("closed_at", moment("close_time"))
        .field("won_at", moment("won_time"))
        .field("lost_at", moment("lost_time"))
        .field("won_on", date("local_won_date"))
        .field("lost_on", date("local_lost_date"))
        .field("closed_on", date("local_close_date"))
        .field("expected_on", date("expected_close_date"))
        .field("labels", Source::path("label_ids"))
        .field("origin", Source::path("origin").step(Step::Lower(Case::default())))
        .field("channel", text("channel"))
        .field("yearly", money("arr"))
        .field("monthly", money("mrr"))
        .field("deposit", money("/custom_fields/b2c4e6f80a1c3e5f70829406a8b0c2d4e6f80a1c/value"))
}

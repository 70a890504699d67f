//! The fields that every account has, as data.
//!
//! Source: <https://developers.pipedrive.com/docs/api/v1>, the lists of both versions.

use serde_json::{Value, json};

use self::Shape::{
    Address, Any, Contacts, Date, Decimal, Flag, Id, Ids, Int, Money, Ref, Text, Texts, Time, Whole,
};

/// What a field holds. Every field but the id may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The record's own id, a number.
    Id,
    /// The record's own id, a UUID.
    Whole,
    /// The id of a record of another entity.
    Ref(&'static str),
    Int,
    Decimal,
    Text,
    Flag,
    Date,
    /// RFC 3339 (v2), or `YYYY-MM-DD HH:MM:SS` in UTC (v1).
    Time,
    Ids,
    Texts,
    /// E-mail addresses or telephone numbers.
    Contacts,
    Address,
    /// An amount with its currency.
    Money,
    /// Something nested.
    Any,
}

/// A field and what it holds.
pub(crate) type Standard = (&'static str, Shape);

pub(crate) const DEALS: &[Standard] = &[
    ("id", Id),
    ("title", Text),
    ("creator_user_id", Ref("users")),
    ("owner_id", Ref("users")),
    ("person_id", Ref("persons")),
    ("org_id", Ref("organizations")),
    ("pipeline_id", Ref("pipelines")),
    ("stage_id", Ref("stages")),
    ("value", Decimal),
    ("currency", Text),
    ("status", Text),
    ("probability", Decimal),
    ("lost_reason", Text),
    ("visible_to", Int),
    ("add_time", Time),
    ("update_time", Time),
    ("stage_change_time", Time),
    ("close_time", Time),
    ("won_time", Time),
    ("lost_time", Time),
    ("local_won_date", Date),
    ("local_lost_date", Date),
    ("local_close_date", Date),
    ("expected_close_date", Date),
    ("label_ids", Ids),
    ("origin", Text),
    ("origin_id", Text),
    ("channel", Int),
    ("channel_id", Text),
    ("source_lead_id", Ref("leads")),
    ("is_deleted", Flag),
    ("is_archived", Flag),
    ("archive_time", Time),
    ("arr", Decimal),
    ("mrr", Decimal),
    ("acv", Decimal),
];

pub(crate) const PERSONS: &[Standard] = &[
    ("id", Id),
    ("name", Text),
    ("first_name", Text),
    ("last_name", Text),
    ("owner_id", Ref("users")),
    ("org_id", Ref("organizations")),
    ("emails", Contacts),
    ("phones", Contacts),
    ("label_ids", Ids),
    ("visible_to", Int),
    ("picture_id", Int),
    ("add_time", Time),
    ("update_time", Time),
    ("is_deleted", Flag),
    // Only where contacts are synced.
    ("job_title", Text),
    ("notes", Text),
    ("im", Contacts),
    ("birthday", Date),
    ("postal_address", Address),
];

pub(crate) const ORGANIZATIONS: &[Standard] = &[
    ("id", Id),
    ("name", Text),
    ("owner_id", Ref("users")),
    ("address", Address),
    ("website", Text),
    ("linkedin", Text),
    ("industry", Int),
    ("annual_revenue", Decimal),
    ("employee_count", Int),
    ("label_ids", Ids),
    ("visible_to", Int),
    ("add_time", Time),
    ("update_time", Time),
    ("is_deleted", Flag),
];

pub(crate) const ACTIVITIES: &[Standard] = &[
    ("id", Id),
    ("subject", Text),
    ("type", Text),
    ("owner_id", Ref("users")),
    ("creator_user_id", Ref("users")),
    ("deal_id", Ref("deals")),
    ("lead_id", Ref("leads")),
    ("person_id", Ref("persons")),
    ("org_id", Ref("organizations")),
    ("project_id", Int),
    ("due_date", Date),
    ("due_time", Text),
    ("duration", Text),
    ("busy", Flag),
    ("done", Flag),
    ("marked_as_done_time", Time),
    ("location", Address),
    ("participants", Any),
    ("attendees", Any),
    ("conference_meeting_client", Text),
    ("conference_meeting_url", Text),
    ("conference_meeting_id", Text),
    ("public_description", Text),
    ("priority", Int),
    ("note", Text),
    ("add_time", Time),
    ("update_time", Time),
    ("is_deleted", Flag),
];

pub(crate) const PRODUCTS: &[Standard] = &[
    ("id", Id),
    ("name", Text),
    ("code", Text),
    ("unit", Text),
    ("description", Text),
    ("tax", Decimal),
    ("category", Any),
    ("owner_id", Ref("users")),
    ("prices", Any),
    ("billing_frequency", Text),
    ("billing_frequency_cycles", Int),
    ("is_linkable", Flag),
    ("visible_to", Int),
    ("add_time", Time),
    ("update_time", Time),
    ("is_deleted", Flag),
];

pub(crate) const PIPELINES: &[Standard] = &[
    ("id", Id),
    ("name", Text),
    ("order_nr", Int),
    ("is_deal_probability_enabled", Flag),
    ("add_time", Time),
    ("update_time", Time),
    ("is_deleted", Flag),
];

pub(crate) const STAGES: &[Standard] = &[
    ("id", Id),
    ("name", Text),
    ("pipeline_id", Ref("pipelines")),
    ("order_nr", Int),
    ("deal_probability", Decimal),
    ("is_deal_rot_enabled", Flag),
    ("days_to_rotten", Int),
    ("add_time", Time),
    ("update_time", Time),
    ("is_deleted", Flag),
];

pub(crate) const LEADS: &[Standard] = &[
    ("id", Whole),
    ("title", Text),
    ("owner_id", Ref("users")),
    ("creator_id", Ref("users")),
    ("person_id", Ref("persons")),
    ("organization_id", Ref("organizations")),
    ("source_deal_id", Ref("deals")),
    ("label_ids", Texts),
    ("value", Money),
    ("expected_close_date", Date),
    ("source_name", Text),
    ("origin", Text),
    ("origin_id", Text),
    ("channel", Int),
    ("channel_id", Text),
    ("is_archived", Flag),
    ("was_seen", Flag),
    ("next_activity_id", Ref("activities")),
    ("visible_to", Text),
    ("cc_email", Text),
    ("add_time", Time),
    ("update_time", Time),
];

pub(crate) const NOTES: &[Standard] = &[
    ("id", Id),
    ("content", Text),
    ("user_id", Ref("users")),
    ("deal_id", Ref("deals")),
    ("lead_id", Ref("leads")),
    ("person_id", Ref("persons")),
    ("org_id", Ref("organizations")),
    ("project_id", Int),
    ("task_id", Int),
    ("last_update_user_id", Ref("users")),
    ("pinned_to_deal_flag", Flag),
    ("pinned_to_lead_flag", Flag),
    ("pinned_to_person_flag", Flag),
    ("pinned_to_organization_flag", Flag),
    ("pinned_to_project_flag", Flag),
    ("pinned_to_task_flag", Flag),
    ("active_flag", Flag),
    ("deal", Any),
    ("person", Any),
    ("organization", Any),
    ("project", Any),
    ("task", Any),
    ("user", Any),
    ("add_time", Time),
    ("update_time", Time),
];

pub(crate) const USERS: &[Standard] = &[
    ("id", Id),
    ("name", Text),
    ("email", Text),
    ("phone", Text),
    ("default_currency", Text),
    ("locale", Text),
    ("lang", Int),
    ("timezone_name", Text),
    ("timezone_offset", Text),
    ("role_id", Int),
    ("icon_url", Text),
    ("access", Any),
    ("activated", Flag),
    ("active_flag", Flag),
    ("has_created_company", Flag),
    ("is_you", Flag),
    ("is_deleted", Flag),
    ("last_login", Time),
    ("created", Time),
    ("modified", Time),
];

impl Shape {
    /// The word for it in a field's description.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Id | Int | Ref(_) => "int",
            Whole => "uuid",
            Decimal => "double",
            Text => "varchar",
            Flag => "boolean",
            Date => "date",
            Time => "datetime",
            Ids | Texts => "set",
            Contacts => "contacts",
            Address => "address",
            Money => "monetary",
            Any => "json",
        }
    }

    /// Its JSON Schema.
    pub(crate) fn schema(self) -> Value {
        match self {
            Id => json!({ "type": "integer" }),
            Whole => json!({ "type": "string", "format": "uuid" }),
            Ref("leads") => json!({ "type": ["string", "null"] }),
            Ref(_) | Int => json!({ "type": ["integer", "null"] }),
            Decimal => json!({ "type": ["number", "null"] }),
            Text | Time => json!({ "type": ["string", "null"] }),
            Flag => json!({ "type": ["boolean", "null"] }),
            Date => json!({ "type": ["string", "null"], "format": "date" }),
            Ids => json!({ "type": ["array", "null"], "items": { "type": "integer" } }),
            Texts => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
            Contacts => json!({
                "type": ["array", "null"],
                "items": object(&[("value", Text), ("primary", Flag), ("label", Text)]),
            }),
            Address => object(&[
                ("value", Text),
                ("country", Text),
                ("admin_area_level_1", Text),
                ("admin_area_level_2", Text),
                ("locality", Text),
                ("sublocality", Text),
                ("route", Text),
                ("street_number", Text),
                ("subpremise", Text),
                ("postal_code", Text),
            ]),
            Money => object(&[("amount", Decimal), ("currency", Text)]),
            Any => json!({}),
        }
    }
}

/// The schema of an object of these members, or null.
pub(crate) fn object(members: &[Standard]) -> Value {
    let properties: serde_json::Map<String, Value> =
        members.iter().map(|(name, shape)| ((*name).to_owned(), shape.schema())).collect();
    json!({ "type": ["object", "null"], "properties": properties })
}

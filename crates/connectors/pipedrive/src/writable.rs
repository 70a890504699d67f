//! What can be written, as data: the fields of each entity's create and update, what must be given, and what it costs.
//!
//! Sources: the request bodies of <https://developers.pipedrive.com/docs/api/v1>, both versions, and
//! <https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting> for the costs.

use serde_json::{Value, json};

use self::Form::{Address, Bit, Flag, Int, List, Number, Object, Text};

/// The JSON that a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Int,
    Number,
    Text,
    Flag,
    /// v1: 0 or 1. A flag is taken for it, because that is how it reads.
    Bit,
    /// A list, of objects that are told apart by this member, or of plain values.
    List(&'static str),
    /// An object of which Pipedrive takes the whole address only, in `value`.
    Address,
    Object,
}

impl Form {
    /// Whether a JSON text has this form.
    pub(crate) fn takes(self, json: &str) -> bool {
        let digits = json.strip_prefix('-').unwrap_or(json);
        match self {
            Int => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()),
            Number => digits.starts_with(|c: char| c.is_ascii_digit()),
            Text => json.starts_with('"'),
            Flag => matches!(json, "true" | "false"),
            Bit => matches!(json, "true" | "false" | "0" | "1"),
            List(_) => json.starts_with('['),
            Address | Object => json.starts_with('{'),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Int => "a whole number",
            Number => "a number",
            Text => "a text",
            Flag => "true or false",
            Bit => "0 or 1",
            List(_) => "a list",
            Address => r#"an object such as {"value":"Storgatan 1, Lund"}"#,
            Object => "an object",
        }
    }

    pub(crate) fn schema(self) -> Value {
        match self {
            Int => json!({ "type": "integer" }),
            Number => json!({ "type": "number" }),
            Text => json!({ "type": "string" }),
            Flag => json!({ "type": "boolean" }),
            Bit => json!({ "enum": [0, 1] }),
            List(_) => json!({ "type": "array" }),
            Address | Object => json!({ "type": "object" }),
        }
    }
}

/// When a field can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    Creating,
    Updating,
}

/// A field that can be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writable {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) when: When,
    /// Whether it can be left empty.
    pub(crate) open: bool,
}

const fn kept(name: &'static str, form: Form) -> Writable {
    Writable { name, form, when: When::Always, open: false }
}

const fn open(name: &'static str, form: Form) -> Writable {
    Writable { name, form, when: When::Always, open: true }
}

const fn only(when: When, mut field: Writable) -> Writable {
    field.when = when;
    field
}

/// How an entity is written.
#[derive(Debug)]
pub(crate) struct Writes {
    /// Whether an update is a PUT, as in the older endpoints, and not a PATCH. It changes only what it names either way.
    pub(crate) by_put: bool,
    pub(crate) create_cost: u32,
    pub(crate) update_cost: u32,
    pub(crate) delete_cost: u32,
    /// What a create must have.
    pub(crate) required: &'static [&'static str],
    /// Of which it must have one.
    pub(crate) one_of: &'static [&'static str],
    pub(crate) fields: &'static [Writable],
    /// Whether the account's own fields can be written.
    pub(crate) custom: bool,
    /// What the search by a field calls the entity; without it there is no such search, and no marker.
    pub(crate) searched_as: Option<&'static str>,
    /// The fields that a search by term finds, with their names in it.
    pub(crate) terms: &'static [(&'static str, &'static str)],
    pub(crate) search: &'static str,
}

const V2: Writes = Writes {
    by_put: false,
    create_cost: 5,
    update_cost: 5,
    delete_cost: 3,
    required: &[],
    one_of: &[],
    fields: &[],
    custom: false,
    searched_as: None,
    terms: &[],
    search: "",
};

const V1: Writes = Writes { create_cost: 10, update_cost: 10, delete_cost: 6, ..V2 };

impl Writes {
    pub(crate) fn field(&self, name: &str) -> Option<&'static Writable> {
        self.fields.iter().find(|field| field.name == name)
    }
}

pub(crate) const DEALS: &Writes = &Writes {
    required: &["title"],
    fields: &[
        kept("title", Text),
        kept("owner_id", Int),
        open("person_id", Int),
        open("org_id", Int),
        kept("pipeline_id", Int),
        kept("stage_id", Int),
        open("value", Number),
        kept("currency", Text),
        // `false` brings a deleted deal back; a deal is never deleted so.
        only(When::Updating, kept("is_deleted", Flag)),
        kept("is_archived", Flag),
        open("archive_time", Text),
        kept("status", Text),
        open("probability", Number),
        open("lost_reason", Text),
        kept("visible_to", Int),
        open("close_time", Text),
        open("won_time", Text),
        open("lost_time", Text),
        open("expected_close_date", Text),
        open("label_ids", List("")),
    ],
    custom: true,
    searched_as: Some("deal"),
    terms: &[("title", "title")],
    search: "/api/v2/deals/search",
    ..V2
};

pub(crate) const PERSONS: &Writes = &Writes {
    required: &["name"],
    fields: &[
        kept("name", Text),
        kept("owner_id", Int),
        open("org_id", Int),
        only(When::Creating, kept("add_time", Text)),
        open("emails", List("value")),
        open("phones", List("value")),
        kept("visible_to", Int),
        open("label_ids", List("")),
        // Refused with 403 where contacts are not synced.
        open("postal_address", Address),
        open("notes", Text),
        open("im", List("value")),
        open("birthday", Text),
        open("job_title", Text),
        kept("marketing_status", Text),
    ],
    custom: true,
    searched_as: Some("person"),
    terms: &[("name", "name"), ("emails", "email"), ("phones", "phone")],
    search: "/api/v2/persons/search",
    ..V2
};

pub(crate) const ORGANIZATIONS: &Writes = &Writes {
    required: &["name"],
    fields: &[
        kept("name", Text),
        kept("owner_id", Int),
        only(When::Creating, kept("add_time", Text)),
        kept("visible_to", Int),
        open("label_ids", List("")),
        open("address", Address),
        open("website", Text),
        open("linkedin", Text),
        open("industry", Int),
        open("annual_revenue", Int),
        open("employee_count", Int),
    ],
    custom: true,
    searched_as: Some("organization"),
    terms: &[("name", "name")],
    search: "/api/v2/organizations/search",
    ..V2
};

pub(crate) const ACTIVITIES: &Writes = &Writes {
    fields: &[
        kept("subject", Text),
        kept("type", Text),
        kept("owner_id", Int),
        open("deal_id", Int),
        open("lead_id", Text),
        open("org_id", Int),
        open("project_id", Int),
        open("due_date", Text),
        open("due_time", Text),
        open("duration", Text),
        kept("busy", Flag),
        kept("done", Flag),
        open("location", Address),
        open("participants", List("person_id")),
        open("attendees", List("email")),
        open("public_description", Text),
        open("priority", Int),
        open("note", Text),
    ],
    ..V2
};

pub(crate) const PRODUCTS: &Writes = &Writes {
    required: &["name"],
    fields: &[
        kept("name", Text),
        open("code", Text),
        open("description", Text),
        open("unit", Text),
        kept("tax", Number),
        open("category", Number),
        kept("owner_id", Int),
        kept("is_linkable", Flag),
        kept("visible_to", Int),
        // The whole list is replaced, one price for each currency.
        open("prices", List("currency")),
        kept("billing_frequency", Text),
        open("billing_frequency_cycles", Int),
    ],
    custom: true,
    searched_as: Some("product"),
    terms: &[("name", "name"), ("code", "code")],
    search: "/api/v2/products/search",
    ..V2
};

pub(crate) const PIPELINES: &Writes = &Writes {
    required: &["name"],
    fields: &[kept("name", Text), kept("is_deal_probability_enabled", Flag)],
    ..V2
};

pub(crate) const STAGES: &Writes = &Writes {
    required: &["name", "pipeline_id"],
    fields: &[
        kept("name", Text),
        kept("pipeline_id", Int),
        kept("deal_probability", Int),
        kept("is_deal_rot_enabled", Flag),
        open("days_to_rotten", Int),
    ],
    ..V2
};

pub(crate) const LEADS: &Writes = &Writes {
    required: &["title"],
    one_of: &["person_id", "organization_id"],
    fields: &[
        kept("title", Text),
        kept("owner_id", Int),
        open("label_ids", List("")),
        open("person_id", Int),
        open("organization_id", Int),
        only(When::Updating, kept("is_archived", Flag)),
        open("value", Object),
        open("expected_close_date", Text),
        kept("visible_to", Text),
        kept("was_seen", Flag),
        only(When::Creating, open("origin_id", Text)),
        open("channel", Int),
        open("channel_id", Text),
    ],
    custom: true,
    searched_as: Some("lead"),
    terms: &[("title", "title")],
    search: "/api/v2/leads/search",
    ..V1
};

pub(crate) const NOTES: &Writes = &Writes {
    by_put: true,
    required: &["content"],
    one_of: &["deal_id", "person_id", "org_id", "lead_id", "project_id", "task_id"],
    fields: &[
        kept("content", Text),
        open("lead_id", Text),
        open("deal_id", Int),
        open("person_id", Int),
        open("org_id", Int),
        open("project_id", Int),
        open("task_id", Int),
        kept("user_id", Int),
        kept("add_time", Text),
        kept("pinned_to_lead_flag", Bit),
        kept("pinned_to_deal_flag", Bit),
        kept("pinned_to_organization_flag", Bit),
        kept("pinned_to_person_flag", Bit),
        kept("pinned_to_project_flag", Bit),
        kept("pinned_to_task_flag", Bit),
    ],
    ..V1
};

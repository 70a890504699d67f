//! The entities of v2 and the columns of their records, in the order in which answers show them.

use crate::{Json, Object};

/// An entity of the v2 API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Entity {
    /// Deals.
    Deals,
    /// Persons.
    Persons,
    /// Organizations.
    Organizations,
    /// Activities.
    Activities,
    /// Products.
    Products,
    /// Pipelines, read only.
    Pipelines,
    /// Stages, read only.
    Stages,
    /// Projects.
    Projects,
    /// Tasks of projects.
    Tasks,
}

impl Entity {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Deals,
        Self::Persons,
        Self::Organizations,
        Self::Activities,
        Self::Products,
        Self::Pipelines,
        Self::Stages,
        Self::Projects,
        Self::Tasks,
    ];

    /// The name in paths, such as `deals`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Deals => "deals",
            Self::Persons => "persons",
            Self::Organizations => "organizations",
            Self::Activities => "activities",
            Self::Products => "products",
            Self::Pipelines => "pipelines",
            Self::Stages => "stages",
            Self::Projects => "projects",
            Self::Tasks => "tasks",
        }
    }

    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.path() == path)
    }

    /// The name in messages.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Deals => "Deal",
            Self::Persons => "Person",
            Self::Organizations => "Organization",
            Self::Activities => "Activity",
            Self::Products => "Product",
            Self::Pipelines => "Pipeline",
            Self::Stages => "Stage",
            Self::Projects => "Project",
            Self::Tasks => "Task",
        }
    }

    pub(crate) const fn writable(self) -> bool {
        !matches!(self, Self::Pipelines | Self::Stages)
    }

    pub(crate) const fn has_custom_fields(self) -> bool {
        matches!(self, Self::Deals | Self::Persons | Self::Organizations | Self::Products)
    }

    pub(crate) const fn sortable(self) -> &'static [&'static str] {
        match self {
            Self::Activities => &["id", "update_time", "add_time", "due_date"],
            Self::Products => &["id", "name", "add_time", "update_time"],
            Self::Stages => &["id", "update_time", "add_time", "order_nr"],
            Self::Projects | Self::Tasks => &["id"],
            _ => &["id", "update_time", "add_time"],
        }
    }

    /// The parameters that compare a field with an id.
    pub(crate) const fn id_filters(self) -> &'static [&'static str] {
        match self {
            Self::Deals => &["owner_id", "person_id", "org_id", "pipeline_id", "stage_id"],
            Self::Persons => &["owner_id", "org_id"],
            Self::Organizations | Self::Products => &["owner_id"],
            Self::Activities => &["owner_id", "deal_id", "person_id", "org_id"],
            Self::Stages => &["pipeline_id"],
            Self::Projects => &["phase_id"],
            Self::Tasks => &["project_id", "parent_task_id"],
            Self::Pipelines => &[],
        }
    }

    pub(crate) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Deals => DEALS,
            Self::Persons => PERSONS,
            Self::Organizations => ORGANIZATIONS,
            Self::Activities => ACTIVITIES,
            Self::Products => PRODUCTS,
            Self::Pipelines => PIPELINES,
            Self::Stages => STAGES,
            Self::Projects => PROJECTS,
            Self::Tasks => TASKS,
        }
    }

    /// Whether a deleted record is shown by its id for a month.
    pub(crate) const fn shows_deleted(self) -> bool {
        !matches!(self, Self::Projects | Self::Tasks)
    }

    pub(crate) fn column(self, name: &str) -> Option<&'static Column> {
        self.columns().iter().find(|column| column.name == name)
    }

    /// A record with nothing in it yet.
    pub(crate) fn blank(self, id: i64) -> Object {
        // What is written under another name is not shown.
        let shown = self.columns().iter().filter(|column| column.kind != Kind::Bit);
        let mut object = Object::of_new(shown.map(|column| (column.name, column.kind.blank())));
        object.set("id", id);
        object
    }
}

/// A column of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) access: Access,
}

/// Who may set a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only the provider.
    Provider,
    /// Anyone, but never to null.
    Given,
    /// Anyone; null clears it.
    Open,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Name,
    Int,
    Number,
    Bool,
    Date,
    Clock,
    Time,
    User,
    Id(Entity),
    /// 0 or 1, shown as a flag of another name.
    Bit,
    Labels,
    Visibility,
    Status,
    Currency,
    Contacts,
    Address,
    Prices,
    Participants,
    Attendees,
    Billing,
    Custom,
}

impl Kind {
    fn blank(self) -> Json {
        match self {
            Self::Labels | Self::Contacts | Self::Prices | Self::Participants | Self::Attendees => {
                Vec::new().into()
            }
            Self::Bool => false.into(),
            Self::Custom => Object::default().into(),
            Self::Visibility => 3_i64.into(),
            _ => Json::Null,
        }
    }
}

const fn column(name: &'static str, kind: Kind, access: Access) -> Column {
    Column { name, kind, access }
}

const fn own(name: &'static str, kind: Kind) -> Column {
    column(name, kind, Access::Provider)
}

const fn given(name: &'static str, kind: Kind) -> Column {
    column(name, kind, Access::Given)
}

const fn open(name: &'static str, kind: Kind) -> Column {
    column(name, kind, Access::Open)
}

const DEALS: &[Column] = &[
    own("id", Kind::Int),
    given("title", Kind::Name),
    own("creator_user_id", Kind::User),
    given("owner_id", Kind::User),
    open("value", Kind::Number),
    open("person_id", Kind::Id(Entity::Persons)),
    open("org_id", Kind::Id(Entity::Organizations)),
    given("stage_id", Kind::Id(Entity::Stages)),
    given("pipeline_id", Kind::Id(Entity::Pipelines)),
    given("currency", Kind::Currency),
    open("archive_time", Kind::Time),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
    own("stage_change_time", Kind::Time),
    given("status", Kind::Status),
    given("is_archived", Kind::Bool),
    given("is_deleted", Kind::Bool),
    open("probability", Kind::Number),
    open("lost_reason", Kind::Text),
    given("visible_to", Kind::Visibility),
    open("close_time", Kind::Time),
    open("won_time", Kind::Time),
    open("lost_time", Kind::Time),
    own("local_won_date", Kind::Date),
    own("local_lost_date", Kind::Date),
    own("local_close_date", Kind::Date),
    open("expected_close_date", Kind::Date),
    open("label_ids", Kind::Labels),
    own("origin", Kind::Text),
    own("origin_id", Kind::Text),
    own("channel", Kind::Int),
    own("channel_id", Kind::Text),
    own("source_lead_id", Kind::Text),
    own("acv", Kind::Number),
    own("arr", Kind::Number),
    own("mrr", Kind::Number),
    given("custom_fields", Kind::Custom),
];

const PERSONS: &[Column] = &[
    own("id", Kind::Int),
    given("name", Kind::Name),
    own("first_name", Kind::Text),
    own("last_name", Kind::Text),
    given("owner_id", Kind::User),
    open("org_id", Kind::Id(Entity::Organizations)),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
    open("emails", Kind::Contacts),
    open("phones", Kind::Contacts),
    own("is_deleted", Kind::Bool),
    given("visible_to", Kind::Visibility),
    open("label_ids", Kind::Labels),
    own("picture_id", Kind::Int),
    given("custom_fields", Kind::Custom),
];

/// Written only where the company syncs its contacts, which this one does not.
pub(crate) const CONTACT_SYNC: [&str; 5] = ["postal_address", "notes", "im", "birthday", "job_title"];

const ORGANIZATIONS: &[Column] = &[
    own("id", Kind::Int),
    given("name", Kind::Name),
    given("owner_id", Kind::User),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
    open("address", Kind::Address),
    own("is_deleted", Kind::Bool),
    given("visible_to", Kind::Visibility),
    open("label_ids", Kind::Labels),
    open("website", Kind::Text),
    open("linkedin", Kind::Text),
    open("industry", Kind::Int),
    open("annual_revenue", Kind::Int),
    open("employee_count", Kind::Int),
    given("custom_fields", Kind::Custom),
];

const ACTIVITIES: &[Column] = &[
    own("id", Kind::Int),
    given("subject", Kind::Text),
    given("type", Kind::Text),
    given("owner_id", Kind::User),
    own("creator_user_id", Kind::User),
    own("is_deleted", Kind::Bool),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
    open("deal_id", Kind::Id(Entity::Deals)),
    open("lead_id", Kind::Text),
    own("person_id", Kind::Id(Entity::Persons)),
    open("org_id", Kind::Id(Entity::Organizations)),
    open("project_id", Kind::Int),
    open("due_date", Kind::Date),
    open("due_time", Kind::Clock),
    open("duration", Kind::Clock),
    given("busy", Kind::Bool),
    given("done", Kind::Bool),
    own("marked_as_done_time", Kind::Time),
    open("location", Kind::Address),
    open("participants", Kind::Participants),
    open("attendees", Kind::Attendees),
    own("conference_meeting_client", Kind::Text),
    own("conference_meeting_url", Kind::Text),
    own("conference_meeting_id", Kind::Text),
    open("public_description", Kind::Text),
    open("priority", Kind::Int),
    open("note", Kind::Text),
];

const PRODUCTS: &[Column] = &[
    own("id", Kind::Int),
    given("name", Kind::Name),
    open("code", Kind::Text),
    open("description", Kind::Text),
    open("unit", Kind::Text),
    given("tax", Kind::Number),
    open("category", Kind::Int),
    given("is_linkable", Kind::Bool),
    own("is_deleted", Kind::Bool),
    given("visible_to", Kind::Visibility),
    given("owner_id", Kind::User),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
    given("billing_frequency", Kind::Billing),
    open("billing_frequency_cycles", Kind::Int),
    given("prices", Kind::Prices),
    given("custom_fields", Kind::Custom),
];

const PIPELINES: &[Column] = &[
    own("id", Kind::Int),
    own("name", Kind::Name),
    own("order_nr", Kind::Int),
    own("is_deleted", Kind::Bool),
    own("is_deal_probability_enabled", Kind::Bool),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
];

const STAGES: &[Column] = &[
    own("id", Kind::Int),
    own("order_nr", Kind::Int),
    own("name", Kind::Name),
    own("is_deleted", Kind::Bool),
    own("deal_probability", Kind::Int),
    own("pipeline_id", Kind::Id(Entity::Pipelines)),
    own("is_deal_rot_enabled", Kind::Bool),
    own("days_to_rotten", Kind::Int),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
];

const PROJECTS: &[Column] = &[
    own("id", Kind::Int),
    given("title", Kind::Name),
    given("description", Kind::Text),
    given("status", Kind::Text),
    given("board_id", Kind::Int),
    given("phase_id", Kind::Int),
    given("owner_id", Kind::User),
    given("start_date", Kind::Date),
    given("end_date", Kind::Date),
    given("deal_ids", Kind::Labels),
    given("person_ids", Kind::Labels),
    given("org_ids", Kind::Labels),
    given("label_ids", Kind::Labels),
    given("health_status", Kind::Int),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
    own("status_change_time", Kind::Time),
    own("archive_time", Kind::Time),
    given("custom_fields", Kind::Custom),
];

const TASKS: &[Column] = &[
    own("id", Kind::Int),
    given("title", Kind::Name),
    own("creator_id", Kind::User),
    open("description", Kind::Text),
    given("project_id", Kind::Id(Entity::Projects)),
    given("done", Kind::Bit),
    given("milestone", Kind::Bit),
    own("is_done", Kind::Bool),
    own("is_milestone", Kind::Bool),
    open("due_date", Kind::Date),
    open("start_date", Kind::Date),
    open("parent_task_id", Kind::Id(Entity::Tasks)),
    given("assignee_ids", Kind::Labels),
    open("priority", Kind::Int),
    own("add_time", Kind::Time),
    own("update_time", Kind::Time),
    own("marked_as_done_time", Kind::Time),
];

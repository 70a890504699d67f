//! Everything that the emulated account holds.

use chrono::{DateTime, Utc};

use super::limits::Meter;
use super::schema::Entity;
use super::table::Table;
use crate::{Json, Object};

/// The company that the sandbox belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) domain: &'static str,
    pub(crate) company_id: i64,
    pub(crate) company_name: &'static str,
    pub(crate) token: String,
    /// The user whose token it is.
    pub(crate) user_id: i64,
}

/// A lead as v1 shows it.
#[derive(Clone, Debug)]
pub(crate) struct Lead {
    pub(crate) object: Object,
    pub(crate) updated: i64,
    pub(crate) archived: bool,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) account: Account,
    /// The user who acts: the caller while a request is answered, else the owner of the API token.
    pub(crate) me: i64,
    pub(crate) meter: Meter,
    /// Whether the list of active deals shows the deleted ones of the archive too. Assumed either way.
    pub(crate) one_feed: bool,
    pub(crate) users: Vec<Object>,
    pub(crate) leads: Vec<Lead>,
    pub(crate) lead_labels: Vec<Object>,
    pub(crate) activity_types: Vec<Object>,
    pub(crate) notes: Table,
    pub(crate) deals: Table,
    pub(crate) persons: Table,
    pub(crate) organizations: Table,
    pub(crate) activities: Table,
    pub(crate) products: Table,
    pub(crate) pipelines: Table,
    pub(crate) stages: Table,
    pub(crate) projects: Table,
    pub(crate) tasks: Table,
    /// Product lines of deals.
    pub(crate) lines: Table,
}

impl State {
    pub(crate) fn empty(account: Account) -> Self {
        Self {
            me: account.user_id,
            account,
            meter: Meter::default(),
            one_feed: false,
            users: Vec::new(),
            leads: Vec::new(),
            lead_labels: Vec::new(),
            activity_types: Vec::new(),
            notes: Table::default(),
            deals: Table::default(),
            persons: Table::default(),
            organizations: Table::default(),
            activities: Table::default(),
            products: Table::default(),
            pipelines: Table::default(),
            stages: Table::default(),
            projects: Table::default(),
            tasks: Table::default(),
            lines: Table::default(),
        }
    }

    pub(crate) const fn table(&self, entity: Entity) -> &Table {
        match entity {
            Entity::Deals => &self.deals,
            Entity::Persons => &self.persons,
            Entity::Organizations => &self.organizations,
            Entity::Activities => &self.activities,
            Entity::Products => &self.products,
            Entity::Pipelines => &self.pipelines,
            Entity::Stages => &self.stages,
            Entity::Projects => &self.projects,
            Entity::Tasks => &self.tasks,
        }
    }

    pub(crate) const fn table_mut(&mut self, entity: Entity) -> &mut Table {
        match entity {
            Entity::Deals => &mut self.deals,
            Entity::Persons => &mut self.persons,
            Entity::Organizations => &mut self.organizations,
            Entity::Activities => &mut self.activities,
            Entity::Products => &mut self.products,
            Entity::Pipelines => &mut self.pipelines,
            Entity::Stages => &mut self.stages,
            Entity::Projects => &mut self.projects,
            Entity::Tasks => &mut self.tasks,
        }
    }

    pub(crate) fn user(&self, id: i64) -> Option<&Object> {
        self.users.iter().find(|user| user.get("id").and_then(Json::as_i64) == Some(id))
    }

    pub(crate) fn is_user(&self, id: i64) -> bool {
        self.user(id).is_some()
    }

    /// The first stage of a pipeline, or of the first pipeline, with its pipeline.
    pub(crate) fn first_stage(&self, pipeline: Option<i64>) -> Option<(i64, i64)> {
        let of = |stage: &super::table::Record, name| stage.get(name).as_i64().unwrap_or_default();
        self.stages
            .from(0, DateTime::<Utc>::UNIX_EPOCH)
            .filter(|stage| pipeline.is_none_or(|id| of(stage, "pipeline_id") == id))
            .min_by_key(|stage| (of(stage, "pipeline_id"), of(stage, "order_nr")))
            .map(|stage| (stage.id(), of(stage, "pipeline_id")))
    }
}

//! What Pipedrive offers, as data: an entity's paths, costs, paging and manners.
//!
//! Sources: the API references <https://developers.pipedrive.com/docs/api/v1> (both versions), and
//! <https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting> for the costs.

use tieline_core::{Deletes, EntityName, Error, ErrorKind, Result};
use tieline_kit::{Call, nearest};

use crate::fields::{self, Standard};
use crate::state::Phase;
use crate::writable::{self, Writes};

/// The most records of a page, in both versions.
pub(crate) const PAGE: u32 = 500;
/// The most ids of a look-up in one request.
pub(crate) const IDS: usize = 100;

/// How a list is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// v2: `cursor` and `limit`.
    Cursor,
    /// v1: `start` and `limit`.
    Offset,
    /// v1: everything at once.
    Whole,
}

/// What a key looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyForm {
    Integer,
    Uuid,
}

/// An entity.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) list: &'static str,
    pub(crate) list_cost: u32,
    /// The list of what was archived, which the first list hides.
    pub(crate) archived: Option<(&'static str, u32)>,
    pub(crate) get: &'static str,
    pub(crate) get_cost: u32,
    pub(crate) paging: Paging,
    pub(crate) key: KeyForm,
    /// Whether the list takes `updated_since`.
    pub(crate) changes: bool,
    /// Whether the list of archived records takes it too.
    pub(crate) archived_changes: bool,
    /// Whether the list takes `ids`.
    pub(crate) by_ids: bool,
    pub(crate) deletes: Deletes,
    /// The value of `sort` (v1) that orders by id.
    pub(crate) sort: Option<&'static str>,
    /// The member that says when a record changed.
    pub(crate) changed_at: &'static str,
    /// Whether `active_flag: false` means that the record was deleted. A user is only switched off by it.
    pub(crate) inactive_is_gone: bool,
    /// The fields that every account has.
    pub(crate) standard: &'static [Standard],
    /// Where the account describes its fields, its own among them.
    pub(crate) fields: Option<&'static str>,
    /// How it is written, when it can be.
    pub(crate) writes: Option<&'static Writes>,
}

const V2: Endpoint = Endpoint {
    name: "",
    title: "",
    list: "",
    list_cost: 10,
    archived: None,
    get: "",
    get_cost: 1,
    paging: Paging::Cursor,
    key: KeyForm::Integer,
    changes: true,
    archived_changes: false,
    by_ids: true,
    deletes: Deletes::Sweep,
    sort: None,
    changed_at: "update_time",
    inactive_is_gone: false,
    standard: &[],
    fields: None,
    writes: None,
};

const V1: Endpoint = Endpoint { list_cost: 20, get_cost: 2, paging: Paging::Offset, by_ids: false, ..V2 };

/// All entities.
pub(crate) const ENTITIES: &[Endpoint] = &[
    Endpoint {
        name: "deals",
        title: "Deals",
        standard: fields::DEALS,
        writes: Some(writable::DEALS),
        list: "/api/v2/deals",
        archived: Some(("/api/v2/deals/archived", 20)),
        archived_changes: true,
        get: "/api/v2/deals/{id}",
        // `status=deleted` lists what was deleted in the last 30 days.
        deletes: Deletes::Feed,
        fields: Some("/api/v2/dealFields"),
        ..V2
    },
    Endpoint {
        name: "persons",
        title: "Persons",
        standard: fields::PERSONS,
        writes: Some(writable::PERSONS),
        list: "/api/v2/persons",
        get: "/api/v2/persons/{id}",
        fields: Some("/api/v2/personFields"),
        ..V2
    },
    Endpoint {
        name: "organizations",
        title: "Organizations",
        standard: fields::ORGANIZATIONS,
        writes: Some(writable::ORGANIZATIONS),
        list: "/api/v2/organizations",
        get: "/api/v2/organizations/{id}",
        fields: Some("/api/v2/organizationFields"),
        ..V2
    },
    Endpoint {
        name: "activities",
        title: "Activities",
        standard: fields::ACTIVITIES,
        writes: Some(writable::ACTIVITIES),
        list: "/api/v2/activities",
        get: "/api/v2/activities/{id}",
        fields: Some("/api/v2/activityFields"),
        ..V2
    },
    Endpoint {
        name: "products",
        title: "Products",
        standard: fields::PRODUCTS,
        writes: Some(writable::PRODUCTS),
        list: "/api/v2/products",
        get: "/api/v2/products/{id}",
        fields: Some("/api/v2/productFields"),
        ..V2
    },
    Endpoint {
        name: "pipelines",
        title: "Pipelines",
        standard: fields::PIPELINES,
        writes: Some(writable::PIPELINES),
        list: "/api/v2/pipelines",
        list_cost: 5,
        get: "/api/v2/pipelines/{id}",
        changes: false,
        by_ids: false,
        ..V2
    },
    Endpoint {
        name: "stages",
        title: "Stages",
        standard: fields::STAGES,
        writes: Some(writable::STAGES),
        list: "/api/v2/stages",
        list_cost: 5,
        get: "/api/v2/stages/{id}",
        changes: false,
        by_ids: false,
        ..V2
    },
    Endpoint {
        name: "leads",
        title: "Leads",
        standard: fields::LEADS,
        writes: Some(writable::LEADS),
        list: "/api/v1/leads",
        archived: Some(("/api/v1/leads/archived", 40)),
        get: "/api/v1/leads/{id}",
        key: KeyForm::Uuid,
        sort: Some("id"),
        fields: Some("/api/v2/dealFields"),
        ..V1
    },
    Endpoint {
        name: "notes",
        title: "Notes",
        standard: fields::NOTES,
        writes: Some(writable::NOTES),
        list: "/api/v1/notes",
        get: "/api/v1/notes/{id}",
        sort: Some("id ASC"),
        inactive_is_gone: true,
        ..V1
    },
    Endpoint {
        name: "users",
        title: "Users",
        standard: fields::USERS,
        list: "/api/v1/users",
        get: "/api/v1/users/{id}",
        paging: Paging::Whole,
        changes: false,
        changed_at: "modified",
        ..V1
    },
];

impl Endpoint {
    /// The entity of that name. Fails with `NotFound`, naming those that there are.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        ENTITIES.iter().find(|entity| entity.name == name).ok_or_else(|| {
            let shown = tieline_kit::excerpt(name, 64);
            let names: Vec<&str> = ENTITIES.iter().map(|entity| entity.name).collect();
            let advice = match nearest(name, names.iter().copied()) {
                Some(meant) => format!("did you mean {meant:?}? There are {}", names.join(", ")),
                None => format!("there are {}", names.join(", ")),
            };
            Error::new(ErrorKind::NotFound, format!("Pipedrive has no entity {shown:?}")).with_advice(advice)
        })
    }

    pub(crate) fn entity(&self) -> EntityName {
        EntityName::from_static(self.name)
    }

    /// Where the records of a phase are listed.
    pub(crate) fn call(&self, phase: Phase) -> Call {
        match (phase, self.archived) {
            (Phase::Archived, Some((path, cost))) => Call::get(path).entity(self.name).cost(cost),
            _ => Call::get(self.list).entity(self.name).cost(self.list_cost),
        }
    }

    /// One record.
    pub(crate) fn one(&self, key: &str) -> Call {
        Call::get(self.get).entity(self.name).value(key).cost(self.get_cost)
    }

    /// Whether a text can be a key of this entity: what cannot is never asked for.
    pub(crate) fn fits(&self, key: &str) -> bool {
        match self.key {
            KeyForm::Integer => key.parse::<u64>().is_ok_and(|id| id > 0 && id.to_string() == key),
            KeyForm::Uuid => {
                key.len() == 36
                    && key.bytes().enumerate().all(|(at, byte)| match at {
                        8 | 13 | 18 | 23 => byte == b'-',
                        _ => byte.is_ascii_hexdigit(),
                    })
            }
        }
    }
}

//! Typed records. Every field that Pipedrive may leave out or set to null is optional; what is not named here is in
//! the record's own text.
//!
//! Source of the shapes: <https://developers.pipedrive.com/docs/api/v1>.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use tieline_core::RawJson;

/// Custom fields by their code of 40 hexadecimal digits, each as Pipedrive writes it. `discover` names them.
type CustomFields = BTreeMap<String, RawJson>;

/// Null is the default.
fn lenient<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A deal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deal {
    /// Its id.
    pub id: u64,
    /// Its title.
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    /// The user who owns it.
    #[serde(default)]
    pub owner_id: Option<u64>,
    /// The person it is with.
    #[serde(default)]
    pub person_id: Option<u64>,
    /// The organization it is with.
    #[serde(default)]
    pub org_id: Option<u64>,
    /// Its pipeline.
    #[serde(default)]
    pub pipeline_id: Option<u64>,
    /// Its stage.
    #[serde(default)]
    pub stage_id: Option<u64>,
    /// What it is worth, in `currency`.
    #[serde(default, with = "tieline_core::exact::option")]
    pub value: Option<Decimal>,
    /// ISO 4217.
    #[serde(default)]
    pub currency: Option<String>,
    /// `open`, `won`, `lost` or `deleted`.
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// In percent, when it has one of its own.
    #[serde(default, with = "tieline_core::exact::option")]
    pub probability: Option<Decimal>,
    /// Why it was lost.
    #[serde(default)]
    pub lost_reason: Option<String>,
    /// When it was added.
    #[serde(default)]
    pub add_time: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default)]
    pub update_time: Option<DateTime<Utc>>,
    /// When it last moved between stages.
    #[serde(default)]
    pub stage_change_time: Option<DateTime<Utc>>,
    /// When it was won.
    #[serde(default)]
    pub won_time: Option<DateTime<Utc>>,
    /// When it was lost.
    #[serde(default)]
    pub lost_time: Option<DateTime<Utc>>,
    /// When it was won or lost.
    #[serde(default)]
    pub close_time: Option<DateTime<Utc>>,
    /// When it is expected to close.
    #[serde(default)]
    pub expected_close_date: Option<NaiveDate>,
    /// Its labels.
    #[serde(default, deserialize_with = "lenient")]
    pub label_ids: Vec<u64>,
    /// Whether it was archived.
    #[serde(default, deserialize_with = "lenient")]
    pub is_archived: bool,
    /// Whether it was deleted.
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
    /// The account's own fields.
    #[serde(default, deserialize_with = "lenient")]
    pub custom_fields: CustomFields,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Person {
    /// Its id.
    pub id: u64,
    /// The whole name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The first name.
    #[serde(default)]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default)]
    pub last_name: Option<String>,
    /// The user who owns it.
    #[serde(default)]
    pub owner_id: Option<u64>,
    /// The organization it belongs to.
    #[serde(default)]
    pub org_id: Option<u64>,
    /// E-mail addresses.
    #[serde(default, deserialize_with = "lenient")]
    pub emails: Vec<Contact>,
    /// Telephone numbers.
    #[serde(default, deserialize_with = "lenient")]
    pub phones: Vec<Contact>,
    /// When it was added.
    #[serde(default)]
    pub add_time: Option<DateTime<Utc>>,
    /// When it last changed. Old persons have none.
    #[serde(default)]
    pub update_time: Option<DateTime<Utc>>,
    /// Its labels.
    #[serde(default, deserialize_with = "lenient")]
    pub label_ids: Vec<u64>,
    /// Whether it was deleted.
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
    /// The account's own fields.
    #[serde(default, deserialize_with = "lenient")]
    pub custom_fields: CustomFields,
}

/// An e-mail address or a telephone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contact {
    /// The address or number.
    #[serde(default, deserialize_with = "lenient")]
    pub value: String,
    /// Whether it is the main one.
    #[serde(default, deserialize_with = "lenient")]
    pub primary: bool,
    /// `work`, `home`, `mobile` or another word.
    #[serde(default)]
    pub label: Option<String>,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Organization {
    /// Its id.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The user who owns it.
    #[serde(default)]
    pub owner_id: Option<u64>,
    /// Where it is.
    #[serde(default)]
    pub address: Option<Address>,
    /// Its web site.
    #[serde(default)]
    pub website: Option<String>,
    /// Its revenue in a year.
    #[serde(default, with = "tieline_core::exact::option")]
    pub annual_revenue: Option<Decimal>,
    /// How many people work there.
    #[serde(default)]
    pub employee_count: Option<u64>,
    /// When it was added.
    #[serde(default)]
    pub add_time: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default)]
    pub update_time: Option<DateTime<Utc>>,
    /// Its labels.
    #[serde(default, deserialize_with = "lenient")]
    pub label_ids: Vec<u64>,
    /// Whether it was deleted.
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
    /// The account's own fields.
    #[serde(default, deserialize_with = "lenient")]
    pub custom_fields: CustomFields,
}

/// A postal address. Pipedrive finds the parts from `value`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Address {
    /// The address as it was entered.
    #[serde(default)]
    pub value: Option<String>,
    /// The country.
    #[serde(default)]
    pub country: Option<String>,
    /// The city.
    #[serde(default)]
    pub locality: Option<String>,
    /// The street.
    #[serde(default)]
    pub route: Option<String>,
    /// The house number.
    #[serde(default)]
    pub street_number: Option<String>,
    /// The postal code.
    #[serde(default)]
    pub postal_code: Option<String>,
}

/// An activity: a call, a meeting, a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Activity {
    /// Its id.
    pub id: u64,
    /// What it is about.
    #[serde(default, deserialize_with = "lenient")]
    pub subject: String,
    /// The key of its type: `call`, `meeting`, or one of the account's own.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The user who does it.
    #[serde(default)]
    pub owner_id: Option<u64>,
    /// The deal it belongs to.
    #[serde(default)]
    pub deal_id: Option<u64>,
    /// The lead it belongs to.
    #[serde(default)]
    pub lead_id: Option<String>,
    /// The main participant.
    #[serde(default)]
    pub person_id: Option<u64>,
    /// The organization it is with.
    #[serde(default)]
    pub org_id: Option<u64>,
    /// The day it is due.
    #[serde(default)]
    pub due_date: Option<NaiveDate>,
    /// The time it is due: `HH:MM` or `HH:MM:SS`, in UTC. Empty for the whole day.
    #[serde(default)]
    pub due_time: Option<String>,
    /// How long it takes: `HH:MM` or `HH:MM:SS`.
    #[serde(default)]
    pub duration: Option<String>,
    /// Whether it is done.
    #[serde(default, deserialize_with = "lenient")]
    pub done: bool,
    /// The persons who take part.
    #[serde(default, deserialize_with = "lenient")]
    pub participants: Vec<Participant>,
    /// A note, as HTML.
    #[serde(default)]
    pub note: Option<String>,
    /// When it was added.
    #[serde(default)]
    pub add_time: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default)]
    pub update_time: Option<DateTime<Utc>>,
    /// Whether it was deleted.
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
}

/// A person who takes part in an activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Participant {
    /// The person.
    #[serde(default)]
    pub person_id: Option<u64>,
    /// Whether it is the main one.
    #[serde(default, deserialize_with = "lenient")]
    pub primary: bool,
}

/// A pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pipeline {
    /// Its id.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Its place among the pipelines.
    #[serde(default)]
    pub order_nr: Option<i64>,
    /// Whether its deals have a probability of their own.
    #[serde(default, deserialize_with = "lenient")]
    pub is_deal_probability_enabled: bool,
    /// When it was added.
    #[serde(default)]
    pub add_time: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default)]
    pub update_time: Option<DateTime<Utc>>,
    /// Whether it was deleted.
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
}

/// A stage of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stage {
    /// Its id.
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Its pipeline.
    #[serde(default)]
    pub pipeline_id: Option<u64>,
    /// Its place in the pipeline.
    #[serde(default)]
    pub order_nr: Option<i64>,
    /// In percent.
    #[serde(default, with = "tieline_core::exact::option")]
    pub deal_probability: Option<Decimal>,
    /// After how many days a deal in it counts as neglected.
    #[serde(default)]
    pub days_to_rotten: Option<u64>,
    /// When it was added.
    #[serde(default)]
    pub add_time: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default)]
    pub update_time: Option<DateTime<Utc>>,
    /// Whether it was deleted.
    #[serde(default, deserialize_with = "lenient")]
    pub is_deleted: bool,
}

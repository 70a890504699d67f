//! Typed records. Fields differ between versions, apps and what a user may see, so that everything but the id is
//! optional; what is not named here is in the record's own text.
//!
//! Source of the fields: the models of Odoo 17 and 19.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Null is the default.
fn lenient<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A record without `active` is active.
fn active() -> bool {
    true
}

/// A reference to another record: its id, and its name in the connection's language when it was read. The name does not
/// follow later changes of the other record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reference {
    /// The id.
    pub id: i64,
    /// The name that Odoo shows, where the user may see it.
    #[serde(default)]
    pub name: Option<String>,
}

impl Reference {
    /// A reference.
    pub fn new(id: i64, name: impl Into<String>) -> Self {
        Self { id, name: Some(name.into()) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "#{}", self.id),
        }
    }
}

/// Odoo's times: `2026-11-20 15:17:16`, always UTC.
mod time {
    use super::*;

    const FORM: &str = "%Y-%m-%d %H:%M:%S";

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        text.map(|text| {
            tieline_kit::instant(&text).ok_or_else(|| serde::de::Error::custom("not a time of Odoo"))
        })
        .transpose()
    }

    pub(super) fn serialize<S: Serializer>(
        time: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(&time.format(FORM)),
            None => serializer.serialize_none(),
        }
    }
}

/// An employee (`hr.employee`, and `hr.employee.public` for users without rights in the Employees app).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Employee {
    /// The id.
    pub id: i64,
    /// The name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The title of the job as it is printed.
    #[serde(default)]
    pub job_title: Option<String>,
    /// The job position.
    #[serde(default)]
    pub job_id: Option<Reference>,
    /// The department.
    #[serde(default)]
    pub department_id: Option<Reference>,
    /// The manager.
    #[serde(default)]
    pub parent_id: Option<Reference>,
    /// The coach.
    #[serde(default)]
    pub coach_id: Option<Reference>,
    /// The company.
    #[serde(default)]
    pub company_id: Option<Reference>,
    /// The user who signs in, if the employee is one.
    #[serde(default)]
    pub user_id: Option<Reference>,
    /// E-mail at work.
    #[serde(default)]
    pub work_email: Option<String>,
    /// Telephone at work.
    #[serde(default)]
    pub work_phone: Option<String>,
    /// Mobile telephone at work.
    #[serde(default)]
    pub mobile_phone: Option<String>,
    /// Whether it is not archived.
    #[serde(default = "active")]
    pub active: bool,
    /// When it was made.
    #[serde(default, with = "time")]
    pub create_date: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, with = "time")]
    pub write_date: Option<DateTime<Utc>>,
}

/// A department (`hr.department`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Department {
    /// The id.
    pub id: i64,
    /// The name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The names from the top down, joined by slashes.
    #[serde(default)]
    pub complete_name: Option<String>,
    /// The department above.
    #[serde(default)]
    pub parent_id: Option<Reference>,
    /// The employee who leads it.
    #[serde(default)]
    pub manager_id: Option<Reference>,
    /// The company.
    #[serde(default)]
    pub company_id: Option<Reference>,
    /// Whether it is not archived.
    #[serde(default = "active")]
    pub active: bool,
    /// When it was made.
    #[serde(default, with = "time")]
    pub create_date: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, with = "time")]
    pub write_date: Option<DateTime<Utc>>,
}

/// A contact (`res.partner`): a person, a company, or an address of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Partner {
    /// The id.
    pub id: i64,
    /// The name. Addresses may have none.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Whether it is a company.
    #[serde(default, deserialize_with = "lenient")]
    pub is_company: bool,
    /// The company that it belongs to.
    #[serde(default)]
    pub parent_id: Option<Reference>,
    /// `contact`, `invoice`, `delivery` or `other`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// E-mail.
    #[serde(default)]
    pub email: Option<String>,
    /// Telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// Mobile telephone. Odoo 19 has none.
    #[serde(default)]
    pub mobile: Option<String>,
    /// Job position.
    #[serde(default)]
    pub function: Option<String>,
    /// Web site.
    #[serde(default)]
    pub website: Option<String>,
    /// Number for tax purposes.
    #[serde(default)]
    pub vat: Option<String>,
    /// The company's own reference.
    #[serde(default, rename = "ref")]
    pub reference: Option<String>,
    /// Street.
    #[serde(default)]
    pub street: Option<String>,
    /// Second line of the street.
    #[serde(default)]
    pub street2: Option<String>,
    /// Postal code.
    #[serde(default)]
    pub zip: Option<String>,
    /// City.
    #[serde(default)]
    pub city: Option<String>,
    /// State or province.
    #[serde(default)]
    pub state_id: Option<Reference>,
    /// Country.
    #[serde(default)]
    pub country_id: Option<Reference>,
    /// Language of what is sent to it.
    #[serde(default)]
    pub lang: Option<String>,
    /// Tags.
    #[serde(default, deserialize_with = "lenient")]
    pub category_id: Vec<i64>,
    /// Salesperson.
    #[serde(default)]
    pub user_id: Option<Reference>,
    /// The company that it is visible to; all when absent.
    #[serde(default)]
    pub company_id: Option<Reference>,
    /// Whether it is not archived.
    #[serde(default = "active")]
    pub active: bool,
    /// When it was made.
    #[serde(default, with = "time")]
    pub create_date: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, with = "time")]
    pub write_date: Option<DateTime<Utc>>,
}

/// A lead or an opportunity (`crm.lead`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lead {
    /// The id.
    pub id: i64,
    /// The title.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// `lead` or `opportunity`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The customer.
    #[serde(default)]
    pub partner_id: Option<Reference>,
    /// The name of the company that it is with, before there is a customer.
    #[serde(default)]
    pub partner_name: Option<String>,
    /// The name of the person that it is with.
    #[serde(default)]
    pub contact_name: Option<String>,
    /// E-mail.
    #[serde(default)]
    pub email_from: Option<String>,
    /// Telephone.
    #[serde(default)]
    pub phone: Option<String>,
    /// What it is expected to bring, in `company_currency`.
    #[serde(default, with = "tieline_core::exact::option")]
    pub expected_revenue: Option<Decimal>,
    /// The currency of amounts. Computed, so that it comes only when it is asked for.
    #[serde(default)]
    pub company_currency: Option<Reference>,
    /// How likely it is won, in percent.
    #[serde(default, with = "tieline_core::exact::option")]
    pub probability: Option<Decimal>,
    /// The stage.
    #[serde(default)]
    pub stage_id: Option<Reference>,
    /// Salesperson.
    #[serde(default)]
    pub user_id: Option<Reference>,
    /// Sales team.
    #[serde(default)]
    pub team_id: Option<Reference>,
    /// The company.
    #[serde(default)]
    pub company_id: Option<Reference>,
    /// `0` to `3`.
    #[serde(default)]
    pub priority: Option<String>,
    /// Tags.
    #[serde(default, deserialize_with = "lenient")]
    pub tag_ids: Vec<i64>,
    /// When it is expected to close.
    #[serde(default)]
    pub date_deadline: Option<NaiveDate>,
    /// When it was won or lost.
    #[serde(default, with = "time")]
    pub date_closed: Option<DateTime<Utc>>,
    /// Why it was lost.
    #[serde(default)]
    pub lost_reason_id: Option<Reference>,
    /// Whether it is not archived. What was lost is archived.
    #[serde(default = "active")]
    pub active: bool,
    /// When it was made.
    #[serde(default, with = "time")]
    pub create_date: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, with = "time")]
    pub write_date: Option<DateTime<Utc>>,
}

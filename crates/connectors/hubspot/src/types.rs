//! Typed records. HubSpot writes every property as a text, and none as null or as an empty text.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// A record of any kind of object, with properties of the type `P`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Object<P> {
    /// The id: digits.
    pub id: String,
    /// The properties.
    pub properties: P,
    /// The time of creation.
    #[serde(default, rename = "createdAt")]
    pub created_at: Option<DateTime<Utc>>,
    /// The time of the last change.
    #[serde(default, rename = "updatedAt")]
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether the record is archived.
    #[serde(default)]
    pub archived: bool,
}

/// An empty text is no value.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// Properties that are not named, each as HubSpot writes it.
type Properties = BTreeMap<String, Option<String>>;

macro_rules! properties {
    ($(#[$about:meta])* $name:ident { $($(#[$says:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$says])* #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
            pub $field: Option<String>,)*
            /// All other properties, the account's own among them.
            #[serde(flatten)]
            pub other: Properties,
        }
    };
}

properties! {
    /// The properties of a person.
    Contact {
        /// The e-mail address, in lower case; unique.
        email,
        /// The given name.
        firstname,
        /// The family name.
        lastname,
        /// The telephone number.
        phone,
        /// The name of the company, as the person gave it.
        company,
        /// The position.
        jobtitle,
        /// The stage, such as `lead` or `customer`.
        lifecyclestage,
        /// The owner's id.
        hubspot_owner_id,
    }
}

properties! {
    /// The properties of a company.
    Company {
        /// The name.
        name,
        /// The domain of its website.
        domain,
        /// The telephone number.
        phone,
        /// The city.
        city,
        /// The country.
        country,
        /// The industry.
        industry,
        /// The owner's id.
        hubspot_owner_id,
    }
}

properties! {
    /// The properties of a deal.
    Deal {
        /// The name.
        dealname,
        /// The amount: a decimal number, in the deal's currency.
        amount,
        /// The currency, where the account has several.
        deal_currency_code,
        /// The id of the stage.
        dealstage,
        /// The id of the pipeline.
        pipeline,
        /// The time at which it was or should be closed.
        closedate,
        /// The owner's id.
        hubspot_owner_id,
    }
}

properties! {
    /// The properties of a ticket.
    Ticket {
        /// The subject.
        subject,
        /// The text.
        content,
        /// The id of the pipeline.
        hs_pipeline,
        /// The id of the stage.
        hs_pipeline_stage,
        /// `LOW`, `MEDIUM`, `HIGH` or `URGENT`.
        hs_ticket_priority,
        /// The owner's id.
        hubspot_owner_id,
    }
}

/// A user of the account whom records belong to.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The id, as `hubspot_owner_id` names it.
    pub id: String,
    /// The e-mail address.
    #[serde(default, deserialize_with = "filled")]
    pub email: Option<String>,
    /// The given name.
    #[serde(default, deserialize_with = "filled")]
    pub first_name: Option<String>,
    /// The family name.
    #[serde(default, deserialize_with = "filled")]
    pub last_name: Option<String>,
}

/// A pipeline of deals or tickets.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Pipeline {
    /// The id.
    pub id: String,
    /// The name.
    pub label: String,
    /// The stages.
    #[serde(default)]
    pub stages: Vec<Stage>,
}

/// A stage of a pipeline.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Stage {
    /// The id, as `dealstage` and `hs_pipeline_stage` name it.
    pub id: String,
    /// The name.
    pub label: String,
}

/// The associations of a record to records of one other kind.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Associations {
    /// The associated records.
    #[serde(default)]
    pub to: Vec<Link>,
}

/// An associated record.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The record's id, which here is a number.
    pub to_object_id: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_property_is_none_and_an_unknown_one_is_kept() {
        let text = r#"{"id":"7","properties":{"dealname":"","amount":"1250000.50","own":"x","gone":null},"updatedAt":"2026-11-18T12:00:41.902Z"}"#;
        let deal: Object<Deal> = serde_json::from_str(text).unwrap();
        assert_eq!((deal.properties.dealname, deal.properties.amount.as_deref()), (None, Some("1250000.50")));
        assert_eq!(deal.properties.other["own"].as_deref(), Some("x"));
        assert_eq!(deal.properties.other["gone"], None);
        assert!(deal.updated_at.is_some() && !deal.archived);
    }
}

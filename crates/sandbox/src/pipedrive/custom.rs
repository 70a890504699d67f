//! Custom fields: their definitions, the values they take, and how v1 writes them.

use super::answers::Refusal;
use super::checks;
use super::schema::Entity;
use crate::{Json, Object};

/// A custom field of an account.
#[derive(Clone, Debug)]
pub(crate) struct CustomField {
    pub(crate) entity: Entity,
    /// Forty hex digits.
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: CustomKind,
    pub(crate) options: &'static [(i64, &'static str)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CustomKind {
    Varchar,
    Text,
    Double,
    Monetary,
    Enum,
    Set,
    Date,
}

impl CustomKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Varchar => "varchar",
            Self::Text => "text",
            Self::Double => "double",
            Self::Monetary => "monetary",
            Self::Enum => "enum",
            Self::Set => "set",
            Self::Date => "date",
        }
    }
}

impl CustomField {
    /// Whether a value fits. The message names the field, as the provider's does.
    pub(crate) fn check(&self, value: &Json) -> Result<(), Refusal> {
        let known =
            |id: &Json| id.as_i64().is_some_and(|id| self.options.iter().any(|(known, _)| *known == id));
        let fits = value.is_null()
            || match self.kind {
                CustomKind::Varchar => value.as_str().is_some_and(|text| text.chars().count() <= 255),
                CustomKind::Text => value.as_str().is_some(),
                CustomKind::Double => checks::is_number(value),
                CustomKind::Monetary => {
                    value.get("value").is_some_and(checks::is_number)
                        && value.get("currency").and_then(Json::as_str).is_some_and(checks::is_currency)
                }
                CustomKind::Enum => known(value),
                CustomKind::Set => {
                    value.as_array().is_some_and(|ids| !ids.is_empty() && ids.iter().all(known))
                }
                CustomKind::Date => value.as_str().is_some_and(checks::is_date),
            };
        if fits {
            return Ok(());
        }
        let kind = self.kind.name();
        Err(Refusal::bad(format!(
            "custom field `{}` does not take this value: it is of type {kind}",
            self.code
        )))
    }

    fn labelled(&self, id: &Json) -> Json {
        let label =
            self.options.iter().find(|(known, _)| id.as_i64() == Some(*known)).map(|(_, label)| *label);
        Object::default().with("id", id.clone()).with("label", label).into()
    }

    /// The value with `{id, label}` in place of each option's id.
    pub(crate) fn with_labels(&self, value: &Json) -> Json {
        match (self.kind, value) {
            (CustomKind::Enum, Json::Int(_)) => self.labelled(value),
            (CustomKind::Set, Json::Array(ids)) => {
                Json::Array(ids.iter().map(|id| self.labelled(id)).collect())
            }
            _ => value.clone(),
        }
    }

    /// Puts the value where v1 has it: at the root, parts under a longer key, option ids as text.
    pub(crate) fn put_v1(&self, value: &Json, into: &mut Object) {
        let value = match (self.kind, value) {
            (CustomKind::Enum, Json::Int(id)) => id.to_string().into(),
            (CustomKind::Set, Json::Array(ids)) => {
                ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").into()
            }
            (CustomKind::Monetary, Json::Object(money)) => {
                let currency = money.get("currency").cloned().unwrap_or(Json::Null);
                into.set(self.code, money.get("value").cloned().unwrap_or(Json::Null));
                into.set(format!("{}_currency", self.code), currency);
                return;
            }
            _ => value.clone(),
        };
        into.set(self.code, value);
    }
}

/// Keys of the custom fields that the seed fills, for tests and examples that name them.
pub mod keys {
    /// Deals: where the customer came from (one option).
    pub const DEAL_SOURCE: &str = "3f1c9a52e07b4d86a1c25e9b7d40f8836c5ae214";
    /// Deals: what the customer is interested in (several options).
    pub const DEAL_INTERESTS: &str = "b82e64d1905fa37c2468ce13570b9fd4e1a6087d";
    /// Deals: the yearly licence fee (money).
    pub const DEAL_LICENCE_FEE: &str = "d4a0176be93c528f60d7b1e84f2a95c3307be6d9";
    /// Deals: the day on which delivery is promised (date).
    pub const DEAL_DELIVERY_DATE: &str = "07e5c4b3f21890ad6b7f3e2d15c8a9604f1d82be";
    /// Deals: the number in the customer's own system (text); free as the marker of a create.
    pub const DEAL_REFERENCE: &str = "9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091";
    /// Persons: the role in the buying decision (one option).
    pub const PERSON_ROLE: &str = "5a7d3c91e0f24b68d1a9c7e35b80f642d9e1a34c";
    /// Organizations: the Swedish registration number (text).
    pub const ORGANIZATION_NUMBER: &str = "e21f70b4c86d4935a0b7d8e9f1c2a3645b6d7e80";
    /// Products: the article number of the supplier (text).
    pub const PRODUCT_SUPPLIER_NUMBER: &str = "41b8e6c0d92f7a35c4e1086b9df3a2570c8e6f1d";
}

/// The custom fields of the account.
pub(crate) const CUSTOM_FIELDS: &[CustomField] = &[
    CustomField {
        entity: Entity::Deals,
        code: keys::DEAL_SOURCE,
        name: "Kundkälla",
        kind: CustomKind::Enum,
        options: &[(31, "Webbplats"), (32, "Mässa"), (33, "Rekommendation"), (34, "Kall bearbetning")],
    },
    CustomField {
        entity: Entity::Deals,
        code: keys::DEAL_INTERESTS,
        name: "Intresseområden",
        kind: CustomKind::Set,
        options: &[(41, "Lager"), (42, "Ekonomi"), (43, "Fältservice"), (44, "Utbildning")],
    },
    CustomField {
        entity: Entity::Deals,
        code: keys::DEAL_LICENCE_FEE,
        name: "Årlig licensavgift",
        kind: CustomKind::Monetary,
        options: &[],
    },
    CustomField {
        entity: Entity::Deals,
        code: keys::DEAL_DELIVERY_DATE,
        name: "Utlovad leverans",
        kind: CustomKind::Date,
        options: &[],
    },
    CustomField {
        entity: Entity::Deals,
        code: keys::DEAL_REFERENCE,
        name: "Extern referens",
        kind: CustomKind::Varchar,
        options: &[],
    },
    CustomField {
        entity: Entity::Persons,
        code: keys::PERSON_ROLE,
        name: "Roll i beslutet",
        kind: CustomKind::Enum,
        options: &[(51, "Beslutsfattare"), (52, "Påverkare"), (53, "Användare")],
    },
    CustomField {
        entity: Entity::Organizations,
        code: keys::ORGANIZATION_NUMBER,
        name: "Organisationsnummer",
        kind: CustomKind::Varchar,
        options: &[],
    },
    CustomField {
        entity: Entity::Organizations,
        code: "6f0b1d2c83e94a57b6c8d0e1f2a3941526374859",
        name: "Anteckning om kunden",
        kind: CustomKind::Text,
        options: &[],
    },
    CustomField {
        entity: Entity::Organizations,
        code: "a97c5e3b10d2f4869b7d5f3e1c0a28460e2c4a68",
        name: "Kreditbetyg",
        kind: CustomKind::Double,
        options: &[],
    },
    CustomField {
        entity: Entity::Products,
        code: keys::PRODUCT_SUPPLIER_NUMBER,
        name: "Leverantörens artikelnummer",
        kind: CustomKind::Varchar,
        options: &[],
    },
];

pub(crate) fn fields_of(entity: Entity) -> impl Iterator<Item = &'static CustomField> {
    CUSTOM_FIELDS.iter().filter(move |field| field.entity == entity)
}

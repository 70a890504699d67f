//! Questions about an account: who it is, what it offers, which values a form field can take.

use serde::{Deserialize, Serialize};

use crate::{Choice, EntityName, Text};

/// For [`Connector::check`](crate::Connector::check).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CheckRequest {}

/// The account that a credential belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// The account's id at the provider.
    pub id: Option<Text>,
    /// The account's name for people: the company.
    pub name: String,
    /// The user that the credential belongs to.
    pub user: Option<String>,
    /// That user's id at the provider, as its notifications about the connection itself name it.
    pub user_id: Option<Text>,
    /// The granted scopes, when the provider tells.
    pub scopes: Vec<Text>,
    /// Other accounts that the credential reaches: companies, tenants.
    pub others: Vec<Choice>,
    /// Warnings about what works but may surprise: a user who does not see everything, a plan that ends.
    pub warnings: Vec<String>,
}

impl Account {
    /// An account of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// For [`Connector::discover`](crate::Connector::discover).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DiscoverRequest {
    /// Only these; all when empty.
    pub entities: Vec<EntityName>,
    /// Whether to describe fields and schemas too, which costs requests.
    pub schemas: bool,
}

impl DiscoverRequest {
    /// The names of all entities.
    pub fn names() -> Self {
        Self::default()
    }

    /// All entities with their fields and schemas.
    pub fn schemas() -> Self {
        Self { schemas: true, ..Self::default() }
    }

    /// Only this entity, and others added so.
    #[must_use]
    pub fn only(mut self, entity: impl Into<EntityName>) -> Self {
        self.entities.push(entity.into());
        self
    }
}

/// For [`Connector::choices`](crate::Connector::choices).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChoicesRequest {
    /// The field of the settings or of an action's input.
    pub field: Text,
}

impl ChoicesRequest {
    /// The values that a field of a form can take in this account.
    pub fn new(field: impl Into<Text>) -> Self {
        Self { field: field.into() }
    }
}

/// Values for a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Choices {
    /// The values.
    pub choices: Vec<Choice>,
}

impl Choices {
    /// These values.
    pub fn new(choices: Vec<Choice>) -> Self {
        Self { choices }
    }
}

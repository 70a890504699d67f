//! What a table cannot say, as code: side effects, computed fields, actions, and who sees what.

use chrono::{DateTime, Utc};

use super::serve::{Caller, Refusal};
use super::world::{Row, World};
use crate::{Json, Object};

/// The part of a provider that is code. Every method has a default that does nothing.
pub trait Behavior: Send + Sync + 'static {
    /// Checks and completes a record before it is stored: computed fields, defaults that depend on others.
    ///
    /// # Errors
    /// What the provider refuses.
    fn settle(
        &self,
        world: &mut World,
        table: &str,
        was: Option<&Row>,
        fields: &mut Object,
    ) -> Result<(), Refusal> {
        let _ = (world, table, was, fields);
        Ok(())
    }

    /// What else happens after a record was stored.
    fn stored(&self, world: &mut World, table: &str, key: &str, now: DateTime<Utc>) {
        let _ = (world, table, key, now);
    }

    /// Whether a record may be deleted, and what goes with it.
    ///
    /// # Errors
    /// What the provider refuses.
    fn deleting(&self, world: &mut World, table: &str, row: &Row, now: DateTime<Utc>) -> Result<(), Refusal> {
        let _ = (world, table, row, now);
        Ok(())
    }

    /// Marks a record of a table that keeps what was deleted.
    fn flag(&self, world: &mut World, table: &str, key: &str, now: DateTime<Utc>) {
        let _ = (world, table, key, now);
    }

    /// Adds to a record as a response shows it.
    fn show(&self, world: &World, table: &str, row: &Row, view: &str, shown: &mut Object) {
        let _ = (world, table, row, view, shown);
    }

    /// Whether a caller sees a record.
    fn visible(&self, world: &World, caller: &Caller, table: &str, row: &Row) -> bool {
        let _ = (world, caller, table, row);
        true
    }

    /// Selects and orders the records of a list further, by what its request asks for. `asked` names the route's act.
    ///
    /// # Errors
    /// What the provider refuses.
    fn select(&self, world: &World, asked: &Act<'_>, rows: &mut Vec<&Row>) -> Result<(), Refusal> {
        let _ = (world, asked, rows);
        Ok(())
    }

    /// Carries out a route that does `act`.
    ///
    /// # Errors
    /// What the provider refuses; [`Refusal::unmodelled`] for an act that is not here.
    fn act(&self, world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
        let _ = world;
        Err(Refusal::unmodelled(format!("the act `{}`", act.name)))
    }
}

/// A request that a behavior carries out.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// The act's name in the definition.
    pub name: &'a str,
    /// The table of the route; `""` where it has none.
    pub table: &'a str,
    /// The named parts of the path.
    pub parts: &'a [(String, String)],
    /// The query, decoded.
    pub query: &'a [(String, String)],
    /// The request's body; null where there is none.
    pub input: &'a Json,
    /// Who asks.
    pub caller: &'a Caller,
    /// When.
    pub now: DateTime<Utc>,
}

impl Act<'_> {
    /// A named part of the path, `""` where there is none.
    #[must_use]
    pub fn part(&self, name: &str) -> &str {
        self.parts.iter().find(|(part, _)| part == name).map_or("", |(_, value)| value)
    }

    /// A member of the body as the key of a record.
    #[must_use]
    pub fn reference(&self, member: &str) -> Option<String> {
        self.input.get(member).filter(|value| !value.is_null()).map(super::template::plain)
    }
}

/// A provider that its tables describe in full.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

impl Behavior for Plain {}

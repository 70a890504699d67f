//! What tests do to a provider: the same commands for each, in code and over the control interface.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::fields::Writing;
use super::serve::{self, Refusal};
use super::world::Row;
use super::{Provider, RateUsage, State};
use crate::control::done;
use crate::sandbox::{Command, Refused, Sandbox};
use crate::{Json, Object};

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let words: Vec<String> = refusal
            .words
            .iter()
            .map(|(word, value)| format!("{word} {}", super::template::plain(value)))
            .collect();
        Self(refusal.unmodelled.unwrap_or_else(|| format!("{} ({})", refusal.name, words.join(", "))))
    }
}

impl Provider {
    fn row(state: &State, table: &str, key: &str) -> Result<Row, Refused> {
        state.world.live(table, key).cloned().ok_or_else(|| Refused(format!("{table} has no record {key}")))
    }

    fn with_table<T>(
        &self,
        table: &str,
        act: impl FnOnce(&mut State, &super::definition::TableRule) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        let loaded = Arc::clone(&self.loaded);
        let rule = loaded.definition.tables.get(table);
        let rule = rule.ok_or_else(|| Refused(format!("there is no table {table}")))?;
        act(&mut self.state(), rule)
    }

    fn create(&self, table: &str, fields: &Json, now: DateTime<Utc>) -> Result<String, Refused> {
        let fields = fields.as_object().ok_or_else(|| Refused("the fields are an object".into()))?;
        self.with_table(table, |state, rule| {
            Ok(serve::create(&*self.behavior, &mut state.world, (table, rule), None, fields, now)?.key)
        })
    }

    fn update(&self, table: &str, key: &str, fields: &Json, now: DateTime<Utc>) -> Result<(), Refused> {
        let fields = fields.as_object().ok_or_else(|| Refused("the fields are an object".into()))?;
        self.with_table(table, |state, rule| {
            let was = Self::row(state, table, key)?;
            let writing = (Writing::Update, &was);
            serve::update(&*self.behavior, &mut state.world, (table, rule), None, writing, fields, now)?;
            Ok(())
        })
    }

    fn delete(&self, table: &str, key: &str, now: DateTime<Utc>) -> Result<(), Refused> {
        self.with_table(table, |state, rule| {
            let row = Self::row(state, table, key)?;
            Ok(serve::delete(&*self.behavior, &mut state.world, (table, rule), &row, now)?)
        })
    }

    fn backdate(&self, table: &str, key: &str, fields: &Json, at: DateTime<Utc>) -> Result<(), Refused> {
        let fields = fields.as_object().cloned().unwrap_or_default();
        let mut state = self.state();
        Self::row(&state, table, key)?;
        state.world.touch(table, key, |row| {
            for (name, value) in fields.iter() {
                row.fields.set(name.to_owned(), value.clone());
            }
            row.changed = at;
        });
        Ok(())
    }
}

impl Sandbox<Provider> {
    /// The token of a caller, `""` where the definition has none of that name.
    #[must_use]
    pub fn token(&self, caller: &str) -> String {
        self.model().state().tokens.get(caller).cloned().unwrap_or_default()
    }

    /// Gives a caller another token, as regenerating it does: the old one is worth nothing at once.
    pub fn set_token(&self, caller: &str, token: impl Into<String>) {
        self.model().state().tokens.insert(caller.to_owned(), token.into());
    }

    /// Turns the limits off or on.
    pub fn set_limited(&self, limited: bool) {
        self.model().state().meters.on = limited;
    }

    /// How the limits were used, in the order of the definition.
    #[must_use]
    pub fn usage(&self) -> Vec<RateUsage> {
        self.model().state().meters.usage()
    }

    /// Says whether an assumption holds. False for a name that the definition does not have.
    pub fn assume(&self, name: &str, holds: bool) -> bool {
        self.model().state().world.assume(name, holds)
    }

    /// Whether an assumption holds. False for a name that the definition does not have.
    #[must_use]
    pub fn assumes(&self, name: &str) -> bool {
        self.model().state().world.assumes(name)
    }

    /// How many records a table has.
    #[must_use]
    pub fn count(&self, table: &str) -> usize {
        self.model().state().world.count(table)
    }

    /// The records of a table that are not deleted, in the order in which they were created.
    #[must_use]
    pub fn rows(&self, table: &str) -> Vec<Row> {
        self.model().state().world.rows(table).filter(|row| row.deleted.is_none()).cloned().collect()
    }

    /// A record as it is stored, deleted ones too.
    #[must_use]
    pub fn row(&self, table: &str, key: &str) -> Option<Row> {
        self.model().state().world.get(table, key).cloned()
    }

    /// Creates a record with the provider's checks; returns its key.
    ///
    /// # Errors
    /// What the provider refuses.
    pub fn create(&self, table: &str, fields: impl Into<Json>) -> Result<String, Refused> {
        self.model().create(table, &fields.into(), self.now())
    }

    /// Changes a record with the provider's checks.
    ///
    /// # Errors
    /// What the provider refuses.
    pub fn update(&self, table: &str, key: &str, fields: impl Into<Json>) -> Result<(), Refused> {
        self.model().update(table, key, &fields.into(), self.now())
    }

    /// Deletes a record with the provider's checks.
    ///
    /// # Errors
    /// What the provider refuses.
    pub fn delete(&self, table: &str, key: &str) -> Result<(), Refused> {
        self.model().delete(table, key, self.now())
    }

    /// Changes fields of a record unchecked and gives it any time of change: a record that shows late.
    ///
    /// # Errors
    /// When there is no such record.
    pub fn backdate(
        &self,
        table: &str,
        key: &str,
        fields: impl Into<Json>,
        changed: DateTime<Utc>,
    ) -> Result<(), Refused> {
        self.model().backdate(table, key, &fields.into(), changed)
    }
}

/// The commands over the control interface.
pub(super) fn obey(
    provider: &Provider,
    command: &Command<'_>,
    now: DateTime<Utc>,
) -> Option<Result<Json, Refused>> {
    let fields = || command.body.get("fields").unwrap_or(command.body);
    Some(match (command.method, command.path) {
        ("POST", ["tables", table]) => {
            provider.create(table, fields(), now).map(|key| Object::default().with("key", key).into())
        }
        ("PATCH", ["tables", table, key]) => provider.update(table, key, fields(), now).and_then(|()| done()),
        ("DELETE", ["tables", table, key]) => provider.delete(table, key, now).and_then(|()| done()),
        ("POST", ["tables", table, key, "backdate"]) => {
            let at = command.body.get("changed").and_then(Json::as_str).and_then(super::time::read);
            match at {
                Some(at) => provider.backdate(table, key, fields(), at).and_then(|()| done()),
                None => Err(Refused("`changed` must be a time".into())),
            }
        }
        ("GET", ["assumptions"]) => {
            let state = provider.state();
            let shown = provider.assumptions().map(|(name, says)| {
                let holds = state.world.assumes(name);
                let assumption =
                    Object::default().with("name", name.to_owned()).with("says", says.to_owned());
                Json::from(assumption.with("holds", holds))
            });
            Ok(Json::Array(shown.collect()))
        }
        ("POST", ["assumptions", name]) => match command.body.get("holds").and_then(Json::as_bool) {
            Some(holds) if provider.state().world.assume(name, holds) => done(),
            Some(_) => Err(Refused(format!("there is no assumption {name}"))),
            None => Err(Refused("`holds` must be true or false".into())),
        },
        ("POST", ["limits"]) => match command.body.get("on").and_then(Json::as_bool) {
            Some(on) => {
                provider.state().meters.on = on;
                done()
            }
            None => Err(Refused("`on` must be true or false".into())),
        },
        ("POST", ["tokens", caller]) => match command.body.get("token").and_then(Json::as_str) {
            Some(token) => {
                provider.state().tokens.insert((*caller).to_owned(), token.to_owned());
                done()
            }
            None => Err(Refused("`token` must be a text".into())),
        },
        _ => return None,
    })
}

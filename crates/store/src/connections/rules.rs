//! For whoever writes a store of connections: what is checked and decided before anything is stored.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tieline_core::{Error, ErrorKind, Result};
use tieline_vault::KeyId;

use super::{
    Actor, AuditAction, Connection, ConnectionChange, Consent, Fence, Health, NewConnection, PutSecret,
    Reconnection, RunReport,
};
use crate::ConnectionId;
use crate::outbox::shortened;

/// The longest id or name, in bytes.
pub const MAX_NAME: usize = 255;

/// The largest settings of a connection or detail of a consent, in bytes of JSON.
pub const MAX_SETTINGS: usize = 64 * 1024;

/// The most secrets that a connection is made with.
pub const MAX_SECRETS: usize = 32;

/// Refuses a name that a database, a log line or a person cannot deal with: empty, longer than [`MAX_NAME`], or with
/// control characters.
///
/// # Errors
///
/// `Rejected`.
pub fn check_name(what: &'static str, name: &str) -> Result<()> {
    let refused = |fault: String| {
        Err(Error::new(ErrorKind::Rejected, format!("the {what} {fault}"))
            .with_advice("choose another: 1 to 255 bytes of text without control characters"))
    };
    match name {
        "" => refused("is empty".to_owned()),
        _ if name.len() > MAX_NAME => refused(format!("has {} bytes", name.len())),
        _ if name.contains(char::is_control) => refused("holds a control character".to_owned()),
        _ => Ok(()),
    }
}

fn check_settings(what: &'static str, settings: &Value) -> Result<()> {
    let refused = |fault: String, advice: &'static str| {
        Err(Error::new(ErrorKind::Rejected, format!("the {what} {fault}")).with_advice(advice))
    };
    let size = serde_json::to_string(settings).map_or(usize::MAX, |text| text.len());
    if size > MAX_SETTINGS {
        return refused(
            format!("has {size} bytes of JSON, more than {MAX_SETTINGS}"),
            "keep large data elsewhere",
        );
    }
    let mut rest = vec![settings];
    while let Some(value) = rest.pop() {
        match value {
            Value::String(text) if text.contains('\0') => {
                return refused("holds a NUL character".to_owned(), "take it out: databases cannot keep it");
            }
            Value::Array(values) => rest.extend(values),
            Value::Object(fields) => {
                if fields.keys().any(|name| name.contains('\0')) {
                    return refused(
                        "holds a NUL character".to_owned(),
                        "take it out: databases cannot keep it",
                    );
                }
                rest.extend(fields.values());
            }
            _ => {}
        }
    }
    Ok(())
}

impl Actor {
    /// For stores: refuses what cannot be kept, with `Rejected`.
    pub fn check(&self) -> Result<()> {
        check_name("actor", self.as_str())
    }
}

impl NewConnection {
    /// For stores: refuses what cannot be kept, with `Rejected`.
    pub fn check(&self, secrets: &[(String, PutSecret)]) -> Result<()> {
        check_name("connection id", self.id.as_str())?;
        check_name("provider", &self.provider)?;
        check_name("name of the connection", &self.name)?;
        check_settings("config", &self.config)?;
        if let Some(account) = &self.account {
            check_name("account id", account)?;
        }
        let refused = |message: String| {
            Err(Error::new(ErrorKind::Rejected, message)
                .with_advice("store each secret once, under a name of its own"))
        };
        if secrets.len() > MAX_SECRETS {
            return refused(format!(
                "a connection is made with {} secrets, more than {MAX_SECRETS}",
                secrets.len()
            ));
        }
        let mut names = HashSet::new();
        for (name, put) in secrets {
            put.check(name)?;
            if !names.insert(name) {
                return refused(format!("a connection is made with two secrets called {name}"));
            }
        }
        Ok(())
    }
}

impl Connection {
    /// For stores: a connection that was just made.
    pub fn new(new: NewConnection, by: &Actor, now: DateTime<Utc>) -> Self {
        Self {
            id: new.id,
            provider: new.provider,
            name: new.name,
            config: new.config,
            account: new.account,
            active: true,
            health: Health::Untried,
            last_run: None,
            last_error: None,
            last_error_at: None,
            created_at: now,
            created_by: by.clone(),
            updated_at: now,
            updated_by: by.clone(),
        }
    }

    /// For stores: applies a change. Answers the audit log's detail, the names of the fields that are others now;
    /// `None` when there are none. Fails with `Rejected`.
    pub fn apply(
        &mut self,
        change: ConnectionChange,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Option<String>> {
        let mut changed = Vec::new();
        if let Some(name) = change.name.filter(|name| *name != self.name) {
            check_name("name of the connection", &name)?;
            self.name = name;
            changed.push("name");
        }
        if let Some(config) = change.config.filter(|config| *config != self.config) {
            check_settings("config", &config)?;
            self.config = config;
            changed.push("config");
        }
        if let Some(active) = change.active.filter(|active| *active != self.active) {
            self.active = active;
            changed.push("active");
        }
        if changed.is_empty() {
            return Ok(None);
        }
        self.updated_at = now;
        self.updated_by = by.clone();
        Ok(Some(changed.join(", ")))
    }

    /// For stores: applies what comes with a new secret. `Some` when the account is another one, so that what sync kept
    /// of the one before is to be erased.
    ///
    /// # Errors
    ///
    /// `Conflict` for another account that may not replace the stored one; `Rejected` as for [`apply`](Self::apply).
    pub fn reconnect(
        &mut self,
        reconnection: Reconnection,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Reconnected> {
        let Reconnection { change, account, replaces_account } = reconnection;
        if let Some(account) = &account {
            check_name("account id", account)?;
        }
        let erases = self.account.is_some() && self.account != account;
        if erases && !replaces_account {
            return Err(other_account(&self.id, account.is_some()));
        }
        let detail = self.apply(change, by, now)?;
        let bound = self.account != account;
        self.account = account;
        let detail = match (detail, bound) {
            (Some(fields), true) => Some(format!("{fields}, account")),
            (None, true) => Some("account".to_owned()),
            (detail, false) => detail,
        };
        if bound {
            self.updated_at = now;
            self.updated_by = by.clone();
        }
        Ok(Reconnected { detail, erases })
    }

    /// For stores: notes how a run ended. Answers the health when it is another now.
    pub fn note(&mut self, report: RunReport) -> Option<Health> {
        self.last_run = Some(report.at);
        if let Some(error) = report.error {
            self.last_error = Some(shortened(error));
            self.last_error_at = Some(report.at);
        }
        let changed = self.health != report.health;
        self.health = report.health;
        changed.then_some(report.health)
    }
}

/// For stores: what a reconnection does besides storing the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconnected {
    /// The audit log's detail, the names of the fields that are others now; `None` when there are none.
    pub detail: Option<String>,
    /// Whether everything that sync keeps of the connection is to be erased.
    pub erases: bool,
}

impl PutSecret {
    /// For stores: refuses what cannot be kept, with `Rejected`.
    pub fn check(&self, name: &str) -> Result<()> {
        check_name("name of the secret", name)?;
        match self.action {
            AuditAction::SecretStored | AuditAction::SecretRenewed => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Rejected,
                "a secret is put with an action that is not about storing one",
            )
            .with_advice("make it with PutSecret::new or PutSecret::renewal")),
        }
    }

    /// For stores: whether a person gave it, so that a connection that needed that is untried again.
    pub fn reconnects(&self) -> bool {
        self.action == AuditAction::SecretStored
    }

    /// For stores: the audit log's detail.
    pub fn detail(&self, name: &str, generation: u64) -> String {
        match self.action {
            AuditAction::SecretRenewed => format!("{name}, generation {generation}"),
            _ => name.to_owned(),
        }
    }
}

/// For stores: the audit log's detail of a secret that was wrapped by another key.
pub fn rewrapped(name: &str, key: &KeyId) -> String {
    format!("{name}, key {key}")
}

impl Consent {
    /// For stores: refuses what cannot be kept, with `Rejected`.
    pub fn check(&self) -> Result<()> {
        check_name("connection id", self.connection.as_str())?;
        check_name("provider", &self.provider)?;
        check_settings("detail of the consent", &self.detail)
    }
}

/// What a writer of a secret believes, and what a store finds. Both must be the same.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// The generation that the writer read; 0 for none, `None` when it does not matter.
    pub generation: Option<u64>,
    /// The lease under which it writes.
    pub fence: Option<Fence>,
}

impl Guard {
    /// For stores: fails with `Conflict` unless the generation is the stored one (0 where there is no secret) and the
    /// fence is that of the latest lease of that name.
    pub fn hold(
        self,
        connection: &ConnectionId,
        name: &str,
        stored: u64,
        latest: Option<Fence>,
    ) -> Result<()> {
        let refused = |message: String, advice: &'static str| {
            Err(Error::new(ErrorKind::Conflict, message)
                .with_advice(advice)
                .with_context("connection", connection)
                .with_context("secret", name))
        };
        if self.fence.is_some() && self.fence != latest {
            return refused(
                "the lease under which the secret was to be written is not the latest".to_owned(),
                "read the secret again; whoever took the next lease decides about it",
            );
        }
        match self.generation {
            Some(generation) if generation != stored => refused(
                format!("the secret is of generation {stored} by now, not {generation}"),
                "read it again: somebody was quicker",
            ),
            _ => Ok(()),
        }
    }
}

/// For stores: when a lease ends that is taken now.
pub fn lease_end(now: DateTime<Utc>, life: Duration) -> DateTime<Utc> {
    let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(life).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn other_account(id: &ConnectionId, known: bool) -> Error {
    let message = match known {
        true => "the new secret opens another account than the one that the connection was made for",
        false => "the account that the new secret opens is not known, and the connection was made for one",
    };
    Error::new(ErrorKind::Conflict, message)
        .with_advice(
            "connect with a login of the same account, make a connection of its own for the other, or replace the \
             account on purpose, which erases what was kept of the one before; nothing was stored",
        )
        .with_context("connection", id)
}

/// The error of making a connection under an id that is taken.
pub fn taken(id: &ConnectionId) -> Error {
    Error::new(ErrorKind::Conflict, "there is a connection of this id already")
        .with_advice("choose another id, or change the one that is there; nothing was stored")
        .with_context("connection", id)
}

/// The error of writing to a connection that is not there.
pub fn unknown_connection(id: &ConnectionId) -> Error {
    Error::new(ErrorKind::NotFound, "there is no connection of this id")
        .with_advice("check the id and the tenant; it may have been removed")
        .with_context("connection", id)
}

/// The error of a consent whose state is in use.
pub fn state_taken() -> Error {
    Error::new(ErrorKind::Conflict, "there is a consent of this state already")
        .with_advice("make each state from fresh random bytes")
}

/// The error of a stored word that this version does not know.
pub fn unreadable(what: &'static str, word: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the stored {what} cannot be read"))
        .with_advice("update the crate: a newer version may have stored it")
        .with_context("stored", word.escape_debug())
}

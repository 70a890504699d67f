//! Accounts of the sandbox engine as fake providers: the truth is its tables, and people are its commands.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tieline_core::Key;
use tieline_core::http::Transport;
use tieline_sandbox::engine::{Provider, Row};
use tieline_sandbox::{Fault, FaultRule, InProcess, Sandbox};

use crate::{Draft, FakeProvider, PageFault};

type Fields = fn(u32) -> Value;
type Backdating = fn(DateTime<Utc>) -> Value;

/// A kind of record of a sandbox, and what people do with it. Nothing that is not said is done.
#[derive(Clone)]
pub struct SandboxTable {
    entity: &'static str,
    table: &'static str,
    listed: fn(&Row) -> bool,
    pages: Option<&'static str>,
    create: Option<Fields>,
    update: Option<Fields>,
    touches: fn(&Sandbox<Provider>, &str),
    deletes: bool,
    backdate: Option<Backdating>,
    draft: Option<fn(u32) -> Draft>,
}

impl fmt::Debug for SandboxTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxTable").field("entity", &self.entity).finish_non_exhaustive()
    }
}

impl SandboxTable {
    /// The records of a table as those of an entity.
    pub fn new(entity: &'static str, table: &'static str) -> Self {
        Self {
            entity,
            table,
            listed: |_| true,
            pages: None,
            create: None,
            update: None,
            touches: |_, _| {},
            deletes: false,
            backdate: None,
            draft: None,
        }
    }

    /// Only these records are listed.
    #[must_use]
    pub fn listed(mut self, listed: fn(&Row) -> bool) -> Self {
        self.listed = listed;
        self
    }

    /// The beginning of the list's path, where its pages can have the faults of [`PageFault`].
    #[must_use]
    pub fn paged_at(mut self, path: &'static str) -> Self {
        self.pages = Some(path);
        self
    }

    /// People create records with these fields; the number makes them differ.
    #[must_use]
    pub fn created_with(mut self, fields: Fields) -> Self {
        self.create = Some(fields);
        self
    }

    /// People set these fields of a record; the number makes them differ.
    #[must_use]
    pub fn updated_with(mut self, fields: Fields) -> Self {
        self.update = Some(fields);
        self
    }

    /// Another act on a record that people create or change, where the provider shows no change without it.
    #[must_use]
    pub fn touched_by(mut self, act: fn(&Sandbox<Provider>, &str)) -> Self {
        self.touches = act;
        self
    }

    /// People delete records.
    #[must_use]
    pub fn deleted(mut self) -> Self {
        self.deletes = true;
        self
    }

    /// Records can have been changed earlier than they show; the fields are those that hold the time.
    #[must_use]
    pub fn backdated_with(mut self, fields: Backdating) -> Self {
        self.backdate = Some(fields);
        self
    }

    /// The drafts that the suite writes.
    #[must_use]
    pub fn drafted_as(mut self, draft: fn(u32) -> Draft) -> Self {
        self.draft = Some(draft);
        self
    }
}

/// An account of the sandbox engine as a fake provider.
#[derive(Debug)]
pub struct SandboxAccount {
    sandbox: Arc<Sandbox<Provider>>,
    caller: &'static str,
    tables: Vec<SandboxTable>,
    made: AtomicU32,
}

impl SandboxAccount {
    /// The account of a sandbox, which accepts `secret` as the token of this caller.
    pub fn new(
        sandbox: Arc<Sandbox<Provider>>,
        caller: &'static str,
        secret: &str,
        tables: Vec<SandboxTable>,
    ) -> Self {
        sandbox.set_token(caller, secret);
        Self { sandbox, caller, tables, made: AtomicU32::new(0) }
    }

    fn table(&self, entity: &str) -> Option<&SandboxTable> {
        self.tables.iter().find(|table| table.entity == entity)
    }

    fn number(&self) -> u32 {
        self.made.fetch_add(1, Ordering::SeqCst)
    }
}

impl FakeProvider for SandboxAccount {
    fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(InProcess::new(Arc::clone(&self.sandbox)))
    }

    fn now(&self) -> DateTime<Utc> {
        self.sandbox.now()
    }

    fn advance(&self, by: Duration) {
        self.sandbox.advance(by);
    }

    fn keys(&self, entity: &str) -> Vec<Key> {
        let Some(table) = self.table(entity) else { return Vec::new() };
        let rows = self.sandbox.rows(table.table);
        rows.iter().filter(|row| (table.listed)(row)).map(|row| Key::new(&row.key)).collect()
    }

    fn create(&self, entity: &str) -> Option<Key> {
        let table = self.table(entity)?;
        let key = self.sandbox.create(table.table, table.create?(self.number())).ok()?;
        (table.touches)(&self.sandbox, &key);
        Some(Key::new(&key))
    }

    fn update(&self, entity: &str, key: &Key) -> bool {
        let Some(table) = self.table(entity) else { return false };
        let Some(fields) = table.update else { return false };
        let changed = self.sandbox.update(table.table, key.as_str(), fields(self.number())).is_ok();
        if changed {
            (table.touches)(&self.sandbox, key.as_str());
        }
        changed
    }

    fn delete(&self, entity: &str, key: &Key) -> bool {
        self.table(entity)
            .is_some_and(|table| table.deletes && self.sandbox.delete(table.table, key.as_str()).is_ok())
    }

    fn backdate(&self, entity: &str, key: &Key, changed_at: DateTime<Utc>) -> bool {
        let Some(table) = self.table(entity) else { return false };
        let Some(fields) = table.backdate else { return false };
        self.sandbox.backdate(table.table, key.as_str(), fields(changed_at), changed_at).is_ok()
    }

    fn revoke(&self) {
        self.sandbox.set_token(self.caller, "a-token-that-nobody-was-given");
    }

    fn twist(&self, entity: &str, twist: PageFault, skip: u32) -> bool {
        let Some(path) = self.table(entity).and_then(|table| table.pages) else { return false };
        let fault = match twist {
            PageFault::RepeatToken => Fault::RepeatPageToken,
            PageFault::EmptyPage => Fault::EmptyPage,
            PageFault::DuplicateRecords => Fault::DuplicateRecords,
        };
        let rule = FaultRule::new(fault).on("GET", path).skip(skip);
        self.sandbox.inject(if twist == PageFault::RepeatToken { rule.always() } else { rule });
        true
    }

    fn draft(&self, entity: &str, n: u32) -> Option<Draft> {
        Some(self.table(entity)?.draft?(n))
    }
}

//! A side in memory: it normalises what it is sent, queues writes, and counts what is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tieline_core::{Error, ErrorKind, FieldPath, Key, OperationId, RawJson, Result, Text};
use tieline_two_way::{
    ConflictPolicy, FieldRule, Fields, MergeRules, PairSide, Seen, Side, SideChanges, SideRecord, SideWrite,
    ValueType, WriteKind, WriteOutcome,
};

pub(crate) fn path(name: &str) -> FieldPath {
    FieldPath::field(name)
}

pub(crate) fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

/// Fields of texts.
pub(crate) fn fields(values: &[(&str, &str)]) -> Fields {
    values.iter().map(|(name, value)| (path(name), RawJson::of(value).unwrap())).collect()
}

pub(crate) fn rules(policy: ConflictPolicy) -> MergeRules {
    let fields = vec![
        FieldRule::new(path("name")),
        FieldRule::new(path("city")),
        FieldRule::new(path("number")),
        FieldRule::new(path("price")).of_type(ValueType::Decimal),
        FieldRule::new(path("tags")).of_type(ValueType::Set),
    ];
    MergeRules::new(fields, policy).unwrap()
}

#[derive(Default)]
struct State {
    records: BTreeMap<Key, (Fields, u64)>,
    /// The keys in the order of their changes.
    log: Vec<Key>,
    queued: BTreeMap<OperationId, SideWrite>,
    done: BTreeMap<OperationId, WriteOutcome>,
    creates: u64,
    writes: u64,
    next: u64,
}

#[derive(Clone)]
pub(crate) struct Model {
    name: &'static str,
    state: Arc<Mutex<State>>,
    /// Texts are trimmed and cut, as providers do.
    normalises: bool,
    queues: bool,
    hidden: Arc<Mutex<BTreeSet<FieldPath>>>,
    refused: Arc<Mutex<Option<String>>>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Model").field(&self.name).finish()
    }
}

impl Model {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            state: Arc::default(),
            normalises: false,
            queues: false,
            hidden: Arc::default(),
            refused: Arc::default(),
        }
    }

    pub(crate) fn normalising(mut self) -> Self {
        self.normalises = true;
        self
    }

    pub(crate) fn queueing(mut self) -> Self {
        self.queues = true;
        self
    }

    /// Does not show a field any more, or shows it again.
    pub(crate) fn hide(&self, field: &str, hidden: bool) {
        let mut all = self.hidden.lock().unwrap();
        if hidden {
            all.insert(path(field));
        } else {
            all.remove(&path(field));
        }
    }

    pub(crate) fn refuse(&self, why: Option<&str>) {
        *self.refused.lock().unwrap() = why.map(str::to_owned);
    }

    /// A person makes or changes a record.
    pub(crate) fn edit(&self, key: &str, values: &Fields) {
        let mut state = self.state.lock().unwrap();
        let key = Key::from(key);
        let (record, version) = state.records.entry(key.clone()).or_default();
        record.extend(values);
        *version += 1;
        state.log.push(key);
    }

    pub(crate) fn delete(&self, key: &str) {
        let mut state = self.state.lock().unwrap();
        state.records.remove(&Key::from(key));
        state.log.push(key.into());
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.state.lock().unwrap().records.keys().map(ToString::to_string).collect()
    }

    pub(crate) fn text(&self, key: &str, field: &str) -> Option<String> {
        let state = self.state.lock().unwrap();
        let value = state.records.get(&Key::from(key))?.0.get(&path(field))?;
        Some(value.get().trim_matches('"').to_owned())
    }

    pub(crate) fn all(&self) -> BTreeMap<Key, Fields> {
        let state = self.state.lock().unwrap();
        state.records.iter().map(|(key, (fields, _))| (key.clone(), fields.clone())).collect()
    }

    pub(crate) fn writes(&self) -> u64 {
        self.state.lock().unwrap().writes
    }

    pub(crate) fn creates(&self) -> u64 {
        self.state.lock().unwrap().creates
    }

    fn normal(&self, value: &RawJson) -> RawJson {
        match value.view::<String>() {
            Ok(text) if self.normalises => {
                let cut: String = text.trim().to_uppercase().chars().take(12).collect();
                RawJson::of(&cut).unwrap()
            }
            _ => value.clone(),
        }
    }

    fn do_write(&self, state: &mut State, write: &SideWrite) -> WriteOutcome {
        if let Some(why) = &*self.refused.lock().unwrap() {
            return WriteOutcome::Refused(why.clone());
        }
        let values: Fields =
            write.fields.iter().map(|(path, value)| (path.clone(), self.normal(value))).collect();
        let key = match (&write.key, write.kind) {
            (None, _) => {
                state.next += 1;
                state.creates += 1;
                let key = Key::from(format!("{}{}", self.name, state.next));
                let nulls =
                    ["name", "city", "number", "price", "tags"].map(|name| (path(name), json("null")));
                let mut all: Fields = nulls.into_iter().collect();
                all.extend(&values);
                state.records.insert(key.clone(), (all, 1));
                key
            }
            (Some(key), WriteKind::Delete) => {
                state.records.remove(key);
                key.clone()
            }
            (Some(key), _) => {
                let Some((record, version)) = state.records.get_mut(key) else { return WriteOutcome::Moved };
                if write.before.iter().any(|(path, before)| record.get(path) != Some(before)) {
                    return WriteOutcome::Moved;
                }
                record.extend(&values);
                *version += 1;
                key.clone()
            }
        };
        state.writes += 1;
        state.log.push(key.clone());
        let shown = state.records.get(&key).map(|(fields, version)| self.shown(fields, *version));
        WriteOutcome::written(key, shown)
    }

    fn shown(&self, fields: &Fields, version: u64) -> SideRecord {
        let mut fields = fields.clone();
        for path in &*self.hidden.lock().unwrap() {
            fields.remove(path);
        }
        SideRecord::new(fields).with_version(Some(Text::new(version.to_string())))
    }
}

#[async_trait]
impl Side for Model {
    async fn changed(&self, after: Option<&str>, limit: u32) -> Result<SideChanges> {
        let state = self.state.lock().unwrap();
        let from: usize = after.map_or(0, |after| after.parse().unwrap());
        let keys: Vec<Key> = state.log.iter().skip(from).take(limit as usize).cloned().collect();
        let next = from + keys.len();
        Ok(SideChanges::new(keys, Some(next.to_string()), next < state.log.len()))
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Seen>> {
        let state = self.state.lock().unwrap();
        let seen = keys.iter().map(|key| match state.records.get(key) {
            Some((fields, version)) => Seen::Live(self.shown(fields, *version)),
            None => Seen::Gone,
        });
        Ok(seen.collect())
    }

    async fn write(&self, id: &OperationId, write: &SideWrite) -> Result<WriteOutcome> {
        let mut state = self.state.lock().unwrap();
        if let Some(done) = state.done.get(id) {
            return Ok(done.clone());
        }
        if self.queues {
            state.queued.insert(id.clone(), write.clone());
            return Ok(WriteOutcome::Queued);
        }
        let outcome = self.do_write(&mut state, write);
        state.done.insert(id.clone(), outcome.clone());
        Ok(outcome)
    }

    async fn send(&self) -> Result<()> {
        let mut state = self.state.lock().unwrap();
        for (id, write) in std::mem::take(&mut state.queued) {
            let outcome = self.do_write(&mut state, &write);
            state.done.insert(id, outcome);
        }
        Ok(())
    }

    async fn outcome(&self, id: &OperationId, _write: &SideWrite) -> Result<WriteOutcome> {
        let state = self.state.lock().unwrap();
        Ok(state.done.get(id).cloned().unwrap_or(WriteOutcome::Queued))
    }
}

/// A side that dies at a call: before it, or after it was done.
#[derive(Debug)]
pub(crate) struct Mortal {
    pub(crate) side: Model,
    pub(crate) fate: Arc<Fate>,
}

/// Counts calls; at one of them the process dies.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    calls: Mutex<u64>,
    /// The call, and whether it is still done.
    at: Option<(u64, bool)>,
}

impl Fate {
    pub(crate) fn at(call: u64, done: bool) -> Arc<Self> {
        Arc::new(Self { calls: Mutex::default(), at: Some((call, done)) })
    }

    pub(crate) fn calls(&self) -> u64 {
        *self.calls.lock().unwrap()
    }

    pub(crate) async fn call<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        let killed = || Error::new(ErrorKind::Internal, "killed");
        match self.at {
            Some((at, _)) if number > at => Err(killed()),
            Some((at, false)) if number == at => Err(killed()),
            Some((at, true)) if number == at => work.await.and_then(|_| Err(killed())),
            _ => work.await,
        }
    }
}

#[async_trait]
impl Side for Mortal {
    async fn changed(&self, after: Option<&str>, limit: u32) -> Result<SideChanges> {
        self.fate.call(self.side.changed(after, limit)).await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Seen>> {
        self.fate.call(self.side.load(keys)).await
    }

    async fn write(&self, id: &OperationId, write: &SideWrite) -> Result<WriteOutcome> {
        self.fate.call(self.side.write(id, write)).await
    }

    async fn send(&self) -> Result<()> {
        self.fate.call(self.side.send()).await
    }

    async fn outcome(&self, id: &OperationId, write: &SideWrite) -> Result<WriteOutcome> {
        self.fate.call(self.side.outcome(id, write)).await
    }
}

pub(crate) const LEFT: PairSide = PairSide::Left;
pub(crate) const RIGHT: PairSide = PairSide::Right;

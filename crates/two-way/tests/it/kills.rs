//! A process that dies at any call of a cycle, before or after it is done: nothing is lost, and nothing is doubled.

use std::sync::Arc;

use async_trait::async_trait;
use tieline_core::{Key, Result};
use tieline_store::ConnectionId;
use tieline_store::pairings::{
    ChangedRecord, Conflict, Link, LinkChange, LinkId, LinkRevision, LinkState, MatchValues, NewTask,
    PairSide, PairingCounts, PairingId, PairingPosition, PairingStore, Task, TaskDecision, TaskStatus,
};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_two_way::{ConflictPolicy, MatchForm, MatchRule, TwoWayReport, TwoWaySync};

use crate::model::{Fate, LEFT, Model, Mortal, RIGHT, fields, path, rules};

/// A store whose process dies at a call.
#[derive(Debug)]
struct MortalStore {
    store: SqliteStore,
    fate: Arc<Fate>,
}

#[async_trait]
impl PairingStore for MortalStore {
    async fn open_pairing(
        &self,
        pairing: &PairingId,
        sides: [Option<&ConnectionId>; 2],
        fingerprint: &str,
    ) -> Result<PairingPosition> {
        self.fate.call(self.store.open_pairing(pairing, sides, fingerprint)).await
    }

    async fn confirm_pairing(&self, pairing: &PairingId) -> Result<()> {
        self.fate.call(self.store.confirm_pairing(pairing)).await
    }

    async fn note_changes(
        &self,
        pairing: &PairingId,
        side: PairSide,
        keys: &[Key],
        cursor: (Option<&str>, Option<&str>),
    ) -> Result<bool> {
        self.fate.call(self.store.note_changes(pairing, side, keys, cursor)).await
    }

    async fn changed_records(
        &self,
        pairing: &PairingId,
        after: Option<&ChangedRecord>,
        limit: u32,
    ) -> Result<Vec<ChangedRecord>> {
        self.fate.call(self.store.changed_records(pairing, after, limit)).await
    }

    async fn forget_changes(&self, pairing: &PairingId, handled: &[ChangedRecord]) -> Result<()> {
        self.fate.call(self.store.forget_changes(pairing, handled)).await
    }

    async fn put_match_values(
        &self,
        pairing: &PairingId,
        side: PairSide,
        values: &[MatchValues],
    ) -> Result<()> {
        self.fate.call(self.store.put_match_values(pairing, side, values)).await
    }

    async fn matching_records(
        &self,
        pairing: &PairingId,
        side: PairSide,
        value: (u32, &str),
        limit: u32,
    ) -> Result<Vec<Key>> {
        self.fate.call(self.store.matching_records(pairing, side, value, limit)).await
    }

    async fn links_of(&self, pairing: &PairingId, side: PairSide, keys: &[Key]) -> Result<Vec<Link>> {
        self.fate.call(self.store.links_of(pairing, side, keys)).await
    }

    async fn link(&self, pairing: &PairingId, link: LinkId) -> Result<Option<Link>> {
        self.fate.call(self.store.link(pairing, link)).await
    }

    async fn links_in(
        &self,
        pairing: &PairingId,
        state: LinkState,
        after: Option<LinkId>,
        limit: u32,
    ) -> Result<Vec<Link>> {
        self.fate.call(self.store.links_in(pairing, state, after, limit)).await
    }

    async fn store_link(&self, pairing: &PairingId, change: LinkChange) -> Result<Option<Link>> {
        self.fate.call(self.store.store_link(pairing, change)).await
    }

    async fn decide_task(
        &self,
        pairing: &PairingId,
        decision: &TaskDecision,
        change: Option<LinkChange>,
    ) -> Result<bool> {
        self.fate.call(self.store.decide_task(pairing, decision, change)).await
    }

    async fn add_task(&self, pairing: &PairingId, about: Option<LinkRevision>, task: NewTask) -> Result<()> {
        self.fate.call(self.store.add_task(pairing, about, task)).await
    }

    async fn tasks(
        &self,
        pairing: &PairingId,
        status: Option<TaskStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Task>> {
        self.fate.call(self.store.tasks(pairing, status, after, limit)).await
    }

    async fn task(&self, pairing: &PairingId, number: u64) -> Result<Option<Task>> {
        self.fate.call(self.store.task(pairing, number)).await
    }

    async fn conflicts(&self, pairing: &PairingId, after: Option<u64>, limit: u32) -> Result<Vec<Conflict>> {
        self.fate.call(self.store.conflicts(pairing, after, limit)).await
    }

    async fn pairing_counts(&self, pairing: &PairingId) -> Result<PairingCounts> {
        self.fate.call(self.store.pairing_counts(pairing)).await
    }
}

struct World {
    store: SqliteStore,
    left: Model,
    right: Model,
}

impl World {
    /// People have made records, linked ones among them, and have edited since.
    async fn new() -> Self {
        let store = SqliteStore::in_memory().await.unwrap();
        let world = Self { store, left: Model::new("l"), right: Model::new("r").queueing().normalising() };
        let company = |name: &str, number: &str| {
            let mut company = fields(&[("name", name), ("city", "Lund"), ("number", number)]);
            company.set(path("tags"), crate::model::json("[]"));
            company
        };
        world.left.edit("a", &company("ÅKERI", "1"));
        world.right.edit("b", &company("ÅKERI", "1"));
        world.left.edit("c", &company("BAGERI", "2"));
        world.run(Arc::default()).await;
        world.left.edit("a", &fields(&[("name", "Åkeri i Lund"), ("city", "Ystad")]));
        world.right.edit("b", &fields(&[("name", "TRANSPORT")]));
        world.left.edit("new", &company("Cykel", "3"));
        world.right.edit("other", &company("Diner", "4"));
        world
    }

    async fn run(&self, fate: Arc<Fate>) -> TwoWayReport {
        let side = |side: &Model| Arc::new(Mortal { side: side.clone(), fate: fate.clone() });
        let store = Arc::new(MortalStore { store: self.store.clone(), fate: fate.clone() });
        let rules = rules(ConflictPolicy::Side(LEFT));
        let sync = TwoWaySync::new("companies", store, side(&self.left), side(&self.right), rules)
            .matching(MatchRule::new(path("number"), MatchForm::Digits))
            .creating(LEFT)
            .creating(RIGHT)
            .without_confirmation();
        sync.run().await
    }

    /// The end that every history comes to.
    async fn assert_in_step(&self, history: &str) {
        for _ in 0..3 {
            self.run(Arc::default()).await.into_result().unwrap();
        }
        let writes = (self.left.writes(), self.right.writes());
        let last = self.run(Arc::default()).await.into_result().unwrap();
        assert_eq!((last.changed, last.decided), (0, 0), "{history}: not quiet");
        assert_eq!((self.left.writes(), self.right.writes()), writes, "{history}");
        // One create for each record without a counterpart: c and new on the right, other on the left.
        assert_eq!((self.left.creates(), self.right.creates()), (1, 2), "{history}: created twice");
        assert_eq!((self.left.keys().len(), self.right.keys().len()), (4, 4), "{history}");
        assert_eq!(self.right.text("b", "name").as_deref(), Some("ÅKERI I LUND"), "{history}");
        assert_eq!(self.right.text("b", "city").as_deref(), Some("YSTAD"), "{history}");
        assert_eq!(self.left.text("a", "name").as_deref(), Some("Åkeri i Lund"), "{history}");
        let logged = self.store.conflicts(&"companies".into(), None, 99).await.unwrap();
        let lost = crate::model::json(r#""TRANSPORT""#);
        let lost = logged.iter().filter(|logged| {
            logged.conflict.right.as_ref() == Some(&lost) && logged.conflict.policy.as_str() == "left"
        });
        assert_eq!(lost.count(), 1, "{history}: the edit that did not hold is in the log once");
        let counts = self.store.pairing_counts(&"companies".into()).await.unwrap();
        assert_eq!((counts.links, counts.writing, counts.changed), (4, 0, 0), "{history}");
    }
}

#[tokio::test]
async fn a_process_may_die_before_any_call_of_a_cycle() {
    dies_at_each_call(false).await;
}

#[tokio::test]
async fn a_process_may_die_after_any_call_of_a_cycle() {
    dies_at_each_call(true).await;
}

async fn dies_at_each_call(done: bool) {
    let world = World::new().await;
    let whole: Arc<Fate> = Arc::default();
    world.run(whole.clone()).await.into_result().unwrap();
    world.assert_in_step("no death").await;
    let calls = whole.calls();
    assert!(calls > 40, "{calls}");
    for call in 1..=calls {
        let world = World::new().await;
        let died = world.run(Fate::at(call, done)).await;
        assert!(died.error.is_some(), "call {call}");
        world.assert_in_step(&format!("died at call {call}, done: {done}")).await;
    }
}

#[tokio::test]
async fn a_process_may_die_again_and_again() {
    let world = World::new().await;
    // Each life is a little longer than the one before; the first ones do next to nothing.
    for life in 1..60 {
        world.run(Fate::at(life, life % 3 == 0)).await;
    }
    world.assert_in_step("died sixty times").await;
}

#[tokio::test]
async fn two_processes_may_run_one_pairing() {
    for _ in 0..5 {
        let world = World::new().await;
        // One of them may find the other one's cursor, and ends; nothing is doubled.
        let (one, two) = tokio::join!(world.run(Arc::default()), world.run(Arc::default()));
        for report in [one, two] {
            let error = report.error.map(|error| error.kind());
            assert!(error.is_none_or(|kind| kind == tieline_core::ErrorKind::Conflict), "{error:?}");
        }
        world.assert_in_step("two processes").await;
    }
}

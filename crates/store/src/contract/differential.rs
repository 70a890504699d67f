//! Whatever is done to a store, it and memory agree.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tieline_core::{
    Batch, Change, Deletion, DeletionScope, EntityName, ErrorKind, FieldPath, PassEnd, RawJson, ReadMode,
    Record, RecordLookup, State,
};

use crate::{
    Commit, CommitStats, ConnectionId, DeleteThreshold, MemoryStore, Position, ReadVersion, StreamId,
    StreamRevision, SyncStore, TargetChange, TenantId,
};

/// Connections of two tenants; two have the same name.
const PLACES: [(usize, &str); 3] = [(0, "acme"), (0, "other"), (1, "acme")];
const ENTITIES: [&str; 2] = ["deals", "persons"];
const TARGETS: [&str; 2] = ["copy", "short"];

#[derive(Clone, Debug)]
enum Step {
    Commit(Box<Run>),
    Remap { place: usize, age: usize, rows: Rows, hold: bool },
    Reset(Source),
    Open { place: usize, target: usize, entity: usize, fingerprint: u8 },
    Drop { place: usize, target: usize },
    Erase { place: usize },
}

/// Which stream.
#[derive(Clone, Debug)]
struct Source {
    place: usize,
    entity: usize,
    partition: Option<u8>,
}

type Rows = Vec<(usize, Vec<(u8, Option<u8>, Vec<(usize, u8)>)>)>;

#[derive(Clone, Debug)]
struct Run {
    source: Source,
    groups: Vec<(usize, Vec<Change>)>,
    pass: ReadMode,
    end: Option<PassEnd>,
    fresh: bool,
    brake: DeleteThreshold,
    /// The revision of the position, or one that is wrong.
    expected: Option<bool>,
    /// How many steps ago the rows were mapped.
    age: Option<usize>,
    rows: Rows,
    hold: bool,
    /// Whether deletions are held, and whether those that were held are made.
    deletions: (bool, bool),
    refused: Vec<(usize, u8)>,
}

fn key() -> impl Strategy<Value = u8> {
    0..6_u8
}

fn change() -> impl Strategy<Value = Change> {
    let text = |key: u8| format!("k{key}");
    prop_oneof![
        6 => (key(), 0..3_u8, proptest::option::of(0..2_u8)).prop_map(move |(key, value, version)| {
            let mut record = Record::new(text(key), RawJson::parse(value.to_string()).unwrap());
            record.version = version.map(|version| version.to_string().into());
            Change::Upsert(record)
        }),
        1 => key().prop_map(move |key| Change::Delete(Deletion::new(text(key)))),
        1 => key().prop_map(move |key| {
            Change::Delete(Deletion::new(text(key)).with_scope(DeletionScope::Partition))
        }),
        1 => (key(), key()).prop_map(move |(from, into)| Change::merged(text(from), text(into))),
        2 => key().prop_map(move |key| Change::Present(text(key).into())),
    ]
}

fn rows() -> impl Strategy<Value = Rows> {
    let looked_up = proptest::collection::vec((0..2_usize, key()), 0..3);
    let row = (key(), proptest::option::weighted(0.8, 0..3_u8), looked_up);
    proptest::collection::vec((0..2_usize, proptest::collection::vec(row, 0..5)), 0..3)
}

fn source() -> impl Strategy<Value = Source> {
    (0..3_usize, 0..2_usize, proptest::option::of(0..2_u8)).prop_map(|(place, entity, partition)| Source {
        place,
        entity,
        partition,
    })
}

fn run() -> impl Strategy<Value = Run> {
    let pass =
        prop_oneof![3 => Just(ReadMode::Full), 1 => Just(ReadMode::Keys), 2 => Just(ReadMode::Changes)];
    let end = proptest::option::of(prop_oneof![3 => Just(PassEnd::Complete), 1 => Just(PassEnd::Partial)]);
    let brake = prop_oneof![Just(DeleteThreshold::default()), Just(DeleteThreshold { share: 0.4, min: 1 })];
    let group = (0..2_usize, proptest::collection::vec(change(), 0..8));
    (
        (source(), proptest::collection::vec(group, 0..3), pass, end, proptest::bool::weighted(0.1), brake),
        (proptest::option::of(proptest::bool::weighted(0.9)), proptest::option::of(0..4_usize), rows()),
        proptest::bool::weighted(0.3),
        (proptest::bool::weighted(0.5), proptest::bool::weighted(0.2)),
        proptest::collection::vec((0..2_usize, key()), 0..2),
    )
        .prop_map(
            |((source, groups, pass, end, fresh, brake), (expected, age, rows), hold, deletions, refused)| {
                Run { source, groups, pass, end, fresh, brake, expected, age, rows, hold, deletions, refused }
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => run().prop_map(|run| Step::Commit(Box::new(run))),
        3 => (0..3_usize, 0..4_usize, rows(), proptest::bool::weighted(0.3))
            .prop_map(|(place, age, rows, hold)| Step::Remap { place, age, rows, hold }),
        1 => source().prop_map(Step::Reset),
        3 => (0..3_usize, 0..2_usize, 0..2_usize, 0..2_u8).prop_map(|(place, target, entity, fingerprint)| {
            Step::Open { place, target, entity, fingerprint }
        }),
        1 => (0..3_usize, 0..2_usize).prop_map(|(place, target)| Step::Drop { place, target }),
        1 => (0..3_usize).prop_map(|place| Step::Erase { place }),
    ]
}

impl Source {
    fn id(&self) -> StreamId {
        StreamId::new(PLACES[self.place].1, ENTITIES[self.entity])
            .with_partition(self.partition.map(|partition| partition.to_string().into()))
    }
}

fn with_rows(mut commit: Commit, rows: &Rows, hold: bool) -> Commit {
    if hold {
        commit = commit.holding_removals();
    }
    for (target, rows) in rows {
        let change = |(key, value, looked_up): &(u8, Option<u8>, Vec<(usize, u8)>)| {
            let need = |(entity, key): &(usize, u8)| {
                RecordLookup::new(ENTITIES[*entity], format!("k{key}"), FieldPath::field("n"))
            };
            let needs = looked_up.iter().map(need).collect();
            match value {
                Some(value) => {
                    let fields = RawJson::parse(value.to_string()).unwrap();
                    TargetChange::put(format!("k{key}"), fields, needs)
                }
                None => TargetChange::remove(format!("k{key}"), needs),
            }
        };
        commit = commit.with_target(TARGETS[*target], rows.iter().map(change).collect());
    }
    commit
}

async fn commit_to(store: &impl SyncStore, commit: Commit) -> Answer {
    Answer::CommitStats(match store.commit(commit).await {
        Ok(mut tally) => {
            tally.revision = None;
            Ok(tally)
        }
        Err(error) => Err(error.kind()),
    })
}

/// A store's handles with the versions of its past.
struct Subject<S> {
    tenants: [S; 2],
    versions: [Vec<ReadVersion>; 3],
}

/// What a step answered, without the tokens, whose numbers are the store's own.
#[derive(Debug, PartialEq)]
enum Answer {
    CommitStats(Result<CommitStats, ErrorKind>),
    Stale(Result<u64, ErrorKind>),
    Nothing,
}

impl<S: SyncStore> Subject<S> {
    fn new(tenants: [S; 2]) -> Self {
        Self { tenants, versions: Default::default() }
    }

    /// Where a place is: the handle of its tenant, and its name there.
    fn at(&self, place: usize) -> (&S, ConnectionId) {
        let (tenant, name) = PLACES[place];
        (&self.tenants[tenant], name.into())
    }

    fn read_version(&self, place: usize, age: usize) -> ReadVersion {
        self.versions[place].iter().rev().nth(age).copied().unwrap_or_default()
    }

    async fn take(&mut self, step: &Step, n: usize) -> Answer {
        for place in 0..PLACES.len() {
            let (store, connection) = self.at(place);
            let version = store.read_version(&connection).await.unwrap();
            self.versions[place].push(version);
        }
        match step {
            Step::Commit(run) => {
                let (store, id) = (self.at(run.source.place).0, run.source.id());
                let mut batch =
                    Batch::new(ENTITIES[run.source.entity], Vec::new(), State::new(1, &n).unwrap())
                        .with_pass(run.pass);
                for (entity, changes) in &run.groups {
                    batch = batch.with_group(ENTITIES[*entity], changes.clone());
                }
                batch.end = run.end;
                let mut commit = Commit::batch(id.clone(), batch).with_brake(run.brake);
                if run.deletions.0 {
                    commit = commit.holding_deletions();
                }
                if run.deletions.1 {
                    commit = commit.making_held_deletions();
                }
                let refused = run.refused.iter().map(|(entity, key)| {
                    (ENTITIES[*entity].into(), format!("k{key}").into(), format!("code {n}"))
                });
                commit = commit.with_refused(refused);
                if run.fresh {
                    commit = commit.fresh();
                }
                if let Some(right) = run.expected {
                    let revision = store.position(&id).await.unwrap().revision;
                    commit = commit.expecting(if right { revision } else { StreamRevision::new(77, 77) });
                }
                if let Some(age) = run.age {
                    commit = commit.mapped_at(self.read_version(run.source.place, age));
                }
                commit_to(store, with_rows(commit, &run.rows, run.hold)).await
            }
            Step::Remap { place, age, rows, hold } => {
                let (store, connection) = self.at(*place);
                let commit = Commit::remap(connection, self.read_version(*place, *age));
                commit_to(store, with_rows(commit, rows, *hold)).await
            }
            Step::Reset(source) => {
                self.at(source.place).0.reset(&source.id()).await.unwrap();
                Answer::Nothing
            }
            Step::Open { place, target, entity, fingerprint } => {
                let entity = EntityName::from(ENTITIES[*entity]);
                let ((store, connection), target) = (self.at(*place), TARGETS[*target].into());
                let opened = store.open_target(&connection, &target, &entity, &fingerprint.to_string()).await;
                Answer::Stale(opened.map_err(|error| error.kind()))
            }
            Step::Drop { place, target } => {
                let ((store, connection), target) = (self.at(*place), TARGETS[*target].into());
                store.drop_target(&connection, &target).await.unwrap();
                Answer::Nothing
            }
            Step::Erase { place } => {
                let (store, connection) = self.at(*place);
                store.erase(&connection).await.unwrap();
                Answer::Nothing
            }
        }
    }

    /// Everything that can be seen, as text.
    async fn everything(&self) -> String {
        let mut all = String::new();
        for place in 0..PLACES.len() {
            let (store, connection) = self.at(place);
            all += &format!("{place} {connection}: {:?}\n", store.counts(&connection).await.unwrap());
            for entity in ENTITIES.map(EntityName::from) {
                let records = store.records(&connection, &entity, None, 99).await.unwrap();
                all += &format!("{entity}: {records:?}\n");
                for partition in [None, Some("0"), Some("1")] {
                    let stream = StreamId::new(connection.clone(), entity.clone())
                        .with_partition(partition.map(Into::into));
                    let Position { state, passes, .. } = store.position(&stream).await.unwrap();
                    let pending = store.pending(&stream, 99).await.unwrap();
                    let mut pending: Vec<_> = pending
                        .into_iter()
                        .map(|record| (record.tries, record.key, record.entity, record.kind, record.why))
                        .collect();
                    pending.sort();
                    let counts = store.pending_counts(&stream).await.unwrap();
                    all += &format!("{stream}: {state:?} {passes:?} {counts:?} {pending:?}\n");
                }
            }
            for target in TARGETS.map(Into::into) {
                let rows = store.rows(&connection, &target, None, 99).await.unwrap();
                let stale = store.stale(&connection, &target, None, 99).await.unwrap();
                all += &format!("{target}: {rows:?} stale {stale:?}\n");
            }
        }
        all
    }
}

/// What holds in every store after every step.
async fn check_invariants(subject: &Subject<impl SyncStore>) {
    for place in 0..PLACES.len() {
        let (store, connection) = subject.at(place);
        for target in TARGETS.map(Into::into) {
            let mut recorded = Vec::new();
            for entity in ENTITIES.map(EntityName::from) {
                let records = store.records(&connection, &entity, None, 99).await.unwrap();
                recorded.extend(records.into_iter().map(|record| record.key));
            }
            for row in store.rows(&connection, &target, None, 99).await.unwrap() {
                assert!(recorded.contains(&row.key), "a row without record: {row:?}");
            }
            for key in store.stale(&connection, &target, None, 99).await.unwrap() {
                assert!(recorded.contains(&key), "a stale key without record: {key:?}");
            }
        }
    }
}

/// What is done to a store, step by step.
#[derive(Clone, Debug)]
pub struct History(Vec<Step>);

/// Histories of fewer than `longest` steps.
pub fn histories(longest: usize) -> impl Strategy<Value = History> {
    proptest::collection::vec(step(), 1..longest).prop_map(History)
}

/// The tenant of the first of the two handles that [`agrees_with_memory`] takes.
pub fn other_tenant() -> TenantId {
    TenantId::new("globex")
}

/// Does the same to a new, empty store and to memory, and compares every answer; after every `look_every` steps, and after
/// the last, also everything that can be seen. `tenants` are handles of the [other](other_tenant) tenant and of `main`.
pub async fn agrees_with_memory<S: SyncStore>(
    tenants: [S; 2],
    history: &History,
    look_every: usize,
) -> Result<(), TestCaseError> {
    let memory = MemoryStore::new();
    let mut memory = Subject::new([memory.for_tenant(other_tenant()), memory]);
    let mut subject = Subject::new(tenants);
    let History(steps) = history;
    for (n, step) in steps.iter().enumerate() {
        let (expected, answer) = (memory.take(step, n).await, subject.take(step, n).await);
        prop_assert_eq!(expected, answer, "step {}", n);
        if (n + 1) % look_every == 0 || n + 1 == steps.len() {
            let (expected, answer) = (memory.everything().await, subject.everything().await);
            prop_assert_eq!(expected, answer, "after step {}", n);
            check_invariants(&subject).await;
        }
    }
    Ok(())
}

//! A commit: a batch's records, the rows mapped from them, and the new state, all or none.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tieline_core::{EntityName, Key, Result};
use tieline_store::plan::{self, CommitPlan, StreamUpdate};
use tieline_store::{Commit, CommitStats, Passes, RowIssue, StreamRevision, TargetName};

use super::rows::refused_hash;
use super::{KEYS, made_entity, partition_name, step_connection};
use crate::sink::{RowChange, RowSink};
use crate::sql::Sql;
use crate::tx::{Tx, args, first, one};

/// A commit under way.
pub(super) struct Work<'t> {
    pub(super) tx: &'t mut dyn Tx,
    /// The connection's number, and how many commits it has seen with this one.
    pub(super) synced_id: i64,
    pub(super) sequence: i64,
    /// The numbers of entities that mappings looked up.
    entities: HashMap<EntityName, i64>,
    /// Those that have undecided records.
    pub(super) pending: HashSet<i64>,
    /// Those of whose records no row looked one up.
    pub(super) not_looked_up: HashSet<i64>,
    /// Records that this commit made, by the number of their entity: nothing hangs on them yet.
    pub(super) created: HashMap<i64, HashSet<Key>>,
    /// The targets of an entity.
    targets: HashMap<i64, Arc<[Target]>>,
    /// The targets without stale rows, and those whose rows looked nothing up.
    pub(super) not_stale: HashSet<i64>,
    pub(super) not_looking: HashSet<i64>,
    /// The indexed fields of an entity.
    pub(super) indexes: HashMap<i64, Arc<[String]>>,
    pub(super) tally: CommitStats,
    /// What became other, by the number of its entity.
    pub(super) changed: BTreeMap<i64, Changed>,
    /// What sinks are told of, by target; `None` when there are none.
    told: Option<BTreeMap<TargetName, Told>>,
}

/// The changes of an entity.
#[derive(Default)]
pub(super) struct Changed {
    /// Records that were created, changed or deleted.
    pub(super) keys: Vec<Key>,
    /// Of them, those that are there.
    pub(super) kept: Vec<Key>,
    /// Whether records were deleted.
    pub(super) deleted: bool,
    /// Values of indexed fields that records had or have, by field.
    pub(super) values: BTreeMap<String, Vec<String>>,
}

/// The changes for the sinks of a target.
struct Told {
    target: i64,
    changes: Vec<RowChange>,
}

/// A target of an entity.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) id: i64,
    pub(super) name: TargetName,
}

/// The marks of a record that a commit saw: its stream, and the generation of that stream.
#[derive(Clone, Copy)]
pub(super) struct SeenIn {
    pub(super) stream: i64,
    pub(super) generation: i64,
}

/// Stores all of a commit, in a transaction that whoever began it commits.
///
/// # Errors
///
/// `Conflict` when the stream stands elsewhere than expected, `Config` when a target is not open, `Rejected` for what
/// cannot be stored; otherwise as the database fails.
pub async fn commit(tx: &mut dyn Tx, commit: Commit) -> Result<CommitStats> {
    commit_with(tx, commit, &[]).await
}

/// The same, with sinks that are told of each row that changes, in the same transaction.
///
/// # Errors
///
/// As [`commit`], and as the sinks fail.
pub async fn commit_with(tx: &mut dyn Tx, commit: Commit, sinks: &[Arc<dyn RowSink>]) -> Result<CommitStats> {
    let plan = CommitPlan::new(commit)?;
    let (synced_id, sequence) = step_connection(tx, &plan.connection, 1).await?;
    let mut work = Work {
        tx,
        synced_id,
        sequence,
        entities: HashMap::new(),
        pending: HashSet::new(),
        not_looked_up: HashSet::new(),
        created: HashMap::new(),
        targets: HashMap::new(),
        not_stale: HashSet::new(),
        not_looking: HashSet::new(),
        indexes: HashMap::new(),
        tally: CommitStats::default(),
        changed: BTreeMap::new(),
        told: (!sinks.is_empty()).then(BTreeMap::new),
    };

    let (mut sweep, mut held) = (None, None);
    if let Some(stream) = &plan.stream {
        let (seen_in, below) = work.advance(stream).await?;
        sweep = below.map(|below| (seen_in.stream, below, stream.brake));
        held = stream.make_held_deletions.then_some((seen_in.stream, stream.brake));
        for (entity, effects) in &plan.entities {
            work.apply_mirror(entity, effects, seen_in).await?;
        }
        for (entity, refused) in &stream.refused {
            work.note_refused(entity, refused, seen_in.stream).await?;
        }
    }
    // Rows come before staleness: what they looked up may have changed in this very commit.
    let seen =
        plan.mapped_at.map(|version| version.seen(synced_id.cast_unsigned()).unwrap_or(0).cast_signed());
    for (target, effects) in &plan.targets {
        work.apply_rows(target, effects, &plan, seen).await?;
    }
    if let Some((stream, below, brake)) = sweep {
        work.sweep(stream, below, brake).await?;
    }
    if let Some((stream, brake)) = held {
        work.delete_held(stream, brake).await?;
    }
    work.mark_dependents(&plan).await?;
    for (name, Told { target, changes }) in std::mem::take(&mut work.told).into_iter().flatten() {
        for sink in sinks.iter().filter(|sink| sink.target() == &name) {
            let issues = sink.apply(work.tx, &plan.connection, &changes).await?;
            work.note_issues(target, &changes, issues).await?;
        }
    }
    Ok(work.tally)
}

impl Work<'_> {
    /// Moves the stream on. Returns what its records carry, and the generation below which its records are gone.
    async fn advance(&mut self, plan: &StreamUpdate) -> Result<(SeenIn, Option<i64>)> {
        static FIND: Sql = Sql::new(
            "SELECT id, revision, generation, full_since, keys_since FROM tieline.streams
             WHERE tenant = $1 AND synced_id = $2 AND entity = $3 AND partition = $4",
        );
        static MOVE: Sql = Sql::new(
            "INSERT INTO tieline.streams AS s
                 (tenant, synced_id, entity, partition, state, revision, generation, full_since, keys_since, fields)
             VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9)
             ON CONFLICT (synced_id, entity, partition) DO UPDATE SET state = excluded.state,
                 revision = s.revision + 1, generation = excluded.generation,
                 full_since = excluded.full_since, keys_since = excluded.keys_since,
                 fields = coalesce(excluded.fields, s.fields)
             RETURNING id, revision",
        );
        type Stored = (i64, i64, i64, Option<i64>, Option<i64>);
        let (partition, entity) = (partition_name(plan.id.partition.as_ref()), plan.id.entity.as_str());
        let stored: Option<Stored> = first(self.tx, &FIND, args![self.synced_id, entity, &partition]).await?;
        let (id, revision, generation, full_since, keys_since) = stored.unwrap_or_default();
        let stands = StreamRevision::new(id.cast_unsigned(), revision.cast_unsigned());
        if plan.expected.is_some_and(|expected| expected != stands) {
            return Err(plan::moved_on(&plan.id));
        }

        let mut passes = Passes::new(
            generation.cast_unsigned(),
            full_since.map(i64::cast_unsigned),
            keys_since.map(i64::cast_unsigned),
        );
        passes.begin(plan.pass, plan.fresh);
        let generation = passes.generation.cast_signed();
        let below = plan.end.and_then(|end| passes.end(plan.pass, end)).map(u64::cast_signed);

        let (full, keys) = (passes.full_since.map(u64::cast_signed), passes.keys_since.map(u64::cast_signed));
        let fields = plan.fields.as_deref();
        let moved = args![self.synced_id, entity, &partition, &plan.state, generation, full, keys, fields];
        let (stream, revision): (i64, u64) = one(self.tx, &MOVE, moved).await?;
        self.tally.revision = Some(StreamRevision::new(stream.cast_unsigned(), revision));
        Ok((SeenIn { stream, generation }, below))
    }

    pub(super) async fn entity_id(&mut self, entity: &EntityName) -> Result<i64> {
        if let Some(id) = self.entities.get(entity) {
            return Ok(*id);
        }
        let (id, pending, looked_up) = made_entity(self.tx, self.synced_id, entity).await?;
        if pending {
            self.pending.insert(id);
        }
        if !looked_up {
            self.not_looked_up.insert(id);
        }
        self.entities.insert(entity.clone(), id);
        Ok(id)
    }

    /// The targets of an entity.
    pub(super) async fn targets_of(&mut self, entity_id: i64) -> Result<Arc<[Target]>> {
        static FIND: Sql =
            Sql::new("SELECT id, name FROM tieline.targets WHERE tenant = $1 AND entity_id = $2 ORDER BY id");
        if let Some(targets) = self.targets.get(&entity_id) {
            return Ok(Arc::clone(targets));
        }
        let stored: Vec<(i64, String)> = crate::tx::all(self.tx, &FIND, args![entity_id]).await?;
        let targets: Arc<[Target]> =
            stored.into_iter().map(|(id, name)| Target { id, name: name.into() }).collect();
        self.targets.insert(entity_id, Arc::clone(&targets));
        Ok(targets)
    }

    pub(super) fn tell(&mut self, target: &Target, changes: impl IntoIterator<Item = RowChange>) {
        if let Some(told) = &mut self.told {
            let told = told.entry(target.name.clone());
            told.or_insert_with(|| Told { target: target.id, changes: Vec::new() }).changes.extend(changes);
        }
    }

    /// Keeps what sinks say of rows. Stale ones are mapped again, and given to sinks even if their fields are the same.
    async fn note_issues(&mut self, target: i64, changes: &[RowChange], issues: Vec<RowIssue>) -> Result<()> {
        static ENTITY: Sql = Sql::new(
            "SELECT e.name FROM tieline.targets t JOIN tieline.entities e ON e.tenant = $1 AND e.id = t.entity_id
             WHERE t.tenant = $1 AND t.id = $2",
        );
        if issues.is_empty() {
            return Ok(());
        }
        let entity = one::<(String,)>(self.tx, &ENTITY, args![target]).await?.0;
        let stale = issues.iter().filter(|found| found.stale).filter_map(|found| found.issue.key.as_ref());
        let stale: BTreeSet<&Key> = stale.collect();
        let refused = changes.iter().filter(|change| stale.contains(&change.key));
        let refused: Vec<_> =
            refused.filter_map(|change| Some((&change.key, refused_hash(change.fields.as_ref()?)))).collect();
        for rows in refused.chunks(KEYS) {
            self.write_hashes(target, rows).await?;
            self.mark(target, rows.iter().map(|(key, _)| key.as_str()).collect()).await?;
        }
        self.tally.row_issues.extend(issues.into_iter().map(|mut found| {
            found.issue.entity.get_or_insert_with(|| EntityName::from(entity.as_str()));
            found
        }));
        Ok(())
    }
}

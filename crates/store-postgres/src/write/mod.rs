//! Writes. Each locks its connection's row in `tieline_synced` before it does anything else, so that writes of one
//! connection follow each other, and none of them fails half way for another one's sake.

mod manage;
mod mirror;
mod rows;
mod stale;
mod sweep;

use std::collections::HashMap;

use tieline_core::{EntityName, Key};
use tieline_store::plan::{self, Plan, StreamPlan};
use tieline_store::{CommitStats, ConnectionId, Passes, StreamId, Token};

pub(crate) use manage::{drop_target, erase, open_target, reset};

use crate::fault::Fault;
use crate::turn::Turn;

/// A commit under way.
struct Work<'t> {
    turn: &'t mut Turn,
    /// The connection's number, and how many commits of streams it has seen with this one.
    synced_id: i64,
    sequence: i64,
    /// The numbers of entities that mappings looked up.
    entities: HashMap<EntityName, i64>,
    tally: CommitStats,
    /// Records whose content is another one now, by the number of their entity.
    changed: Vec<(i64, Vec<Key>)>,
}

/// The stream that a commit moves on.
#[derive(Clone, Copy)]
struct Mark {
    stream: i64,
    generation: i64,
}

pub(crate) async fn commit(turn: &mut Turn, plan: Plan) -> Result<CommitStats, Fault> {
    let step = i64::from(plan.stream.is_some());
    let (synced_id, sequence) = step_connection(turn, &plan.connection, step).await?;
    let mut work = Work {
        turn,
        synced_id,
        sequence,
        entities: HashMap::new(),
        tally: CommitStats::default(),
        changed: Vec::new(),
    };

    let mut sweep = None;
    if let Some(stream) = &plan.stream {
        let (mark, below) = work.advance(stream).await?;
        sweep = below.map(|below| (mark.stream, below, stream.brake));
        for (entity, effects) in &plan.entities {
            work.apply_mirror(entity, effects, mark).await?;
        }
    }
    // Rows come before staleness: what they looked up may have changed in this very commit.
    let seen = plan.mapped_at.map(|moment| moment.seen(synced_id.cast_unsigned()).unwrap_or(0).cast_signed());
    for (target, effects) in &plan.targets {
        work.apply_rows(target, effects, &plan, seen).await?;
    }
    if let Some((stream, below, brake)) = sweep {
        work.sweep(stream, below, brake).await?;
    }
    work.mark_dependents().await?;
    Ok(work.tally)
}

/// The number of a connection and its count of commits, after `step` more. Locks it.
pub(crate) async fn step_connection(
    turn: &mut Turn,
    name: &ConnectionId,
    step: i64,
) -> Result<(i64, i64), Fault> {
    Ok(turn
        .rows(
            "INSERT INTO tieline_synced AS c (tenant, connection, sequence) VALUES ($1, $2, $3)
             ON CONFLICT (tenant, connection) DO UPDATE SET sequence = c.sequence + $3
             RETURNING c.id, c.sequence",
        )
        .bind(name.as_str())
        .bind(step)
        .fetch_one(turn.on())
        .await?)
}

/// The number of a connection that is there. Locks it.
pub(crate) async fn lock_connection(turn: &mut Turn, name: &ConnectionId) -> Result<Option<i64>, Fault> {
    Ok(turn
        .values("SELECT id FROM tieline_synced WHERE tenant = $1 AND connection = $2 FOR UPDATE")
        .bind(name.as_str())
        .fetch_optional(turn.on())
        .await?)
}

/// The number of an entity, which is made when it is new.
async fn entity_id(turn: &mut Turn, synced_id: i64, entity: &EntityName) -> Result<i64, Fault> {
    let stored: Option<i64> = turn
        .values("SELECT id FROM tieline_entities WHERE tenant = $1 AND synced_id = $2 AND name = $3")
        .bind(synced_id)
        .bind(entity.as_str())
        .fetch_optional(turn.on())
        .await?;
    if let Some(id) = stored {
        return Ok(id);
    }
    Ok(turn
        .values("INSERT INTO tieline_entities (tenant, synced_id, name) VALUES ($1, $2, $3) RETURNING id")
        .bind(synced_id)
        .bind(entity.as_str())
        .fetch_one(turn.on())
        .await?)
}

/// A stream's partition as it is stored: an empty name is a partition too, and not the whole entity.
pub(crate) fn partition(stream: &StreamId) -> String {
    stream.partition.as_ref().map_or(String::new(), |partition| format!("={partition}"))
}

impl Work<'_> {
    /// Moves the stream on. Answers its mark, and the generation below which its records are gone.
    async fn advance(&mut self, plan: &StreamPlan) -> Result<(Mark, Option<i64>), Fault> {
        type Stored = (i64, i64, i64, Option<i64>, Option<i64>);
        let partition = partition(&plan.id);
        let stored: Option<Stored> = self
            .turn
            .rows(
                "SELECT id, revision, generation, full_since, keys_since FROM tieline_streams
                 WHERE tenant = $1 AND synced_id = $2 AND entity = $3 AND partition = $4",
            )
            .bind(self.synced_id)
            .bind(plan.id.entity.as_str())
            .bind(partition.as_str())
            .fetch_optional(self.turn.on())
            .await?;
        let (id, revision, generation, full_since, keys_since) = stored.unwrap_or_default();
        let token = Token::new(id.cast_unsigned(), revision.cast_unsigned());
        if plan.expected.is_some_and(|expected| expected != token) {
            return Err(plan::moved_on(&plan.id).into());
        }

        let mut passes = Passes::new(
            generation.cast_unsigned(),
            full_since.map(i64::cast_unsigned),
            keys_since.map(i64::cast_unsigned),
        );
        passes.begin(plan.pass, plan.fresh);
        let generation = passes.generation.cast_signed();
        let below = plan.end.and_then(|end| passes.end(plan.pass, end)).map(u64::cast_signed);

        let (id, revision): (i64, i64) = self
            .turn
            .rows(
                "INSERT INTO tieline_streams AS s
                     (tenant, synced_id, entity, partition, state, revision, generation, full_since, keys_since)
                 VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8)
                 ON CONFLICT (synced_id, entity, partition) DO UPDATE SET state = excluded.state,
                     revision = s.revision + 1, generation = excluded.generation,
                     full_since = excluded.full_since, keys_since = excluded.keys_since
                 RETURNING s.id, s.revision",
            )
            .bind(self.synced_id)
            .bind(plan.id.entity.as_str())
            .bind(partition)
            .bind(plan.state.as_str())
            .bind(generation)
            .bind(passes.full_since.map(u64::cast_signed))
            .bind(passes.keys_since.map(u64::cast_signed))
            .fetch_one(self.turn.on())
            .await?;
        self.tally.token = Some(Token::new(id.cast_unsigned(), revision.cast_unsigned()));
        Ok((Mark { stream: id, generation }, below))
    }
}

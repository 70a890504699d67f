//! Writes. Each is one transaction that takes the write lock at once, so that it never fails half way for another
//! writer's sake.

mod manage;
mod mirror;
mod rows;
mod stale;
mod sweep;

use std::collections::HashMap;

use sqlx::{Connection, SqliteConnection};
use tieline_core::{EntityName, Key};
use tieline_store::plan::{self, Plan, StreamPlan};
use tieline_store::{CommitStats, Passes, TenantId, Token};

pub(crate) use manage::{drop_target, erase, erase_all, open_target, reset};

use crate::fault::Fault;
use crate::scope::Scope;

pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(crate) async fn commit(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    plan: Plan,
) -> Result<CommitStats, Fault> {
    let mut transaction = connection.begin_with(BEGIN).await?;
    let tally = apply(&mut transaction, tenant, plan).await?;
    transaction.commit().await?;
    Ok(tally)
}

/// A commit under way.
struct Work<'t> {
    connection: &'t mut SqliteConnection,
    /// The connection's number, and how many commits of streams it has seen with this one.
    connection_id: i64,
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

async fn apply(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    plan: Plan,
) -> Result<CommitStats, Fault> {
    let scope = Scope { tenant, connection: &plan.connection };
    let step = i64::from(plan.stream.is_some());
    let (connection_id, sequence) = step_connection(connection, scope, step).await?;
    let mut work = Work {
        connection,
        connection_id,
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
    let seen =
        plan.mapped_at.map(|moment| moment.seen(connection_id.cast_unsigned()).unwrap_or(0).cast_signed());
    for (target, effects) in &plan.targets {
        work.apply_rows(target, effects, &plan, seen).await?;
    }
    if let Some((stream, below, brake)) = sweep {
        work.sweep(stream, below, brake).await?;
    }
    work.mark_dependents().await?;
    Ok(work.tally)
}

/// The number of a connection and its count of commits, after `step` more.
pub(crate) async fn step_connection(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    step: i64,
) -> Result<(i64, i64), Fault> {
    Ok(sqlx::query_as(
        "INSERT INTO tieline_connection_numbers (tenant, connection, sequence) VALUES (?1, ?2, ?3)
         ON CONFLICT (tenant, connection) DO UPDATE SET sequence = sequence + ?3
         RETURNING id, sequence",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(step)
    .fetch_one(connection)
    .await?)
}

/// The number of an entity, which is made when it is new.
async fn entity_id(
    connection: &mut SqliteConnection,
    connection_id: i64,
    entity: &EntityName,
) -> Result<i64, Fault> {
    let stored: Option<i64> =
        sqlx::query_scalar("SELECT id FROM tieline_entities WHERE connection_id = ? AND name = ?")
            .bind(connection_id)
            .bind(entity.as_str())
            .fetch_optional(&mut *connection)
            .await?;
    if let Some(id) = stored {
        return Ok(id);
    }
    Ok(sqlx::query_scalar("INSERT INTO tieline_entities (connection_id, name) VALUES (?, ?) RETURNING id")
        .bind(connection_id)
        .bind(entity.as_str())
        .fetch_one(connection)
        .await?)
}

impl Work<'_> {
    /// Moves the stream on. Answers its mark, and the generation below which its records are gone.
    async fn advance(&mut self, plan: &StreamPlan) -> Result<(Mark, Option<i64>), Fault> {
        type Stored = (i64, i64, i64, Option<i64>, Option<i64>);
        let partition = plan.id.partition.as_ref().map(|partition| partition.as_str());
        let stored: Option<Stored> = sqlx::query_as(
            "SELECT id, revision, generation, full_since, keys_since FROM tieline_streams
             WHERE connection_id = ? AND entity = ? AND partition IS ?",
        )
        .bind(self.connection_id)
        .bind(plan.id.entity.as_str())
        .bind(partition)
        .fetch_optional(&mut *self.connection)
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

        let (id, revision): (i64, i64) = sqlx::query_as(
            "INSERT INTO tieline_streams
                 (id, connection_id, entity, partition, state, revision, generation, full_since, keys_since)
             VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, revision = revision + 1,
                 generation = excluded.generation, full_since = excluded.full_since,
                 keys_since = excluded.keys_since
             RETURNING id, revision",
        )
        .bind(stored.map(|_| id))
        .bind(self.connection_id)
        .bind(plan.id.entity.as_str())
        .bind(partition)
        .bind(plan.state.as_str())
        .bind(generation)
        .bind(passes.full_since.map(u64::cast_signed))
        .bind(passes.keys_since.map(u64::cast_signed))
        .fetch_one(&mut *self.connection)
        .await?;
        self.tally.token = Some(Token::new(id.cast_unsigned(), revision.cast_unsigned()));
        Ok((Mark { stream: id, generation }, below))
    }
}

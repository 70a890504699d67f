//! Deleting what a complete pass did not see, within the database: a stream may have millions of records.

use tieline_store::{DeleteThreshold, SweepRefused};

use super::Work;
use crate::fault::Fault;

impl Work<'_> {
    pub(super) async fn sweep(
        &mut self,
        stream: i64,
        below: i64,
        brake: DeleteThreshold,
    ) -> Result<(), Fault> {
        let (of, unseen): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE generation < ?2) FROM tieline_records
             WHERE stream_id = ?1",
        )
        .bind(stream)
        .bind(below)
        .fetch_one(&mut *self.connection)
        .await?;
        let (of, unseen) = (of.cast_unsigned(), unseen.cast_unsigned());
        if unseen == 0 {
            return Ok(());
        }
        if brake.holds(unseen, of) {
            self.tally.sweep_refused = Some(SweepRefused::new(unseen, of));
            return Ok(());
        }

        self.over_unseen(NOTE_DELETION, stream, below, Some(self.sequence)).await?;
        self.over_unseen(MARK_DEPENDENTS, stream, below, None).await?;
        let targets: Vec<i64> =
            sqlx::query_scalar(TARGETS).bind(stream).bind(below).fetch_all(&mut *self.connection).await?;
        for target in targets {
            let rows = self.over_unseen(DELETE_ROWS, stream, below, Some(target)).await?;
            self.tally.target.deleted += rows;
            self.over_unseen(DELETE_LOOK_UPS, stream, below, Some(target)).await?;
            self.over_unseen(DELETE_MARKS, stream, below, Some(target)).await?;
        }
        self.over_unseen(DELETE_PAYLOADS, stream, below, None).await?;
        let swept = self.over_unseen(DELETE_RECORDS, stream, below, None).await?;
        self.tally.swept = swept;
        self.tally.mirror.deleted += swept;
        Ok(())
    }

    async fn over_unseen(
        &mut self,
        statement: &'static str,
        stream: i64,
        below: i64,
        third: Option<i64>,
    ) -> Result<u64, Fault> {
        let mut query = sqlx::query(statement).bind(stream).bind(below);
        if let Some(third) = third {
            query = query.bind(third);
        }
        Ok(query.execute(&mut *self.connection).await?.rows_affected())
    }
}

const NOTE_DELETION: &str = "UPDATE tieline_entities SET deleted_in = ?3 WHERE id IN (
        SELECT entity_id FROM tieline_records WHERE stream_id = ?1 AND generation < ?2
    )";

const MARK_DEPENDENTS: &str = "INSERT OR IGNORE INTO tieline_stale (target_id, key)
    SELECT n.target_id, n.key
    FROM tieline_records r JOIN tieline_needs n ON n.entity_id = r.entity_id AND n.needed = r.key
    WHERE r.stream_id = ?1 AND r.generation < ?2";

const TARGETS: &str = "SELECT id FROM tieline_targets WHERE entity_id IN (
        SELECT entity_id FROM tieline_records WHERE stream_id = ?1 AND generation < ?2
    )";

// One target at a time, because SQLite finds rows by target and key in the index only when the target is given.
const DELETE_ROWS: &str = "DELETE FROM tieline_rows WHERE target_id = ?3 AND key IN (
        SELECT r.key FROM tieline_targets t JOIN tieline_records r ON r.entity_id = t.entity_id
        WHERE t.id = ?3 AND r.stream_id = ?1 AND r.generation < ?2
    )";

const DELETE_LOOK_UPS: &str = "DELETE FROM tieline_needs WHERE target_id = ?3 AND key IN (
        SELECT r.key FROM tieline_targets t JOIN tieline_records r ON r.entity_id = t.entity_id
        WHERE t.id = ?3 AND r.stream_id = ?1 AND r.generation < ?2
    )";

const DELETE_MARKS: &str = "DELETE FROM tieline_stale WHERE target_id = ?3 AND key IN (
        SELECT r.key FROM tieline_targets t JOIN tieline_records r ON r.entity_id = t.entity_id
        WHERE t.id = ?3 AND r.stream_id = ?1 AND r.generation < ?2
    )";

const DELETE_PAYLOADS: &str = "DELETE FROM tieline_payloads WHERE record_id IN (
        SELECT id FROM tieline_records WHERE stream_id = ?1 AND generation < ?2
    )";

const DELETE_RECORDS: &str = "DELETE FROM tieline_records WHERE stream_id = ?1 AND generation < ?2";

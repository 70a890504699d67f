//! Deleting what a complete pass did not see, within the database: a stream may have millions of records.

use tieline_store::{Brake, SweepRefused};

use super::Work;
use crate::fault::Fault;

impl Work<'_> {
    pub(super) async fn sweep(&mut self, stream: i64, below: i64, brake: Brake) -> Result<(), Fault> {
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

        sqlx::query(
            "UPDATE tieline_entities SET deleted_in = ?3 WHERE id IN (
                 SELECT entity_id FROM tieline_records WHERE stream_id = ?1 AND generation < ?2
             )",
        )
        .bind(stream)
        .bind(below)
        .bind(self.sequence)
        .execute(&mut *self.connection)
        .await?;
        self.over_unseen(MARK_DEPENDENTS, stream, below).await?;
        self.tally.target.deleted += self.over_unseen(DELETE_ROWS, stream, below).await?;
        for statement in [DELETE_LOOK_UPS, DELETE_MARKS, DELETE_PAYLOADS] {
            self.over_unseen(statement, stream, below).await?;
        }
        let swept = self.over_unseen(DELETE_RECORDS, stream, below).await?;
        self.tally.swept = swept;
        self.tally.mirror.deleted += swept;
        Ok(())
    }

    async fn over_unseen(&mut self, statement: &'static str, stream: i64, below: i64) -> Result<u64, Fault> {
        let done = sqlx::query(statement).bind(stream).bind(below).execute(&mut *self.connection).await?;
        Ok(done.rows_affected())
    }
}

const MARK_DEPENDENTS: &str = "INSERT OR IGNORE INTO tieline_stale (target_id, key)
    SELECT n.target_id, n.key
    FROM tieline_records r JOIN tieline_needs n ON n.entity_id = r.entity_id AND n.needed = r.key
    WHERE r.stream_id = ? AND r.generation < ?";

const DELETE_ROWS: &str = "DELETE FROM tieline_rows WHERE (target_id, key) IN (
        SELECT t.id, r.key FROM tieline_records r JOIN tieline_targets t ON t.entity_id = r.entity_id
        WHERE r.stream_id = ? AND r.generation < ?
    )";

const DELETE_LOOK_UPS: &str = "DELETE FROM tieline_needs WHERE (target_id, key) IN (
        SELECT t.id, r.key FROM tieline_records r JOIN tieline_targets t ON t.entity_id = r.entity_id
        WHERE r.stream_id = ? AND r.generation < ?
    )";

const DELETE_MARKS: &str = "DELETE FROM tieline_stale WHERE (target_id, key) IN (
        SELECT t.id, r.key FROM tieline_records r JOIN tieline_targets t ON t.entity_id = r.entity_id
        WHERE r.stream_id = ? AND r.generation < ?
    )";

const DELETE_PAYLOADS: &str = "DELETE FROM tieline_payloads WHERE record_id IN (
        SELECT id FROM tieline_records WHERE stream_id = ? AND generation < ?
    )";

const DELETE_RECORDS: &str = "DELETE FROM tieline_records WHERE stream_id = ? AND generation < ?";

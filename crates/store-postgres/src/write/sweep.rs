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
        let (of, unseen): (i64, i64) = self
            .turn
            .rows(
                "SELECT count(*), count(*) FILTER (WHERE generation < $3) FROM tieline_records
                 WHERE tenant = $1 AND stream_id = $2",
            )
            .bind(stream)
            .bind(below)
            .fetch_one(self.turn.on())
            .await?;
        let (of, unseen) = (of.cast_unsigned(), unseen.cast_unsigned());
        if unseen == 0 {
            return Ok(());
        }
        if brake.holds(unseen, of) {
            self.tally.sweep_refused = Some(SweepRefused::new(unseen, of));
            return Ok(());
        }

        self.turn
            .query(NOTE_DELETION)
            .bind(stream)
            .bind(below)
            .bind(self.sequence)
            .execute(self.turn.on())
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
        let done = self.turn.query(statement).bind(stream).bind(below).execute(self.turn.on()).await?;
        Ok(done.rows_affected())
    }
}

const NOTE_DELETION: &str = "UPDATE tieline_entities SET deleted_in = $4 WHERE tenant = $1 AND id IN (
        SELECT entity_id FROM tieline_records WHERE tenant = $1 AND stream_id = $2 AND generation < $3
    )";

const MARK_DEPENDENTS: &str = "INSERT INTO tieline_stale (tenant, target_id, key)
    SELECT DISTINCT $1, n.target_id, n.key
    FROM tieline_records r
    JOIN tieline_needs n ON n.tenant = $1 AND n.entity_id = r.entity_id AND n.needed = r.key
    WHERE r.tenant = $1 AND r.stream_id = $2 AND r.generation < $3
    ON CONFLICT DO NOTHING";

const DELETE_ROWS: &str = "DELETE FROM tieline_rows d
    USING tieline_records r, tieline_targets t
    WHERE r.tenant = $1 AND r.stream_id = $2 AND r.generation < $3
        AND t.tenant = $1 AND t.entity_id = r.entity_id
        AND d.tenant = $1 AND d.target_id = t.id AND d.key = r.key";

const DELETE_LOOK_UPS: &str = "DELETE FROM tieline_needs d
    USING tieline_records r, tieline_targets t
    WHERE r.tenant = $1 AND r.stream_id = $2 AND r.generation < $3
        AND t.tenant = $1 AND t.entity_id = r.entity_id
        AND d.tenant = $1 AND d.target_id = t.id AND d.key = r.key";

const DELETE_MARKS: &str = "DELETE FROM tieline_stale d
    USING tieline_records r, tieline_targets t
    WHERE r.tenant = $1 AND r.stream_id = $2 AND r.generation < $3
        AND t.tenant = $1 AND t.entity_id = r.entity_id
        AND d.tenant = $1 AND d.target_id = t.id AND d.key = r.key";

const DELETE_PAYLOADS: &str = "DELETE FROM tieline_payloads WHERE tenant = $1 AND record_id IN (
        SELECT id FROM tieline_records WHERE tenant = $1 AND stream_id = $2 AND generation < $3
    )";

const DELETE_RECORDS: &str =
    "DELETE FROM tieline_records WHERE tenant = $1 AND stream_id = $2 AND generation < $3";

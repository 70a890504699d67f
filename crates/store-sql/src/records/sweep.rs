//! Deleting what a complete pass did not see, a page of keys at a time: a stream may have millions of records.

use std::collections::BTreeMap;

use tieline_core::{Key, Result};
use tieline_store::{DeleteThreshold, SweepRefused};

use super::KEYS;
use super::commit::Work;
use crate::sql::Sql;
use crate::tx::{all, args, one};

impl Work<'_> {
    pub(super) async fn sweep(&mut self, stream: i64, below: i64, brake: DeleteThreshold) -> Result<()> {
        static COUNT: Sql = Sql::new(
            "SELECT count(*), count(*) FILTER (WHERE generation < $3) FROM tieline.records
             WHERE tenant = $1 AND stream_id = $2",
        );
        static PAGE: Sql = Sql::new(
            "SELECT entity_id, key FROM tieline.records
             WHERE tenant = $1 AND stream_id = $2 AND generation < $3 AND (entity_id, key) > ($4, $5)
             ORDER BY entity_id, key LIMIT $6",
        );
        let (of, unseen): (u64, u64) = one(self.tx, &COUNT, args![stream, below]).await?;
        if unseen == 0 {
            return Ok(());
        }
        if brake.holds(unseen, of) {
            self.tally.sweep_refused = Some(SweepRefused::new(unseen, of));
            return Ok(());
        }
        // No entity has this number.
        let mut last = (-1, String::new());
        loop {
            let page: Vec<(i64, String)> =
                all(self.tx, &PAGE, args![stream, below, last.0, &last.1, KEYS as u64]).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = end.clone();
            let count = page.len() as u64;
            let mut gone: BTreeMap<i64, Vec<Key>> = BTreeMap::new();
            for (entity, key) in page {
                gone.entry(entity).or_default().push(Key::from(key));
            }
            for (entity, keys) in gone {
                // Some of them may be pending.
                self.pending.insert(entity);
                self.delete(entity, &keys.iter().collect::<Vec<_>>()).await?;
            }
            self.tally.swept += count;
            self.tally.mirror.deleted += count;
        }
    }
}

//! What both databases do alike, beyond the laws of every store.

mod erasure;
mod events;
mod inbox;
mod index;
mod kill;
mod pairings;
mod plans;
mod sinks;
mod transactions;
mod wake;
mod webhooks;

use tieline_core::{Batch, Change, EntityName, RawJson, Record, State};
use tieline_store::{Commit, CommitStats, StreamId, SyncStore};
use tieline_store_sql::{Database, SqlStore};

/// Makes each law a test in SQLite, and in PostgreSQL as a program's role.
macro_rules! in_both {
    ($($law:ident)*) => {
        mod in_sqlite {
            $(
                #[tokio::test]
                async fn $law() {
                    super::$law(tieline_store_sql::sqlite::SqliteStore::in_memory().await.unwrap()).await;
                }
            )*
        }

        #[cfg(unix)]
        mod in_postgres {
            $(
                #[tokio::test]
                async fn $law() {
                    let world = crate::postgres::world::World::new().await;
                    super::$law(world.store().await).await;
                }
            )*
        }
    };
}
pub(crate) use in_both;

pub(crate) fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

pub(crate) fn upsert(key: &str, payload: &str) -> Change {
    Change::Upsert(Record::new(key, json(payload)))
}

/// Changes of an entity of the connection `acme`.
pub(crate) fn changes(entity: &str, changes: Vec<Change>) -> Commit {
    let batch = Batch::new(EntityName::from(entity), changes, State::new(1, &1).unwrap());
    Commit::batch(StreamId::new("acme", entity), batch)
}

pub(crate) async fn put<D: Database>(store: &SqlStore<D>, commit: Commit) -> CommitStats {
    store.commit(commit).await.unwrap()
}

//! Whatever is done, SQLite and memory agree.

use proptest::prelude::*;
use tieline_store::contract::{agrees_with_memory, histories, other_tenant};
use tieline_store_sql::sqlite::SqliteStore;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_and_memory_agree(history in histories(25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = SqliteStore::in_memory().await.unwrap();
            agrees_with_memory([store.for_tenant(other_tenant()), store], &history, 1).await
        })?;
    }
}

mod in_memory {
    use std::sync::Arc;

    use tieline_core::Clock;
    use tieline_store_sqlite::SqliteStore;

    async fn store() -> Box<SqliteStore> {
        Box::new(SqliteStore::in_memory().await.unwrap())
    }

    async fn with_clock(clock: Arc<dyn Clock>) -> Box<SqliteStore> {
        Box::new(SqliteStore::in_memory().await.unwrap().with_clock(clock))
    }

    tieline_store::contract_tests!(store);
    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(with_clock, SqliteStore::for_tenant);
}

mod in_a_file {
    use std::ops::Deref;
    use std::sync::Arc;

    use tempfile::TempDir;
    use tieline_core::Clock;
    use tieline_store_sqlite::SqliteStore;

    struct InFolder {
        store: SqliteStore,
        _folder: TempDir,
    }

    impl Deref for InFolder {
        type Target = SqliteStore;

        fn deref(&self) -> &SqliteStore {
            &self.store
        }
    }

    async fn store() -> InFolder {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("sync.db")).await.unwrap();
        InFolder { store, _folder: folder }
    }

    async fn with_clock(clock: Arc<dyn Clock>) -> InFolder {
        let InFolder { store, _folder } = store().await;
        InFolder { store: store.with_clock(clock), _folder }
    }

    tieline_store::contract_tests!(store);
    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(with_clock, SqliteStore::for_tenant);
}

mod in_memory {
    use tieline_store_sql::sqlite::SqliteStore;

    async fn store() -> Box<SqliteStore> {
        Box::new(SqliteStore::in_memory().await.unwrap())
    }

    tieline_store::contract_tests!(store);
    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(store, SqliteStore::for_tenant);
}

mod in_a_file {
    use std::ops::Deref;
    use tempfile::TempDir;
    use tieline_store_sql::sqlite::SqliteStore;

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

    tieline_store::contract_tests!(store);
    tieline_store::outbox_contract_tests!(store);
    tieline_store::connection_contract_tests!(store, SqliteStore::for_tenant);
}

//! What waits for the disk: as seen by the statements themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::DateTime;
use sqlx::postgres::PgPoolOptions;
use tieline_core::{Operation, RawJson, WriteOp};
use tieline_store::connections::{
    Actor, ConnectionChange, ConnectionStore, Consent, ConsentState, ConsentStore, LeaseStore, NewConnection,
    PutSecret, SecretStore,
};
use tieline_store::outbox::{Claim, OutboxStore, Status};
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::testing::Role;
use tieline_vault::{Context, Key, KeyRing, Vault};

use crate::postgres::world::World;

/// Keeps which level each write of a table was made at, in a table that no tenant has.
const WATCH: &str = "
CREATE TABLE seen (relation TEXT, level TEXT, patience TEXT);
GRANT ALL ON seen TO PUBLIC;
CREATE FUNCTION watch() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO seen VALUES ('tieline.' || TG_TABLE_NAME || ' ' || lower(TG_OP), current_setting('synchronous_commit'),
        current_setting('idle_in_transaction_session_timeout'));
    RETURN NULL;
END $$;
DO $$ DECLARE name TEXT; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'tieline'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format(
            'CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON tieline.%I FOR EACH ROW EXECUTE FUNCTION watch()', name);
    END LOOP;
END $$;
";

/// What was written since, each with its level.
async fn seen(pool: &sqlx::PgPool) -> BTreeSet<(String, String)> {
    let seen: Vec<(String, String, String)> =
        sqlx::query_as("DELETE FROM seen RETURNING relation, level, patience").fetch_all(pool).await.unwrap();
    assert!(seen.iter().all(|(_, _, patience)| patience == "1min"), "no lock is held for ever: {seen:?}");
    seen.into_iter().map(|(relation, level, _)| (relation, level)).collect()
}

#[tokio::test]
async fn what_must_survive_a_loss_of_power_waits_for_the_disk() {
    for (level, raised) in [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")] {
        let world = World::new().await;
        let owner = world.database.pool(Role::Owner, 1);
        sqlx::raw_sql(WATCH).execute(&owner).await.unwrap();
        let options = world.database.options(Role::App).options([("synchronous_commit", level)]);
        let store = PostgresStore::with_pool(PgPoolOptions::new().connect_lazy_with(options)).await.unwrap();
        let only = |level: &str| BTreeSet::from([level.to_owned()]);
        let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
        let context = Context::new("main", "acme", "oauth2");
        let sealed = vault.seal_text(&context, &"token".to_owned().into()).await.unwrap();
        let (id, by, now) = ("acme".into(), Actor::new("anna"), DateTime::UNIX_EPOCH);
        let wrote = async |what: &str, level: &str| {
            let levels: BTreeSet<String> = seen(&owner)
                .await
                .into_iter()
                .filter_map(|(written, level)| (written == what).then_some(level))
                .collect();
            assert_eq!(levels, only(level), "{what}");
        };

        let secrets = vec![("oauth2".to_owned(), PutSecret::new(sealed.clone()))];
        store.create(NewConnection::new("acme", "p", "n"), secrets, &by, now).await.unwrap();
        wrote("tieline.secrets insert", raised).await;
        let lease = store.lease(&id, "oauth2", Duration::from_secs(60)).await.unwrap().unwrap();
        wrote("tieline.leases update", raised).await;
        store.begin_renewal(&id, "oauth2", 1, lease.fence, now).await.unwrap();
        wrote("tieline.secrets update", raised).await;
        let renewal = PutSecret::renewal(sealed, 1, lease.fence);
        store.put_secret(&id, "oauth2", renewal, &by, now).await.unwrap();
        wrote("tieline.secrets update", raised).await;
        store.release(&id, "oauth2", lease.fence).await.unwrap();
        wrote("tieline.leases update", raised).await;
        let state = ConsentState::new([1; 32]);
        store.begin_consent(Consent::new(state, "acme", "p", [2; 32], now), now).await.unwrap();
        wrote("tieline.consents insert", raised).await;
        store.take_consent(&state).await.unwrap().unwrap();
        wrote("tieline.consents delete", raised).await;

        let create = WriteOp::create(RawJson::parse("{}").unwrap());
        store.enqueue(&id, &"deals".into(), &[Operation::new("order", create)]).await.unwrap();
        wrote("tieline.outbox insert", raised).await;
        let claimed = store.claim(&id, &Claim::new(Duration::from_secs(9), 9)).await.unwrap();
        wrote("tieline.outbox update", raised).await;
        let done = Status::Applied { key: None };
        store.advance(&id, claimed[0].at_revision(), done, None).await.unwrap();
        wrote("tieline.outbox update", level).await;
        let mut renamed = ConnectionChange::default();
        renamed.name = Some("other".to_owned());
        store.change(&id, renamed, &by, now).await.unwrap();
        wrote("tieline.connections update", level).await;
        store.remove(&id, &by, now).await.unwrap();
        wrote("tieline.secrets update", raised).await;
    }
}

//! Connections as only a database can have them: searched byte by byte, shared by processes, lost to a power cut, and
//! damaged.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnectOptions;
use tieline_core::{Error, ErrorKind};
use tieline_store::connections::{
    Actor, ConnectionFilter, ConnectionStore, Consent, ConsentState, ConsentStore, LeaseStore, NewConnection,
    PutSecret, RunReport, SecretStore,
};
use tieline_store::{ConnectionId, TenantId};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_vault::{Context, Key, KeyRing, Sealed, Vault};

use crate::sqlite::outbox::pool;

const CANARY: &str = "canary-5dGz8Qe1";
const LIFE: Duration = Duration::from_secs(60);

fn anna() -> Actor {
    Actor::new("anna")
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn crm() -> ConnectionId {
    "crm".into()
}

fn new() -> NewConnection {
    NewConnection::new(crm(), "pipedrive", "Sales")
}

async fn sealed(vault: &Vault, tenant: &str, word: &str) -> Sealed {
    vault.seal_text(&Context::new(tenant, "crm", "oauth2"), &format!("{CANARY} {word}").into()).await.unwrap()
}

async fn make(store: &SqliteStore, vault: &Vault) {
    let tenant = store.tenant().as_str().to_owned();
    let secrets = vec![("oauth2".to_owned(), PutSecret::new(sealed(vault, &tenant, "first").await))];
    store.create(new(), secrets, &anna(), at(0)).await.unwrap();
}

#[tokio::test]
async fn no_secret_is_in_the_file_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("sync.db")).await.unwrap();
    let (old, key) = (Key::generate().unwrap(), Key::generate().unwrap());
    let vault = Vault::new(KeyRing::new(Key::parse(&old.to_text()).unwrap()));
    make(&store, &vault).await;
    let fence = store.lease(&crm(), "oauth2", LIFE).await.unwrap().unwrap().fence;
    store.begin_renewal(&crm(), "oauth2", 1, fence, at(1)).await.unwrap();
    let renewed = sealed(&vault, "main", "second").await;
    let put = PutSecret::renewal(renewed.clone(), 1, fence);
    store.put_secret(&crm(), "oauth2", put, &anna(), at(1)).await.unwrap();
    let rotated = Vault::new(KeyRing::new(key).with_older(old));
    let context = Context::new("main", "crm", "oauth2");
    let rewrapped = rotated.rewrap(&context, &renewed).await.unwrap();
    assert!(store.rewrap_secret(&crm(), "oauth2", 2, rewrapped, &anna(), at(2)).await.unwrap());
    let mut consent = Consent::new(ConsentState::new([1; 32]), "crm", "pipedrive", [2; 32], at(9));
    consent.verifier = Some(sealed(&vault, "main", "verifier").await);
    store.begin_consent(consent, at(0)).await.unwrap();
    store.put_key_check(None, rotated.key_check().await.unwrap()).await.unwrap();
    let dead = Error::new(ErrorKind::Unauthenticated, "the token is not accepted");
    store.report(&crm(), RunReport::failed(at(3), &dead), &anna()).await.unwrap();

    let stored = store.secret(&crm(), "oauth2").await.unwrap().unwrap();
    let opened = rotated.open(&context, &stored.sealed).await.unwrap();
    let holds = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    assert!(holds(secrecy::ExposeSecret::expose_secret(&opened), CANARY.as_bytes()));
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        let name = file.file_name().into_string().unwrap();
        assert!(!holds(&bytes, CANARY.as_bytes()), "{name} holds the canary");
        if holds(&bytes, &stored.sealed.to_bytes()) {
            found.push(name);
        }
    }
    assert!(!found.is_empty(), "the search would find it: what is sealed is there");
    store.close().await;
}

#[tokio::test]
async fn a_row_that_was_moved_to_another_tenant_does_not_open() {
    let pool = pool(SqliteConnectOptions::new().in_memory(true)).await;
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    make(&store, &vault).await;
    sqlx::query("UPDATE tieline_secrets SET tenant = 'globex'").execute(&pool).await.unwrap();
    assert!(store.secret(&crm(), "oauth2").await.unwrap().is_none());
    let thief = store.for_tenant(TenantId::new("globex"));
    let stolen = thief.secret(&crm(), "oauth2").await.unwrap().unwrap();
    let error = vault.open(&Context::new("globex", "crm", "oauth2"), &stolen.sealed).await.unwrap_err();
    insta::assert_snapshot!(error, @"the sealed value does not open here: it was altered, or moved from elsewhere: find out who changed the row, then restore it or ask for the secret again (internal, tenant=globex, connection=crm, name=oauth2)");
}

#[tokio::test]
async fn what_a_host_keeps_waits_for_the_disk() {
    let options = SqliteConnectOptions::new().in_memory(true);
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    for (level, word) in [(0, "OFF"), (1, "NORMAL"), (3, "EXTRA")] {
        let pool = pool(options.clone().pragma("synchronous", word)).await;
        let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
        // The level of a statement shows where it is run: triggers keep it.
        sqlx::raw_sql("CREATE TEMP TABLE seen (level INTEGER);").execute(&pool).await.unwrap();
        for (n, write) in [
            "INSERT ON main.tieline_connections",
            "UPDATE ON main.tieline_connections",
            "DELETE ON main.tieline_connections",
            "INSERT ON main.tieline_secrets",
            "UPDATE ON main.tieline_secrets",
            "INSERT ON main.tieline_leases",
            "UPDATE ON main.tieline_leases",
            "INSERT ON main.tieline_consents",
            "DELETE ON main.tieline_consents",
            "INSERT ON main.tieline_key_check",
        ]
        .into_iter()
        .enumerate()
        {
            let trigger = format!(
                "CREATE TEMP TRIGGER keep_{n} AFTER {write} BEGIN
                     INSERT INTO seen SELECT synchronous FROM pragma_synchronous;
                 END;"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&pool).await.unwrap();
        }
        let levels = async || {
            let seen: Vec<i64> = sqlx::query_scalar("SELECT level FROM seen").fetch_all(&pool).await.unwrap();
            sqlx::query("DELETE FROM seen").execute(&pool).await.unwrap();
            seen
        };
        let raised = 2.max(level);

        make(&store, &vault).await;
        assert_eq!(levels().await, [raised; 2], "a connection and its secret");
        let fence = store.lease(&crm(), "oauth2", LIFE).await.unwrap().unwrap().fence;
        assert_eq!(levels().await, [raised; 2], "a lease and its name");
        store.begin_renewal(&crm(), "oauth2", 1, fence, at(1)).await.unwrap();
        assert_eq!(levels().await, [raised], "an intent");
        store.cancel_renewal(&crm(), "oauth2", 1, fence).await.unwrap();
        assert_eq!(levels().await, [raised], "an intent that is taken back");
        let put = PutSecret::renewal(sealed(&vault, "main", "second").await, 1, fence);
        store.put_secret(&crm(), "oauth2", put, &anna(), at(1)).await.unwrap();
        assert_eq!(levels().await, [raised], "a renewed secret");
        let other = sealed(&vault, "main", "second").await;
        store.rewrap_secret(&crm(), "oauth2", 2, other, &anna(), at(1)).await.unwrap();
        assert_eq!(levels().await, [raised], "a rewrapped secret");
        store.prolong(&crm(), "oauth2", fence, LIFE).await.unwrap();
        store.report(&crm(), RunReport::went_well(at(2)), &anna()).await.unwrap();
        let state = ConsentState::new([1; 32]);
        store.begin_consent(Consent::new(state, "crm", "p", [2; 32], at(9)), at(0)).await.unwrap();
        let report = level;
        assert_eq!(levels().await, [raised, report, raised], "a report that is lost costs nothing");
        store.take_consent(&state).await.unwrap();
        assert_eq!(levels().await, [raised], "a consent that is used up");
        store.put_key_check(None, vault.key_check().await.unwrap()).await.unwrap();
        assert_eq!(levels().await, [raised], "the key check");
        store.delete_secret(&crm(), "oauth2", &anna(), at(1)).await.unwrap();
        assert_eq!(levels().await, [raised], "a deleted secret");
        store.remove(&crm(), &anna(), at(1)).await.unwrap();
        assert!(levels().await.iter().all(|seen| *seen == raised), "a removed connection");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_on_one_file_renew_one_after_the_other() {
    const ROUNDS: u64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    // Two stores stand for two processes: they share nothing but the file.
    let (here, there) = tokio::join!(SqliteStore::open(&path), SqliteStore::open(&path));
    let (here, there) = (here.unwrap(), there.unwrap());
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    make(&here, &vault).await;
    let mut tasks = Vec::new();
    for worker in 0..4 {
        let (store, vault) = (if worker % 2 == 0 { here.clone() } else { there.clone() }, vault.clone());
        tasks.push(tokio::spawn(async move {
            let mut fences = Vec::new();
            while (fences.len() as u64) < ROUNDS {
                let Some(lease) = store.lease(&crm(), "oauth2", LIFE).await.unwrap() else {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                };
                let read = store.secret(&crm(), "oauth2").await.unwrap().unwrap();
                assert_eq!(read.intent, None, "whoever had the lease before has finished");
                store.begin_renewal(&crm(), "oauth2", read.generation, lease.fence, at(1)).await.unwrap();
                let renewed = sealed(&vault, "main", &worker.to_string()).await;
                let put = PutSecret::renewal(renewed, read.generation, lease.fence);
                let stored = store.put_secret(&crm(), "oauth2", put, &anna(), at(1)).await.unwrap();
                assert_eq!(stored, read.generation + 1);
                store.release(&crm(), "oauth2", lease.fence).await.unwrap();
                fences.push(lease.fence);
            }
            fences
        }));
    }
    let mut fences = Vec::new();
    for task in tasks {
        fences.extend(task.await.unwrap());
    }
    fences.sort_unstable();
    fences.dedup();
    assert_eq!(fences.len() as u64, 4 * ROUNDS, "no two leases have the same number");
    assert_eq!(there.secret(&crm(), "oauth2").await.unwrap().unwrap().generation, 1 + 4 * ROUNDS);
    assert_eq!(there.audit(None, None, 1_000).await.unwrap().len() as u64, 2 + 4 * ROUNDS);
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_not_a_guess() {
    let pool = pool(SqliteConnectOptions::new().in_memory(true)).await;
    let store = SqliteStore::with_pool(pool.clone()).await.unwrap();
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    make(&store, &vault).await;
    let state = ConsentState::new([1; 32]);
    let mut consent = Consent::new(state, "crm", "p", [2; 32], at(9));
    consent.verifier = Some(sealed(&vault, "main", "verifier").await);
    store.begin_consent(consent, at(0)).await.unwrap();
    let mut texts = Vec::new();
    for damage in [
        "UPDATE tieline_connections SET config = '{'",
        "UPDATE tieline_connections SET config = '{}', health = 'ill'",
        "UPDATE tieline_secrets SET sealed = substr(sealed, 1, 40)",
        "UPDATE tieline_consents SET verifier = x'00'",
        "UPDATE tieline_audit SET action = 'sold'",
    ] {
        sqlx::query(damage).execute(&pool).await.unwrap();
        let error = match damage.split_whitespace().nth(1).unwrap() {
            "tieline_connections" => {
                let listed = store.connections(&ConnectionFilter::default(), 9).await.unwrap_err();
                let one = store.connection(&crm()).await.unwrap_err();
                assert_eq!(one.to_string(), listed.to_string());
                let report = RunReport::went_well(at(1));
                assert_eq!(
                    store.report(&crm(), report, &anna()).await.unwrap_err().to_string(),
                    one.to_string()
                );
                one
            }
            "tieline_secrets" => store.secret(&crm(), "oauth2").await.unwrap_err(),
            "tieline_consents" => store.take_consent(&state).await.unwrap_err(),
            _ => store.audit(None, None, 9).await.unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::Internal);
        texts.push(error.to_string());
    }
    assert_eq!(store.secrets(None, 9).await.unwrap().len(), 1, "the list of secrets opens none");
    insta::assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn old_entries_of_the_log_are_pruned_for_one_tenant() {
    let store = SqliteStore::in_memory().await.unwrap();
    let other = store.for_tenant(TenantId::new("globex"));
    for (store, id, second) in [(&store, "old", 0), (&store, "new", 50), (&other, "old", 0)] {
        let new = NewConnection::new(id, "pipedrive", "Sales");
        store.create(new, Vec::new(), &anna(), at(second)).await.unwrap();
    }
    assert_eq!(store.prune_logs(at(50)).await.unwrap(), 1);
    let left = store.audit(None, None, 9).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.connection.as_str()).collect::<Vec<_>>(), ["new"]);
    assert_eq!(other.audit(None, None, 9).await.unwrap().len(), 1);
}

//! Behind PgBouncer in transaction mode, where the machine has one.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use tieline_store::{StreamId, SyncStore, TenantId};
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::testing::{Role, TestServer};

use crate::postgres::world::{World, batch};

/// Runs until its input ends, which is at the latest when the test's process does.
const KEEPER: &str = r#""$1" -q "$2" & pooler=$!; cat > /dev/null; kill $pooler"#;

struct Pooler(Child);

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A pooler that has two connections to the server for everybody.
fn start(server: &TestServer) -> Option<Pooler> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let Some(program) = folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
    else {
        let required =
            std::env::var("TIELINE_REQUIRE_POSTGRES").is_ok_and(|value| !value.is_empty() && value != "0");
        assert!(!required, "no PgBouncer was found, and TIELINE_REQUIRE_POSTGRES is set: install it");
        let _ = writeln!(std::io::stderr(), "PgBouncer was not found: its test is left out");
        return None;
    };
    let (folder, owner) = (server.socket(), std::fs::metadata(server.socket()).unwrap());
    let socket = folder.display();
    let users = folder.join("users");
    std::fs::write(&users, "\"tieline_app\" \"\"\n").unwrap();
    let settings = format!(
        "[databases]\n* = host={socket} port=5432\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = {socket}\n\
         auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 2\n\
         ignore_startup_parameters = extra_float_digits\n",
        users.display()
    );
    let configuration = folder.join("pgbouncer.ini");
    std::fs::write(&configuration, settings).unwrap();
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "sh"]).arg(program).arg(configuration);
    if owner.uid() != std::fs::metadata("/proc/self").map_or(owner.uid(), |process| process.uid()) {
        keeper.uid(owner.uid()).gid(owner.gid());
    }
    let pooler = keeper.current_dir("/").process_group(0).stdin(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !folder.join(".s.PGSQL.6432").exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the pooler does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(Pooler(pooler))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tenants_share_two_connections_of_a_pooler() {
    let world = World::new().await;
    let Some(_pooler) = TestServer::shared().and_then(start) else { return };
    let options = || world.database.options(Role::App).port(6432);
    let mut tasks = Vec::new();
    for n in 0..4_u32 {
        let options = options();
        tasks.push(tokio::spawn(async move {
            // A pool of its own stands for a process.
            let pool = PgPoolOptions::new().max_connections(3).connect_lazy_with(options);
            let store = PostgresStore::with_pool(pool).await.unwrap();
            let store = store.for_tenant(TenantId::new(format!("t{n}")));
            let stream = StreamId::new("acme", "deals");
            let mut revision = store.position(&stream).await.unwrap().revision;
            for i in 0..8 {
                revision =
                    store.commit(batch(&stream, n + i).expecting(revision)).await.unwrap().revision.unwrap();
                let counts = store.counts(&"acme".into()).await.unwrap();
                assert_eq!(counts.records("deals"), u64::from(i + 1) * 19 + 1);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

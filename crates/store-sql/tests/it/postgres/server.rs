//! The test server itself.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tieline_store_sql::testing::{Role, TestServer};

#[tokio::test]
async fn a_server_comes_and_goes() {
    let Some(server) = TestServer::start() else { return };
    let database = server.database().await;
    for role in [Role::Superuser, Role::Owner, Role::App] {
        let mut connection = PgConnection::connect(&database.url(role)).await.unwrap();
        let (name, bypasses): (String, bool) = sqlx::query_as(
            "SELECT rolname::text, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!((name.as_str(), bypasses), (role.name(), role == Role::Superuser));
    }
    server.crash();
    PgConnection::connect(&database.url(Role::App)).await.unwrap_err();
    server.resume();
    PgConnection::connect(&database.url(Role::App)).await.unwrap();
    let folder = server.socket().to_owned();
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
}

const DYING: &str = "TIELINE_TEST_DYING";

/// Not a test of its own: the process that ends without dropping its server, when the variable is set.
#[test]
fn dying() {
    if std::env::var(DYING).is_err() {
        return;
    }
    if let Some(server) = TestServer::shared() {
        println!("\nfolder {}", server.socket().display());
    }
    std::process::abort();
}

#[test]
fn a_server_ends_with_its_process_however_that_ends() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::server::dying", "--nocapture"])
        .env(DYING, "1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let output = String::from_utf8(output.stdout).unwrap();
    let Some(folder) = output.lines().find_map(|line| line.strip_prefix("folder ")) else { return };
    let begun = Instant::now();
    while Path::new(folder).exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{folder} is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

//! Databases of a test server, and the roles in them.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgPool};

use super::TestServer;
use super::server::command;

/// Who connects. Every test server has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// The superuser, whom row-level security does not hold.
    Superuser,
    /// The owner of the database and of the tables that it makes there. Neither superuser nor `BYPASSRLS`.
    Owner,
    /// A program with no right but those it is granted. Neither superuser nor `BYPASSRLS`.
    App,
    /// A dispatcher's: it reads the directory across tenants, once it is granted that. Neither superuser nor `BYPASSRLS`.
    Dispatcher,
}

impl Role {
    /// Its name in the server.
    pub fn name(self) -> &'static str {
        match self {
            Self::Superuser => "postgres",
            Self::Owner => "tieline_owner",
            Self::App => "tieline_app",
            Self::Dispatcher => "tieline_dispatcher",
        }
    }
}

/// Makes the roles where they are missing. Tests of one server begin at the same time.
const ROLES: &str = "
SELECT pg_advisory_xact_lock(1);
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieline_app') THEN
        CREATE ROLE tieline_owner LOGIN NOSUPERUSER NOBYPASSRLS;
        CREATE ROLE tieline_app LOGIN NOSUPERUSER NOBYPASSRLS;
        CREATE ROLE tieline_dispatcher LOGIN NOSUPERUSER NOBYPASSRLS;
        CREATE ROLE locked LOGIN PASSWORD 'right';
    END IF;
END $$;
";

/// A database of its own for a test. It goes when this is dropped, and with its server.
#[derive(Debug)]
pub struct TestDatabase {
    socket: String,
    name: String,
    dropper: (PathBuf, Option<(u32, u32)>),
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (program, user) = &self.dropper;
        let mut dropper = command(program, *user);
        dropper.args(["--force", "--username=postgres", "--host", &self.socket, &self.name]);
        // Where it cannot be dropped, its server is gone or will be.
        let _ = dropper.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

impl TestServer {
    /// Makes an empty database.
    ///
    /// # Panics
    ///
    /// When the server is not running.
    pub async fn database(&self) -> TestDatabase {
        self.make("").await
    }

    /// Makes a copy of a database that nobody is connected to meanwhile. That is several
    /// times as fast as making its tables anew.
    ///
    /// # Panics
    ///
    /// When the server is not running, and when the other one is in use.
    pub async fn copy(&self, of: &TestDatabase) -> TestDatabase {
        self.make(&format!("TEMPLATE {}", of.name)).await
    }

    async fn make(&self, template: &str) -> TestDatabase {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let socket = self.socket().to_string_lossy().into_owned();
        // Processes that share a server number their databases alike.
        let name = format!("test_{}_{number}", std::process::id());
        let superuser = options(&address(&socket, "postgres", Role::Superuser));
        let mut connection = PgConnection::connect_with(&superuser).await.unwrap();
        sqlx::raw_sql(ROLES).execute(&mut connection).await.unwrap();
        let create = format!("CREATE DATABASE {name} OWNER {} {template}", Role::Owner.name());
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        TestDatabase { socket, name, dropper: self.dropper() }
    }
}

impl TestDatabase {
    /// An address for `PostgresStore::connect` and other programs.
    pub fn url(&self, role: Role) -> String {
        address(&self.socket, &self.name, role)
    }

    /// How to connect.
    pub fn options(&self, role: Role) -> PgConnectOptions {
        options(&self.url(role))
    }

    /// A pool of up to `connections`.
    pub fn pool(&self, role: Role, connections: u32) -> PgPool {
        PgPoolOptions::new().max_connections(connections).connect_lazy_with(self.options(role))
    }
}

fn address(socket: &str, name: &str, role: Role) -> String {
    format!("postgres:///{name}?host={socket}&user={}", role.name())
}

fn options(url: &str) -> PgConnectOptions {
    url.parse().unwrap()
}

//! For tests: time that passes when a test says so, and a PostgreSQL server of its own from the programs that the
//! machine has.
//!
//! ```no_run
//! use tieline_store_sql::testing::{Role, TestServer};
//!
//! # async fn example() -> Option<()> {
//! let server = TestServer::shared()?;
//! let database = server.database().await;
//! println!("{}", database.url(Role::App));
//! # Some(())
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

#[cfg(all(unix, feature = "postgres"))]
mod database;
mod elapse;
#[cfg(all(unix, feature = "postgres"))]
mod programs;
#[cfg(all(unix, feature = "postgres"))]
mod server;

#[cfg(all(unix, feature = "postgres"))]
pub use database::{Role, TestDatabase};
#[cfg(all(unix, feature = "postgres"))]
pub use server::TestServer;

//! A PostgreSQL server of its own for tests, from the programs that the machine has.
//!
//! ```no_run
//! use tieline_store_postgres::testing::{Role, TestServer};
//!
//! # async fn example() -> Option<()> {
//! let server = TestServer::shared()?;
//! let database = server.database().await;
//! println!("{}", database.url(Role::App));
//! # Some(())
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod database;
mod programs;
mod server;

pub use database::{Role, TestDatabase};
pub use server::TestServer;

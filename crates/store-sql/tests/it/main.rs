//! The laws of a store, kept in both databases; and what only a database can do wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod both;
#[cfg(unix)]
mod postgres;
mod sqlite;

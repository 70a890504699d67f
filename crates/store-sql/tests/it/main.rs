//! The laws of a store, kept in both databases; and what only a database can do wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[cfg(unix)]
mod postgres;
mod sqlite;
mod both;

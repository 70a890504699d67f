//! The laws of a store, kept in SQLite.

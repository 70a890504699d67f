//! The laws of a store, kept in SQLite; and what only a database can do wrong.

mod concurrent;
mod differential;
mod faults;
mod kill;
mod laws;
mod speed;

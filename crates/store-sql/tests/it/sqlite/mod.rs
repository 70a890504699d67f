mod concurrent;
mod connections;
mod differential;
mod faults;
mod kill;
mod laws;
mod outbox;

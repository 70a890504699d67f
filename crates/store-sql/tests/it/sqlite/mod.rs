mod concurrent;
mod connections;
mod differential;
mod faults;
mod laws;
mod outbox;

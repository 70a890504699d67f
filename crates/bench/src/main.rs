#![doc = include_str!("../README.md")]

mod describe;
mod fortnox;
mod harness;
mod mapping;
mod read;
mod refresh;
mod scale;
mod server;
mod sheets;
mod sync;
mod vault;
mod walk;
mod xmlrpc;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Whatever stops a bench; it is only ever printed.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Measures what Tieline costs against the bare way of doing the same. Ends with 1 when a ratio is over its limit.
#[derive(Debug, Parser)]
#[command(name = "tieline-bench", version)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Pipedrive's deals by a description against a reader written by hand.
    Describe(describe::Options),
    /// A year of Fortnox invoices with their rows against borrowed structs.
    Fortnox(fortnox::Options),
    /// Mapping thirty fields against structs written by hand.
    Mapping(mapping::Options),
    /// A full read of Pipedrive deals against a bare loop that reads nothing.
    Read(read::Options),
    /// The same read with thirty fields mapped, against the same bare loop.
    ReadMapped(mapping::ReadOptions),
    /// Counts the refreshes of many tasks in several processes; exactly one is right.
    Refresh(refresh::Options),
    /// One of the processes of `refresh`.
    #[command(hide = true)]
    RefreshWorker(refresh::WorkerOptions),
    /// The busy statements in a database of many tenants against a nearly empty one, and beside a long erasure.
    Scale(scale::Options),
    /// A tab of Google Sheets against a bare loop over the same answers.
    Sheets(sheets::Options),
    /// Storing records, rows and a host's table against upserts written by hand.
    Sync(sync::Options),
    /// Sealing and opening secrets against bare AES-256-GCM.
    Vault(vault::Options),
    /// The server of `read`, as a process of its own.
    #[command(hide = true)]
    Serve(server::Options),
    /// One read by our side alone, then the peak of this process's memory.
    #[command(hide = true)]
    Memory(read::memory::Options),
    /// Walking a page by a layout known at run time against a type known at compile time.
    Walk(walk::Options),
    /// Decoding an answer of Odoo against a bare scan of it, and against a decoder into a tree.
    Xmlrpc(xmlrpc::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().bench {
        Bench::Describe(options) => describe::run(&options),
        Bench::Fortnox(options) => fortnox::run(&options),
        Bench::Mapping(options) => mapping::run(&options),
        Bench::Read(options) => read::run(&options),
        Bench::ReadMapped(options) => mapping::run_read(&options),
        Bench::Refresh(options) => refresh::run(&options),
        Bench::RefreshWorker(options) => refresh::work(&options),
        Bench::Scale(options) => scale::run(&options),
        Bench::Sheets(options) => sheets::run(&options),
        Bench::Sync(options) => sync::run(&options),
        Bench::Vault(options) => vault::run(&options),
        Bench::Serve(options) => server::run(&options).map(|()| ExitCode::SUCCESS),
        Bench::Memory(options) => read::memory::run(&options).map(|()| ExitCode::SUCCESS),
        Bench::Walk(options) => walk::run(&options),
        Bench::Xmlrpc(options) => xmlrpc::run(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            eprintln!("  because: {error}");
            cause = error.source();
        }
        // 1 says that a ratio is over its limit.
        ExitCode::from(2)
    })
}

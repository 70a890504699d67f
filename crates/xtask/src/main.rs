#![doc = include_str!("../README.md")]

mod fields;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Whatever stops a chore; it is only ever printed.
type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Chores of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// The fields of an API description, as the lists that connectors ship.
    Fields(fields::Options),
}

fn main() -> ExitCode {
    let Chore::Fields(options) = Arguments::parse().chore;
    match fields::run(&options) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

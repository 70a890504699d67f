#![doc = include_str!("../README.md")]

mod arguments;
mod commands;
mod credential;
mod exit;
mod failure;
mod lines;
mod progress;
mod session;
mod settings;
mod state_file;
mod text;

use std::process::ExitCode;

pub use arguments::{Arguments, Verbosity};
pub use text::colours_wanted;

/// Carries out a command: the answer goes to standard output, what went wrong to standard error.
pub async fn run(arguments: Arguments) -> ExitCode {
    let json = arguments.json();
    match commands::run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.show(json);
            failure.exit().into()
        }
    }
}

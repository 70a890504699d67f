#![doc = include_str!("../README.md")]

mod arguments;
mod commands;
mod credential;
mod database;
mod encoding;
mod exit;
mod failure;
mod interrupt;
mod keeping;
mod lines;
mod loopback;
mod progress;
mod session;
mod settings;
mod state_file;
mod store_arguments;
mod table;
mod text;

use std::process::ExitCode;

use tieline::{Error, ErrorKind};

use crate::failure::Failure;

pub use arguments::{Arguments, Verbosity};
pub use text::colours_wanted;

/// Carries out a command: the answer goes to standard output, what went wrong to standard error.
pub async fn run(arguments: Arguments) -> ExitCode {
    let json = arguments.json();
    match Box::pin(keeping::until_idle(commands::run(arguments))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.show(json);
            failure.exit().into()
        }
    }
}

/// The end of a program that got no runtime from the system.
pub fn without_runtime(arguments: &Arguments, error: std::io::Error) -> ExitCode {
    let failure =
        Failure::from(Error::new(ErrorKind::Internal, "no runtime could be started").with_source(error));
    failure.show(arguments.json());
    failure.exit().into()
}

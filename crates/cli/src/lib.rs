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

use std::any::Any;
use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;

use tieline::{Error, ErrorKind, Registry};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::arguments::{Arguments, Verbosity};

pub use session::registry;

/// Runs the program `tieline` with these connectors: reads the arguments of the process, carries out the command, and
/// returns the exit code. Results go to standard output, errors and the log to standard error.
///
/// A program of one's own has every command for a connector of one's own:
///
/// ```no_run
/// use std::process::ExitCode;
///
/// # use tieline::pipedrive::PipedriveFactory as MyFactory;
/// fn main() -> ExitCode {
///     tieline_cli::run(tieline_cli::registry().with(MyFactory::default()))
/// }
/// ```
pub fn run(registry: Registry) -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(exit) => return exit,
    };
    // For this thread, which runs everything: a library sets no global.
    let _logging = log(arguments.verbosity());
    let json = arguments.json();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = Error::new(ErrorKind::Internal, "no runtime could be started").with_source(error);
            return end(Err(error.into()), json);
        }
    };
    let command = Box::pin(keeping::until_idle(commands::run(arguments)));
    end(runtime.block_on(session::with_registry(registry, command)), json)
}

fn end(outcome: failure::Outcome, json: bool) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.show(json);
            failure.exit().into()
        }
    }
}

/// Logs, until the guard is dropped, only what Tieline itself says: the libraries below it would log headers and bodies.
fn log(verbosity: Verbosity) -> Option<Box<dyn Any>> {
    let level = match verbosity {
        Verbosity::Quiet => return None,
        Verbosity::Info => LevelFilter::INFO,
        Verbosity::Debug => LevelFilter::DEBUG,
        Verbosity::Trace => LevelFilter::TRACE,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        // Where standard error is closed, nobody reads that it is.
        .log_internal_errors(false)
        .with_ansi(stderr().is_terminal() && text::colours_wanted())
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(Targets::new().with_target("tieline", level));
    Some(Box::new(tracing_subscriber::registry().with(layer).set_default()))
}

//! The program: arguments, logging and a runtime around [`tieline_cli::run`].

use std::io::{IsTerminal as _, stderr};
use std::process::ExitCode;

use tieline_cli::{Arguments, Verbosity};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(exit) => return exit,
    };
    log(arguments.verbosity());
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(tieline_cli::run(arguments)),
        Err(error) => tieline_cli::without_runtime(&arguments, error),
    }
}

/// Only what Tieline itself says: the libraries below it would tell headers and bodies.
fn log(verbosity: Verbosity) {
    let level = match verbosity {
        Verbosity::Quiet => return,
        Verbosity::Info => LevelFilter::INFO,
        Verbosity::Debug => LevelFilter::DEBUG,
        Verbosity::Trace => LevelFilter::TRACE,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(stderr)
        // Where standard error is closed, there is nobody to tell that it is.
        .log_internal_errors(false)
        .with_ansi(stderr().is_terminal() && tieline_cli::colours_wanted())
        .with_span_events(FmtSpan::CLOSE)
        .with_filter(Targets::new().with_target("tieline", level));
    tracing_subscriber::registry().with(layer).init();
}

//! The program: [`tieline_cli::run`] with the connectors of this workspace.

use std::process::ExitCode;

fn main() -> ExitCode {
    tieline_cli::run(tieline_cli::registry())
}
